"""The helpers of ``exact`` against fractions.Fraction, on every engine."""

from __future__ import annotations

import random
from fractions import Fraction
from math import ceil, floor
from typing import Any

import narwhals as nw
import polars as pl

from fenhe.methods import exact
from tests.engines.conftest import Compute

GUARD = exact.GUARD


def half_even(value: Fraction) -> int:
    return round(value)  # Python rounds a Fraction half to even


def pairs() -> list[tuple[int, int]]:
    rng = random.Random(20260301)
    edges = [0, 1, -1, 2, 5, -5, 605, 615, -605, GUARD - 1, 1 - GUARD, GUARD // 2]
    found = [(a, b) for a in edges for b in (1, 2, 3, 7, 10, 1000, 10**9)]
    for _ in range(3000):
        b = rng.choice([2, 3, 10, 84, 520, 570, 10**6, rng.randrange(1, 10**9)])
        a = rng.choice([rng.randrange(-(10**6), 10**6), rng.randrange(1 - GUARD, GUARD)])
        found += [(a, b), (a // b * b + b // 2, b), (a // b * b, b)]
    return [(a, b) for a, b in found if abs(a) < GUARD]


def lazy(frame: Any) -> nw.LazyFrame[Any]:
    return nw.from_native(frame).lazy()


def test_divisions_equal_fractions(compute: Compute) -> None:
    data = pairs()
    frame = pl.DataFrame(
        {"n": range(len(data)), "a": [a for a, _ in data], "b": [b for _, b in data]}
    )
    a, b = nw.col("a"), nw.col("b")
    result = compute(
        frame,
        lambda f: lazy(f).select(
            "n",
            floor=exact.floor_div(a, b),
            ceil=exact.ceil_div(a, b),
            half=exact.div_half_even(a, b),
        ),
    )
    fractions = [Fraction(x, y) for x, y in data]
    assert result["floor"].to_list() == [floor(f) for f in fractions]
    assert result["ceil"].to_list() == [ceil(f) for f in fractions]
    assert result["half"].to_list() == [half_even(f) for f in fractions]
    assert result.schema["half"] == pl.Int64


def test_division_by_a_constant_and_rescale(compute: Compute) -> None:
    rng = random.Random(7)
    values = [rng.randrange(-(10**9), 10**9) for _ in range(2000)]
    values += [
        n * 10**k + h for n in range(-20, 20) for k in (1, 3) for h in (0, 5 * 10 ** (k - 1))
    ]
    frame = pl.DataFrame({"n": range(len(values)), "a": values})
    a = nw.col("a")
    result = compute(
        frame,
        lambda f: lazy(f).select(
            "n",
            down1=exact.rescale(a, 1, 0),
            down3=exact.rescale(a, 4, 1),
            same=exact.rescale(a, 2, 2),
            up=exact.rescale(a, 0, 6),
        ),
    )
    assert result["down1"].to_list() == [half_even(Fraction(v, 10)) for v in values]
    assert result["down3"].to_list() == [half_even(Fraction(v, 1000)) for v in values]
    assert result["same"].to_list() == values
    assert result["up"].to_list() == [v * 10**6 if abs(v * 10**6) < GUARD else None for v in values]


def test_recover_gives_back_the_decimal(compute: Compute) -> None:
    rng = random.Random(11)
    for decimals in (0, 1, 2, 3, 6, 9):
        units = [rng.randrange(-(10**6), 10**6) for _ in range(500)]
        units += [rng.randrange(10**13, 10**15) for _ in range(200)]
        doubles = [float(f"{u}e-{decimals}") for u in units]
        frame = pl.DataFrame({"n": range(len(units)), "x": doubles})
        result = compute(
            frame,
            lambda f, k=decimals: lazy(f).select(
                "n",
                units=exact.recover(nw.col("x"), k),
                known=exact.is_decimal(nw.col("x"), k),
                back=exact.to_float(exact.recover(nw.col("x"), k), k),
            ),
        )
        assert result["units"].to_list() == units
        assert result["back"].to_list() == doubles
        assert result["known"].all()


def test_recover_refuses_what_is_not_exact(compute: Compute) -> None:
    doubles = [float("nan"), float("inf"), float("-inf"), 1e300, float(GUARD), None, 60.5]
    frame = pl.DataFrame(
        {"n": range(len(doubles)), "x": doubles}, schema_overrides={"x": pl.Float64}
    )
    result = compute(frame, lambda f: lazy(f).select("n", units=exact.recover(nw.col("x"), 1)))
    assert result["units"].to_list() == [None, None, None, None, None, None, 605]


def test_sums_and_means_are_integers_on_every_engine(compute: Compute) -> None:
    rng = random.Random(3)
    groups = [[rng.randrange(0, 10**6) for _ in range(rng.randrange(1, 40))] for _ in range(300)]
    groups += [[1, 2], [5, 6, 5], [10**6, 1]]
    rows = [(n, v) for n, values in enumerate(groups) for v in values]
    frame = pl.DataFrame(rows, schema=["n", "v"], orient="row")

    def means(native: Any) -> nw.LazyFrame[Any]:
        grouped = lazy(native).group_by("n").agg(s=nw.col("v").sum(), k=nw.col("v").count())
        grouped = grouped.with_columns(exact.integer(nw.col("s")), exact.integer(nw.col("k")))
        mean = exact.mean(nw.col("s"), nw.col("k"), decimals=1)
        grouped = exact.with_half_even(grouped, {"mean": mean})
        return exact.with_rescaled(grouped, {"value": (nw.col("mean"), 6, 1)})

    result = compute(frame, means)
    assert result["s"].to_list() == [sum(g) for g in groups]
    exact_means = [half_even(Fraction(sum(g) * 10**5, len(g))) for g in groups]
    assert result["mean"].to_list() == exact_means
    assert result["value"].to_list() == [half_even(Fraction(m, 10**5)) for m in exact_means]
    assert {result.schema[c] for c in ("s", "k", "mean", "value")} == {pl.Int64}


def test_a_total_past_the_guard_is_null(compute: Compute) -> None:
    frame = pl.DataFrame({"n": [0, 0, 1, 1], "v": [GUARD - 1, 1, 5, 6]})
    result = compute(
        frame,
        lambda f: (
            lazy(f)
            .group_by("n")
            .agg(s=nw.col("v").sum())
            .with_columns(s=exact.guarded(exact.integer(nw.col("s"))))
        ),
    )
    assert result["s"].to_list() == [None, 11]
