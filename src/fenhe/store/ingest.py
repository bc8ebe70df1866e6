"""Writing one batch: which values stand, which become history, what is flagged and refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import polars as pl

from fenhe.quality.flags import Quality
from fenhe.store import classify
from fenhe.store.commits import Commit, CommitLog
from fenhe.store.flags import Flags
from fenhe.store.lake import Lake
from fenhe.store.latest import Latest
from fenhe.store.receipts import Receipt
from fenhe.store.series import SeriesRegister

if TYPE_CHECKING:
    from fenhe.store.imports import Load

_ROW = ["series", "start", "end", "value", "decimals", "raw_row"]
_NOT_CHECKED = pl.lit(int(Quality.NOT_CHECKED), dtype=pl.UInt8).alias("quality")
_STANDING = """
SELECT o.* FROM observation o SEMI JOIN hours h ON o.series = h.series AND o.start = h.start
WHERE o.statistic = ? AND o.start BETWEEN ? AND ? AND o.series BETWEEN ? AND ?
"""
_TOLD_BEFORE = """
SELECT o.series, o.start, o."end", o.value
FROM history o SEMI JOIN hours h ON o.series = h.series AND o.start = h.start
WHERE o.statistic = ? AND o.start BETWEEN ? AND ? AND o.series BETWEEN ? AND ?
AND o.raw = ? AND o.commit < ?
"""
_DELETE = """
DELETE FROM observation USING gone
WHERE observation.statistic = ? AND observation.start BETWEEN ? AND ?
AND observation.series = gone.series AND observation.start = gone.start
"""


@dataclass(frozen=True)
class Parts:
    """The pieces of the store an import works with."""

    lake: Lake
    commits: CommitLog
    series: SeriesRegister
    flags: Flags
    latest: Latest
    # imports being written in this process; a dropped one frees its place by itself
    live: WeakValueDictionary[int, Load]


@dataclass(frozen=True)
class Job:
    """An import as the tables know it; ``opened`` is the commit that began it.

    ``first``: no import before this one has told of the same bytes, or they are told anew.
    ``stream``: it is a segment of a raw log, told bit by bit.
    """

    number: int
    feed: str
    raw: int
    opened: int
    first: bool
    stream: bool = False


class Writer:
    """Puts the rows of one import into an open commit and counts what the lake wrote."""

    def __init__(self, parts: Parts, job: Job) -> None:
        self._parts = parts
        self._job = job
        self.told: list[pl.Series] = []  # file rows of which a value was stored, since emptied

    def values(self, rows: pl.DataFrame, commit: Commit) -> Receipt:
        """Write the values of one statistic; the counts are of rows the lake says it wrote."""
        statistic = str(rows["statistic"].first())
        standing = commit.session.query(
            _STANDING, _bounds(rows, statistic), hours=rows.select(classify.HOUR)
        )
        beside = classify.against(rows, standing)
        told = self._told_before(beside, statistic, commit)
        outcome = classify.classify(
            beside, told, self._job.raw, self._job.opened, stream=self._job.stream
        )
        self.told += [outcome.current["raw_row"], outcome.passed["raw_row"]]
        self._supersede(_former(standing, outcome.replaced), statistic, commit)
        written = self._stand(outcome, statistic, commit)
        written += self._pass(outcome.passed, statistic, commit)
        self._flag(outcome.conflicts, commit)
        return Receipt(
            self._job.number,
            self._job.feed,
            stored=written,
            corrected=outcome.corrected,
            duplicate=outcome.duplicate,
            commit=commit.number,
        )

    def _told_before(self, beside: pl.DataFrame, statistic: str, commit: Commit) -> pl.DataFrame:
        hours = beside.clear() if self._job.first else classify.doubtful(beside)
        if hours.is_empty():
            return pl.DataFrame()
        parameters = [*_bounds(hours, statistic), self._job.raw, self._job.opened]
        return commit.session.query(_TOLD_BEFORE, parameters, hours=hours)

    def _supersede(self, replaced: pl.DataFrame, statistic: str, commit: Commit) -> None:
        if replaced.is_empty():
            return
        former = replaced.drop("statistic")
        commit.session.insert("history", former, statistic=statistic, **_superseded(commit))
        bounds = _bounds(replaced, statistic)[:3]
        commit.session.execute(_DELETE, bounds, gone=replaced.select(classify.HOUR))

    def _stand(self, outcome: classify.Classified, statistic: str, commit: Commit) -> int:
        """Write the standing rows with the code of the flags that cover them already."""
        rows = outcome.current.select(*_ROW, _NOT_CHECKED)
        if rows.is_empty():
            return 0
        repeated = outcome.conflicts.select(
            *classify.HOUR, pl.lit(int(Quality.ANNOTATED), dtype=pl.UInt8).alias("quality")
        )
        covered = self._parts.flags.codes(rows, commit.number, commit.session)
        codes = pl.concat([covered, repeated]).group_by(classify.HOUR).agg(pl.col("quality").max())
        if not codes.is_empty():
            rows = rows.update(codes, on=classify.HOUR)
        commit.after(lambda: self._parts.latest.follow(rows))
        return commit.session.insert("observation", rows, **self._origin(statistic, commit))

    def _pass(self, passed: pl.DataFrame, statistic: str, commit: Commit) -> int:
        """Write the rows that a later row of the same batch replaced straight into history."""
        rows = passed.select(*_ROW, _NOT_CHECKED)
        same = self._origin(statistic, commit) | _superseded(commit)
        return commit.session.insert("history", rows, **same)

    def _origin(self, statistic: str, commit: Commit) -> dict[str, object]:
        return {"statistic": statistic, "commit": commit.number, "raw": self._job.raw}

    def _flag(self, conflicts: pl.DataFrame, commit: Commit) -> None:
        if conflicts.is_empty():
            return
        instant = pl.col("start") + timedelta(microseconds=1)
        flags = conflicts.with_columns(
            pl.max_horizontal("end", instant).alias("end"),
            pl.lit(classify.REPEATED_HOUR).alias("check"),
            pl.lit(None, dtype=pl.String).alias("version"),
            pl.lit(classify.RULE).alias("limit"),
            pl.lit(int(Quality.ANNOTATED), dtype=pl.UInt8).alias("quality"),
        )
        self._parts.flags.insert(flags, commit)

    def frames(self, frames: pl.DataFrame | None, batch: int, commit: Commit) -> None:
        """Count the frames of a batch by hour: refused, told before with every value, accepted.

        Call it after the values. A frame without values is accepted.
        """
        told, self.told = self.told, []
        if frames is None:
            return
        new = pl.concat(told) if told else pl.Series("raw_row", [], pl.Int64)
        known = pl.col("values") & ~pl.col("raw_row").is_in(new.implode()) & ~pl.col("refused")
        counts = frames.group_by("hour", maintain_order=True).agg(
            received=pl.len().cast(pl.Int64),
            accepted=(~known & ~pl.col("refused")).sum().cast(pl.Int64),
            duplicate=known.sum().cast(pl.Int64),
            rejected=pl.col("refused").sum().cast(pl.Int64),
        )
        same = {"import": self._job.number, "batch": batch, "feed": self._job.feed}
        commit.session.insert("frame_receipt", counts, **same, commit=commit.number)

    def mended(self, cells: pl.DataFrame | None, commit: Commit) -> None:
        """Note which cells of the quarantine are taken up by this import."""
        if cells is not None:
            rows = cells.select("raw_row", pl.col("raw_column").alias("column"))
            same = {"import": self._job.number, "raw": self._job.raw, "commit": commit.number}
            commit.session.insert("mended", rows, **same)

    def quarantine(self, refused: pl.DataFrame, commit: Commit) -> Receipt:
        """Keep the rejected cells with their text and reason."""
        rows = refused.rename({"raw_column": "column"}).with_columns(
            pl.lit(self._job.number, dtype=pl.Int64).alias("import"),
            pl.lit(commit.number, dtype=pl.Int64).alias("commit"),
        )
        kept = commit.session.insert("quarantine", rows)
        return Receipt(self._job.number, self._job.feed, rejected=kept, commit=commit.number)


def _former(standing: pl.DataFrame, replaced: pl.DataFrame) -> pl.DataFrame:
    """Return the standing rows of the replaced hours; every one of those has a row."""
    if replaced.height == standing.height:
        return standing
    return standing.join(replaced, on=classify.HOUR)


def _superseded(commit: Commit) -> dict[str, object]:
    return {
        "superseded_commit": commit.number,
        "superseded_at": commit.known_at,
        "actor": commit.actor,
    }


def _bounds(rows: pl.DataFrame, statistic: str) -> list[object]:
    """Return the constants that let the lake skip files and row groups."""
    start, series = rows["start"], rows["series"]
    return [statistic, start.min(), start.max(), series.min(), series.max()]
