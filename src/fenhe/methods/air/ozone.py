"""The running 8-hour means of ozone within a day, and their maximum (HJ 663, 6.1.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from math import lcm
from operator import add
from typing import Any

import narwhals as nw

from fenhe.methods import exact, intake
from fenhe.methods.air.evaluation import EvaluationRules

HOURS = 24
WINDOW = 8

_P = f"{intake.PRIVATE}ozone_"
TOP, VALID = f"{_P}top", f"{_P}valid"


def common(rules: EvaluationRules) -> int:
    """Return the number all window means are held as multiples of one over."""
    return lcm(*range(rules.window_hours, WINDOW + 1))


def with_windows(
    frame: nw.LazyFrame[Any], hours: Sequence[str], rules: EvaluationRules
) -> nw.LazyFrame[Any]:
    """Add ``VALID``, the number of valid 8-hour means, and ``TOP``, the largest of them.

    ``hours`` names 24 integer columns, for the hours that end at 01:00 to 24:00: the value
    and one, 0 where there is none. ``TOP`` is the mean as an integer, ``common(rules)`` times
    as large, so that means of 6, 7 and 8 hours compare exactly; null where there is none.
    """
    frame = frame.with_columns(
        exact.integer(nw.when(nw.col(h) > 0).then(1).otherwise(0)).alias(_has(n))
        for n, h in enumerate(hours, start=1)
    )
    windows = range(rules.first_window, rules.last_window + 1)
    frame = frame.with_columns(_sums(hours, windows))
    top, valid = [], []
    for end in windows:
        held: nw.Expr = nw.lit(None, nw.Int64)
        n, total = nw.col(f"{_P}n{end}"), nw.col(f"{_P}s{end}")
        for count in range(rules.window_hours, WINDOW + 1):
            share, _ = divmod(common(rules), count)
            held = nw.when(n == count).then((total - n) * share).otherwise(held)
        top.append(held)
        valid.append(nw.when(n >= rules.window_hours).then(1).otherwise(0))
    frame = frame.with_columns(
        exact.integer(nw.max_horizontal(*top)).alias(TOP),
        exact.integer(reduce(add, valid)).alias(VALID),
    )
    return frame.drop(_private(hours, windows))


def _has(hour: int) -> str:
    return f"{_P}has{hour}"


def _sums(hours: Sequence[str], windows: range) -> Iterator[nw.Expr]:
    for end in windows:
        inside = range(max(1, end - WINDOW + 1), end + 1)
        yield exact.integer(reduce(add, (nw.col(_has(h)) for h in inside))).alias(f"{_P}n{end}")
        total = reduce(add, (nw.col(hours[h - 1]) for h in inside))
        yield exact.integer(total).alias(f"{_P}s{end}")


def _private(hours: Sequence[str], windows: range) -> list[str]:
    sums = [f"{_P}{kind}{end}" for end in windows for kind in ("n", "s")]
    return [_has(n) for n in range(1, len(hours) + 1)] + sums
