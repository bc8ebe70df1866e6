"""Patterns in the shape of one series: F01, F02, F03, F04, F12, F16, F20, F22."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import comb

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from fenhe.quality.patterns.hits import Hit, covered, share, spans
from fenhe.quality.patterns.outlet import DAY, Line, Outlet
from fenhe.quality.points import Bools, Floats

Numbers = Mapping[str, float]


def constant(outlet: Outlet, line: Line, n: Numbers) -> Iterator[Hit]:
    """F01: one value for hours while the logger calls it normal and the plant runs."""
    hours = n["hours_water"] if outlet.water else n["hours_gas"]
    held = line.normal & outlet.running(n["load"]) & ~_at_rest(line, n["rest"])
    if line.facts.top is not None:
        held &= line.value < n["below_top"] * line.facts.top
    same = np.zeros(len(held), dtype=np.bool_)
    same[1:] = held[1:] & held[:-1] & (line.value[1:] == line.value[:-1])
    least = outlet.steps(hours, n["values"])
    for begin, end in spans(same, max(least - 1, 1)):
        length = end - begin + 1
        text = f"{line.value[begin]:.6g} × {length}"
        yield Hit("F01", line.item, begin - 1, end, length / least, text)


def _at_rest(line: Line, part: float) -> Bools:
    """Whether a value lies near nothing, against the middle of its own series."""
    usual = np.nanmedian(line.value) if np.any(~np.isnan(line.value)) else np.nan
    floor = line.facts.floor or 0.0
    return np.asarray(line.value <= max(part * usual, floor))


def low_variance(outlet: Outlet, line: Line, n: Numbers) -> Iterator[Hit]:
    """F02: the spread of hours far below the usual one of this outlet, but not nothing."""
    size = outlet.steps(n["hours_water"] if outlet.water else n["hours_gas"], n["values"])
    inside = _masked(line.value, line.normal & outlet.running(n["load"]))
    spread = _relative_spread(inside, size, n["complete"])
    usual = np.nanmedian(spread) if np.any(~np.isnan(spread)) else np.nan
    moves = spread > n["least"] * usual
    quiet = (spread < n["part"] * usual) & moves
    for begin, end in spans(covered(quiet, size), size):
        least = float(np.nanmin(spread[begin : end - size + 1]))
        yield Hit("F02", line.item, begin, end, usual / least, f"{least:.3g} : {usual:.3g}")


def _relative_spread(values: Floats, size: int, complete: float) -> Floats:
    """Return standard deviation over mean of the window that begins at each step.

    Of the differences between neighbours, so that a slow swing of the plant does not hide how
    quiet the instrument is.
    """
    found = np.full(len(values), np.nan)
    if len(values) <= size:
        return found
    jumps = np.diff(values, append=np.nan)
    windows = sliding_window_view(jumps, size)
    means = sliding_window_view(values, size)
    enough = np.isfinite(windows).mean(axis=1) >= complete
    with np.errstate(all="ignore"):
        spread = np.nanstd(windows[enough], axis=1) / np.abs(np.nanmean(means[enough], axis=1))
    found[np.flatnonzero(enough)] = spread
    return found


def _masked(values: Floats, mask: Bools) -> Floats:
    return np.where(mask, values, np.nan)


def random_band(outlet: Outlet, line: Line, n: Numbers) -> Iterator[Hit]:
    """F03: values spread evenly in a band, each without regard to the one before."""
    size = outlet.steps(n["hours"], n["values"])
    inside = _masked(line.value, line.normal & outlet.running(n["load"]))
    tied, even = _memory(inside, size, n["complete"]), _evenness(inside, size, n["complete"])
    usual = np.nanmedian(tied) if np.any(~np.isnan(tied)) else np.nan
    if not usual >= n["usual_memory"]:
        return
    odd = (tied < n["memory"]) & (even < n["uneven"])
    for begin, end in spans(covered(odd, size), size):
        part = slice(begin, max(end - size + 1, begin + 1))
        memory, off = float(np.nanmin(tied[part])), float(np.nanmin(even[part]))
        score = (usual - memory) / max(usual, 1e-9)
        yield Hit("F03", line.item, begin, end, score, f"r {memory:.2f} : {usual:.2f}, D {off:.2f}")


def _memory(values: Floats, size: int, complete: float) -> Floats:
    """Return the correlation of neighbours in the window that begins at each step."""
    found = np.full(len(values), np.nan)
    if len(values) <= size:
        return found
    windows = sliding_window_view(values, size)
    enough = np.flatnonzero(np.isfinite(windows).mean(axis=1) >= complete)
    part = windows[enough]
    with np.errstate(all="ignore"):
        off = part - np.nanmean(part, axis=1, keepdims=True)
        top = np.nanmean(off[:, 1:] * off[:, :-1], axis=1)
        found[enough] = top / np.nanmean(off * off, axis=1)
    return found


def _evenness(values: Floats, size: int, complete: float) -> Floats:
    """Return the greatest distance of a window's distribution from an even one (0 is even)."""
    found = np.full(len(values), np.nan)
    if len(values) <= size:
        return found
    windows = sliding_window_view(values, size)
    enough = np.flatnonzero(np.isfinite(windows).mean(axis=1) >= complete)
    part = np.sort(windows[enough], axis=1)  # NaN last
    count = np.isfinite(part).sum(axis=1)
    low, high = np.nanmin(part, axis=1), np.nanmax(part, axis=1)
    with np.errstate(all="ignore"):
        place = (part - low[:, None]) / (high - low)[:, None]
        rank = (np.arange(size)[None, :] + 0.5) / count[:, None]
        found[enough] = np.nanmax(np.abs(place - rank), axis=1)
    return found


