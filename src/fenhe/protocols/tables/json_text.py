"""JSON as text cells: an array of objects, or one object a line; numbers as written.

The array may be the one member of an object that is an array, as a program sends it:
``{"feed": "…", "observations": [{…}, …]}``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from fenhe.base.errors import BadInput, Place
from fenhe.protocols.tables.table import (
    ROWS,
    Limits,
    TextBatch,
    TextTable,
    check_header,
    without_blank,
)

Record = tuple[int, dict[str, str | None]]


class _Number(str):
    """A number as the file spells it."""

    __slots__ = ()


def open_json(path: Path, name: str, limits: Limits) -> TextTable:
    """Open JSON; columns are the names of all objects in the order they first occur."""
    lines = _is_lines(path, name)
    columns: dict[str, None] = {}
    cells = 0
    for _, record in _records(path, name, lines=lines):
        columns |= dict.fromkeys(record)
        cells += len(record)
        if limits.cells is not None and cells > limits.cells:
            raise BadInput(f"it has more than {limits.cells} cells", place=Place(name))
    if not columns:
        raise BadInput("there is no object in it", place=Place(name))
    names = check_header(list(columns), name)
    schema = dict.fromkeys(columns, pl.String())

    def source(rows: int) -> Iterator[TextBatch]:
        records = _records(path, name, lines=lines)
        while part := list(islice(records, min(rows, ROWS))):
            frame = pl.DataFrame([record for _, record in part], schema=schema)
            frame.columns = list(names)
            numbers = pl.Series("row", [number for number, _ in part], dtype=pl.Int64)
            yield without_blank(TextBatch(frame, numbers))

    return TextTable(name, "json", names, source, encoding="utf-8")


def _is_lines(path: Path, name: str) -> bool:
    """Tell an array from one object a line, by the first sign in the file."""
    with path.open("rb") as file:
        start = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
        if start[:1] not in (b"[", b"{"):
            raise BadInput("it starts with neither an array nor an object", place=Place(name))
        if start[:1] == b"[":
            return False
        file.seek(0)
        return not _wraps_array(next(line for line in file if line.strip()))


def _wraps_array(line: bytes) -> bool:
    """Tell the first line of an object around an array from a record: it ends open, or holds it."""
    try:
        first = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        text = line.decode("utf-8", "replace").rstrip()
        return not text.endswith("}")
    return isinstance(first, dict) and any(isinstance(part, list) for part in first.values())


def _records(path: Path, name: str, *, lines: bool) -> Iterator[Record]:
    try:
        if lines:
            with path.open(encoding="utf-8-sig") as file:
                for number, line in enumerate(file, start=1):
                    if line.strip():
                        yield number, _object(_load(line, name, number), name, number)
        else:
            whole = _array(_load(path.read_text(encoding="utf-8-sig"), name, None), name)
            for number, item in enumerate(whole, start=1):
                yield number, _object(item, name, number)
    except UnicodeDecodeError as error:
        raise BadInput(f"byte {error.start + 1} is not UTF-8 text", place=Place(name)) from None


def _array(whole: Any, name: str) -> list[Any]:
    """Return the array, or the one array among the members of an object."""
    arrays = [part for part in whole.values() if isinstance(part, list)] if _is(whole) else [whole]
    if len(arrays) != 1:
        raise BadInput(f"the object has {len(arrays)} arrays; one is read", place=Place(name))
    found: list[Any] = arrays[0]
    return found


def _is(whole: Any) -> bool:
    return isinstance(whole, dict)


def _load(text: str, name: str, row: int | None) -> Any:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) != len(items):
            raise BadInput("an object names the same member twice", place=Place(name, row))
        return found

    try:
        return json.loads(
            text,
            parse_float=_Number,
            parse_int=_Number,
            parse_constant=str,
            object_pairs_hook=pairs,
        )
    except json.JSONDecodeError as error:
        line = row if row is not None else error.lineno
        raise BadInput(
            f"the JSON text is malformed: {error.msg}", place=Place(name, line)
        ) from None
    except RecursionError:
        raise BadInput("the JSON text is nested too deeply", place=Place(name, row)) from None


def _object(item: Any, name: str, row: int) -> dict[str, str | None]:
    if not isinstance(item, dict):
        raise BadInput("the record is no object", place=Place(name, row))
    return {key: _cell(value, name, row, key) for key, value in item.items()}


def _cell(value: Any, name: str, row: int, column: str) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            raise BadInput("the text holds half a character", place=Place(name, row, column))
        return str(value)
    raise BadInput("the value is an object or an array", place=Place(name, row, column))
