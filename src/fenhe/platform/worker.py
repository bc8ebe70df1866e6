"""The worker thread of the owner: keeps the cells true and the store tidy."""

from __future__ import annotations

import logging
import threading
import time

from django.db import close_old_connections

from fenhe.platform.verdicts import engine
from fenhe.store import Store

log = logging.getLogger("fenhe.worker")
PAUSE = 1.0  # seconds between looks for new commits
TIDY_EVERY = 300.0  # seconds between rounds of maintenance …
TIDY_AFTER = 20  # … when at least so many commits came in between


class Worker(threading.Thread):
    """Looks for dirty days once a second; an error is logged and tried again later."""

    def __init__(self, store: Store) -> None:
        super().__init__(name="fenhe-worker", daemon=True)
        self._store = store
        self._stop_asked = threading.Event()
        self._tidied_at = time.monotonic()
        self._tidied_commit = store.last_commit

    def run(self) -> None:
        """Work until stopped."""
        while not self._stop_asked.wait(PAUSE):
            try:
                done = engine.catch_up(self._store, self._stop_asked)
                if done.done:
                    log.info(
                        "%d objects judged: %d cells new, %d changed",
                        done.done,
                        done.new,
                        done.changed,
                    )
                self._tidy()
            except Exception:
                log.exception("the worker will try again")
                self._stop_asked.wait(PAUSE * 10)
            finally:
                close_old_connections()

    def _tidy(self) -> None:
        due = time.monotonic() - self._tidied_at > TIDY_EVERY
        if due and self._store.last_commit - self._tidied_commit >= TIDY_AFTER:
            done = self._store.maintain()
            log.info("maintenance: %d files became %d", done.files_before, done.files_after)
            self._tidied_at, self._tidied_commit = time.monotonic(), self._store.last_commit

    def stop(self) -> None:
        """Ask the thread to end and wait for the step under way."""
        self._stop_asked.set()
        self.join()
