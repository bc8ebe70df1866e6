"""The upkeep thread of the owner: merges small files before reads feel them."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta

from fenhe.store import Store
from fenhe.store.maintenance import KEEP

log = logging.getLogger("fenhe.upkeep")
LOOK_EVERY = 2.0  # seconds between looks
FILES = 200  # new files since the last round that call for one: about a minute of live data
QUIET_EVERY = 300.0  # seconds after which fewer are enough …
QUIET_COMMITS = 20  # … if at least so many commits came in between
SHARE = 10.0  # a round is followed by a pause of so many times its own length
THOROUGH_EVERY = 24 * 3600.0  # seconds between rounds that look at large files too
FIRST_THOROUGH = 3600.0  # seconds after the start at which the first of those is due


class Upkeep(threading.Thread):
    """Looks every two seconds whether there is work; an error is logged and tried again."""

    def __init__(self, store: Store, keep: timedelta = KEEP) -> None:
        """Keep files for readers that began up to ``keep`` ago."""
        super().__init__(name="fenhe-upkeep", daemon=True)
        self._store = store
        self._keep = keep
        self._stop_asked = threading.Event()
        self._ended_at = self._thorough_at = time.monotonic()
        self._thorough_at -= THOROUGH_EVERY - FIRST_THOROUGH
        self._commit = 0  # what gathered before the start counts too
        self._files = 0
        self._pause = 0.0

    def run(self) -> None:
        """Keep the store tidy until stopped."""
        while not self._stop_asked.wait(LOOK_EVERY):
            try:
                if self.is_due():
                    self.work()
            except Exception:
                log.exception("upkeep will try again")
                self._pause = QUIET_EVERY
                self._ended_at = time.monotonic()

    def is_due(self) -> bool:
        """Say whether a round is called for now."""
        since = time.monotonic() - self._ended_at
        if since < self._pause:
            return False
        commits = self._store.last_commit - self._commit
        if since > QUIET_EVERY and commits >= QUIET_COMMITS:
            return True
        return commits > 0 and self._store.live_files() - self._files >= FILES

    def work(self) -> None:
        """Do one round; once a day a thorough one."""
        began = time.monotonic()
        thorough = began - self._thorough_at >= THOROUGH_EVERY
        done = self._store.maintain(self._keep, thorough=thorough)
        log.info(
            "maintenance: %d files became %d in %.2f s",
            done.files_before,
            done.files_after,
            done.seconds,
        )
        self._ended_at = time.monotonic()
        self._pause = SHARE * (self._ended_at - began)
        self._commit, self._files = self._store.last_commit, self._store.live_files()
        if thorough:
            self._thorough_at = began

    def stop(self) -> None:
        """Ask the thread to end and wait for the round under way."""
        self._stop_asked.set()
        self.join()
