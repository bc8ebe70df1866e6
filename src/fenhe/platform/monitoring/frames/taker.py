"""The thread of the owner that brings what gateways received into the store."""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime

from django.db import close_old_connections

from fenhe.platform.monitoring.frames.following import Follow
from fenhe.store import Store

log = logging.getLogger("fenhe.frames")
APART = 1.0  # seconds between two commits of one log, at least
LOOK_EVERY = 0.25  # seconds a look for news waits
AGAIN = 10.0  # seconds after an error


class Taker(threading.Thread):
    """Follows every raw log of the data folder; an error is logged and tried again."""

    def __init__(self, store: Store) -> None:
        super().__init__(name="fenhe-frames", daemon=True)
        self._store = store
        self._stop_asked = threading.Event()
        self._follows: dict[str, Follow] = {}
        self._due: dict[str, float] = {}

    def run(self) -> None:
        """Follow until stopped."""
        while not self._stop_asked.is_set():
            names = self._store.streams.names()
            took = [self._safely(name) for name in names]
            close_old_connections()
            if not any(took):
                self._stop_asked.wait(LOOK_EVERY)
        for follow in self._follows.values():
            follow.release()

    def _safely(self, name: str) -> bool:
        now = time.monotonic()
        if now < self._due.get(name, 0.0):
            return False
        try:
            return self._take(name, now)
        except Exception:
            if not self._stop_asked.is_set():
                log.exception("raw log %s will be read again", name)
            self._drop(name)
            self._due[name] = now + AGAIN
            return False

    def _take(self, name: str, now: float) -> bool:
        if name not in self._follows:
            self._follows[name] = Follow(self._store, name)
        done = self._follows[name].step()
        if done is not None and done.receipt is not None and done.receipt.commit:
            self._due[name] = now + APART
        return done is not None

    def _drop(self, name: str) -> None:
        """Begin anew from what the store has: the batch under way was not kept."""
        follow = self._follows.pop(name, None)
        if follow is not None:
            follow.release()

    def behind(self) -> tuple[int, datetime | None]:
        """Return how many durable entries are not taken yet, and when the oldest came in."""
        total, oldest = 0, None
        for name, follow in list(self._follows.items()):
            count, since = behind(self._store, name, follow)
            total += count
            if since is not None and (oldest is None or since < oldest):
                oldest = since
        return total, oldest

    def stop(self) -> None:
        """Ask the thread to end and wait for the batch under way."""
        self._stop_asked.set()
        if self.is_alive():
            self.join(60)


def behind(store: Store, gateway: str, follow: Follow) -> tuple[int, datetime | None]:
    """Return how many entries of a log follow those taken, and when the first of them came."""
    shelf, position = store.streams.shelf(gateway), follow.position
    total, oldest = 0, None
    for segment in shelf.segments():
        if follow.is_closed(segment.id):
            continue
        here = position is not None and position.segment == segment.id
        after = position.number if here and position is not None else 0
        if segment.entries <= after:
            continue
        total += segment.entries - after
        first = next(shelf.read(segment.id, after, after + 1), None)
        if oldest is None and first is not None:
            oldest = first.at
    return total, oldest
