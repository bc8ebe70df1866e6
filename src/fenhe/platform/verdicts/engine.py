"""The engine: what changed in the store becomes dirty days, dirty days become true cells.

Dirty days come from the store's own commits, not from announcements: nothing that was
committed can be missed, whatever process died when. Only the cells of dirty days are
computed, and only those that differ are written; the others keep their commit.

The work goes in stages, each with a queue in the database: hours of stations, hours of
cities, days, then the months, quarters and years around them; and hours of outlets. A stage
empties its queue in the same transaction that fills the next one, so a crash repeats work and
loses none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from fenhe.platform.verdicts import dirty, hours, spans
from fenhe.platform.verdicts.models import DirtyCity, DirtyDay
from fenhe.platform.verdicts.outlets import queue as outlet_queue
from fenhe.platform.verdicts.outlets import stage as outlet_stage
from fenhe.store import Store

_turn = threading.Lock()


@dataclass(frozen=True)
class Step:
    """What one step did: site-days whose hours were judged, all objects computed, cells
    new and changed, objects still waiting.
    """

    days: int = 0
    done: int = 0
    new: int = 0
    changed: int = 0
    left: int = 0


Stage = Callable[[Store], "tuple[int, int, int]"]  # objects computed, cells new, cells changed
STAGES: tuple[Stage, ...] = (
    hours.of_sites,
    hours.of_cities,
    spans.days_of_sites,
    spans.days_of_cities,
    spans.periods,
    outlet_stage.hours,
)


def step(store: Store) -> Step:
    """Do one batch of the first stage that has work; the answer says what is left.

    One caller at a time.
    """
    return replace(_step(store), left=waiting())


def _step(store: Store) -> Step:
    """Do one batch, without counting what is left."""
    with _turn:
        dirty.mark(store)
        for stage in STAGES:
            done, new, changed = stage(store)
            if done:
                days = done if stage is hours.of_sites else 0
                return Step(days, done, new, changed)
    return Step()


def catch_up(store: Store, stop: threading.Event | None = None) -> Step:
    """Step until nothing is left to do, or until told to stop; return the sums."""
    days = total = new = changed = 0
    while stop is None or not stop.is_set():
        one = _step(store)
        days, total = days + one.days, total + one.done
        new, changed = new + one.new, changed + one.changed
        if one.done == 0:
            break
    return Step(days, total, new, changed, waiting())


def waiting() -> int:
    """Return how many objects have work that can be done now."""
    air = DirtyDay.objects.count() + DirtyCity.objects.count() + spans.waiting()
    return air + outlet_queue.waiting()
