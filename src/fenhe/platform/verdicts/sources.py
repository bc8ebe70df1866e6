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
    """
    imports = {(row["raw_sha256"]): row for row in store.receipts("import").iter_rows(named=True)}
    rows = values.to_dicts()
    for row in rows:
        origin = imports.get(row["raw_sha256"])
        row["raw_name"] = origin["name"] if origin else None
        row["feed"] = origin["feed"] if origin else None
        row.update(_row(store, row))
    return rows


def _row(store: Store, value: dict[str, Any]) -> dict[str, Any]:
    nothing = dict.fromkeys(("raw_columns", "raw_cells", "raw_column", "raw_text"))
    if value["raw_name"] is None:
        return nothing
    path = store.raw.path(value["raw_sha256"])
    try:
        columns, cells, places = _read(path, value["raw_name"], value["feed"], value["raw_row"])
    except (BadInput, OSError):
        return nothing
    column = places.get((value["item"], value["start"]))
    at = columns.index(column) if column in columns else None
    return {
        "raw_columns": list(columns),
        "raw_cells": list(cells),
        "raw_column": column,
        "raw_text": cells[at] if at is not None else None,
    }


Found = tuple[tuple[str, ...], tuple[str | None, ...], dict[tuple[str, Any], str]]


@lru_cache(maxsize=512)
def _read(path: Path, name: str, feed_id: str, row: int) -> Found:
    """Return columns and cells of one file row, and which column gave which item and hour."""
    table = open_table(path, name=name)
    feed = _settled(path, name, feed_id)
    for batch in table.batches(BATCH):
        here = batch.rows == row
        if here.any():
            one = TextBatch(batch.frame.filter(here), batch.rows.filter(here))
            seen = parse(feed, one).observations
            places = {
                (item, start): column
                for item, start, column in seen.select("item", "start", "raw_column").iter_rows()
            }
            return table.columns, one.frame.row(0), places
    raise BadInput(f"{name} has no row {row}")


@lru_cache(maxsize=64)
def _settled(path: Path, name: str, feed_id: str) -> Feed:
    return settle(feeds.load(feed_id), open_table(path, name=name))
