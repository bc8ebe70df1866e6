"""What checks found, written in one commit: flags raised and lifted, and where they looked.

A coverage row says that checks were made on a stretch of a series. A value that is covered and
carries no flag passed; one that is not covered was not checked. Checks made on the same stretch
share a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from fenhe.base.errors import BadInput
from fenhe.store import schema
from fenhe.store.commits import Commit, CommitLog
from fenhe.store.flags import Flags, checked
from fenhe.store.lake import Lake
from fenhe.store.series import KEY, SeriesRegister

COLUMNS = [*KEY, "start", "end", "check", "version"]
_STORED = list(schema.TABLES["coverage"].columns)
_TOUCHED = """
SELECT series, min(start) AS first, max(until) AS last FROM (
    SELECT series, start, start AS until FROM observation WHERE commit > ? AND commit <= ?
    UNION ALL
    SELECT series, start, "end" FROM flag WHERE commit > ? AND commit <= ? AND who <> ?
    UNION ALL
    SELECT f.series, f.start, f."end" FROM flag f JOIN flag_clear c ON c.flag = f.flag
    WHERE c.cleared_commit > ? AND c.cleared_commit <= ? AND c.cleared_by <> ?
) GROUP BY series ORDER BY series
"""
_READ = """
SELECT series, start, "end", unnest(string_split(checks, ',')) AS "check", version, commit
FROM coverage
WHERE commit <= ? AND start < coalesce(?, TIMESTAMP 'infinity')
AND "end" > coalesce(?, TIMESTAMP '-infinity')
ORDER BY series, "check", start, commit
"""
_BESIDE = """
SELECT o.series, {best}(o.start) AS start, arg_{best}(o."end", o.start) AS "end",
       arg_{best}(o.value, o.start) AS value, arg_{best}(o.quality, o.start) AS quality,
       arg_{best}(o.commit, o.start) AS commit
