"""Verdict cells: one columnar table per method, with every former version in a second one.

A cell is (assessment, site, start). Its columns are whatever the method returns,
plus what it was computed from: input_digest, n_valid, n_due, method_version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from fenhe.base.errors import BadInput
from fenhe.store import schema
from fenhe.store.commits import Commit, CommitLog
from fenhe.store.lake import Lake, quoted

KEY = ["assessment", "site", "start"]
REQUIRED = ["site", "start", "end", "input_digest", "n_valid", "n_due", "method_version"]
_METHOD = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$")
_SUPERSEDED = {
    "superseded_commit": pl.Int64(),
    "superseded_at": pl.Datetime("us"),
    "actor": pl.String(),
}
_OPEN_START = "TIMESTAMP '-infinity'"
_OPEN_END = "TIMESTAMP 'infinity'"


@dataclass(frozen=True)
class CellsWritten:
    """How many cells were new, changed, the same or withdrawn; no ``commit``: nothing changed."""

    new: int
    changed: int
    same: int
    commit: int | None
    withdrawn: int = 0


class Cells:
    """Writes and reads verdict cells."""

    def __init__(self, lake: Lake, commits: CommitLog) -> None:
        self._lake = lake
        self._commits = commits
        rows = lake.read("SELECT assessment, method, book FROM cell_book")
        self._books = {row[0]: (row[1], row[2]) for row in rows.iter_rows()}
        self._layouts: dict[str, pl.Schema] = {}  # of books that are there, without the commit

    def assessments(self) -> dict[str, str]:
        """Return the method of every assessment that has cells."""
        return {assessment: method for assessment, (method, _) in self._books.items()}

    def counts(self) -> pl.DataFrame:
        """Return assessment, edition, cells: how many cells stand under each edition.

        ``edition`` is null where the method writes none.
        """
        told = [self._counted(book) for book in sorted({book for _, book in self._books.values()})]
        schema_ = {"assessment": pl.String, "edition": pl.String, "cells": pl.Int64}
        return pl.concat([pl.DataFrame(schema=schema_), *told])

    def _counted(self, book: str) -> pl.DataFrame:
        columns = self._lake.read(f"SELECT * FROM {quoted(book)} LIMIT 0").columns
        edition = "edition" if "edition" in columns else "NULL::VARCHAR AS edition"
        return self._lake.read(
            f"SELECT assessment, {edition}, count(*) AS cells FROM {quoted(book)} "
            "GROUP BY ALL ORDER BY ALL"
        )

    def write(
        self,
        assessment: str,
        method: str,
        frame: pl.DataFrame,
        actor: str,
        within: pl.DataFrame | None = None,
    ) -> CellsWritten:
        """Store the cells that are new or differ; a changed one supersedes the former.

        ``frame``: site, start, end (naive UTC), the method's columns, input_digest,
        n_valid, n_due, method_version; one row per site and start. A cell with the same
        digest and the same values is not written again, whatever the method version.
        ``within``: site, since, until (starts, exclusive end): the frame holds every cell
        there is in these spans, so a standing one that it lacks is withdrawn to the history.
        Raises ``BadInput`` for missing or untyped columns, cells told twice, or another
        method under the same assessment.
        """
        cells = _checked(assessment, frame)
        if cells.is_empty() and assessment not in self._books:
            return CellsWritten(0, 0, 0, None)
        with self._lake.writer:
            book = self._book(assessment, method)
            cells = self._conform(cells, book)
            standing = self._standing(cells, assessment, book)
            gone = self._absent(cells, within, assessment, book)
            fresh, changed = _compare(cells, standing)
            same = cells.height - fresh.height - changed.height
            count = CellsWritten(fresh.height, changed.height, same, None, gone.height)
            if not (count.new or count.changed or count.withdrawn):
                return count
            with self._commits.begin(actor, _told(assessment, count)) as commit:
                self._open_book(assessment, method, book, cells, commit)
                former = standing.join(changed.select(KEY), on=KEY, how="semi")
                self._supersede(pl.concat([former, gone]) if gone.height else former, book, commit)
                written = pl.concat([fresh, changed]).sort("start", "site")
                if written.height:
                    commit.session.insert(book, _stamped(written, commit))
        return replace(count, commit=commit.number)

    def _book(self, assessment: str, method: str) -> str:
        if not _METHOD.match(method):
            raise BadInput(f"'{method}' is not a method id")
        owner = self._books.get(assessment, (method, ""))[0]
        if owner != method:
            raise BadInput(f"the cells of {assessment} are of method {owner}, not {method}")
        return "cells_" + method.replace(".", "__")

    def _layout(self, book: str) -> pl.Schema | None:
        """Return the columns of a book, asked for once; None while there is no such table."""
        if book not in self._layouts and book in self._lake.tables():
            empty = self._lake.read(f"SELECT * FROM {quoted(book)} LIMIT 0")
            self._layouts[book] = empty.drop("commit").schema
        return self._layouts.get(book)

    def _conform(self, cells: pl.DataFrame, book: str) -> pl.DataFrame:
        """Give the cells the columns and types of their table; new columns come last."""
        known = self._layout(book)
        if known is None:
            return cells
        absent = [
            pl.lit(None, dtype=kind).alias(name)
            for name, kind in known.items()
            if name not in cells.columns
        ]
        added = [name for name in cells.columns if name not in known]
        try:
            return cells.with_columns(absent).select(
                *(pl.col(name).cast(kind) for name, kind in known.items()), *added
            )
        except pl.exceptions.PolarsError as error:
            raise BadInput(f"cells do not fit the table of their method: {error}") from error

    def _absent(
        self, cells: pl.DataFrame, within: pl.DataFrame | None, assessment: str, book: str
    ) -> pl.DataFrame:
        """Return the standing cells of the spans that the frame does not hold."""
        if within is None or within.is_empty() or assessment not in self._books:
            return pl.DataFrame(schema={**cells.schema, "commit": pl.Int64()})
        rows = self._lake.read(
            f"SELECT c.* FROM {quoted(book)} c SEMI JOIN spans s "
            "ON c.site = s.site AND c.start >= s.since AND c.start < s.until "
            "WHERE c.assessment = ? AND c.start >= ? AND c.start < ?",
            [assessment, within["since"].min(), within["until"].max()],
            spans=within.select("site", "since", "until"),
        )
        return rows.join(cells.select(KEY), on=KEY, how="anti")

    def _standing(self, cells: pl.DataFrame, assessment: str, book: str) -> pl.DataFrame:
        if self._layout(book) is None or cells.is_empty():
            return pl.DataFrame(schema={**cells.schema, "commit": pl.Int64()})
        return self._lake.read(
            f"SELECT c.* FROM {quoted(book)} c JOIN wanted w "
            "ON c.site = w.site AND c.start = w.start "
            "WHERE c.assessment = ? AND c.start BETWEEN ? AND ?",
            [assessment, cells["start"].min(), cells["start"].max()],
            wanted=cells.select("site", "start"),
        )

    def _open_book(
        self, assessment: str, method: str, book: str, cells: pl.DataFrame, commit: Commit
    ) -> None:
        """Create or widen the two tables of a method, and note the assessment."""
        known = self._layout(book)
        if known is None or set(known) != set(cells.columns):
            self._make_tables(book, cells, commit)
        if assessment not in self._books:
            row = {"assessment": assessment, "method": method, "book": book}
            entry = schema.frame("cell_book", [row | {"commit": commit.number}])
            commit.session.insert("cell_book", entry)
            commit.after(lambda: self._books.update({assessment: (method, book)}))

    def _make_tables(self, book: str, cells: pl.DataFrame, commit: Commit) -> None:
        tables = self._lake.tables()
        for name, extra in ((book, {}), (f"{book}_history", _SUPERSEDED)):
            layout = {**cells.schema, "commit": pl.Int64(), **extra}
            if name not in tables:
                _create(name, layout, commit)
                continue
            known = commit.session.query(f"SELECT * FROM {quoted(name)} LIMIT 0").columns
            for column in layout:
                if column not in known:
                    kind = _kinds({column: layout[column]}, commit)[column]
                    commit.session.execute(
                        f"ALTER TABLE {quoted(name)} ADD COLUMN {quoted(column)} {kind}"
                    )
        commit.after(lambda: self._forget_layout(book))

    def _forget_layout(self, book: str) -> None:
        self._layouts.pop(book, None)

    def _supersede(self, former: pl.DataFrame, book: str, commit: Commit) -> None:
        if former.is_empty():
            return
        stamped = former.with_columns(
            pl.lit(commit.number, dtype=pl.Int64).alias("superseded_commit"),
            pl.lit(commit.known_at, dtype=pl.Datetime("us")).alias("superseded_at"),
            pl.lit(commit.actor).alias("actor"),
        )
        commit.session.insert(f"{book}_history", stamped)
        table = quoted(book)
        commit.session.execute(
            f"DELETE FROM {table} USING gone WHERE {table}.start BETWEEN ? AND ? "
            f"AND {table}.assessment = gone.assessment AND {table}.site = gone.site "
            f"AND {table}.start = gone.start",
            [former["start"].min(), former["start"].max()],
            gone=former.select(KEY),
        )

    def read(
        self,
        assessment: str,
        sites: Iterable[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        as_of: int | None = None,
        *,
        columns: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """Return the cells with ``start <= t < end`` (None: open), by site and start.

        ``as_of``: as known at that commit. ``columns``: only these and the key. An assessment
        without cells gives no rows and only the columns every cell has.
        """
        if assessment not in self._books:
            return _nothing()
        where = f"assessment = ? AND start >= coalesce(?, {_OPEN_START})"
        where += f" AND start < coalesce(?, {_OPEN_END})"
        parameters: list[object] = [assessment, start, end]
        frames: dict[str, pl.DataFrame] = {}
        if sites is not None:
            where += " AND site IN (SELECT site FROM wanted)"
            frames["wanted"] = pl.DataFrame({"site": list(sites)}, schema={"site": pl.String})
        book = self._books[assessment][1]
        told = "*" if columns is None else ", ".join(map(quoted, dict.fromkeys([*KEY, *columns])))
        sql = f"SELECT {told} FROM {quoted(book)} WHERE {where}"
        if as_of is not None:
            former = ", ".join(_SUPERSEDED)
            told = f"* EXCLUDE ({former})" if columns is None else told
            sql += f" AND commit <= {int(as_of)} UNION ALL BY NAME SELECT {told} "
            sql += f"FROM {quoted(book + '_history')} WHERE {where} "
            sql += f"AND commit <= {int(as_of)} AND superseded_commit > {int(as_of)}"
            parameters *= 2
        return self._lake.read(f"FROM ({sql}) ORDER BY site, start", parameters, **frames)

    def versions(self, assessment: str, site: str, start: datetime) -> pl.DataFrame:
        """Return every version of one cell, oldest first; the standing one has no superseded_at."""
        if assessment not in self._books:
            return _nothing()
        book = self._books[assessment][1]
        where = "assessment = ? AND site = ? AND start = ?"
        return self._lake.read(
            f"FROM (SELECT * FROM {quoted(book + '_history')} WHERE {where} UNION ALL BY NAME "
            f"SELECT * FROM {quoted(book)} WHERE {where}) ORDER BY commit",
            [assessment, site, start] * 2,
        )


def _nothing() -> pl.DataFrame:
    text, whole, instant = pl.String(), pl.Int64(), pl.Datetime("us")
    return pl.DataFrame(
        schema={
            "assessment": text,
            "site": text,
            "start": instant,
            "end": instant,
            "input_digest": text,
            "n_valid": whole,
            "n_due": whole,
            "method_version": text,
            "commit": whole,
        }
    )


def _checked(assessment: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the cells with their key first; a frame without rows may lack its columns."""
    if frame.is_empty():
        frame = _nothing().drop("assessment", "commit")
    absent = [name for name in REQUIRED if name not in frame.columns]
    if absent:
        raise BadInput(f"cells need the columns {', '.join(absent)}")
    untyped = [name for name, kind in frame.schema.items() if kind == pl.Null]
    if untyped:
        raise BadInput(f"cell columns {', '.join(untyped)} have no type; cast them")
    reserved = [name for name in ("commit", *_SUPERSEDED) if name in frame.columns]
    if reserved:
        raise BadInput(f"cell columns {', '.join(reserved)} belong to the store")
    cells = frame.with_columns(
        pl.lit(assessment).alias("assessment"), pl.col("start", "end").cast(pl.Datetime("us"))
    )
    if cells.select(KEY).is_duplicated().any():
        raise BadInput("a cell is told twice: site and start must be unique")
    return cells.select(*KEY, pl.exclude(KEY))


