"""The hours of a station beside its wind: what the pollution rose is made of."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from fenhe.platform import owner
from fenhe.protocols.tables.feeds.model import WEATHER
from fenhe.quality.flags import Quality

SPEED, DIRECTION = WEATHER


def span(site: str) -> tuple[datetime, datetime] | None:
    """Return the newest start with wind speed and with direction; None when one never came."""
    found = owner.store().latest("1h").filter(pl.col("site") == site)
    starts = dict(found.select("item", "start").iter_rows())
    if SPEED not in starts or DIRECTION not in starts:
        return None
    return starts[SPEED], starts[DIRECTION]


def hours(
    site: str, item: str, start: datetime, end: datetime
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return ``start ws wd value`` of every hour with any of the three, and their decimals.

    Hourly values with ``start <= t < end``; void ones count as missing.
    """
    rows = owner.store().observations([site], [item, SPEED, DIRECTION], "1h", start, end)
    usable = rows.filter(pl.col("quality") < int(Quality.VOID))
    names = {SPEED: "ws", DIRECTION: "wd", item: "value"}
    picked = [pl.col("value").filter(pl.col("item") == i).last().alias(n) for i, n in names.items()]
    most = dict(usable.group_by("item").agg(pl.col("decimals").max()).iter_rows())
    decimals = {name: int(most.get(i) or 0) for i, name in names.items()}
    return usable.group_by("start").agg(picked).sort("start"), decimals
