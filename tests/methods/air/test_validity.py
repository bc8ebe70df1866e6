"""The minima of data for a day, a month, a year and a city, one below and one at each."""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from fenhe.methods import frames, registry

FILE = Path(__file__).parents[2] / "worked" / "air" / "HJ663" / "validity.yaml"
CASES: dict[str, list[dict[str, Any]]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
ITEMS = ("so2", "no2", "co", "o3", "pm10", "pm25")
EDITION = "GB3095-2012"


def each(kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", CASES[kind], ids=lambda case: str(case["id"]))


def apply(method: str, frame: pl.DataFrame, **params: str) -> dict[str, Any]:
    made = frames.apply(registry.method(method), frame, edition=EDITION, params=params)
    return made.row(0, named=True)


def hourly(station: str, count: int, day: date = date(2023, 5, 1)) -> list[dict[str, Any]]:
    start = datetime(day.year, day.month, day.day)
    return [
        {"station": station, "city": "市", "time": start + timedelta(hours=end)}
        | dict.fromkeys(ITEMS, 3.0 if end <= count else None)
        for end in range(1, 25)
    ]


def days(year: int, missing: dict[int, int]) -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    for month in range(1, 13):
        length = calendar.monthrange(year, month)[1]
        for day in range(1, length + 1):
            value = None if day <= missing.get(month, 0) else 3.0
            rows.append(
                {"area": "市", "date": date(year, month, day)} | dict.fromkeys(ITEMS, value)
            )
    return pl.DataFrame(rows)


@each("hours")
def test_hours_of_a_day(case: dict[str, Any]) -> None:
    row = apply("air.evaluate", pl.DataFrame(hourly("S", case["hours"])), period="day")
    for item in set(ITEMS) - {"o3"}:
        assert (row[f"{item}_n_valid"], row[f"{item}_n_due"]) == (case["n"], 24)
        assert row[f"{item}_valid"] == case["valid"]
        assert row[f"{item}_mean"] == 3
        assert row[f"{item}_compliant"] == ("true" if case["valid"] == "true" else None)


@each("years")
def test_days_of_a_year(case: dict[str, Any]) -> None:
    row = apply("air.period", days(case["year"], case["missing"]), period="year")
    for item in ITEMS:
        assert row[f"{item}_n_valid"] == case["n"]
        assert row[f"{item}_n_due"] == (366 if case["year"] == 2024 else 365)
        assert row[f"{item}_valid"] == case["valid"]
    good = case["valid"] == "true"
    assert row["status"] == ("judged" if good else "not_judged")
    assert row["compliant"] == ("true" if good else None)
    assert row["pm25_p95"] == 3
    assert row["pm25_p95_compliant"] == ("true" if good else None)
    unverified = None if good else "HJ663-2013/percentile_validity"
    assert row["unverified"] == unverified


@each("months")
def test_days_of_a_month_by_itself(case: dict[str, Any]) -> None:
    every = days(case["year"], {case["month"]: case["missing"]})
    frame = every.filter(pl.col("date").dt.month() == case["month"])
    row = apply("air.period", frame, period="month")
    assert row["so2_n_due"] == case["due"]
    assert row["so2_n_valid"] == case["due"] - case["missing"]
    assert row["so2_valid"] == case["valid"]
    assert row["compliant"] is None
    good = case["valid"] == "true"
    assert row["status"] == ("judged" if good else "not_judged")
    assert row["unverified"] == (None if good else "HJ663-2013/month_minimum")


@each("cities")
def test_sites_of_a_city(case: dict[str, Any]) -> None:
    rows: list[dict[str, Any]] = []
    for n in range(case["due"]):
        rows += hourly(f"S{n:03}", 24 if n < case["sites"] else 0)
    row = apply("air.evaluate", pl.DataFrame(rows), period="day", level="city")
    for item in ITEMS:
        assert (row[f"{item}_n_valid"], row[f"{item}_n_due"]) == (case["sites"], case["due"])
        assert row[f"{item}_valid"] == case["valid"]
    kept_out = case["valid"] == "false" and case["sites"] > 0
    share = "city_share" if case["due"] >= 4 else "city_share_small"
    assert row["unverified"] == (f"HJ663-2013/{share}" if kept_out else None)


def test_a_quarter_has_no_minimum_in_any_source() -> None:
    row = apply("air.period", days(2023, {}).head(90), period="quarter")
    assert (row["so2_n_valid"], row["so2_n_due"], row["so2_valid"]) == (90, 90, None)
    assert (row["so2_mean"], row["so2_p98"], row["so2_compliant"]) == (3, 3, None)
    assert row["status"] == "not_judged"
    assert row["reason"] == "unknown_value:HJ663-2013/quarter_minimum"


def test_an_hour_that_stands_twice_spoils_its_day_and_is_told() -> None:
    rows = hourly("S", 24)
    row = apply("air.evaluate", pl.DataFrame([*rows, rows[4]]), period="day")
    assert row["status"] == "not_judged"
    assert "repeated_hours" in row["reason"]
    assert row["so2_mean"] is None
    good = apply("air.evaluate", pl.DataFrame(rows), period="day")
    assert (good["reason"], good["compliant"]) == (None, "true")


def test_only_city_sites_enter_a_city() -> None:
    rows = [r | {"city_site": "no", "so2": 100.0} for r in hourly("A", 24)]
    rows += [r | {"city_site": "是"} for r in hourly("B", 24)]
    row = apply("air.evaluate", pl.DataFrame(rows), period="day", level="city")
    assert (row["so2_mean"], row["so2_n_due"]) == (3, 1)


def test_a_month_names_the_share_that_kept_days_out() -> None:
    rows: list[dict[str, Any]] = []
    for day in range(1, 31):
        for site in ("A", "B", "C"):
            out = site != "A" and day == 7
            rows += hourly(site, 0 if out else 24, date(2023, 4, day))
    row = apply("air.evaluate", pl.DataFrame(rows), period="month", level="city")
    assert (row["so2_n_valid"], row["so2_n_due"], row["so2_valid"]) == (29, 30, "true")
    assert (row["status"], row["unverified"]) == ("judged", "HJ663-2013/city_share_small")
