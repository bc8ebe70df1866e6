"""CSV as a stream: bounded memory, exact row numbers, ragged rows named."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fenhe.base.errors import BadInput, Place
from fenhe.protocols.tables import encoding as enc
from fenhe.protocols.tables.table import (
    Limits,
    TextBatch,
    TextTable,
    batch_of,
    check_header,
    joined,
)

BLOCK = 4 * 1024 * 1024
_LONGEST_RECORD = 64 * 1024 * 1024
_DELIMITERS = (",", ";", "\t")
_QUOTE, _NEWLINE = ord('"'), ord("\n")
_SAMPLE = 20


def open_csv(path: Path, name: str, limits: Limits, *, repeated: bool = False) -> TextTable:
    """Open delimited text (``.gz`` too); reads only as far as the header and encoding need.

    ``repeated``: see ``check_header``.
    """
    encoding = enc.detect(_blocks(path, name, limits), name)
    chunks = _chunks(_text(path, name, limits, encoding), name)
    first = next(chunks, b"")
    if not first.strip():
        raise BadInput("the file is empty", place=Place(name))
    delimiter = _delimiter(first)
    try:
        header = next(_reader(first, delimiter), [])
    except csv.Error as error:
        raise _malformed(error, name, 1) from None
    columns = check_header(header, name, repeated=repeated)

    def source(rows: int) -> Iterator[TextBatch]:
        chunks = _chunks(_text(path, name, limits, encoding), name)
        return _together(_batches(chunks, columns, delimiter, name), rows)

    return TextTable(name, "csv", columns, source, encoding=encoding, delimiter=delimiter)


def _blocks(path: Path, name: str, limits: Limits) -> Iterator[bytes]:
    """Yield the unpacked bytes, counting them against the limit."""
    packed = name.lower().endswith(".gz")
    total = 0
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            while block := file.read(BLOCK):
                total += len(block)
                if limits.unpacked_bytes is not None and total > limits.unpacked_bytes:
                    raise BadInput(
                        f"unpacked it is larger than {limits.unpacked_bytes // 2**20} MB; "
                        "use the command line for files of this size",
                        place=Place(name),
                    )
                yield block
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadInput(f"the gzip data are damaged: {error}", place=Place(name)) from None


def _text(path: Path, name: str, limits: Limits, encoding: str) -> Iterator[bytes]:
    return enc.to_utf8(_blocks(path, name, limits), encoding, name)


def _chunks(blocks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Cut the stream after whole records; a quoted newline does not end one."""
    kept = b""
    for block in blocks:
        kept += block
        end = _last_record_end(kept)
        if end:
            yield kept[:end]
            kept = kept[end:]
        elif len(kept) > _LONGEST_RECORD:
            raise BadInput(
                "a record goes on for more than 64 MB: a quotation mark is not closed, "
                "or this is no CSV file",
                place=Place(name),
            )
    if kept:
        yield kept


def _last_record_end(data: bytes) -> int:
    if b'"' not in data:
        return data.rfind(b"\n") + 1
    array, outside = _outside_quotes(data)
    ends = np.flatnonzero((array == _NEWLINE) & outside)
    return int(ends[-1]) + 1 if len(ends) else 0


