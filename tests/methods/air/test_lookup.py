"""The tables of IAQI: every whole concentration of every rule, against plain fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import ceil

import narwhals as nw
import polars as pl
import pytest

from fenhe import standards
from fenhe.methods.air import lookup
from fenhe.methods.air.rules import AqiRules, ItemRule

RULES = {
    f"{edition.id} {key}": rule
    for edition in standards.catalogue().editions("HJ633")
    for key, rule in AqiRules.from_edition(edition).items.items()
}


def by_fractions(concentration: int, rule: ItemRule) -> int | None:
    for b in rule.brackets:
        if concentration <= b.high:
            part = Fraction(concentration - b.low, b.high - b.low)
            return b.iaqi_low + ceil((b.iaqi_high - b.iaqi_low) * part)
    return rule.beyond


def indices(column: pl.Series, rule: ItemRule) -> list[int | None]:
    frame = nw.from_native(pl.LazyFrame({"c": column}))
    result = lookup.with_iaqi(frame, {"i": ("c", rule)}).collect()
    assert result["i"].dtype == nw.Int32
    return list(result["i"].to_list())


@pytest.mark.parametrize("name", RULES)
def test_every_whole_concentration_has_the_index_of_the_formula(name: str) -> None:
    rule = RULES[name]
    every = range(rule.top + 3)
    wanted = [by_fractions(c, rule) for c in every]
    assert indices(pl.Series(every, dtype=pl.Int64), rule) == wanted
    assert list(lookup.table(rule)) == [-1, *(-1 if i is None else i for i in wanted[:-1])]


@pytest.mark.parametrize("name", RULES)
def test_far_beyond_the_table_and_missing(name: str) -> None:
    rule = RULES[name]
    column = pl.Series([None, rule.top, 10 * rule.top, 2**52, None, 0], dtype=pl.Int64)
    last = rule.brackets[-1].iaqi_high
    first = rule.brackets[0].iaqi_low
    assert indices(column, rule) == [None, last, rule.beyond, rule.beyond, None, first]


def test_a_rule_too_fine_for_a_table_is_computed_row_by_row() -> None:
    rule = RULES["HJ633-2026 pm25_24h"]
    fine = rule.at(6)
    numbers = [0, 34_999_999, 35_000_000, 35_000_001, fine.top, fine.top + 1]
    wanted = [by_fractions(number, fine) for number in numbers]
    assert Decimal(fine.top).scaleb(-6) == rule.top
    assert indices(pl.Series(numbers), fine) == wanted
