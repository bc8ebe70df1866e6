"""The public Python API on every kind of frame people bring."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from fenhe import air
from fenhe.base.errors import BadInput

TABLE = pl.DataFrame(
    {
        "station": ["a", "b", "c"],
        "time": [datetime(2026, 3, 1, 0), datetime(2026, 3, 1, 1), datetime(2026, 3, 1, 2)],
        "so2": [5.0, 5.0, None],
        "no2": [10, 10, 10],
        "co": [1.1, 0.5, 0.5],
        "o3": [50.0, 50.0, 50.0],
        "pm10": [120.5, 120.5, 260.0],
        "pm25": [60.5, 60.5, 60.0],
    }
)


def given(kind: str) -> Any:
    kinds: dict[str, Any] = {
        "polars": TABLE,
        "polars-lazy": TABLE.lazy(),
        "pandas": TABLE.to_pandas(),
        "pyarrow": TABLE.to_arrow(),
        "duckdb": duckdb.from_arrow(TABLE.to_arrow()),
    }
    return kinds[kind]


def as_polars(result: Any) -> pl.DataFrame:
    if isinstance(result, pl.LazyFrame):
        return result.collect()
    if isinstance(result, duckdb.DuckDBPyRelation):
        return result.pl().sort("station")
    if isinstance(result, pl.DataFrame):
        return result
    return pl.DataFrame(result)


@pytest.mark.parametrize("kind", ["polars", "polars-lazy", "pandas", "pyarrow", "duckdb"])
def test_the_same_kind_comes_back_with_the_same_values(kind: str) -> None:
    frame = given(kind)
    result = air.aqi_hourly(frame)
    assert type(result) is type(frame)
    table = as_polars(result)
    assert table["edition"].to_list() == ["HJ633-2012", "HJ633-2026", "HJ633-2026"]
    assert table["aqi"].to_list() == [85, 100, 155]
    assert table["iaqi_co"].to_list() == [11, 5, 5]
    assert table["primary"].to_list() == ["pm10", "pm10;pm25", "pm10"]
    assert table["reason"].to_list() == [None, None, "missing:so2"]


def test_a_pandas_index_is_kept() -> None:
    frame = TABLE.to_pandas()
    frame.index = pd.Index([7, 3, 5])
    assert list(air.aqi_hourly(frame).index) == [7, 3, 5]


def test_arrow_decimals_and_integers_are_exact() -> None:
    values = {"so2": [5], "no2": [10], "co": [1], "o3": [50], "pm10": [20]}
    exact = pa.array([Decimal("60.50")], pa.decimal128(10, 2))
    result = air.aqi_hourly(pa.table({**values, "pm25": exact}), edition="HJ633-2026")
    assert result["iaqi_pm25"].to_pylist() == [100]
    assert result["iaqi_co"].to_pylist() == [10]


def test_days_come_as_dates_texts_or_integers() -> None:
    row = {"so2": [5], "no2": [10], "co": [1], "o3_8h": [50], "pm10": [120], "pm25": [20]}
    days = {"date": [date(2026, 2, 28)]}, {"date": ["2026-03-01"]}, {"day": [20260301]}
    found = [air.aqi_daily(pl.DataFrame({**day, **row}))["edition"][0] for day in days]
    assert found == ["HJ633-2012", "HJ633-2026", "HJ633-2026"]


def test_what_can_not_be_read_is_an_error() -> None:
    with pytest.raises(BadInput, match="needs the columns so2, time; there are"):
        air.aqi_hourly(TABLE.drop("so2", "time"))
    with pytest.raises(BadInput, match="column 'co' holds String, not numbers"):
        air.aqi_hourly(TABLE.with_columns(pl.col("co").cast(pl.String)))
    with pytest.raises(BadInput, match="column 'time': 'noon' is not a time"):
        air.aqi_hourly(TABLE.with_columns(time=pl.lit("noon")))
    with pytest.raises(BadInput, match="holds Int64, not timestamps"):
        air.aqi_hourly(TABLE.with_columns(time=pl.lit(5, pl.Int64)))


def test_nan_is_missing_and_infinity_invalid() -> None:
    odd = TABLE.with_columns(
        so2=pl.Series([float("nan"), float("inf"), 9999.99]), co=pl.Series([-1.0, 0.5, 0.5])
    )
    reasons = air.aqi_hourly(odd)["reason"].to_list()
    assert reasons == ["missing:so2;invalid:co", "invalid:so2", "invalid:so2"]


def test_a_city_mean_is_exact_and_the_share_of_sites_decides() -> None:
    sites = pl.DataFrame(
        [("x", f"s{n}", 492312, "co", v) for n, v in enumerate([0.5, 0.6, 0.6, 0.6, None])]
        + [("y", f"s{n}", 492312, "o3", v) for n, v in enumerate([1.0, 2.0, None])]
        + [("z", "s", 492312, "o3", None), ("z", "s", 0, "o3", 1.0)],
        schema=["area", "site", "start_hour", "item", "value"],
        orient="row",
    )
    result = air.area_hourly(sites)
    lazy = air.area_hourly(duckdb.from_arrow(sites.to_arrow())).pl()
    keys = ["area", "start_hour"]
    assert result.sort(keys).equals(lazy.sort(keys))
    assert result["value"].to_list() == [0.6, 2.0, None, None]
    assert result["mean"].to_list() == [0.575, 1.5, None, None]
    assert result["reason"].to_list() == [None, None, "no_data", "no_edition"]
    assert result["unverified"].to_list() == [
        "HJ663-2026/city_share",
        "HJ663-2026/city_share_small;HJ663-2026/city_small_below",
        None,
        None,
    ]
