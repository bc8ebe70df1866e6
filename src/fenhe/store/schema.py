"""The tables of the store. Current and former values are separate tables, so reads stay quick."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from fenhe import __version__
from fenhe.store.errors import StoreOutdated, StoreTooNew
from fenhe.store.lake import Lake, Session, quoted

_VALUE = {
    "series": "INTEGER",
    "statistic": "VARCHAR",
    "start": "TIMESTAMP",
    "end": "TIMESTAMP",
    "value": "DOUBLE",
    "decimals": "UTINYINT",
    "quality": "UTINYINT",
    "commit": "BIGINT",
    "raw": "INTEGER",
    "raw_row": "BIGINT",
}
_SUPERSEDED = {"superseded_commit": "BIGINT", "superseded_at": "TIMESTAMP", "actor": "VARCHAR"}
_BY_YEAR = "statistic, year(start)"
_BY_SERIES = "series ASC, start ASC"


@dataclass(frozen=True)
class Table:
    """Columns with their types, and how the rows are laid out in files."""

    columns: dict[str, str]
    partition: str = ""
    sort: str = ""


TABLES: dict[str, Table] = {
    "observation": Table(_VALUE, _BY_YEAR, _BY_SERIES),
    "history": Table(_VALUE | _SUPERSEDED, _BY_YEAR, _BY_SERIES),
    "series": Table(
        {
            "series": "INTEGER",
            "site": "VARCHAR",
            "item": "VARCHAR",
            "statistic": "VARCHAR",
            "commit": "BIGINT",
        }
    ),
    "commit_log": Table(
        {"commit": "BIGINT", "known_at": "TIMESTAMP", "actor": "VARCHAR", "what": "VARCHAR"}
    ),
    "raw_file": Table(
        {
            "raw": "INTEGER",
            "sha256": "VARCHAR",
            "size": "BIGINT",
            "name": "VARCHAR",
            "commit": "BIGINT",
        }
    ),
    "import_log": Table(
        {
            "import": "BIGINT",
            "feed": "VARCHAR",
            "raw": "INTEGER",
            "name": "VARCHAR",
            "actor": "VARCHAR",
            "commit": "BIGINT",
        }
    ),
    "receipt": Table(
        {
            "import": "BIGINT",
            "batch": "INTEGER",
            "feed": "VARCHAR",
            "hour": "TIMESTAMP",
            "received": "BIGINT",
            "stored": "BIGINT",
            "corrected": "BIGINT",
            "duplicate": "BIGINT",
            "rejected": "BIGINT",
            "last_row": "BIGINT",
            "closed": "BOOLEAN",
            "commit": "BIGINT",
        }
    ),
    "quarantine": Table(
        {
            "import": "BIGINT",
            "raw_row": "BIGINT",
            "column": "VARCHAR",
            "text": "VARCHAR",
            "reason": "VARCHAR",
            "commit": "BIGINT",
        }
    ),
    # frames of a stream, by the hour they came in
    "frame_receipt": Table(
        {
            "import": "BIGINT",
            "batch": "INTEGER",
            "feed": "VARCHAR",
            "hour": "TIMESTAMP",
            "received": "BIGINT",
            "accepted": "BIGINT",
            "duplicate": "BIGINT",
            "rejected": "BIGINT",
            "commit": "BIGINT",
        }
    ),
    # cells of the quarantine that a later import of the same bytes took up
    "mended": Table(
        {
            "import": "BIGINT",
            "raw": "INTEGER",
            "raw_row": "BIGINT",
            "column": "VARCHAR",
            "commit": "BIGINT",
        }
    ),
    "flag": Table(
        {
            "flag": "BIGINT",
            "series": "INTEGER",
            "start": "TIMESTAMP",
            "end": "TIMESTAMP",
            "check": "VARCHAR",
            "version": "VARCHAR",
            "limit": "VARCHAR",
            "reason": "VARCHAR",
            "quality": "UTINYINT",
            "who": "VARCHAR",
            "commit": "BIGINT",
        },
        sort=_BY_SERIES,
    ),
    "flag_clear": Table(
        {
            "flag": "BIGINT",
            "cleared_commit": "BIGINT",
            "cleared_by": "VARCHAR",
            "cleared_reason": "VARCHAR",
        }
    ),
    # up to which commit a checker has looked, written with what it found
    "check_round": Table({"actor": "VARCHAR", "until": "BIGINT", "commit": "BIGINT"}),
    # where checks were made; ``checks``: their names, joined by commas
    "coverage": Table(
        {
            "series": "INTEGER",
            "start": "TIMESTAMP",
            "end": "TIMESTAMP",
            "checks": "VARCHAR",
            "version": "VARCHAR",
            "commit": "BIGINT",
        },
        sort=_BY_SERIES,
    ),
    # the sealed segments of raw logs, noted apart from the logs themselves
    "stream_segment": Table(
        {
            "id": "VARCHAR",
            "gateway": "VARCHAR",
            "number": "BIGINT",
            "former": "VARCHAR",
            "head": "VARCHAR",
            "entries": "BIGINT",
            "bytes": "BIGINT",
            "sha256": "VARCHAR",
            "first_at": "TIMESTAMP",
            "last_at": "TIMESTAMP",
            "commit": "BIGINT",
        }
    ),
    "cell_book": Table(
        {"assessment": "VARCHAR", "method": "VARCHAR", "book": "VARCHAR", "commit": "BIGINT"}
    ),
    "layout": Table({"number": "INTEGER", "made_by": "VARCHAR"}),
    "maintenance": Table(
        {
            "commit": "BIGINT",
            "files_before": "BIGINT",
            "files_after": "BIGINT",
            "seconds": "DOUBLE",
        }
    ),
}

FIRST = 1
LAYOUT = 1  # of this version; a change of a table is a step in ``migrations.STEPS``

POLARS: dict[str, pl.DataType] = {
    "INTEGER": pl.Int32(),
    "BIGINT": pl.Int64(),
    "UTINYINT": pl.UInt8(),
    "DOUBLE": pl.Float64(),
    "VARCHAR": pl.String(),
    "TIMESTAMP": pl.Datetime("us"),
    "BOOLEAN": pl.Boolean(),
}


def frame(table: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    """Return rows (all columns of the table but perhaps none of them) as a typed frame."""
    schema = {name: POLARS[kind] for name, kind in TABLES[table].columns.items()}
    return pl.DataFrame(rows, schema=schema)


def prepare(lake: Lake) -> None:
    """Create the tables that are not there yet, all in one transaction.

    A table more is no new layout: older versions of Fenhe do not look at it. A store of before
    layouts were numbered has the first. Raises ``StoreOutdated`` or ``StoreTooNew`` when the
    layout is not the one of this version.
    """
    there = lake.tables()
    check(version(lake, there))
    missing = [name for name in TABLES if name not in there]
    if missing:
        with lake.transaction() as session:
            for name in missing:
                create(session, name, TABLES[name])
            if "layout" in missing:
                note(session, LAYOUT if not there else FIRST)


def create(session: Session, name: str, table: Table) -> None:
    """Create one table with its layout."""
    columns = ", ".join(f"{quoted(column)} {kind}" for column, kind in table.columns.items())
    session.execute(f"CREATE TABLE {quoted(name)} ({columns})")
    if table.partition:
        session.execute(f"ALTER TABLE {quoted(name)} SET PARTITIONED BY ({table.partition})")
    if table.sort:
        session.execute(f"ALTER TABLE {quoted(name)} SET SORTED BY ({table.sort})")


def version(lake: Lake, there: set[str] | None = None) -> int:
    """Return the layout of the store; ``LAYOUT`` for one without any tables."""
    tables = lake.tables() if there is None else there
    if "layout" not in tables:
        return FIRST if tables else LAYOUT
    found = lake.read("SELECT max(number) AS number FROM layout")["number"].item()
    return int(found) if found is not None else FIRST


def check(found: int) -> None:
    """Raise ``StoreOutdated`` or ``StoreTooNew`` unless ``found`` is the layout of this version."""
    if found < LAYOUT:
        raise StoreOutdated(found, LAYOUT)
    if found > LAYOUT:
        raise StoreTooNew(found, LAYOUT)


def note(session: Session, number: int) -> None:
    """Write down the layout a store has now, and the version of Fenhe that gave it."""
    session.insert("layout", frame("layout", [{"number": number, "made_by": __version__}]))
