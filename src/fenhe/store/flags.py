"""Flags: intervals on a series, kept for ever; clearing one is a row of its own.

A flag covers the values whose start lies in ``start <= t < end``. Each value
carries the largest quality code of the flags that cover it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import polars as pl

from fenhe.base.errors import BadInput
from fenhe.quality.flags import word
from fenhe.store import schema
from fenhe.store.commits import Commit, CommitLog
from fenhe.store.lake import Lake, Session
from fenhe.store.latest import Latest
from fenhe.store.series import KEY, SeriesRegister

REQUIRED = [*KEY, "start", "end", "check", "reason"]
_STORED = list(schema.TABLES["flag"].columns)
_OPTIONAL = {"version": pl.String(), "limit": pl.String(), "quality": pl.UInt8()}
_SAME = ["series", "start", "end", "check", "limit", "reason"]
_SHOWN = ["flag", *KEY, *_STORED[2:], "cleared_commit", "cleared_by", "cleared_reason"]

# Flags as known at commit ?; parameters: commit, commit
ACTIVE = """
SELECT flag.* FROM flag WHERE flag.commit <= ? AND flag.flag NOT IN
(SELECT flag FROM flag_clear WHERE cleared_commit <= ?)
"""
_COVERING = f"""
SELECT series, start, "end", quality FROM ({ACTIVE}) WHERE start <= ? AND "end" > ?
"""
_REBUILD = f"""
SELECT o.series, o.statistic, o.start, any_value(o.quality) AS former,
       coalesce(max(f.quality), 0)::UTINYINT AS quality
