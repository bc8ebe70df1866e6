"""The rules of one HJ 633 edition as typed values: what the AQI formulas take instead of TOML."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

#: Item columns whose 1-hour value the hourly report scores, in the order of the report.
HOURLY = ("so2", "no2", "co", "o3", "pm10", "pm25")


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
        found = []
        for b in self.brackets:
            p = int(b.slope * denominator)
            found.append(Line(b.high, p, b.iaqi_low * denominator - p * b.low))
        return denominator, tuple(found)


@dataclass(frozen=True)
class AqiRules:
    """Everything HJ 633 says about one edition's index, with the ids of what is unverified."""

    edition: str
    items: dict[str, ItemRule]  # by key: so2_24h, so2_1h, …
    hourly: dict[str, str]  # column -> key, in the order of the report
    daily: dict[str, str]
    primary_above: int
    category_tops: tuple[int, ...]  # the last category has no top
    publish_incomplete_above: int | None  # None: an incomplete AQI is published from the rest
    rounding_unverified: str | None  # id of the rounding convention where the text is silent
    zero_unverified: str | None  # id of the rule for an AQI of 0 where the text is silent
