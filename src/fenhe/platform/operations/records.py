"""The records (SQLite) from outside Django: pin and copy them, look at them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Self

_PAGES = 2_000  # of 4 KiB, copied at a time


def opened(path: Path) -> sqlite3.Connection:
    """Open the records for reading, beside whoever writes them."""
    link = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)
    link.execute("PRAGMA busy_timeout = 20000")
    return link


class PinnedRecords:
    """The records at one moment; others may write on while they are copied."""

    def __init__(self, path: Path) -> None:
        # a connection is used by the thread that made it; the pin is taken by the same one
        self._link = opened(path)

    def pin(self) -> None:
        """Hold the records as they stand now."""
        self._link.execute("BEGIN")
        self._link.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def copy(self, target: Path) -> None:
        """Write the records of the pinned moment into a new file, without its wal."""
        with closing(sqlite3.connect(target)) as copy:
            self._link.backup(copy, pages=_PAGES)
            copy.execute("PRAGMA journal_mode = DELETE")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()


def damage(path: Path) -> list[str]:
    """Return what SQLite's own check finds wrong; nothing when all is well."""
    try:
        with closing(opened(path)) as link:
            found = [str(row[0]) for row in link.execute("PRAGMA integrity_check(20)")]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [] if found == ["ok"] else found


def migrations(path: Path) -> dict[str, set[str]]:
    """Return the migrations the records went through, by app; none for records never set up."""
    with closing(opened(path)) as link:
        there = link.execute("SELECT 1 FROM sqlite_master WHERE name = 'django_migrations'")
        if there.fetchone() is None:
            return {}
        found: dict[str, set[str]] = {}
        for app, name in link.execute("SELECT app, name FROM django_migrations"):
            found.setdefault(app, set()).add(name)
    return found
