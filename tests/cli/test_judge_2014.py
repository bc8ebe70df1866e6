"""The index published in 2014, before any edition was in force, through ``fenhe judge``."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from click.testing import CliRunner

from fenhe.cli.main import cli

EXCERPT = Path(__file__).parents[1] / "data" / "feeds" / "china_sites_20140604_excerpt.csv.gz"
NAMES = {
    "SO2": "so2", "NO2": "no2", "CO": "co", "O3": "o3", "PM10": "pm10", "PM2.5": "pm25",
    "AQI": "published",
}  # fmt: skip


def reshaped() -> pl.DataFrame:
    """Return one row a station and hour; the column that repeats is read by its second name."""
    table = pl.read_csv(EXCERPT, infer_schema=False)
    long = table.unpivot(index=["date", "hour", "type"], variable_name="station").drop_nulls()
    kept = long.filter(pl.col("type").is_in(NAMES))
    wide = kept.pivot("type", index=["station", "date", "hour"], values="value").rename(NAMES)
    time = pl.col("date").str.to_date("%Y%m%d").cast(pl.String) + " " + pl.col("hour") + ":00"
    return wide.with_columns(time=time.str.to_datetime("%Y-%m-%d %k:%M").dt.strftime("%F %R"))


def test_every_index_of_2014_is_given_under_the_edition_named(tmp_path: Path) -> None:
    reshaped().write_csv(tmp_path / "in.csv")
    command = ["judge", "air.aqi_hourly", str(tmp_path / "in.csv"), "--edition", "HJ633-2012"]
    answer = CliRunner().invoke(
        cli, [*command, "-o", str(tmp_path / "out.parquet")], catch_exceptions=False
    )
    assert answer.exit_code == 0
    judged = pl.read_parquet(tmp_path / "out.parquet")
    published = judged.filter(pl.col("published").is_not_null())
    assert published.height == 887
    assert published["aqi"].to_list() == [int(text) for text in published["published"]]
    telling = judged.filter(station="1934A", hour="0").row(0, named=True)
    assert (telling["co"], telling["iaqi_co"], telling["aqi"]) == (1.43, 15, 15)  # not 14 of 1.4