def _compare(cells: pl.DataFrame, standing: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the cells that are new and those that differ from the standing version."""
    fresh = cells.join(standing.select(KEY), on=KEY, how="anti")
    payload = [name for name in cells.columns if name not in {*KEY, "method_version"}]
    shared = [name for name in payload if name in standing.columns]
    beside = cells.join(standing, on=KEY, suffix="_was")
    differs = [pl.col(name).ne_missing(pl.col(f"{name}_was")) for name in shared]
    differs += [pl.col(name).is_not_null() for name in payload if name not in shared]
    return fresh, beside.filter(pl.any_horizontal(differs)).select(cells.columns)


def _told(assessment: str, count: CellsWritten) -> str:
    told = f"cells of {assessment}: {count.new} new, {count.changed} changed"
    return f"{told}, {count.withdrawn} withdrawn" if count.withdrawn else told


def _stamped(cells: pl.DataFrame, commit: Commit) -> pl.DataFrame:
    return cells.with_columns(pl.lit(commit.number, dtype=pl.Int64).alias("commit"))


def _create(name: str, layout: dict[str, pl.DataType], commit: Commit) -> None:
    table = schema.Table(_kinds(layout, commit), "year(start)", "start ASC, site ASC")
    schema.create(commit.session, name, table)


def _kinds(layout: dict[str, pl.DataType], commit: Commit) -> dict[str, str]:
    """Ask DuckDB what it calls the types of these columns."""
    empty = pl.DataFrame(schema=layout)
    told = commit.session.query("DESCRIBE SELECT * FROM layout_rows", layout_rows=empty)
    return dict(told.select("column_name", "column_type").iter_rows())
