"""The process that the kill test of the feeds kills: a real store and a real feeder on it."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path


def feed(folder: str, log: str) -> None:
    """Run the feeder of a data folder until asked to end; the log tells when it began."""
    from fenhe.platform import boot

    boot.start(Path(folder))
    from fenhe.platform import feeder, owner
    from fenhe.platform.monitoring import standing

    feeder.PAUSE, standing.SOON = 0.05, 0.1  # as `serve` does, only quicker
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    owner.store()
    running = feeder.Feeder()
    running.start()
    with open(log, "a", encoding="ascii") as notes:
        notes.write(f"open {os.getpid()}\n")
    ended.wait(timeout=3600)
    running.stop()
    owner.close()
