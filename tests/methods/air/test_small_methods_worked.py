"""Change ranking, dust days, reference state and annual target: worked cases both ways."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from click.testing import CliRunner

from fenhe import air
from fenhe.base.errors import BadInput
from fenhe.cli.main import cli
from fenhe.methods import frames, registry

WORKED = Path(__file__).parents[2] / "worked" / "air"
FILES = ("CHANGE/2017", "REFSTATE/2018", "DUST/2016", "TARGET/2026")
Case = dict[str, Any]


def cases() -> list[Case]:
    found = []
    for name in FILES:
        doc = yaml.safe_load((WORKED / f"{name}.yaml").read_text(encoding="utf-8"))
        found += [
            case | {"method": doc["method"], "edition": doc["edition"]} for case in doc["cases"]
        ]
    return found


EACH = pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])


def texts(case: Case) -> pl.DataFrame:
    return pl.DataFrame(case["rows"]).with_columns(pl.col(pl.String).replace("", None))


def differs(got: Any, expected: Any) -> bool:
    if expected is None or got is None:
        return got is not expected
    if isinstance(expected, str):
        try:
            return Decimal(str(got)) != Decimal(expected)
        except ArithmeticError:
            return str(got) != expected
    return Decimal(str(got)) != expected


def wrong(case: Case, result: pl.DataFrame) -> list[str]:
    return [
        f"row {n} {column}: {row[column]} instead of {expected}"
        for n, (row, wanted) in enumerate(
            zip(result.iter_rows(named=True), case["expect"], strict=True)
        )
        for column, expected in wanted.items()
        if differs(row[column], expected)
    ]


@EACH
def test_through_the_python_api(case: Case) -> None:
    method = registry.method(case["method"])
    given = texts(case)
    given = given.with_columns(
        pl.col(c).cast(pl.Float64) for c in method.numbers if c in given.columns
    )
    params = dict(pair.split("=", 1) for pair in case.get("params", []))
    assert wrong(case, frames.apply(method, given, params=params)) == []


@EACH
def test_through_the_command_line(case: Case, tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    texts(case).write_csv(source)
    words = ["judge", case["method"], str(source), "-o", str(target)]
    for pair in case.get("params", []):
        words += ["--param", pair]
    assert CliRunner().invoke(cli, words, catch_exceptions=False).exit_code == 0
    assert wrong(case, pl.read_csv(target, infer_schema=False)) == []


def test_dust_days_come_from_a_file_too(tmp_path: Path) -> None:
    source, target, days = (tmp_path / name for name in ("in.csv", "out.csv", "dust.csv"))
    source.write_text("area,date,pm10,pm25\n甲,2020-04-01,300,50\n", encoding="utf-8")
    days.write_text("area,from,to\n甲,2020-03-31,2020-04-02\n", encoding="utf-8")
    words = ["judge", "air.dust_deduction", str(source), "-o", str(target)]
    words += ["--param", f"dust=@{days}"]
    assert CliRunner().invoke(cli, words, catch_exceptions=False).exit_code == 0
    assert pl.read_csv(target)["dust_day"].to_list() == ["yes"]
    words[-1] = f"dust=@{tmp_path / 'none.csv'}"
    with pytest.raises(BadInput, match=r"none\.csv.*can not be read"):
        CliRunner().invoke(cli, words, catch_exceptions=False)


def test_a_list_of_dust_days_that_can_not_be_read_is_refused() -> None:
    frame = pl.DataFrame({"area": ["a"], "day": [20200401], "pm10": [1.0], "pm25": [1.0]})
    with pytest.raises(BadInput, match="needs the dust days"):
        air.dust_deduction(frame)
    with pytest.raises(BadInput, match="line 1: 2020-04-01 lies before 2020-04-02"):
        air.dust_deduction(frame, dust=[("a", date(2020, 4, 2), date(2020, 4, 1))])
    method = registry.method("air.dust_deduction")
    with pytest.raises(BadInput, match="line 2: write days as 2026-03-20"):
        frames.apply(method, frame, params={"dust": "a,2020-04-01,2020-04-01\na,4/1,4/2"})
    result = air.dust_deduction(frame, dust=[("a, b", date(2020, 4, 1), date(2020, 4, 1))])
    assert result["dust_day"].to_list() == ["no"]


def test_a_target_from_daily_values() -> None:
    days = [date(2026, 1, 1 + n) for n in range(10)]
    values = [30.0, 31.5, None, 29.5, 40.25, -1.0, 30.0, 30.0, 30.0, 30.0]
    frame = pl.DataFrame({"area": "a", "item": "pm25", "date": days, "value": values, "target": 30})
    (row,) = air.target_daily(frame).iter_rows(named=True)
    assert (row["year"], row["days_done"], row["days_rest"]) == (2026, 8, 355)
    assert row["mean_to_date"] == 31.40625
    allowed = Decimal(str(row["allowed_mean_rest"]))
    total = Decimal("251.25")
    assert (total + allowed * 355) / 363 <= Decimal("30.5")
    assert (total + (allowed + Decimal("0.000001")) * 355) / 363 > Decimal("30.5")
    twice = air.target_daily(pl.concat([frame, frame.head(1)]))
    assert (twice["status"][0], twice["reason"][0]) == ("not_judged", "duplicate:date")
    other = frame.with_columns(
        target=pl.when(pl.col("date") < date(2026, 1, 5)).then(29).otherwise(30)
    )
    assert air.target_daily(other)["reason"].to_list() == ["targets_differ"]
    none = air.target_daily(frame.with_columns(value=pl.lit(None, pl.Float64)))
    assert none["reason"].to_list() == ["no_data"]


def test_days_of_each_category(tmp_path: Path) -> None:
    days = [date(2024, 1, 30), date(2024, 1, 31), *(date(2024, 2, n) for n in range(1, 9))]
    aqi = [50, 51, 100, 101, 150, 151, 201, 301, None, 300]
    frame = pl.DataFrame({"area": "a", "date": days, "aqi": aqi})
    (row,) = air.days_by_category(frame).iter_rows(named=True)
    assert [row[f"days_{n}"] for n in range(1, 7)] == [1, 2, 2, 1, 2, 1]
    assert (row["n_valid"], row["n_due"], row["n_missing"]) == (9, 10, 1)
    assert (row["good_days"], row["good_share"], row["heavy_days"]) == (3, 33.3, 3)
    assert (row["period_start"], row["period_end"]) == ("2024-01-30", "2024-02-08")
    months = air.days_by_category(frame, period="month")
    assert months["n_due"].to_list() == [31, 29]
    assert months["n_missing"].to_list() == [29, 22]
    assert months["good_share"].to_list() == [100.0, 14.3]
    assert air.days_by_category(frame, period="year")["n_due"].to_list() == [366]
    frame.write_csv(tmp_path / "in.csv")
    words = ["judge", "air.days_by_category", str(tmp_path / "in.csv"), "-o"]
    words += [str(tmp_path / "out.csv"), "--param", "period=quarter"]
    assert CliRunner().invoke(cli, words, catch_exceptions=False).exit_code == 0
    (row,) = pl.read_csv(tmp_path / "out.csv").iter_rows(named=True)
    assert (row["period_end"], row["n_due"], row["good_days"]) == ("2024-03-31", 91, 3)


def test_categories_as_told_and_what_contradicts_itself() -> None:
    frame = pl.DataFrame(
        {
            "area": ["a", "a", "a", "a", "b", "c"],
            "day": [20240101, 20240102, 20240102, 20240104, 20240101, 20240101],
            "category": [1, 2, 3, 7, None, 6],
            "aqi": [400, 60, 110, 50, 0, None],
        }
    )
    result = air.days_by_category(frame)
    assert result["area"].to_list() == ["a", "b", "c"]
    assert result["n_valid"].to_list() == [1, 1, 1]
    assert result["n_missing"].to_list() == [3, 0, 0]
    assert result["reason"].to_list() == ["duplicate:date", None, None]
    assert result["unverified"].to_list() == [None, "HJ633-2026/zero_index", None]
    with pytest.raises(BadInput, match="needs the column category or aqi"):
        air.days_by_category(frame.drop("category", "aqi"))
    with pytest.raises(BadInput, match="period: 'week' is none of all, year, quarter, month"):
        air.days_by_category(frame, period="week")


def test_both_editions_have_the_same_categories() -> None:
    frame = pl.DataFrame({"area": "a", "day": range(20240101, 20240131), "aqi": range(40, 340, 10)})
    counts = [f"days_{n}" for n in range(1, 7)]
    old, new = (air.days_by_category(frame, edition=f"HJ633-{y}") for y in (2012, 2026))
    assert old.select(counts).equals(new.select(counts))


@pytest.mark.parametrize("kind", ["pandas", "pyarrow", "polars-lazy"])
def test_ranks_and_counts_come_back_as_the_kind_given(kind: str) -> None:
    rows = {"area": ["a", "b"], "i_now": [4.0, 5.0], "i_prev": [5.0, 5.0]}
    days = {"area": ["a", "a"], "day": [20260101, 20260103], "aqi": [50, 120]}
    made: list[Any] = []
    for table in (pl.DataFrame(rows), pl.DataFrame(days)):
        made.append({"pandas": table.to_pandas, "pyarrow": table.to_arrow}.get(kind, table.lazy)())
    if kind == "pandas":
        made[0].index = [7, 3]
    ranks, counts = air.change_rank(made[0]), air.days_by_category(made[1])
    assert type(ranks) is type(made[0])
    assert type(counts) is type(made[1])
    if kind == "pandas":
        assert list(ranks.index) == [7, 3]
        assert list(counts.index) == [0]
    found = ranks.collect() if kind == "polars-lazy" else pl.DataFrame(ranks)
    assert found["rank_improved"].to_list() == [1, 2]
    total = counts.collect() if kind == "polars-lazy" else pl.DataFrame(counts)
    assert total["n_missing"].to_list() == [1]


def test_a_target_from_a_file_of_daily_values(tmp_path: Path) -> None:
    lines = [f"甲,PM2.5,2025-12-{d:02},{30 + d}.5,40" for d in range(1, 31)]
    source = tmp_path / "in.csv"
    source.write_text("\n".join(["area,item,date,value,target", *lines, ""]), encoding="utf-8")
    words = ["judge", "air.target_daily", str(source), "-o", str(tmp_path / "out.csv")]
    words += ["--edition", "GB3095-2012"]
    assert CliRunner().invoke(cli, words, catch_exceptions=False).exit_code == 0
    (row,) = pl.read_csv(tmp_path / "out.csv").iter_rows(named=True)
    assert (row["item"], row["year"], row["days_done"], row["days_rest"]) == ("pm25", 2025, 30, 1)
    assert (row["mean_to_date"], row["gap"], row["meets"]) == (46.0, 6.0, "no")
    assert (row["allowed_mean_rest"], row["reason"]) == (None, "out_of_reach")
    assert row["edition"] == "HJ663-2013"
