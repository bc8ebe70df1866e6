"""The feeder of the owner: tries standing feeds when they are due, each in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from django.db import close_old_connections, connection

from fenhe.platform.monitoring import standing
from fenhe.platform.monitoring.models import Source

log = logging.getLogger("fenhe.feeder")
PAUSE = 1.0  # seconds between looks at what is due


class Feeder(threading.Thread):
    """A source that hangs holds up no other; the store's own lock orders the writing."""

    def __init__(self) -> None:
        super().__init__(name="fenhe-feeder", daemon=True)
        self._stop_asked = threading.Event()
        self._running: dict[str, threading.Thread] = {}

    def run(self) -> None:
        """Try what is due until stopped."""
        self._safely(standing.cut_short)
        while not self._stop_asked.wait(PAUSE):
            self._safely(self._start_due)

    def _safely(self, step: Callable[[], object]) -> None:
        try:
            step()
        except Exception:
            log.exception("the feeder will try again")
        finally:
            close_old_connections()

    def _start_due(self) -> None:
        self._running = {key: one for key, one in self._running.items() if one.is_alive()}
        now = datetime.now(UTC)
        for source in Source.objects.filter(active=True):
            if source.key not in self._running and standing.is_due(source, now):
                name = f"fenhe-source-{source.key}"
                thread = threading.Thread(target=self._try, args=(source,), name=name, daemon=True)
                self._running[source.key] = thread
                thread.start()

    def _try(self, source: Source) -> None:
        try:
            standing.try_source(source, self._stop_asked)
        except Exception:
            log.exception("source %s will be tried again", source.key)
        finally:
            connection.close()

    def stop(self) -> None:
        """Ask the sources under way to end and wait for them."""
        self._stop_asked.set()
        if self.is_alive():
            self.join()
        for thread in self._running.values():
            thread.join()
