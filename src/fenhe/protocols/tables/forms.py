"""The forms a table is written in, each taking one batch of rows after the other."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, Any, ClassVar, Protocol

import polars as pl

from fenhe.base.errors import BadInput, MissingExtra, Place

# what spreadsheet programs take for the beginning of a formula, full-width forms included
_FORMULA = r"^\s*[=+\-@＝＋－＠]|^[\t\r\n]"
_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$")
_SHEET_ROWS = 1_048_576
_WIDEST = 40
_TIME = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Options:
    """Name for messages; text columns to write as numbers; whether CSV begins with a mark."""

    name: str
    numbers: frozenset[str] = frozenset()
    bom: bool = False


class Form(Protocol):
    """Takes batches of rows; every batch has the same columns."""

    def __init__(self, file: IO[bytes], options: Options) -> None:
        """Begin in an open file."""

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows."""

    def close(self) -> None:
        """Finish; the file itself stays open."""


def neutral(text: pl.Expr) -> pl.Expr:
    """Return text with an apostrophe before what a spreadsheet would run as a formula.

    Plain numbers, ``-5`` too, stay as they are; null stays null.
    """
    risky = text.str.contains(_FORMULA) & ~text.str.contains(_NUMBER)
    return pl.when(~risky).then(text).otherwise(pl.lit("'") + text)


def _floats(frame: pl.DataFrame, numbers: frozenset[str]) -> pl.DataFrame:
    texts = [name for name in frame.columns if name in numbers and frame[name].dtype == pl.String]
    return frame.with_columns(pl.col(texts).cast(pl.Float64))


class Csv:
    """UTF-8, an empty cell for null; headers and texts never begin a formula."""

    separator: ClassVar[str] = ","

    def __init__(self, file: IO[bytes], options: Options) -> None:
        self.file, self.bom, self.first = file, options.bom, True

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows."""
        names = pl.select(neutral(pl.lit(pl.Series(frame.columns, dtype=pl.String)))).to_series()
        texts = frame.select(pl.col(pl.String).str.contains(_FORMULA).any())
        risky = [column.name for column in texts if column.item()]  # most columns have none
        safe = frame.with_columns(neutral(pl.col(risky)))
        safe.rename(dict(zip(frame.columns, names, strict=True))).write_csv(
            self.file,
            separator=self.separator,
            include_header=self.first,
            include_bom=self.first and self.bom,
            datetime_format=_TIME,
        )
        self.first = False

    def close(self) -> None:
        """Finish."""


class Tsv(Csv):
    """As CSV, with tabs."""

    separator = "\t"


class JsonLines:
    """One object a line; decimal text of number columns becomes a number digit for digit."""

    opening, between, closing = "", "\n", "\n"

    def __init__(self, file: IO[bytes], options: Options) -> None:
        self.file, self.numbers, self.next = file, options.numbers, self.opening

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows."""
        columns = [(json.dumps(c, ensure_ascii=False), c in self.numbers) for c in frame.columns]
        for row in frame.iter_rows():
            cells = zip(columns, row, strict=True)
            body = ",".join(f"{name}:{_json(value, raw=raw)}" for (name, raw), value in cells)
            self.file.write(f"{self.next}{{{body}}}".encode())
            self.next = self.between

    def close(self) -> None:
        """Write the end."""
        start = "" if self.next == self.between else self.opening
        self.file.write((start + self.closing).encode())


class Json(JsonLines):
    """One array of objects."""

    opening, between, closing = "[", ",\n", "]\n"


def _json(value: Any, *, raw: bool) -> str:
    if raw and isinstance(value, str) and _JSON_NUMBER.match(value):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return "null"
    return json.dumps(value, ensure_ascii=False, default=str)


class Parquet:
    """Values as they are, in one piece at the end."""

    def __init__(self, file: IO[bytes], options: Options) -> None:
        self.file, self.numbers = file, options.numbers
        self.parts: list[pl.DataFrame] = []

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows."""
        self.parts.append(_floats(frame, self.numbers))

    def close(self) -> None:
        """Write all rows."""
        pl.concat(self.parts).write_parquet(self.file)


class Xlsx:
    """One sheet; a text cell is text whatever it holds, never a formula or a link."""

    def __init__(self, file: IO[bytes], options: Options) -> None:
        try:
            import xlsxwriter
        except ImportError:
            raise MissingExtra("excel", "writing .xlsx files") from None
        plain = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self.options = options
        self.book = xlsxwriter.Workbook(file, plain)
        self.sheet = self.book.add_worksheet()
        self.row = 0

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows. Raises ``BadInput`` when a sheet can not hold them."""
        frame = _floats(frame, self.options.numbers)
        if self.row == 0:
            self._head(frame)
        if self.row + frame.height > _SHEET_ROWS:
            raise BadInput(
                f"an Excel sheet holds {_SHEET_ROWS} rows; write CSV or Parquet",
                place=Place(self.options.name),
            )
        for cells in frame.iter_rows():
            for column, value in enumerate(cells):
                self._cell(column, value)
            self.row += 1

    def _head(self, frame: pl.DataFrame) -> None:
        self.sheet.freeze_panes(1, 0)
        for column, name in enumerate(frame.columns):
            self.sheet.write_string(0, column, name)
            texts = frame[name] if frame[name].dtype == pl.String else pl.Series([""])
            longest = texts.str.len_bytes().max()
            width = max(len(name.encode()), longest if isinstance(longest, int) else 0) + 2
            self.sheet.set_column(column, column, min(width, _WIDEST))
        self.row = 1

    def _cell(self, column: int, value: object) -> None:
        """Write one cell by its type; null leaves it empty."""
        if value is None:
            return
        if isinstance(value, bool):
            self.sheet.write_boolean(self.row, column, value)
        elif isinstance(value, int | float):
            self.sheet.write_number(self.row, column, value)
        elif isinstance(value, datetime):
            self.sheet.write_string(self.row, column, value.strftime(_TIME))
        elif isinstance(value, date):
            self.sheet.write_string(self.row, column, value.isoformat())
        else:
            self.sheet.write_string(self.row, column, str(value))

    def close(self) -> None:
        """Write the book."""
        self.book.close()


FORMS: dict[str, type[Form]] = {
    ".csv": Csv,
    ".parquet": Parquet,
    ".xlsx": Xlsx,
    ".json": Json,
    ".jsonl": JsonLines,
    ".ndjson": JsonLines,
    ".tsv": Tsv,
}
