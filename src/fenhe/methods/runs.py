"""Runs of consecutive days on which something holds, as windows over days since 1970-01-01."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from fenhe.methods import exact, intake

_PRIVATE = f"{intake.PRIVATE}runs_"


def with_runs(
    frame: nw.LazyFrame[Any], holds: str, serial: str, *, by: str, run: str, gap: int = 1
) -> nw.LazyFrame[Any]:
    """Add ``run``: the number of the run a row's day lies in, null outside of runs.

    ``holds`` is 1 where the condition holds, else 0. Days on which it holds belong to one
    run when they lie at most ``gap`` days apart; days between them lie in the run as well.
    Numbers count up within ``by``.
    """
    starts, last = f"{_PRIVATE}starts", f"{_PRIVATE}last"
    before = nw.col(serial).shift(1).over(by, holds, order_by=serial)
    frame = frame.with_columns(before.alias(starts))
    member = nw.col(holds) == 1
    apart = nw.col(starts).is_null() | (nw.col(serial) - nw.col(starts) > gap)
    first = nw.when(member & apart).then(1).otherwise(0)
    frame = frame.with_columns(exact.integer(first).alias(starts))
    number = nw.col(starts).cum_sum().over(by, order_by=serial)
    at = nw.when(member).then(nw.col(serial))
    frame = frame.with_columns(exact.integer(number).alias(run), at.alias(last))
    frame = frame.with_columns(nw.col(last).max().over(by, run).alias(last))
    inside = nw.col(serial) <= nw.col(last)
    return frame.with_columns(nw.when(inside).then(nw.col(run)).alias(run)).drop(starts, last)


def within(value: nw.Expr, by: str, run: str) -> nw.Expr:
    """Return an aggregate over the rows of each run, null outside of runs."""
    return nw.when(~nw.col(run).is_null()).then(exact.integer(value.over(by, run)))