def cut_at_limit(outlet: Outlet, line: Line, n: Numbers) -> Iterator[Hit]:
    """F04: values crowd just below the limit and lack just above it."""
    limit = line.facts.limit
    if limit is None:
        return
    values = line.converted if np.any(~np.isnan(line.converted)) else line.value
    near = line.normal & outlet.running(n["load"])
    below = near & (values > limit * (1 - n["band"])) & (values <= limit)
    above = near & (values > limit) & (values <= limit * (1 + n["band"]))
    size = outlet.steps(n["hours"], n["values"])
    step = max(size // 8, 1)
    marked = np.zeros(len(values), dtype=np.bool_)
    best = 1.0
    for begin in range(0, max(len(values) - size, 0) + 1, step):
        under, over = int(below[begin : begin + size].sum()), int(above[begin : begin + size].sum())
        chance = _half_or_less(over, under + over)
        if under >= n["least"] and chance < n["chance"] and over <= n["over"] * under:
            marked[begin : begin + size] = True
            best = min(best, chance)
    for begin, end in spans(marked):
        under, over = int(below[begin:end].sum()), int(above[begin:end].sum())
        score = -float(np.log10(max(best, 1e-300)))
        yield Hit("F04", line.item, begin, end, score, f"{under} : {over} at {limit:.6g}")


def _half_or_less(few: int, of: int) -> float:
    """Return the chance of so few or fewer out of ``of`` when both sides are as likely."""
    if of > 1000:
        of, few = 1000, few * 1000 // of
    return float(sum(comb(of, k) for k in range(few + 1)) / 2**of)


def equal_extremes(outlet: Outlet, line: Line, n: Numbers) -> Iterator[Hit]:
    """F12: minimum, mean and maximum of most records alike in an item that is noisy otherwise."""
    told = line.normal & ~np.isnan(line.low) & ~np.isnan(line.high)
    same = told & (line.low == line.value) & (line.high == line.value) & (line.value > 0)
    if not told.any() or same.sum() > n["usual"] * told.sum():
        return
    size = outlet.steps(n["hours"])
    often = share(same, size) >= n["share"]
    for begin, end in spans(covered(often, size) & (same | ~told), size, bridge=1):
        yield Hit(
            "F12", line.item, begin, end, (end - begin) / size, f"{int(same[begin:end].sum())}"
        )


def copied(outlet: Outlet, line: Line, n: Numbers) -> Iterator[Hit]:
    """F16: a day whose values are those of an earlier day, one by one."""
    days = outlet.day
    first = int(np.flatnonzero(np.diff(days, prepend=days[0] - 1))[0])
    per = DAY // outlet.step
    whole = (len(days) - first) // per
    if per < n["least"] or whole < 2:
        return
    value = _masked(line.value, line.normal)[first : first + whole * per].reshape(whole, per)
    for later in range(1, whole):
        known = ~np.isnan(value[later])
        if known.sum() < n["complete"] * per or len(np.unique(value[later][known])) < n["distinct"]:
            continue
        alike = (value[:later] == value[later]).sum(axis=1) / known.sum()
        chance = np.median(alike) if later > 1 else 0.0
        best = int(np.argmax(alike))
        if alike[best] >= n["share"] and alike[best] > n["times"] * chance:
            begin = first + later * per
            text = f"{alike[best]:.0%}, {later - best} d"
            yield Hit("F16", line.item, begin, begin + per, float(alike[best]), text)


def zero_plateau(outlet: Outlet, line: Line, n: Numbers) -> Iterator[Hit]:
    """F20: at or near nothing for hours while the plant runs."""
    held = line.normal & outlet.running(n["load"]) & _at_rest(line, n["rest"])
    least = outlet.steps(n["hours"], n["values"])
    for begin, end in spans(held, least, bridge=1):
        text = f"≤ {np.nanmax(line.value[begin:end]):.6g} × {end - begin}"
        yield Hit("F20", line.item, begin, end, (end - begin) / least, text)


def pinned(outlet: Outlet, line: Line, n: Numbers) -> Iterator[Hit]:
    """F22: at the top of the measuring range, or told to be beyond it, for some time."""
    top = line.facts.top
    if top is None:
        return
    held = (line.letter == "T") | (line.value >= n["part"] * top)
    least = outlet.steps(n["hours"], n["values"])
    for begin, end in spans(held, least, bridge=1):
        text = f"{np.nanmax(line.value[begin:end]):.6g} of {top:.6g}"
        yield Hit("F22", line.item, begin, end, (end - begin) / least, text)
