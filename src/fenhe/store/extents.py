"""From when to when there are values of some items, kept so that a page need not look for it."""

from __future__ import annotations

import threading
from collections.abc import Collection
from datetime import datetime

import polars as pl

from fenhe.store.commits import CommitLog
from fenhe.store.lake import Lake
from fenhe.store.latest import Latest
from fenhe.store.series import SeriesRegister

_FIRST = """
SELECT min(start) AS first FROM observation
WHERE statistic = ? AND commit > ? AND series IN (SELECT series FROM wanted)
"""
_Key = tuple[str, tuple[str, ...]]


class Extents:
    """The end comes from the latest values; the begin is looked for in newer commits alone.

    A value is replaced, never removed: the first start can only move back.
    """

    def __init__(
        self, lake: Lake, commits: CommitLog, series: SeriesRegister, latest: Latest
    ) -> None:
        self._lake, self._commits, self._series, self._latest = lake, commits, series, latest
        self._first: dict[_Key, tuple[int, datetime | None]] = {}
        self._guard = threading.Lock()

    def read(self, statistic: str, items: Collection[str]) -> tuple[datetime, datetime] | None:
        """Return the first start and the last end (naive UTC) of these items, None without any."""
        wanted = self._series.find(items=items, statistic=statistic)
        newest = self._latest.read(statistic).filter(pl.col("item").is_in(list(items)))
        last = newest["end"].max()
        first = self._begin((statistic, tuple(sorted(items))), wanted)
        if first is None or not isinstance(last, datetime):
            return None
        return first, last

    def _begin(self, key: _Key, wanted: pl.DataFrame) -> datetime | None:
        until = self._commits.last
        with self._guard:
            seen, known = self._first.get(key, (0, None))
        if seen == until:
            return known
        found = self._lake.read(_FIRST, [key[0], seen], wanted=wanted.select("series"))
        first = min(filter(None, (known, found["first"].item())), default=None)
        with self._guard:
            self._first[key] = (until, first)
        return first
