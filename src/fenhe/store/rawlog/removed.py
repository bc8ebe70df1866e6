"""What is left of a segment that was removed by the rule: its head, so that the chain holds."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

SUFFIX = ".head"


@dataclass(frozen=True)
class Removed:
    """A segment that is no longer there: where it stood in the chain, what it held, why it went.

    Moments are ISO text (UTC). ``sha256``: the hash of the file as it was.
    """

    id: str
    gateway: str
    number: int
    former: str
    head: str
    entries: int
    bytes: int
    sha256: str
    first_at: str | None
    last_at: str | None
    removed_at: str
    removed_by: str
    rule: str


def read(folder: Path) -> list[Removed]:
    """Return the heads left in the folder of a gateway, in order."""
    return [
        Removed(**json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(folder.glob(f"*{SUFFIX}"))
    ]


def path(folder: Path, number: int) -> Path:
    """Return where the head of a removed segment is kept."""
    return folder / f"{number:08d}{SUFFIX}"


def write(folder: Path, left: Removed) -> None:
    """Keep a head; durable when this returns."""
    target = path(folder, left.number)
    temporary = target.with_suffix(".new")
    text = json.dumps(asdict(left), ensure_ascii=False, indent=1) + "\n"
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.chmod(0o444)
    temporary.replace(target)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
