"""The raw log of imported files: every file kept whole, named by its SHA-256."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fenhe.base.errors import BadInput
from fenhe.store.errors import RawDamaged

_CHUNK = 1 << 20


@dataclass(frozen=True)
class RawFile:
    """A kept file: its hash (hex), size in bytes, path in the raw log and the name it came by."""

    sha256: str
    size: int
    path: Path
    name: str


class RawLog:
    """Files under ``raw/<first two hex digits>/<sha256>``; never changed, never overwritten."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob("incoming-*"):
            left.unlink()  # a copy that a crash cut short; it was never acknowledged

    def keep(self, source: Path | str | BinaryIO, name: str | None = None) -> RawFile:
        """Copy a file (or an open binary stream) into the log and return where it is.

        Durable when this returns: bytes and folder entry are synced to disk. The
        same bytes under another name are kept once. ``BadInput`` when there is no such file.
        """
        if not isinstance(source, Path | str):
            return self._keep_stream(source, name or str(getattr(source, "name", "stream")))
        path = Path(source)
        try:
            with path.open("rb") as stream:
                return self._keep_stream(stream, name or path.name)
        except OSError as error:
            raise BadInput(f"{path} can not be read: {error.strerror}") from error

    def _keep_stream(self, stream: BinaryIO, name: str) -> RawFile:
        digest, size = hashlib.sha256(), 0
        handle, temporary = tempfile.mkstemp(prefix="incoming-", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as copy:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
                    size += copy.write(chunk)
                copy.flush()
                os.fsync(copy.fileno())
            target = self.path(digest.hexdigest())
            if not self._holds(target, size):
                self._settle(Path(temporary), target)
        finally:
            Path(temporary).unlink(missing_ok=True)
        return RawFile(digest.hexdigest(), size, target, name)

    def _holds(self, target: Path, size: int) -> bool:
        """Tell whether the bytes are there already; a damaged copy is replaced by good bytes."""
        try:
            return target.stat().st_size == size and sha256_of(target) == target.name
        except FileNotFoundError:
            return False

    def _settle(self, temporary: Path, target: Path) -> None:
        target.parent.mkdir(exist_ok=True)
        temporary.chmod(0o444)
        temporary.replace(target)
        _sync_folder(target.parent)
        _sync_folder(self.folder)

    def path(self, sha256: str) -> Path:
        """Return where a file of this hash is, or would be."""
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise BadInput(f"'{sha256}' is not a SHA-256 in lower-case hex")
        return self.folder / sha256[:2] / sha256

    def verify(self, sha256: str) -> Path:
        """Return the path of a kept file after reading it whole; ``RawDamaged`` if it differs."""
        path = self.path(sha256)
        if not path.exists():
            raise RawDamaged(sha256, "the file is missing")
        found = sha256_of(path)
        if found != sha256:
            raise RawDamaged(sha256, f"the bytes have changed; their hash is now {found}")
        return path


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
