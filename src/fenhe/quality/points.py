"""Many series laid end to end in plain arrays, so that one pass checks all of them.

Values without a number are left out; what is between two values of one series is a gap when
they lie further apart than a step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import narwhals as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from fenhe.base.errors import BadInput

KEY = ("site", "item", "statistic")
SECOND = 1_000_000  # µs

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Points:
    """Series after series, each in order of time.

    ``keys``: one row a series (site, item, statistic and what else belongs to a series).
    ``first``: where each series begins, and one entry more: the number of points. ``start``,
    ``end``: naive UTC in µs. ``step``: µs between two values of a series. ``reach``: how many
    steps apart two values may lie and still follow one another.
    """

    keys: pl.DataFrame
    first: Ints
    start: Ints
    end: Ints
    value: Floats
    step: Ints
    reach: float

    def __len__(self) -> int:
        return len(self.value)

    @cached_property
    def counts(self) -> Ints:
        """Points of each series."""
        return np.diff(self.first)

    @cached_property
    def series(self) -> Ints:
        """The number of the series of each point."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @cached_property
    def follows(self) -> Bools:
        """Whether a point has another of its series before it."""
        after = np.ones(len(self), dtype=np.bool_)
        after[self.first[:-1][self.counts > 0]] = False
        return after

    @cached_property
    def elapsed(self) -> Ints:
        """µs since the point before; meaningless where there is none."""
        elapsed = np.empty(len(self), dtype=np.int64)
        elapsed[:1] = 0
        np.subtract(self.start[1:], self.start[:-1], out=elapsed[1:])
        return elapsed

    @cached_property
    def joined(self) -> Bools:
        """Whether a point follows another of its series without a gap."""
        most = self.spread((self.step * self.reach).astype(np.int64))
        return np.asarray(self.follows & (self.elapsed <= most))

    def spread(self, each: npt.NDArray[Any]) -> Any:
        """Return one entry a series as one a point: a single number when all are the same."""
        if len(each) and (each[0] == each).all():
            return each[0]
        return np.repeat(each, self.counts)

    def spans(self, mask: Bools) -> tuple[Ints, Ints]:
        """Return first and last point (included) of each unbroken stretch of ``mask``."""
        if not mask.any():
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        runs_on = np.zeros(len(mask), dtype=np.bool_)
        np.logical_and(mask[1:], mask[:-1], out=runs_on[1:])
        runs_on &= self.joined
        begins = np.flatnonzero(mask & ~runs_on)
        ends = mask.copy()
        ends[:-1] &= ~runs_on[1:]
        return begins, np.flatnonzero(ends)

    @cached_property
    def stretches(self) -> tuple[Ints, Ints]:
        """First and last point of each stretch without a gap."""
        begins = np.flatnonzero(~self.joined)
        return begins, np.append(begins[1:], len(self))[: len(begins)] - 1

    def until(self, last: Ints) -> Ints:
        """Return where an interval ends whose last points these are: their end, exclusive.

        An instant lasts one second, the finest a logger writes.
        """
        return np.maximum(self.end[last], self.start[last] + SECOND)

    def parts(self, size: int) -> Iterator[Points]:
        """Yield whole series together, about ``size`` points at a time."""
        begin = 0
        while begin < len(self.counts):
            most = self.first[begin] + size
            end = max(int(np.searchsorted(self.first, most, side="right")) - 1, begin + 1)
            yield self.cut(begin, end)
            begin = end

    def cut(self, begin: int, end: int) -> Points:
        """Return the series from number ``begin`` up to, without, ``end``."""
        low, high = self.first[begin], self.first[end]
        return Points(
            self.keys[begin:end],
            self.first[begin : end + 1] - low,
            self.start[low:high],
            self.end[low:high],
            self.value[low:high],
            self.step[begin:end],
            self.reach,
        )

    def where(self, mask: Bools) -> Points:
        """Return the points of a mask; series without any stay, empty."""
        kept = np.concatenate([[0], np.cumsum(mask)])[self.first]
        return Points(
            self.keys,
            kept,
            self.start[mask],
            self.end[mask],
            self.value[mask],
            self.step,
            self.reach,
        )


def laid_out(frame: Any, reach: float, also: tuple[str, ...] = ()) -> tuple[Points, pl.DataFrame]:
    """Lay a frame of any kind out as points; return them and the frame in the order of theirs.

    Columns: site, item, statistic, start, end (naive UTC), value; null and NaN are no value.
    ``also``: columns that belong to a series. A time told twice counts with its last row.
    Raises ``BadInput`` when a column is missing.
    """
    rows = as_polars(frame)
    absent = [name for name in (*KEY, "start", "end", "value") if name not in rows.columns]
    if absent:
        raise BadInput(f"a table of series needs the columns {', '.join(absent)}")
    rows = rows.with_columns(pl.col("start", "end").cast(pl.Datetime("us")))
    if rows["value"].null_count() or rows["value"].is_nan().any():
        rows = rows.filter(pl.col("value").is_not_null() & pl.col("value").is_not_nan())
    opens = _opens(rows)
    if opens is None:
        rows = rows.unique([*KEY, "start"], keep="last").sort(*KEY, "start")
        opens = _boundaries(rows)
    first = np.append(np.flatnonzero(opens), rows.height).astype(np.int64)
    start, end = _micros(rows, "start"), _micros(rows, "end")
    keys = rows[first[:-1]].select(*KEY, *also)
    points = Points(
        keys,
        first,
        start,
        end,
        rows["value"].cast(pl.Float64).to_numpy(),
        _steps(first, start, end),
        reach,
    )
    return points, rows


def as_polars(frame: Any) -> pl.DataFrame:
    """Return a frame of any kind Narwhals knows as a Polars one."""
    if isinstance(frame, pl.DataFrame):
        return frame
    native = nw.from_native(frame)
    eager = native.collect() if isinstance(native, nw.LazyFrame) else native
    found: pl.DataFrame = eager.to_polars()
    return found


def _micros(rows: pl.DataFrame, name: str) -> Ints:
    return rows[name].to_physical().to_numpy()


def _boundaries(rows: pl.DataFrame) -> Bools:
    """Return which rows begin a series, of rows in which equal keys stand together."""
    changed = pl.any_horizontal(pl.col(name) != pl.col(name).shift() for name in KEY)
    return rows.select(changed.fill_null(True).alias("changed"))["changed"].to_numpy()


def _opens(rows: pl.DataFrame) -> Bools | None:
    """Return which rows begin a series; None when the rows are not in order."""
    opens = _boundaries(rows)
    start = _micros(rows, "start")
    if not (opens[1:] | (start[1:] > start[:-1])).all():
        return None
    heads = rows.filter(pl.Series(opens)).select(KEY)
    return opens if heads.is_unique().all() else None


def _steps(first: Ints, start: Ints, end: Ints) -> Ints:
    """Return the step of each series in µs: the length of its values, or, for instants, the
    median time between them (0 when there is only one).
    """
    steps = np.zeros(len(first) - 1, dtype=np.int64)
    heads = first[:-1][np.diff(first) > 0]
    steps[np.diff(first) > 0] = end[heads] - start[heads]
    for number in np.flatnonzero(steps == 0):
        times = start[first[number] : first[number + 1]]
        if len(times) > 1:
            steps[number] = np.median(np.diff(times)).astype(np.int64)
    return steps
