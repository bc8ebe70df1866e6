"""Numbers and days of any engine as exact integers: the door every method's input comes through.

For each number column a method reads, the frame carries ``number(column)``: the exact
integer value · 10^decimals, null where nothing was measured, and ``UNUSABLE`` where
something stands that can not be an amount (negative, a sentinel, an infinity). Columns that
may lie below zero (temperatures, gauge pressures) have ``UNUSABLE_SIGNED`` instead. ``DAY``
holds what the edition is chosen by, as an integer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

import narwhals as nw

from fenhe.base.beijing import HOUR, OFFSET
from fenhe.base.errors import BadInput
from fenhe.base.sentinels import SENTINELS
from fenhe.methods import exact

_OFFSET_HOURS = divmod(OFFSET, HOUR)[0]

PRIVATE = "_fenhe_"
DAY = f"{PRIVATE}day"
UNUSABLE = -1
UNUSABLE_SIGNED = 1 - exact.GUARD

#: Negative ones can not be amounts anyway.
_POSITIVE = tuple(sentinel for sentinel in SENTINELS if sentinel > 0)

#: Tried in this order to find how many decimals a float column holds.
_DECIMALS = (0, 1, 2, 3, 6)


def number(column: str) -> str:
    """Return the name of the exact integer column that stands for an input column."""
    return f"{PRIVATE}number_{column}"


def day_number(day: date) -> int:
    """Return a Beijing day as the integer yyyymmdd."""
    return (day.year * 100 + day.month) * 100 + day.day


def first_hour(day: date) -> int:
    """Return the first hour of a Beijing day as hours since 1970-01-01 00:00 UTC."""
    return (day - date(1970, 1, 1)).days * 24 - _OFFSET_HOURS


def numbers(
    frame: nw.LazyFrame[Any],
    columns: Iterable[str],
    declared: Mapping[str, int] | None = None,
    signed: Collection[str] = (),
) -> tuple[nw.LazyFrame[Any], dict[str, int]]:
    """Return the frame with its exact integer columns, and the decimals of each.

    ``declared`` are the decimals the source wrote; what is not declared is found from
    the values: the smallest number of decimals that gives every double back (at most
    9; a double with more is taken at 9). Columns that are not there become null.
    Raises ``BadInput`` for a column that holds no numbers.
    """
    schema = frame.collect_schema()
    floats = [c for c in columns if c in schema and schema[c].is_float()]
    found = _found(frame, [c for c in floats if c not in (declared or {})])
    decimals = {**found, **{c: k for c, k in (declared or {}).items() if c in floats}}
    made = []
    for column in columns:
        if column in floats and column in signed:
            expr = exact.recover(nw.col(column), decimals[column])
            there = ~(nw.col(column).is_null() | nw.col(column).is_nan())
            lost = there & expr.is_null()
            expr = nw.when(lost).then(nw.lit(UNUSABLE_SIGNED, nw.Int64)).otherwise(expr)
            expr = usable_signed(expr, decimals[column])
        elif column in floats:
            expr = exact.recover_amount(nw.col(column), decimals[column], _POSITIVE)
        else:
            expr, decimals[column] = _from_other(column, schema.get(column))
            keep = usable_signed if column in signed else usable
            expr = keep(expr, decimals[column])
        made.append(expr.alias(number(column)))
    return (frame.with_columns(made) if made else frame), decimals


def usable(value: nw.Expr, decimals: int) -> nw.Expr:
    """Return exact integers with sentinels and numbers too large to be exact as ``UNUSABLE``."""
    factor = exact.power10(decimals)
    bad = value >= exact.LARGEST
    for sentinel in (s * factor for s in _POSITIVE):
        if sentinel == int(sentinel):
            bad = bad | (value == int(sentinel))
    return nw.when(bad).then(nw.lit(UNUSABLE, nw.Int64)).otherwise(value)


def usable_signed(value: nw.Expr, decimals: int) -> nw.Expr:
    """Return exact integers of either sign with sentinels and too large ones marked.

    They become ``UNUSABLE_SIGNED``; a sentinel of either sign never is a number.
    """
    factor = exact.power10(decimals)
    bad = (value >= exact.LARGEST) | (value <= -exact.LARGEST)
    for sentinel in (s * factor for s in SENTINELS):
        if sentinel == int(sentinel):
            bad = bad | (value == int(sentinel))
    return nw.when(bad).then(nw.lit(UNUSABLE_SIGNED, nw.Int64)).otherwise(value)


def _found(frame: nw.LazyFrame[Any], columns: list[str]) -> dict[str, int]:
    """Find the decimals of float columns, asking for more only where fewer do not do."""
    found = dict.fromkeys(columns, exact.MAX_DECIMALS)
    left = list(columns)
    for k in _DECIMALS:
        if not left:
            break
        fits = frame.select(exact.is_decimal(nw.col(c), k).all().alias(c) for c in left).collect()
        done = {c for c in left if fits[c].to_list()[0] is not False}
        found.update(dict.fromkeys(done, k))
        left = [c for c in left if c not in done]
    return found


def _from_other(column: str, dtype: nw.dtypes.DType | None) -> tuple[nw.Expr, int]:
    if dtype is None or dtype == nw.Unknown:
        return nw.lit(None, nw.Int64), 0
    if dtype.is_integer():
        return exact.integer(nw.col(column)), 0
    if isinstance(dtype, nw.Decimal):
        return exact.integer(nw.col(column) * exact.power10(dtype.scale)), dtype.scale
    raise BadInput(f"column '{column}' holds {dtype}, not numbers")
