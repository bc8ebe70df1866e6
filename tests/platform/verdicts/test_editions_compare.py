"""Two editions side by side: against a slow count in plain Python, and out of the store."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fenhe import air
from fenhe.platform.registry.models import Site, SiteName
from fenhe.platform.verdicts import editions_compare as compare
from fenhe.platform.verdicts import engine
from fenhe.platform.verdicts.editions_compare import Asked
from fenhe.standards import Edition
from fenhe.store import Store
from tests.platform.conftest import World, load

ITEMS = ("so2", "no2", "co", "o3_8h", "pm10", "pm25")
CLEAN = {"so2": 150, "no2": 80, "co": 4, "o3_8h": 160, "pm10": 150, "pm25": 75}
TOPS = {"so2": 700, "no2": 250, "co": 16, "o3_8h": 260, "pm10": 420, "pm25": 260}


def concentrations(seed: int, rows: int = 400) -> pl.DataFrame:
    """Return random days, many near the break points that moved, some with items missing."""
    draw = random.Random(seed)
    made: list[dict[str, Any]] = []
    for number in range(rows):
        row: dict[str, Any] = {"area": f"c{number % 7}", "date": day(number // 7).isoformat()}
        for item in ITEMS:
            near = {"pm25": (30, 80), "pm10": (100, 160)}.get(item)
            top = (TOPS if draw.random() < 0.1 else CLEAN)[item]
            low, high = near if near and draw.random() < 0.6 else (0, top)
            row[item] = None if draw.random() < 0.05 else float(draw.randint(low, high))
        made.append(row)
    return pl.DataFrame(made, infer_schema_length=None)


def day(number: int) -> date:
    return date(2015, 1, 1) + timedelta(days=number)


def cells(days: pl.DataFrame, edition: str) -> pl.DataFrame:
    """Return the daily index of random days as the cells of an assessment are read."""
    judged = air.aqi_daily(days, edition=edition)
    start = pl.col("date").str.to_datetime(time_unit="us") - timedelta(hours=8)
    return judged.with_columns(start=start).rename({"area": "site"})


def level(index: int | None, edition: Edition) -> int | None:
    """Return the level of an index, slowly."""
    if index is None:
        return None
    for row in sorted(edition.table("categories"), key=lambda r: r["level"]):
        if row["upper"] is None or index <= row["upper"]:
            return int(row["level"])
    raise AssertionError(index)


def expected(old: dict[str, Any], new: dict[str, Any], both: compare.Pair) -> tuple[str, str]:
    """Say what became of one day and what made it, in plain Python."""
    before, after = level(old["aqi"], both.old), level(new["aqi"], both.new)

    def at(row: dict[str, Any], wanted: int, edition: Edition) -> str:
        return ";".join(
            item for item in compare.AQI_ITEMS if level(row.get(f"iaqi_{item}"), edition) == wanted
        )

    def absent(row: dict[str, Any]) -> str:
        reasons = (row["reason"] or "").split(";")
        return ";".join(r.partition(":")[2] for r in reasons if r.startswith("missing:"))

    if before is None and after is None:
        return compare.NONE, ""
    if after is None:
        return compare.WITHHELD, absent(new)
    if before is None:
        return compare.GAINED, absent(old)
    if after == before:
        return compare.SAME, ""
    if after > before:
        return compare.WORSE, at(new, after, both.new)
    return compare.BETTER, at(old, before, both.old)


@pytest.mark.parametrize("seed", range(4))
def test_days_are_those_of_a_slow_count(seed: int) -> None:
    both, days = compare.pair(), concentrations(seed)
    old, new = (cells(days, e.id) for e in (both.old, both.new))
    found = compare.compare_days(old, new, both)
    later = {(r["site"], r["start"]): r for r in new.to_dicts()}
    slow = {
        (r["site"], r["start"]): expected(r, later[r["site"], r["start"]], both)
        for r in old.to_dicts()
    }
    told = {(r["site"], r["start"]): (r["way"], r["cause"] or "") for r in found.to_dicts()}
    assert told == slow
    ways = Counter(way for way, _cause in slow.values())
    assert ways[compare.WORSE] > 10
    assert ways[compare.WITHHELD] > 0
    places = compare.places(found)
    assert int(places["changed"].sum()) == sum(ways[way] for way in compare.WAYS)
    assert int(compare.matrix(found)["n"].sum()) == days.height
    assert int(compare.causes(found)["n"].sum()) == int(places["changed"].sum())
    good = sum((level(r["aqi"], both.new) or 9) <= 2 for r in new.to_dicts())
    assert int(places["good_new"].sum()) == good


def test_a_better_level_is_made_by_what_held_the_old_one() -> None:
    both, days = compare.pair(), concentrations(9)
    old, new = (cells(days, e.id) for e in (both.new, both.old))  # turned round
    found = compare.compare_days(old, new, both)
    better = found.filter(pl.col("way") == compare.BETTER)
    assert better.height > 10
    assert set(better["cause"].unique()) <= {"pm25", "pm10", "pm10;pm25"}


def test_days_of_one_side_alone_are_told_as_such() -> None:
    both = compare.pair()
    old = cells(concentrations(1, 14), both.old.id)
    none = old.clear()
    found = compare.compare_days(old, none, both)
    assert set(found["way"].unique()) <= {compare.WITHHELD, compare.NONE}
    assert compare.compare_days(none, none, both).is_empty()
    assert compare.share(0, 0, both.old) is None
    assert str(compare.share(1, 8, both.old)) == "12.5"
    assert str(compare.share(5, 80, both.new)) == "6.2"  # 6.25, half-even


def year_of_days(folder: Path) -> Path:
    """Write 2015 of two cities: one near the limits that moved, one clean with gaps."""
    rows = []
    for number in range(365):
        for city, pm25 in (("太原", 62.0 if number % 12 == 0 else 30.0), ("大同", 20.0)):
            missing = city == "大同" and number % 73 == 0
            rows.append(
                {
                    "city": city,
                    "date": day(number).isoformat(),
                    "pm25": pm25,
                    "pm10": None if missing else 40.0,
                    "so2": 10.0,
                    "no2": 20.0,
                    "co": 0.8,
                    "o3_8h": 80.0,
                }
            )
    path = folder / "year.csv"
    pl.DataFrame(rows).write_csv(path)
    return path


@pytest.fixture
def judged_year(store: Store, world: World, tmp_path: Path) -> Store:
    for region, zh in ((world.city, "太原市"), (world.other_city, "大同市")):
        site = Site.objects.create(
            key=f"city:{region.code}", kind=Site.Kind.CITY, region=region, counts_for_city=False
        )
        SiteName.objects.create(site=site, name_zh=zh)
    load(year_of_days(tmp_path), "city-daily")
    engine.catch_up(store)
    return store


def test_a_year_out_of_the_store(judged_year: Store) -> None:
    asked = Asked("published", date(2015, 1, 1), date(2015, 12, 31))
    found = compare.days(judged_year, asked)
    assert found.height == 730
    rows = {r["site"]: r for r in compare.places(found).to_dicts()}
    taiyuan, datong = rows["city:140100"], rows["city:140200"]
    # 62 µg/m³: IAQI 84 with 75 at 100, 102 with 60 at 100; on every twelfth of 365 days
    assert (taiyuan["worse"], taiyuan["changed"]) == (31, 31)
    changed = found.filter(pl.col("way") == compare.WORSE)
    assert changed.select("aqi_old", "aqi_new", "cause").unique().rows() == [(84, 102, "pm25")]
    assert changed["start"].min() == datetime(2014, 12, 31, 16)
    # every 73rd day PM10 is missing: published in 2012, under 5.3.1 not
    assert (datong["withheld"], datong["worse"]) == (5, 0)
    held = found.filter(pl.col("way") == compare.WITHHELD)
    assert held["cause"].unique().to_list() == ["pm10"]
    assert held["status_new"].unique().to_list() == ["not_published"]
    only = compare.days(judged_year, asked, ["city:140200"])
    assert only["site"].unique().to_list() == ["city:140200"]


def test_the_limits_of_a_year_in_both_readings(judged_year: Store) -> None:
    found = compare.years(judged_year, "published", 2015)
    # mean (334 · 30 + 31 · 62) / 365 = 32.7: meets 35, not 30; 95th percentile 62: 75, not 60
    taiyuan = found.filter(pl.col("site") == "city:140100").to_dicts()[0]
    assert (taiyuan["pm25_old"], taiyuan["pm25_p95_old"]) == (33.0, 62.0)
    for reading in compare.READINGS:
        assert (taiyuan[f"{reading}_old"], taiyuan[f"{reading}_new"]) == (True, False)
        assert compare.lost(found, reading) == ["city:140100"]
        assert compare.counted(found, f"{reading}_new") == compare.Count(1, 1, 0)
    assert compare.counted(found, "pm10_all_new") == compare.Count(2, 0, 0)
    assert compare.reading_names()["counted"] == "means_and_co_o3_percentiles"
    assert compare.years(judged_year, "published", 2014).is_empty()
    assert compare.counted(compare.years(judged_year, "city", 2015), "all_old").met == 0


def test_months_there_are(judged_year: Store) -> None:
    assert compare.spans(judged_year, "published") == [date(2015, m, 1) for m in range(1, 13)]
    assert compare.spans(judged_year, "city") == []
    nothing = Asked("city", date(2015, 1, 1), date(2015, 12, 31))
    assert compare.days(judged_year, nothing).is_empty()
