"""November 2016: daily city tables through ``air.period`` to the published order of 74 cities."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fenhe import air
from tests.engines.evaluation_oracle import PERCENTILES, percentile

FILE = Path(__file__).parents[2] / "data" / "air" / "city_daily_2016-11.parquet"
#: The ten cities of the file that were not among the 74 then.
LATER = ["大同", "朔州", "忻州", "吕梁", "长治", "阳泉", "运城", "晋城", "晋中", "临汾"]
BEST = ["海口", "舟山", "福州", "南宁", "惠州", "丽水", "贵阳", "深圳", "昆明", "厦门"]
WORST = ["石家庄", "太原", "保定", "邢台", "兰州", "唐山", "邯郸", "西安", "衡水", "郑州"]
LIMITS = {"so2": 60, "no2": 40, "co": 4, "o3": 160, "pm10": 70, "pm25": 35}
NAMES = {item: f"{item}_mean" for item in LIMITS} | {"co": "co_p95", "o3": "o3_p90"}


@pytest.fixture(scope="module")
def days() -> pl.DataFrame:
    table = pl.read_parquet(FILE).rename({"city": "area", "o3_8h": "o3"})
    kept = table.filter(~pl.col("area").is_in(LATER))
    assert kept["area"].n_unique() == 74
    return kept


@pytest.fixture(scope="module")
def month(days: pl.DataFrame) -> pl.DataFrame:
    return air.periods(days, period="month")


def test_the_figures_are_those_of_fractions(days: pl.DataFrame, month: pl.DataFrame) -> None:
    assert month["period_start"].unique().to_list() == ["2016-11-01"]
    assert month["edition"].unique().to_list() == ["GB3095-2012"]
    rows = {row["area"]: row for row in month.to_dicts()}
    for area, part in days.group_by("area"):
        row = rows[str(area[0])]
        for item, name in NAMES.items():
            found = [Fraction(str(v)) for v in part[item].drop_nulls() if v >= 0]
            value = sum(found, Fraction(0)) / len(found)
            if item in ("co", "o3"):
                exact = percentile(found, PERCENTILES[item])
                assert exact is not None
                value = exact
            scale = 10 if item == "co" else 1
            micro = Fraction(round(value * 10**6), 10**6)
            assert row[name] == float(Fraction(round(micro * scale), scale))
            assert row[f"{item}_n_valid"] == len(found)
            assert row[f"{item}_n_due"] == 30


def test_the_order_of_exact_figures_is_the_published_one(days: pl.DataFrame) -> None:
    index: dict[str, Fraction] = {}
    for area, part in days.group_by("area"):
        total = Fraction(0)
        for item, limit in LIMITS.items():
            found = [Fraction(str(v)) for v in part[item].drop_nulls() if v >= 0]
            value: Any = sum(found, Fraction(0)) / len(found)
            if item in ("co", "o3"):
                value = percentile(found, PERCENTILES[item])
            total += value / limit
        index[str(area[0])] = total
    order = sorted(index, key=lambda area: index[area])
    assert order[:10] == BEST
    assert set(order[-10:]) == set(WORST)


def test_the_ranking_from_the_months_figures(month: pl.DataFrame) -> None:
    figures = month.select("area", *(pl.col(name).alias(item) for item, name in NAMES.items()))
    ranked = air.composite_index(figures).sort("i_sum", maintain_order=True)
    order = ranked["area"].to_list()
    assert set(order[:10]) == set(BEST)
    assert set(order[-10:]) == set(WORST)
    shown = dict(ranked.select("area", "rank").iter_rows())
    for better, worse in pairwise(BEST):
        assert shown[better] <= shown[worse], (better, worse)
    assert shown["石家庄"] == 74
