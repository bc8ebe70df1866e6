"""The pollution rose against hand calculations and a plain one in fractions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenhe import air
from fenhe.base.errors import BadInput
from fenhe.methods.air.rose import POINTS

HOURS = pl.DataFrame(
    {
        "ws": [1.0, 2.0, 0.2, None, 3.1, -1.0, 5.9, 6.0, 2.5, 1.9],
        "wd": [0.0, 11.25, 90.0, 10.0, None, 5.0, 359.9, 348.75, 999.0, 360.0],
        "value": [10.0, 20.5, 30.0, 1.0, 2.0, 3.0, None, 44.1, 5.0, 21.0],
    }
)
#: direction, class, hours, hours with a value, share, mean of HOURS, found by hand:
#: six hours have wind: two N below 2, one NNE from 2 (11.25 is midway and goes on clockwise),
#: one calm, one N from 4 without a value, one N from 6 (348.75 is midway too)
BY_HAND = [
    ("C", 0, 1, 1, 16.666667, 30.0),
    ("N", 1, 2, 2, 33.333333, 15.5),
    ("N", 3, 1, 0, 16.666667, None),
    ("N", 4, 1, 1, 16.666667, 44.1),
    ("NNE", 2, 1, 1, 16.666667, 20.5),
    (None, None, 2, 2, None, 3.5),  # without a direction: 2.0 and 5.0
    (None, None, 2, 2, None, 2.0),  # without a speed: 1.0 and 3.0
]
COLUMNS = ["direction", "class", "n", "n_valid", "share", "mean"]


def test_rose_is_that_of_the_hand_calculation() -> None:
    assert air.rose(HOURS).select(COLUMNS).rows() == BY_HAND


def test_duckdb_gives_the_same() -> None:
    relation = duckdb.connect().from_arrow(HOURS.to_arrow())
    assert air.rose(relation).pl().select(COLUMNS).rows() == BY_HAND


def test_hours_without_wind_say_what_is_missing() -> None:
    left = air.rose(HOURS).filter(pl.col("sector").is_null())
    assert left["reason"].to_list() == ["missing:wd", "missing:ws"]
    assert left["status"].unique().to_list() == ["not_judged"]


def test_bounds_stand_beside_each_class() -> None:
    bounds = air.rose(HOURS).select("class", "ws_from", "ws_to").unique().sort("class").rows()
    assert bounds == [
        (None, None, None), (0, 0.0, 0.3), (1, 0.3, 2.0), (2, 2.0, 4.0), (3, 4.0, 6.0),
        (4, 6.0, None),
    ]  # fmt: skip


def test_points_of_the_compass_stand_for_degrees() -> None:
    points = HOURS.height * ["nnw"]
    named = HOURS.drop("wd").with_columns(wd_sector=pl.Series(points))
    found = air.rose(named, classes="all").filter(pl.col("sector") > 0)
    assert found.select("direction", "n", "n_valid").rows() == [("NNW", 7, 6)]
    calm = named.with_columns(wd_sector=pl.lit("C"))
    assert air.rose(calm)["direction"].to_list() == ["C", None]


def test_settings_of_the_call_go_first() -> None:
    found = air.rose(HOURS, calm="2", classes="all")
    assert found.filter(pl.col("direction") == "C")["n"].item() == 3
    assert found["class"].drop_nulls().unique().sort().to_list() == [0, 1]


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"calm": "a breeze"}, "is not a number"),
        ({"calm": "-1"}, "not a speed"),
        ({"classes": "4,2"}, "must rise"),
        ({"classes": "0.1,2"}, "above the calm wind"),
    ],
)
def test_settings_that_can_not_be_are_refused(params: dict[str, str], why: str) -> None:
    with pytest.raises(BadInput, match=why):
        air.rose(HOURS, **params)


def plain(hours: Sequence[tuple[Any, Any, Any]]) -> dict[tuple[str | None, int | None], list[Any]]:
    """Sort hours by wind with fractions: (direction, class) -> values."""
    found: dict[tuple[str | None, int | None], list[Any]] = {}
    for ws, wd, value in hours:
        if ws is None:
            key: tuple[str | None, int | None] = ("missing:ws", None)
        elif ws < 3:  # tenths of m/s
            key = ("C", 0)
        elif wd is None or wd > 3600:
            key = ("missing:wd", None)
        else:
            at = int((Fraction(wd, 10) + Fraction(45, 4)) / Fraction(45, 2)) % 16
            key = (POINTS[at], 1 + sum(ws >= edge for edge in (20, 40, 60)))
        found.setdefault(key, []).append(value)
    return found


tenths = st.none() | st.integers(0, 120)
turns = st.none() | st.integers(0, 3700) | st.sampled_from([0, 3600, 112, 113, 3487, 3488])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(tenths, turns, st.none() | st.integers(0, 5000)), min_size=1))
def test_rose_equals_the_plain_one_and_shares_sum(hours: list[tuple[Any, Any, Any]]) -> None:
    names = ("ws", "wd", "value")
    frame = pl.DataFrame(
        [[None if part is None else part / 10 for part in hour] for hour in hours],
        schema=dict.fromkeys(names, pl.Float64),
        orient="row",
    )
    found = air.rose(frame, decimals=dict.fromkeys(names, 1))
    wanted = plain(hours)
    assert found["n"].sum() == len(hours)
    assert found.height == len(wanted)
    known = sum(len(v) for key, v in wanted.items() if key[1] is not None)
    for row in found.iter_rows(named=True):
        key = (row["direction"] or row["reason"], row["class"])
        values = [v for v in wanted[key] if v is not None]
        assert (row["n"], row["n_valid"]) == (len(wanted[key]), len(values))
        if values:
            mean = Fraction(sum(values), 10 * len(values))
            assert row["mean"] == round(mean * 10**6) / 10**6
        else:
            assert row["mean"] is None
        if key[1] is not None:
            assert row["share"] == round(Fraction(row["n"] * 10**8, known)) / 10**6
    shares = found["share"].drop_nulls()
    assert not known or abs(shares.sum() - 100) < 1e-6 * len(shares)
