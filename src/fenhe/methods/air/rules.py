"""The rules of one HJ 633 edition as typed values: what the AQI formulas take instead of TOML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import lcm

from fenhe.base.errors import BadInput
from fenhe.methods import exact
from fenhe.standards import Edition, Row, Table, Value


@dataclass(frozen=True)
class Bracket:
    """One step between two break points; concentrations are integers at the item's scale."""

    low: int
    high: int
    iaqi_low: int
    iaqi_high: int

    @property
    def slope(self) -> Fraction:
        """Index points per unit of the scaled concentration."""
        return Fraction(self.iaqi_high - self.iaqi_low, self.high - self.low)


@dataclass(frozen=True)
class Line:
    """One bracket as (p·c + q) / d, with the same d for all brackets of an item."""

    high: int
    p: int
    q: int


@dataclass(frozen=True)
class ItemRule:
    """How one item of one averaging time becomes an IAQI."""

    key: str  # pm25_24h
    scale: int  # decimals the concentration is rounded to first
    brackets: tuple[Bracket, ...]
    beyond: int | None  # IAQI above the last break point; None: no IAQI from this item
    beyond_unverified: str | None = None  # id of the C value that says so

    @property
    def top(self) -> int:
        """The last break point."""
        return self.brackets[-1].high

    def at(self, decimals: int) -> ItemRule:
        """Return the same rule for unrounded concentrations with more ``decimals``."""
        factor = int(10 ** (decimals - self.scale))
        raised = tuple(
            Bracket(b.low * factor, b.high * factor, b.iaqi_low, b.iaqi_high) for b in self.brackets
        )
        return ItemRule(self.key, decimals, raised, self.beyond, self.beyond_unverified)

    def lines(self) -> tuple[int, tuple[Line, ...]]:
        """Return the common denominator and the brackets as lines over it."""
        denominator = lcm(*(b.slope.denominator for b in self.brackets))
        found: list[Line] = []
        for b in self.brackets:
            p = int(b.slope * denominator)
            line = Line(b.high, p, b.iaqi_low * denominator - p * b.low)
            if found and (found[-1].p, found[-1].q) == (line.p, line.q):
                found.pop()  # two brackets on one line are one step less
            found.append(line)
        return denominator, tuple(found)


@dataclass(frozen=True)
class AqiRules:
    """Everything HJ 633 says about one edition's index, with the ids of what is unverified."""

    edition: str
    items: Mapping[str, ItemRule]  # by key: so2_24h, so2_1h, …
    hourly: Mapping[str, str]  # column -> key, in the order of the report
    daily: Mapping[str, str]
    primary_above: int
    category_tops: tuple[int, ...]  # the last category has no top
    publish_incomplete_above: int | None  # None: an incomplete AQI is published from the rest
    rounding_unverified: str | None  # id of the rounding convention where the text is silent
    zero_unverified: str | None  # id of the rule for an AQI of 0 where the text is silent

    @classmethod
    def from_edition(cls, edition: Edition) -> AqiRules:
        """Return the rules of an HJ 633 edition.

        Raises ``BadInput`` when the edition asks for a rule these formulas do not know.
        """
        for name, known in _KNOWN.items():
            _expect(edition.value(name), known)
        rounding, missing = edition.value("concentration_rounding"), edition.value("missing_items")
        zero = edition.values.get("zero_index")
        publishes_rest = _expect(missing, ("publish_rest", "publish_only_above")) == "publish_rest"
        above = None if publishes_rest else edition.value("missing_publish_above").integer
        return cls(
            edition=edition.id,
            items=_items(edition),
            hourly=_report(edition, "hourly"),
            daily=_report(edition, "daily"),
            primary_above=edition.value("primary_above").integer,
            category_tops=_category_tops(edition.table("categories")),
            publish_incomplete_above=above,
            rounding_unverified=_unverified(rounding),
            zero_unverified=None if zero is None else _unverified(zero),
        )


#: What the formulas of ``index`` and ``aqi`` can do; an edition that asks for more is refused.
_KNOWN: Mapping[str, tuple[str, ...]] = {
    "concentration_rounding": ("half_even",),
    "index_rounding": ("up",),
    "interpolation": ("linear",),
    "aggregation": ("maximum",),
    "primary_rule": ("all_at_maximum",),
}


#: Optional table: items whose hourly concentrations keep other decimals.
HOURLY_DECIMALS = "hourly_concentration_decimals"


def _expect(value: Value, known: tuple[str, ...]) -> str:
    if value.text not in known:
        ways = ", ".join(known)
        raise BadInput(f"{value.id} is '{value.text}'; this version computes: {ways}")
    return value.text


def _unverified(value: Value | Row) -> str | None:
    return None if value.firm else value.id


def _items(edition: Edition) -> dict[str, ItemRule]:
    decimals = {
        row["item"]: int(row["decimals"]) for row in edition.table("concentration_decimals")
    }
    hourly = {row["item"]: int(row["decimals"]) for row in edition.tables.get(HOURLY_DECIMALS, ())}
    points: dict[tuple[str, str], list[Row]] = {}
    for row in edition.table("breakpoints"):
        points.setdefault((row["item"], row["averaging"]), []).append(row)
    scales = {key: decimals[key[0]] for key in points}
    scales |= {(item, "1h"): scale for item, scale in hourly.items()}
    rules = (_item(edition, *key, rows, scales[key]) for key, rows in points.items())
    return {rule.key: rule for rule in rules}


def _item(edition: Edition, item: str, averaging: str, rows: list[Row], scale: int) -> ItemRule:
    points = sorted((int(row["iaqi"]), _scaled(row, scale)) for row in rows)
    brackets = tuple(
        Bracket(low, high, iaqi_low, iaqi_high)
        for (iaqi_low, low), (iaqi_high, high) in pairwise(points)
    )
    if not brackets or any(b.high <= b.low for b in brackets):
        raise BadInput(f"{rows[0].id}: break points of one item must rise together")
    beyond, unverified = _beyond(edition, item, averaging)
    return ItemRule(f"{item}_{averaging}", scale, brackets, beyond, unverified)


def _scaled(row: Row, scale: int) -> int:
    try:
        return exact.scaled(Decimal(row["conc"]), scale)
    except ValueError as error:
        raise BadInput(f"{row.id}: {error}") from None


def _beyond(edition: Edition, item: str, averaging: str) -> tuple[int | None, str | None]:
    """Return the IAQI above the last break point and the id of the C value behind it."""
    for row in edition.table("beyond").where(item=item, averaging=averaging):
        iaqi = None if row["iaqi"] is None else int(row["iaqi"])
        return iaqi, _unverified(row)
    cap = edition.value("cap")
    return cap.integer, _unverified(cap)


def _report(edition: Edition, report: str) -> dict[str, str]:
    rows = edition.table("report_items").where(report=report)
    return {row["column"]: f"{row['item']}_{row['breakpoints']}" for row in rows}


def _category_tops(categories: Table) -> tuple[int, ...]:
    rows = sorted(categories, key=lambda row: int(row["level"]))
    return tuple(int(row["upper"]) for row in rows[:-1])
