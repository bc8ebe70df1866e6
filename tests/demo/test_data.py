"""The packaged files: what they hold, that every station is known, that their sources are named."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from fenhe.platform.demo.boundaries import data_folder, divisions
from fenhe.protocols.tables import feeds, plausibility
from fenhe.protocols.tables.station_names import plain_name

FOLDER = data_folder()
CLOCK = date(2020, 4, 3)
BRACKETED = re.compile(r"\s*[(（].*?[)）]")


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_whole_is_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 2_000_000


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_every_file_has_a_source(path: Path) -> None:
    text = (FOLDER / "SOURCES.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)
    patterns = [re.compile(re.escape(name).replace(r"\*", ".*")) for name in named]
    assert path.name == "SOURCES.md" or any(p.fullmatch(path.name) for p in patterns)


def test_beijing_holds_a_full_grid_of_hours() -> None:
    for path in FOLDER.glob("PRSA_Data_*.csv"):
        found = rows(path.name)
        hours = [datetime(*(int(r[k]) for k in ("year", "month", "day", "hour"))) for r in found]
        assert len(set(hours)) == len(hours) == 62 * 24
        assert hours == sorted(hours)
        numbers = [int(r["No"]) for r in found]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_shanxi_hours_are_whole() -> None:
    found = rows("shanxi_station_hour_2020-04.csv")
    assert len(found) == 5632
    assert min(r["ts"] for r in found) == "2020-04-02 08:00"
    assert max(r["ts"] for r in found) == "2020-04-06 02:00"
    assert sum(bool(r["aqi_published"]) for r in found) == 4286


def test_snapshots_hold_the_four_hours() -> None:
    hours = Counter(r["ts"] for r in rows("shanxi_station_hour_2018-2019.csv"))
    assert hours == {
        "2018-02-20 07:00": 57,
        "2019-07-18 12:00": 58,
        "2019-07-18 13:00": 58,
        "2019-07-18 14:00": 58,
    }


def test_every_reporting_name_of_the_crawl_is_a_known_station() -> None:
    cities = {d["code"]: d["name_zh"].removesuffix("市") for d in divisions()}
    city_of = {code: cities.get(code[:4] + "00", name) for code, name in cities.items()}
    known: dict[tuple[str, str], set[str]] = {}
    exact: dict[str, str] = {}
    for row in rows("stations.csv"):
        since, until = row["valid_from"] or "1900-01-01", row["valid_to"] or "9999-12-31"
        if since <= CLOCK.isoformat() <= until:
            key = (city_of[row["region"]], BRACKETED.sub("", row["name"]))
            known.setdefault(key, set()).add(row["site"])
            exact[row["code"]] = row["site"]
    reporting = {
        (r["city"], r["station_name"]) for r in rows("shanxi_station_hour_2020-04.csv") if r["pm25"]
    }
    lost = [
        (city, name)
        for city, name in reporting
        if name not in exact and len(known.get((city, BRACKETED.sub("", name)), ())) != 1
    ]
    assert lost == [("临汾", "南机场")]  # a name that had ended: quarantine


def test_every_code_of_the_snapshots_is_known() -> None:
    codes = {row["code"] for row in rows("stations.csv")}
    assert {r["station_code"] for r in rows("shanxi_station_hour_2018-2019.csv")} <= codes


def test_spans_of_a_station_do_not_overlap() -> None:
    spans: dict[str, list[tuple[str, str]]] = {}
    for row in rows("stations.csv"):
        span = (row["valid_from"] or "1900-01-01", row["valid_to"] or "9999-12-31")
        spans.setdefault(row["site"], []).append(span)
    for found in spans.values():
        for (_, until), (since, _) in zip(sorted(found), sorted(found)[1:], strict=False):
            assert until < since


def test_every_region_of_a_station_is_a_division() -> None:
    codes = {d["code"] for d in divisions()}
    assert {row["region"] for row in rows("stations.csv")} <= codes


def test_every_city_of_the_daily_table_is_known_once() -> None:
    frame = pl.read_parquet(FOLDER / "city_daily_2015-2016.parquet")
    listed = rows("cities.csv")
    assert sorted(plain_name(row["name"]) for row in listed) == sorted(frame["city"].unique())
    assert {row["kind"] for row in listed} == {"city"}
    codes = {d["code"] for d in divisions()}
    own = [row for row in listed if row["region"] in codes]
    assert len(listed) == 84
    assert [row["site"] for row in own] == [f"city:{row['region']}" for row in own]
    assert {row["region"] for row in listed} - codes == {"elsewhere"}
    days = frame.filter(pl.col("date").dt.year() == 2016).group_by("city").len()
    assert days.filter(pl.col("len") != 335).height == 0


def test_rivers_are_lines_in_wgs84() -> None:
    features = json.loads((FOLDER / "rivers.geojson").read_text(encoding="utf-8"))["features"]
    assert {"Fen", "Huang", "Sanggan", "Qin"} <= {f["properties"]["name"] for f in features}
    assert {f["geometry"]["type"] for f in features} <= {"LineString", "MultiLineString"}


@pytest.mark.parametrize(
    ("pattern", "feed"),
    [
        ("PRSA_Data_*.csv", "uci-beijing"),
        ("shanxi_station_hour_2020-04.csv", "pm25in-station-hour"),
        ("shanxi_station_hour_2018-2019.csv", "cnemc-station-hour"),
        ("city_daily_2015-2016.parquet", "city-daily"),
    ],
)
def test_each_file_is_plausible_under_its_feed(pattern: str, feed: str) -> None:
    for path in FOLDER.glob(pattern):
        found = plausibility.examine(feeds.load(feed), path)
        assert found.reasons == ()
        assert found.unused == ()
        assert found.rejected == {}
        assert found.accepted == found.received > 1_000
