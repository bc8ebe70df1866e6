"""An import: batches of one file become values, history, flags and receipts, once each."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import polars as pl

from fenhe.base.errors import BadInput
from fenhe.store import receipts, schema, tally
from fenhe.store.commits import Commit
from fenhe.store.ingest import Job, Parts, Writer
from fenhe.store.raw import RawFile
from fenhe.store.receipts import Receipt
from fenhe.store.series import KEY

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
_COUNTS = ("received", "stored", "corrected", "duplicate", "rejected")
_SUMS = ", ".join(f"coalesce(sum(r.{name}), 0)::BIGINT AS {name}" for name in _COUNTS)
_UNFINISHED = f"""
SELECT i."import", i.raw, i.commit, coalesce(max(r.last_row), 0) AS last_row,
       NOT EXISTS (FROM import_log e WHERE e.raw = i.raw AND e."import" < i."import") AS first,
       count(r.batch)::INTEGER AS batches, {_SUMS}
FROM import_log i JOIN raw_file f USING (raw) LEFT JOIN receipt r USING ("import")
WHERE i.feed = ? AND f.sha256 = ?
GROUP BY i."import", i.raw, i.commit HAVING NOT coalesce(bool_or(r.closed), false)
ORDER BY i."import" LIMIT 1
"""
_NUMBERS = """
SELECT (SELECT coalesce(max(raw), 0) FROM raw_file) AS raw,
       (SELECT coalesce(max("import"), 0) FROM import_log) AS "import",
       (SELECT any_value(raw) FROM raw_file WHERE sha256 = ?) AS known
