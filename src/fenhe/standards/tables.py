"""Tables of an edition, written in the edition file or in a CSV file beside it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from fenhe.base.errors import BadInput, Place
from fenhe.standards import cells, glossary, parse
from fenhe.standards.model import Row, Table
from fenhe.standards.source import Section

_KEYS = ("zh", "en", "columns", "key", "file", "rows", *parse.META)


@dataclass(frozen=True)
class Layout:
    """What a table declares about itself: columns with types, key, defaults of its rows."""

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    defaults: Mapping[str, Any]
    stages: tuple[str, ...]

    @property
    def allowed(self) -> set[str]:
        """The columns a row may have."""
        return {*self.columns, *parse.META, "stage"}


def table(section: Section, name: str, prefix: str, stages: tuple[str, ...]) -> dict[str, Table]:
    """Return the table for each stage (one entry ``""`` for an edition without stages)."""
    section.only(_KEYS, ("zh", "en", "columns", "key"))
    layout = _layout(section, name, stages)
    given = list(_records(section, layout))
    return {
        stage: Table(
            name=name,
            title_zh=section.text("zh"),
            title_en=section.text("en"),
            columns=MappingProxyType(dict(layout.columns)),
            key=layout.key,
            rows=_rows(given, layout, f"{prefix}:{stage}" if stage else prefix, stage),
        )
        for stage in stages or ("",)
    }


def _layout(section: Section, name: str, stages: tuple[str, ...]) -> Layout:
    columns = section.sub("columns").data
    for column, kind in columns.items():
        if not isinstance(kind, str) or kind.removesuffix("?") not in cells.READERS:
            raise section.bad(f"column '{column}' has the unknown type '{kind}'", "columns")
        if column in parse.META or column == "stage":
            raise section.bad(f"column '{column}' is given to every table", "columns")
    key = section.texts("key")
    for column in key:
        if column not in columns:
            raise section.bad(f"key column '{column}' is not among the columns", "key")
    defaults = {k: section.data[k] for k in parse.META if k in section.data}
    return Layout(name, columns, key, defaults, stages)


@dataclass(frozen=True)
class Record:
    """A row as it stands in a file, and how to say where one of its columns stands."""

    cells: Mapping[str, Any]
    place: Callable[[str | None], Place]


def _records(section: Section, layout: Layout) -> Iterator[Record]:
    if ("file" in section.data) == ("rows" in section.data):
        raise section.bad(f"table '{layout.name}' needs either 'file' or rows")
    if "rows" not in section.data:
        yield from _csv(section, layout)
        return
    for part in section.entries("rows"):
        part.only(layout.allowed)
        yield Record(part.data, part.place)


def _csv(section: Section, layout: Layout) -> Iterator[Record]:
    path = section.file.path.with_name(section.text("file"))
    name = str(PurePosixPath(section.file.name).with_name(path.name))
    if not path.is_file():
        raise section.bad(f"the table file {name} does not exist", "file")
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        for column in reader.fieldnames or ():
            if column not in layout.allowed:
                raise BadInput(f"unknown column '{column}'", place=Place(name, 1))
        for record in reader:
            place = partial(Place, name, reader.line_num)
            if None in record or None in record.values():
                message = "the row has more or fewer cells than the header"
                raise BadInput(message, place=place(None))
            yield Record({k: v for k, v in record.items() if v != ""}, place)


def _rows(given: list[Record], layout: Layout, prefix: str, stage: str) -> tuple[Row, ...]:
    rows: list[Row] = []
    seen: dict[str, Place] = {}
    for record in given:
        try:
            if not _belongs(record.cells, layout, stage):
                continue
            row = _row(record.cells, layout, prefix, record.place(None))
            if row.id in seen:
                raise BadInput(f"duplicate id {row.id}; first in {seen[row.id]}")
        except BadInput as error:
            at = record.place(error.place.column if error.place else None)
            raise BadInput(error.message, place=at) from None
        seen[row.id] = record.place(None)
        rows.append(row)
    return tuple(rows)


def _belongs(record: Mapping[str, Any], layout: Layout, stage: str) -> bool:
    named = record.get("stage")
    if named is None:
        return True
    if named not in layout.stages:
        raise BadInput(f"unknown stage '{named}'")
    return bool(named == stage)


def _row(record: Mapping[str, Any], layout: Layout, prefix: str, place: Place) -> Row:
    content = {column: _cell(record, column, kind) for column, kind in layout.columns.items()}
    parts = [str(content[k]) for k in layout.key if content[k] is not None]
    row_id = f"{prefix}/{layout.name}/{'.'.join(parts)}"
    given = parse.meta(_with_defaults(record, layout), row_id)
    if "item" in content and content["item"] is not None:
        _check_unit(content["item"], given["unit"], layout)
    return Row(id=row_id, cells=MappingProxyType(content), place=place, **given)


def _with_defaults(record: Mapping[str, Any], layout: Layout) -> Mapping[str, Any]:
    # a row with a mark of its own does not inherit the kind that went with the table's mark
    dropped = {"kind"} if "mark" in record else set()
    return {**{k: v for k, v in layout.defaults.items() if k not in dropped}, **record}


def _cell(record: Mapping[str, Any], column: str, kind: str) -> Any:
    try:
        value = record.get(column)
        if value in (None, "") and not kind.endswith("?"):
            raise BadInput(f"the cell '{column}' is empty")
        return cells.read(kind, value)
    except BadInput as error:
        raise BadInput(error.message, place=Place(column=column)) from None


def _check_unit(item: str, unit: str, layout: Layout) -> None:
    if "decimal" not in {kind.removesuffix("?") for kind in layout.columns.values()}:
        return
    allowed = glossary.item(item).units
    if unit not in allowed:
        message = f"wrong unit '{unit}' for {item}; it must be {' or '.join(allowed)}"
        raise BadInput(message, place=Place(column="unit"))
