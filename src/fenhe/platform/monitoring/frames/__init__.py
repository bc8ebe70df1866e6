"""From the frames of loggers to the store: decode, map, write each value once."""

from __future__ import annotations

from datetime import datetime


def behind() -> tuple[int, datetime | None]:
    """Return how many durable entries are not taken yet, and when the oldest came in (UTC).

    Nothing is behind where no taker runs.
    """
    from fenhe.platform.monitoring.frames.taker import Taker
    from fenhe.platform.operations import running

    thread = running.now.threads.get("frames")
    return thread.behind() if isinstance(thread, Taker) else (0, None)
