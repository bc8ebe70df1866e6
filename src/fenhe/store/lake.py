"""The one module that knows DuckDB and DuckLake; all SQL of the store goes through it.

The catalogue is a DuckDB file beside plain Parquet files. Data inlining is off:
it costs writes, and merging small files in the background does the same service.
"""

from __future__ import annotations

import threading
import time
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
CATALOGUE = f"__ducklake_metadata_{NAME}"
_BREATH = 0.02  # seconds between two steps of upkeep, in which a waiting writer gets its turn
# A round of upkeep looks at files below _LARGE bytes. Larger ones are merged when a table has
# _FEW of them, so that a growing table is not written anew with every round. Files with deletes
# are rewritten when they are _LITTLE bytes together, else when the share _DELETED of one is gone.
_LARGE, _FEW, _LITTLE, _DELETED = 2_000_000, 8, 8_000_000, 0.1
_WORK = f"""
SELECT t.table_name, count(*) FILTER (d.file_size_bytes BETWEEN ? AND 24_000_000) AS few,
       coalesce(sum(d.file_size_bytes) FILTER (x.data_file_id IS NOT NULL), 0)::BIGINT AS touched
FROM {CATALOGUE}.ducklake_data_file d
JOIN {CATALOGUE}.ducklake_table t ON t.table_id = d.table_id AND t.end_snapshot IS NULL
LEFT JOIN {CATALOGUE}.ducklake_delete_file x
       ON x.data_file_id = d.data_file_id AND x.end_snapshot IS NULL
WHERE d.end_snapshot IS NULL
GROUP BY t.table_name HAVING count(*) > 1 OR touched > 0 ORDER BY t.table_name
"""
_FILES = """
WITH files AS (
    SELECT table_id, path, file_size_bytes FROM {catalogue}.ducklake_data_file
    UNION ALL SELECT table_id, path, file_size_bytes FROM {catalogue}.ducklake_delete_file
), folders AS (
    SELECT DISTINCT t.table_id, s.path || t.path AS folder
    FROM {catalogue}.ducklake_table t JOIN {catalogue}.ducklake_schema s USING (schema_id)
)
SELECT DISTINCT folder || path AS path, file_size_bytes FROM files JOIN folders USING (table_id)
"""
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
        self._folder = folder
        self._closed = False
        self._holds = 0
        self._guard = threading.Lock()
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

    def live_files(self) -> int:
        """Return how many data files the tables are spread over now; cheap."""
        found = self.read(
            f"SELECT count(*) AS n FROM {CATALOGUE}.ducklake_data_file WHERE end_snapshot IS NULL"
        )
        return int(found["n"].item())

    def tidy(self, keep: timedelta, *, thorough: bool = True) -> None:
        """Rewrite deletes, merge small files, drop snapshots and files older than ``keep``.

        Table by table; the writer lock is free between two, so that a writer waits for one
        step at most. Without ``thorough`` large files are left alone unless there are many of
        them or much of them is deleted. Readers that began less than ``keep`` ago still find
        their files, and no file goes while ``held``.
        """
        for table, few, touched in self.read(_WORK, [_LARGE]).iter_rows():
            name = f"'{NAME}', {_literal(table)}"
            if touched:
                share = 0.0 if thorough or touched < _LITTLE else _DELETED
                self._step(f"ducklake_rewrite_data_files({name}, delete_threshold => {share})")
            most = "" if thorough or few >= _FEW else f", max_file_size => {_LARGE}"
            self._step(f"ducklake_merge_adjacent_files({name}{most})")
        age = f"older_than => now() - INTERVAL {int(keep.total_seconds())} SECOND"
        self._step(f"ducklake_expire_snapshots('{NAME}', {age})", removes=True)
        self._step(f"ducklake_cleanup_old_files('{NAME}', {age})", removes=True)
        if thorough:
            self._step(f"ducklake_delete_orphaned_files('{NAME}', {age})", removes=True)

    def _step(self, call: str, *, removes: bool = False) -> None:
        with self.writer:
            if removes and self._holds:
                return
            try:
                # count(*): the calls answer with zoned times, which need one more library
                self._writing.execute(f"SELECT count(*) FROM {call}").fetchall()
            except duckdb.Error as error:
                raise StoreError(f"maintenance stopped at {call}: {error}") from error
        time.sleep(_BREATH)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every file on disk until left, such as while they are copied."""
        with self.writer, self._guard:  # the writer lock: no step of upkeep is under way
            self._holds += 1
        try:
            yield
        finally:
            with self._guard:
                self._holds -= 1

    def copy_catalogue(self, target: Path, pin: Callable[[], None]) -> dict[str, int]:
        """Write the catalogue as it stands into a new DuckDB file; return the files it names.

        ``pin`` is called in the moment that is copied, under the writer lock; the copying
        itself goes on beside the writers. The copy names no files that wait for deletion.
        Paths are those inside ``data``, with sizes in bytes. One caller at a time.
        """
        cursor = self._root.cursor()
        try:
            with self.writer:
                cursor.begin()
                cursor.execute(f"SELECT max(snapshot_id) FROM {CATALOGUE}.ducklake_snapshot")
                cursor.fetchall()
                pin()
            cursor.execute(f"ATTACH {_literal(str(target))} AS catalogue_copy")
            cursor.execute(f"COPY FROM DATABASE {CATALOGUE} TO catalogue_copy")
            cursor.execute("DELETE FROM catalogue_copy.ducklake_files_scheduled_for_deletion")
            named = cursor.execute(_FILES.format(catalogue="catalogue_copy")).fetchall()
            cursor.commit()
            return dict(named)
        except duckdb.Error as error:
            raise StoreError(f"the catalogue could not be copied: {error}") from error
        finally:
            cursor.close()  # rolls back what is not committed
            with self._root.cursor() as other:
                other.execute("DETACH DATABASE IF EXISTS catalogue_copy")

    def data_files(self) -> tuple[dict[str, int], set[str]]:
        """Return the files the catalogue names, with sizes, and the paths waiting for deletion."""
        waiting = self.read(f"SELECT path FROM {CATALOGUE}.ducklake_files_scheduled_for_deletion")
        named = dict(self.read(_FILES.format(catalogue=CATALOGUE)).iter_rows())
        return named, set(waiting["path"])

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
