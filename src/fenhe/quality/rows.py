"""Checks between the items of one station and hour, made while a file is imported."""

from __future__ import annotations

import polars as pl

PM25_ABOVE_PM10 = "pm25_above_pm10"
RULE = "pm25 <= pm10"
_PLACE = ("site", "station")


def pm25_above_pm10(observations: pl.DataFrame) -> pl.DataFrame:
    """Flag both particle values of each station and interval where PM2.5 exceeds PM10.

    ``observations``: station or site, item, statistic, start, end, value (µg/m³); other
    columns are ignored. An hour told twice counts with its last row. Returns one row a
    flag: that place column, item, statistic, start, end, check, limit, reason; nothing
    when either value is missing. PM2.5 is by definition a part of PM10; equal is right.
    """
    place = next(name for name in _PLACE if name in observations.columns)
    keys = [place, "statistic", "start"]
    pm25, pm10 = (
        observations.lazy()
        .filter(pl.col("item") == item)
        .select(*keys, "end", pl.col("value").alias(item))
        .unique(keys, keep="last", maintain_order=True)
        for item in ("pm25", "pm10")
    )
    crossed = (
        pm25.join(pm10.drop("end"), on=keys, maintain_order="left")
        .filter(pl.col("pm25") > pl.col("pm10"))
        .with_columns(
            item=pl.lit(["pm25", "pm10"], dtype=pl.List(pl.String)),
            check=pl.lit(PM25_ABOVE_PM10),
            limit=pl.lit(RULE),
            reason=pl.format("PM2.5 {} > PM10 {}", _short("pm25"), _short("pm10")),
        )
        .explode("item")
    )
    return crossed.select(
        place, "item", "statistic", "start", "end", "check", "limit", "reason"
    ).collect()


def _short(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.strip_suffix(".0")
