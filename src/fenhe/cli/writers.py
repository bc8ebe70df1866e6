"""Write judged rows as CSV, Parquet, Excel or JSON, by the name of the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import polars as pl

from fenhe.base.errors import BadInput, MissingExtra, Place

_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$")
_XLSX_ROWS = 1_048_576


class Writer(Protocol):
    """Takes batches of rows; every batch has the same columns."""

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows."""

    def close(self) -> None:
        """Finish the file."""


def endings() -> tuple[str, ...]:
    """Return the file name endings that can be written."""
    return tuple(_WRITERS)


@contextmanager
def open_writer(path: Path, numbers: Sequence[str]) -> Iterator[Writer]:
    """Open a file for writing; it appears under its name only when all went well.

    ``numbers`` are the text columns that hold decimal text: they are written as
    numbers where the format tells numbers from text. Raises ``BadInput`` for an
    unknown ending or a folder that is not there.
    """
    make = _WRITERS.get(path.suffix.lower())
    if make is None:
        known = ", ".join(_WRITERS)
        raise BadInput(f"unknown file type; known are {known}", place=Place(str(path)))
    if not path.parent.is_dir():
        raise BadInput("there is no such folder", place=Place(str(path.parent)))
    part = path.with_name(f".{path.name}.part")
    try:
        writer = make(part, frozenset(numbers))
        yield writer
        writer.close()
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def neutral(frame: pl.DataFrame) -> pl.DataFrame:
    """Put an apostrophe before text a spreadsheet would run as a formula; numbers stay."""
    text = pl.col(pl.String)
    formula = text.str.contains(r"^\s*[=+\-@]|^[\t\r]") & ~text.str.contains(_NUMBER)
    frame = frame.with_columns(pl.when(formula).then("'" + text).otherwise(text).name.keep())
    return frame.rename({c: f"'{c}" for c in frame.columns if re.match(r"\s*[=+\-@]", c)})


class _Csv:
    def __init__(self, path: Path, _numbers: frozenset[str]) -> None:
        self.file: IO[bytes] = path.open("wb")
        self.first = True

    def write(self, frame: pl.DataFrame) -> None:
        neutral(frame).write_csv(self.file, include_header=self.first)
        self.first = False

    def close(self) -> None:
        self.file.close()


class _Json:
    """One array of objects, or one object a line; decimal text becomes a number digit for digit."""

    def __init__(self, path: Path, numbers: frozenset[str]) -> None:
        self.file = path.open("w", encoding="utf-8")
        self.numbers = numbers
        self.lines = not path.name.lower().endswith(".json.part")
        self.first = True
        if not self.lines:
            self.file.write("[")

    def write(self, frame: pl.DataFrame) -> None:
        columns = [(json.dumps(c, ensure_ascii=False), c in self.numbers) for c in frame.columns]
        for row in frame.iter_rows():
            cells = zip(columns, row, strict=True)
            body = ",".join(f"{name}:{_json(value, raw=raw)}" for (name, raw), value in cells)
            start = "" if self.first else ("\n" if self.lines else ",\n")
            self.file.write(f"{start}{{{body}}}")
            self.first = False

    def close(self) -> None:
        self.file.write("\n" if self.lines else "]\n")
        self.file.close()


def _json(value: Any, *, raw: bool) -> str:
    if raw and isinstance(value, str) and _JSON_NUMBER.match(value):
        return value
    return json.dumps(value, ensure_ascii=False)


class _Parquet:
    def __init__(self, path: Path, numbers: frozenset[str]) -> None:
        self.path, self.numbers = path, numbers
        self.parts: list[pl.DataFrame] = []

    def write(self, frame: pl.DataFrame) -> None:
        self.parts.append(frame.with_columns(_floats(frame, self.numbers)))

    def close(self) -> None:
        pl.concat(self.parts).write_parquet(self.path)


def _floats(frame: pl.DataFrame, numbers: Iterable[str]) -> list[pl.Expr]:
    return [pl.col(c).cast(pl.Float64) for c in numbers if frame.schema.get(c) == pl.String]


class _Xlsx:
    def __init__(self, path: Path, numbers: frozenset[str]) -> None:
        try:
            import xlsxwriter
        except ImportError:
            raise MissingExtra("excel", "writing .xlsx files") from None
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self.name, self.numbers = path.name[1:].removesuffix(".part"), numbers
        self.book = xlsxwriter.Workbook(str(path), options)
        self.sheet = self.book.add_worksheet("judged")
        self.row = 0

    def write(self, frame: pl.DataFrame) -> None:
        frame = frame.with_columns(_floats(frame, self.numbers))
        frame = neutral(frame)
        if self.row == 0:
            self.sheet.write_row(0, 0, frame.columns)
            self.row = 1
        if self.row + frame.height > _XLSX_ROWS:
            raise BadInput(
                f"an Excel sheet holds {_XLSX_ROWS} rows; write CSV or Parquet",
                place=Place(self.name),
            )
        for cells in frame.iter_rows():
            for column, value in enumerate(cells):
                if isinstance(value, str):
                    self.sheet.write_string(self.row, column, value)
                elif value is not None:
                    self.sheet.write_number(self.row, column, value)
            self.row += 1

    def close(self) -> None:
        self.book.close()


_WRITERS: dict[str, Any] = {
    ".csv": _Csv,
    ".parquet": _Parquet,
    ".xlsx": _Xlsx,
    ".json": _Json,
    ".jsonl": _Json,
    ".ndjson": _Json,
}
