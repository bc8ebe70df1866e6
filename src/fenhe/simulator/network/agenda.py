"""What a logger has to tell and when: live, minute, hour and day records, new ones first."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from fenhe.simulator import happenings
from fenhe.simulator.fleet import Device
from fenhe.simulator.happenings import BEIJING, DAY, HOUR, Happening
from fenhe.simulator.network.telling import Due
from fenhe.simulator.simulation import Simulation

LIVE = frozenset({"2011", "2021"})
#: Period of a record by command; minutes and live values are settings of the logger.
PERIOD = {"2061": HOUR, "2031": DAY, "2041": DAY}


@dataclass
class Settings:
    """What the host may set: seconds of the true clock, and the rhythm of the data."""

    over_time: float = 5.0
    retries: int = 3
    realtime: int = 60
    minute: int = 10
    realtime_on: bool = True
    state_on: bool = True

    def period(self, cn: str) -> int:
        """Return the seconds of a record of a command; of a live one, those between two."""
        if cn in LIVE:
            return self.realtime
        return PERIOD.get(cn, self.minute * 60)


class Agenda:
    """The records of one logger that wait to be sent."""

    def __init__(
        self, sim: Simulation, device: Device, start: float, since: float | None = None
    ) -> None:
        """With ``since`` it was cut off from then to ``start``: no live values, all is late."""
        self._sim = sim
        self._device = device
        self._start = start
        self._until = int(start if since is None else since)
        self._fresh: deque[Due] = deque()
        self._late: deque[Due] = deque()
        self._held: list[tuple[int, int, Due]] = []
        self._count = 0
        self.made = 0
        self.lost = 0

    def __len__(self) -> int:
        return len(self._fresh) + len(self._late) + len(self._held)

    def fresh(self) -> int:
        """Return how many new records wait."""
        return len(self._fresh)

    def collect(self, now: float, settings: Settings) -> None:
        """Take in what has become due up to now."""
        since, self._until = self._until, max(self._until, int(now))
        down = self.downs(since, self._until + 1)
        for due in self._between(since, self._until, settings):
            self.made += 1
            until = self._withheld(due)
            if until and until > self._start:
                self._count += 1
                heapq.heappush(self._held, (until, self._count, due))
            elif due.at > self._start and not any(o.start <= due.at < o.end for o in down):
                self._fresh.append(due)
            elif due.cn in LIVE:
                self.lost += 1
            else:
                self._late.append(replace(due, again=True))
        while self._held and self._held[0][0] <= self._until:
            self._fresh.append(heapq.heappop(self._held)[2])

    def take(self) -> Due | None:
        """Return the next record to send: new data before retransmissions (8.1.2 of 2025)."""
        if self._fresh:
            return self._fresh.popleft()
        return self._late.popleft() if self._late else None

    def postpone(self) -> None:
        """The link is gone: live values are dropped, the rest becomes retransmission."""
        for due in self._fresh:
            if due.cn in LIVE:
                self.lost += 1
            else:
                self._late.append(replace(due, again=True))
        self._fresh.clear()

    def next(self, settings: Settings) -> int:
        """Return the moment of the next record after those taken in."""
        steps = (settings.realtime, settings.minute * 60, HOUR)
        return min((self._until + BEIJING) // step * step + step - BEIJING for step in steps)

    def reached(self) -> int:
        """Return the moment from which on everything still has to be said."""
        waiting = (due.at - 1 for due in (*self._fresh, *self._late, *(h[2] for h in self._held)))
        return min(waiting, default=self._until)

    def downs(self, start: int, end: int) -> list[Happening]:
        """Return when the logger has no line or no power in a span."""
        found = happenings.of_site(self._device.sites[0], start, end)
        return [one for one in found if one.kind in {"drop_out", "power"}]

    def of_span(self, cn: str, start: int, end: int, settings: Settings) -> list[Due]:
        """Return the records of a command whose period begins in the span, both ends included.

        What is withheld (F15) is not there yet.
        """
        step = settings.period(cn)
        first = -(-(start + BEIJING) // step) * step - BEIJING
        return [
            due
            for begin in range(first, end + 1, step)
            for site in range(len(self._device.sites))
            if (due := Due(cn, site, begin, begin + step)).at <= self._until
            and self._withheld(due) <= self._until
        ]

    def _between(self, since: int, until: int, settings: Settings) -> Iterator[Due]:
        kinds = [("2051", settings.minute * 60), ("2061", HOUR), ("2031", DAY), ("2041", DAY)]
        if settings.realtime_on:
            kinds.append(("2011", settings.realtime))
        if settings.state_on:
            kinds.append(("2021", settings.realtime))
        found: list[Due] = []
        for cn, step in kinds:
            first = (since + BEIJING) // step * step + step - BEIJING
            if cn in LIVE and self._start > first:
                first += -(-int(self._start - first) // step) * step
            for at in range(first, until + 1, step):
                start = at if cn in LIVE else at - step
                found += [
                    Due(cn, site, start, at)
                    for site, one in enumerate(self._device.sites)
                    if cn not in {"2021", "2041"} or one.outlet.facilities
                ]
        found += self._turned(since, until)
        yield from sorted(found, key=lambda due: (due.at, due.cn))

    def _withheld(self, due: Due) -> int:
        """Return until when a made-up batch is held back (F15); 0 = not at all."""
        if due.cn in LIVE:
            return 0
        site = self._device.sites[due.site]
        for one in self._sim.planted_at(site, due.at, due.at + 1):
            if one.pattern == "F15" and one.start < due.at < one.end:
                return one.end
        return 0

    def _turned(self, since: int, until: int) -> list[Due]:
        """Return the moments at which somebody turned a slope (F05): told by 3020, not in 2005."""
        if self._device.spec.edition == 2005:
            return []
        return [
            Due("3020", index, moment, moment)
            for index, site in enumerate(self._device.sites)
            for one in self._sim.planted_at(site, since, until + 1)
            if one.pattern == "F05"
            for moment in (one.start, one.end)
            if since < moment <= until
        ]
