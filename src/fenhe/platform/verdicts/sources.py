"""The row of the file a value came from, read again from the kept bytes."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from fenhe.base.errors import BadInput
from fenhe.protocols.tables import feeds
from fenhe.protocols.tables.feeds import Feed
from fenhe.protocols.tables.parse import parse
from fenhe.protocols.tables.reader import open_table
from fenhe.protocols.tables.settle import settle
from fenhe.protocols.tables.table import TextBatch
from fenhe.store import Store

BATCH = 20_000


def with_bytes(store: Store, values: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the values as rows, each beside the text of its row in the kept file.

    Adds ``raw_name`` (the name the file came by), ``feed``, ``raw_columns`` and ``raw_cells``
    (the row as it stands in the file; an empty cell is None), ``raw_column`` (which of them
    held this value) and ``raw_text``; None where the kept file can not be read any more.
    Each file is read once, whatever the number of its rows.
    """
    imports = {row["raw_sha256"]: row for row in store.receipts("import").iter_rows(named=True)}
    rows = values.to_dicts()
    wanted: dict[str, set[int]] = {}
    for row in rows:
        wanted.setdefault(row["raw_sha256"], set()).add(row["raw_row"])
    texts = {
        sha256: _file(store, imports.get(sha256), sha256, tuple(sorted(numbers)))
        for sha256, numbers in wanted.items()
    }
    for row in rows:
        origin = imports.get(row["raw_sha256"])
        row["raw_name"] = origin["name"] if origin else None
        row["feed"] = origin["feed"] if origin else None
        row.update(_cells(row, texts[row["raw_sha256"]].get(row["raw_row"])))
    return rows


def _cells(value: dict[str, Any], found: Found | None) -> dict[str, Any]:
    if found is None:
        return dict.fromkeys(("raw_columns", "raw_cells", "raw_column", "raw_text"))
    columns, cells, places = found
    column = places.get((value["item"], value["start"]))
    at = columns.index(column) if column in columns else None
    return {
        "raw_columns": list(columns),
        "raw_cells": list(cells),
        "raw_column": column,
        "raw_text": cells[at] if at is not None else None,
    }


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


# columns, cells, and which column gave which item and hour
Found = tuple[tuple[str, ...], tuple[str | None, ...], dict[tuple[str, Any], str]]


@lru_cache(maxsize=256)
def _read(path: Path, name: str, feed_id: str, rows: tuple[int, ...]) -> dict[int, Found]:
    """Read some rows of a file, up to the last one wanted."""
    table = open_table(path, name=name)
    feed = _settled(path, name, feed_id)
    found: dict[int, Found] = {}
    for batch in table.batches(BATCH):
        here = batch.rows.is_in(list(rows))
        for number in batch.rows.filter(here).to_list():
            mine = batch.rows == number
            one = TextBatch(batch.frame.filter(mine), batch.rows.filter(mine))
            found[number] = (table.columns, one.frame.row(0), _places(feed, one))
        last = batch.rows.max()
        if isinstance(last, int) and last >= rows[-1]:
            break
    return found


def _places(feed: Feed, one: TextBatch) -> dict[tuple[str, Any], str]:
    seen = parse(feed, one).observations.select("item", "start", "raw_column")
    return {(item, start): column for item, start, column in seen.iter_rows()}


@lru_cache(maxsize=64)
def _settled(path: Path, name: str, feed_id: str) -> Feed:
    return settle(feeds.load(feed_id), open_table(path, name=name))
