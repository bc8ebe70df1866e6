"""Questions a doctor asks of a store; none of them changes anything."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from fenhe.store.lake import Lake

_YOUNG = 600.0  # seconds: a newer file may belong to a write under way


@dataclass(frozen=True)
class Astray:
    """Files on which catalogue and disk do not agree, by path inside ``lake/data``."""

    missing: tuple[str, ...]
    other_size: tuple[str, ...]
    orphaned: tuple[str, ...]


def astray(lake: Lake, data: Path) -> Astray:
    """Compare the files the catalogue names with those on disk.

    Orphaned: on disk for ten minutes or more and neither named nor waiting for deletion.
    """
    named, waiting = lake.data_files()
    sizes = {path: _size(data / path) for path in named}
    missing = sorted(path for path, size in sizes.items() if size is None)
    other = sorted(path for path, size in sizes.items() if size not in {None, named[path]})
    before = time.time() - _YOUNG
    orphaned = sorted(
        name
        for path in data.rglob("*.parquet")
        if (name := str(path.relative_to(data))) not in named
        and name not in waiting
        and _older(path, before)
    )
    return Astray(tuple(missing), tuple(other), tuple(orphaned))


def unbalanced(lake: Lake) -> pl.DataFrame:
    """Return the receipts whose counts do not add up: import, batch, commit and the counts."""
    return lake.read(
        'SELECT "import", batch, commit, received, stored, duplicate, rejected FROM receipt '
        "WHERE received <> stored + duplicate + rejected ORDER BY commit"
    )


def kept(lake: Lake) -> pl.DataFrame:
    """Return the raw files the store knows: sha256, size, name, commit; oldest first."""
    return lake.read("SELECT sha256, size, name, commit FROM raw_file ORDER BY raw")


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _older(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime < moment
    except FileNotFoundError:  # removed since it was listed
        return False
