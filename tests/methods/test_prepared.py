"""Plans that are kept: the same answer as without, and never one of other rows."""

from __future__ import annotations

import polars as pl
import pytest

from fenhe.methods import frames, prepared, registry

DECIMALS = {"so2": 0, "no2": 0, "co": 1, "o3": 0, "pm10": 0, "pm25": 0}


def table(step: int, rows: int = 5) -> pl.DataFrame:
    one = {"so2": 8, "no2": 30, "co": 0.6, "o3": 90, "pm10": 70, "pm25": 40}
    made = {item: [float(v) + step * n for n in range(rows)] for item, v in one.items()}
    return pl.DataFrame(made | {"day": [20260301] * rows}).with_columns(pl.col("co").round(1))


@pytest.mark.parametrize("edition", ["HJ633-2012", "HJ633-2026", None])
@pytest.mark.parametrize("rows", [5, 20_001])  # computed in memory, and streaming
def test_a_plan_gives_what_the_method_gives(edition: str | None, rows: int) -> None:
    method = registry.method("air.aqi_hourly")
    for step in (0, 1, 3):
        given = table(step, rows)
        kept = prepared.apply(method, given, edition=edition, decimals=DECIMALS)
        assert kept.equals(frames.apply(method, given, edition=edition, decimals=DECIMALS))


def test_a_plan_is_made_once_for_its_columns() -> None:
    made = []

    def make(left: pl.LazyFrame, right: pl.LazyFrame) -> pl.LazyFrame:
        made.append(1)
        return left.join(right, on="a").filter(pl.col("b") > 1).select("b").sort("b")

    for shift in (0, 1):
        left = pl.DataFrame({"a": [1, 2, 3], "b": [1 + shift, 2 + shift, 3 + shift]})
        right = pl.DataFrame({"a": [1, 3]})
        found = prepared.run("a test", make, left, right)["b"].to_list()
        assert found == [b for b in (1 + shift, 3 + shift) if b > 1]
    assert len(made) == 1
    prepared.run("a test", make, left.with_columns(c=pl.lit(1)), right)
    assert len(made) == 2


def test_a_plan_that_looks_at_its_rows_is_refused() -> None:
    rows = pl.DataFrame({"a": [1]})
    with pytest.raises(Exception, match="must not look"):
        prepared.run("looks", lambda frame: frame.collect().lazy(), rows)
