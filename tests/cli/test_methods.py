"""``fenhe methods``: one line a method, the contract of one, the reference page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from fenhe.base.errors import BadInput
from fenhe.cli.main import cli
from fenhe.methods import registry

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "methods.md"


def told(*words: str) -> str:
    answer = CliRunner().invoke(cli, ["methods", *words], catch_exceptions=False)
    assert answer.exit_code == 0
    return answer.output


def test_without_arguments_it_lists_one_line_a_method_id_first() -> None:
    lines = told().splitlines()
    assert [line.split()[0] for line in lines] == [m.id for m in registry.methods()]
    assert {"air.iaqi", "air.aqi_hourly", "air.aqi_daily"} <= {line.split()[0] for line in lines}
    assert told("list").splitlines() == lines
    assert not set("│┃─|+") & set("".join(lines))


def test_show_tells_columns_units_editions_parameters_and_rules() -> None:
    text = told("show", "air.aqi_hourly")
    for part in ("station", "pm25", "mg/m³", "HJ633-2012", "exempt", "rounding:", "not_published"):
        assert part in text
    assert "iaqi_o3_1h" in told("show", "air.aqi_daily")


def test_json_holds_the_contract() -> None:
    contract = json.loads(told("show", "air.aqi_daily", "--json"))
    names = [column["name"] for column in contract["inputs"]]
    assert names == ["area", "date", "so2", "no2", "co", "o3_8h", "pm10", "pm25", "o3_1h"]
    outputs = [column["name"] for column in contract["outputs"]]
    items = ["so2", "no2", "co", "o3_8h", "o3_1h", "pm10", "pm25"]
    rest = ["aqi", "aqi_of_available", "primary", "category", "status", "reason"]
    rest += ["unverified", "edition"]
    assert outputs == [f"iaqi_{item}" for item in items] + rest
    assert len(json.loads(told("--json"))) == len(registry.methods())


def test_an_unknown_method_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"unknown method 'air\.iqa'; known: air\.iaqi, "):
        CliRunner().invoke(cli, ["methods", "show", "air.iqa"], catch_exceptions=False)


def test_the_reference_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == told("--markdown")
