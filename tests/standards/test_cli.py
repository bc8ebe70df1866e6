"""The verbs ``standards`` and ``glossary``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fenhe.base.errors import BadInput
from fenhe.cli.main import cli
from fenhe.standards import catalogue

CITY = Path(__file__).parent / "overlays" / "city.toml"


def _run(*args: str) -> str:
    result: Result = CliRunner().invoke(cli, args, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def _limit(*args: str) -> str:
    return _run("standards", "limit", "GB3095", *args)


def test_list_shows_every_edition_in_both_languages() -> None:
    text = _run("standards", "list")
    assert all(edition.id in text for edition in catalogue().all_editions)
    assert "环境空气质量标准" in text
    assert "Ambient air quality standards" in text
    listed = json.loads(_run("standards", "list", "--json"))
    assert [entry["id"] for entry in listed] == [e.id for e in catalogue().all_editions]


def test_limit_on_a_day() -> None:
    text = _limit("--item", "PM25", "--averaging", "24h", "--grade", "II", "--on", "2026-07-01")
    assert text.startswith("60 µg/m³  GB3095-2026:transitional  mark A  clause 4.2, Table 1")
    assert len(text.splitlines()) == 1


def test_limit_as_json() -> None:
    given = ("--averaging", "24h", "--grade", "II", "--on", "2031-01-01", "--json")
    answer = json.loads(_limit("--item", "PM2.5", *given))
    assert (answer["value"], answer["unit"]) == (50, "µg/m³")
    assert answer["edition"] == "GB3095-2026:final"
    keys = {"mark", "clause", "source", "reference_state", "binding", "id"}
    assert keys <= set(answer)


def test_limit_without_grade_gives_both() -> None:
    given = ("--item", "o3", "--averaging", "8h", "--edition", "GB3095-2012")
    lines = _limit(*given).splitlines()
    assert lines[0].startswith("Grade I   100 µg/m³")
    assert lines[1].startswith("Grade II  160 µg/m³")
    assert [entry["grade"] for entry in json.loads(_limit(*given, "--json"))] == ["I", "II"]


def test_small_limits_are_written_in_full() -> None:
    text = _limit("--item", "BaP", "--averaging", "24h", "--grade", "I", "--on", "2020-01-01")
    assert text.startswith("0.0025 µg/m³  GB3095-2012")


def test_limit_with_an_overlay() -> None:
    given = ("--item", "pm25", "--averaging", "24h", "--grade", "II", "--overlays", str(CITY))
    assert _limit(*given, "--on", "2026-07-01").startswith("50 µg/m³")
    assert "instead of 60 from 2026-06-01" in _limit(*given, "--on", "2026-07-01")
    assert _limit(*given, "--on", "2026-05-31").startswith("60 µg/m³")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--item", "pm25", "--averaging", "24h"), "give either --on DAY or --edition ID"),
        (("--item", "pm25", "--averaging", "24h", "--on", "July"), "'July' is not a day"),
        (("--item", "pm25", "--averaging", "24h", "--on", "2015-12-31"), "begin on 2016-01-01"),
        (("--item", "pm25", "--averaging", "1h", "--on", "2026-07-01"), "no limit for pm25 1h"),
        (
            ("--item", "pm25", "--averaging", "24h", "--edition", "HJ633-2012"),
            "HJ633-2012 is not an edition of GB3095",
        ),
    ],
)
def test_limit_says_what_is_wrong(args: tuple[str, ...], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        _limit(*args)


def test_show_has_every_table_and_the_counts() -> None:
    edition = catalogue().edition("HJ633-2012")
    text = _run("standards", "show", "hj633-2012")
    assert all(f"\n{name}  " in text for name in edition.tables)
    assert all(name in text for name in edition.values)
    assert "clause unknown" in text
    assert "C law" in text
    assert "daily_by is unknown: the sources at hand" in text
    assert "concentration_rounding may also be read as: unrounded" in text


def test_show_a_local_limit_and_an_adopted_value() -> None:
    text = _run("standards", "show", "GB3095-2026:transitional", "--overlays", str(CITY))
    assert "local limits" in text
    text = _run("standards", "show", "HJ633-2012", "--overlays", str(CITY))
    assert "C law adopted 示环发〔2026〕1号" in text


def test_show_as_json() -> None:
    content = json.loads(_run("standards", "show", "GB3095-2026:final", "--json"))
    assert len(content["tables"]["limits"]["rows"]) == 46
    assert content["stage_zh"] == "最终限值"


def test_diff() -> None:
    text = _run("standards", "diff", "HJ633-2012", "HJ633-2026")
    assert "75 -> 60 µg/m³" in text
    assert "\nremoved\n" in text
    found = json.loads(
        _run("standards", "diff", "GB3095-2012", "GB3095-2026:transitional", "--json")
    )
    changed = {d["id"]: d["after"] for d in found if d["id"].startswith("limits/")}
    assert changed == {
        "limits/pm10.annual.II": 60,
        "limits/pm10.24h.II": 120,
        "limits/pm25.annual.II": 30,
        "limits/pm25.24h.II": 60,
    }


def test_glossary() -> None:
    assert _run("glossary", "pm2.5").startswith("pm25  细颗粒物")
    assert "臭氧" in _run("glossary", "ozone")
    assert json.loads(_run("glossary", "臭氧", "--json"))[0]["code"] == "o3"
    assert _run("glossary", "--markdown").startswith("# Glossary\n")
