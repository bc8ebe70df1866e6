"""The watcher of the owner: looks at the system every few seconds and keeps the episodes true."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from django.db import close_old_connections

from fenhe.platform.notices import conditions, episodes, kinds, reading, telling, tuning
from fenhe.platform.notices.episodes import Settled
from fenhe.platform.notices.findings import Finding
from fenhe.platform.notices.reading import Context
from fenhe.store import Store

log = logging.getLogger("fenhe.alarms")
PAUSE = 2.0  # seconds between rounds; each look has its own rhythm
SHARE = 20.0  # a look is not made again before so many times its own length have passed
TELL_EVERY = 10.0  # seconds between looks at who must be told
GROWING = "queue_growing"  # found by every look that has a queue


class Round:
    """The looks with when each is due, and the queues found growing by each."""

    def __init__(self, store: Store) -> None:
        self.context = Context(store)
        self._began = time.monotonic()
        self._due: dict[str, float] = {}
        self._growing: dict[str, list[Finding]] = {}
        self._failed: dict[str, Finding] = {}

    def look(self, *, every: bool = False) -> tuple[list[Finding], set[str]]:
        """Make the looks that are due; return what was found and which kinds were looked at."""
        self.context.tuning = tuning.load()
        found: list[Finding] = []
        looked: set[str] = set()
        for name, seen, one in reading.LOOKS:
            if not every and time.monotonic() < self._due.get(name, 0.0):
                continue
            part = self._safely(name, one)
            if part is None:
                continue
            found += [finding for finding in part if finding.kind != GROWING]
            self._growing[name] = [finding for finding in part if finding.kind == GROWING]
            looked.update(seen)
        found += [finding for part in self._growing.values() for finding in part]
        found += self._failed.values()
        if time.monotonic() - self._began >= self.context.tuning(GROWING, "window_s"):
            looked.add(GROWING)  # before that nobody can say that a queue grows no more
        return found, looked | {"look_failed"}

    def _safely(self, name: str, look: reading.Look) -> list[Finding] | None:
        """Make one look; one that fails is itself a finding, and tells nothing else."""
        began = time.monotonic()
        rhythm = min(kinds.all_kinds()[kind].every for kind in self._kinds(name))
        try:
            part = look(self.context)
            self._failed.pop(name, None)
        except Exception as error:
            if name not in self._failed:
                log.exception("the look at %s failed", name)
            self._failed[name] = conditions.look_failed(name, error)
            part = None
        took = time.monotonic() - began
        self._due[name] = time.monotonic() + max(rhythm, SHARE * took)
        return part

    @staticmethod
    def _kinds(name: str) -> tuple[str, ...]:
        return next(seen for known, seen, _ in reading.LOOKS if known == name)


def step(round_: Round, now: datetime, *, every: bool = False) -> Settled:
    """Look once and bring the episodes in step."""
    found, looked = round_.look(every=every)
    return episodes.settle(found, looked, now, round_.context.tuning)


class Watcher(threading.Thread):
    """An error is logged and tried again; that the watcher itself lives, the health check says."""

    def __init__(self, store: Store) -> None:
        super().__init__(name="fenhe-watcher", daemon=True)
        self._round = Round(store)
        self._stop_asked = threading.Event()
        self._told = 0.0
        self.looked_at = time.monotonic()

    def run(self) -> None:
        """Watch until stopped."""
        while not self._stop_asked.wait(PAUSE):
            self._safely(self._look)

    def _look(self) -> None:
        changed = step(self._round, datetime.now(UTC))
        self.looked_at = time.monotonic()
        if changed or self.looked_at - self._told >= TELL_EVERY:
            self._told = self.looked_at
            telling.tell(datetime.now(UTC))

    def _safely(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:
            if not self._stop_asked.is_set():
                log.exception("the watcher will look again")
        finally:
            close_old_connections()

    def stop(self) -> None:
        """Ask the thread to end and wait for the round under way."""
        self._stop_asked.set()
        if self.is_alive():
            self.join()
