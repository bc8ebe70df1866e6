"""Methods whose answer for a row rests on other rows: ranks, runs of days, counts."""

from __future__ import annotations

from dataclasses import dataclass

from fenhe.methods.contract import DayKind, Method


@dataclass(frozen=True)
class AcrossRows(Method):
    """A method that needs all rows at once, in whatever batches a file is read.

    With ``reads_date`` its function reads ``intake.DAY``, made from this column: also where
    the edition is named, and where the day does not choose one (``day`` is None).
    """

    reads_date: str | None = None


def all_rows(method: Method) -> bool:
    """Say whether a method can not be given its rows in batches."""
    return isinstance(method, AcrossRows) or not method.adds_columns


def day_read(method: Method, *, by_day: bool) -> tuple[str, DayKind] | None:
    """Return the column the day of a row comes from and its kind, None where none is needed.

    ``by_day`` says that the edition of each row is chosen by its day.
    """
    if isinstance(method, AcrossRows) and method.reads_date:
        return method.reads_date, "date"
    return method.day if by_day else None
