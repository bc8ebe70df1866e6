"""What HJ 663 holds: items, percentiles, decimals, critical values, and what is unknown."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fenhe.base.errors import UnknownValue
from fenhe.standards import Edition, catalogue

EDITIONS = ("HJ663-2013", "HJ663-2026")
EACH = pytest.mark.parametrize("edition_id", EDITIONS)


def edition(edition_id: str) -> Edition:
    return catalogue().edition(edition_id)


@EACH
def test_the_items_and_percentiles_of_a_year(edition_id: str) -> None:
    rows = edition(edition_id).table("evaluation_items").where(period="year")
    means = {row["item"] for row in rows if row["statistic"] == "mean"}
    assert means == {"so2", "no2", "pm10", "pm25"}
    shares = {row["item"]: row["percentile"] for row in rows if row["percentile"] is not None}
    assert shares == {"so2": 98, "no2": 98, "co": 95, "o3": 90, "pm10": 95, "pm25": 95}
    assert {row["limit"] for row in rows if row["statistic"] == "mean"} == {"annual"}
    marks = {row["item"]: row.mark for row in rows if row["percentile"] is not None}
    assert (marks["so2"], marks["pm25"]) == ("B", "A")


def test_decimals_are_finer_in_2026_and_firmer() -> None:
    old, new = (edition(name).table("statistic_decimals") for name in EDITIONS)
    assert (old.one(item="pm25")["decimals"], new.one(item="pm25")["decimals"]) == (0, 1)
    assert {row["item"] for row in new} - {row["item"] for row in old} == {"pb", "bap"}
    assert {(row.mark, row.kind) for row in old} == {("C", "convention")}
    assert {(row.mark, row.clause) for row in new} == {("B", "Table 3")}
    for name in EDITIONS:
        assert edition(name).table("compliance_decimals").one(item="pm25")["decimals"] == 0


@EACH
def test_the_daily_maximum_of_ozone(edition_id: str) -> None:
    one = edition(edition_id)
    least = one.value("mda8_windows_min")
    assert (least.integer, least.mark, least.clause) == (14, "A", "6.1.2")
    first, last = one.value("mda8_first_window"), one.value("mda8_last_window")
    assert (first.integer, last.integer, first.mark) == (8, 24, "C")


@EACH
def test_critical_values_of_the_rank_correlation(edition_id: str) -> None:
    table = edition(edition_id).table("trend_critical")
    at = {(row["n"], row["level"]): row for row in table}
    assert at[6, Decimal("0.05")]["critical"] == Decimal("0.829")
    assert at[5, Decimal("0.01")]["critical"] == 1
    assert (4, Decimal("0.01")) not in at
    assert {n for n, _ in at} == {4, *range(5, 11), *range(12, 31, 2)}
    assert {row["n"] for row in table if row.firm} == {5, 6, 7, 8, 9}


@EACH
@pytest.mark.parametrize("name", ["quarter_minimum", "trend_at_equality"])
def test_what_no_source_gives_says_so(edition_id: str, name: str) -> None:
    value = edition(edition_id).value(name)
    with pytest.raises(UnknownValue, match=f"{edition_id}/{name}.*overlay"):
        _ = value.value


def test_what_is_new_in_2026_is_unknown_and_off() -> None:
    new = edition("HJ663-2026")
    for name in ("three_year_mean", "exceptional_events", "index_annex"):
        assert not new.value(name).known
        assert name not in edition("HJ663-2013").values
    default = new.value("three_year_mean_default")
    assert (default.text, default.mark, default.kind) == ("off", "C", "tuning")


def test_what_is_carried_over_is_a_row_of_its_own() -> None:
    old, new = (edition(name) for name in EDITIONS)
    for name in ("trend_test", "percentile_validity", "compare", "city_year_compliance"):
        assert new.value(name).text == old.value(name).text
        assert new.value(name).mark == "C"
        assert new.value(name).source.startswith("carried over from HJ 663-2013")
    assert old.value("trend_test").mark == "A"
    assert new.value("compare").alternatives == ("unrounded",)
