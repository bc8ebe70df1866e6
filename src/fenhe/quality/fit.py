"""Thresholds from a set of series that is held to be good: how rarely a good value may be hit.

What comes out are tuning values: they say which values are rare in that set, not which are
wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from fenhe.quality import single
from fenhe.quality.points import Bools, Floats, Points, laid_out

_CHECKS = ("range", "rate", "spike", "flat")


def thresholds(frame: Any, share: float, reach: float) -> pl.DataFrame:
    """Return for each item and statistic the figures that all but a share of values keep to.

    ``share``: of the values, such as 0.0001. Columns: parameter, statistic, check, name (of
    the number), figure (rounded outwards to two digits), values (how many it rests on). The
    flat line is the shortest time, in whole steps, such that not more than the share of values
    stand still that long.
    """
    points, _ = laid_out(frame, reach)
    kinds = points.keys.select("item", "statistic").unique(maintain_order=True)
    rows = [
        {"parameter": item, "statistic": statistic, **row}
        for item, statistic in kinds.iter_rows()
        for row in _of(_only(points, item, statistic), share)
    ]
    return pl.DataFrame(rows)


def _only(points: Points, item: str, statistic: str) -> Points:
    mine = (points.keys["item"] == item) & (points.keys["statistic"] == statistic)
    return points.where(np.repeat(mine.to_numpy(), points.counts))


def _of(points: Points, share: float) -> list[dict[str, object]]:
    figures: dict[str, tuple[str, Callable[[Points], Floats]]] = {
        "range": ("high", lambda p: p.value),
        "rate": ("per_hour", _rates),
        "spike": ("above", _departures),
    }
    found = [
        _row(check, name, outward(float(np.quantile(each, 1 - share))), len(each))
        for check, (name, figure) in figures.items()
        if len(each := figure(points))
    ]
    return [*found, _row("flat", "minutes", _still(points, share), len(points))]


def _row(check: str, name: str, figure: float, values: int) -> dict[str, object]:
    return {"check": check, "name": name, "figure": figure, "values": values}


def _rates(points: Points) -> Floats:
    change = np.abs(np.diff(points.value, prepend=0.0)) / np.maximum(points.elapsed, 1)
    return np.asarray(change[points.joined] * single.HOUR)


def _departures(points: Points) -> Floats:
    inside: Bools = points.joined[1:-1] & points.joined[2:]
    return np.asarray(np.abs(single.standing_out(points.value)[1:-1][inside]))


def _still(points: Points, share: float) -> float:
    """Return the minutes beyond which hardly any value belongs to a run of equal ones."""
    begin, end = single.runs(points, np.zeros(len(points.counts)))
    counts = end - begin + 1
    order = np.argsort(counts)[::-1]
    long = np.cumsum(counts[order]) > share * len(points)
    longest = int(counts[order][long][0]) if long.any() else 1
    return (longest + 1) * float(np.median(points.step)) / single.MINUTE


def outward(figure: float) -> float:
    """Return the next greater number of two digits."""
    if figure <= 0:
        return 0.0
    unit = 10.0 ** (np.floor(np.log10(figure)) - 1)
    return float(f"{np.ceil(figure / unit) * unit:.6g}")
