"""Patterns planted into a real-looking series: where the labels say, and nowhere else."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.simulator.planted import onto

START = datetime(2026, 1, 1, 16)


def real(step: timedelta = timedelta(hours=1), count: int = 6_000, items: int = 2) -> pl.DataFrame:
    chance = np.random.default_rng(5)
    start = pl.Series([START + n * step for n in range(count)])
    parts = []
    for number in range(items):
        values = np.abs(
            30 + 5 * np.cumsum(chance.normal(0, 0.2, count)) + chance.normal(0, 1, count)
        )
        parts.append(
            pl.DataFrame({"start": start, "value": values.round(2)}).with_columns(
                site=pl.lit("real"), item=pl.lit(f"i{number}"), decimals=pl.lit(2, pl.UInt8)
            )
        )
    return pl.concat(parts)


def both(names: tuple[str, ...], seed: int = 1) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    frame = real()
    cases = onto.deal(frame, names, seed=seed)
    return frame, onto.onto(frame, cases), onto.labels(cases)


@pytest.mark.parametrize("name", [*onto.ONE, *onto.JOINT])
def test_a_pattern_changes_what_is_labelled_and_nothing_else(name: str) -> None:
    before, after, labels = both((name,))
    assert labels.height > 0
    assert set(labels["pattern"]) == {name}
    compared = before.join(after, on=["item", "start"], how="left", suffix="_after")
    inside = pl.lit(value=False)
    for row in labels.iter_rows(named=True):
        inside = inside | (
            (pl.col("item") == row["item"])
            & (pl.col("start") >= row["start"])
            & (pl.col("start") < row["end"])
        )
    changed = pl.col("value_after").is_null() | (pl.col("value") != pl.col("value_after"))
    assert compared.filter(changed & ~inside).height == 0
    assert compared.filter(changed & inside).height > 10


def test_at_most_a_quarter_is_planted() -> None:
    frame, _, labels = both(onto.ONE)
    planted = (labels["end"] - labels["start"]).sum()
    assert planted < 0.3 * (frame["start"].max() - frame["start"].min())  # type: ignore[operator]
    assert labels["pattern"].n_unique() >= 8


def test_the_seed_decides() -> None:
    assert both(onto.ONE, 3)[1].equals(both(onto.ONE, 3)[1])
    assert not both(onto.ONE, 3)[2].equals(both(onto.ONE, 4)[2])


def test_joint_patterns_bend_all_items() -> None:
    _, _, labels = both(("F09",))
    per_case = labels.group_by("start").len()
    assert set(per_case["len"]) == {2}


def test_rows_keep_their_order_and_digits() -> None:
    before, after, _ = both(("F05", "F20"))
    assert after.select("site", "item", "start").equals(before.select("site", "item", "start"))
    assert bool(((after["value"] * 100 - (after["value"] * 100).round()).abs() < 1e-6).all())


def test_daily_series_are_planted_in_days() -> None:
    frame = real(timedelta(days=1), 500)
    cases = onto.deal(frame, ("F01", "F21", "F09"), seed=1)
    assert {one.pattern for one in cases} == {"F01", "F09"}
    assert all(one.end - one.start >= 6 * 86_400 for one in cases)


def test_what_needs_a_plant_is_refused() -> None:
    with pytest.raises(BadInput, match="F06 needs a plant"):
        onto.deal(real(), ("F06",), seed=1)
