"""Days, cities and periods on every engine against plain fractions, to the last digit."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import narwhals as nw
import polars as pl

from fenhe.methods import frames, registry
from fenhe.methods.air import stages
from tests.engines import evaluation_oracle as oracle
from tests.engines.conftest import Compute
from tests.engines.evaluation_oracle import ITEMS, NEW, OLD

DECIMALS = {"so2": 1, "no2": 0, "co": 2, "o3": 1, "pm10": 0, "pm25": 1}
TOPS = {"so2": 160, "no2": 90, "co": 5, "o3": 300, "pm10": 160, "pm25": 80}
SITES = ("A1", "A2", "A3", "A4", "B1")
EPOCH = datetime(1970, 1, 1)
Hours = dict[tuple[str, date], dict[int, dict[str, Decimal | None]]]
DayFrame = dict[tuple[str, int], Any]


def draw(rng: random.Random, item: str, missing: float = 0.12) -> Decimal | None:
    if rng.random() < missing:
        return rng.choice([None, Decimal(-1), Decimal("9999")])
    step = Decimal(1).scaleb(-DECIMALS[item])
    return rng.randrange(0, int(TOPS[item] / step)) * step


def hours(seed: int) -> Hours:
    """Return some days of five sites, across the end of a leap February and of a year."""
    rng = random.Random(seed)
    days = [*oracle.days_of(date(2024, 2, 27), 4), *oracle.days_of(date(2023, 12, 30), 4)]
    found: Hours = {}
    for site in SITES:
        for day in days:
            if rng.random() > 0.05:
                ends = [end for end in range(1, 25) if rng.random() > 0.05]
                found[site, day] = {end: {i: draw(rng, i) for i in ITEMS} for end in ends}
    return found


def table(found: Hours) -> pl.DataFrame:
    rows = []
    for (site, day), ends in found.items():
        midnight = datetime(day.year, day.month, day.day) - timedelta(hours=8)
        for end, values in ends.items():
            hour = (midnight + timedelta(hours=end - 1) - EPOCH) // timedelta(hours=1)
            row: dict[str, Any] = {"area": site, "start_hour": hour}
            rows.append(row | {i: None if v is None else float(v) for i, v in values.items()})
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(ITEMS, pl.Float64))


def number(day: date) -> int:
    return (day.year * 100 + day.month) * 100 + day.day


def keyed(function: Callable[[Any], Any], *keys: str) -> Callable[[Any], Any]:
    """Give the rows of a result the key the engines' fixture sorts by."""

    def made(frame: Any) -> Any:
        result = nw.from_native(function(frame))
        parts = [nw.col(key).cast(nw.String) for key in keys]
        return result.with_columns(nw.concat_str(parts, separator="|").alias("n"))

    return made


def same_days(result: pl.DataFrame, wanted: DayFrame) -> None:
    assert result.height == len(wanted)
    for got in result.to_dicts():
        want = wanted[got["area"], got["day"]]
        for item in ITEMS:
            n, due, mean, valid = want[item]
            micro = None if mean is None else int(mean * oracle.MICRO)
            told = [got[f"{item}_{part}"] for part in ("n", "due", "e6", "ok")]
            assert told == [n, due, micro, valid], (item, got["area"], got["day"])


def site_days(found: Hours, edition: str) -> DayFrame:
    return {(s, number(d)): oracle.site_day(ends, edition) for (s, d), ends in found.items()}


def test_days_of_sites(compute: Compute) -> None:
    rules, found = stages.rules(NEW), hours(1)
    function = keyed(lambda f: stages.site_days(f, rules, DECIMALS), "area", "day")
    same_days(compute(table(found), function), site_days(found, NEW))


def test_days_of_cities(compute: Compute) -> None:
    rules, found = stages.rules(OLD), hours(2)
    by_site = site_days(found, OLD)
    every = sorted({day for _, day in by_site})
    days = stages.site_days(table(found), rules, DECIMALS)
    due = pl.DataFrame({"site": SITES}).join(pl.DataFrame({"day": every}), how="cross")
    beside = due.join(days, left_on=["site", "day"], right_on=["area", "day"], how="left")

    def cities(frame: Any) -> Any:
        both = nw.from_native(frame)
        members = both.select(nw.col("site").str.slice(0, 1).alias("area"), "site", "day")
        mine = both.filter(~nw.col("so2_due").is_null()).rename({"site": "area"})
        return stages.city_days(mine.to_native(), members.to_native(), rules)

    wanted = {
        (city, day): oracle.city_day([by_site.get((s, day)) for s in SITES if s[0] == city])
        for city in ("A", "B")
        for day in every
    }
    same_days(compute(beside, keyed(cities, "area", "day")), wanted)


