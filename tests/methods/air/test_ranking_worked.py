"""Published indices and ranks, worked cases of the index of 2026, the ranking of 2016-11."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from click.testing import CliRunner

from fenhe import air
from fenhe.cli.main import cli

TESTS = Path(__file__).parents[2]
WORKED = TESTS / "worked" / "air"
FILES = ("RANK/2018", "EQUAL/2026", "WEIGHTED/2026")
ITEMS = ("so2", "no2", "co", "o3", "pm10", "pm25")
Doc = dict[str, Any]


def document(name: str) -> Doc:
    content: Doc = yaml.safe_load((WORKED / f"{name}.yaml").read_text(encoding="utf-8"))
    return content


def numbers(rows: list[Doc]) -> pl.DataFrame:
    found = pl.DataFrame(rows)
    return found.with_columns(pl.col(*ITEMS).cast(pl.Float64))


def judged(rows: list[Doc], folder: Path, *words: str) -> pl.DataFrame:
    source, target = folder / "in.csv", folder / "out.csv"
    pl.DataFrame(rows).write_csv(source)
    command = ["judge", "air.composite_index", str(source), "-o", str(target), *words]
    answer = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert answer.exit_code == 0
    return pl.read_csv(target, infer_schema=False)


def wrong(cases: list[Doc], result: pl.DataFrame) -> list[str]:
    """Return what differs: numbers by their value, the rest by its text."""
    found = []
    for case, row in zip(cases, result.iter_rows(named=True), strict=True):
        for column, expected in case["expect"].items():
            got = "" if row[column] is None else str(row[column])
            number = column.startswith(("i_", "share_"))
            if (Decimal(got) != Decimal(expected)) if number else (got != expected):
                found.append(f"{case['id']} {column}: {got} instead of {expected}")
    return found


def test_the_cases_are_there() -> None:
    counts: dict[str, int] = defaultdict(int)
    for name in FILES:
        for case in document(name)["cases"]:
            counts[f"{name} {case['kind']}"] += 1
    assert counts == {
        "RANK/2018 composite_index": 6,
        "RANK/2018 composite_index_trap": 1,
        "EQUAL/2026 composite_index": 3,
        "WEIGHTED/2026 composite_index": 2,
    }
    assert len(document("RANK/2018")["ties"]) == 2


@pytest.mark.parametrize("name", FILES)
def test_indices_and_shares(name: str, tmp_path: Path) -> None:
    doc = document(name)
    rows = [case["input"] for case in doc["cases"]]
    result = air.composite_index(numbers(rows), edition=doc["edition"])
    assert wrong(doc["cases"], result) == []
    again = judged(rows, tmp_path, "--edition", doc["edition"])
    assert wrong(doc["cases"], again) == []
    assert set(result["edition"]) == set(again["edition"]) == {doc["edition"]}


def test_the_figure_of_a_province_is_not_the_index_of_its_means() -> None:
    (case,) = [c for c in document("RANK/2018")["cases"] if c["kind"] == "composite_index_trap"]
    index = air.composite_index(numbers([case["input"]]))["i_sum"][0]
    assert Decimal(str(index)) == Decimal(case["expect"]["i_sum"])
    assert Decimal(str(index)) != Decimal(case["published_mean_of_city_indices"])


@pytest.mark.parametrize("case", document("RANK/2018")["ties"], ids=lambda case: case["id"])
def test_equal_indices_share_a_rank(case: Doc, tmp_path: Path) -> None:
    rows = [{k: v for k, v in row.items() if k != "rank"} for row in case["rows"]]
    wanted = [row["rank"] for row in case["rows"]]
    result = air.composite_index(numbers(rows))
    assert result["rank"].to_list() == wanted
    assert judged(rows, tmp_path)["rank"].cast(pl.Int64).to_list() == wanted
    by_sum = sorted(result["i_sum"].to_list())
    assert [by_sum.index(s) + 1 for s in result["i_sum"]] == wanted


@pytest.mark.parametrize(
    ("named", "edition"),
    [
        (None, "RANK-2018"),
        ("GB3095-2012", "RANK-2018"),
        ("rank-2018", "RANK-2018"),
        ("GB3095-2026:transitional", "EQUAL-2026"),
        ("gb 3095-2026", "EQUAL-2026"),
        ("EQUAL-2026", "EQUAL-2026"),
        ("WEIGHTED-2026", "WEIGHTED-2026"),
    ],
)
def test_which_edition_a_name_stands_for(named: str | None, edition: str, tmp_path: Path) -> None:
    rows = [document("RANK/2018")["cases"][0]["input"]]
    assert air.composite_index(numbers(rows), edition=named)["edition"].to_list() == [edition]
    words = ["--edition", named] if named else []
    assert judged(rows, tmp_path, *words)["edition"].to_list() == [edition]


def test_a_city_without_an_item_is_not_ranked() -> None:
    full = {
        "area": "a",
        "so2": 10.0,
        "no2": 10.0,
        "co": 1.0,
        "o3": 80.0,
        "pm10": 70.0,
        "pm25": 30.0,
    }
    rows = [full, full | {"area": "b", "o3": None}, full | {"area": "c", "co": -1.0, "so2": 5.0}]
    rows.append(full | {"area": "d", "so2": 70.0})
    result = air.composite_index(pl.DataFrame(rows))
    assert result["status"].to_list() == ["judged", "not_judged", "not_judged", "judged"]
    assert result["reason"].to_list() == [None, "missing:o3", "invalid:co", None]
    assert result["rank"].to_list() == [1, None, None, 2]
    assert result["i_sum"].to_list()[1:3] == [None, None]
    assert result["i_so2"].to_list() == [0.17, 0.17, 0.08, 1.17]


def test_ranks_run_within_each_period(tmp_path: Path) -> None:
    base = {"no2": "10", "co": "1.0", "o3": "80", "pm10": "70", "pm25": "30"}
    order = [("2025-01", "60"), ("2025-02", "30"), ("2025-01", "30"), ("2025-02", "30")]
    rows = [{"area": "x", "period": p, "so2": s, **base} for p, s in order]
    assert judged(rows, tmp_path)["rank"].to_list() == ["2", "1", "1", "1"]
    assert air.composite_index(numbers(rows))["rank"].to_list() == [2, 1, 1, 1]


def test_the_trace_shows_what_entered_the_formula(tmp_path: Path) -> None:
    rows = [{"area": "x", "so2": "29.5", "no2": "52", "co": "1.25", "o3": "80"}]
    rows[0] |= {"pm10": "70", "pm25": "35"}
    (row,) = judged(rows, tmp_path, "--trace").iter_rows(named=True)
    assert (row["rounded_so2"], row["limit_so2"], row["weight_so2"]) == ("30", "60", "1")
    assert (row["rounded_co"], row["limit_co"]) == ("1.2", "4.0")


RANKING = document("RANK/2016-11")


def statistics(daily: pl.DataFrame) -> dict[str, Fraction]:
    """Return the six statistics of one city, as fractions of the decimals in the file."""

    def values(column: str) -> list[Fraction]:
        return sorted(Fraction(str(v)) for v in daily[column].drop_nulls())

    def percentile(column: str, p: int) -> Fraction:
        found = values(column)
        k = 1 + Fraction((len(found) - 1) * p, 100)
        low, high = found[floor(k) - 1], found[min(floor(k), len(found) - 1)]
        return low + (high - low) * (k - floor(k))

    means = {i: sum(values(i)) / len(values(i)) for i in ("so2", "no2", "pm10", "pm25")}
    return {**means, "co": percentile("co", 95), "o3": percentile("o3_8h", 90)}


@pytest.fixture(scope="module")
def november() -> dict[str, dict[str, Fraction]]:
    daily = pl.read_parquet(TESTS.parent / RANKING["data"])
    return {str(city): statistics(rows) for (city,), rows in daily.group_by("city")}


def test_the_excerpt_of_2016_11_gives_the_sums_it_should(
    november: dict[str, dict[str, Fraction]],
) -> None:
    limits = {"so2": 60, "no2": 40, "co": 4, "o3": 160, "pm10": 70, "pm25": 35}
    for city, expected in RANKING["unrounded"].items():
        total = sum(november[city][item] / limit for item, limit in limits.items())
        assert abs(total - Fraction(expected)) <= Fraction(1, 1000), city


def test_the_ranking_of_2016_11_comes_out_as_published(
    november: dict[str, dict[str, Fraction]], tmp_path: Path
) -> None:
    cities = sorted(set(november) - set(RANKING["not_among_the_74"]))
    assert len(cities) == 74
    rows = [
        {"area": c, **{i: str(Decimal(round(november[c][i] * 10**6)) / 10**6) for i in ITEMS}}
        for c in cities
    ]
    result = judged(rows, tmp_path).with_columns(pl.col("rank").cast(pl.Int64)).sort("rank")
    assert result["rank"].head(10).to_list() == list(range(1, 11))
    assert result["area"].head(10).to_list() == RANKING["best"]
    assert result["rank"].tail(10).to_list() == list(range(65, 75))
    worst = result["area"].tail(10).to_list()[::-1]
    assert worst == RANKING["computed_worst"]
    assert set(worst) == set(RANKING["worst"])
    same = air.composite_index(numbers(rows)).sort("rank")
    assert same["area"].head(10).to_list() == RANKING["best"]
