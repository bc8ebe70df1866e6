"""What an item is measured in, for every answer that holds a value."""

from __future__ import annotations

from functools import cache

from fenhe.protocols.tables.feeds.model import canonical_unit
from fenhe.standards import units

ITEMS = ("so2", "no2", "co", "o3", "pm10", "pm25")


@cache
def unit_of(item: str) -> str:
    """Return the unit an item is kept and answered in."""
    return units.canonical(canonical_unit(item))
