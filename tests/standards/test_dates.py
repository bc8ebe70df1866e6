"""The edition is chosen by the monitoring day: exactly one, or none with a reason."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenhe.base.errors import BadInput
from fenhe.standards import NoEdition, catalogue

STANDARDS = catalogue().standards()


@given(
    standard=st.sampled_from(STANDARDS),
    day=st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 1, 1)),
)
def test_a_day_has_one_edition_or_none(standard: str, day: date) -> None:
    in_force = [e for e in catalogue().editions(standard) if e.in_force(day)]
    assert len(in_force) <= 1
    if in_force:
        assert catalogue().on(standard, day) is in_force[0]
    else:
        with pytest.raises(NoEdition) as error:
            catalogue().on(standard, day)
        assert str(catalogue().editions(standard)[0].in_force_from) in str(error.value)


@given(standard=st.sampled_from(STANDARDS), days=st.integers(0, 20_000))
def test_from_the_first_edition_on_no_day_is_left_out(standard: str, days: int) -> None:
    first = catalogue().editions(standard)[0].in_force_from
    assert catalogue().on(standard, first + timedelta(days=days)).standard == standard


@pytest.mark.parametrize(
    ("standard", "day", "edition"),
    [
        ("HJ633", date(2016, 1, 1), "HJ633-2012"),
        ("HJ633", date(2026, 2, 28), "HJ633-2012"),
        ("HJ633", date(2026, 3, 1), "HJ633-2026"),
        ("HJ633", date(2031, 1, 1), "HJ633-2026"),
        ("GB3095", date(2026, 2, 28), "GB3095-2012"),
        ("GB3095", date(2026, 3, 1), "GB3095-2026:transitional"),
        ("GB3095", date(2030, 12, 31), "GB3095-2026:transitional"),
        ("GB3095", date(2031, 1, 1), "GB3095-2026:final"),
        ("HJ663", date(2013, 10, 1), "HJ663-2013"),
        ("HJ663", date(2026, 3, 1), "HJ663-2026"),
    ],
)
def test_edges(standard: str, day: date, edition: str) -> None:
    assert catalogue().on(standard, day).id == edition


def test_before_the_first_edition_the_earliest_date_is_named() -> None:
    with pytest.raises(NoEdition, match="2016-01-01") as error:
        catalogue().on("GB3095", date(2015, 12, 31))
    assert (error.value.standard, error.value.day) == ("GB3095", date(2015, 12, 31))


def test_names_are_forgiving() -> None:
    assert catalogue().edition("gb 3095-2026: Transitional").id == "GB3095-2026:transitional"
    assert catalogue().editions("hj 633")[0].id == "HJ633-2012"


def test_an_edition_with_stages_must_be_named_with_one() -> None:
    with pytest.raises(BadInput, match="GB3095-2026:transitional, GB3095-2026:final"):
        catalogue().edition("GB3095-2026")


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(BadInput, match="HJ633-2012"):
        catalogue().edition("HJ633-2000")
    with pytest.raises(BadInput, match=r"GB3095, .*HJ633, HJ663"):
        catalogue().on("GB9999", date(2020, 1, 1))


def test_the_amendment_changes_the_reference_state_inside_the_edition() -> None:
    edition = catalogue().edition("GB3095-2012")
    assert edition.amendments[0].in_force_from == date(2018, 9, 1)
    assert edition.amendments[0].mark == "C"
    before = edition.limit("so2", "24h", "II", date(2018, 8, 31))
    after = edition.limit("so2", "24h", "II", date(2018, 9, 1))
    assert before.reference_state == "273 K, 101.325 kPa"
    assert after.reference_state == "298.15 K, 1013.25 hPa"
    assert edition.limit("so2", "24h", "II").reference_state == after.reference_state
    assert edition.limit("pm10", "24h", "II").reference_state == "actual temperature and pressure"
    assert before.number == after.number == 150
