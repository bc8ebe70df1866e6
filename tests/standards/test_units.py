"""Units: spellings a feed may declare, exact factors, refusals."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenhe.base.errors import BadInput
from fenhe.standards import units


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("ug/m3", "µg/m³"),
        ("µg/m³", "µg/m³"),
        ("μg/m³", "µg/m³"),
        ("UG / M3", "µg/m³"),
        ("微克/立方米", "µg/m³"),
        ("mg/m3", "mg/m³"),
        ("mg/m^3", "mg/m³"),
        ("ug/(dm2*d)", "µg/(dm²·d)"),
    ],
)
def test_spellings(text: str, unit: str) -> None:
    assert units.canonical(text) == unit


@pytest.mark.parametrize("text", ["", "ppb", "Nm3", "lb/m3", "ug", "m3/ug"])
def test_other_units_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match="unknown unit"):
        units.canonical(text)


def test_factors_are_exact() -> None:
    assert units.factor("mg/m3", "ug/m3") == Decimal(1000)
    assert units.factor("ug/m3", "mg/m3") == Decimal("0.001")
    assert units.factor("ug/m3", "μg/m³") == Decimal(1)
    assert Decimal("0.7") * units.factor("mg/m3", "ug/m3") == Decimal("700")


@given(st.sampled_from(["ng/m3", "ug/m3", "mg/m3"]), st.sampled_from(["ng/m3", "ug/m3", "mg/m3"]))
def test_there_and_back_is_one(first: str, second: str) -> None:
    assert units.factor(first, second) * units.factor(second, first) == 1


def test_different_things_are_not_converted() -> None:
    with pytest.raises(BadInput, match="can not be converted"):
        units.factor("ug/m3", "h")
    with pytest.raises(BadInput, match="can not be converted"):
        units.factor("µg/(dm²·d)", "µg/m³")


def test_no_spelling_means_two_units() -> None:
    texts = [s for unit in units.known() for s in (unit, *units.spellings(unit))]
    assert all(units.canonical(text) in units.known() for text in texts)
    assert all(units.canonical(s) == u for u in units.known() for s in units.spellings(u))


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("m3/h", "L/s", Fraction(5, 18)),
        ("m3/s", "m3/h", Fraction(3600)),
        ("Pa", "kPa", Fraction(1, 1000)),
        ("ug/L", "mg/L", Fraction(1, 1000)),
        ("t", "kg", Fraction(1000)),
        ("mg", "kg", Fraction(1, 1_000_000)),
        ("A", "mA", Fraction(1000)),
    ],
)
def test_ratios_are_exact_also_where_no_decimal_is(
    source: str, target: str, expected: Fraction
) -> None:
    assert units.ratio(source, target) == expected
    assert units.ratio(target, source) * expected == 1


def test_a_ratio_of_different_things_is_refused() -> None:
    with pytest.raises(BadInput, match="can not be converted"):
        units.ratio("mg/L", "mg/m3")
