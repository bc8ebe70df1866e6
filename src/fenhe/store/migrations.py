"""Steps from an older layout of the store to this one, in order, all in one transaction.

A step is added whenever a table of ``schema.TABLES`` changes; a new table needs none. A step is
never changed once a version with it was released.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fenhe.base.instants import utc_now
from fenhe.store import backups, schema
from fenhe.store.commits import CommitLog
from fenhe.store.lake import Lake, Session
from fenhe.store.lock import OwnerLock
from fenhe.store.rawlog.streams import Streams


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


class OldStore:
    """A store of any older layout, opened to be backed up and brought to this one."""

    def __init__(self, folder: Path, lake: Lake) -> None:
        self.folder = folder
        self._lake = lake
        self._streams = Streams(folder / "raw" / "stream")
        self.steps = pending(lake)
        self._commits = CommitLog(lake, utc_now) if lake.tables() else None

    @property
    def layout(self) -> int:
        """Return the number of the layout it has now."""
        return schema.version(self._lake)

    def pinned(
        self, catalogue: Path, also: Callable[[], None]
    ) -> AbstractContextManager[backups.Pinned]:
        """Copy the catalogue and keep its files until left; see ``backups``."""
        if self._commits is None:  # prepared and never used: give it its tables first
            schema.prepare(self._lake)
            self._commits = CommitLog(self._lake, utc_now)
        return backups.pinned(self._lake, self._commits, self._streams, catalogue, also)

    def migrate(self) -> tuple[Step, ...]:
        """Take the steps that are due; see ``migrate``."""
        return migrate(self._lake)


@contextmanager
def opened(folder: Path) -> Iterator[OldStore]:
    """Own a data folder while its store is upgraded.

    Raises ``StoreOwned`` naming the pid of another owner, ``StoreTooNew`` for a newer layout.
    """
    lock = OwnerLock(folder)
    try:
        lake = Lake(folder / "lake")
        try:
            yield OldStore(folder, lake)
        finally:
            lake.close()
    finally:
        lock.release()
