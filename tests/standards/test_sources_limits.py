"""Emission limits: dated editions, their marks, and what no source gives."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from fenhe.base.errors import BadInput, UnknownValue
from fenhe.methods.sources import limits
from fenhe.standards import Edition, catalogue

EDITIONS = [e for e in catalogue().all_editions if limits.SETS in e.tables]
#: What is limited as a sum or has no code of its own.
WITHOUT_CODE = {"dioxin", "cd+tl", "sb+as+pb+cr+co+cu+mn+ni"}
AVERAGINGS = ("1h", "24h", "5min", "instant", "sampled")


def named(edition: Edition) -> list[str]:
    return [f"{edition.id}/{row['set']}" for row in edition.table(limits.SETS)]


def test_every_row_belongs_to_a_set_and_every_set_has_rows_or_an_unknown_value() -> None:
    for edition in EDITIONS:
        sets = {row["set"] for row in edition.table(limits.SETS)}
        rows = edition.tables[limits.TABLE].rows if limits.TABLE in edition.tables else ()
        assert {row["set"] for row in rows} <= sets
        for row in edition.table(limits.SETS):
            mine = [r for r in rows if r["set"] == row["set"]]
            assert mine or row["unknown"], row.id
            assert row["basis"] in {"hour", "day", "share_of_month"}
            assert (row["share"] is not None) == (row["basis"] == "share_of_month")


def test_factors_are_codes_of_hj212() -> None:
    codes = {row["code"] for row in catalogue().edition("HJ212-2017").table("factors")}
    used = {
        row["factor"] for e in EDITIONS if limits.TABLE in e.tables for row in e.table(limits.TABLE)
    }
    assert used - codes == WITHOUT_CODE
    assert {"a21026", "a21002", "a34013", "w01018", "w21003"} <= used


def test_marks_are_those_of_the_sources() -> None:
    counts: Counter[str] = Counter()
    for edition in EDITIONS:
        if limits.TABLE in edition.tables:
            counts.update(row.mark for row in edition.table(limits.TABLE))
    # 184 known rows of the survey; pH of two grades and NH3-N of two grades stand twice
    assert counts == {"A": 43, "B": 79, "C": 66}


@pytest.mark.parametrize(
    ("name", "averaging", "factor", "day", "limit"),
    [
        ("GB13223-2011/coal_boiler.special", "1h", "a21002", date(2020, 1, 1), "100"),
        ("GB13223-2011/coal_boiler.existing", "1h", "a20057", date(2014, 12, 31), None),
        ("GB13223-2011/coal_boiler.existing", "1h", "a20057", date(2015, 1, 1), "0.03"),
        ("DB14T1703-2018/coal_power.w_flame", "1h", "a21002", date(2018, 7, 30), "100"),
        ("DB14T1703-2018/coal_power.w_flame", "1h", "a20057", date(2018, 7, 30), "0.03"),
        ("DB14T1703-2018/coal_power.w_flame", "1h", "a21002", date(2018, 7, 29), None),
        ("GB4915-2013/dryer_own_heat.general", "1h", "a21002", date(2026, 3, 31), None),
        ("GB4915-2013/dryer_own_heat.general", "1h", "a21002", date(2026, 4, 1), "80"),
        ("GB4915-2013/cement_kiln.special", "1h", "a21002", date(2026, 3, 31), "320"),
        ("GB18918-2002/wwtp.1b", "24h", "w01018", date(2025, 1, 1), "60"),
        ("GB13271-2014/gas_boiler.new", "instant", "a01010", date(2020, 1, 1), "1"),
    ],
)
def test_a_limit_on_a_day(
    name: str, averaging: str, factor: str, day: date, limit: str | None
) -> None:
    on = day.year * 10_000 + day.month * 100 + day.day
    found = [
        p.limit
        for p in limits.pieces(name, averaging)
        if p.factor == factor and p.first <= on <= p.last and not p.unknown
    ]
    assert found == ([] if limit is None else [Decimal(limit)])


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda e: e.id)
def test_one_limit_at_a_time_and_doubts_are_told(edition: Edition) -> None:
    undated = "in_force" in edition.values
    for name in named(edition):
        for averaging in AVERAGINGS:
            spans: dict[tuple[str, str], list[tuple[int, int]]] = {}
            for piece in limits.pieces(name, averaging):
                if piece.unknown:
                    assert piece.limit is None
                    continue
                spans.setdefault((piece.factor, piece.when), []).append((piece.first, piece.last))
                assert (f"{edition.id}/in_force" in piece.doubts) == undated
                for one in piece.ids:
                    assert (one in piece.doubts) != catalogue().find(one).firm
            for ranges in spans.values():
                for (_, last), (first, _) in pairwise(sorted(ranges)):
                    assert last < first


def test_an_unknown_limit_says_where_to_set_it() -> None:
    value = catalogue().edition("DB141703-2019").value("limits")
    with pytest.raises(UnknownValue, match="the limits of the permit"):
        _ = value.value
    (piece,) = limits.pieces("DB141703-2019/coal_power.general", "1h")
    assert (piece.unknown, piece.factor) == ("DB141703-2019/limits", "*")


def test_an_authority_adopts_a_limit_and_supplies_a_date(tmp_path: Path) -> None:
    (tmp_path / "city.toml").write_text(
        """
[overlay]
id = "city"
authority = "示例市生态环境局"
document = "示环发〔2026〕1号"
person = "示例负责人"
date = 2026-05-01

[[adopt]]
id = "DB141929-2019/emission_limits/gas_boiler.general.a21002.1h"

[[supply]]
id = "GB4915-2013/in_force"
value = "2014-03-01"
unit = "none"
""",
        encoding="utf-8",
    )
    local = catalogue().with_overlay(tmp_path)
    assert local.find("DB141929-2019/emission_limits/gas_boiler.general.a21002.1h").firm
    assert local.edition("GB4915-2013").value("in_force").known


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("GB13271-2014/coal_boiler", "known: GB13271-2014/coal_boiler.in_use"),
        ("GB13271-2014", "unknown set of limits"),
        ("HJ75-2017/coal_boiler.new", "has no limits of sources"),
        ("GB9999-2000/x", "unknown edition"),
    ],
)
def test_an_unknown_set_lists_the_known_ones(name: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        limits.find(name)


def test_every_set_is_found_by_its_name() -> None:
    every = limits.every_set()
    assert len(every) > 50
    for one in every:
        assert limits.find(f"{one.edition.id}/{one.name}").row.id == one.row.id
