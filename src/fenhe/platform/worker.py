"""The worker thread of the owner: keeps the cells true."""

from __future__ import annotations

import logging
import threading
import time

from django.db import close_old_connections

from fenhe.platform.operations import metrics
from fenhe.platform.verdicts import engine
from fenhe.store import Store

log = logging.getLogger("fenhe.worker")
PAUSE = 1.0  # seconds between looks for new commits


class Worker(threading.Thread):
    """Looks for dirty days once a second; an error is logged and tried again later."""

    def __init__(self, store: Store) -> None:
        super().__init__(name="fenhe-worker", daemon=True)
        self._store = store
        self._stop_asked = threading.Event()
        self.level_at = time.monotonic()  # when the cells were last up to date

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
                    metrics.CELLS.labels("new").inc(done.new)
                    metrics.CELLS.labels("changed").inc(done.changed)
                if not done.left:
                    self.level_at = time.monotonic()
            except Exception:
                log.exception("the worker will try again")
                self._stop_asked.wait(PAUSE * 10)
            finally:
                close_old_connections()

    def stop(self) -> None:
        """Ask the thread to end and wait for the step under way."""
        self._stop_asked.set()
        self.join()
