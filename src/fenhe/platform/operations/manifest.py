"""What a backup says of itself: ``manifest.json``, and a sum that tells when it was damaged."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fenhe.base.errors import BadInput

FILE, SUM = "manifest.json", "manifest.sha256"
FORMAT = 1


@dataclass(frozen=True)
class Entry:
    """One file of a backup: path inside it, size in bytes, SHA-256 in hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """A backup: the commit it holds, what made it, when (UTC, ISO), and every file.

    ``migrations``: the last migration of each app of the records. ``damaged``: raw files that
    were missing or no longer had their bytes when the backup was made.
    """

    commit: int
    made_at: str
    fenhe: str
    layout: int
    migrations: dict[str, str]
    files: tuple[Entry, ...]
    damaged: tuple[str, ...] = ()
    format: int = FORMAT

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(entry.size for entry in self.files)


def write(manifest: Manifest, folder: Path) -> None:
    """Write the manifest and its sum; the caller syncs them."""
    text = json.dumps(asdict(manifest), indent=1, ensure_ascii=False) + "\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    (folder / FILE).write_text(text, encoding="utf-8")
    (folder / SUM).write_text(f"{digest}  {FILE}\n", encoding="ascii")


def read(folder: Path) -> Manifest:
    """Return the manifest of a backup.

    Raises ``BadInput`` for a folder that is no backup, a damaged manifest, or a newer format.
    """
    try:
        content = (folder / FILE).read_bytes()
        told = (folder / SUM).read_text(encoding="ascii").split()
    except FileNotFoundError:
        raise BadInput(
            f"{folder} is not a finished backup: it has no {FILE} with its sum"
        ) from None
    if told[:1] != [hashlib.sha256(content).hexdigest()]:
        raise BadInput(f"{folder / FILE} is damaged: its bytes are not those of {SUM}")
    found: dict[str, Any] = json.loads(content)
    if found["format"] > FORMAT:
        raise BadInput(
            f"{folder} was made by a newer version of Fenhe ({found['fenhe']}); use that version"
        )
    files = tuple(Entry(**entry) for entry in found.pop("files"))
    return Manifest(**{**found, "files": files, "damaged": tuple(found["damaged"])})
