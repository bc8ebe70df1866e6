"""How late the standing feeds are; doctor and metrics ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import inf, isfinite

from fenhe.platform import clock
from fenhe.platform.monitoring.models import Source

LATE = 2  # times its own rhythm after which a source is late


@dataclass(frozen=True)
class Lag:
    """A source: seconds since the end of its newest hour, and after how many it is late."""

    feed: str
    seconds: float
    late_after: float

    @property
    def is_late(self) -> bool:
        """True when its newest value is older than it may be."""
        return self.seconds > self.late_after


def lags() -> list[Lag]:
    """Return the lags of all active sources, by key; without any data yet it is infinite."""
    now = clock.now()
    return [
        Lag(source.key, _since(source, now), LATE * source.expected_every)
        for source in Source.objects.filter(active=True).order_by("key")
    ]


def _since(source: Source, now: datetime) -> float:
    if source.last_data is None:
        return inf
    return (now - source.last_data.replace(tzinfo=None)).total_seconds()


def said(seconds: float) -> str:
    """Return a lag in words."""
    return f"{seconds / 60:.0f} min" if isfinite(seconds) else "no data yet"


def failing() -> dict[str, int]:
    """Return how many tries in a row failed, of the active sources whose last one did."""
    found = Source.objects.filter(active=True, failures__gt=0).order_by("key")
    return dict(found.values_list("key", "failures"))
