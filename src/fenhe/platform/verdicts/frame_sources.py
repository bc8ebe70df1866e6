"""The frame of a raw log a value came from, read again from its segment; passwords masked."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.protocols.hj212 import secret
from fenhe.store import Store, StoreError
from fenhe.store.rawlog import Entry, Segment

COLUMNS = ("entry", "received", "connection", "frame")
FRAME = "frame"


def entries(store: Store, segment: Segment, numbers: Iterable[int]) -> dict[int, Entry]:
    """Return entries of a segment by number; those that can not be read are not there."""
    shelf = store.streams.shelf(segment.gateway)
    found: dict[int, Entry] = {}
    for number in numbers:
        try:
            found |= {e.number: e for e in islice(shelf.read(segment.id, number - 1, number), 1)}
        except (BadInput, StoreError, OSError):
            continue
    return found


def cells(entry: Entry | None) -> dict[str, Any]:
    """Return an entry as the evidence of a value: ``raw_columns, raw_cells, raw_column, raw_text``.

    The moment is Beijing time. Everything is None where the entry can not be read.
    """
    if entry is None:
        return dict.fromkeys(("raw_columns", "raw_cells", "raw_column", "raw_text"))
    text = secret.within(entry.payload.decode("utf-8", "backslashreplace"))
    moment = beijing.to_beijing(entry.at).isoformat(sep=" ", timespec="milliseconds")
    row = [str(entry.number), moment, str(entry.connection), text]
    return {
        "raw_columns": list(COLUMNS),
        "raw_cells": row,
        "raw_column": FRAME,
        "raw_text": text,
    }
