"""The whole chain from hours to the year against plain fractions, on random gappy data."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenhe.methods import frames, registry
from fenhe.methods.air import stages
from tests.engines import evaluation_oracle as oracle
from tests.engines.evaluation_oracle import ITEMS, NEW, OLD

DECIMALS = {"so2": 1, "no2": 0, "co": 2, "o3": 1, "pm10": 0, "pm25": 1}
TOPS = {"so2": 160, "no2": 90, "co": 5, "o3": 260, "pm10": 160, "pm25": 80}
Hours = dict[str, dict[date, dict[int, dict[str, Decimal | None]]]]


def hours(rng: random.Random, sites: list[str], days: list[date], gaps: float) -> Hours:
    """Return values with ties, sentinels, negatives, gaps, absent hours and absent days."""
    found: Hours = {}
    for site in sites:
        found[site] = {}
        for day in days:
            if rng.random() < gaps / 4:
                continue
            found[site][day] = {
                end: {item: value(rng, item, gaps) for item in ITEMS}
                for end in range(1, 25)
                if rng.random() >= gaps / 4
            }
            if not found[site][day]:
                del found[site][day]
    return found


def value(rng: random.Random, item: str, gaps: float) -> Decimal | None:
    if rng.random() < gaps:
        return rng.choice([None, None, Decimal(-1), Decimal(-999), Decimal("9999")])
    step = Decimal(1).scaleb(-DECIMALS[item])
    return rng.randrange(0, int(TOPS[item] / step)) * step


def table(found: Hours) -> pl.DataFrame:
    rows = [
        {"station": site, "time": datetime(day.year, day.month, day.day) + timedelta(hours=end)}
        | {item: None if v is None else float(v) for item, v in values.items()}
        for site, days in found.items()
        for day, ends in days.items()
        for end, values in ends.items()
    ]
    schema = dict.fromkeys(ITEMS, pl.Float64)
    return pl.DataFrame(rows, schema_overrides=schema)


def wanted(days: dict[str, dict[date, Any]], edition: str, period: str) -> Iterator[dict[str, Any]]:
    for area in sorted(days):
        for row in oracle.evaluate(days[area], edition, period):
            yield {"area": area} | row


def assert_same(result: pl.DataFrame, rows: list[dict[str, Any]]) -> None:
    assert result.height == len(rows)
    for got, want in zip(result.to_dicts(), rows, strict=True):
        for column, expected in want.items():
            told = str(expected).lower() if isinstance(expected, bool) else expected
            assert got[column] == told, (column, got["area"], got["period_start"])


def judged(frame: pl.DataFrame, edition: str | None, **params: str) -> pl.DataFrame:
    method = registry.method("air.evaluate")
    return frames.apply(method, frame, edition=edition, params=params, decimals=DECIMALS)


@pytest.mark.parametrize("edition", [OLD, NEW])
@pytest.mark.parametrize("gaps", [0.02, 0.15, 0.4])
def test_stations_and_cities_equal_the_fractions(edition: str, gaps: float) -> None:
    rng = random.Random(f"{edition}{gaps}")
    sites = ["A1", "A2", "A3", "A4", "A5", "B1", "B2"]
    span = oracle.days_of(date(2023, 1, 20), 75)
    found = hours(rng, sites, span, gaps)
    frame = table(found).with_columns(city=pl.col("station").str.head(1))
    by_site = {
        site: {day: oracle.site_day(ends, edition) for day, ends in days.items()}
        for site, days in found.items()
    }
    by_city = {city: city_days(by_site, city) for city in ("A", "B")}
    for period in ("day", "month", "quarter", "year"):
        stations = judged(frame, edition, period=period)
        assert_same(stations, list(wanted(by_site, edition, period)))
        cities = judged(frame, edition, period=period, level="city")
        assert_same(cities, list(wanted(by_city, edition, period)))


def city_days(by_site: dict[str, dict[date, Any]], city: str) -> dict[date, Any]:
    """A site is due from its first to its last row, on days the city has any row."""
    mine = {site: days for site, days in by_site.items() if site.startswith(city)}
    every = sorted({day for days in mine.values() for day in days})
    return {
        day: oracle.city_day(
            [days.get(day) for days in mine.values() if min(days) <= day <= max(days)]
        )
        for day in every
    }


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**9), least=st.integers(300, 366), edition=st.sampled_from([OLD, NEW]))
def test_years_of_daily_values_equal_the_fractions(seed: int, least: int, edition: str) -> None:
    rng = random.Random(seed)
    year = rng.choice([2023, 2024])
    days = oracle.days_of(date(year, 1, 1), 366 if year == 2024 else 365)
    rows: list[dict[str, Any]] = []
    found: dict[date, Any] = {}
    level = {item: rng.uniform(0.2, 1.1) * top for item, top in TOPS.items()}
    for day in sorted(rng.sample(days, min(least, len(days)))):
        row: dict[str, Any] = {"area": "甲", "date": day}
        found[day] = {}
        for item in ITEMS:
            step = Decimal(1).scaleb(-DECIMALS[item])
            one = int(rng.uniform(0, level[item]) / float(step)) * step
            there = rng.random() > 0.01
            row[item] = float(one) if there else None
            mean = oracle.held(oracle.Fraction(one)) if there else None
            found[day][item] = (int(there), 1, mean, there)
        rows.append(row)
    frame = pl.DataFrame(rows)
    for period in ("month", "quarter", "year"):
        result = frames.apply(
            registry.method("air.period"),
            frame,
            edition=edition,
            params={"period": period},
            decimals=DECIMALS,
        )
        assert_same(result, list(wanted({"甲": found}, edition, period)))


def test_the_stages_are_the_method_in_pieces() -> None:
    found = hours(random.Random(7), ["S1", "S2", "S3"], oracle.days_of(date(2024, 2, 1), 35), 0.1)
    frame = table(found)
    rules = stages.rules("HJ663-2026")
    assert (rules.edition, rules.method) == (NEW, "HJ663-2026")
    finer = stages.finer_than(rules, DECIMALS)
    assert finer == ("so2", "co", "o3", "pm25")
    days = stages.site_days(frame.rename({"station": "area"}), rules, DECIMALS)
    for period in ("day", "month", "year"):
        alone = judged(frame, NEW, period=period)
        assert_pieces(stages.periods(days, rules, period, finer=finer), alone)
    cities = stages.city_days(days, members(days), rules)
    whole = judged(frame.with_columns(city=pl.lit("城")), NEW, period="month", level="city")
    assert_pieces(stages.periods(cities, rules, "month", level="city", finer=finer), whole)


def members(days: pl.DataFrame) -> pl.DataFrame:
    """Return every site on every day from its first to its last row, as the method has it."""
    spans = days.group_by("area").agg(first=pl.col("day").min(), last=pl.col("day").max())
    every = days.select("day").unique().join(spans, how="cross")
    due = every.filter(pl.col("day").is_between("first", "last"))
    return due.select(pl.lit("城").alias("area"), pl.col("area").alias("site"), "day")


def assert_pieces(pieces: pl.DataFrame, whole: pl.DataFrame) -> None:
    flags = [c for c, t in pieces.schema.items() if t == pl.Boolean]
    texts = pieces.sort("area", "period_start").with_columns(pl.col(flags).cast(pl.String))
    same = whole.select(texts.columns)
    assert texts.equals(same)
