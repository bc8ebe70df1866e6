"""The checks once more, value by value in plain Python: what the fast ones are compared with."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import polars as pl

Series = list[tuple[datetime, float]]
START = datetime(2026, 4, 1)
STEP = timedelta(hours=1)


def frame(series: dict[tuple[str, str], Series], step: timedelta) -> pl.DataFrame:
    """Return series of (site, item) as a table of values that last ``step``."""
    rows = [
        (site, item, "1h", start, start + step, value)
        for (site, item), points in series.items()
        for start, value in points
    ]
    return pl.DataFrame(
        rows,
        schema={
            "site": pl.String,
            "item": pl.String,
            "statistic": pl.String,
            "start": pl.Datetime("us"),
            "end": pl.Datetime("us"),
            "value": pl.Float64,
        },
        orient="row",
    )


def flagged(rows: pl.DataFrame, intervals: pl.DataFrame) -> set[tuple[str, str, datetime]]:
    """Return the values (site, item, start) that lie in one of the intervals."""
    crossed = rows.select("site", "item", pl.col("start").alias("at")).join(
        intervals.select("site", "item", "start", "end"), on=["site", "item"]
    )
    inside = crossed.filter(pl.col("at") >= pl.col("start"), pl.col("at") < pl.col("end"))
    return set(inside.select("site", "item", "at").unique().iter_rows())


def beyond(points: Series, low: float, high: float) -> set[datetime]:
    return {start for start, value in points if value < low or value > high}


def fast(points: Series, per_hour: float) -> set[datetime]:
    found = set()
    for (before, former), (start, value) in pairwise(points):
        hours = (start - before).total_seconds() / 3600
        if abs(value - former) > per_hour * hours:
            found.add(start)
    return found


def inner(points: Series, most: timedelta) -> Iterator[tuple[datetime, float, float, float]]:
    """Yield each value with both neighbours, where both are there."""
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        if here[0] - before[0] <= most and after[0] - here[0] <= most:
            yield here[0], before[1], here[1], after[1]


def spiky(points: Series, above: float, most: timedelta) -> set[datetime]:
    return {
        at
        for at, a, b, c in inner(points, most)
        if min(b - a, b - c) > above or min(a - b, c - b) > above
    }


def off_middle(points: Series, above: float, most: timedelta) -> set[datetime]:
    return {at for at, a, b, c in inner(points, most) if abs(b - (a + c) / 2) > above}


def flat(points: Series, least: timedelta, tolerance: float, most: timedelta) -> set[datetime]:
    """Every value of every window without a gap, long enough, that hardly varies."""
    found: set[datetime] = set()
    for first in range(len(points)):
        window = [points[first]]
        for last in range(first + 1, len(points)):
            if points[last][0] - points[last - 1][0] > most:
                break
            window.append(points[last])
            values = [value for _, value in window]
            if max(values) - min(values) > tolerance:
                break
            if window[-1][0] - window[0][0] + STEP >= least:
                found |= {start for start, _ in window}
    return found


def steady(points: Series, size: int, below: float, most: timedelta) -> set[datetime]:
    """Every value of every window of ``size`` values without a gap that hardly deviates."""
    found: set[datetime] = set()
    for window in windows(points, size, most):
        if statistics.pstdev(value for _, value in window) < below:
            found |= {start for start, _ in window}
    return found


def windows(points: Series, size: int, most: timedelta) -> Iterator[Series]:
    for first in range(len(points) - size + 1):
        window = points[first : first + size]
        if all(b[0] - a[0] <= most for a, b in pairwise(window)):
            yield window


def repeated(points: Series, size: int, distinct: int, most: timedelta) -> set[datetime]:
    """Every value of every window that an earlier one, which it does not overlap, equals."""
    found: set[datetime] = set()
    known = list(windows(points, size, most))
    for later in known:
        values = [value for _, value in later]
        if len(set(values)) >= distinct and any(
            [value for _, value in earlier] == values and earlier[-1][0] < later[0][0]
            for earlier in known
        ):
            found |= {start for start, _ in later}
    return found
