"""The tables of the editions, and what an overlay adds to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenhe.base.errors import BadInput
from fenhe.protocols.hj212 import checks, tables
from fenhe.standards import catalogue
from tests.protocols.hj212.packets import packets

OVERLAY = """
[overlay]
id = "test"
authority = "示例"
document = "示例文"
person = "示例负责人"
date = 2026-05-01

[[supply]]
id = "HJ212-2025/data_flags"
value = ["Q|示例标记|example flag|no"]
unit = "none"

[[supply]]
id = "HJ212-2025/condition_marks"
value = ["K|示例工况|example condition|yes"]
unit = "none"

[[supply]]
id = "HJ212-2025/factors_added"
value = ["d20105|示例因子|example factor|electricity|kW"]
unit = "none"
"""


@pytest.mark.parametrize(
    ("year", "commands", "systems", "factors"),
    [(2005, 43, 13, 97), (2017, 47, 20, 196), (2025, 55, 22, 196)],
)
def test_how_many_there_are(year: int, commands: int, systems: int, factors: int) -> None:
    assert len(tables.commands(year)) == commands
    assert len(tables.systems(year)) == systems
    assert len(tables.factors(year)) == factors


def test_directions_and_fields_of_a_command() -> None:
    (asks, sends) = [one for one in tables.commands(2017) if one.cn == "2061"]
    assert (asks.direction, asks.fields) == ("H2S", ("BeginTime", "EndTime"))
    assert (sends.direction, sends.type) == ("S2H", "upload")
    assert {one.mark for one in tables.commands(2017)} == {"A"}
    assert {one.mark for one in tables.commands(2025)} == {"B"}


def test_old_codes_lead_to_new_ones() -> None:
    old = {one.legacy: one.code for one in tables.factors(2005)}
    assert (old["011"], old["02"], old["B01"]) == ("w01018", "a21026", "w00000")
    new = {one.code: one for one in tables.factors(2017)}
    assert (new["a21026"].legacy, new["a21026"].unit) == ("02", "mg/m3")
    # what has no successor keeps its own
    assert old["025"] == "025"


def test_flags_say_what_counts() -> None:
    assert {one.flag for one in tables.flags(2017) if one.valid} == {"N"}
    assert {(one.flag, one.scope) for one in tables.flags(2005) if one.valid} == {
        ("N", "source"), ("1", "ambient station"), ("3", "ambient station"),
    }  # fmt: skip
    assert [one.flag for one in tables.flags(2025)] == [one.flag for one in tables.flags(2017)]
    assert {one.mark for one in tables.flags(2025)} == {"C"}


@pytest.mark.parametrize(
    ("cn", "hidden"),
    [
        ("2011", True),
        ("2999", True),
        ("3020", True),
        ("1014", True),
        ("3019", False),
        ("20", False),
    ],
)
def test_which_commands_are_encrypted(cn: str, hidden: bool) -> None:
    assert tables.is_enciphered(cn) is hidden


def test_return_codes() -> None:
    found = {(one.kind, one.code): one.en for one in tables.return_codes(2017)}
    assert found["QnRtn", "9"] == "CRC error"
    assert found["ExeRtn", "1"] == "done"
    assert len(tables.return_codes(2025)) == len(found)


def test_processes_and_site_information() -> None:
    assert len(tables.process_factors()) == 145
    assert [one.zh for one in tables.process_of("e10207")] == ["进水口COD"]
    # the standard gives two codes twice
    assert [one.zh for one in tables.process_of("g11901")] == ["脱硫率", "入口二氧化硫SO2"]
    assert tables.process_of("a21026") == ()
    info = {one.code: one for one in tables.site_info(2025)}
    assert info["i13108"].mark == "B"
    assert info["i12001"].zh == "工作状态"


def test_an_overlay_supplies_what_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "overlay.toml"
    path.write_text(OVERLAY, encoding="utf-8")
    known = catalogue().with_overlay(path)
    added = [one for one in tables.flags(2025, known) if one.mark == "adopted"]
    assert [(one.flag, one.scope, one.valid) for one in added] == [
        ("Q", "all", False), ("K", "condition", True),
    ]  # fmt: skip
    factor = tables.factors(2025, known)[-1]
    assert (factor.code, factor.medium, factor.unit) == ("d20105", "electricity", "kW")
    assert "d20105" not in {one.code for one in tables.factors(2025)}


def test_a_row_with_too_few_cells_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "overlay.toml"
    path.write_text(OVERLAY.replace("|no", ""), encoding="utf-8")
    with pytest.raises(BadInput, match="HJ212-2025/data_flags"):
        tables.flags(2025, catalogue().with_overlay(path))


def test_suffixes_that_hold_numbers_are_suffixes_of_an_edition() -> None:
    known = {one.code for year in tables.EDITIONS for one in tables.fields(year)
             if one.kind == "suffix"}  # fmt: skip
    assert known >= checks.NUMBERS


def test_the_codes_of_official_frames_are_in_the_tables() -> None:
    known = {one.code for one in tables.factors(2017)}
    for one in packets():
        if one.category == "official" and one.cp:
            assert {row[0] for row in one.cp["factors"]} <= known
