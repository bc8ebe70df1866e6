"""What is asked of Fenhe and of the referees alike, and how their answers are laid side by side.

A flag of Fenhe is an interval; ioos-qc and saqc tell value by value. Two tests of ioos-qc flag
only the end of each failing window, Fenhe the whole window: there each of their flags stands
for the values of its window.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from fenhe.quality import checks
from fenhe.quality.config import Config, Rule

STEP = timedelta(minutes=15)


@dataclass(frozen=True)
class Case:
    """One test of a referee with the check and the numbers it corresponds to."""

    name: str
    check: str
    numbers: dict[str, float] = field(default_factory=dict)
    window: int = 1  # values of the window at whose end the referee's flag stands


CASES = (
    Case("ioos range", "range", {"low": 0, "high": 100}),
    Case("ioos rate", "rate", {"per_hour": 1.23}),
    Case("ioos spike, differential", "spike", {"above": 0.317}),
    Case("ioos spike, average", "spike", {"mean": 0.317}),
    Case("ioos flat line", "flat", {"minutes": 120, "tolerance": 0}, window=8),
    Case("ioos attenuated signal", "low_variance", {"minutes": 150, "below": 0.0173}, window=10),
    Case("saqc range", "range", {"low": 0, "high": 100}),
    Case("saqc constants", "flat", {"minutes": 120, "tolerance": 0}),
    Case("saqc constants, with tolerance", "flat", {"minutes": 120, "tolerance": 0.05}),
)


def ours(told: pl.DataFrame, case: Case) -> pl.Series:
    """Return which values Fenhe flags, in the order of ``told`` (series, start, value)."""
    rows = told.select(
        site="series",
        item=pl.lit("x"),
        statistic=pl.lit("15min"),
        start=pl.col("start").cast(pl.Datetime("us")),
        end=pl.col("start").cast(pl.Datetime("us")) + STEP,
        value="value",
    )
    flags, _ = checks.run(rows, Config("CASE", (Rule(case.check, case.numbers),), reach=1.5))
    spans = flags.select("site", "start", "end").sort("site", "start")
    inside = (
        rows.sort("site", "start")
        .join_asof(
            spans.rename({"start": "from"}),
            left_on="start",
            right_on="from",
            by="site",
            check_sortedness=False,
        )
        .select("site", "start", hit=(pl.col("start") < pl.col("end_right")).fill_null(value=False))
    )
    return rows.join(inside, on=["site", "start"], how="left", maintain_order="left")["hit"]


def widened(flags: npt.NDArray[np.bool_], window: int) -> npt.NDArray[np.bool_]:
    """Return the values of all windows at whose end a flag stands."""
    wide = flags.copy()
    for back in range(1, window):
        wide[:-back] |= flags[back:]
    return wide
