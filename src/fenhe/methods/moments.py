"""Starts of any frame as one integer: what pollution-source methods count in.

``SECOND`` holds seconds since 1970-01-01 00:00 Beijing time, of the start of the record:
HJ 212 labels minute, hour and day records by their start.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from fenhe.base.beijing import OFFSET
from fenhe.base.errors import BadInput
from fenhe.methods import calendar, exact, intake

SECOND = f"{intake.PRIVATE}second"

#: An integer column with Unix seconds (UTC) may stand in for the column of starts.
START_UNIX = "start_unix"

HOUR, DAY = 3600, 86_400

_OFFSET = OFFSET.days * DAY + OFFSET.seconds
_LABEL = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?)?$"
_DIGITS = r"^[0-9]{8}(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]$"


def of_start_labels(text: pl.Series) -> pl.Series:
    """Return the second each start label names in Beijing time; null for anything else.

    Accepts ``2026-03-01 07:00``, ``T`` for the blank, seconds, a bare date (its midnight) and
    the ``DataTime`` of HJ 212, 20260301070000.
    """
    label = pl.col("t").str.strip_chars()
    digits = label.str.replace_all(r"[-T :]", "").str.pad_end(14, "0")
    good = label.str.contains(_LABEL) | label.str.contains(_DIGITS)
    moment = digits.str.to_datetime("%Y%m%d%H%M%S", strict=False).dt.epoch("s")
    table = pl.DataFrame({"t": text.unique()}).with_columns(s=pl.when(good).then(moment))
    rows = pl.DataFrame({"t": text}).join(
        table, on="t", how="left", maintain_order="left", nulls_equal=True
    )
    return rows["s"]


def with_second(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add ``SECOND`` from the column ``start``: naive Beijing timestamps, dates or text.

    A column ``SECOND`` that is there already stays; an integer ``start_unix`` goes before the
    starts. ``BadInput`` for another kind of column, and in Polars for text that is no start.
    """
    return frame if SECOND in frame.collect_schema() else with_moment(frame, "start", SECOND)


def with_moment(frame: nw.LazyFrame[Any], column: str, to: str) -> nw.LazyFrame[Any]:
    """Add ``to``: the second of Beijing time a column names; null stays null but for starts.

    An integer column ``<column>_unix`` goes before it. Errors: as ``with_second``.
    """
    schema = frame.collect_schema()
    unix_column = f"{column}_unix"
    if unix_column in schema and schema[unix_column].is_integer():
        return frame.with_columns(exact.integer(nw.col(unix_column) + _OFFSET).alias(to))
    dtype = schema[column]
    if dtype == nw.String and frame.implementation.is_polars():
        return _from_text(frame, column, to)
    if dtype not in (nw.Datetime, nw.Date):
        raise BadInput(
            f"column '{column}' holds {dtype}, not timestamps; an integer column "
            f"'{unix_column}' (Unix seconds) may stand in for it"
        )
    start = nw.col(column)
    # the parts of a timestamp do not depend on the zone an engine holds it in
    day = (start.dt.year() * 100 + start.dt.month()) * 100 + start.dt.day()
    second = calendar.since_epoch(exact.integer(day)) * DAY
    if dtype == nw.Datetime:
        second = second + start.dt.hour() * HOUR + start.dt.minute() * 60 + start.dt.second()
    return frame.with_columns(exact.integer(second).alias(to))


def _from_text(frame: nw.LazyFrame[Any], column: str, to: str) -> nw.LazyFrame[Any]:
    table: pl.DataFrame = frame.to_native().collect()
    second = of_start_labels(table[column])
    wrong = second.is_null()
    wrong = wrong if to == SECOND else wrong & table[column].is_not_null()
    bad = table[column].filter(wrong)
    if len(bad):
        told = "empty" if bad[0] is None else f"'{bad[0]}'"
        raise BadInput(f"column '{column}': {told} is not a start; write 2026-03-01 07:00")
    return nw.from_native(table.with_columns(second.alias(to)).lazy())


def unix(second: nw.Expr) -> nw.Expr:
    """Return seconds of Beijing time as Unix seconds."""
    return exact.integer(second) - _OFFSET


def text(day: nw.Expr, second_of_day: nw.Expr) -> nw.Expr:
    """Return a day yyyymmdd and a second of it as text: 2026-03-01 07:00."""
    hour = exact.floor_div(second_of_day, HOUR)
    minute = exact.floor_div(second_of_day, 60) - hour * 60
    clock = exact.text(exact.integer(hour * 100 + minute + 10_000))
    parts = [clock.str.slice(1, 2), clock.str.slice(3, 2)]
    return nw.concat_str([calendar.text(day), nw.concat_str(parts, separator=":")], separator=" ")
