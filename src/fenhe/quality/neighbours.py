"""A station against the stations near it: the same item, the same hour."""

from __future__ import annotations

import polars as pl

from fenhe.quality.checks import COVERAGE, FLAG, Result
from fenhe.quality.config import Config
from fenhe.quality.cross import joined
from fenhe.quality.flags import Quality

CHECK = "neighbour"
_EARTH = 6371.0088  # km, mean radius
_AT = ["site", "item", "statistic", "start", "end"]


def run(rows: pl.DataFrame, near: pl.DataFrame, config: Config) -> Result:
    """Flag values further than ``above`` from the median of at least ``least`` neighbours.

    ``rows``: site, item, statistic, start, end, value; optional quality (from ``VOID`` up neither
    judged nor used). ``near``: site, neighbour (one row a pair; a site is no neighbour of its
    own). A value with fewer neighbours at that moment is not checked.
    """
    good = rows
    if "quality" in rows.columns:
        good = rows.filter(pl.col("quality") < int(Quality.VOID))
    numbers = _numbers(good, config)
    if numbers.is_empty():
        return Result(pl.DataFrame(schema=FLAG), pl.DataFrame(schema=COVERAGE))
    others = good.select("item", "statistic", "start", neighbour="site", other="value")
    judged = (
        good.select(*_AT, "value")
        .join(numbers, on=["site", "item", "statistic"])
        .join(near.filter(pl.col("site") != pl.col("neighbour")), on="site")
        .join(others, on=["neighbour", "item", "statistic", "start"])
        .group_by(*_AT, "value", "above", "least")
        .agg(pl.col("other").median(), pl.len().alias("n"))
        .filter(pl.col("n") >= pl.col("least"))
        .with_columns(check=pl.lit(CHECK), version=pl.lit(config.version))
        .sort(_AT[:4])
    )
    value, other = (
        pl.col(name).cast(pl.String).str.strip_suffix(".0") for name in ("value", "other")
    )
    flags = judged.filter((pl.col("value") - pl.col("other")).abs() > pl.col("above")).with_columns(
        limit=pl.col("above").cast(pl.String).str.strip_suffix(".0"),
        reason=pl.format("{}, {} × {}", value, pl.col("n"), other),
    )
    return Result(flags.select(list(FLAG)), joined(judged.select(list(COVERAGE))))


def _numbers(rows: pl.DataFrame, config: Config) -> pl.DataFrame:
    keys = rows.select("site", "item", "statistic").unique(maintain_order=True)
    found = config.numbers(CHECK, ("above", "least"), keys)
    if found is None:
        return keys.clear().with_columns(above=pl.lit(0.0), least=pl.lit(0.0))
    each = {name: pl.Series(found[name]) for name in ("above", "least")}
    return keys.with_columns(**each).filter(pl.col("above").is_not_nan())


def pairs(places: pl.DataFrame, kilometres: float) -> pl.DataFrame:
    """Return site, neighbour, km of all pairs nearer than this; on the sphere.

    ``places``: site, lon, lat (degrees); rows without coordinates have no neighbours.
    """
    known = places.select("site", pl.col("lon", "lat").cast(pl.Float64).radians()).drop_nulls()
    crossed = known.join(
        known.rename({"site": "neighbour", "lon": "lon_2", "lat": "lat_2"}), how="cross"
    )
    half = ((pl.col("lat_2") - pl.col("lat")) / 2).sin() ** 2 + pl.col("lat").cos() * pl.col(
        "lat_2"
    ).cos() * ((pl.col("lon_2") - pl.col("lon")) / 2).sin() ** 2
    away = (half.sqrt().clip(0, 1).arcsin() * 2 * _EARTH).alias("km")
    return (
        crossed.filter(pl.col("site") != pl.col("neighbour"))
        .with_columns(away)
        .filter(pl.col("km") <= kilometres)
        .select("site", "neighbour", "km")
        .sort("site", "km")
    )
