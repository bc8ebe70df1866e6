"""Hours of any frame as one integer: what methods count in that reach beyond a single row.

``HOUR`` holds hours since 1970-01-01 00:00 Beijing time, of the start of the hour.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from fenhe.base.beijing import HOUR as ONE_HOUR
from fenhe.base.beijing import OFFSET
from fenhe.base.errors import BadInput
from fenhe.methods import calendar, exact, intake

HOUR = f"{intake.PRIVATE}hour"

#: An integer column with the hours since 1970-01-01 00:00 UTC may stand in for the time.
START_HOUR = "start_hour"

_OFFSET_HOURS = divmod(OFFSET, ONE_HOUR)[0]
_LABEL = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T](?:[01][0-9]|2[0-3]):00(?::00)?$"
_LABEL_24 = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]24:00(?::00)?$"


def of_end_labels(text: pl.Series) -> pl.Series:
    """Return the hour that ends at each label, whole hours only; null for anything else.

    Accepts ``2018-02-20 07:00``, ``T`` for the blank, seconds, and hour 24: the label
    2026-03-01 00:00 ends the last hour of 2026-02-28.
    """
    label = pl.col("t").str.strip_chars()
    good = label.str.contains(_LABEL) | label.str.contains(_LABEL_24)
    date = label.str.head(10).str.to_date("%Y-%m-%d", strict=False)
    hour = label.str.slice(11, 2).str.to_integer(strict=False)
    ends = date.dt.epoch("d") * 24 + hour
    table = pl.DataFrame({"t": text.unique()}).with_columns(hour=pl.when(good).then(ends - 1))
    rows = pl.DataFrame({"t": text}).join(
        table, on="t", how="left", maintain_order="left", nulls_equal=True
    )
    return rows["hour"]


def of_start_hours(hour: nw.Expr) -> nw.Expr:
    """Return hours since 1970-01-01 00:00 UTC as those of Beijing time."""
    return exact.integer(hour) + _OFFSET_HOURS


def with_hour(frame: nw.LazyFrame[Any], column: str) -> nw.LazyFrame[Any]:
    """Add ``HOUR`` from a column of end-of-hour labels: naive Beijing timestamps, or text.

    A column ``HOUR`` that is there already stays; an integer ``start_hour`` goes before the
    labels. ``BadInput`` for another kind of column, and in Polars for a label that is not a
    whole hour; text is read in Polars only.
    """
    schema = frame.collect_schema()
    if HOUR in schema:
        return frame
    if START_HOUR in schema and schema[START_HOUR].is_integer():
        return frame.with_columns(of_start_hours(nw.col(START_HOUR)).alias(HOUR))
    dtype = schema[column]
    polars = frame.implementation.is_polars()
    if dtype == nw.String and polars:
        return _from_text(frame, column)
    if dtype != nw.Datetime:
        raise BadInput(
            f"column '{column}' holds {dtype}, not timestamps; an integer column '{START_HOUR}' "
            "(hours since 1970-01-01 00:00 UTC) may stand in for it"
        )
    label = nw.col(column)
    if polars:
        passed = exact.floor_div(label.dt.timestamp("ms") - 1, 3_600_000)
        return frame.with_columns(passed.alias(HOUR))
    # the parts of a timestamp do not depend on the zone an engine holds it in
    start = label.dt.offset_by("-1h")
    day = (start.dt.year() * 100 + start.dt.month()) * 100 + start.dt.day()
    hour = calendar.since_epoch(exact.integer(day)) * 24 + start.dt.hour()
    return frame.with_columns(exact.integer(hour).alias(HOUR))


def _from_text(frame: nw.LazyFrame[Any], column: str) -> nw.LazyFrame[Any]:
    table: pl.DataFrame = frame.to_native().collect()
    hour = of_end_labels(table[column])
    bad = table[column].filter(hour.is_null())
    if len(bad):
        told = "empty" if bad[0] is None else f"'{bad[0]}'"
        raise BadInput(f"column '{column}': {told} is not the end of a whole hour")
    return nw.from_native(table.with_columns(hour.alias(HOUR)).lazy())
