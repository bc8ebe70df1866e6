"""Looking at a whole file before it is loaded."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from statistics import median_low

import polars as pl
import pytest

from fenhe.protocols.tables import csv_text, feeds
from fenhe.protocols.tables.plausibility import examine
from fenhe.protocols.tables.reader import open_table

DATA = Path(__file__).parents[1] / "data" / "feeds"
GOOD = [
    ("pm25in-station-hour", "shanxi_station_hour_2020-04.parquet"),
    ("cnemc-station-hour", "cnemc_station_hour_shanxi.parquet"),
    ("cnemc-raw-2017-2022", "cnemc_2022-01-04T16_taiyuan_sample.csv"),
    ("uci-beijing", "beijing_uci_2014-06-04_05.parquet"),
    ("china-sites", "china_sites_20140604_excerpt.csv.gz"),
    ("city-daily", "city_daily_2016-11.parquet"),
    ("taiyuan-daily-history", "taiyuan_daily_2013-10_12.csv"),
    ("pm25in-api", "pm25in_api_sample.json"),
]


@pytest.mark.parametrize(("feed", "file"), GOOD)
def test_real_files_pass_under_their_own_feed(feed, file):
    seen = examine(feeds.load(feed), DATA / file)
    assert seen.reasons == ()
    assert seen.ok
    assert seen.accepted == seen.received > 0


def test_the_preview_tells_the_rows_the_span_and_the_ranges():
    path = DATA / "shanxi_station_hour_2020-04.parquet"
    seen = examine(feeds.load("pm25in-station-hour"), path)
    frame = pl.read_parquet(path)
    assert seen.rows == frame.height == 5703
    assert (seen.first, seen.last) == (datetime(2020, 4, 1, 16), datetime(2020, 4, 5, 19))
    for found in seen.ranges:
        values = frame[found.column].drop_nulls()
        assert found.n == len(values)
        assert (found.minimum, found.maximum) == (values.min(), values.max())
        assert found.median == median_low(values.to_list())
        assert found.missing_share == pytest.approx(1 - len(values) / frame.height)
        assert found.mean == pytest.approx(values.mean())


def test_the_decision_on_swapped_columns_is_stated():
    seen = examine(
        feeds.load("cnemc-raw-2017-2022"), DATA / "cnemc_2022-01-04T16_taiyuan_sample.csv"
    )
    assert seen.decision is not None
    assert seen.decision.startswith("ozone columns swapped")
    assert {r.item: r.column for r in seen.ranges}["o3"] == "o3_24h"


def test_undecided_columns_refuse_the_file_in_the_examination(tmp_path):
    text = (DATA / "cnemc_2022-01-04T16_taiyuan_sample.csv").read_text(encoding="utf-8")
    header, *rows = text.splitlines()
    names = header.split(",")
    cut = [row.split(",") for row in rows]
    for row in cut:
        row[names.index("o3")] = row[names.index("o3_24h")]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([header, *map(",".join, cut)]), encoding="utf-8")
    seen = examine(feeds.load("cnemc-raw-2017-2022"), path)
    assert [reason.code for reason in seen.reasons] == ["columns_undecided"]
    assert seen.rows == 7
    assert not seen.ok


def test_a_published_index_that_can_be_recomputed_is_compared():
    feed = feeds.load("pm25in-station-hour")
    path = DATA / "shanxi_station_hour_2020-04.parquet"
    published = open_table(path).read().frame["aqi_published"].cast(pl.Float64)
    seen: list[pl.DataFrame] = []

    def right(frame: pl.DataFrame) -> pl.Series:
        seen.append(frame)
        keys = ["station", "city", "start"]
        key = pl.read_parquet(path).select(
            "city",
            station="station_name",
            start=(pl.col("ts") - pl.duration(hours=9)),
            aqi="aqi_published",
        )
        assert key.select(keys).is_unique().all()
        return frame.join(key, on=keys, how="left", maintain_order="left")["aqi"]

    assert examine(feed, path, recompute=right).ok
    assert seen[0].columns == ["station", "city", "start", "so2", "no2", "co", "o3", "pm10", "pm25"]
    assert sum(frame.height for frame in seen) >= len(published.drop_nulls())
    wrong = examine(feed, path, recompute=lambda frame: frame["pm10"])
    assert [reason.code for reason in wrong.reasons] == ["aqi_differs"]


def test_a_reason_is_english_text_with_its_code_and_chinese():
    seen = examine(feeds.load("taiyuan-daily"), DATA / "trap_taiyuan_daily_2025_mislabelled.csv")
    for reason in seen.reasons:
        assert isinstance(reason, str)
        assert any("\u4e00" <= char <= "\u9fff" for char in reason.zh)
        assert reason.isascii()


def test_what_is_not_read_is_said(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "station,time,so2,no2,co,o3,pm10,pm25,wind\n1081A,2020-04-02 08:00,x,20,0.5,60,40,80,3\n"
    )
    seen = examine(feeds.load("tidy-hourly"), path)
    assert seen.ok
    assert [remark.code for remark in seen.remarks] == [
        "columns_unused",
        "pm25_above_pm10",
        "not_a_number",
    ]
    assert seen.examples.row(0) == (2, "so2", "x", "not_a_number")


def test_counts_do_not_depend_on_how_the_file_is_cut(monkeypatch):
    path = DATA / "trap_taiyuan_daily_2025_mislabelled.csv"
    whole = examine(feeds.load("taiyuan-daily"), path)
    monkeypatch.setattr(csv_text, "BLOCK", 300)  # some eighty pieces: counts are merged between
    cut = examine(feeds.load("taiyuan-daily"), path)
    assert (cut.rows, cut.ranges, cut.reasons) == (whole.rows, whole.ranges, whole.reasons)
