"""Which site, item and statistic a series number stands for; held in memory, kept in the lake."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from fenhe.store.commits import Commit
from fenhe.store.lake import Lake

KEY = ["site", "item", "statistic"]
_COLUMNS = ["series", *KEY]


class SeriesRegister:
    """Numbers for (site, item, statistic); a number is given once and never changes."""

    def __init__(self, lake: Lake) -> None:
        self._frame = lake.read(f"SELECT {', '.join(_COLUMNS)} FROM series ORDER BY series")

    @property
    def frame(self) -> pl.DataFrame:
        """Return every known series: series, site, item, statistic."""
        return self._frame

    def assign(self, rows: pl.DataFrame, commit: Commit) -> pl.DataFrame:
        """Return ``rows`` in their order with ``series`` in front, numbering new ones.

        New numbers belong to the commit: when it fails they are forgotten.
        """
        known = self._frame
        fresh = rows.select(KEY).unique(maintain_order=True).join(known, on=KEY, how="anti")
        if not fresh.is_empty():
            numbers = pl.int_range(
                known.height + 1, known.height + fresh.height + 1, dtype=pl.Int32, eager=True
            )
            added = fresh.sort(KEY).with_columns(numbers.alias("series")).select(_COLUMNS)
            number = pl.lit(commit.number, dtype=pl.Int64).alias("commit")
            commit.session.insert("series", added.with_columns(number))
            known = pl.concat([known, added])
            commit.after(lambda: self._adopt(known))
        return rows.join(known, on=KEY, how="left", maintain_order="left")

    def _adopt(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def find(
        self,
        sites: Iterable[str] | None = None,
        items: Iterable[str] | None = None,
        statistic: str | None = None,
    ) -> pl.DataFrame:
        """Return the series of these sites, items and statistic (None: any)."""
        wanted = self._frame
        if sites is not None:
            wanted = wanted.filter(pl.col("site").is_in(list(sites)))
        if items is not None:
            wanted = wanted.filter(pl.col("item").is_in(list(items)))
        if statistic is not None:
            wanted = wanted.filter(pl.col("statistic") == statistic)
        return wanted
