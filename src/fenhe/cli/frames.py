"""A file's text cells as the frame a method reads, with every problem named by its cell."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw
import polars as pl

from fenhe.base.errors import BadInput, Place
from fenhe.methods import across, days, hours, intake, moments
from fenhe.methods.contract import Column, Method
from fenhe.protocols.tables import decimals
from fenhe.protocols.tables.table import TextBatch, TextTable

#: Problems listed in an error; the rest is counted.
SHOWN = 20

_SAME = {"pm2.5": "pm25", "pm2_5": "pm25", "area": "city", "o3_8h_max": "o3_8h", "o3_mda8": "o3_8h"}


def _hours(text: pl.Series) -> pl.Series:
    numbers = decimals.scaled(text)
    return numbers.units if numbers.k == 0 else pl.repeat(None, len(text), eager=True)


_DAYS = {"time": days.of_end_labels, "date": days.of_dates, "hour": _hours}
_FORM = {
    "hour": "is not a whole number of hours",
    "time": "is not a time; write 2018-02-20 07:00",
    "date": "is not a date; write 2018-02-20",
    "number": "is not a number",
}


@dataclass
class Problems:
    """What is wrong in a file's cells; the first are kept, all are counted."""

    file: str
    first: list[tuple[int, str, str]] = field(default_factory=list)
    count: int = 0

    def add(self, rows: pl.Series, column: str, texts: pl.Series, bad: pl.Series, why: str) -> None:
        """Note the cells where ``bad`` holds."""
        self.count += int(bad.sum())
        left = SHOWN - len(self.first)
        found = zip(rows.filter(bad).head(left), texts.filter(bad).head(left), strict=True)
        for row, text in found:
            told = why if text is None else f"'{text}' {why}"
            self.first.append((row, column, told))

    def raise_if_any(self) -> None:
        """Raise ``BadInput`` that names the first cells and how many there are."""
        if not self.count:
            return
        self.first.sort(key=lambda one: one[0])
        row, column, told = self.first[0]
        place = Place(self.file, row, column)
        if self.count == 1:
            raise BadInput(told, place=place)
        lines = [f"  row {r}, column {c}: {t}" for r, c, t in self.first]
        more = f"\n  … and {self.count - len(lines)} more" if self.count > len(lines) else ""
        raise BadInput(
            f"{self.count} cells can not be used\n" + "\n".join(lines) + more, place=place
        )


@dataclass(frozen=True)
class Batch:
    """One batch as a method reads it, with the text cells it came from."""

    lazy: nw.LazyFrame[Any]
    decimals: Mapping[str, int]
    text: pl.DataFrame


def check_columns(method: Method, table: TextTable, outputs: Sequence[Column]) -> None:
    """Raise ``BadInput`` when the file lacks a column or has one the result needs."""
    have = table.columns
    missing = [c.name for c in method.inputs if not c.optional and c.name not in have]
    if missing:
        hints = [hint for name in missing if (hint := _hint(name, have))]
        raise BadInput(
            f"{method.id} needs the columns {', '.join(missing)}; the file has {', '.join(have)}"
            + "".join(f"\n  {hint}" for hint in hints),
            place=Place(table.name),
        )
    clash = [c.name for c in outputs if c.name in have] if method.adds_columns else []
    if clash:
        raise BadInput(
            f"the file already has the columns {', '.join(clash)}, which the result adds; "
            "rename or remove them",
            place=Place(table.name),
        )


def _hint(name: str, have: Sequence[str]) -> str:
    """Say which column of the file may be the missing one; none is ever taken for it."""
    for other in have:
        folded = other.strip().lower()
        if _SAME.get(folded, folded.replace(".", "")) == name:
            return f"'{other}' looks like {name}: rename it"
    close = difflib.get_close_matches(name, [h.lower() for h in have], n=1, cutoff=0.8)
    return f"'{close[0]}' looks like {name}: rename it if it is" if close else ""


