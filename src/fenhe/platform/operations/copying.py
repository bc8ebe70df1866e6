"""Copying a file so that it is on disk when this returns, and its hash is known."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

_CHUNK = 1 << 20
Told = Callable[[int], None]


def copy(
    source: Path,
    target: Path,
    mode: int,
    told: Told = lambda _: None,
    most: int | None = None,
) -> tuple[int, str]:
    """Copy bytes to a new file with ``mode`` and sync it; return its size and SHA-256.

    Folders on the way are made for the owner alone. ``told`` hears of every piece copied.
    ``most``: only so many bytes, of a file that grows.
    """
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out, source.open("rb") as piece:
        while chunk := piece.read(_CHUNK if most is None else min(_CHUNK, most - size)):
            digest.update(chunk)
            size += out.write(chunk)
            told(len(chunk))
        out.flush()
        os.fsync(out.fileno())
    target.chmod(mode)
    return size, digest.hexdigest()


def sha256(path: Path, told: Told = lambda _: None) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            told(len(chunk))
    return digest.hexdigest()


def sync_file(path: Path) -> None:
    """Wait until a file or folder is on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folders(root: Path) -> None:
    """Wait until the entries of a folder and of all below it are on disk."""
    for folder, _, _ in os.walk(root):
        sync_file(Path(folder))
