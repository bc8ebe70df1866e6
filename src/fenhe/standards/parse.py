"""From a section of a file to values and rows: the part every edition shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, cast

from fenhe.base.errors import BadInput
from fenhe.standards import cells, units
from fenhe.standards.model import KINDS, MARKS, UNKNOWN_CLAUSE, Kind, Mark, Scalar, Value
from fenhe.standards.source import Section

META = ("unit", "source", "mark", "kind", "clause", "note")
_VALUE = (*META, "zh", "en", "value", "alternatives", "stages", "unknown", "configure")


class Titles(TypedDict):
    """The names of a value."""

    title_zh: str
    title_en: str


class Meta(TypedDict):
    """The parts a value and a row have in common."""

    unit: str
    source: str
    mark: Mark
    kind: Kind | None
    clause: str
    note: str


def meta(given: Mapping[str, Any], what: str) -> Meta:
    """Return the checked provenance of a value or row; ``BadInput`` has no place yet."""
    for key in ("unit", "source", "mark"):
        if not given.get(key):
            raise BadInput(f"{what} lacks '{key}'")
    return {
        "unit": units.canonical(cells.text(given["unit"])),
        "source": cells.text(given["source"]),
        "mark": _mark(given["mark"], what),
        "kind": _kind(given.get("kind") or None, given["mark"], what),
        "clause": cells.text(given.get("clause") or UNKNOWN_CLAUSE),
        "note": cells.text(given.get("note") or ""),
    }


def _mark(mark: Any, what: str) -> Mark:
    if mark not in MARKS:
        raise BadInput(f"{what} has mark {mark!r}; it must be A, B or C")
    return cast(Mark, mark)


def _kind(kind: Any, mark: Any, what: str) -> Kind | None:
    if mark == "C" and kind not in KINDS:
        raise BadInput(f"{what} has mark C and needs a kind: law, convention or tuning")
    if mark != "C" and kind is not None:
        raise BadInput(f"{what} has a kind, which only mark C has")
    return cast("Kind | None", kind)


def value(section: Section, value_id: str) -> Value:
    """Return one ``[value.…]`` of an edition."""
    section.only(_VALUE, ("zh", "en"))
    titles: Titles = {"title_zh": section.text("zh"), "title_en": section.text("en")}
    if "unknown" in section.data:
        return _unknown(section, value_id, titles)
    if "value" not in section.data:
        raise section.bad(f"{value_id} has neither 'value' nor 'unknown'")
    try:
        given = meta(section.data, value_id)
        raw = scalar(section.data["value"], given["unit"])
    except BadInput as error:
        raise section.bad(error.message, _guilty(error, section)) from None
    return Value(
        id=value_id,
        raw=raw,
        alternatives=section.texts("alternatives"),
        place=section.place(),
        **titles,
        **given,
    )


def _guilty(error: BadInput, section: Section) -> str | None:
    # point at the key the message speaks of, else at the header
    text = error.message
    words = {"unit '": "unit", "mark": "mark", "a kind,": "kind", "number": "value"}
    words |= {"a float": "value", "unit 'none'": "value"}
    found = [key for word, key in words.items() if word in text and key in section.data]
    return found[-1] if found else None


def _unknown(section: Section, value_id: str, titles: Titles) -> Value:
    for key in ("value", "mark", "kind"):
        if key in section.data:
            raise section.bad(f"{value_id} is unknown and can not have '{key}'", key)
    return Value(
        id=value_id,
        raw=None,
        unit=_unit(section),
        source=section.text("source"),
        mark="unknown",
        clause=section.text("clause", UNKNOWN_CLAUSE),
        note=section.text("note", ""),
        alternatives=section.texts("alternatives"),
        reason=section.text("unknown"),
        configure=section.text("configure"),
        place=section.place(),
        **titles,
    )


def _unit(section: Section) -> str:
    try:
        return units.canonical(section.text("unit"))
    except BadInput as error:
        raise section.bad(error.message, "unit") from None


def scalar(raw: Any, unit: str) -> Scalar:
    """Return a value as its unit wants it: a number, or with unit ``none`` a choice."""
    if unit != units.NONE:
        return cells.decimal(raw)
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, list):
        return cells.names(raw)
    if isinstance(raw, int | float):
        raise BadInput(f"{raw} is a number, but its unit 'none' is for words")
    return cells.text(raw)
