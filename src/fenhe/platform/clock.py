"""The clock the pages go by: the present, or the last hour of the data in a demonstration."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings

from fenhe.base import beijing
from fenhe.base.instants import utc_now
from fenhe.platform import owner
from fenhe.platform.registry.models import Setting
from fenhe.protocols.tables import feeds

REAL, DATA = "real", "data"
AIR_ITEMS = ("so2", "no2", "co", "o3", "pm10", "pm25")  # outlets run on their own clock


def kind() -> str:
    """Return ``real`` or ``data``: from ``FENHE_CLOCK``, else from the setting row ``clock``."""
    told = settings.FENHE_CLOCK
    if not told:
        row = Setting.objects.filter(pk="clock").first()
        told = row.value if row is not None else REAL
    return DATA if told == DATA else REAL


def now() -> datetime:
    """Return the time pages go by, naive UTC: the end of the newest hour when ``kind`` is data."""
    if kind() == DATA:
        extent = owner.store().extent("1h", AIR_ITEMS)
        if extent is not None:
            return extent[1]
    return utc_now()


def banner() -> dict[str, Any] | None:
    """Return what a demonstration must say of its data, None where the clock is real.

    Keys: ``first``, ``last`` (Beijing days, None without data), ``simulated`` (bool) and
    ``feeds``: list of ``id, title_zh, title_en, source, licence``, only of feeds with data.
    """
    if kind() == REAL:
        return None
    store = owner.store()
    extent = store.extent("1h", AIR_ITEMS)
    loaded = set(store.receipts("import")["feed"].to_list())
    known = [feed for feed in feeds.known() if feed.id in loaded]
    return {
        "first": beijing.day_of(extent[0]) if extent else None,
        "last": beijing.day_of(extent[1] - beijing.HOUR) if extent else None,
        "simulated": any(feed.simulated for feed in known),
        "feeds": [
            {
                "id": feed.id,
                "title_zh": feed.title_zh,
                "title_en": feed.title_en,
                "source": feed.source,
                "licence": feed.licence,
            }
            for feed in known
        ],
    }
