"""The one module that knows DuckDB and DuckLake; all SQL of the store goes through it.

The catalogue is a DuckDB file beside plain Parquet files. Data inlining is off:
it costs writes, and merging small files in the background does the same service.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

from fenhe.base.errors import MissingExtra
from fenhe.store.errors import StoreError

try:
    import duckdb
    import duckdb_extension_ducklake as _extension  # type: ignore[import-untyped]
except ImportError:  # the extra is optional; asking for a lake without it says so
    duckdb = None  # type: ignore[assignment]
    _extension = None

NAME = "lake"
# Files are merged up to this size: about a month of a 1,500-station network, so that
# an import of one day never has to look through a whole year.
TARGET_FILE_SIZE = "32MB"

Frames = dict[str, pl.DataFrame]
After = Callable[[], None]


class Session:
    """One connection to the lake; frames it is given stay registered until it ends."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._registered: set[str] = set()
        self.after: list[After] = []

    def _run(self, sql: str, parameters: Sequence[Any], frames: Frames) -> None:
        for name, frame in frames.items():
            # Arrow, once: DuckDB then scans columns instead of converting row by row.
            self._connection.register(name, frame.to_arrow())
            self._registered.add(name)
        self._connection.execute(sql, list(parameters))

    def query(
        self, sql: str, parameters: Sequence[Any] = (), **frames: pl.DataFrame
    ) -> pl.DataFrame:
        """Return the rows of a query; frames are visible in the SQL under their keyword."""
        self._run(sql, parameters, frames)
        return self._connection.pl()

    def execute(self, sql: str, parameters: Sequence[Any] = (), **frames: pl.DataFrame) -> int:
        """Run a statement and return the number of rows it changed (0 for definitions)."""
        self._run(sql, parameters, frames)
        row = self._connection.fetchone()
        return int(row[0]) if row and isinstance(row[0], int) else 0

    def insert(self, table: str, frame: pl.DataFrame, **same: object) -> int:
        """Append a frame to a table by column name and return how many rows were written.

        ``same``: columns that hold one value in every row; cheaper than a full column.
        """
        if frame.is_empty():
            return 0
        given = ", ".join(quoted(name) for name in frame.columns)
        into = ", ".join([given, *(quoted(name) for name in same)])
        values = ", ".join([given, *("?" for _ in same)])
        return self.execute(
            f"INSERT INTO {quoted(table)} ({into}) SELECT {values} FROM incoming_rows",
            list(same.values()),
            incoming_rows=frame,
        )

    def forget(self) -> None:
        """Let go of the registered frames; only after the transaction has ended."""
        for name in self._registered:
            self._connection.unregister(name)
        self._registered.clear()


