"""Exact arithmetic on scaled integers: the only place where numbers are rounded or divided.

A concentration of 60.5 is held as the integer 605 with one decimal. Binary floats
fail at class edges, and the obvious dataframe code differs between engines
(``.round`` of 60.5, the cast of 1.5 to an integer, ``//`` through doubles), so
nothing else under ``fenhe.methods`` may round, divide or cast; a test holds it to that.

Every integer stays below 2^53 in absolute value. There a double holds it exactly,
so that an engine which divides through doubles is still exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

import narwhals as nw
import polars as pl

#: The two integer types methods compute in.
Width: TypeAlias = type[nw.Int32] | type[nw.Int64]

#: Integers at or above this are refused (they become null): see the module text.
GUARD = 2**53

#: Prefix of the columns that hold the steps of a division; ``run`` drops them.
STEP = "_fenhe_step_"

#: Numbers read from outside stay below this, so that one decimal can still be added.
LARGEST = GUARD // 10

#: Decimals of a mean whose clause names no rounding of its own.
WORKING_SCALE = 6

#: The most decimals a number is read with.
MAX_DECIMALS = 9


def power10(decimals: int) -> int:
    """Return 10^decimals for 0 <= decimals <= 15."""
    if not 0 <= decimals <= 15:
        raise ValueError(f"{decimals} decimals can not be held below 2^53")
    return int(10**decimals)


def integer(expr: nw.Expr) -> nw.Expr:
    """Return an integer or truth-value expression as Int64, whatever the engine made of it."""
    return expr.cast(nw.Int64)


def width(bound: int) -> Width:
    """Return the narrowest integer type whose arithmetic holds values up to ``bound``."""
    return nw.Int32 if bound < 2**31 else nw.Int64


def narrow(expr: nw.Expr, to: Width) -> nw.Expr:
    """Return an integer expression in the given width; the caller knows that it fits."""
    return expr.cast(to)


def small(expr: nw.Expr) -> nw.Expr:
    """Return an integer expression as Int32; the caller knows that it fits."""
    return expr.cast(nw.Int32)


def real(expr: nw.Expr) -> nw.Expr:
    """Return a float expression as Float64, also where it is a bare null."""
    return expr.cast(nw.Float64)


def text(expr: nw.Expr) -> nw.Expr:
    """Return a text expression as text, also where it is a bare null."""
    return expr.cast(nw.String)


def guarded(a: nw.Expr) -> nw.Expr:
    """Return ``a`` where \\|a\\| < 2^53, else null."""
    return nw.when((a < GUARD) & (a > -GUARD)).then(a)


def recover(x: nw.Expr, decimals: int) -> nw.Expr:
    """Return the integer value · 10^decimals of a float column, once and for all.

    A double next to a decimal with this many places gives that decimal exactly
    as long as the result is below 2^53. NaN, infinities and larger values give null.
    The product is never a tie unless the source has more decimals than declared.
    """
    scaled = x.cast(nw.Float64) * float(power10(decimals))
    bound = float(GUARD)
    inside = nw.when((scaled < bound) & (scaled > -bound)).then(scaled)
    return inside.round(0).cast(nw.Int64)


def recover_amount(x: nw.Expr, decimals: int, refused: Sequence[Decimal]) -> nw.Expr:
    """Return ``recover`` of amounts, which can not be negative, with -1 for what is none.

    -1 stands for negative numbers, those too large to be exact, infinities and the
    ``refused`` numbers; null and NaN are null. It is done in as few passes as the
    engines allow: this is where every float column comes in.
    """
    x = x.cast(nw.Float64)
    bad = (x < 0) | (x >= float(LARGEST // power10(decimals)))
    for number in refused:
        bad = bad | (x == float(number))
    none = nw.when(~x.is_nan()).then(nw.lit(-1.0, nw.Float64))
    scaled = x * float(power10(decimals)) if decimals else x
    return nw.when(bad).then(none).otherwise(scaled).round(0).cast(nw.Int64)


def is_decimal(x: nw.Expr, decimals: int) -> nw.Expr:
    """Tell whether each double is the nearest one to some decimal with this many places.

    Null, NaN and infinities count as such: they have no decimals to lose.
    """
    back = to_float(recover(x, decimals), decimals)
    return (back == x.cast(nw.Float64)) | back.is_null()


def to_float(a: nw.Expr, decimals: int) -> nw.Expr:
    """Return integers with ``decimals`` places as the doubles nearest to them.

    The divisor is a column: by a constant Polars multiplies with its inverse, which
    makes 6 / 10 the double after 0.6.
    """
    if decimals == 0:
        return a.cast(nw.Float64)
    return (a / (a * 0 + power10(decimals))).cast(nw.Float64)


def floor_div(a: nw.Expr, b: nw.Expr | int) -> nw.Expr:
    """Return the floor of a / b for b > 0, the same on every engine.

    The quotient an engine gives is put right by its own remainder.
    """
    q = integer(a // b)
    r = a - q * b
    return q + nw.when(r < 0).then(-1).when(r >= b).then(1).otherwise(0)


def ceil_div(a: nw.Expr, b: nw.Expr | int) -> nw.Expr:
    """Return the ceiling of a / b for b > 0."""
    q = floor_div(a, b)
    return q + nw.when(q * b < a).then(1).otherwise(0)


def floor_div_small(a: nw.Expr, b: int, dtype: Width) -> nw.Expr:
    """Return the floor of a / b for a >= 0 and a constant b > 0, within one integer width.

    One division and no correction: with a >= 0 every engine's quotient is the floor.
    """
    return (a // nw.lit(b, dtype)).cast(dtype)


def div_half_even(a: nw.Expr, b: nw.Expr | int) -> nw.Expr:
    """Return a / b for b > 0 rounded to the nearest integer, a tie to the even one (GB/T 8170)."""
    return _half_even(floor_div(a, b), a, b)


def _half_even(q: nw.Expr, a: nw.Expr, b: nw.Expr | int) -> nw.Expr:
    twice = (a - q * b) * 2
    odd = (q - floor_div(q, 2) * 2) == 1
    up = (twice > b) | ((twice == b) & odd)
    return q + nw.when(up).then(1).otherwise(0)


def with_half_even(
    frame: nw.LazyFrame[Any], made: Mapping[str, tuple[nw.Expr, nw.Expr | int]]
) -> nw.LazyFrame[Any]:
    """Return the frame with columns ``name`` = a / b, rounded as by ``div_half_even``.

    The steps are columns of their own: nested in one expression the quotient would be
    written out dozens of times for an engine that plans from text.
    """
    steps = {name: tuple(f"{STEP}{part}_{name}" for part in "abq") for name in made}
    first = []
    for name, (a, b) in made.items():
        divisor = nw.lit(b, nw.Int64) if isinstance(b, int) else integer(b)
        first += [integer(a).alias(steps[name][0]), divisor.alias(steps[name][1])]
    frame = frame.with_columns(first)
    if frame.implementation.is_polars():
        return _with_half_even_polars(frame, steps)
    frame = frame.with_columns(
        floor_div(nw.col(a), _divisor(made[name][1], b)).alias(q)
        for name, (a, b, q) in steps.items()
    )
    return frame.with_columns(
        _half_even(nw.col(q), nw.col(a), _divisor(made[name][1], b)).alias(name)
        for name, (a, b, q) in steps.items()
    )


def _with_half_even_polars(
    frame: nw.LazyFrame[Any], steps: Mapping[str, tuple[str, ...]]
) -> nw.LazyFrame[Any]:
    """Do the two steps in Polars' own expressions, whose integer division is the floor.

    Built through Narwhals the same expressions cost more than computing a few rows does.
    """
    native: pl.LazyFrame = frame.to_native()
    native = native.with_columns(
        (pl.col(a) // pl.col(b)).alias(q) for name, (a, b, q) in steps.items()
    )
    made = []
    for name, (a, b, q) in steps.items():
        twice = (pl.col(a) - pl.col(q) * pl.col(b)) * 2
        up = (twice > pl.col(b)) | ((twice == pl.col(b)) & (pl.col(q) % 2 == 1))
        made.append((pl.col(q) + pl.when(up).then(1).otherwise(0)).alias(name))
    return nw.from_native(native.with_columns(made))


def with_scaled(
    frame: nw.LazyFrame[Any], made: Mapping[str, tuple[nw.Expr, nw.Expr | int, nw.Expr | int]]
) -> nw.LazyFrame[Any]:
    """Return the frame with columns ``name`` = a · b / c, half-even, for b >= 0 and c > 0.

    a · b may pass 2^53: the quotient a / c is taken first and the remainder carried, so that
    nothing is lost. Null where b · c or the result passes 2^53.
    """
    layers: list[list[nw.Expr]] = [[] for _ in range(6)]
    for name, (a, b, c) in made.items():
        sides = (("a", a), ("b", b), ("c", c))
        layers[0] += [
            integer(nw.lit(x, nw.Int64) if isinstance(x, int) else x).alias(f"{STEP}{p}_{name}")
            for p, x in sides
        ]
        for layer, steps in zip(layers[1:], _scaled_steps(name), strict=True):
            layer += [step.alias(f"{STEP}{part}_{name}") for part, step in steps.items()]
    for layer in layers:
        frame = frame.with_columns(layer)
    return frame.with_columns(_carried(name) for name in made)


def _scaled_steps(name: str) -> list[dict[str, nw.Expr]]:
    """Return the steps of ``with_scaled``, layer by layer: no layer nests one in another."""
    a, b, c, room, most, q, r, f = (
        nw.col(f"{STEP}{p}_{name}") for p in ("a", "b", "c", "room", "most", "q", "r", "f")
    )
    some = nw.when(b > 0).then(b).otherwise(1)
    limit = nw.lit(GUARD - 1, nw.Int64)  # bounds, where one more or less does not matter
    return [
        {"room": integer(limit // c), "most": integer(limit // some)},
        {"q": floor_div(nw.when((b >= 0) & (b < room)).then(a), c)},
        {
            "q": nw.when((q < most) & (q > -most)).then(q),
            "r": nw.when((q < most) & (q > -most)).then((a - q * c) * b),
        },
        {"f": floor_div(r, c)},
        {"u": q * b + f, "r": (r - f * c) * 2},
    ]


def _carried(name: str) -> nw.Expr:
    c, r, u = (nw.col(f"{STEP}{p}_{name}") for p in "cru")
    odd = (u - floor_div(u, 2) * 2) == 1
    up = (r > c) | ((r == c) & odd)
    return guarded(u + nw.when(up).then(1).otherwise(0)).alias(name)


#: Decimals two factors of ``with_products`` share: both have six, the product is cut by twelve.
_HALF = 10**6


def with_products(
    frame: nw.LazyFrame[Any], made: Mapping[str, tuple[nw.Expr, nw.Expr]]
) -> nw.LazyFrame[Any]:
    """Return the frame with columns ``name`` = a · b / 10^12, half-even, for a, b >= 0.

    The product may pass 2^53, which is why it is built from halves. Null where the result
    would pass it.
    """
    layers: list[list[nw.Expr]] = [[] for _ in range(5)]
    for name, (a, b) in made.items():
        layers[0] += [integer(x).alias(f"{STEP}{p}_{name}") for p, x in (("a", a), ("b", b))]
        for layer, steps in zip(layers[1:], _product_steps(name), strict=True):
            layer += [step.alias(f"{STEP}{part}_{name}") for part, step in steps.items()]
    for layer in layers:
        frame = frame.with_columns(layer)
    return frame.with_columns(_joined(name) for name in made)


def _product_steps(name: str) -> list[dict[str, nw.Expr]]:
    a, b, ha, hb, la, lb, low, carry, most = (
        nw.col(f"{STEP}{p}_{name}")
        for p in ("a", "b", "ha", "hb", "la", "lb", "low", "carry", "most")
    )
    limit = nw.lit(GUARD - 1, nw.Int64)
    return [
        {"ha": floor_div(guarded(a), _HALF), "hb": floor_div(guarded(b), _HALF)},
        {"la": a - ha * _HALF, "lb": b - hb * _HALF, "most": integer(limit // (hb + 1))},
        {"low": la * lb, "carry": floor_div(la * lb, _HALF)},
        {
            "top": nw.when(ha + 1 < most).then(ha * hb),
            "mid": ha * lb + la * hb + carry,
            "low": low - carry * _HALF,
        },
    ]


def _joined(name: str) -> nw.Expr:
    top, mid, low = (nw.col(f"{STEP}{p}_{name}") for p in ("top", "mid", "low"))
    carried = floor_div(mid, _HALF)
    whole = top + carried
    twice = ((mid - carried * _HALF) * _HALF + low) * 2
    one = _HALF * _HALF
    odd = (whole - floor_div(whole, 2) * 2) == 1
    up = (twice > one) | ((twice == one) & odd)
    return guarded(whole + nw.when(up).then(1).otherwise(0)).alias(name)


def _divisor(b: nw.Expr | int, column: str) -> nw.Expr | int:
    return b if isinstance(b, int) else nw.col(column)


def rescale(a: nw.Expr, decimals: int, to: int) -> nw.Expr:
    """Return integers with ``decimals`` places as integers with ``to`` places, half-even."""
    if to >= decimals:
        return guarded(a * power10(to - decimals)) if to > decimals else a
    return div_half_even(a, power10(decimals - to))


def lifted(a: nw.Expr, decimals: int, to: int) -> nw.Expr:
    """Return integers with ``decimals`` places as integers with more, null where too large.

    The size is tested before the multiplication: an engine may refuse one that overflows.
    """
    factor = power10(to - decimals)
    most = GUARD // factor
    return nw.when((a < most) & (a > -most)).then(a) * factor


def with_rescaled(
    frame: nw.LazyFrame[Any], made: Mapping[str, tuple[nw.Expr, int, int]]
) -> nw.LazyFrame[Any]:
    """Return the frame with columns ``name`` = integers moved from one scale to another.

    ``made`` gives the expression, its decimals and those wanted; see ``rescale``.
    """
    up = [rescale(a, k, to).alias(name) for name, (a, k, to) in made.items() if to >= k]
    down = {name: (a, power10(k - to)) for name, (a, k, to) in made.items() if to < k}
    frame = frame.with_columns(up) if up else frame
    return with_half_even(frame, down) if down else frame


def total(a: nw.Expr) -> nw.Expr:
    """Return the sum as Int64 (an engine may hand back a decimal), null where it passes 2^53."""
    return guarded(integer(a.sum()))


def mean(sum_: nw.Expr, n: nw.Expr, decimals: int) -> tuple[nw.Expr, nw.Expr]:
    """Return sum / n at the working scale as the two sides of ``with_half_even``.

    ``sum_`` has ``decimals`` places, at most those of the working scale: fewer would lose
    a tie. The quotient is null where n is 0.
    """
    return guarded(sum_ * power10(WORKING_SCALE - decimals)), nw.when(n > 0).then(n)


def quotient(a: Decimal, b: Decimal) -> Fraction:
    """Return a / b of two constants exactly: the sides of a factor."""
    return Fraction(a) / Fraction(b)


def up_to_whole(a: int, b: int) -> int:
    """Return the smallest whole number of at least a / b, of constants."""
    return -(-a // b)


def scaled(value: Decimal, decimals: int) -> int:
    """Return a decimal constant as an integer with ``decimals`` places.

    Raises ``ValueError`` when it has more places than that.
    """
    result = value.scaleb(decimals)
    if result != result.to_integral_value():
        raise ValueError(f"{value} has more than {decimals} decimals")
    return int(result)
