"""An import: batches of one file become values, history, flags and receipts, once each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from fenhe.base.errors import BadInput
from fenhe.quality.flags import Quality
from fenhe.store import classify, receipts, schema
from fenhe.store.commits import Commit, CommitLog
from fenhe.store.flags import Flags
from fenhe.store.lake import Lake
from fenhe.store.latest import Latest
from fenhe.store.raw import RawFile
from fenhe.store.receipts import Receipt
from fenhe.store.series import SeriesRegister

_TYPES: dict[str, pl.DataType] = {
    "site": pl.String(),
    "item": pl.String(),
    "statistic": pl.String(),
    "start": pl.Datetime("us"),
    "end": pl.Datetime("us"),
    "value": pl.Float64(),
    "decimals": pl.UInt8(),
    "raw_row": pl.Int64(),
}
_REJECTED: dict[str, pl.DataType] = {
    "raw_row": pl.Int64(),
    "raw_column": pl.String(),
    "text": pl.String(),
    "reason": pl.String(),
}
_OBSERVATION = list(schema.TABLES["observation"].columns)
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


class Load:
    """One import under way.

    An import that was cut short goes on under its own number: rows up to
    ``resume_row`` were committed before and are not counted a second time.
    """

    def __init__(
        self, parts: Parts, so_far: Receipt, raw: int, batch: int, actor: str, opened: int
    ) -> None:
        self._parts = parts
        self._raw = raw
        self._batch = batch
        self._actor = actor
        self._opened = opened
        self._total = so_far
        self.import_id = so_far.import_id
        self.feed = so_far.feed
        self.resume_row = so_far.last_row

    @property
    def total(self) -> Receipt:
        """Return the counts of the whole import so far."""
        return self._total

    def write(self, observations: pl.DataFrame, rejected: pl.DataFrame, received: int) -> Receipt:
        """Store one batch in one transaction and return its receipt.

        A batch holds every value of its file rows, and batches come in file order.
        ``observations``: site, item, statistic, start, end (naive UTC), value, decimals,
        raw_row. ``rejected``: raw_row, raw_column, text, reason. ``received``: how many
        values the batch held. Raises ``BadInput`` for a missing or empty column,
        ``ReceiptUnbalanced`` when a value is unaccounted for; then nothing is kept.
        """
        if self._total.closed:
            raise BadInput(f"import {self.import_id} is closed")
        found = _typed(observations, _TYPES, "observations")
        refused = _typed(rejected, _REJECTED, "rejected", may_be_empty=True)
        Receipt(
            self.import_id,
            self.feed,
            received=received,
            stored=found.height,
            rejected=refused.height,
        ).check()
        found, refused = self._not_yet(found), self._not_yet(refused)
        if found.is_empty() and refused.is_empty():
            return Receipt(self.import_id, self.feed, last_row=self._total.last_row)
        self._refuse_disorder(found, refused)
        return self._commit(found, refused)

    def finish(self) -> Receipt:
        """Close the import and return its receipt; the file can be imported again later."""
        if self._total.closed:
            return self._total
        with self._parts.commits.begin(self._actor, f"import {self.import_id} closed") as commit:
            closing = Receipt(
                self.import_id,
                self.feed,
                last_row=self._total.last_row,
                closed=True,
                commit=commit.number,
            )
            receipts.write(closing, self._batch, commit)
        self._total = self._total.plus(closing)
        return self._total

    def _not_yet(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.filter(pl.col("raw_row") > self.resume_row) if self.resume_row else rows

    def _refuse_disorder(self, found: pl.DataFrame, refused: pl.DataFrame) -> None:
        first, _ = _span(found, refused)
        if first <= self._total.last_row:
            raise BadInput(
                f"row {first} comes after row {self._total.last_row} of import {self.import_id}; "
                "batches must come in file order"
            )

    def _commit(self, found: pl.DataFrame, refused: pl.DataFrame) -> Receipt:
        what = f"import {self.import_id}, {self.feed}: batch {self._batch}"
        with self._parts.commits.begin(self._actor, what) as commit:
            numbered = self._parts.series.assign(found, commit)
            receipt = Receipt(self.import_id, self.feed, commit=commit.number)
            for part in numbered.partition_by("statistic"):
                receipt = receipt.plus(self._store(part, commit))
            receipt = receipt.plus(self._quarantine(refused, commit))
            place = Receipt(
                self.import_id,
                self.feed,
                last_row=_span(found, refused)[1],
                received=found.height + refused.height,
                commit=commit.number,
            )
            receipt = receipt.plus(place)
            receipts.write(receipt, self._batch, commit)
        self._batch += 1
        self._total = self._total.plus(receipt)
        return receipt

    def _store(self, rows: pl.DataFrame, commit: Commit) -> Receipt:
        """Write the values of one statistic; the counts are of rows the lake says it wrote."""
        statistic = str(rows["statistic"].first())
        standing = commit.session.query(
            _STANDING, _bounds(rows, statistic), hours=rows.select(classify.HOUR)
        )
        beside = classify.against(rows, standing)
        told = self._told_before(beside, statistic, commit)
        outcome = classify.classify(beside, told, self._raw, self._opened)
        replaced = standing.join(outcome.replaced, on=classify.HOUR)
        self._supersede(replaced, statistic, commit)
        written = commit.session.insert("observation", self._with_quality(outcome, commit))
        written += self._to_history(self._stamped(outcome.passed, commit), commit)
        self._flag(outcome.conflicts, statistic, commit)
        return Receipt(
            self.import_id,
            self.feed,
            stored=written,
            corrected=outcome.corrected,
            duplicate=outcome.duplicate,
            commit=commit.number,
        )

    def _told_before(self, beside: pl.DataFrame, statistic: str, commit: Commit) -> pl.DataFrame:
        hours = classify.doubtful(beside)
        if hours.is_empty():
            return pl.DataFrame()
        parameters = [*_bounds(hours, statistic), self._raw, self._opened]
        return commit.session.query(_TOLD_BEFORE, parameters, hours=hours)

    def _supersede(self, replaced: pl.DataFrame, statistic: str, commit: Commit) -> None:
        if replaced.is_empty():
            return
        self._to_history(replaced, commit)
        bounds = _bounds(replaced, statistic)[:3]
        commit.session.execute(_DELETE, bounds, gone=replaced.select(classify.HOUR))

    def _to_history(self, rows: pl.DataFrame, commit: Commit) -> int:
        former = rows.select(_OBSERVATION).with_columns(
            pl.lit(commit.number, dtype=pl.Int64).alias("superseded_commit"),
            pl.lit(commit.known_at, dtype=pl.Datetime("us")).alias("superseded_at"),
            pl.lit(commit.actor).alias("actor"),
        )
        return commit.session.insert("history", former)

    def _stamped(self, rows: pl.DataFrame, commit: Commit) -> pl.DataFrame:
        return rows.with_columns(
            pl.lit(int(Quality.NOT_CHECKED), dtype=pl.UInt8).alias("quality"),
            pl.lit(commit.number, dtype=pl.Int64).alias("commit"),
            pl.lit(self._raw, dtype=pl.Int32).alias("raw"),
        ).select(_OBSERVATION)

    def _with_quality(self, outcome: classify.Classified, commit: Commit) -> pl.DataFrame:
        """Return the standing rows with the code of the flags that cover them already."""
        rows = self._stamped(outcome.current, commit)
        if rows.is_empty():
            return rows
        repeated = outcome.conflicts.select(
            *classify.HOUR, pl.lit(int(Quality.ANNOTATED), dtype=pl.UInt8).alias("quality")
        )
        covered = self._parts.flags.codes(rows, commit.number, commit.session)
        codes = pl.concat([covered, repeated]).group_by(classify.HOUR).agg(pl.col("quality").max())
        if not codes.is_empty():
            rows = rows.update(codes, on=classify.HOUR)
        commit.after(lambda: self._parts.latest.follow(rows))
        return rows

    def _flag(self, conflicts: pl.DataFrame, statistic: str, commit: Commit) -> None:
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

    def _quarantine(self, refused: pl.DataFrame, commit: Commit) -> Receipt:
        rows = refused.rename({"raw_column": "column"}).with_columns(
            pl.lit(self.import_id, dtype=pl.Int64).alias("import"),
            pl.lit(commit.number, dtype=pl.Int64).alias("commit"),
        )
        kept = commit.session.insert("quarantine", rows)
        return Receipt(self.import_id, self.feed, rejected=kept, commit=commit.number)


def begin(parts: Parts, feed: str, file: RawFile, actor: str) -> Load:
    """Open an import of a kept file, or take up the one that was cut short."""
    with parts.lake.writer:
        unfinished = parts.lake.read(
            'SELECT i."import", i.raw, i.commit, '
            "max(r.last_row) AS last_row, count(r.batch)::INTEGER AS batches, "
            + ", ".join(
                f"coalesce(sum(r.{name}), 0)::BIGINT AS {name}"
                for name in ("received", "stored", "corrected", "duplicate", "rejected")
            )
            + ' FROM import_log i JOIN raw_file f USING (raw) LEFT JOIN receipt r USING ("import") '
            "WHERE i.feed = ? AND f.sha256 = ? "
            'GROUP BY i."import", i.raw, i.commit HAVING NOT coalesce(bool_or(r.closed), false) '
            'ORDER BY i."import" LIMIT 1',
            [feed, file.sha256],
        )
        if not unfinished.is_empty():
            row = unfinished.row(0, named=True)
            counts = {name: row[name] for name in ("received", "stored", "corrected")}
            counts |= {name: row[name] for name in ("duplicate", "rejected")}
            so_far = Receipt(row["import"], feed, last_row=row["last_row"] or 0, **counts)
            return Load(parts, so_far, row["raw"], row["batches"] + 1, actor, row["commit"])
        return _open(parts, feed, file, actor)


def _open(parts: Parts, feed: str, file: RawFile, actor: str) -> Load:
    with parts.commits.begin(actor, f"import of {file.name} by {feed} begun") as commit:
        known = commit.session.query("SELECT raw FROM raw_file WHERE sha256 = ?", [file.sha256])
        top = commit.session.query(
            "SELECT (SELECT coalesce(max(raw), 0) FROM raw_file) AS raw, "
            '(SELECT coalesce(max("import"), 0) FROM import_log) AS "import"'
        ).row(0, named=True)
        raw = top["raw"] + 1 if known.is_empty() else known["raw"].item()
        if known.is_empty():
            kept = {"raw": raw, "sha256": file.sha256, "size": file.size, "name": file.name}
            entry = schema.frame("raw_file", [kept | {"commit": commit.number}])
            commit.session.insert("raw_file", entry)
        row = {"import": top["import"] + 1, "feed": feed, "raw": raw, "name": file.name}
        row |= {"actor": actor, "commit": commit.number}
        commit.session.insert("import_log", schema.frame("import_log", [row]))
    return Load(parts, Receipt(row["import"], feed), raw, 1, actor, commit.number)


def _span(found: pl.DataFrame, refused: pl.DataFrame) -> tuple[int, int]:
    """Return the first and the last file row of a batch that is not empty."""
    rows = pl.concat([found.select("raw_row"), refused.select("raw_row")])
    first, last = rows.select(pl.min("raw_row"), pl.max("raw_row").alias("last")).row(0)
    return int(first), int(last)


def _bounds(rows: pl.DataFrame, statistic: str) -> list[object]:
    """Return the constants that let the lake skip files and row groups."""
    start, series = rows["start"], rows["series"]
    return [statistic, start.min(), start.max(), series.min(), series.max()]


def _typed(
    rows: pl.DataFrame, types: dict[str, pl.DataType], what: str, *, may_be_empty: bool = False
) -> pl.DataFrame:
    absent = [name for name in types if name not in rows.columns]
    if absent and not (rows.is_empty() and not rows.columns):
        raise BadInput(f"{what} need the columns {', '.join(absent)}")
    if absent:
        return pl.DataFrame(schema=types)
    typed = rows.select(pl.col(name).cast(kind) for name, kind in types.items())
    needed = ["raw_row"] if may_be_empty else list(types)
    holes = [name for name in needed if typed[name].null_count()]
    if holes:
        raise BadInput(f"{what} have empty {', '.join(holes)}; a missing value is no value")
    if "value" in types and not typed["value"].is_finite().all():
        raise BadInput(f"{what} hold values that are not numbers; a missing value is no value")
    return typed
