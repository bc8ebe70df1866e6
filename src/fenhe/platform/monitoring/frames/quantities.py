"""In which unit the values of an outlet's item are kept, and how wire units come to it."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from fenhe.base.errors import BadInput
from fenhe.protocols.hj212 import tables
from fenhe.standards import units

EDITION = 2017
FACILITY = "sb"  # of the codes of facilities: sb1, sb2 …
PREFIX = 4  # letter and three digits of a process code; the number of the device follows
SUM, STATE, HOURS = "sum", "rs", "rt"
# HJ 212-2017 table B.2 prints ng/m³ for NH3, TSP, PM10 and some metals (total in g); loggers of
# sources, permits and emission standards go by mg/m³ and kg: so these are kept in them.
_INSTEAD = {units.NANOGRAM: (units.MILLIGRAM, "kg")}


@cache
def _table() -> dict[str, tuple[str, str]]:
    """Return code -> unit of values and unit of totals; what the tables leave open is empty."""
    found: dict[str, tuple[str, str]] = {}
    for factor in tables.factors(EDITION):
        unit = _known(factor.unit)
        total = _known(factor.unit_emission)
        if unit in _INSTEAD:
            unit, total = _INSTEAD[unit]
        found[factor.code.lower()] = (unit, total)
    return found | _of_process() | _of_site()


def _of_process() -> dict[str, tuple[str, str]]:
    """Return the process codes by their first four characters; one defined twice has no unit."""
    found: dict[str, set[str]] = {}
    for row in tables.edition(EDITION).table("process_factors"):
        found.setdefault(row["pattern"][:PREFIX], set()).add(_known(row["unit_conc"] or ""))
    return {code: (told.pop(), "") for code, told in found.items() if len(told) == 1}


def _of_site() -> dict[str, tuple[str, str]]:
    rows = tables.edition(EDITION).table("site_info")
    return {row["code"].lower(): (_known(row["unit_conc"] or ""), "") for row in rows}


def _known(text: str) -> str:
    try:
        return units.canonical(text)
    except BadInput:
        return ""  # the tables' unit is no unit: a text, a time stamp


def is_known(item: str) -> bool:
    """Say whether the tables of HJ 212-2017 have the item, or it is a facility."""
    return _place(item) is not None or _is_facility(item)


def unit_of(item: str, statistic: str = "1h") -> str:
    """Return the unit in which an outlet's values are kept; empty: as its channel says.

    ``1`` for what has no unit, such as pH and states.
    """
    kind = statistic.rpartition(".")[2] if "." in statistic else ""
    if kind == STATE:
        return units.ONE
    if kind == HOURS:
        return "h"
    if _is_facility(item):
        return units.ONE
    place = _place(item)
    if place is None:
        return ""
    return place[1] if kind == SUM else place[0]


def conversion(item: str, unit: str, statistic: str = "1h") -> Fraction:
    """Return by what a number on the wire is multiplied to be kept, exactly.

    ``unit`` as the channel declares it; empty or ``-`` for none. Raises ``BadInput`` for a unit
    that is not known or measures something else than the item.
    """
    kept = unit_of(item, statistic)
    told = "" if unit.strip() in {"", "-"} else units.canonical(unit)
    if kept in {"", units.ONE}:
        if kept == units.ONE and told not in {"", units.ONE}:
            raise BadInput(f"{item} has no unit; its channel says {told}")
        return Fraction(1)
    if not told:
        raise BadInput(f"the channel of {item} must say its unit, such as {kept}")
    return units.ratio(told, kept)


def _place(item: str) -> tuple[str, str] | None:
    known = _table()
    return known.get(item) or (known.get(item[:PREFIX]) if len(item) == PREFIX + 2 else None)


def _is_facility(item: str) -> bool:
    return item.startswith(FACILITY) and item[len(FACILITY) :].isdigit()
