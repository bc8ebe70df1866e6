"""Methods whose answer for a row rests on other rows: ranks, runs of days, counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fenhe.methods.contract import DayKind, Method
from fenhe.standards import Edition

#: Parameter by which a method of ``whole_series`` is told the editions its days choose from.
BY_DAY = "editions_by_day"


@dataclass(frozen=True)
class AcrossRows(Method):
    """A method that needs all rows at once, in whatever batches a file is read.

    With ``reads_date`` its function reads ``intake.DAY``, made from this column: also where
    the edition is named, and where the day does not choose one (``day`` is None). With
    ``whole_series`` its function is given the rows of all editions together and takes for
    each day the edition in force: a run of days does not end where an edition does.
    """

    reads_date: str | None = None
    by_period: bool = False  # no edition named: each result by the edition of its own period
    whole_series: bool = False


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


def editions_given(
    method: Method, params: dict[str, Any], chosen: Edition | None, known: Sequence[Edition]
) -> tuple[Edition | None, dict[str, Any]]:
    """Return the edition to run by and the parameters, for a method that takes whole series."""
    if chosen is None and isinstance(method, AcrossRows) and method.whole_series:
        return known[-1], {**params, BY_DAY: tuple(known)}
    return chosen, params
