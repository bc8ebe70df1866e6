"""Checks of a stretch of values: hardly any variance, and a sequence that comes again."""

from __future__ import annotations

import numpy as np
import polars as pl

from fenhe.quality.config import Numbers
from fenhe.quality.points import Bools, Floats, Ints, Points
from fenhe.quality.single import MINUTE, Found, failing

_BASE = np.uint64(0x9E3779B97F4A7C15)  # any odd number: it has an inverse modulo 2^64
_INVERSE = np.uint64(pow(int(_BASE), -1, 1 << 64))


def low_variance(points: Points, numbers: Numbers) -> Found:
    """Find windows of ``minutes`` whose standard deviation is below ``below``.

    The deviation is that of the whole window (divided by n), in the unit of the value. Every
    value of a failing window is given; a window with a gap is not checked.
    """
    failed = np.zeros(len(points), dtype=np.bool_)
    ran = np.zeros(len(points), dtype=np.bool_)
    spread = np.full(len(points), np.nan)
    lengths = _lengths(points, numbers["minutes"])
    below = np.repeat(numbers["below"], points.counts)
    for size in np.unique(lengths[lengths > 1]):
        whole = _whole(points, int(size)) & np.repeat(lengths == size, points.counts)
        deviation = pl.Series(points.value).rolling_std(int(size), ddof=0).to_numpy()
        low = whole & (deviation < below)
        spread[low] = deviation[low]
        failed |= _widened(low, int(size))
        ran |= _widened(whole, int(size))
    return failing(points, failed, ran, lambda at: spread[at])


def _lengths(points: Points, minutes: Floats) -> Ints:
    """Return how many values of each series make a window; 0 where there is no rule."""
    known = ~np.isnan(minutes) & (points.step > 0)
    lengths = np.zeros(len(minutes), dtype=np.int64)
    lengths[known] = (minutes[known] * MINUTE / points.step[known]).astype(np.int64)
    return lengths


def _whole(points: Points, size: int) -> Bools:
    """Return the points at which a window of ``size`` values without a gap ends."""
    stretch = np.cumsum(~points.joined)
    whole = np.zeros(len(points), dtype=np.bool_)
    whole[size - 1 :] = stretch[size - 1 :] == stretch[: len(points) - size + 1]
    return whole


def _widened(ends: Bools, size: int) -> Bools:
    """Return all points of the windows that end at these points."""
    edges = np.zeros(len(ends) + 1, dtype=np.int64)
    at = np.flatnonzero(ends)
    np.add.at(edges, at - size + 1, 1)
    np.add.at(edges, at + 1, -1)
    return np.cumsum(edges[:-1]) > 0


def repeats(points: Points, numbers: Numbers) -> Found:
    """Find sequences of ``values`` values that the same series had before, value for value.

    Only sequences with at least ``distinct`` different values count: a source at rest repeats
    itself honestly. The later copy is given, with the minutes back to the earlier one.
    """
    failed = np.zeros(len(points), dtype=np.bool_)
    ran = np.zeros(len(points), dtype=np.bool_)
    back = np.full(len(points), np.nan)
    sizes = np.nan_to_num(numbers["values"]).astype(np.int64)
    for size in np.unique(sizes[sizes > 1]):
        whole = _whole(points, int(size)) & np.repeat(sizes == size, points.counts)
        ran |= _widened(whole, int(size))
        for later, earlier in _twins(points, np.flatnonzero(whole) - size + 1, int(size), numbers):
            failed[later : later + size] = True
            back[later : later + size] = (points.start[later] - points.start[earlier]) / MINUTE
    return failing(points, failed, ran, lambda at: back[at])


def _twins(points: Points, begins: Ints, size: int, numbers: Numbers) -> list[tuple[int, int]]:
    """Return (later, earlier) beginnings of equal sequences that do not overlap."""
    if len(begins) < 2:
        return []
    series = points.series[begins]
    marks = _marks(points.value, begins, size)
    order = np.lexsort((begins, marks, series))
    same = (marks[order][1:] == marks[order][:-1]) & (series[order][1:] == series[order][:-1])
    group = np.concatenate([[0], np.cumsum(~same)])
    heads = np.concatenate([[True], ~same])
    earliest = begins[order][heads][group]
    pairs = zip(begins[order][1:][same].tolist(), earliest[1:][same].tolist(), strict=True)
    return [
        (later, earlier)
        for later, earlier in pairs
        if later - earlier >= size
        and _alike(points.value, later, earlier, size)
        and _varied(points.value, later, size, numbers["distinct"][points.series[later]])
    ]


def _marks(values: Floats, begins: Ints, size: int) -> Ints:
    """Return a number for each sequence that is the same for equal sequences.

    A polynomial over the scrambled bits of the values modulo 2^64, from running sums.
    """
    bits = (values + 0.0).view(np.uint64).copy()  # + 0.0: there is one zero
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        bits ^= bits >> np.uint64(shift)
        bits *= np.uint64(factor)
    size_all = len(values)
    powers = np.cumprod(np.full(size_all, _BASE, dtype=np.uint64), dtype=np.uint64)
    inverse = np.cumprod(np.full(size_all, _INVERSE, dtype=np.uint64), dtype=np.uint64)
    sums = np.concatenate([[np.uint64(0)], np.cumsum(bits * powers, dtype=np.uint64)])
    found: Ints = ((sums[begins + size] - sums[begins]) * inverse[begins]).view(np.int64)
    return found


def _alike(values: Floats, later: int, earlier: int, size: int) -> bool:
    return np.array_equal(values[later : later + size], values[earlier : earlier + size])


def _varied(values: Floats, begin: int, size: int, least: float) -> bool:
    return len(np.unique(values[begin : begin + size])) >= least
