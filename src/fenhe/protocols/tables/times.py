"""Time columns to naive UTC, whole columns at once; nothing is guessed."""

from __future__ import annotations

import polars as pl

from fenhe.base.beijing import OFFSET, parse_label
from fenhe.base.errors import BadInput
from fenhe.protocols.tables.feeds.model import Time

_LABEL = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} (?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}$"
_DIGITS = r"^([0-9]{4})([0-9]{2})([0-9]{2})$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def read_times(time: Time, frame: pl.DataFrame) -> pl.Series:
    """Return each row's interval **end** mark as the label gives it, in naive UTC.

    Accepts ``2018-02-20 07:00``, with ``T``, with seconds, and hour 24 as the next
    midnight; dates for the date form; ``20180220`` or ``2018-02-20`` beside an hour for
    ``day+hour``. Anything else is null. A date, and a label of the start, are returned as
    the label itself: the caller knows which end it is.
    """
    text = _text(time, frame)
    distinct = text.unique()
    whole = pl.col("t").str.strip_chars().str.strip_suffix(time.suffix)
    whole = whole.str.replace("T", " ", literal=True)
    if time.form == "date":
        # exports of date cells carry a midnight
        whole = whole.str.strip_suffix(" 00:00:00") + pl.lit(" 00:00:00")
    whole = pl.when(whole.str.len_bytes() == 16).then(whole + ":00").otherwise(whole)
    table = pl.DataFrame({"t": distinct}).with_columns(
        u=pl.when(whole.str.contains(_LABEL))
        .then(whole)
        .str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
    )
    table = _hour_24(table) if time.form != "date" else table
    if time.zone == "Beijing":
        table = table.with_columns(pl.col("u") - OFFSET)
    found = pl.DataFrame({"t": text}).join(table, on="t", how="left", maintain_order="left")
    return found["u"]


def _text(time: Time, frame: pl.DataFrame) -> pl.Series:
    """Join the parts of a time that is spread over columns."""
    if time.form == "day+hour":
        return frame.select(_day_and_hour(*time.columns)).to_series()
    if time.form != "parts":
        return frame[time.columns[0]]
    year, month, day, hour = (pl.col(name).str.strip_chars() for name in time.columns)
    label = pl.concat_str(
        year, "-" + month.str.zfill(2), "-" + day.str.zfill(2), " " + hour.str.zfill(2) + ":00"
    )
    return frame.select(label.alias("t")).to_series()


def _day_and_hour(day: str, hour: str) -> pl.Expr:
    """Join ``20140604`` or ``2014-06-04`` and an hour from 0 to 24."""
    date = pl.col(day).str.strip_chars().str.replace(_DIGITS, "$1-$2-$3")
    label = date + " " + pl.col(hour).str.strip_chars().str.zfill(2) + ":00"
    return label.alias("t")


def _hour_24(table: pl.DataFrame) -> pl.DataFrame:
    """Read the few labels left over one by one: hour 24 is the next midnight."""
    left = table.filter(pl.col("u").is_null() & pl.col("t").str.contains(" 24:|T24:"))
    read: dict[str, object] = {}
    for text in left["t"]:
        try:
            read[text] = parse_label(text)
        except BadInput:
            continue
    if not read:
        return table
    more = pl.DataFrame(
        {"t": list(read), "u24": list(read.values())},
        schema={"t": pl.String, "u24": pl.Datetime("us")},
    )
    return table.join(more, on="t", how="left").select("t", pl.coalesce("u", "u24").alias("u"))