def _outside_quotes(data: bytes) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the bytes, and which of them stand outside quotation marks."""
    array = np.frombuffer(data, dtype=np.uint8)
    inside: NDArray[np.bool_] = np.logical_xor.accumulate(array == _QUOTE)
    return array, ~inside


def _delimiter(first: bytes) -> str:
    """Return the delimiter the header uses and the first rows agree with.

    Without any of comma, semicolon and tab in the header the table has one column.
    """
    text = first[: 1 << 20].decode("utf-8", errors="ignore")
    outside = "".join(part for i, part in enumerate(text.split('"')) if i % 2 == 0)
    sample = [line for line in outside.splitlines() if line.strip()][: _SAMPLE + 1]
    found: list[tuple[bool, int, str]] = []
    for mark in _DELIMITERS:
        counts = [record.count(mark) for record in sample]
        if counts and counts[0]:
            found.append((len(set(counts)) == 1, counts[0], mark))
    return max(found)[2] if found else ","


def _reader(data: bytes, delimiter: str) -> Iterator[list[str]]:
    text = data.decode("utf-8", errors="ignore")
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _malformed(error: csv.Error, name: str, row: int) -> BadInput:
    return BadInput(f"the CSV text is malformed: {error}", place=Place(name, row))


def _batches(
    chunks: Iterator[bytes], columns: tuple[str, ...], delimiter: str, name: str
) -> Iterator[TextBatch]:
    row = 1
    for chunk in chunks:
        fast = _parse_regular(chunk, columns, delimiter)
        if fast is None:
            batch, count = _parse_irregular(chunk, columns, delimiter, name, row)
        else:
            batch, count = batch_of(fast, row), fast.height
        if row == 1:
            batch = TextBatch(batch.frame.slice(1), batch.rows.slice(1))
        row += count
        if batch.frame.height:
            yield batch


def _together(batches: Iterator[TextBatch], rows: int) -> Iterator[TextBatch]:
    """Put small batches together while they hold at most ``rows``: each one costs its reader."""
    kept: list[TextBatch] = []
    height = 0
    for batch in batches:
        if kept and height + batch.frame.height > rows:
            yield joined(kept)
            kept, height = [], 0
        kept.append(batch)
        height += batch.frame.height
    if kept:
        yield joined(kept)


def _parse_regular(chunk: bytes, columns: tuple[str, ...], delimiter: str) -> pl.DataFrame | None:
    """Parse whole records at full speed; None when a closer look is needed.

    The number of delimiters must be exactly that of full records; as Polars refuses a
    record with too many cells, none can then have too few.
    """
    if b"\n\n" in chunk or b"\n\r\n" in chunk or chunk[:1] in b"\r\n":
        return None
    records, delimiters = _counts(chunk, delimiter)
    if delimiters != (len(columns) - 1) * records:
        return None
    try:
        frame = pl.read_csv(
            chunk,
            has_header=False,
            separator=delimiter,
            schema=dict.fromkeys(columns, pl.String()),
            glob=False,
        )
    except pl.exceptions.PolarsError:
        return None
    if frame.height != records:
        return None
    return _without_quoted_empty(frame) if b'""' in chunk else frame


def _without_quoted_empty(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.when(pl.all().str.len_bytes() > 0).then(pl.all()))


def _counts(chunk: bytes, delimiter: str) -> tuple[int, int]:
    """Count records and delimiters outside quotation marks."""
    last = 0 if chunk.endswith(b"\n") else 1
    if b'"' not in chunk:
        return chunk.count(b"\n") + last, chunk.count(delimiter.encode())
    array, outside = _outside_quotes(chunk)
    newlines = np.count_nonzero((array == _NEWLINE) & outside)
    return int(newlines) + last, int(np.count_nonzero((array == ord(delimiter)) & outside))


def _parse_irregular(
    chunk: bytes, columns: tuple[str, ...], delimiter: str, name: str, first_row: int
) -> tuple[TextBatch, int]:
    """Read record by record: leave out blank lines, or name the row that does not fit."""
    rows: list[int] = []
    records: list[list[str | None]] = []
    row = first_row - 1
    try:
        for record in _reader(chunk, delimiter):
            row += 1
            if not any(record):
                continue
            if len(record) != len(columns):
                raise BadInput(
                    f"the row has {len(record)} cells, the header names {len(columns)} columns",
                    place=Place(name, row),
                )
            rows.append(row)
            records.append([cell or None for cell in record])
    except csv.Error as error:
        raise _malformed(error, name, row + 1) from None
    frame = pl.DataFrame(records, schema=dict.fromkeys(columns, pl.String()), orient="row")
    return TextBatch(frame, pl.Series("row", rows, dtype=pl.Int64)), row - first_row + 1
