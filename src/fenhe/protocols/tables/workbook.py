"""Excel workbooks as text cells, opened only after their zip content was measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from fenhe.base.errors import BadInput, MissingExtra, Place
from fenhe.protocols.tables import sheet_xml, unzip
from fenhe.protocols.tables.table import Limits, TextBatch, TextTable, batch_of, check_header


def sheet_names(path: Path, name: str, limits: Limits) -> tuple[str, ...]:
    """Return the names of the sheets of a workbook, in order."""
    return tuple(_book(path, name, limits).sheet_names)


def open_workbook(path: Path, name: str, limits: Limits, sheet: str | None) -> TextTable:
    """Open a sheet (the first without a name); row 1 names the columns.

    The zip directory and a counted unpacking come first, so that a zip bomb is refused
    before any of it is held in memory.
    """
    book = _book(path, name, limits)
    names = book.sheet_names
    if sheet is not None and sheet not in names:
        raise BadInput(f"there is no sheet '{sheet}'; it has {', '.join(names)}", place=Place(name))
    chosen = sheet or names[0]
    # skip_rows=0 keeps blank rows above the header, so that row numbers are the sheet's
    cells = book.load_sheet(chosen, header_row=None, skip_rows=0, dtypes="string").to_polars()
    frame = _trimmed(_with_odd(cells, path, chosen))
    if frame.height == 0 or frame.width == 0:
        raise BadInput(f"sheet '{chosen}' is empty", place=Place(name))
    columns = check_header(frame.row(0), name)
    body = frame.slice(1)
    body.columns = list(columns)

    def source(rows: int) -> Iterator[TextBatch]:
        if body.height:
            yield batch_of(body, 2)

    return TextTable(name, "xlsx", columns, source, sheet=chosen)


def _book(path: Path, name: str, limits: Limits) -> Any:
    try:
        import fastexcel
    except ImportError:
        raise MissingExtra("excel", "reading .xlsx files") from None
    unzip.check(path, name, limits)
    try:
        return fastexcel.read_excel(str(path))
    except fastexcel.FastExcelError as error:
        raise BadInput(f"the workbook can not be read: {error}", place=Place(name)) from None


def _with_odd(frame: pl.DataFrame, path: Path, sheet: str) -> pl.DataFrame:
    """Put error codes and bare formulas back as text, where the reader left nothing."""
    for cell in sheet_xml.odd_cells(path, sheet):
        if cell.row < frame.height and cell.column < frame.width:
            frame[cell.row, cell.column] = cell.text
    return frame


def _trimmed(frame: pl.DataFrame) -> pl.DataFrame:
    """Drop empty columns at the right edge, which formatting alone leaves behind."""
    while frame.width and frame.to_series(frame.width - 1).null_count() == frame.height:
        frame = frame.drop(frame.columns[-1])
    return frame.with_columns(pl.when(pl.all().str.len_bytes() > 0).then(pl.all()))
