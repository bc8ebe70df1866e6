"""Levels of heavy-pollution warnings: worked cases of three regimes, days that lack."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from click.testing import CliRunner

from fenhe import air, standards
from fenhe.base.errors import BadInput
from fenhe.cli.main import cli

WORKED = Path(__file__).parents[2] / "worked" / "air" / "WARNING"
FIRST = {"WARNING-2017": date(2018, 1, 1), "WARNING-2019": date(2021, 1, 1)}
COLUMNS = ("level", "episode", "episode_level")
Case = dict[str, Any]


def cases() -> list[tuple[str, Case]]:
    found = []
    for path in sorted(WORKED.glob("*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        found += [(content["edition"], case) for case in content["cases"]]
    return found


CASES = cases()


def series(edition: str, case: Case) -> pl.DataFrame:
    first = FIRST.get(edition, date(2026, 1, 1))
    days = [first + timedelta(days=n) for n in range(len(case["aqi"]))]
    return pl.DataFrame({"area": case["id"], "date": days, "aqi": case["aqi"]})


def test_the_cases_are_there() -> None:
    ids = {case["id"] for _, case in CASES}
    assert {f"WN-{n}" for n in (2, 3, 5, 6, 7, 8, 9)} <= ids
    assert len(ids) == len(CASES) == 25


@pytest.mark.parametrize("edition", ["WARNING-2017", "WARNING-2019", "WARNING-2024"])
def test_levels(edition: str, tmp_path: Path) -> None:
    mine = [case for name, case in CASES if name == edition]
    frame = pl.concat([series(edition, case) for case in mine])
    by_date = air.warning_level(frame)
    assert by_date.equals(air.warning_level(frame, edition=edition))
    frame.write_csv(tmp_path / "in.csv")
    words = ["judge", "air.warning_level", str(tmp_path / "in.csv"), "-o", str(tmp_path / "o.csv")]
    assert CliRunner().invoke(cli, words, catch_exceptions=False).exit_code == 0
    told = pl.read_csv(tmp_path / "o.csv", infer_schema_length=None)
    for result in (by_date, told):
        for case in mine:
            rows = result.filter(pl.col("area") == case["id"])
            for column in COLUMNS:
                if column in case:
                    assert rows[column].to_list() == case[column], (case["id"], column)
            assert set(rows["series_level"]) == {case["series_level"]}, case["id"]
            assert set(rows["edition"]) == {edition}


def aqi(*values: int | None, area: str = "x", first: date = date(2026, 1, 1)) -> pl.DataFrame:
    days = [first + timedelta(days=n) for n in range(len(values))]
    return pl.DataFrame({"area": area, "date": days, "aqi": values}, schema_overrides={"aqi": int})


def test_a_day_that_lacks_ends_a_run() -> None:
    frame = aqi(210, 220, 230).filter(pl.col("date") != date(2026, 1, 2))
    assert air.warning_level(frame)["level"].to_list() == ["yellow", "yellow"]
    assert air.warning_level(frame)["episode"].to_list() == [1, 1]
    result = air.warning_level(aqi(210, None, 230))
    assert result["level"].to_list() == ["yellow", None, "yellow"]
    assert result["status"].to_list() == ["judged", "not_judged", "judged"]
    assert result["reason"].to_list() == [None, "missing:aqi", None]


def test_two_rows_of_one_day_contradict_each_other() -> None:
    frame = pl.concat([aqi(210, 220, 230), aqi(100)])
    result = air.warning_level(frame)
    assert result["reason"].to_list() == ["duplicate:date", None, None, "duplicate:date"]
    assert result["level"].to_list() == [None, "orange", "orange", None]


def test_an_unverified_hour_of_lifting_is_named_where_it_joins() -> None:
    joined = air.warning_level(aqi(210, 90, 210))
    assert set(joined["unverified"]) == {"WARNING-2024/lift_hours"}
    apart = air.warning_level(aqi(210, 90, 90, 210))
    assert set(apart["unverified"]) == {None}
    firm = air.warning_level(aqi(210, 210, 90, 210, 210, first=date(2021, 1, 1)))
    assert set(firm["unverified"]) == {None}
    assert set(firm["episode"]) == {1}


def test_an_unknown_hour_of_lifting_leaves_the_level() -> None:
    result = air.warning_level(aqi(210, 90, first=date(2018, 1, 1)))
    assert result["level"].to_list() == ["blue", None]
    assert result["episode_level"].to_list() == [None, None]
    assert result["reason"].to_list() == ["unknown_value:WARNING-2017/lift_hours", None]


def test_the_regime_is_a_parameter_of_each_place() -> None:
    frame = pl.concat([aqi(201, area="甲"), aqi(201, area="乙"), aqi(201, area="丙")])
    result = air.warning_level(frame, regime="甲:2017, 乙:WARNING-2019")
    assert result["level"].to_list() == ["blue", None, "yellow"]
    editions = ["WARNING-2017", "WARNING-2019", "WARNING-2024"]
    assert result["edition"].to_list() == editions
    assert air.warning_level(frame, regime="2019")["level"].to_list() == [None, None, None]
    with pytest.raises(BadInput, match=r"regime: '2020' is unknown; known: WARNING-2017"):
        air.warning_level(frame, regime="2020")
    with pytest.raises(BadInput, match="'甲' stands there twice"):
        air.warning_level(frame, regime="甲:2017,甲:2019")


def test_days_before_the_first_regime_are_not_judged() -> None:
    result = air.warning_level(aqi(400, first=date(2016, 12, 31)))
    assert (result["status"][0], result["reason"][0]) == ("not_judged", "no_edition")


def test_the_trace_counts_the_days_of_a_run() -> None:
    result = air.warning_level(aqi(160, 305, 210), trace=True)
    assert result["days_above_150"].to_list() == [3, 3, 3]
    assert result["days_above_200"].to_list() == [0, 2, 2]
    assert result["days_above_300"].to_list() == [0, 1, 0]


def test_a_run_goes_on_across_the_batches_a_file_is_read_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fenhe.cli.judge.ROWS", 2)
    aqi(*[210] * 7).write_csv(tmp_path / "in.csv")
    words = ["judge", "air.warning_level", str(tmp_path / "in.csv"), "-o", str(tmp_path / "o.csv")]
    assert CliRunner().invoke(cli, words, catch_exceptions=False).exit_code == 0
    assert pl.read_csv(tmp_path / "o.csv")["level"].to_list() == ["orange"] * 7


def test_a_day_is_needed_also_where_the_edition_is_named(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("area,date,aqi\nx,2026-01-01,210\nx,1 January,220\n")
    words = ["judge", "air.warning_level", str(tmp_path / "in.csv"), "-o", str(tmp_path / "o.csv")]
    with pytest.raises(BadInput, match=r"in\.csv, row 3, column date: '1 January' is not a date"):
        CliRunner().invoke(cli, [*words, "--edition", "WARNING-2024"], catch_exceptions=False)
    with pytest.raises(BadInput, match="needs the columns date; there are: area, aqi"):
        air.warning_level(aqi(210).drop("date"), edition="WARNING-2024")


def test_a_run_goes_on_across_a_change_of_regime() -> None:
    frame = aqi(210, 220, 230, 215, first=date(2023, 12, 30))
    result = air.warning_level(frame)
    assert result["edition"].to_list() == ["WARNING-2019"] * 2 + ["WARNING-2024"] * 2
    assert result["level"].to_list() == ["orange"] * 4
    assert result["episode"].to_list() == [1] * 4
    early = air.warning_level(aqi(210, 220, 230, first=date(2018, 12, 30)))
    assert early["level"].to_list() == ["yellow", "yellow", "orange"]
    assert early["episode_level"].to_list() == [None, None, "orange"]
    assert set(early["series_level"]) == {"orange"}
    first = air.warning_level(aqi(210, 220, first=date(2016, 12, 31)))
    assert first["level"].to_list() == [None, "yellow"]
    assert first["reason"].to_list() == ["no_edition", "unknown_value:WARNING-2017/lift_hours"]


def test_a_level_has_the_same_place_in_every_regime() -> None:
    places: dict[str, set[int]] = {}
    for edition in standards.catalogue().editions("WARNING"):
        for row in edition.table("levels"):
            places.setdefault(row["level"], set()).add(row["order"])
    assert places == {"blue": {1}, "yellow": {2}, "orange": {3}, "red": {4}}
