"""Checks of a value against its own series: range, rate of change, spike, flat line, gap.

Each takes points and the numbers of its rules and returns what it found: the stretches that
fail, the worst figure of each, and where the check could be made at all. A series whose rule
is lacking (NaN) is not checked. Strictly beyond a limit fails; equal to it passes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fenhe.quality.config import Numbers
from fenhe.quality.points import Bools, Floats, Ints, Points

HOUR = 3_600_000_000  # µs
MINUTE = 60_000_000


@dataclass(frozen=True)
class Found:
    """What a check found: failing intervals with their worst figure, and where it was run.

    ``series``, ``start``, ``end`` (µs, exclusive), ``count`` (values) and ``worst`` have one
    entry an interval; ``ran`` are the intervals (series, start, end) it looked at.
    """

    series: Ints
    start: Ints
    end: Ints
    count: Ints
    worst: Floats
    ran: tuple[Ints, Ints, Ints]


Measure = Callable[[Ints], Floats]  # the figure of some points, by their place


def failing(points: Points, failed: Bools, ran: Bools | None, measure: Measure) -> Found:
    """Return unbroken stretches of failing points; ``ran`` None: everywhere."""
    begin, end = points.spans(failed)
    return stretches(points, begin, end, measure, ran)


def stretches(points: Points, begin: Ints, end: Ints, measure: Measure, ran: Bools | None) -> Found:
    """Return the stretches from point ``begin`` to ``end`` (included) as found."""
    counts = end - begin + 1
    worst = np.empty(0)
    if len(begin):
        # the places of all points of all stretches, one after the other
        starts = np.cumsum(counts) - counts
        places = np.arange(counts.sum()) + np.repeat(begin - starts, counts)
        figures = measure(places)
        far = np.abs(np.where(np.isnan(figures), 0.0, figures))
        best = np.maximum.reduceat(far, starts)
        at = np.flatnonzero(far == np.repeat(best, counts))
        owner = np.repeat(np.arange(len(begin)), counts)[at]
        worst = figures[at[np.unique(owner, return_index=True)[1]]]
    return Found(
        points.series[begin] if len(begin) else begin,
        points.start[begin],
        points.until(end),
        counts,
        worst,
        looked(points, ran),
    )


def looked(points: Points, ran: Bools | None) -> tuple[Ints, Ints, Ints]:
    """Return the intervals (series, start, end) of the points a check was made on."""
    begin, end = points.stretches if ran is None else points.spans(ran)
    return points.series[begin], points.start[begin], points.until(end)


def _given(points: Points, *each: Floats) -> Bools | None:
    """Return the points whose series has any of the numbers; None when all have."""
    has = ~np.logical_and.reduce([np.isnan(one) for one in each])
    return None if has.all() else np.repeat(has, points.counts)


def beyond_range(points: Points, numbers: Numbers) -> Found:
    """Find values below ``low`` or above ``high``, in the unit of the value."""
    low, high = points.spread(numbers["low"]), points.spread(numbers["high"])
    failed = (points.value < low) | (points.value > high)
    ran = _given(points, numbers["low"], numbers["high"])
    return failing(points, failed, ran, lambda at: points.value[at])


def too_fast(points: Points, numbers: Numbers) -> Found:
    """Find values that changed by more than ``per_hour`` an hour since the one before.

    The change over the time between the two, across a gap as well; the first value of a series
    is not checked.
    """
    change = np.empty(len(points))
    change[:1] = 0.0
    np.subtract(points.value[1:], points.value[:-1], out=change[1:])
    hours = points.elapsed / HOUR
    allowed = points.spread(numbers["per_hour"]) * hours
    failed = (np.abs(change) > allowed) & points.follows
    given = _given(points, numbers["per_hour"])
    ran = points.follows if given is None else points.follows & given
    return failing(points, failed, ran, lambda at: change[at] / hours[at])


def spikes(points: Points, numbers: Numbers) -> Found:
    """Find values that stand out from both neighbours on the same side by more than ``above``.

    The lesser of the two distances counts, so that neither a step nor the values beside a spike
    fail. ``mean``, another reading: the distance from the middle of the two neighbours.
    Checked where both neighbours are there without a gap.
    """
    inside = np.zeros(len(points), dtype=np.bool_)
    inside[1:-1] = points.joined[1:-1] & points.joined[2:]
    away = standing_out(points.value)
    failed = np.abs(away) > points.spread(numbers["above"])
    if not np.isnan(numbers["mean"]).all():
        middle = np.zeros(len(points))
        middle[1:-1] = points.value[1:-1] - (points.value[:-2] + points.value[2:]) / 2
        far = np.abs(middle) > points.spread(numbers["mean"])
        away = np.where(failed, away, middle)
        failed |= far
    given = _given(points, numbers["above"], numbers["mean"])
    ran = inside if given is None else inside & given
    return failing(points, failed & inside, ran, lambda at: away[at])


def standing_out(value: Floats) -> Floats:
    """Return how far each value stands out from both neighbours; 0 where it lies between."""
    away = np.zeros(len(value))
    if len(value) > 2:
        before, after = value[1:-1] - value[:-2], value[1:-1] - value[2:]
        least = np.where(np.abs(before) < np.abs(after), before, after)
        away[1:-1] = np.where((before > 0) == (after > 0), least, 0.0)
    return away


def flat_lines(points: Points, numbers: Numbers) -> Found:
    """Find stretches of at least ``minutes`` in which values differ by at most ``tolerance``.

    The time from the start of the first to one step after the start of the last value counts;
    the whole stretch is given. A gap ends it. ``floor``: a stretch wholly at or below it is
    left alone (a source at rest).
    """
    tolerance = numbers["tolerance"]
    given = _given(points, numbers["minutes"])
    begin, end = runs(points, tolerance)
    series = points.series[begin]
    lasted = points.start[end] - points.start[begin] + points.step[series]
    long = lasted >= numbers["minutes"][series] * MINUTE
    begin, end = begin[long], end[long]
    if len(begin) and (tolerance[points.series[begin]] > 0).any():
        begin, end = _within(points, begin, end, numbers)
    if len(begin):
        floor = np.nan_to_num(numbers["floor"], nan=-np.inf)[points.series[begin]]
        above = np.maximum(points.value[begin], points.value[end]) > floor
        begin, end = begin[above], end[above]
    return stretches(points, begin, end, lambda at: points.value[at], given)


def runs(points: Points, tolerance: Floats) -> tuple[Ints, Ints]:
    """Return stretches in which each value is within the tolerance of the one before."""
    breaks = ~points.joined
    if not np.any(tolerance > 0):
        breaks[1:] |= points.value[1:] != points.value[:-1]
    else:
        allowed = points.spread(np.nan_to_num(tolerance))
        most = allowed[1:] if isinstance(allowed, np.ndarray) else allowed
        breaks[1:] |= np.abs(points.value[1:] - points.value[:-1]) > most
    begin = np.flatnonzero(breaks)
    return begin, np.append(begin[1:], len(points))[: len(begin)] - 1


def _within(points: Points, begin: Ints, end: Ints, numbers: Numbers) -> tuple[Ints, Ints]:
    """Cut slow slopes out of stretches: keep the parts whose largest difference is allowed."""
    found: list[tuple[int, int]] = []
    for low, high in zip(begin.tolist(), end.tolist(), strict=True):
        number = points.series[low]
        values, times = points.value[low : high + 1], points.start[low : high + 1]
        least = numbers["minutes"][number] * MINUTE - points.step[number]
        flat = _flat_parts(values, times, numbers["tolerance"][number], least)
        found += [(low + first, low + last) for first, last in flat]
    if not found:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    both = np.array(found, dtype=np.int64)
    return both[:, 0], both[:, 1]


def _flat_parts(
    values: Floats, times: Ints, tolerance: float, least: float
) -> list[tuple[int, int]]:
    """Return (first, last) of the unions of all windows that are flat for long enough."""
    parts: list[tuple[int, int]] = []
    first, low, high = 0, values[0], values[0]
    for last in range(1, len(values)):
        low, high = min(low, values[last]), max(high, values[last])
        while high - low > tolerance:
            first += 1
            low, high = values[first : last + 1].min(), values[first : last + 1].max()
        if times[last] - times[first] >= least:
            if parts and first <= parts[-1][1]:
                parts[-1] = (parts[-1][0], last)
            else:
                parts.append((first, last))
    return parts


def gaps(points: Points, numbers: Numbers) -> Found:
    """Find where values are lacking: from one step after a value until the next value.

    ``steps``: how many steps apart two values may lie. What is lacking before the first and
    after the last value of a series is not seen here.
    """
    most = points.spread(numbers["steps"] * points.step)
    failed = points.follows & (points.elapsed > most)
    at = np.flatnonzero(failed)
    series = points.series[at]
    begin = points.start[at - 1] + points.step[series]
    lacking = (points.elapsed[at] / points.step[series]) - 1
    given = _given(points, numbers["steps"])
    begins = points.first[:-1][points.counts > 0]
    ends = points.first[1:][points.counts > 0] - 1
    if given is not None:
        kept = given[begins]
        begins, ends = begins[kept], ends[kept]
    ran = (points.series[begins], points.start[begins], points.until(ends))
    rounded = np.rint(lacking)
    return Found(series, begin, points.start[at], rounded.astype(np.int64), rounded, ran)
