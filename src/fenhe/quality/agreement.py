"""The logger's mean of an hour against the mean of the minutes it told itself."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from fenhe.quality.checks import FLAG
from fenhe.quality.flags import Quality
from fenhe.standards import Edition

CHECK = "logger_disagrees"
HOUR = "1h"
FLOW = "w00000"  # what concentrations in water are weighted by
WATER = "w2"  # substances in water (HJ 212-2017, table B.1)
MINUTES = r"^\d+min$"
_HOUR_OF_MINUTES = 60


@dataclass(frozen=True)
class Rules:
    """``share`` of the hour that valid minutes must cover, ``relative`` difference allowed."""

    version: str
    share: float
    relative: float


def rules_of(edition: Edition) -> Rules:
    """Return the numbers of an edition of check data."""
    return Rules(
        edition.id,
        float(edition.value("agreement_share").number),
        float(edition.value("agreement_relative").number),
    )


def disagreeing(hours: pl.DataFrame, minutes: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Return the flag ``logger_disagrees`` on the hours that are not the mean of their minutes.

    ``hours``: site, item, statistic, start, end (naive UTC), value, decimals, quality of ``1h``;
    ``minutes``: the same without decimals, of ``1min``, ``10min`` and the like. Void values
    are left out on both sides. An hour with too few minutes is not judged. A concentration in
    water may be weighted by the flow of the same minutes or not (HJ 356-2019: arithmetic where
    the flow is not measured): it disagrees when it is neither. One last digit is allowed beside
    the relative difference. Columns: as flags of ``checks.run``.
    """
    counting = pl.col("quality") < int(Quality.VOID)
    told = hours.filter(counting, pl.col("statistic") == HOUR)
    means = _means(minutes.filter(counting, pl.col("statistic").str.contains(MINUTES)), rules)
    both = told.join(means, on=["site", "item", "start"], maintain_order="left")
    digit = pl.lit(10.0).pow(-pl.col("decimals").cast(pl.Float64))

    def apart(mean: str) -> pl.Expr:
        allowed = pl.col(mean).abs() * rules.relative + digit
        return ((pl.col("value") - pl.col(mean)).abs() > allowed).fill_null(value=True)

    wrong = both.filter(apart("mean") & apart("weighted"))
    shown = pl.coalesce("weighted", "mean").round_sig_figs(6)
    return wrong.with_columns(
        check=pl.lit(CHECK),
        version=pl.lit(rules.version),
        limit=pl.lit(f"within {rules.relative:.0%} and one last digit of the mean of its minutes"),
        reason=pl.format("the logger says {}, its {} minutes give {}", "value", "covered", shown),
    ).select(list(FLAG))


def _means(minutes: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Return site, item, start of the hour, covered (minutes), mean, weighted (null: none)."""
    flow = minutes.filter(pl.col("item") == FLOW).select(
        "site", "statistic", "start", pl.col("value").alias("flow")
    )
    beside = minutes.join(
        flow, on=["site", "statistic", "start"], how="left", maintain_order="left"
    )
    in_water = pl.col("item").str.starts_with(WATER)
    weight = pl.when(in_water).then("flow")
    hour = pl.col("start").dt.truncate(HOUR)
    length = (pl.col("end") - pl.col("start")).dt.total_minutes()
    found = (
        beside.with_columns(hour=hour, length=length, weight=weight)
        .group_by("site", "item", "statistic", "hour")
        .agg(
            covered=pl.col("length").sum(),
            mean=pl.col("value").mean(),
            whole=pl.col("weight").null_count() == 0,
            product=(pl.col("value") * pl.col("weight")).sum(),
            total=pl.col("weight").sum(),
        )
        .filter(pl.col("covered") >= rules.share * _HOUR_OF_MINUTES)
        .with_columns(
            weighted=pl.when(pl.col("whole") & (pl.col("total") > 0)).then(
                pl.col("product") / pl.col("total")
            )
        )
        .sort("covered", "statistic")
        .unique(["site", "item", "hour"], keep="last", maintain_order=True)
    )
    return found.select(
        "site", "item", pl.col("hour").alias("start"), "covered", "mean", "weighted"
    )