FROM observation o
JOIN scope s ON o.series = s.series AND o.start >= s.start AND o.start < s."end"
LEFT JOIN ({ACTIVE}) f ON f.series = o.series AND o.start >= f.start AND o.start < f."end"
WHERE o.start >= ? AND o.start < ?
GROUP BY o.series, o.statistic, o.start
"""


class Flags:
    """Writes, clears and reads flags, and keeps the quality code of the values true."""

    def __init__(
        self, lake: Lake, commits: CommitLog, series: SeriesRegister, latest: Latest
    ) -> None:
        self._lake = lake
        self._commits = commits
        self._series = series
        self._latest = latest
        last, first, end = lake.read(
            'SELECT coalesce(max(flag), 0), min(start), max("end") AS "end" FROM flag'
        ).row(0)
        self._last = int(last)
        # The span all flags ever written lie in: values outside it need no look-up.
        self._first: datetime = first or datetime.max  # noqa: DTZ901
        self._end: datetime = end or datetime.min  # noqa: DTZ901

    def add(self, flags: pl.DataFrame, actor: str) -> list[int]:
        """Write flags in one commit and return their ids, in the order of the rows.

        Columns: site, item, statistic, start, end (naive UTC, end after start), check,
        reason; optional version, limit (text) and quality (a code; by default the one the
        vocabulary gives the check). Raises ``BadInput`` for a check that is not in the
        vocabulary, and when a column or a value is missing.
        """
        typed = checked(flags)
        if typed.is_empty():
            return []
        what = "flags: " + ", ".join(sorted(set(typed["check"].to_list())))
        with self._commits.begin(actor, what) as commit:
            rows = self._series.assign(typed, commit)
            written = self.insert(rows, commit)
            self._rebuild(rows.select("series", "start", "end"), commit)
        return written

    def insert(self, rows: pl.DataFrame, commit: Commit) -> list[int]:
        """Add rows that carry ``series`` to an open commit, without touching the values."""
        # Taken at once: a failed commit leaves a gap in the ids, never a number given twice.
        ids = list(range(self._last + 1, self._last + rows.height + 1))
        self._last += rows.height
        self._first = min(self._first, *rows["start"])
        self._end = max(self._end, *rows["end"])
        numbered = rows.with_columns(
            pl.Series("flag", ids, dtype=pl.Int64),
            pl.lit(commit.actor).alias("who"),
            pl.lit(commit.number, dtype=pl.Int64).alias("commit"),
        )
        commit.session.insert("flag", numbered.select(_STORED))
        return ids

    def tell(self, numbered: pl.DataFrame, commit: Commit) -> pl.DataFrame:
        """Add what a source itself says of its values to an open commit; return what is new.

        ``numbered``: as for ``add``, and series. A flag of the same series, interval, check,
        limit and reason is not written again, not even when a person has lifted it.
        """
        rows = checked(numbered, "series")
        before = commit.session.query(
            'SELECT f.series, f.start, f."end", f."check", f."limit", f.reason FROM flag f '
            "SEMI JOIN told t ON f.series = t.series AND f.start = t.start",
            told=rows.select("series", "start"),
        )
        new = rows.unique(_SAME, maintain_order=True, keep="first")
        new = new.join(before, on=_SAME, how="anti", nulls_equal=True, maintain_order="left")
        if not new.is_empty():
            self.insert(new, commit)
        return new

    def rebuild(self, written: pl.DataFrame, commit: Commit) -> None:
        """Set the quality code of the values that new flags cover, in their commit."""
        if not written.is_empty():
            self._rebuild(written.select("series", "start", "end"), commit)

    def clear(self, flag: int, actor: str, reason: str) -> int:
        """Lift one flag and return the commit; the flag stays readable.

        Raises ``BadInput`` when there is no such flag or it was lifted before.
        """
        with self._lake.writer:
            row = self._standing(flag)
            with self._commits.begin(actor, f"flag {flag} cleared: {reason}") as commit:
                entry = {
                    "flag": flag,
                    "cleared_commit": commit.number,
                    "cleared_by": actor,
                    "cleared_reason": reason,
                }
                commit.session.insert("flag_clear", schema.frame("flag_clear", [entry]))
                self._rebuild(row.select("series", "start", "end"), commit)
        return commit.number

    def _standing(self, flag: int) -> pl.DataFrame:
        row = self._lake.read(
            "SELECT flag.*, c.cleared_by FROM flag LEFT JOIN flag_clear c USING (flag) "
            "WHERE flag.flag = ?",
            [flag],
        )
        if row.is_empty():
            raise BadInput(f"there is no flag {flag}")
        if row["cleared_by"].item() is not None:
            raise BadInput(f"flag {flag} was cleared by {row['cleared_by'].item()} already")
        return row

    def _rebuild(self, scope: pl.DataFrame, commit: Commit) -> None:
        """Set the quality code of the values in ``scope`` from their flags, in this commit."""
        bounds = [scope["start"].min(), scope["end"].max()]
        codes = commit.session.query(
            _REBUILD, [commit.number, commit.number, *bounds], scope=scope
        ).filter(pl.col("former") != pl.col("quality"))
        if codes.is_empty():
            return
        for part in codes.partition_by("statistic"):
            commit.session.execute(
                "UPDATE observation SET quality = codes.quality FROM codes "
                "WHERE observation.statistic = ? AND observation.start BETWEEN ? AND ? "
                "AND observation.series = codes.series AND observation.start = codes.start",
                [part["statistic"].first(), part["start"].min(), part["start"].max()],
                codes=part,
            )
        commit.after(lambda: self._latest.recode(codes.select("series", "start", "quality")))

    def codes(
        self, hours: pl.DataFrame, commit: int, session: Session | None = None
    ) -> pl.DataFrame:
        """Return series, start, quality of those ``hours`` that flags cover as of ``commit``."""
        query = self._lake.read if session is None else session.query
        bounds = hours.select(pl.max("start"), pl.min("start").alias("first")).row(0)
        if hours.is_empty() or bounds[0] < self._first or bounds[1] >= self._end:
            return hours.select(
                "series", "start", pl.lit(0, dtype=pl.UInt8).alias("quality")
            ).clear()
        flags = query(_COVERING, [commit, commit, *bounds])
        flags = flags.rename({"start": "from", "end": "to"})
        covered = (pl.col("start") >= pl.col("from")) & (pl.col("start") < pl.col("to"))
        return (
            hours.select("series", "start")
            .join(flags, on="series")
            .filter(covered)
            .group_by("series", "start")
            .agg(pl.col("quality").max())
        )

    def read(
        self,
        sites: Iterable[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        as_of: int | None = None,
        *,
        cleared: bool = True,
    ) -> pl.DataFrame:
        """Return the flags that touch ``start <= t < end`` (None: open), as known at ``as_of``.

        Columns: flag, site, item, statistic, start, end, check, version, limit, reason,
        quality, who, commit, cleared_commit, cleared_by, cleared_reason (null: it stands).
        ``cleared=False`` leaves out those lifted by then.
        """
        last = self._commits.last if as_of is None else as_of
        found = self._lake.read(
            "SELECT flag.*, c.cleared_commit, c.cleared_by, c.cleared_reason FROM flag "
            "LEFT JOIN flag_clear c ON c.flag = flag.flag AND c.cleared_commit <= ? "
            "WHERE flag.commit <= ? AND flag.start < coalesce(?, TIMESTAMP 'infinity') "
            "AND flag.\"end\" > coalesce(?, TIMESTAMP '-infinity') ORDER BY flag.flag",
            [last, last, end, start],
        )
        named = found.join(self._series.find(sites), on="series", maintain_order="left")
        if not cleared:
            named = named.filter(pl.col("cleared_commit").is_null())
        return named.select(_SHOWN)


def checked(flags: pl.DataFrame, *also: str) -> pl.DataFrame:
    """Return flags with their types and qualities; ``BadInput`` names what is lacking."""
    absent = [name for name in REQUIRED if name not in flags.columns]
    if absent:
        raise BadInput(f"a flag needs the columns {', '.join(absent)}")
    given = flags.with_columns(
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in _OPTIONAL.items()
        if name not in flags.columns
    )
    checks = given["check"].unique().drop_nulls().cast(pl.String).to_list()
    meant = {check: int(word(check).quality) for check in checks}
    code = pl.col("quality").fill_null(pl.col("check").replace_strict(meant, return_dtype=pl.UInt8))
    typed = given.with_columns(
        pl.col("start", "end").cast(pl.Datetime("us")),
        pl.col("version", "limit").cast(pl.String),
        code.cast(pl.UInt8).alias("quality"),
    )
    holes = [name for name in REQUIRED if typed[name].null_count()]
    if holes:
        raise BadInput(f"a flag has no {', '.join(holes)}")
    if not (typed["end"] > typed["start"]).all():
        raise BadInput("a flag must end after it starts")
    return typed.select(*also, *REQUIRED, *_OPTIONAL)
