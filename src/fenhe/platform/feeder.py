"""The feeder of the owner: tries standing feeds when they are due, each in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from django.db import close_old_connections, connection

from fenhe.base.errors import BadInput
from fenhe.platform.monitoring import alarms, standing
from fenhe.platform.monitoring.models import Source

log = logging.getLogger("fenhe.feeder")
PAUSE = 1.0  # seconds between looks at what is due
WATCH = 60.0  # seconds between looks at what is late or does not balance
PATIENCE = 5.0  # seconds a stop waits for the sources under way, all together


class Feeder(threading.Thread):
    """A source that hangs holds up no other; the store's own lock orders the writing."""

    def __init__(self) -> None:
        super().__init__(name="fenhe-feeder", daemon=True)
        self._stop_asked = threading.Event()
        self._running: dict[str, threading.Thread] = {}
        self._begun = datetime.now(UTC)
        self._watched = 0.0

    def run(self) -> None:
        """Finish what was cut short, then try what is due until stopped."""
        self._safely(lambda: standing.go_on(self._stop_asked, self._begun))
        while not self._stop_asked.wait(PAUSE):
            self._safely(self._start_due)
            if time.monotonic() - self._watched >= WATCH:
                self._watched = time.monotonic()
                self._safely(alarms.look)

    def _safely(self, step: Callable[[], object]) -> None:
        try:
            step()
        except Exception:
            if not self._stop_asked.is_set():
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
        except BadInput:
            log.info("source %s is being tried by somebody", source.key)
        except Exception:
            if not self._stop_asked.is_set():
                log.exception("source %s will be tried again", source.key)
        finally:
            connection.close()

    def stop(self) -> None:
        """Ask the sources under way to end; wait for them, but not for one that hangs.

        An import ends after its present batch and goes on at the next start.
        """
        self._stop_asked.set()
        until = time.monotonic() + PATIENCE
        for thread in (self, *self._running.values()):
            if thread.is_alive():
                thread.join(max(until - time.monotonic(), 0.0))
