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
from fenhe.store import cellframes, schema
from fenhe.store.cellframes import KEY, SUPERSEDED, Batch
from fenhe.store.commits import Commit, CommitLog
from fenhe.store.lake import Lake, quoted

_METHOD = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$")
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


@dataclass(frozen=True)
class _Change:
    """What is to happen to one book: rows that come, rows that go, the assessments told."""

    cells: pl.DataFrame  # all that were told, in the columns of the book
    fresh: pl.DataFrame
    changed: pl.DataFrame
    former: pl.DataFrame
    gone: pl.DataFrame
    methods: dict[str, str]

    def count(self, assessment: str) -> CellsWritten:
        """Return what becomes of the cells of one assessment."""
        parts = (self.cells, self.fresh, self.changed, self.gone)
        mine = pl.col("assessment") == assessment
        told, new, changed, withdrawn = (part.filter(mine).height for part in parts)
        return CellsWritten(new, changed, told - new - changed, None, withdrawn)

    @property
    def something(self) -> bool:
        """Whether anything is to be written."""
        return any(not part.is_empty() for part in (self.fresh, self.changed, self.gone))


class Cells:
    """Writes and reads verdict cells."""

    def __init__(self, lake: Lake, commits: CommitLog) -> None:
        self._lake = lake
        self._commits = commits
        rows = lake.read("SELECT assessment, method, book FROM cell_book")
        self._books = {row[0]: (row[1], row[2]) for row in rows.iter_rows()}
        self._layouts: dict[str, pl.Schema] = {}  # of books that are there, without the commit
        self._settled: set[int] = set()  # commits by this process that ask for no cell

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
        return self.write_all([Batch(assessment, method, frame, within)], actor)[0]

    def write_all(self, batches: Sequence[Batch], actor: str) -> list[CellsWritten]:
        """Store the cells of several assessments, each told once, in one commit; see ``write``.

        Returned: one count a batch. A batch that changed nothing has no commit.
        """
        told = [(batch, cellframes.checked(batch.assessment, batch.frame)) for batch in batches]
        told = [(b, c) for b, c in told if c.height or b.assessment in self._books]
        with self._lake.writer:
            changes = self._changes(told)
            counts = {a: c.count(a) for c in changes.values() for a in c.methods}
            number = self._write(changes, counts, actor)
        return [_stamp(counts.get(batch.assessment), number) for batch in batches]

    def settle(self, commit: int) -> None:
        """Note that a commit asks for no cell: what it changed is judged, or judged alike."""
        self._settled.add(commit)

    def settled(self, after: int, until: int) -> bool:
        """Say whether none of the commits ``after < n <= until`` asks for a cell.

        Known are those this process made. Earlier ones are not asked for again.
        """
        self._settled = {number for number in self._settled if number > after}
        return all(number in self._settled for number in range(after + 1, until + 1))

    def _write(
        self, changes: dict[str, _Change], counts: dict[str, CellsWritten], actor: str
    ) -> int | None:
        """Write what changes in one commit and return its number; None where nothing does."""
        due = {book: change for book, change in changes.items() if change.something}
        if not due:
            return None
        what = "; ".join(_told(a, count) for a, count in counts.items() if _any(count))
        with self._commits.begin(actor, what) as commit:
            for book, change in due.items():
                self._open_book(book, change, commit)
                self._supersede(change.former, book, commit)
                written = pl.concat([change.fresh, change.changed]).sort("start", "site")
                if written.height:
                    commit.session.insert(book, _stamped(written, commit))
            commit.after(lambda: self.settle(commit.number))
        return commit.number

    def _changes(self, told: list[tuple[Batch, pl.DataFrame]]) -> dict[str, _Change]:
        """Compare what was told with what stands, book by book."""
        by_book: dict[str, list[tuple[Batch, pl.DataFrame]]] = {}
        for batch, cells in told:
            by_book.setdefault(self._book(batch.assessment, batch.method), []).append(
                (batch, cells)
            )
        return {book: self._change(book, mine) for book, mine in by_book.items()}

    def _change(self, book: str, told: list[tuple[Batch, pl.DataFrame]]) -> _Change:
        cells = self._conformed(book, [cells for _, cells in told])
        looked = pl.concat(cellframes.looked(batch, own) for batch, own in told)
        seen = self._standing(cells, looked, book)
        unsaid = seen.join(cells.select(KEY), on=KEY, how="anti")
        gone = cellframes.inside(unsaid, pl.concat(cellframes.named(batch) for batch, _ in told))
        standing = seen.join(cells.select(KEY), on=KEY, how="semi")
        fresh, changed = cellframes.compare(cells, standing)
        former = standing.join(changed.select(KEY), on=KEY, how="semi")
        methods = {batch.assessment: batch.method for batch, _ in told}
        return _Change(cells, fresh, changed, pl.concat([former, gone]), gone, methods)

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

    def _conformed(self, book: str, told: list[pl.DataFrame]) -> pl.DataFrame:
        """Return the cells of several assessments in the columns of their book, as one frame."""
        known = self._layout(book)
        parts = []
        for cells in told:
            fitted = cells if known is None else cellframes.fitted(cells, known)
            known = fitted.schema if fitted.width else known
            parts.append(fitted)
        return pl.concat(parts, how="diagonal")

    def _standing(self, cells: pl.DataFrame, looked: pl.DataFrame, book: str) -> pl.DataFrame:
        """Return the standing cells in the spans that are looked at."""
        if self._layout(book) is None or looked.is_empty():
            return pl.DataFrame(schema={**cells.schema, "commit": pl.Int64()})
        known = looked["assessment"].unique().to_list()
        return self._lake.read(
            f"SELECT c.* FROM {quoted(book)} c SEMI JOIN looked s ON c.assessment = s.assessment "
            "AND c.site = s.site AND c.start >= s.since AND c.start < s.until "
            f"WHERE c.assessment IN ({', '.join('?' * len(known))}) "
            "AND c.start >= ? AND c.start < ?",
            [*known, looked["since"].min(), looked["until"].max()],
            looked=looked,
        )

    def _open_book(self, book: str, change: _Change, commit: Commit) -> None:
        """Create or widen the two tables of a method, and note the assessments."""
        known = self._layout(book)
        if known is None or set(known) != set(change.cells.columns):
            self._make_tables(book, change.cells, commit)
        absent = {a: m for a, m in change.methods.items() if a not in self._books}
        rows: list[dict[str, object]] = [
            {"assessment": a, "method": m, "book": book, "commit": commit.number}
            for a, m in absent.items()
        ]
        if rows:
            commit.session.insert("cell_book", schema.frame("cell_book", rows))
            entries = {a: (m, book) for a, m in absent.items()}
            commit.after(lambda: self._books.update(entries))

    def _make_tables(self, book: str, cells: pl.DataFrame, commit: Commit) -> None:
        tables = self._lake.tables()
        for name, extra in ((book, {}), (f"{book}_history", SUPERSEDED)):
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
            return cellframes.nothing()
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
            former = ", ".join(SUPERSEDED)
            told = f"* EXCLUDE ({former})" if columns is None else told
            sql += f" AND commit <= {int(as_of)} UNION ALL BY NAME SELECT {told} "
            sql += f"FROM {quoted(book + '_history')} WHERE {where} "
            sql += f"AND commit <= {int(as_of)} AND superseded_commit > {int(as_of)}"
            parameters *= 2
        return self._lake.read(f"FROM ({sql}) ORDER BY site, start", parameters, **frames)

    def versions(self, assessment: str, site: str, start: datetime) -> pl.DataFrame:
        """Return every version of one cell, oldest first; the standing one has no superseded_at."""
        if assessment not in self._books:
            return cellframes.nothing()
        book = self._books[assessment][1]
        where = "assessment = ? AND site = ? AND start = ?"
        return self._lake.read(
            f"FROM (SELECT * FROM {quoted(book + '_history')} WHERE {where} UNION ALL BY NAME "
            f"SELECT * FROM {quoted(book)} WHERE {where}) ORDER BY commit",
            [assessment, site, start] * 2,
        )


def _any(count: CellsWritten) -> bool:
    return bool(count.new or count.changed or count.withdrawn)


def _stamp(count: CellsWritten | None, commit: int | None) -> CellsWritten:
    if count is None:
        return CellsWritten(0, 0, 0, None)
    return replace(count, commit=commit) if _any(count) else count


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
