"""Reading values: as they stand, as they were known at a commit, and what they were before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from fenhe.store.flags import Flags
from fenhe.store.lake import Lake
from fenhe.store.series import KEY, SeriesRegister

COLUMNS = [
    "site",
    "item",
    "start",
    "end",
    "value",
    "decimals",
    "quality",
    "commit",
    "raw_sha256",
    "raw_row",
]
_READ = 'series, start, "end", value, decimals, quality, commit, raw, raw_row'
_FEW = 64  # up to here the numbers are written into the query, where they prune row groups


@dataclass(frozen=True)
class _Slice:
    """The condition that picks series and period, its parameters and its frame if it has one."""

    where: str
    parameters: list[object]
    frames: dict[str, pl.DataFrame]


class Observations:
    """Reads of the tables observation and history."""

    def __init__(self, lake: Lake, series: SeriesRegister, flags: Flags) -> None:
        self._lake = lake
        self._series = series
        self._flags = flags
        self._raw: dict[int, str] = {}

    def read(  # noqa: PLR0917 (one filter per part of the key, all optional)
        self,
        sites: Iterable[str] | None = None,
        items: Iterable[str] | None = None,
        statistic: str = "1h",
        start: datetime | None = None,
        end: datetime | None = None,
        as_of: int | None = None,
    ) -> pl.DataFrame:
        """Return the values with ``start <= t < end`` (None: open), by site, item, time.

        ``as_of``: as known at that commit, quality codes too. Void values are given, with
        their code. A value that is missing is not there.
        """
        wanted = self._series.find(sites, items, statistic)
        part = _slice(wanted, statistic, start, end)
        rows = self._standing(part) if as_of is None else self._known(part, as_of)
        return self._named(rows, wanted).sort("site", "item", "start").select(COLUMNS)

    def history(self, site: str, item: str, statistic: str, start: datetime) -> pl.DataFrame:
        """Return the former values of one hour, oldest first.

        Columns of a value plus superseded_commit, superseded_at (naive UTC), actor: who
        replaced it, when. The value that stands now is not among them.
        """
        wanted = self._series.find([site], [item], statistic)
        rows = self._lake.read(
            f"SELECT {_READ}, superseded_commit, superseded_at, actor FROM history "
            "WHERE statistic = ? AND start = ? AND series IN (SELECT series FROM wanted) "
            "ORDER BY superseded_commit, raw_row",
            [statistic, start],
            wanted=wanted,
        )
        named = self._named(rows, wanted)
        return named.select(*COLUMNS, "superseded_commit", "superseded_at", "actor")

    def extent(self, statistic: str = "1h") -> tuple[datetime, datetime] | None:
        """Return the first start and the last end (naive UTC) of a statistic, None if empty."""
        row = self._lake.read(
            'SELECT min(start) AS first, max("end") AS last FROM observation WHERE statistic = ?',
            [statistic],
        ).row(0)
        return None if row[0] is None else (row[0], row[1])

    def _standing(self, part: _Slice) -> pl.DataFrame:
        sql = f"SELECT {_READ} FROM observation WHERE {part.where}"
        return self._lake.read(sql, part.parameters, **part.frames)

    def _known(self, part: _Slice, as_of: int) -> pl.DataFrame:
        """Return the values known at ``as_of``, with the codes of the flags known then.

        Always asks both tables: a commit may become visible at any moment.
        """
        sql = (
            f"SELECT {_READ} FROM observation WHERE {part.where} AND commit <= ? UNION ALL "
            f"SELECT {_READ} FROM history WHERE {part.where} "
            "AND commit <= ? AND superseded_commit > ?"
        )
        parameters = [*part.parameters, as_of, *part.parameters, as_of, as_of]
        rows = self._lake.read(sql, parameters, **part.frames)
        codes = self._flags.codes(rows, as_of)
        bare = rows.with_columns(pl.lit(0, dtype=pl.UInt8).alias("quality"))
        return bare.update(codes, on=["series", "start"])

    def _named(self, rows: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
        """Put site and item for the series number and the hash for the file number."""
        numbers = rows["raw"].unique().to_list()
        if not set(numbers) <= self._raw.keys():
            files = self._lake.read("SELECT raw, sha256 FROM raw_file")
            self._raw = dict(files.iter_rows())
        hashes = pl.DataFrame(
            {"raw": numbers, "raw_sha256": [self._raw[number] for number in numbers]},
            schema={"raw": pl.Int32, "raw_sha256": pl.String},
        )
        return rows.join(wanted.select("series", *KEY[:2]), on="series").join(hashes, on="raw")


def _slice(
    wanted: pl.DataFrame, statistic: str, start: datetime | None, end: datetime | None
) -> _Slice:
    parts, parameters = ["statistic = ?"], [statistic]
    bounds: list[object] = []
    if start is not None:
        parts.append("start >= ?")
        bounds.append(start)
    if end is not None:
        parts.append("start < ?")
        bounds.append(end)
    numbers = wanted["series"].to_list()
    frames: dict[str, pl.DataFrame] = {}
    if len(numbers) <= _FEW:
        parts.append(f"series IN ({', '.join(map(str, numbers)) or 'NULL'})")
    else:
        parts.append(f"series BETWEEN {min(numbers)} AND {max(numbers)}")
        parts.append("series IN (SELECT series FROM wanted)")
        frames["wanted"] = wanted.select("series")
    return _Slice(" AND ".join(parts), [*parameters, *bounds], frames)
