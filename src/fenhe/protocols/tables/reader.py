"""Open a file as a table of text cells, by its name, checked against its first bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fenhe.base.errors import BadInput, Place
from fenhe.protocols.tables.csv_text import open_csv
from fenhe.protocols.tables.json_text import open_json
from fenhe.protocols.tables.parquet_text import open_parquet
from fenhe.protocols.tables.table import NO_LIMITS, WEB, Limits, TextBatch, TextTable
from fenhe.protocols.tables.workbook import open_workbook

__all__ = ["NO_LIMITS", "WEB", "Limits", "TextBatch", "TextTable", "kinds", "open_table"]

_ZIP, _OLE, _PARQUET, _GZIP = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1", b"\x1f\x8b"
_KINDS: dict[str, str] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".csv.gz": "csv.gz",
    ".tsv.gz": "csv.gz",
    ".xlsx": "xlsx",
    ".parquet": "parquet",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
}


def kinds() -> tuple[str, ...]:
    """Return the file name endings that can be read."""
    return tuple(_KINDS)


def open_table(
    path: str | Path,
    limits: Limits = NO_LIMITS,
    *,
    name: str | None = None,
    sheet: str | None = None,
    repeated: bool = False,
) -> TextTable:
    """Open CSV, Excel, Parquet or JSON as text cells; numbers stay as they are written.

    ``name`` is the file name the person knows, when ``path`` is another (a kept upload).
    ``sheet`` names the worksheet; without it the first is read. ``repeated``: a column name of
    a CSV file may occur again and is then told apart, ``1441A (column 440)``. Raises
    ``BadInput`` for an empty or too large file, a wrong type, encoding or header; errors
    inside the records come while they are read.
    """
    path = Path(path)
    name = name or path.name
    if not path.is_file():
        raise BadInput("there is no such file", place=Place(str(path)))
    kind = _kind(name)
    size = path.stat().st_size
    if size == 0:
        raise BadInput("the file is empty", place=Place(name))
    if limits.file_bytes is not None and size > limits.file_bytes:
        raise BadInput(
            f"the file has {size / 2**20:.0f} MB, more than the {limits.file_bytes // 2**20} MB "
            "accepted here; use the command line for files of this size",
            place=Place(name),
        )
    with path.open("rb") as file:
        _check_type(kind, file.read(512), name)
    if sheet is not None and kind != "xlsx":
        raise BadInput(f"only a workbook has sheets; there is no '{sheet}'", place=Place(name))
    if kind == "xlsx":
        return open_workbook(path, name, limits, sheet)
    if kind in ("csv", "csv.gz"):
        return open_csv(path, name, limits, repeated=repeated)
    opener: dict[str, Callable[[Path, str, Limits], TextTable]] = {
        "parquet": open_parquet,
        "json": open_json,
    }
    return opener[kind](path, name, limits)


def _kind(name: str) -> str:
    """Return the kind a file name claims."""
    lower = name.lower()
    for ending in sorted(_KINDS, key=len, reverse=True):
        if lower.endswith(ending):
            return _KINDS[ending]
    if lower.endswith(".xls"):
        raise BadInput("old Excel files are not read; save it as .xlsx", place=Place(name))
    raise BadInput(f"unknown file type; known are {', '.join(_KINDS)}", place=Place(name))


def _check_type(kind: str, head: bytes, name: str) -> None:
    """Compare the first bytes with the kind the name claims."""
    found = _found(head)
    expected = {"xlsx": "a zip file", "parquet": "Parquet", "csv.gz": "gzip"}.get(kind, "text")
    if found != expected:
        raise BadInput(
            f"the name says {kind}, but the content is {found}; nothing was read",
            place=Place(name),
        )


def _found(head: bytes) -> str:
    """Name what the first bytes show."""
    for magic, label in (
        (_ZIP, "a zip file"),
        (_PARQUET, "Parquet"),
        (_GZIP, "gzip"),
        (_OLE, "an old or password-protected Office file"),
        (b"%PDF", "PDF"),
    ):
        if head.startswith(magic):
            return label
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<html", b"<!doctype", b"<?xml", b"<table")):
        return "a web page"
    return "text"