def batches(method: Method, table: TextTable, *, by_day: bool, rows: int) -> Iterator[Batch]:
    """Yield the file's batches; once a cell is bad, only go on to count the bad ones.

    ``by_day``: the edition of each row is chosen by its day, so that an empty or
    unreadable day is a problem. Raises ``BadInput`` after the last batch.
    """
    problems = Problems(table.name)
    for batch in table.batches(rows):
        made = _read(method, batch, problems, by_day=by_day)
        if not problems.count:
            yield made
    problems.raise_if_any()


def _read(method: Method, batch: TextBatch, problems: Problems, *, by_day: bool) -> Batch:
    added: list[pl.Series] = []
    found: dict[str, int] = {}
    for column in method.inputs:
        if column.name not in batch.frame.columns:
            if column.kind == "number":
                found[column.name] = 0
                added.append(_nothing(column.name, batch.frame.height))
            continue
        text = batch.frame[column.name]
        if column.kind == "number":
            numbers = decimals.scaled(text)
            found[column.name] = numbers.k
            problems.add(batch.rows, column.name, text, numbers.bad, _FORM["number"])
            added.append(numbers.units.alias(intake.number(column.name)))
        elif column.kind == "code":
            _check_codes(column, batch, problems)
        elif column.kind == "start":
            added.append(_start(column.name, batch, problems))
        elif column.kind == "time" and method.day is None:
            added.append(_hour(column.name, batch, problems))
    if day := across.day_read(method, by_day=by_day):
        added.append(_day(day, batch, problems))
    frame = batch.frame.with_columns(added)
    if method.day and method.day[1] == "hour":
        frame = frame.with_columns(_hours(frame[method.day[0]]).alias(method.day[0]))
    lazy: nw.LazyFrame[Any] = nw.from_native(frame.lazy())
    usable = [
        (intake.usable_signed if c in method.signed else intake.usable)(
            nw.col(intake.number(c)), k
        ).alias(intake.number(c))
        for c, k in found.items()
    ]
    return Batch(lazy.with_columns(usable), found, batch.frame)


def _nothing(column: str, height: int) -> pl.Series:
    return pl.repeat(None, height, dtype=pl.Int64, eager=True).alias(intake.number(column))


def _day(day: tuple[str, str], batch: TextBatch, problems: Problems) -> pl.Series:
    column, kind = day
    text = batch.frame[column]
    found = _DAYS[kind](text)
    problems.add(batch.rows, column, text, text.is_null(), "is empty: no edition without a day")
    problems.add(batch.rows, column, text, text.is_not_null() & found.is_null(), _FORM[kind])
    return found.alias(intake.DAY)


def _hour(column: str, batch: TextBatch, problems: Problems) -> pl.Series:
    """Read the hours of a method that counts in them."""
    text = batch.frame[column]
    found = hours.of_end_labels(text)
    problems.add(batch.rows, column, text, text.is_null(), "is empty: which hour is not known")
    wrong = text.is_not_null() & found.is_null()
    problems.add(batch.rows, column, text, wrong, "is not the end of a whole hour")
    return found.alias(hours.HOUR)


def _start(column: str, batch: TextBatch, problems: Problems) -> pl.Series:
    """Read the starts of a method that counts in seconds."""
    text = batch.frame[column]
    found = moments.of_start_labels(text)
    problems.add(batch.rows, column, text, text.is_null(), "is empty: when is not known")
    wrong = text.is_not_null() & found.is_null()
    problems.add(batch.rows, column, text, wrong, "is not a start; write 2026-03-01 07:00")
    return found.alias(moments.SECOND)


def _check_codes(column: Column, batch: TextBatch, problems: Problems) -> None:
    text = batch.frame[column.name]
    known = [code.lower() for code in column.codes]
    folded = text.str.strip_chars().str.to_lowercase().str.replace_all(".", "", literal=True)
    bad = text.is_not_null() & ~folded.is_in(known)
    problems.add(batch.rows, column.name, text, bad, f"is none of {' '.join(column.codes)}")
