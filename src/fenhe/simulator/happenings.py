"""What happens to an outlet without anybody cheating: stops, start-ups, visits, lost links.

Drawn week by week and lying wholly inside their week, so that no span needs another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fenhe.simulator import noise
from fenhe.simulator.config import Events, Span
from fenhe.simulator.fleet import Site
from fenhe.simulator.noise import Floats, Ints

BEIJING = 28_800  # seconds ahead of UTC
DAY = 86_400
HOUR = 3_600
WEEK = 7 * DAY
#: 1970-01-01 was a Thursday: this makes weeks begin on Monday, 00:00 Beijing.
MONDAY = 3 * DAY + BEIJING
SHUT_DOWN_HOURS = 1.0


@dataclass(frozen=True)
class Happening:
    """One event: UTC seconds since 1970, end exclusive."""

    kind: str
    start: int
    end: int
    whole: tuple[int, int] = (0, 0)  # of a stop: from shutting down to the end of starting up

    def span(self) -> tuple[int, int]:
        """Return the span of the event, or of the stop it is a part of."""
        return self.whole if self.whole != (0, 0) else (self.start, self.end)

    def active(self, seconds: Ints) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Return which instants lie inside."""
        return (seconds >= self.start) & (seconds < self.end)

    def progress(self, seconds: Ints) -> Floats:
        """Return how far each instant is through the event, 0 before and 1 after."""
        return np.clip((seconds - self.start) / max(1, self.end - self.start), 0.0, 1.0)


def of_site(site: Site, start: int, end: int) -> tuple[Happening, ...]:
    """Return what happens at an outlet and its logger and touches the span, by start.

    A stop is told whole when any part of it touches.
    """
    found = [
        one
        for week in range((start + MONDAY) // WEEK, (end + MONDAY) // WEEK + 1)
        for one in _week(site, week)
        if one.span()[1] > start and one.span()[0] < end
    ]
    return tuple(sorted(found, key=lambda one: (one.start, one.kind)))


@lru_cache(maxsize=20_000)
def _week(site: Site, week: int) -> tuple[Happening, ...]:
    rates: Events = site.outlet.events
    return (
        *_stops(site, week, rates),
        *_visits(site, week, rates),
        *_some(site.noise_key("fault", week), "fault", week, rates.faults, rates.fault_hours),
        *_some(site.noise_key("link", week), "link", week, rates.link_losses, rates.link_hours),
        *of_logger(site, week, rates),
    )


def of_logger(site: Site, week: int, rates: Events) -> Iterator[Happening]:
    """Tell what befalls the logger: the same for all outlets behind it."""
    key = noise.key_of(site.seed, site.logger)
    yield from _some(
        noise.key_of(key, "drop", week), "drop_out", week, rates.drop_outs, rates.drop_out_hours
    )
    yield from _some(
        noise.key_of(key, "power", week), "power", week, rates.power_cuts, rates.power_cut_hours
    )


def _count(key: int, rate: float) -> int:
    whole = int(rate)
    return whole + int(noise.uniform(key, [0])[0] < rate - whole)


def _some(key: int, kind: str, week: int, rate: float, hours: Span) -> Iterator[Happening]:
    for number in range(1, _count(key, rate) + 1):
        length = int(noise.between(key, 3 * number, *hours) * HOUR)
        start = week * WEEK - MONDAY + int(noise.between(key, 3 * number + 1, 0, WEEK - length))
        yield Happening(kind, start, start + length)


def _stops(site: Site, week: int, rates: Events) -> Iterator[Happening]:
    """A stop is three events: shutting down, stopped, starting up."""
    key = site.noise_key("stop", week)
    if not _count(key, min(rates.stops, 1.0)):
        return
    down = int(SHUT_DOWN_HOURS * HOUR)
    off = int(noise.between(key, 1, *rates.stop_hours) * HOUR)
    up = int(noise.between(key, 2, *rates.start_hours) * HOUR)
    start = week * WEEK - MONDAY + int(noise.between(key, 3, 0, WEEK - down - off - up))
    whole = (start, start + down + off + up)
    yield Happening("shut_down", start, start + down, whole)
    yield Happening("stopped", start + down, start + down + off, whole)
    yield Happening("start_up", start + down + off, whole[1], whole)


def _visits(site: Site, week: int, rates: Events) -> Iterator[Happening]:
    """Maintenance happens on working days in office hours."""
    key = site.noise_key("visit", week)
    for number in range(1, _count(key, rates.maintenance) + 1):
        day = int(noise.between(key, 3 * number, 0, 5))
        hour = noise.between(key, 3 * number + 1, 9, 15)
        length = int(noise.between(key, 3 * number + 2, *rates.maintenance_hours) * HOUR)
        start = week * WEEK - MONDAY + day * DAY + int(hour * HOUR) // 60 * 60
        yield Happening("maintenance", start, start + length)
