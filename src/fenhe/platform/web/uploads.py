"""Files waiting between preview and loading: kept under the data folder, named by chance."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from fenhe.base.errors import BadInput
from fenhe.platform import paths

KEPT_SECONDS = 24 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,60}$")
_UNSAFE = re.compile(r"[\x00-\x1f/\\]")


@dataclass(frozen=True)
class Waiting:
    """One uploaded file: whose, what it was called, for which feed, its hash and size."""

    token: str
    owner: str
    name: str
    feed: str
    sha256: str
    size: int

    @property
    def path(self) -> Path:
        """Where its bytes lie."""
        return _folder() / self.token


def _folder() -> Path:
    folder = Path(settings.FENHE_DATA) / paths.UPLOADS
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def keep(upload: UploadedFile[bytes], feed: str, owner: str) -> Waiting:
    """Write an upload to disk and return it; forget what waited longer than a day."""
    forget_old()
    token = secrets.token_urlsafe(24)
    digest, size = hashlib.sha256(), 0
    with (_folder() / token).open("wb") as file:
        for chunk in upload.chunks():
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    name = _UNSAFE.sub("_", upload.name or "file")[:200]
    waiting = Waiting(token, owner, name, feed, digest.hexdigest(), size)
    (_folder() / f"{token}.json").write_text(json.dumps(asdict(waiting)), encoding="utf-8")
    return waiting


def find(token: str, owner: str) -> Waiting:
    """Return a waiting file of this person. Raises ``BadInput`` when it is gone or another's."""
    described = _folder() / f"{token}.json"
    if _TOKEN.match(token) and described.is_file():
        waiting = Waiting(**json.loads(described.read_text(encoding="utf-8")))
        if waiting.owner == owner and waiting.path.is_file():
            return waiting
    raise BadInput("this upload is no longer there: choose the file again")


def forget(waiting: Waiting) -> None:
    """Remove a waiting file; its kept copy in the raw log is another matter."""
    waiting.path.unlink(missing_ok=True)
    (_folder() / f"{waiting.token}.json").unlink(missing_ok=True)


def forget_old() -> None:
    """Remove what nobody confirmed for a day."""
    limit = time.time() - KEPT_SECONDS
    for path in _folder().iterdir():
        if path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
