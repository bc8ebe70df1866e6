"""Write tables to CSV, Excel, Parquet or JSON; no cell of a text becomes a formula."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from fenhe.base.errors import BadInput, MissingExtra, Place

# what spreadsheet programs take for the beginning of a formula, full-width forms included
_FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"
_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_MOST_ROWS = 1_048_575
_TIME = "%Y-%m-%d %H:%M:%S"


def neutral(text: pl.Expr) -> pl.Expr:
    """Return text with an apostrophe before what a spreadsheet would run as a formula.

    Plain numbers, ``-5`` too, stay as they are; null stays null.
    """
    risky = text.str.contains(_FORMULA) & ~text.str.contains(_NUMBER)
    return pl.when(~risky).then(text).otherwise(pl.lit("'") + text)


def write_table(frame: pl.DataFrame, path: str | Path, *, bom: bool = False) -> Path:
    """Write ``frame`` by the ending of ``path``: .csv, .tsv, .xlsx, .parquet, .json, .jsonl.

    CSV is UTF-8 (``bom`` adds the mark old Excel needs), null is an empty cell, and text
    that looks like a formula gets an apostrophe in front; in Excel files text cells are
    text whatever they hold; Parquet and JSON hold values as they are. The file appears
    whole or not at all. Raises ``BadInput`` for an unknown ending.
    """
    path = Path(path)
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        known = ", ".join(_WRITERS)
        raise BadInput(f"unknown file type; known are {known}", place=Place(path.name))
    if not path.parent.is_dir():
        raise BadInput("there is no such folder", place=Place(str(path.parent)))
    part = path.with_name(f".{path.name}.part")
    try:
        write(frame, part, bom)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _csv(separator: str) -> Callable[[pl.DataFrame, Path, bool], None]:
    def write(frame: pl.DataFrame, path: Path, bom: bool) -> None:
        names = pl.DataFrame({"n": frame.columns}, schema={"n": pl.String})
        safe = frame.with_columns(neutral(pl.col(pl.String))).rename(
            dict(zip(frame.columns, names.select(neutral(pl.col("n"))).to_series(), strict=True))
        )
        safe.write_csv(path, separator=separator, include_bom=bom, datetime_format=_TIME)

    return write


def _excel(frame: pl.DataFrame, path: Path, _: bool) -> None:
    try:
        import xlsxwriter
    except ImportError:
        raise MissingExtra("excel", "writing .xlsx files") from None
    if frame.height > _MOST_ROWS:
        raise BadInput(f"{frame.height} rows do not fit a sheet; write .csv or .parquet")
    book = xlsxwriter.Workbook(
        str(path),
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    try:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(frame.columns):
            sheet.write_string(0, column, name)
        for row, cells in enumerate(frame.iter_rows(), start=1):
            for column, value in enumerate(cells):
                _cell(sheet, row, column, value)
    finally:
        book.close()


def _cell(sheet: Any, row: int, column: int, value: object) -> None:
    """Write one cell by its type; null leaves it empty."""
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value)
    elif isinstance(value, datetime):
        sheet.write_string(row, column, value.strftime(_TIME))
    elif isinstance(value, date):
        sheet.write_string(row, column, value.isoformat())
    else:
        sheet.write_string(row, column, str(value))


def _parquet(frame: pl.DataFrame, path: Path, _: bool) -> None:
    frame.write_parquet(path)


def _json(frame: pl.DataFrame, path: Path, _: bool) -> None:
    frame.write_json(path)


def _json_lines(frame: pl.DataFrame, path: Path, _: bool) -> None:
    frame.write_ndjson(path)


_WRITERS: dict[str, Callable[[pl.DataFrame, Path, bool], None]] = {
    ".csv": _csv(","),
    ".tsv": _csv("\t"),
    ".xlsx": _excel,
    ".parquet": _parquet,
    ".json": _json,
    ".jsonl": _json_lines,
}
