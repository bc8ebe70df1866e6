"""Upkeep of the files: many small commits become few sorted files, with a receipt of its own."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import timedelta

from fenhe.store import schema
from fenhe.store.commits import CommitLog
from fenhe.store.lake import Lake

# Readers that began this long ago or less still find the files of their snapshot.
KEEP = timedelta(minutes=10)
ACTOR = "maintenance"
_round = threading.Lock()  # one round at a time


@dataclass(frozen=True)
class Upkeep:
    """What one round did: files of the observation table before and after, seconds, commit."""

    files_before: int
    files_after: int
    seconds: float
    commit: int


def maintain(
    lake: Lake, commits: CommitLog, keep: timedelta = KEEP, *, thorough: bool = True
) -> Upkeep:
    """Rewrite deletes, merge small files, expire snapshots; values and commits stay the same.

    Writers take turns with the steps of a round. ``thorough``: large files too, and files that
    a crash left behind.
    """
    with _round:
        began, before = time.monotonic(), lake.files("observation")
        lake.tidy(keep, thorough=thorough)
        after, seconds = lake.files("observation"), time.monotonic() - began
        with commits.begin(ACTOR, f"maintenance: {before} files became {after}") as commit:
            row = {"commit": commit.number, "files_before": before, "files_after": after}
            entry = schema.frame("maintenance", [row | {"seconds": seconds}])
            commit.session.insert("maintenance", entry)
    return Upkeep(before, after, seconds, commit.number)
