"""Numbers on pages: exact decimals, halves to the even neighbour, a sign that is a minus."""

from __future__ import annotations

import pytest

from fenhe.platform.web import numbers


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (2.3, 2, "2.30"),
        (0.125, 2, "0.12"),
        (0.135, 2, "0.14"),  # the float lies below; the number written does not
        (1.005, 2, "1.00"),
        (30.0, 0, "30"),
        (None, 1, "—"),
    ],
)
def test_fixed_rounds_the_number_that_is_written(
    value: float | None, places: int, text: str
) -> None:
    assert numbers.fixed(value, places) == text
    shown = numbers.plain(value, places)
    assert (None if shown is None else f"{shown:.{places}f}") == (None if text == "—" else text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.24, "+3.2"), (-0.35, "−0.4"), (0.04, "0.0"), (-0.04, "0.0"), (None, "—")],
)
def test_signed_says_which_way(value: float | None, text: str) -> None:
    assert numbers.signed(value, 1) == text


def test_what_may_at_most_be_is_cut() -> None:
    assert numbers.at_most(35.99, 1) == "35.9"
    assert numbers.at_most(None, 1) == "—"