FROM observation o JOIN wanted w ON o.series = w.series AND o.start {side} w.moment
WHERE o.statistic = ? GROUP BY o.series
"""
_OLD = 'SELECT * FROM coverage WHERE "end" <= ?'


@dataclass(frozen=True)
class Written:
    """The commit of a round of checks and the numbers of the flags it raised."""

    commit: int
    flags: list[int]


class Coverage:
    """Writes rounds of checks and reads where checks were made."""

    def __init__(
        self, lake: Lake, commits: CommitLog, series: SeriesRegister, flags: Flags
    ) -> None:
        self._lake = lake
        self._commits = commits
        self._series = series
        self._flags = flags

    def write(
        self,
        flags: pl.DataFrame,
        coverage: pl.DataFrame,
        lifted: Sequence[int],
        actor: str,
        reason: str,
        *,
        until: int | None = None,
    ) -> Written | None:
        """Raise flags, lift others and note coverage, all in one commit; None for nothing.

        ``flags``: as for ``add_flags``. ``coverage``: site, item, statistic, start, end (naive
        UTC, end after start), check, version. ``lifted``: numbers of standing flags; those
        lifted before are left alone. ``reason``: why they are lifted. ``until``: the commit up
        to which the round has looked, kept with what it found.
        """
        raised, seen = checked(flags) if flags.height else None, _gathered(coverage)
        standing = self._standing(lifted)
        if raised is None and seen.is_empty() and standing.is_empty():
            return None
        counts = f"{flags.height} flags, {standing.height} lifted, {seen.height} stretches"
        with self._commits.begin(actor, f"checks: {counts}") as commit:
            rows = [seen.select(KEY), *([] if raised is None else [raised.select(KEY)])]
            numbers = self._series.assign(pl.concat(rows).unique(maintain_order=True), commit)
            ids, scope = self._raise(raised, numbers, commit)
            scope += self._lift(standing, commit, reason)
            if scope:
                self._flags.rebuild(pl.concat(scope), commit)
            self._note(seen, numbers, commit)
            if until is not None:
                row = {"actor": actor, "until": until, "commit": commit.number}
                commit.session.insert("check_round", schema.frame("check_round", [row]))
        return Written(commit.number, ids)

    def _raise(
        self, raised: pl.DataFrame | None, numbers: pl.DataFrame, commit: Commit
    ) -> tuple[list[int], list[pl.DataFrame]]:
        if raised is None:
            return [], []
        rows = raised.join(numbers, on=KEY, maintain_order="left")
        return self._flags.insert(rows, commit), [rows.select("series", "start", "end")]

    def _lift(self, standing: pl.DataFrame, commit: Commit, reason: str) -> list[pl.DataFrame]:
        if standing.is_empty():
            return []
        rows = standing.select(
            "flag",
            pl.lit(commit.number, dtype=pl.Int64).alias("cleared_commit"),
            pl.lit(commit.actor).alias("cleared_by"),
            pl.lit(reason).alias("cleared_reason"),
        )
        commit.session.insert("flag_clear", rows)
        return [standing.select("series", "start", "end")]

    def _note(self, seen: pl.DataFrame, numbers: pl.DataFrame, commit: Commit) -> None:
        rows = seen.join(numbers, on=KEY).with_columns(
            pl.lit(commit.number, dtype=pl.Int64).alias("commit")
        )
        commit.session.insert("coverage", rows.select(_STORED))

    def _standing(self, lifted: Sequence[int]) -> pl.DataFrame:
        wanted = pl.DataFrame({"flag": lifted}, schema={"flag": pl.Int64})
        return self._lake.read(
            'SELECT flag, series, start, "end" FROM flag WHERE flag IN (SELECT flag FROM wanted) '
            "AND flag NOT IN (SELECT flag FROM flag_clear)",
            wanted=wanted,
        )

    def read(
        self,
        sites: Iterable[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        as_of: int | None = None,
    ) -> pl.DataFrame:
        """Return where checks were made in ``start <= t < end``, as known at ``as_of``.

        Columns: site, item, statistic, start, end, check, version, commit; one row a check.
        """
        last = self._commits.last if as_of is None else as_of
        found = self._lake.read(_READ, [last, end, start])
        named = found.join(self._series.find(sites), on="series", maintain_order="left")
        return named.select(*COLUMNS, "commit")

    def touched(self, after: int, until: int, actor: str) -> pl.DataFrame:
        """Return the series whose values or flags changed by the commits ``after < n <= until``.

        Columns: series, site, item, statistic, first, last (naive UTC: the span that changed).
        Flags raised or lifted by ``actor`` do not count.
        """
        spans = self._lake.read(_TOUCHED, [after, until, *[after, until, actor] * 2])
        return spans.join(self._series.frame, on="series").select("series", *KEY, "first", "last")

    def until(self, actor: str) -> int:
        """Return the commit up to which a checker has looked in a round that found something."""
        found = self._lake.read(
            "SELECT coalesce(max(until), 0) AS until FROM check_round WHERE actor = ?", [actor]
        )
        return int(found["until"].item())

    def beside(self, wanted: pl.DataFrame, statistic: str, *, after: bool) -> pl.DataFrame:
        """Return the value next to a moment of each series, the one before it or after it.

        ``wanted``: series and moment (naive UTC), all of one statistic. Columns: series, start,
        end, value, quality, commit; a series without such a value has no row.
        """
        best, side = ("min", ">") if after else ("max", "<")
        frame = wanted.select("series", "moment")
        return self._lake.read(_BESIDE.format(best=best, side=side), [statistic], wanted=frame)

    def compact(self, before: datetime) -> int:
        """Join rows that touch and tell of the same checks, of stretches over by ``before``.

        The joined row belongs to the newest commit of its parts. Returns how many rows went.
        """
        with self._lake.writer:
            old = self._lake.read(_OLD, [before])
            joined = _joined(old)
            if joined.height == old.height:
                return 0
            what = f"coverage: {old.height} rows joined to {joined.height}"
            with self._commits.begin("fenhe", what) as commit:
                commit.session.execute('DELETE FROM coverage WHERE "end" <= ?', [before])
                commit.session.insert("coverage", joined.select(_STORED))
        return old.height - joined.height


def _gathered(coverage: pl.DataFrame) -> pl.DataFrame:
    """Return one row a stretch with all checks that were made on it."""
    if coverage.is_empty():
        kinds = dict.fromkeys([*KEY, "checks", "version"], pl.String())
        return pl.DataFrame(schema={**kinds, "start": pl.Datetime("us"), "end": pl.Datetime("us")})
    absent = [name for name in COLUMNS if name not in coverage.columns]
    if absent:
        raise BadInput(f"coverage needs the columns {', '.join(absent)}")
    if not (coverage["end"] > coverage["start"]).all():
        raise BadInput("a stretch that was checked must end after it starts")
    return coverage.group_by(*KEY, "start", "end", "version").agg(
        pl.col("check").unique().sort().str.join(",").alias("checks")
    )


def _joined(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with those joined that overlap or touch and tell of the same checks."""
    same = ["series", "checks", "version"]
    reached = pl.col("end").cum_max().shift().over(same)
    ordered = rows.sort(*same, "start", "end").with_columns(
        (pl.col("start") > reached).fill_null(False).cum_sum().over(same).alias("part")
    )
    return ordered.group_by(*same, "part", maintain_order=True).agg(
        pl.col("start").first(), pl.col("end").max(), pl.col("commit").max()
    )
