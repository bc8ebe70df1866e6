"""Removing segments by the rule: old enough, taken into the store, and the head stays."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest
from pathlib import Path

from fenhe.base.errors import BadInput
from fenhe.store.rawlog import removed
from fenhe.store.rawlog.entries import Segment
from fenhe.store.rawlog.examine import examine
from fenhe.store.rawlog.log import StreamLog
from fenhe.store.rawlog.removed import Removed


@dataclass(frozen=True)
class Rule:
    """Segments whose last entry is older than ``years`` may go; ``source`` says why."""

    years: int
    source: str

    def text(self) -> str:
        """Return the rule in words, as it is kept with every removed segment."""
        return f"kept for {self.years} years ({self.source})"

    def before(self, now: datetime) -> datetime:
        """Return the moment before which the last entry of a segment must lie."""
        day = 28 if (now.month, now.day) == (2, 29) else now.day
        return now.replace(year=now.year - self.years, day=day)


def rule(years: int, least: int, source: str) -> Rule:
    """Return a rule. Raises ``BadInput`` for fewer years than ``least``."""
    if years < least:
        raise BadInput(
            f"a raw log is kept for at least {least} years ({source}); {years} is less, "
            "and nothing was removed"
        )
    return Rule(years, source)


def due(segments: Iterable[Segment], wanted: Rule, now: datetime, done: set[str]) -> list[Segment]:
    """Return the segments the rule lets go, oldest first.

    ``done``: ids of segments the store has taken whole; no other goes. Only the oldest go, so
    that what remains has no hole: the first one that must stay keeps all after it.
    """
    before, found = wanted.before(now), []
    for segment in segments:
        last = segment.last_at or segment.made_at
        if not segment.sealed or last >= before or segment.id not in done:
            break
        found.append(segment)
    return found


def remove(log: StreamLog, segment: Segment, wanted: Rule, now: datetime, actor: str) -> Removed:
    """Remove one segment and return what is left of it.

    Its head is on disk, and an entry of the log tells of the removal, before the file goes; after
    a crash in between the same call ends it. Raises ``BadInput`` for a segment that is not what
    it was: it stays.
    """
    proof = examine(segment.path, segment.name)
    if proof.problems:
        raise BadInput(f"{proof.problems[0]}; it was not removed")
    left = _left(segment, wanted, now, actor)
    log.note(
        {
            "note": "removed",
            "segment": segment.id,
            "number": segment.number,
            "head": segment.head,
            "sha256": left.sha256,
            "by": actor,
            "rule": wanted.text(),
        }
    )
    removed.write(log.shelf.folder, left)
    os.unlink(segment.path)
    for aside in log.shelf.folder.glob(f"{segment.number:08d}-*.torn"):
        aside.unlink()
    removed.sync_folder(log.shelf.folder)
    return left


def _left(segment: Segment, wanted: Rule, now: datetime, actor: str) -> Removed:
    return Removed(
        id=segment.id,
        gateway=segment.gateway,
        number=segment.number,
        former=segment.former,
        head=segment.head,
        entries=segment.entries,
        bytes=segment.bytes,
        sha256=_sha256(segment.path),
        first_at=_iso(segment.first_at),
        last_at=_iso(segment.last_at),
        removed_at=now.isoformat(),
        removed_by=actor,
        rule=wanted.text(),
    )


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
