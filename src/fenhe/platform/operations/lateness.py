"""How late the standing feeds are; doctor and metrics ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import inf

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
