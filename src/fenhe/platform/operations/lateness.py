"""How late running feeds are; whoever runs them says so here, doctor and metrics ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Lag:
    """A feed: seconds since its newest value, and after how many it is late."""

    feed: str
    seconds: float
    late_after: float

    @property
    def is_late(self) -> bool:
        """True when its newest value is older than it may be."""
        return self.seconds > self.late_after


Watch = Callable[[], list[Lag]]
_watches: list[Watch] = []


def register(watch: Watch) -> None:
    """Have ``watch`` asked for the lags of the feeds it runs; once is enough."""
    if watch not in _watches:
        _watches.append(watch)


def lags() -> list[Lag]:
    """Return the lags of all running feeds, by name."""
    found = [lag for watch in _watches for lag in watch()]
    return sorted(found, key=lambda lag: lag.feed)
