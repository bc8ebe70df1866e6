"""What an item is measured in, for every answer that holds a value."""

from __future__ import annotations

import re
from functools import cache

from fenhe.platform.monitoring.frames import quantities
from fenhe.protocols.tables.feeds.model import canonical_unit
from fenhe.standards import units

_CODE = re.compile(r"[a-z][0-9]{5}")  # as in HJ 212-2017 and later
ITEMS = ("so2", "no2", "co", "o3", "pm10", "pm25")


@cache
def unit_of(item: str, statistic: str = "1h") -> str:
    """Return the unit an item is kept and answered in; of outlets by their factor tables.

    Empty for a code of an outlet that is in no table: only its channel knows the unit.
    """
    if quantities.is_known(item) or _CODE.fullmatch(item):
        return quantities.unit_of(item, statistic)
    return units.canonical(canonical_unit(item))
