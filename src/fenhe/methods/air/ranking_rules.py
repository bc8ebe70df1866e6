"""The rules of one composite index as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm

from fenhe.base.errors import BadInput
from fenhe.methods import exact
from fenhe.standards import Edition, Row

ITEMS = ("so2", "no2", "co", "o3", "pm10", "pm25")

#: What the formulas of ``composite`` can do; an edition that asks for more is refused.
_KNOWN: Mapping[str, str] = {
    "concentration_rounding": "half_even",
    "index_rounding": "half_even",
    "aggregation": "sum_of_rounded",
    "share_of": "rounded_index",
    "largest": "maximum",
    "ties": "shared_lowest",
    "order": "ascending",
}


@dataclass(frozen=True)
class Part:
    """One item of the index; the limit is an integer with ``scale`` decimals."""

    item: str
    limit: int
    weight: int
    scale: int  # decimals the concentration is rounded to first

    def times(self, common: int) -> int:
        """Return how often the limit goes into a multiple of it."""
        return int(Fraction(common, self.limit))


@dataclass(frozen=True)
class IndexRules:
    """Everything an edition says about its index; ids only of what is not firm."""

    edition: str
    parts: tuple[Part, ...]
    decimals: int  # of a single index and of the sum
    share_decimals: int
    rounding_unverified: str | None  # another reading: indices that are not rounded
    always_unverified: tuple[str, ...]  # C values of law every result rests on

    @property
    def denominator(self) -> int:
        """What the limits divide, so that unrounded indices can be added exactly."""
        return lcm(*(part.limit for part in self.parts))

    @classmethod
    def from_edition(cls, edition: Edition) -> IndexRules:
        """Return the rules of an index; ``BadInput`` for a rule these formulas do not know."""
        for name, known in _KNOWN.items():
            value = edition.value(name)
            if value.text != known:
                raise BadInput(f"{value.id} is '{value.text}'; this version computes: {known}")
        rounding = edition.value("index_rounding")
        standing = edition.values.get("standing")
        table = edition.table("items")
        return cls(
            edition=edition.id,
            parts=tuple(_part(table.one(item=item)) for item in ITEMS),
            decimals=edition.value("index_decimals").integer,
            share_decimals=edition.value("share_decimals").integer,
            rounding_unverified=None if rounding.firm else rounding.id,
            always_unverified=(standing.id,) if standing and not standing.firm else (),
        )


def _part(row: Row) -> Part:
    scale = int(row["decimals"])
    try:
        limit = exact.scaled(Decimal(row["limit"]), scale)
    except ValueError as error:
        raise BadInput(f"{row.id}: {error}") from None
    return Part(row["item"], limit, int(row["weight"]), scale)