"""


class Load:
    """One import under way; also a context manager, which lets go of it when left.

    An import that was cut short goes on under its own number: rows up to
    ``resume_row`` were committed before and are not counted a second time.
    """

    def __init__(self, parts: Parts, job: Job, actor: str, so_far: Receipt, batch: int) -> None:
        self._parts = parts
        self._writer = Writer(parts, job)
        self._actor = actor
        self._total = so_far
        self._batch = batch
        self._released = False
        self.import_id = job.number
        self.feed = job.feed
        self.resume_row = so_far.last_row

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let another caller take this import up; without ``finish`` it stays unfinished."""
        self._released = True
        self._parts.live.pop(self.import_id, None)

    @property
    def total(self) -> Receipt:
        """Return the counts of the whole import so far."""
        return self._total

    def write(
        self,
        observations: pl.DataFrame,
        rejected: pl.DataFrame,
        received: int,
        *,
        flags: pl.DataFrame | None = None,
        upto: int | None = None,
        frames: pl.DataFrame | None = None,
        mended: pl.DataFrame | None = None,
    ) -> Receipt:
        """Store one batch in one transaction and return its receipt.

        A batch holds every value of its file rows, and batches come in file order.
        ``observations``: site, item, statistic, start, end (naive UTC), value, decimals,
        raw_row. ``rejected``: raw_row, raw_column, text, reason. ``received``: how many
        values the batch held. ``flags``: those the source itself gave, as for ``add_flags`` and
        with raw_row. ``upto``: the last file row looked at, where rows after the last value hold
        none; the position moves there with the values. ``frames``: what came in a stream, one row
        a frame (raw_row, hour, values, refused); ``mended``: cells of the quarantine taken up here
        (raw_row, raw_column). Observations may have ``told``: the commit at which such a cell
        came in first; what is known since then stands. Raises ``BadInput`` for a missing or
        empty column, ``ReceiptUnbalanced`` when a value is unaccounted for; then nothing is kept.
        """
        self._refuse_if_left()
        found = _typed(observations, _TYPES | _told(observations), "observations")
        refused = _typed(rejected, _REJECTED, "rejected", may_be_empty=True)
        self._receipt(received=received, stored=found.height, rejected=refused.height).check()
        batch = _Batch(
            self._not_yet(found),
            self._not_yet(refused),
            self._beside(flags),
            self._beside(frames),
            self._beside(mended),
            upto or 0,
        )
        if batch.is_empty():
            return self._receipt(last_row=self._total.last_row)
        self._refuse_disorder(batch.found, batch.refused)
        return self._commit(batch)

    def _beside(self, rows: pl.DataFrame | None) -> pl.DataFrame | None:
        """Return what goes with the values, of rows not yet committed; None without any."""
        if rows is None or rows.is_empty():
            return None
        left = self._not_yet(_with_rows(rows))
        return None if left.is_empty() else left

    def finish(self) -> Receipt:
        """Close the import and return its receipt; the file can be imported again later."""
        if self._total.closed:
            return self._total
        self._refuse_if_left()
        with self._parts.commits.begin(self._actor, f"import {self.import_id} closed") as commit:
            closing = self._receipt(
                last_row=self._total.last_row, closed=True, commit=commit.number
            )
            receipts.write(closing, self._batch, commit)
        self._total = self._total.plus(closing)
        self.release()
        return self._total

    def _receipt(self, **counts: Any) -> Receipt:
        return Receipt(self.import_id, self.feed, **counts)

    def _refuse_if_left(self) -> None:
        if self._total.closed or self._released:
            state = "closed" if self._total.closed else "no longer held by this caller"
            raise BadInput(f"import {self.import_id} is {state}")

    def _not_yet(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.filter(pl.col("raw_row") > self.resume_row) if self.resume_row else rows

    def _refuse_disorder(self, found: pl.DataFrame, refused: pl.DataFrame) -> None:
        if found.is_empty() and refused.is_empty():
            return
        first, _ = _span(found, refused)
        if first <= self._total.last_row:
            raise BadInput(
                f"row {first} comes after row {self._total.last_row} of import {self.import_id}; "
                "batches must come in file order"
            )

    def _numbers(
        self, found: pl.DataFrame, flags: pl.DataFrame | None, commit: Commit
    ) -> pl.DataFrame:
        """Return the series of all rows with their numbers; new ones belong to the commit."""
        parts = [found] if flags is None else [found, flags]
        keys = pl.concat([part.select(KEY) for part in parts]).unique(maintain_order=True)
        return self._parts.series.assign(keys, commit)

    def _commit(self, batch: _Batch) -> Receipt:
        what = f"import {self.import_id}, {self.feed}: batch {self._batch}"
        with self._parts.commits.begin(self._actor, what) as commit:
            receipt = self._receipt(
                received=batch.found.height + batch.refused.height,
                last_row=max(self._total.last_row, batch.last_row),
                commit=commit.number,
            )
            receipt = receipt.plus(self._values(batch, commit))
            receipt = receipt.plus(self._writer.quarantine(batch.refused, commit))
            self._writer.frames(batch.frames, self._batch, commit)
            self._writer.mended(batch.mended, commit)
            receipts.write(receipt, self._batch, commit)
        tally.add(receipt)
        self._batch += 1
        self._total = self._total.plus(receipt)
        return receipt

    def _values(self, batch: _Batch, commit: Commit) -> Receipt:
        receipt, told = self._receipt(commit=commit.number), None
        numbers = self._numbers(batch.found, batch.flags, commit)
        if batch.flags is not None:  # first: values take the code of the flags that cover them
            told = self._parts.flags.tell(_numbered(batch.flags, numbers), commit)
        for part in _numbered(batch.found, numbers).partition_by("statistic"):
            receipt = receipt.plus(self._writer.values(part, commit))
        if told is not None:
            self._parts.flags.rebuild(told, commit)
        return receipt


@dataclass(frozen=True)
class _Batch:
    """What one transaction writes."""

    found: pl.DataFrame
    refused: pl.DataFrame
    flags: pl.DataFrame | None
    frames: pl.DataFrame | None
    mended: pl.DataFrame | None
    upto: int

    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        beside = (self.flags, self.frames, self.mended)
        return not (self.found.height or self.refused.height or any(p is not None for p in beside))

    @property
    def last_row(self) -> int:
        """The last file row looked at."""
        parts = (self.found, self.refused, self.flags, self.frames, self.mended)
        return max(self.upto, *_rows(*parts), 0)


def _told(observations: pl.DataFrame) -> dict[str, pl.DataType]:
    return {"told": pl.Int64()} if "told" in observations.columns else {}


def _numbered(rows: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    return rows.join(numbers, on=KEY, how="left", maintain_order="left")


def begin(parts: Parts, feed: str, file: RawFile, actor: str, *, anew: bool = False) -> Load:
    """Open an import of a kept file, or take up the one that was cut short.

    ``anew``: what earlier imports of these bytes told is told again on purpose. Raises
    ``BadInput`` when that one is still being written by somebody.
    """
    with parts.lake.writer:
        found = parts.lake.read(_UNFINISHED, [feed, file.sha256])
        load = (
            _open(parts, feed, file, actor, anew=anew)
            if found.is_empty()
            else _resume(parts, feed, file, actor, found.row(0, named=True), anew=anew)
        )
        parts.live[load.import_id] = load
    return load


def _resume(
    parts: Parts, feed: str, file: RawFile, actor: str, row: dict[str, Any], *, anew: bool
) -> Load:
    if row["import"] in parts.live:
        raise BadInput(f"import {row['import']} of the same file by {feed} is under way")
    counts = {name: row[name] for name in (*_COUNTS, "last_row")}
    first = row["first"] or anew
    job = Job(row["import"], feed, row["raw"], row["commit"], first, is_stream(file))
    return Load(parts, job, actor, Receipt(job.number, feed, **counts), row["batches"] + 1)


def _open(parts: Parts, feed: str, file: RawFile, actor: str, *, anew: bool) -> Load:
    with parts.commits.begin(actor, f"import of {file.name} by {feed} begun") as commit:
        top = commit.session.query(_NUMBERS, [file.sha256]).row(0, named=True)
        raw = top["known"] or top["raw"] + 1
        if top["known"] is None:
            kept = {"raw": raw, "sha256": file.sha256, "size": file.size, "name": file.name}
            entry = schema.frame("raw_file", [kept | {"commit": commit.number}])
            commit.session.insert("raw_file", entry)
        number = top["import"] + 1
        row = {"import": number, "feed": feed, "raw": raw, "name": file.name}
        row |= {"actor": actor, "commit": commit.number}
        commit.session.insert("import_log", schema.frame("import_log", [row]))
    first = top["known"] is None or anew
    job = Job(number, feed, raw, commit.number, first, is_stream(file))
    return Load(parts, job, actor, Receipt(number, feed), batch=1)


def is_stream(file: RawFile) -> bool:
    """Say whether a kept file is a segment of a raw log."""
    return file.name.startswith("stream/")


def _span(found: pl.DataFrame, refused: pl.DataFrame) -> tuple[int, int]:
    """Return the first and the last file row of a batch that is not empty."""
    rows = pl.concat([found.select("raw_row"), refused.select("raw_row")])
    first, last = rows.select(pl.min("raw_row"), pl.max("raw_row").alias("last")).row(0)
    return int(first), int(last)


def _rows(*frames: pl.DataFrame | None) -> list[int]:
    """Return the last file row of each frame that has one."""
    return [int(frame["raw_row"].max()) for frame in frames if frame is not None and len(frame)]  # type: ignore[arg-type]


def _with_rows(rows: pl.DataFrame) -> pl.DataFrame:
    if "raw_row" not in rows.columns or rows["raw_row"].null_count():
        raise BadInput("what goes with the values needs the column raw_row, never empty")
    return rows.with_columns(pl.col("raw_row").cast(pl.Int64))


def _typed(
    rows: pl.DataFrame, types: dict[str, pl.DataType], what: str, *, may_be_empty: bool = False
) -> pl.DataFrame:
    absent = [name for name in types if name not in rows.columns]
    if absent and not (rows.is_empty() and not rows.columns):
        raise BadInput(f"{what} need the columns {', '.join(absent)}")
    if absent:
        return pl.DataFrame(schema=types)
    try:
        typed = rows.select(pl.col(name).cast(kind) for name, kind in types.items())
    except pl.exceptions.PolarsError as error:
        raise BadInput(f"{what} have a column of the wrong type: {error}") from error
    needed = ["raw_row"] if may_be_empty else [name for name in types if name != "told"]
    holes = [name for name in needed if typed[name].null_count()]
    if holes:
        raise BadInput(f"{what} have empty {', '.join(holes)}; a missing value is no value")
    if "value" in types and not typed["value"].is_finite().all():
        raise BadInput(f"{what} hold values that are not numbers; a missing value is no value")
    return typed
