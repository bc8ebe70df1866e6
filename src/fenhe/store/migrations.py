"""Steps from an older layout of the store to this one, in order, all in one transaction.

A step is added whenever a table of ``schema.TABLES`` changes; a new table needs none. A step is
never changed once a version with it was released.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fenhe.store import schema
from fenhe.store.lake import Lake, Session


@dataclass(frozen=True)
class Step:
    """How a store comes to layout ``number`` from the one before; ``title`` says it to a person."""

    number: int
    title: str
    run: Callable[[Session], None]


STEPS: tuple[Step, ...] = ()


def pending(lake: Lake) -> tuple[Step, ...]:
    """Return the steps a store still needs. Raises ``StoreTooNew`` for one of a newer version."""
    found = schema.version(lake)
    if found > schema.LAYOUT:
        schema.check(found)
    return tuple(step for step in STEPS if step.number > found)


def migrate(lake: Lake) -> tuple[Step, ...]:
    """Take the steps that are due: all of them or, on an error, none. Return them."""
    steps = pending(lake)
    if steps:
        with lake.transaction() as session:
            if "layout" not in lake.tables():
                schema.create(session, "layout", schema.TABLES["layout"])
            for step in steps:
                step.run(session)
                schema.note(session, step.number)
    return steps
