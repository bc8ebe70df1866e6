"""The clock of a simulated fleet: begins where it is told and runs as fast as it is told.

Never ahead of the true clock: a fleet that begins in the past hurries until it has caught up
and then lives in the present. It can be held, for a fleet that can not send that fast.
"""

from __future__ import annotations

import time

HELD_PAUSE = 0.05


class Clock:
    """Simulated UTC seconds since 1970, and how long to wait for one of them.

    It stands still at ``until``. One that begins in the future is not bound by the true clock.
    """

    def __init__(
        self, start: float | None = None, speed: float = 1.0, until: float | None = None
    ) -> None:
        self._last = time.monotonic()
        self._ahead = time.time() - self._last
        self.start = self._present() if start is None else start
        self.speed = speed
        self.held = False
        self._now = self.start
        self._until = float("inf") if until is None else until
        self._bound = self.start <= self._present()

    def now(self) -> float:
        """Return the simulated moment."""
        last, self._last = self._last, time.monotonic()
        if not self.held:
            self._now += (self._last - last) * self.speed
        if self._bound:
            self._now = min(self._now, self._present())
        self._now = min(self._now, self._until)
        return self._now

    def wait(self, moment: float) -> float:
        """Return the true seconds until a simulated moment, 0 when it is past."""
        left = moment - self.now()
        if left <= 0:
            return 0.0
        if self.held:
            return HELD_PAUSE
        caught_up = self._bound and self._now >= self._present() - 1e-3
        return left if caught_up else left / self.speed

    def _present(self) -> float:
        return time.monotonic() + self._ahead
