"""Properties of exact arithmetic, and the rule that nothing else rounds."""

from __future__ import annotations

import ast
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

import narwhals as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fenhe.methods
from fenhe.methods import exact

FOLDER = Path(fenhe.methods.__file__).parent

inside = st.integers(1 - exact.GUARD, exact.GUARD - 1)
positive = st.integers(1, 10**12)


def one(**columns: int | float | None) -> nw.LazyFrame[pl.LazyFrame]:
    return nw.from_native(pl.LazyFrame({name: [value] for name, value in columns.items()}))


def value(frame: nw.LazyFrame[pl.LazyFrame], expr: nw.Expr) -> object:
    return frame.select(x=expr).collect()["x"].to_list()[0]


@settings(deadline=None)
@given(inside, positive)
def test_quotients_are_those_of_fractions(a: int, b: int) -> None:
    frame, fraction = one(a=a, b=b), Fraction(a, b)
    assert value(frame, exact.floor_div(nw.col("a"), nw.col("b"))) == floor(fraction)
    assert value(frame, exact.ceil_div(nw.col("a"), nw.col("b"))) == ceil(fraction)
    assert value(frame, exact.div_half_even(nw.col("a"), nw.col("b"))) == round(fraction)


@settings(deadline=None)
@given(st.integers(-(10**8), 10**8), st.integers(1, 6))
def test_a_tie_goes_to_the_even_neighbour(whole: int, decimals: int) -> None:
    half = whole * 10**decimals + 5 * 10 ** (decimals - 1)
    rounded = value(one(a=half), exact.rescale(nw.col("a"), decimals, 0))
    assert isinstance(rounded, int)
    assert rounded % 2 == 0
    assert rounded in (whole, whole + 1)


@settings(deadline=None)
@given(st.decimals(-9000, 9000, places=3))
def test_a_double_gives_its_decimal_back(number: Decimal) -> None:
    recovered = value(one(x=float(number)), exact.recover(nw.col("x"), 3))
    assert recovered == int(number * 1000)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1, 2, 3, 13, 84, 520, 570]))
def test_the_short_floor_is_the_floor(a: int, b: int) -> None:
    for width in (nw.Int32, nw.Int64):
        narrow = exact.narrow(nw.col("a"), width)
        assert value(one(a=a), exact.floor_div_small(narrow, b, width)) == a // b


def test_a_constant_with_more_decimals_than_its_scale_is_refused() -> None:
    assert exact.scaled(Decimal("2.5"), 1) == 25
    with pytest.raises(ValueError, match=r"2\.55 has more than 1 decimals"):
        exact.scaled(Decimal("2.55"), 1)
    with pytest.raises(ValueError, match="16 decimals"):
        exact.power10(16)


def offences(source: str) -> list[str]:
    """Return what a module of ``methods`` may not do: round, divide, cast, write floats."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(
            node.op, ast.Div | ast.FloorDiv
        ):
            found.append((node.lineno, "division"))
        elif isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found.append((node.lineno, "float literal"))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if ast.unparse(node.func) == "exact.mean":
                continue
            if node.func.attr in ("round", "mean", "median", "quantile", "std", "var"):
                found.append((node.lineno, node.func.attr))
            elif node.func.attr == "cast" and not _casts_nothing(node):
                found.append((node.lineno, "cast"))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("round", "float"):
            found.append((node.lineno, ast.unparse(node.func)))
    return [f"line {line}: {what}" for line, what in found]


def _casts_nothing(call: ast.Call) -> bool:
    """A cast to text is no arithmetic."""
    return [ast.unparse(argument) for argument in call.args] == ["nw.String"]


def test_only_exact_rounds_divides_or_casts() -> None:
    found = {
        str(path.relative_to(FOLDER)): offences(path.read_text(encoding="utf-8"))
        for path in FOLDER.rglob("*.py")
        if path.name != "exact.py"
    }
    assert len(found) > 10
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("nw.col('a').round(0)", "round"),
        ("nw.col('a') / 2", "division"),
        ("nw.col('a') // 2", "division"),
        ("a /= 2", "division"),
        ("nw.col('a').cast(nw.Int64)", "cast"),
        ("nw.col('a').mean()", "mean"),
        ("nw.col('a') * 0.5", "float literal"),
        ("round(x)", "round"),
    ],
)
def test_the_rule_sees_what_it_forbids(source: str, what: str) -> None:
    assert offences(source) == [f"line 1: {what}"]
