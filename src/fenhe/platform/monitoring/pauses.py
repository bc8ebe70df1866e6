"""When to try again."""

from __future__ import annotations

import random

LONGEST = 3600.0  # seconds between tries of what keeps failing


def pause_after(interval: float, failures: int) -> float:
    """Return seconds to the next try: doubling per failure up to an hour, with jitter."""
    if not failures:
        return interval
    grown = min(max(interval, 1.0) * 2.0 ** min(failures - 1, 20), max(LONGEST, interval))
    return grown * random.uniform(0.75, 1.0)  # noqa: S311 (spreads tries, guards nothing)
