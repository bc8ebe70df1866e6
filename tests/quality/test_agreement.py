"""The logger's hour against its own minutes."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from fenhe.quality import agreement
from fenhe.quality.agreement import Rules
from fenhe.quality.checks import FLAG
from fenhe.standards import catalogue

NOON = datetime(2026, 3, 1, 4)
RULES = Rules("TEST", 0.75, 0.05)
SCHEMA = {
    "site": pl.String, "item": pl.String, "statistic": pl.String, "start": pl.Datetime("us"),
    "end": pl.Datetime("us"), "value": pl.Float64, "decimals": pl.UInt8, "quality": pl.UInt8,
}  # fmt: skip


def minutes(
    values: list[float], item: str = "a21026", step: int = 10, void: tuple[int, ...] = ()
) -> pl.DataFrame:
    rows = [
        ("s", item, f"{step}min", NOON + timedelta(minutes=step * n),
         NOON + timedelta(minutes=step * (n + 1)), value, 1, 3 if n in void else 0)
        for n, value in enumerate(values)
    ]  # fmt: skip
    return pl.DataFrame(rows, SCHEMA, orient="row")


def hour(value: float, item: str = "a21026", decimals: int = 1, quality: int = 0) -> pl.DataFrame:
    row = ("s", item, "1h", NOON, NOON + timedelta(hours=1), value, decimals, quality)
    return pl.DataFrame([row], SCHEMA, orient="row")


def flagged(hours: pl.DataFrame, *told: pl.DataFrame) -> bool:
    found = agreement.disagreeing(hours, pl.concat(told), RULES)
    assert found.columns == list(FLAG)
    return not found.is_empty()


SIX = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]  # mean 35


@pytest.mark.parametrize(
    ("value", "wrong"), [(35.0, False), (36.8, False), (33.2, False), (37.0, True), (30.0, True)]
)
def test_the_mean_of_the_minutes_is_allowed_five_per_cent_and_a_digit(
    value: float, wrong: bool
) -> None:
    assert flagged(hour(value), minutes(SIX)) == wrong


def test_small_values_are_allowed_their_last_digit() -> None:
    assert not flagged(hour(1.0, decimals=0), minutes([0.4] * 6))
    assert flagged(hour(1.0, decimals=2), minutes([0.4] * 6))


def test_too_few_minutes_judge_nothing() -> None:
    assert not flagged(hour(99.0), minutes(SIX[:4]))
    assert flagged(hour(99.0), minutes(SIX[:5]))
    assert not flagged(hour(99.0), minutes(SIX, void=(0, 3)))


def test_void_values_count_on_neither_side() -> None:
    assert not flagged(hour(99.0, quality=3), minutes(SIX))
    assert not flagged(hour(40.0), minutes(SIX, void=(0,)))  # 20 … 60: mean 40
    assert flagged(hour(35.0), minutes(SIX, void=(0,)))


def test_water_may_be_weighted_by_its_flow_or_not() -> None:
    told = [minutes(SIX, "w21003"), minutes([1, 1, 1, 1, 1, 5], "w00000")]  # weighted 45
    assert not flagged(hour(45.0, "w21003"), *told)
    assert not flagged(hour(35.0, "w21003"), *told)
    assert flagged(hour(40.0, "w21003"), *told)
    assert flagged(hour(45.0, "w21003"), told[0])
    gas = [minutes(SIX), minutes([1, 1, 1, 1, 1, 5], "w00000")]
    assert flagged(hour(45.0), *gas)


def test_of_two_lengths_the_one_that_covers_more_is_taken() -> None:
    ones = minutes([20.0] * 60, step=1)
    assert not flagged(hour(20.0), ones, minutes(SIX[:5]))
    assert flagged(hour(30.0), ones, minutes(SIX[:5]))


def test_the_reason_names_both_and_the_version() -> None:
    found = agreement.disagreeing(hour(99.0), minutes(SIX), RULES)
    row = found.row(0, named=True)
    assert (row["check"], row["version"], row["statistic"]) == ("logger_disagrees", "TEST", "1h")
    assert (row["start"], row["end"]) == (NOON, NOON + timedelta(hours=1))
    assert row["reason"] == "the logger says 99.0, its 60 minutes give 35.0"
    assert "5%" in row["limit"]


def test_nothing_to_compare_is_nothing_found() -> None:
    assert not flagged(hour(1.0), minutes([]))
    assert not flagged(hour(1.0).clear(), minutes(SIX))


def test_the_numbers_are_tuning_of_the_edition() -> None:
    edition = catalogue().edition("SOURCEQC-2026")
    rules = agreement.rules_of(edition)
    assert (rules.share, rules.relative) == (0.75, 0.05)
    for name in ("agreement_share", "agreement_relative"):
        value = edition.value(name)
        assert (value.mark, value.kind) == ("C", "tuning")
