"""The order of knowledge: every write is one numbered commit with a clock that never runs back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from fenhe.store import schema
from fenhe.store.lake import After, Lake, Session

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Commit:
    """A write under way: its number, the moment it becomes known, and who makes it."""

    number: int
    known_at: datetime
    actor: str
    session: Session

    def after(self, callback: After) -> None:
        """Run ``callback`` once the commit is durable, before the next writer may start."""
        self.session.after.append(callback)


class CommitLog:
    """Hands out commit numbers, in order and without gaps."""

    def __init__(self, lake: Lake, clock: Clock) -> None:
        self._lake = lake
        self._clock = clock
        self._last, self._known_at = self._read_last()

    def _read_last(self) -> tuple[int, datetime]:
        row = self._lake.read(
            "SELECT coalesce(max(commit), 0) AS commit, max(known_at) AS known_at FROM commit_log"
        ).row(0)
        return int(row[0]), row[1] or datetime.min  # noqa: DTZ901

    @property
    def last(self) -> int:
        """Return the number of the last commit, 0 for an empty store."""
        return self._last

    @property
    def known_at(self) -> datetime:
        """Return the moment of the last commit, the earliest there is for an empty store."""
        return self._known_at

    @contextmanager
    def begin(self, actor: str, what: str) -> Iterator[Commit]:
        """Write one commit: everything done with the session inside, or nothing at all.

        ``known_at`` is the clock's reading, held at the former commit's when the
        clock has been set back.
        """
        with self._lake.writer, self._lake.transaction() as session:
            number, known_at = self._last + 1, max(self._clock(), self._known_at)
            commit = Commit(number, known_at, actor, session)
            session.after.append(lambda: self._adopt(number, known_at))
            yield commit
            entry = {"commit": number, "known_at": known_at, "actor": actor, "what": what}
            session.insert("commit_log", schema.frame("commit_log", [entry]))

    def _adopt(self, number: int, known_at: datetime) -> None:
        self._last, self._known_at = number, known_at

    def frame(self) -> pl.DataFrame:
        """Return all commits in order: commit, known_at (naive UTC), actor, what."""
        return self._lake.read("SELECT * FROM commit_log ORDER BY commit")
