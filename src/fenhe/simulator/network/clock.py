"""The clock of a simulated fleet: begins where it is told and runs as fast as it is told.

Never ahead of the true clock: a fleet that begins in the past hurries until it has caught up
and then lives in the present.
"""

from __future__ import annotations

import time


class Clock:
    """Simulated UTC seconds since 1970, and how long to wait for one of them."""

    def __init__(self, start: float | None = None, speed: float = 1.0) -> None:
        self._began = time.monotonic()
        self._wall = time.time()
        self.start = self._wall if start is None else start
        self.speed = speed

    def now(self) -> float:
        """Return the simulated moment."""
        passed = time.monotonic() - self._began
        told = self.start + passed * self.speed
        present = self._wall + passed
        return min(told, present) if self.start <= self._wall else told

    def wait(self, moment: float) -> float:
        """Return the true seconds until a simulated moment, 0 when it is past."""
        now = self.now()
        if moment <= now:
            return 0.0
        present = self._wall + time.monotonic() - self._began
        if now >= present - 1e-3 and self.start <= self._wall:
            return moment - now
        return (moment - now) / self.speed
