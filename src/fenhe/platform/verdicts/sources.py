"""The row of the file a value came from, read again from the kept bytes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform.registry import directory
from fenhe.platform.verdicts import frame_sources
from fenhe.protocols.tables import feeds
from fenhe.protocols.tables.feeds import Feed
from fenhe.protocols.tables.parse import parse
from fenhe.protocols.tables.reader import open_table
from fenhe.protocols.tables.settle import settle
from fenhe.protocols.tables.table import TextBatch
from fenhe.store import Store

BATCH = 20_000
WIDE = 100  # columns, from which on the table itself says how many rows come at a time


def with_bytes(store: Store, values: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the values as rows, each beside the text of its row in the kept file.

    Adds ``raw_name`` (the name the file came by), ``feed``, ``raw_columns`` and ``raw_cells``
    (the row as it stands in the file; an empty cell is None; of a table with one column a
    station the row's own columns and this station's), ``raw_column`` (which of them held this
    value) and ``raw_text``; None where the kept file can not be read any more. Each file is
    read once, whatever the number of its rows. Of a raw log the row is the frame.
    """
    imports = {row["raw_sha256"]: row for row in store.receipts("import").iter_rows(named=True)}
    rows = values.to_dicts()
    wanted: dict[str, set[int]] = {}
    for row in rows:
        wanted.setdefault(row["raw_sha256"], set()).add(row["raw_row"])
    segments = {sha256: store.raw.segment(sha256) for sha256 in wanted}
    texts = {
        sha256: _file(store, imports.get(sha256), sha256, tuple(sorted(numbers)))
        for sha256, numbers in wanted.items()
        if segments[sha256] is None
    }
    frames = {
        sha256: frame_sources.entries(store, segment, sorted(wanted[sha256]))
        for sha256, segment in segments.items()
        if segment is not None
    }
    for row in rows:
        origin, sha256 = imports.get(row["raw_sha256"]), row["raw_sha256"]
        row["raw_name"] = origin["name"] if origin else None
        row["feed"] = origin["feed"] if origin else None
        if sha256 in frames:
            row.update(frame_sources.cells(frames[sha256].get(row["raw_row"])))
        else:
            row.update(_cells(row, texts[sha256].get(row["raw_row"])))
    return rows


def _cells(value: dict[str, Any], found: Found | None) -> dict[str, Any]:
    if found is None:
        return dict.fromkeys(("raw_columns", "raw_cells", "raw_column", "raw_text"))
    columns, cells = list(found.columns), list(found.cells)
    column = _column_of(value, found)
    if found.feed.by_station:
        others = set(found.feed.stations_in(columns)) - {column}
        kept = [at for at, name in enumerate(columns) if name not in others]
        columns, cells = [columns[at] for at in kept], [cells[at] for at in kept]
    at = columns.index(column) if column in columns else None
    return {
        "raw_columns": columns,
        "raw_cells": cells,
        "raw_column": column,
        "raw_text": cells[at] if at is not None else None,
    }


def _column_of(value: dict[str, Any], found: Found) -> str | None:
    """Return the column of the row that gave the value.

    Where a row holds many stations it is the one that is this site today; of a column that
    occurs twice it is the one with this value.
    """
    seen = found.seen.filter(item=value["item"], start=value["start"])
    if found.feed.by_station:
        day = (pl.col("start") + beijing.OFFSET).dt.date()
        asked = seen.filter(value=value["value"]).with_columns(day=day)
        seen = directory.load().resolve(asked).filter(site=value["site"])
    return seen["raw_column"][0] if seen.height else None


def _file(
    store: Store, origin: dict[str, Any] | None, sha256: str, rows: tuple[int, ...]
) -> dict[int, Found]:
    if origin is None:
        return {}
    path = store.raw.path(sha256)
    try:
        return _read(path, origin["name"], origin["feed"], rows)
    except (BadInput, OSError):
        return {}


@dataclass(frozen=True)
class Found:
    """One row of a kept file: its columns and cells, and what its feed reads in them."""

    feed: Feed
    columns: tuple[str, ...]
    cells: tuple[str | None, ...]
    seen: pl.DataFrame


@lru_cache(maxsize=256)
def _read(path: Path, name: str, feed_id: str, rows: tuple[int, ...]) -> dict[int, Found]:
    """Read some rows of a file, up to the last one wanted."""
    feed = _settled(path, name, feed_id)
    table = open_table(path, name=name, repeated=feed.by_station)
    found: dict[int, Found] = {}
    for batch in table.batches(BATCH if len(table.columns) < WIDE else None):
        here = batch.rows.is_in(list(rows))
        for number in batch.rows.filter(here).to_list():
            mine = batch.rows == number
            one = TextBatch(batch.frame.filter(mine), batch.rows.filter(mine))
            seen = parse(feed, one).observations
            found[number] = Found(feed, table.columns, one.frame.row(0), seen)
        last = batch.rows.max()
        if isinstance(last, int) and last >= rows[-1]:
            break
    return found


@lru_cache(maxsize=64)
def _settled(path: Path, name: str, feed_id: str) -> Feed:
    feed = feeds.load(feed_id)
    return settle(feed, open_table(path, name=name, repeated=feed.by_station))