def daily(seed: int) -> dict[str, dict[date, Any]]:
    """Return two areas' years, one with every month just full, one short of some days."""
    rng = random.Random(seed)
    found: dict[str, dict[date, Any]] = {"甲": {}, "乙": {}}
    for area, missing in (("甲", 0.0), ("乙", 0.12)):
        for day in oracle.days_of(date(2023, 12, 1), 397):
            found[area][day] = {}
            for item in ITEMS:
                one = draw(rng, item, missing)
                there = one is not None and 0 <= one < 9999
                mean = oracle.held(oracle.Fraction(one)) if there and one is not None else None
                found[area][day][item] = (int(there), 1, mean, there)
    return found


def day_frame(found: dict[str, dict[date, Any]]) -> pl.DataFrame:
    rows = []
    for area, days in found.items():
        for day, items in days.items():
            row: dict[str, Any] = {"area": area, "day": number(day)}
            for item, (n, due, mean, valid) in items.items():
                micro = None if mean is None else int(mean * oracle.MICRO)
                row |= {f"{item}_n": n, f"{item}_due": due}
                row |= {f"{item}_e6": micro, f"{item}_ok": valid}
            rows.append(row)
    return pl.DataFrame(rows)


def test_periods_of_days(compute: Compute) -> None:
    found = daily(3)
    for period, edition in (("year", NEW), ("month", OLD)):
        rules = stages.rules(edition)
        made = keyed(lambda f, r=rules, p=period: stages.periods(f, r, p), "area", "period_start")
        result = compute(day_frame(found), made)
        wanted = {
            (area, row["period_start"]): row
            for area, days in found.items()
            for row in oracle.evaluate(days, edition, period)
        }
        assert result.height == len(wanted)
        for got in result.to_dicts():
            want = wanted[got["area"], got["period_start"]]
            assert {name: got[name] for name in want} == want


def test_a_file_of_hours_in_one_go(compute: Compute) -> None:
    found = hours(4)
    frame = table(found).rename({"area": "station"}).with_columns(city=pl.lit("城"))
    method = registry.method("air.evaluate")
    params = {"period": "month", "level": "city"}

    def made(native: Any) -> Any:
        return frames.apply(method, native, params=params, decimals=DECIMALS)

    result = compute(frame, keyed(made, "area", "period_start"))
    eager = frames.apply(method, frame, params=params, decimals=DECIMALS)
    assert result.drop("n").equals(eager)
    assert result["edition"].to_list() == [OLD] * result.height
    assert result["period_start"].to_list() == [
        "2023-12-01",
        "2024-01-01",
        "2024-02-01",
        "2024-03-01",
    ]


def test_rules_of_single_rows(compute: Compute) -> None:
    years = pl.DataFrame(
        {"area": ["a"] * 6, "year": range(2015, 2021), "value": [38, 36, 35, 36, 31, 30]}
    )
    made = keyed(lambda f: frames.apply(registry.method("air.trend"), f), "area")
    trend = compute(years, made).row(0, named=True)
    assert (trend["rs"], trend["critical"], trend["trend"]) == (-0.8714, 0.829, "down")
    values = pl.DataFrame(
        {"area": ["a"] * 11, "value": [0.8, 1.2, 1.5, 0.9, 2.1, 1.1, 1.0, 0.7, 1.3, 1.6, 1.4]}
    )
    percentile = registry.method("air.percentile")
    made = keyed(lambda f: frames.apply(percentile, f, params={"p": "95"}), "area")
    assert compute(values, made)["value"].to_list() == [1.85]
    single = pl.DataFrame({"n": [0, 1], "value": [191.0, 160.0], "limit": [160.0, 160.0]})
    exceedance = registry.method("air.exceedance")
    result = compute(single, lambda f: frames.apply(exceedance, f))
    assert result["multiple"].to_list() == [0.19, None]
    ends = [30, 28, 26, 25, 24, 26, 30, 38, 52, 70, 96, 120, 141, 158, 170, 176, 174, 168, 150, 128]
    day = {f"h{n:02}": [float(v)] for n, v in enumerate([*ends, 100, 80, 62, 50], start=1)}
    frame = pl.DataFrame({"n": [0], "area": ["a"], "day": [20200101], **day})
    result = compute(frame, lambda f: frames.apply(registry.method("air.mda8"), f))
    assert result.select("mda8", "valid_windows", "valid").row(0) == (158, 17, "true")


def test_periods_of_several_editions_in_one_frame(compute: Compute) -> None:
    days = [*oracle.days_of(date(2015, 12, 31), 2), *oracle.days_of(date(2026, 2, 28), 2)]
    frame = pl.DataFrame({"area": "a", "day": [number(d) for d in days]}).with_columns(
        pl.lit(70.0).alias(item) for item in ITEMS
    )
    method = registry.method("air.period")

    def made(native: Any) -> Any:
        return frames.apply(method, native, params={"period": "day"})

    result = compute(frame, keyed(made, "area", "period_start"))
    assert result["edition"].to_list() == [OLD, OLD, OLD, NEW]
    assert result["pm25_compliant"].to_list() == [None, "true", "true", "false"]
    assert result["reason"].to_list() == ["no_edition", None, None, None]
