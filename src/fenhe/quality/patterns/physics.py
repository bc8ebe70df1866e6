"""Patterns against the laws that tie the items of one outlet: F06, F07, F09, F13, F14."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from fenhe.quality.patterns.hits import Hit, spans
from fenhe.quality.patterns.outlet import HOUR, Line, Outlet
from fenhe.quality.points import Bools, Floats

Numbers = Mapping[str, float]
OXYGEN, FLOW = "a19001", "w00000"
GASES = ("a21026", "a21002", "a21005")  # SO2, NOx, CO: what burning makes
O2_OF_AIR = 21.0  # per cent, as the rule of conversion writes it


def expected(outlet: Outlet, line: Line, classes: int) -> Floats:
    """Return the usual value of an item at the load of each step: the median of its class.

    Without a load, the median of all. Classes hold about as many steps each.
    """
    good = line.normal
    if not good.any():
        return np.full(len(line.value), np.nan)
    load = outlet.load
    if load is None or np.isnan(load).all():
        return np.full(len(line.value), float(np.median(line.value[good])))
    edges = np.nanquantile(load, np.linspace(0, 1, classes + 1)[1:-1])
    group = np.digitize(load, edges)
    found = np.full(len(line.value), np.nan)
    for number in range(classes):
        mine = good & (group == number)
        if mine.any():
            found[group == number] = np.median(line.value[mine])
    return found


def _scale(off: Floats, good: Bools) -> float:
    """Return the usual size of deviations: the median, as of a normal distribution."""
    return float(1.4826 * np.median(np.abs(off[good]))) if good.any() else float("nan")


def oxygen_dilution(outlet: Outlet, n: Numbers) -> Iterator[Hit]:
    """F06: oxygen of the stack rises toward that of air while load goes on."""
    line = outlet.lines.get(OXYGEN)
    if line is None or outlet.water:
        return
    good = line.normal & outlet.running(n["load"])
    off = line.value - expected(outlet, line, int(n["classes"]))
    wide = _scale(off, good)
    far = (line.value > n["high"]) | (off > n["times"] * wide)
    risen = good & far & (off > n["least"])
    for begin, end in spans(risen, outlet.steps(n["hours"]), bridge=outlet.steps(n["bridge"])):
        rise = float(np.nanmedian(off[begin:end]))
        text = f"+{rise:.2f} %, usual ± {wide:.2f}"
        for item in (OXYGEN, *(one.item for one in outlet.pollutants)):
            yield Hit("F06", item, begin, end, rise / max(wide, 1e-9), text)


def gases_without_load(outlet: Outlet, n: Numbers) -> Iterator[Hit]:
    """F07: the gases of burning (SO2 and NOx, else CO for one of them) near nothing at load,
    and oxygen as usual.
    """
    told = [outlet.lines[code] for code in GASES if code in outlet.lines]
    if len(told) > 1:
        yield from _both_low(outlet, told[0], told[1], n)


def _both_low(outlet: Outlet, one: Line, other: Line, n: Numbers) -> Iterator[Hit]:
    low = outlet.running(n["load"])
    parts = []
    for line in (one, other):
        usual = expected(outlet, line, int(n["classes"]))
        parts.append(line.value / np.where(usual > 0, usual, np.nan))
        low = low & line.normal & (parts[-1] < n["part"])
    oxygen = outlet.lines.get(OXYGEN)
    if oxygen is not None:
        low &= ~(oxygen.value - expected(outlet, oxygen, int(n["classes"])) > n["oxygen"])
    least = outlet.steps(n["hours"])
    for begin, end in spans(low, least, bridge=outlet.steps(n["bridge"])):
        left = float(max(np.nanmedian(part[begin:end]) for part in parts))
        for line in (one, other):
            yield Hit("F07", line.item, begin, end, 1 - left, f"{left:.0%}")


def diluted_water(outlet: Outlet, n: Numbers) -> Iterator[Hit]:
    """F09: all pollutants of a water outlet fall together while the flow stays."""
    lines = outlet.pollutants
    if not outlet.water or len(lines) < n["least"]:
        return
    size = outlet.steps(n["before"], n["values"])
    fallen = np.zeros((len(lines), len(outlet.start)), dtype=np.bool_)
    known = np.zeros_like(fallen)
    for row, line in enumerate(lines):
        value = np.where(line.normal, line.value, np.nan)
        if np.isnan(value).all():
            continue
        usual = _before(value, size)
        usual[np.isnan(usual)] = np.nanmedian(value)  # at the beginning nothing lies before
        known[row] = line.normal & ~np.isnan(usual)
        fallen[row] = known[row] & (line.value < n["part"] * usual)
    flow = outlet.lines.get(FLOW)
    steady = np.ones(len(outlet.start), dtype=np.bool_)
    if flow is not None:
        steady = ~(np.abs(flow.value / _before(flow.value, size) - 1) > n["flow"])
    joint = (fallen.sum(axis=0) >= n["least"]) & (fallen.sum(axis=0) >= known.sum(axis=0)) & steady
    for begin, end in spans(joint, outlet.steps(n["hours"]), bridge=outlet.steps(n["bridge"])):
        for row, line in enumerate(lines):
            if fallen[row, begin:end].any():
                yield Hit("F09", line.item, begin, end, float(fallen[:, begin:end].mean()), "")


def _before(values: Floats, size: int) -> Floats:
    """Return the median of up to ``size`` known values before each step.

    A span that falls does not become its own measure: the window ends a window earlier where
    the later one is lower.
    """
    found = np.full(len(values), np.nan)
    padded = np.concatenate([np.full(size, np.nan), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, size)[: len(values)]
    enough = np.isfinite(windows).sum(axis=1) >= size // 4
    found[enough] = np.nanmedian(windows[enough], axis=1)
    earlier = np.concatenate([np.full(size, np.nan), found[:-size]]) if len(found) > size else found
    return np.asarray(np.fmax(found, earlier))


def mean_mismatch(outlet: Outlet, n: Numbers) -> Iterator[Hit]:
    """F13: the logger's hourly mean is not the mean of what it told within the hour."""
    per = HOUR // outlet.step
    if per < 2:
        return
    for line in outlet.pollutants:
        told = outlet.hours.get(line.item)
        if told is None:
            continue
        digit = _digit(told[1])
        off = np.zeros(len(outlet.start), dtype=np.bool_)
        worst = np.full(len(outlet.start), np.nan)
        places = (told[0] - outlet.start[0]) // outlet.step
        for place, hourly in zip(places.tolist(), told[1].tolist(), strict=True):
            part = slice(place, place + per)
            inside = line.value[part][line.normal[part]]
            if place < 0 or len(inside) < n["complete"] * per:
                continue
            mean = inside.mean()
            beyond = abs(hourly - mean) > max(n["part"] * mean, n["digits"] * digit)
            if mean > 0 and beyond:
                off[part] = True
                worst[part] = hourly / mean - 1
        for begin, end in spans(off, int(n["hours"] * per), bridge=int(n["bridge"] * per)):
            middle = float(np.nanmedian(worst[begin:end]))
            yield Hit("F13", line.item, begin, end, abs(middle), f"{middle:+.1%}")


def _digit(values: Floats) -> float:
    """Return the last digit values are written with: the least step between any two."""
    steps = np.diff(np.unique(values[~np.isnan(values)]))
    return float(steps.min()) if len(steps) else 0.0


def conversion_mismatch(outlet: Outlet, n: Numbers) -> Iterator[Hit]:
    """F14: the converted value is not the value times (21 - reference) / (21 - oxygen)."""
    oxygen, reference = outlet.lines.get(OXYGEN), outlet.reference_o2
    if oxygen is None or reference is None:
        return
    room = O2_OF_AIR - oxygen.value
    for line in outlet.pollutants:
        with np.errstate(all="ignore"):
            right = line.value * (O2_OF_AIR - reference) / np.where(room > n["room"], room, np.nan)
            off = line.converted / np.where(right > 0, right, np.nan) - 1
        bad = line.normal & oxygen.normal & (np.abs(off) > n["part"])
        big = np.abs(line.converted - right) > n["least"]
        for begin, end in spans(
            bad & big, outlet.steps(n["hours"]), bridge=outlet.steps(n["bridge"])
        ):
            middle = float(np.nanmedian(off[begin:end]))
            yield Hit("F14", line.item, begin, end, abs(middle), f"{middle:+.1%}")
