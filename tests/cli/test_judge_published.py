"""The published national index: every station-hour that has one gets it through ``fenhe judge``."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from fenhe.cli.main import cli

NATIONAL = Path(__file__).parents[1] / "data" / "air" / "cnemc_station_hour_national.parquet"
CODES = {
    "二氧化硫": "so2",
    "二氧化氮": "no2",
    "一氧化碳": "co",
    "臭氧1小时": "o3",
    "颗粒物(PM10)": "pm10",
    "细颗粒物(PM2.5)": "pm25",
}
ORDER = list(CODES.values())
LEVELS = {"优": 1, "良": 2, "轻度污染": 3, "中度污染": 4, "重度污染": 5, "严重污染": 6}


def published(text: str | None) -> str | None:
    """Return the published names as codes in the order of the standard's report."""
    if text is None:
        return None
    return ";".join(sorted((CODES[name] for name in text.split(",")), key=ORDER.index))


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    folder = tmp_path_factory.mktemp("national")
    names = {"ts": "time", "station_code": "station"}
    pl.read_parquet(NATIONAL).rename(names).write_parquet(folder / "in.parquet")
    command = ["judge", "air.aqi_hourly", str(folder / "in.parquet")]
    answer = CliRunner().invoke(
        cli, [*command, "-o", str(folder / "out.parquet")], catch_exceptions=False
    )
    assert answer.exit_code == 0
    return pl.read_parquet(folder / "out.parquet")


def test_every_published_index_is_given(judged: pl.DataFrame) -> None:
    rows = judged.filter(pl.col("aqi_published").is_not_null())
    assert rows.height == 5712
    assert rows["aqi"].to_list() == [int(float(x)) for x in rows["aqi_published"]]
    assert set(rows["edition"]) == {"HJ633-2012"}


def test_every_published_primary_pollutant_is_given(judged: pl.DataFrame) -> None:
    rows = judged.filter(pl.col("aqi_published").is_not_null())
    named = rows.filter(pl.col("primary_published").is_not_null())
    assert named.height == 2308
    assert named["primary"].to_list() == [published(x) for x in named["primary_published"]]
    silent = rows.filter(pl.col("primary_published").is_null())
    assert silent["primary"].null_count() == silent.height


def test_every_published_category_is_given(judged: pl.DataFrame) -> None:
    rows = judged.filter(pl.col("level_published").is_not_null() & pl.col("aqi").is_not_null())
    assert rows.height > 5700
    assert rows["category"].to_list() == [LEVELS[x] for x in rows["level_published"]]
