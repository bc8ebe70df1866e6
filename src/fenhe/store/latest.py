"""The last value of every series, in memory, so that a map never waits for files."""

from __future__ import annotations

import threading

import polars as pl

from fenhe.store.lake import Lake
from fenhe.store.series import KEY, SeriesRegister

_KEPT = ["series", "start", "end", "value", "decimals", "quality"]
_REBUILD = """
SELECT series, max(start) AS start, arg_max("end", start) AS "end",
       arg_max(value, start) AS value, arg_max(decimals, start) AS decimals,
       arg_max(quality, start) AS quality
FROM observation GROUP BY series ORDER BY series
"""


class Latest:
    """Newest value per series by start; follows every write and every flag.

    Read from the files at the first question and kept current from then on, so that
    a short command does not pay for it.
    """

    def __init__(self, lake: Lake, series: SeriesRegister) -> None:
        self._lake = lake
        self._series = series
        self._rows: pl.DataFrame | None = None
        self._named: dict[str, pl.DataFrame] = {}
        self._guard = threading.Lock()

    def read(self, statistic: str) -> pl.DataFrame:
        """Return site, item, start, end, value, decimals, quality, by site and item."""
        with self._guard:
            named = self._named.get(statistic)
        if named is not None:
            return named
        with self._lake.writer:  # nothing is written between reading and keeping
            if self._rows is None:
                self._rows = self._lake.read(_REBUILD).select(_KEPT)
            named = self._name(self._rows, statistic)
            with self._guard:
                self._named[statistic] = named
        return named

    def _name(self, rows: pl.DataFrame, statistic: str) -> pl.DataFrame:
        wanted = self._series.find(statistic=statistic)
        return rows.join(wanted, on="series").sort("site", "item").select(*KEY[:2], *_KEPT[1:])

    def follow(self, written: pl.DataFrame) -> None:
        """Take over the values of a write that has just become durable."""
        if self._rows is None or written.is_empty():
            return
        newest = written.select(_KEPT).sort("series", "start").unique("series", keep="last")
        both = pl.concat([self._rows, newest]).sort("series", "start", maintain_order=True)
        self._replace(both.unique("series", keep="last", maintain_order=True))

    def recode(self, codes: pl.DataFrame) -> None:
        """Take over the quality codes (series, start, quality) of values just flagged."""
        if self._rows is None:
            return
        self._replace(self._rows.update(codes, on=["series", "start"]))

    def _replace(self, rows: pl.DataFrame) -> None:
        self._rows = rows
        with self._guard:
            self._named.clear()
