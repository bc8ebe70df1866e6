"""How far the verdicts are behind the data."""

from __future__ import annotations

from dataclasses import dataclass

from fenhe.platform.verdicts.dirty import CURSOR
from fenhe.platform.verdicts.models import Cursor, DirtyCity, DirtyDay
from fenhe.store import Store


@dataclass(frozen=True)
class Backlog:
    """Site-days and city-days to judge, and commits not yet looked at."""

    days: int
    commits: int


def of(store: Store) -> Backlog:
    """Return what is left to judge now."""
    cursor = Cursor.objects.filter(name=CURSOR).first()
    seen = cursor.commit if cursor is not None else 0
    days = DirtyDay.objects.count() + DirtyCity.objects.count()
    return Backlog(days, max(store.last_commit - seen, 0))
