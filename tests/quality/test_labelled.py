"""Checks on a river probe whose bad spells technicians labelled: fitted on a good month."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from fenhe.quality import checks, fit
from fenhe.quality.config import Config, Rule

EXCERPT = Path(__file__).parents[1] / "data/quality/labelled/lro_mainstreet2019.parquet"
CODES = (-9999.0, 7999.0)  # the logger's codes for missing


def series(item: str) -> pl.DataFrame:
    raw = pl.read_parquet(EXCERPT).filter(~pl.col(item).is_in(CODES))
    return raw.select(
        site=pl.lit("river"),
        item=pl.lit(item),
        statistic=pl.lit("15min"),
        start=pl.col("datetime"),
        end=pl.col("datetime") + pl.duration(minutes=15),
        value=item,
        bad=pl.col(f"{item}_qual").is_not_null(),
    )


def scored(item: str) -> dict[str, tuple[int, int, int]]:
    """Return for each check how many values it flags, how many of them rightly, and of how many."""
    rows = series(item)
    cut = rows["start"].quantile(0.25)
    good = rows.filter(pl.col("start") <= cut, ~pl.col("bad"))
    rules = [
        Rule(row["check"], {row["name"]: row["figure"], "tolerance": 0.0})
        for row in fit.thresholds(good, 1 / 2000, 1.5).iter_rows(named=True)
        if row["check"] != "range"
    ]
    later = rows.filter(pl.col("start") > cut)
    flags, _ = checks.run(later, Config("FIT", tuple(rules), 1.5))
    found = {}
    for check in ("rate", "spike", "flat"):
        spans = flags.filter(pl.col("check") == check).select("start", "end").rows()
        hit = pl.any_horizontal(
            pl.lit(value=False),
            *((pl.col("start") >= begin) & (pl.col("start") < end) for begin, end in spans),
        )
        told = later.filter(hit)
        found[check] = told.height, int(told["bad"].sum()), int(later["bad"].sum())
    return found


@pytest.mark.parametrize("item", ["temp", "cond"])
def test_stuck_spells_are_those_that_were_labelled(item: str) -> None:
    told, right, labelled = scored(item)["flat"]
    assert right >= 67
    assert right / told > 0.75
    assert right <= labelled


def test_jumps_of_conductivity_are_labelled() -> None:
    found = scored("cond")
    for check in ("rate", "spike"):
        told, right, _ = found[check]
        assert told > 20
        assert right / told > 0.7


def test_a_good_month_is_hardly_flagged() -> None:
    rows = series("ph")
    good = rows.filter(~pl.col("bad")).head(1750)
    rules = tuple(
        Rule(row["check"], {row["name"]: row["figure"], "tolerance": 0.0})
        for row in fit.thresholds(good, 1 / 2000, 1.5).iter_rows(named=True)
    )
    flags, _ = checks.run(good, Config("FIT", rules, 1.5))
    assert flags.height <= 4
