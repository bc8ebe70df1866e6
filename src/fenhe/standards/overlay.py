"""Overlays: what an authority decides for its own area over the packaged editions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from fenhe.base.errors import BadInput, Place
from fenhe.standards import cells, limits, loader, parse, source, units
from fenhe.standards.collection import Catalogue
from fenhe.standards.model import Adoption, Edition, Provenance, Row, Table, Value
from fenhe.standards.source import Section

_HEAD = ("id", "authority", "document", "person", "date")
_SUPPLY = ("id", "value", "unit", "source", "note")
_TIGHTEN = ("id", "value", "unit", "source", "clause", "note", "from")

P = TypeVar("P", bound=Provenance)


def apply(catalogue: Catalogue, path: Path) -> Catalogue:
    """Return the catalogue with one overlay file, or all of a folder, laid over it.

    ``[[adopt]]`` makes a C value firm here, ``[[supply]]`` gives a value no source gives,
    ``[[tighten]]`` adds a stricter local limit. ``BadInput`` names file and line.
    """
    if not path.exists():
        raise BadInput("no such overlay file or folder", place=Place(str(path)))
    for file in sorted(path.glob("*.toml")) if path.is_dir() else [path]:
        catalogue = _one(catalogue, source.read(file, file.name))
    return catalogue


def _one(catalogue: Catalogue, file: source.SourceFile) -> Catalogue:
    top = Section(file, "", file.content)
    top.only(("overlay", "adopt", "supply", "tighten"), ("overlay",))
    act = _act(top.named("overlay"))
    if act.overlay in catalogue.overlays:
        raise top.named("overlay").bad(f"duplicate overlay id '{act.overlay}'", "id")
    for part in top.many("adopt"):
        catalogue = _adopt(catalogue, part, act)
    for part in top.many("supply"):
        catalogue = _supply(catalogue, part, act)
    for part in top.many("tighten"):
        catalogue = _tighten(catalogue, part, act)
    return replace(catalogue, overlays=(*catalogue.overlays, act.overlay))


def _act(head: Section) -> Adoption:
    head.only(_HEAD, _HEAD)
    return Adoption(
        overlay=head.text("id"),
        authority=head.text("authority"),
        document=head.text("document"),
        person=head.text("person"),
        date=loader.day(head, "date"),
    )


def _target(catalogue: Catalogue, part: Section) -> Value | Row:
    try:
        return catalogue.find(part.text("id"))
    except BadInput as error:
        raise part.bad(error.message, "id") from None


def _adopt(catalogue: Catalogue, part: Section, act: Adoption) -> Catalogue:
    part.only(("id",), ("id",))
    target = _target(catalogue, part)
    if target.mark != "C":
        message = f"{target.id} has mark {target.mark}; only a C value can be adopted"
        raise part.bad(message, "id")
    return _replaced(catalogue, target, adopted=act)


def _supply(catalogue: Catalogue, part: Section, act: Adoption) -> Catalogue:
    part.only(_SUPPLY, ("id", "value", "unit"))
    target = _target(catalogue, part)
    if not isinstance(target, Value) or target.known:
        raise part.bad(f"{target.id} is known; only an unknown value can be supplied", "id")
    unit = _unit(part, target.unit, target.id)
    try:
        raw = parse.scalar(part.data["value"], unit)
    except BadInput as error:
        raise part.bad(error.message, "value") from None
    origin = {"source": part.text("source", act.document), "note": part.text("note", "")}
    return _replaced(catalogue, target, raw=raw, adopted=act, **origin)


def _tighten(catalogue: Catalogue, part: Section, act: Adoption) -> Catalogue:
    part.only(_TIGHTEN, ("id", "value", "unit", "from"))
    target = _target(catalogue, part)
    edition = _owner(catalogue, target.id)
    if not isinstance(target, Row) or target not in edition.tables.get(limits.TABLE, ()):
        raise part.bad(f"{target.id} is not a limit; only a limit can be tightened", "id")
    since = loader.day(part, "from")
    base = limits.of_row(edition, target)
    _unit(part, base.unit, base.id)
    try:
        value = cells.decimal(part.data["value"])
    except BadInput as error:
        raise part.bad(error.message, "value") from None
    if value >= base.number:
        message = f"{value} {base.unit} is not stricter than {base.number} of {base.id}"
        raise part.bad(message, "value")
    local_id = f"{base.id}@{act.overlay}"
    if any(other.id == local_id for other in edition.local_limits):
        raise part.bad(f"duplicate id {local_id}", "id")
    local = replace(
        base,
        id=local_id,
        raw=value,
        source=part.text("source", act.document),
        clause=part.text("clause", "unknown"),
        note=part.text("note", ""),
        mark="A",
        kind=None,
        adopted=act,
        binding="local",
        base=base,
        applies_from=since,
        place=part.place(),
    )
    return _with_edition(
        catalogue, edition, edition.changed(local_limits=(*edition.local_limits, local))
    )


def _unit(part: Section, expected: str, value_id: str) -> str:
    try:
        unit = units.canonical(part.text("unit"))
    except BadInput as error:
        raise part.bad(error.message, "unit") from None
    if unit != expected:
        raise part.bad(f"wrong unit '{unit}' for {value_id}; it must be {expected}", "unit")
    return unit


def _owner(catalogue: Catalogue, value_id: str) -> Edition:
    for edition in catalogue.all_editions:
        if value_id.startswith(f"{edition.id}/"):
            return edition
    raise BadInput(f"unknown value id '{value_id}'")


def _replaced(catalogue: Catalogue, target: Provenance, **changes: object) -> Catalogue:
    edition = _owner(catalogue, target.id)

    def swap(part: P) -> P:
        return replace(part, **changes) if part.id == target.id else part  # type: ignore[arg-type]

    changed = edition.changed(
        values=_swapped_values(edition.values, swap),
        tables=_swapped_tables(edition.tables, swap),
        local_limits=tuple(swap(local) for local in edition.local_limits),
    )
    return _with_edition(catalogue, edition, changed)


def _swapped_values(
    values: Mapping[str, Value], swap: Callable[[Value], Value]
) -> Mapping[str, Value]:
    return MappingProxyType({name: swap(value) for name, value in values.items()})


def _swapped_tables(tables: Mapping[str, Table], swap: Callable[[Row], Row]) -> Mapping[str, Table]:
    def rows(table: Table) -> Iterable[Row]:
        return (swap(row) for row in table.rows)

    return MappingProxyType(
        {name: replace(table, rows=tuple(rows(table))) for name, table in tables.items()}
    )


def _with_edition(catalogue: Catalogue, old: Edition, new: Edition) -> Catalogue:
    editions = tuple(new if e.id == old.id else e for e in catalogue.all_editions)
    return replace(catalogue, all_editions=editions)
