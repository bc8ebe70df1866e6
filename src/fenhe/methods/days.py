"""Text and timestamps of Beijing time as days: the integer yyyymmdd a method's edition goes by."""

from __future__ import annotations

import narwhals as nw
import polars as pl

_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?$"
_HOUR_24 = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]24:00(?::00)?$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T]00:00(?::00)?)?$"


def of_end_labels(text: pl.Series) -> pl.Series:
    """Return the day of the start of each hour that ends at the label.

    Accepts ``2018-02-20 07:00``, ``T`` for the blank, seconds, and hour 24; the label
    2026-03-01 00:00 belongs to 2026-02-28. Null where the text is anything else.
    """
    label = pl.col("t").str.strip_chars()
    whole = label.str.contains(_TIME)
    date = label.str.head(10).str.to_date("%Y-%m-%d", strict=False)
    before = pl.when(label.str.slice(11, 2) == "00").then(date.dt.offset_by("-1d")).otherwise(date)
    day = pl.when(whole).then(before).when(label.str.contains(_HOUR_24)).then(date)
    return _distinct(text, day)


def of_dates(text: pl.Series) -> pl.Series:
    """Return the day each date names (``2026-03-01``, a midnight after it is ignored)."""
    label = pl.col("t").str.strip_chars()
    date = label.str.head(10).str.to_date("%Y-%m-%d", strict=False)
    return _distinct(text, pl.when(label.str.contains(_DATE)).then(date))


def _distinct(text: pl.Series, day: pl.Expr) -> pl.Series:
    """Work out each distinct text once."""
    number = (day.dt.year() * 100 + day.dt.month()) * 100 + day.dt.day()
    table = pl.DataFrame({"t": text.unique()}).with_columns(day=number)
    rows = pl.DataFrame({"t": text}).join(
        table, on="t", how="left", maintain_order="left", nulls_equal=True
    )
    return rows["day"]


def of_timestamps(start: nw.Expr) -> nw.Expr:
    """Return the day of naive Beijing timestamps or dates, on any engine."""
    return (start.dt.year() * 100 + start.dt.month()) * 100 + start.dt.day()
