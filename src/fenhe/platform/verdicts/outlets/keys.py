"""What a cell of an outlet is of: one item of it, named ``outlet:DA001/a21026``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import polars as pl

from fenhe.platform.registry.models import OUTLET_PREFIX
from fenhe.store import Store

EPOCH = datetime(1970, 1, 1)
HOUR = timedelta(hours=1)


def object_of(site: str, item: str) -> str:
    """Return the object of an outlet's item; the part before the last slash is the site's key."""
    return f"{site}/{item}"


def parts(name: str) -> tuple[str, str]:
    """Return site and item of an object; the item is empty where the name is none of one."""
    site, slash, item = name.rpartition("/")
    return (site, item) if slash and site.startswith(OUTLET_PREFIX) else (name, "")


def objects_of(store: Store, outlets: Iterable[str]) -> list[str]:
    """Return the objects of outlets: every item the store has of them."""
    mine = store.series().filter(pl.col("site").is_in(list(outlets)))
    pairs = mine.select("site", "item").unique().iter_rows()
    return sorted(object_of(site, item) for site, item in pairs)


def hour_of(moment: datetime) -> int:
    """Return the hour a naive UTC moment lies in, counted from 1970."""
    return (moment - EPOCH) // HOUR


def start_of(hour: int) -> datetime:
    """Return the start of an hour, naive UTC."""
    return EPOCH + hour * HOUR


def hour_number(column: str) -> pl.Expr:
    """Return the hours of naive UTC moments."""
    return pl.col(column).dt.epoch("s") // 3600
