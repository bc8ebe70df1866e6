"""Which edition judges a day, month, quarter and year, and what a file's evaluation tells."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from fenhe import air
from fenhe.base.errors import BadInput
from fenhe.cli.main import cli
from fenhe.methods import frames, registry
from fenhe.methods.air import spans, stages

ITEMS = ("so2", "no2", "co", "o3", "pm10", "pm25")
OLD, NEW, FINAL = "GB3095-2012", "GB3095-2026:transitional", "GB3095-2026:final"
YEAR_2026 = "unknown_value:GB3095-2026:transitional/year_2026"


def days(first: date, last: date, **values: float) -> pl.DataFrame:
    every = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    row: dict[str, Any] = dict.fromkeys(ITEMS, 3.0) | values
    return pl.DataFrame([{"area": "市", "date": day} | row for day in every])


def test_spans_touch_and_do_not_overlap() -> None:
    for period in ("day", "month", "quarter", "year"):
        found = list(spans.spans(period))
        for before, after in pairwise(found):
            assert before.last + timedelta(days=1) == after.first
        assert [s.told for s in found if s.reason is None] == [OLD, NEW, FINAL]
        straddling = [(s.first, s.last) for s in found if s.reason is not None]
        wanted = {"quarter": [(date(2026, 1, 1), date(2026, 3, 31))]}
        wanted["year"] = [(date(2026, 1, 1), date(2026, 12, 31))]
        assert straddling == wanted.get(period, [])
        for span in found:
            assert stages.edition_of(*_period(span.first, period)) == (
                span.edition.id,
                span.reason is None,
                span.reason,
            )


def _period(day: date, period: str) -> tuple[date, date]:
    first, last = stages.period_of((day.year * 100 + day.month) * 100 + day.day, period)
    return date.fromisoformat(_iso(first)), date.fromisoformat(_iso(last))


def _iso(day: int) -> str:
    return f"{day // 10000:04}-{day // 100 % 100:02}-{day % 100:02}"


def test_each_day_by_the_edition_of_its_day() -> None:
    frame = days(date(2026, 2, 27), date(2026, 3, 2), pm25=70.0)
    result = air.periods(frame, period="day")
    assert result["edition"].to_list() == [OLD, OLD, NEW, NEW]
    assert result["pm25_compliant"].to_list() == ["true", "true", "false", "false"]
    assert result["pm25_multiple"].to_list() == [None, None, 0.17, 0.17]
    assert result["period_end"].to_list() == result["period_start"].to_list()


def test_the_year_2026_is_not_judged_unless_told_by_which() -> None:
    frame = days(date(2026, 1, 1), date(2026, 12, 31), pm25=32.26)
    row = air.periods(frame).row(0, named=True)
    assert (row["status"], row["compliant"], row["pm25_compliant"]) == ("not_judged", None, None)
    assert row["reason"] == YEAR_2026
    assert row["edition"] == f"{OLD};{NEW}"
    assert (row["pm25_mean"], row["pm25_valid"], row["pm25_n_valid"]) == (32.3, "true", 365)
    first = air.periods(frame, straddle="first").row(0, named=True)
    assert (first["edition"], first["compliant"], first["pm25_mean"]) == (OLD, "true", 32)
    last = air.periods(frame, straddle="last").row(0, named=True)
    assert (last["edition"], last["compliant"], last["pm25_multiple"]) == (NEW, "false", 0.07)
    named = air.periods(frame, edition="HJ663-2026").row(0, named=True)
    assert named == last
    assert air.periods(frame, on=date(2026, 1, 5)).row(0, named=True) == first


def test_the_first_quarter_of_2026() -> None:
    frame = days(date(2026, 1, 1), date(2026, 6, 30))
    result = air.periods(frame, period="quarter")
    assert result["edition"].to_list() == [f"{OLD};{NEW}", NEW]
    assert result["status"].to_list() == ["not_judged"] * 2
    quarter = "unknown_value:HJ663-2026/quarter_minimum"
    assert result["reason"].to_list() == [f"{quarter};{YEAR_2026}", quarter]
    assert result["so2_mean"].to_list() == [3, 3]


def test_days_before_the_first_edition_are_told_but_not_judged() -> None:
    result = air.periods(days(date(2015, 1, 1), date(2016, 12, 31)))
    assert result["status"].to_list() == ["not_judged", "judged"]
    assert result["reason"].to_list() == ["no_edition", None]
    assert result["so2_mean"].to_list() == [3, 3]
    named = air.periods(days(date(2015, 1, 1), date(2015, 12, 31)), edition="HJ663-2013")
    assert named["status"].to_list() == ["judged"]


def test_the_final_limits_begin_with_a_year() -> None:
    frame = days(date(2030, 1, 1), date(2031, 12, 31), so2=30.0)
    result = air.periods(frame)
    assert result["edition"].to_list() == [NEW, FINAL]
    assert result["so2_compliant"].to_list() == ["true", "false"]
    assert result["compliant"].to_list() == ["true", "false"]


def test_readings_that_give_another_verdict_are_named() -> None:
    year = (date(2023, 1, 1), date(2023, 12, 31))
    near = air.periods(days(*year, pm25=35.4)).row(0, named=True)
    assert (near["pm25_mean"], near["compliant"]) == (35, "true")
    assert near["unverified"] == "HJ663-2013/compare"
    # nitrogen dioxide: the mean complies, the 98th percentile does not
    frame = days(*year).with_columns(
        no2=pl.when(pl.col("date").dt.day() == 1).then(100.0).otherwise(20.0)
    )
    row = air.periods(frame).row(0, named=True)
    assert (row["no2_compliant"], row["no2_p98_compliant"]) == ("true", "false")
    assert (row["no2_p98"], row["no2_p98_multiple"]) == (100, 0.25)
    assert (row["compliant"], row["unverified"]) == ("false", "HJ663-2013/city_year_compliance")


def test_what_can_not_be_asked() -> None:
    frame = days(date(2023, 1, 1), date(2023, 1, 2))
    with pytest.raises(BadInput, match="period: 'week' is none of day, month, quarter, year"):
        air.periods(frame, period="week")
    with pytest.raises(BadInput, match="straddle: 'both' is none of first, last"):
        air.periods(frame, straddle="both")
    with pytest.raises(BadInput, match="unknown grade '3'"):
        air.periods(frame, grade="3")
    hours = pl.DataFrame(
        {"station": ["S"], "time": ["2023-01-01 01:30"]} | dict.fromkeys(ITEMS, 1.0)
    )
    with pytest.raises(BadInput, match="'2023-01-01 01:30' is not the end of a whole hour"):
        air.evaluate(hours)
    whole = hours.with_columns(time=pl.lit("2023-01-01 01:00"))
    with pytest.raises(BadInput, match="level=city needs the column 'city'"):
        air.evaluate(whole, level="city")


def test_files_through_every_stage(tmp_path: Path) -> None:
    rows = [
        {"station": site, "time": f"2023-03-{day:02} {end:02}:00", "city": "市"}
        | dict.fromkeys(ITEMS, 1 + day % 3)
        for site in ("A", "B")
        for day in range(1, 32)
        for end in range(1, 25)
    ]
    pl.DataFrame(rows).write_csv(tmp_path / "hours.csv")
    judge(tmp_path, "air.evaluate", "hours", "whole", "period=month", "level=city")
    judge(tmp_path, "air.day", "hours", "days")
    days = pl.read_csv(tmp_path / "days.csv", infer_schema_length=0)
    assert days.height == 62
    values = days.select(pl.lit("市").alias("area"), pl.col("area").alias("site"), "date", *ITEMS)
    values.write_csv(tmp_path / "sites.csv")
    judge(tmp_path, "air.city_day", "sites", "cities")
    cities = pl.read_csv(tmp_path / "cities.csv", infer_schema_length=0)
    assert set(cities["so2_n_due"]) == {"2"}
    cities.select("area", "date", *ITEMS).write_csv(tmp_path / "values.csv")
    judge(tmp_path, "air.period", "values", "months", "period=month")
    whole, months = (pl.read_csv(tmp_path / f"{n}.csv") for n in ("whole", "months"))
    assert months.equals(whole)
    assert whole["pm25_mean"].to_list() == [2]
    assert (whole["so2_valid"][0], whole["status"][0], whole["reason"][0]) == (
        True,
        "judged",
        "no_limit",
    )


def judge(folder: Path, method: str, source: str, target: str, *params: str) -> None:
    command = ["judge", method, str(folder / f"{source}.csv"), "-o", str(folder / f"{target}.csv")]
    for param in params:
        command += ["--param", param]
    answer = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output


def test_a_bad_hour_is_named_by_its_row(tmp_path: Path) -> None:
    header = "station,time,so2,no2,co,o3,pm10,pm25,city_site\n"
    path = tmp_path / "hours.csv"
    path.write_text(
        f"{header}A,2023-01-01 01:00,1,1,1,1,1,1,yes\nA,2023-01-01 02:30,1,1,1,1,1,1,maybe\n",
        encoding="utf-8",
    )
    with pytest.raises(BadInput, match="row 3") as error:
        CliRunner().invoke(
            cli,
            ["judge", "air.evaluate", str(path), "-o", str(tmp_path / "o.csv")],
            catch_exceptions=False,
            standalone_mode=False,
        )
    assert "column time: '2023-01-01 02:30' is not the end of a whole hour" in str(error.value)
    assert "column city_site: 'maybe' is none of" in str(error.value)


def test_hours_with_more_decimals_near_a_limit_are_told() -> None:
    rows = [
        {"station": site, "time": datetime(2023, 5, 1) + timedelta(hours=end)}
        | dict.fromkeys(ITEMS, 1.0)
        | {"pm25": value}
        for site, value in (("near", 75.4), ("far", 60.4))
        for end in range(1, 25)
    ]
    result = air.evaluate(pl.DataFrame(rows), period="day")
    assert result["pm25_compliant"].to_list() == ["true", "true"]
    assert result["pm25_mean"].to_list() == [60, 75]
    assert result["unverified"].to_list() == [None, "HJ663-2013/hour_rounding_order"]


def test_the_trace_shows_what_was_held_against_what() -> None:
    frame = days(date(2023, 1, 1), date(2023, 12, 31), pm25=35.4)
    row = frames.apply(registry.method("air.period"), frame, trace=True).row(0, named=True)
    assert (row["pm25_held"], row["pm25_limit"]) == (35.4, 35)
    assert (row["o3_p90_held"], row["o3_p90_limit"], row["o3_limit"]) == (3, 160, None)
