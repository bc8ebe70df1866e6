"""What changed between two editions: values and rows by their id inside the edition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from fenhe.standards.export import plain
from fenhe.standards.model import Edition, Row, Value

What = Literal["changed", "added", "removed"]


@dataclass(frozen=True)
class Difference:
    """One value or cell that differs; ``before`` or ``after`` is None where it is absent."""

    what: What
    id: str
    cell: str
    before: Any
    after: Any
    unit: str


def differences(first: Edition, second: Edition) -> tuple[Difference, ...]:
    """Return what the second edition changes, adds and removes, in that order.

    Values are compared, not where they come from: a clause with a new number is no change.
    """
    old, new = _by_local_id(first), _by_local_id(second)
    changed = [d for key in old if key in new for d in _changed(key, old[key], new[key])]
    added = [_whole("added", key, new[key]) for key in new if key not in old]
    removed = [_whole("removed", key, old[key]) for key in old if key not in new]
    return (*changed, *added, *removed)


def _by_local_id(edition: Edition) -> dict[str, Value | Row]:
    return {part.id.removeprefix(f"{edition.id}/"): part for part in edition.provenances()}


def _content(part: Value | Row) -> Mapping[str, Any]:
    if isinstance(part, Row):
        return part.cells
    return {"": part.raw if part.known else f"unknown: {part.reason}"}


def _changed(key: str, old: Value | Row, new: Value | Row) -> list[Difference]:
    before, after = _content(old), _content(new)
    found = [
        _cell(key, name, before.get(name), after.get(name), new.unit)
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]
    if old.unit != new.unit:
        found.append(Difference("changed", key, "unit", old.unit, new.unit, "none"))
    return found


def _cell(key: str, name: str, before: Any, after: Any, unit: str) -> Difference:
    # only exact numbers carry the unit of the row; levels and words have none
    measured = isinstance(before, Decimal) or isinstance(after, Decimal)
    return Difference(
        "changed", key, name, plain(before), plain(after), unit if measured else "none"
    )


def _whole(what: What, key: str, part: Value | Row) -> Difference:
    content = {name: plain(cell) for name, cell in _content(part).items() if cell is not None}
    shown: Any = content.get("", content)
    before, after = (shown, None) if what == "removed" else (None, shown)
    unit = part.unit if isinstance(part, Value) else "none"
    return Difference(what, key, "", before, after, unit)