class Lake:
    """A DuckLake in a folder: one writer at a time, any number of readers."""

    def __init__(self, folder: Path) -> None:
        """Open or create the lake in ``folder``; needs the extra ``duckdb``."""
        if duckdb is None:
            raise MissingExtra("duckdb", "the store")
        (folder / "data").mkdir(parents=True, exist_ok=True)
        self.writer = threading.RLock()
        self._root = duckdb.connect(config={"autoinstall_known_extensions": "false"})
        self._root.execute(f"LOAD {_literal(str(_extension_file()))}")
        self._root.execute("SET TimeZone = 'UTC'")
        # Every scan of a lake table asks the catalogue a query of many joins; planning it with
        # these two takes 20 ms, without them 2. Our own queries join two tables at most.
        self._root.execute("SET disabled_optimizers = 'join_order,statistics_propagation'")
        # The folder may be moved or restored elsewhere: the path given now is the true one.
        catalogue, data = folder / "catalogue.ducklake", folder / "data"
        self._root.execute(
            f"ATTACH {_literal(f'ducklake:{catalogue}')} AS {NAME} "
            f"(DATA_PATH {_literal(f'{data}/')}, OVERRIDE_DATA_PATH true, "
            "DATA_INLINING_ROW_LIMIT 0)"
        )
        self._root.execute(f"USE {NAME}")
        self._root.execute(f"CALL {NAME}.set_option('target_file_size', '{TARGET_FILE_SIZE}')")
        self._closed = False
        self._writing = self._cursor()
        # cursors of readers, used again: a fresh one costs more than a small query
        self._idle: deque[duckdb.DuckDBPyConnection] = deque()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor = self._root.cursor()
        cursor.execute(f"USE {NAME}")
        return cursor

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Hold the writer lock for one transaction: all of it, or an error and none of it.

        Callbacks put into ``session.after`` run once the commit has returned.
        """
        with self.writer:
            session = Session(self._writing)
            try:
                self._writing.begin()
                yield session
                self._writing.commit()
            except duckdb.Error as error:
                self._abandon()
                raise StoreError(f"the store kept nothing of this write: {error}") from error
            except BaseException:
                self._abandon()
                raise
            finally:
                session.forget()
            for callback in session.after:
                callback()

    def _abandon(self) -> None:
        try:
            self._writing.rollback()
        except duckdb.Error:
            # A failed commit has already rolled back; a fresh cursor starts clean.
            self._writing.close()
            self._writing = self._cursor()

    def read(
        self, sql: str, parameters: Sequence[Any] = (), **frames: pl.DataFrame
    ) -> pl.DataFrame:
        """Return the rows of one query over one consistent snapshot; safe from any thread."""
        try:
            cursor = self._idle.pop()
        except IndexError:
            cursor = self._cursor()
        session = Session(cursor)
        try:
            return session.query(sql, parameters, **frames)
        except duckdb.Error as error:
            raise StoreError(f"the store could not be read: {error}") from error
        finally:
            session.forget()
            self._idle.append(cursor)

    def tables(self) -> set[str]:
        """Return the names of the tables of the lake."""
        found = self.read("SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [NAME])
        return set(found["table_name"])

    def files(self, table: str) -> int:
        """Return how many Parquet files a table is spread over."""
        found = self.read(f"SELECT count(*) AS n FROM ducklake_list_files('{NAME}', ?)", [table])
        return int(found["n"].item())

    def tidy(self, keep: timedelta) -> None:
        """Rewrite deletes, merge small files, drop snapshots and files older than ``keep``.

        Readers that began less than ``keep`` ago still find their files.
        """
        age = f"now() - INTERVAL {int(keep.total_seconds())} SECOND"
        calls = [
            f"ducklake_rewrite_data_files('{NAME}', delete_threshold => 0.0)",
            f"ducklake_merge_adjacent_files('{NAME}')",
            f"ducklake_expire_snapshots('{NAME}', older_than => {age})",
            f"ducklake_cleanup_old_files('{NAME}', older_than => {age})",
            f"ducklake_delete_orphaned_files('{NAME}', older_than => {age})",
        ]
        with self.writer:
            for call in calls:
                try:
                    # count(*): the calls answer with zoned times, which need one more library
                    self._writing.execute(f"SELECT count(*) FROM {call}").fetchall()
                except duckdb.Error as error:
                    raise StoreError(f"maintenance stopped at {call}: {error}") from error

    def close(self) -> None:
        """Write the catalogue out and close every connection; safe to call twice."""
        with self.writer:
            if self._closed:
                return
            self._closed = True
            for cursor in (self._writing, *self._idle):
                cursor.close()
            self._root.execute("USE memory")
            self._root.execute(f"DETACH {NAME}")
            self._root.close()


def quoted(name: str) -> str:
    """Return an identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _extension_file() -> Path:
    root = Path(next(iter(_extension.__path__)))
    found = sorted(root.glob(f"extensions/v{duckdb.__version__}/ducklake.duckdb_extension"))
    if not found:
        raise StoreError(f"no DuckLake extension for DuckDB {duckdb.__version__} in {root}")
    return found[0]
