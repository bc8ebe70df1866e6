"""Decimal text against exact fractions."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenhe.protocols.tables.decimals import read_cells, scaled, shortest, to_text

NUMBERS = st.one_of(
    st.from_regex(r"[+-]?[0-9]{1,7}(\.[0-9]{0,12})?", fullmatch=True),
    st.from_regex(r"[+-]?\.[0-9]{1,12}", fullmatch=True),
    st.from_regex(r"-?[0-9]{1,4}(\.[0-9]{1,4})?[eE][+-]?[0-9]", fullmatch=True),
)
WIDE = str.maketrans("0123456789.+-eE", "０１２３４５６７８９．＋－ｅＥ")


def column(*texts: str | None) -> pl.Series:
    return pl.Series("v", list(texts), dtype=pl.String)


@given(st.lists(NUMBERS, min_size=1, max_size=30))
def test_numbers_with_up_to_nine_decimals_are_exact_and_longer_ones_round_alike(texts):
    units, k, bad = scaled(column(*texts))
    too_big = [abs(Fraction(Decimal(t))) * 10**k >= 2**63 for t in texts]
    assert bad.to_list() == too_big
    for text, unit, big in zip(texts, units, too_big, strict=True):
        if big:
            continue
        exact = Decimal(text)
        if Fraction(exact) * 10**k == int(Fraction(exact) * 10**k):
            assert Fraction(unit, 10**k) == Fraction(exact)
        for places in range(k):
            step = Decimal(1).scaleb(-places)
            for how in (ROUND_HALF_EVEN, ROUND_HALF_UP):
                held = Decimal(unit).scaleb(-k)
                assert held.quantize(step, how) == exact.quantize(step, how)


@given(st.lists(NUMBERS, min_size=1, max_size=20))
def test_full_width_numbers_equal_plain_ones(texts):
    plain = read_cells(column(*texts))
    wide = read_cells(column(*(text.translate(WIDE) for text in texts)))
    assert plain.mantissa.to_list() == wide.mantissa.to_list()
    assert plain.decimals.to_list() == wide.decimals.to_list()


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9)))
def test_floats_are_written_by_their_shortest_text(values):
    texts = shortest(pl.Series("v", values, dtype=pl.Float64))
    assert [float(text) for text in texts] == values
    assert not any(text.endswith(".0") for text in texts)


def test_a_single_precision_column_keeps_its_own_shortest_text():
    assert shortest(
        pl.Series("v", [-18.8, 300.0, None, float("nan")], dtype=pl.Float32)
    ).to_list() == [
        "-18.8",
        "300",
        None,
        None,
    ]


NO_NUMBERS = [
    "1,000",
    "1 000",
    "<5",
    "5mg",
    "—",
    "-",
    "+",
    ".",
    "e5",
    "1e",
    "1e+",
    "nan",
    "inf",
    "1_0",
    "0x10",
    "10²",
    "½",
    "一",
    "1e999999999",
    "９，０",
    "--5",
    "1.2.3",
    "-.",
    "99999999999999999999",
]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number_is_bad_and_never_guessed(text):
    units, k, bad = scaled(column(text, "1.5"))
    assert units.to_list() == [None, 15]
    assert k == 1
    assert bad.to_list() == [True, False]


def test_a_cut_number_creates_no_tie():
    units, k, _ = scaled(column("0.5000000000001", "0.50", "-0.4999999999999", "1e-99"))
    assert k == 9
    assert units.to_list() == [500_000_001, 500_000_000, -499_999_999, 1]


def test_decimals_are_those_written():
    cells = read_cells(column("2.50", "2", "1.5e-3", "1e3", "+7.", ".5", None, " 3.1\u3000"))
    assert cells.decimals.to_list() == [2, 0, 4, 0, 0, 1, None, 1]
    assert cells.mantissa.to_list() == [250, 2, 15, 1000, 7, 5, None, 31]
    assert not cells.bad.any()


@given(st.lists(st.tuples(st.integers(-(10**15), 10**15), st.integers(0, 9)), min_size=1))
def test_text_and_back(pairs):
    units, places = pl.Series("v", [p[0] for p in pairs]), pl.Series("d", [p[1] for p in pairs])
    texts = to_text(units, places)
    for (unit, place), text in zip(pairs, texts, strict=True):
        assert Decimal(text) == Decimal(unit).scaleb(-place)
    assert read_cells(texts).mantissa.to_list() == units.to_list()


def test_an_all_empty_column_is_no_error():
    units, k, bad = scaled(column(None, " "))
    assert units.to_list() == [None, None]
    assert (k, bad.to_list()) == (0, [False, False])


@pytest.mark.parametrize(
    "spelling",
    ["7", "+7", "-7", "0.10", "-.5", "5.", "007", ".5", ".-5", ".+5", "-.", "1.2.3", "1e3", ""],
)
def test_plain_columns_are_read_as_any_other(spelling: str) -> None:
    column = pl.Series("x", ["12", None, spelling, "3.25"])
    among_odd = pl.concat([column, pl.Series("x", [" 1 "])])
    alone, beside = read_cells(column), read_cells(among_odd)
    for quick, close in zip(alone, beside, strict=True):
        assert quick.to_list() == close.to_list()[:-1]
        assert quick.dtype == close.dtype
