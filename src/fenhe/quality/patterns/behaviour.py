"""Patterns of behaviour, over days: F10, F11, F15, F19, F21."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import exp, lgamma

import numpy as np

from fenhe.quality.patterns.hits import Hit, spans
from fenhe.quality.patterns.outlet import HOUR, Line, Outlet
from fenhe.quality.patterns.physics import expected
from fenhe.quality.points import Bools, Floats, Ints

Numbers = Mapping[str, float]
_DAYS_OF_WEEK = 7
_MONDAY = 4  # days since 1970-01-01, a Thursday, of the first Monday
_WORKDAYS = 5
_TOLD = 0.5  # share of steps an item must tell to speak for the process


def calibrating_at_peaks(outlet: Outlet, line: Line, n: Numbers) -> Iterator[Hit]:
    """F10: calibration and maintenance come when the process peaks."""
    at_work = (line.letter == "C") | (line.letter == "M")
    yield from _at_peaks(outlet, line, at_work, n, "F10")


def missing_at_peaks(outlet: Outlet, line: Line, n: Numbers) -> Iterator[Hit]:
    """F11: values lack when the process peaks, though the outlet tells others meanwhile."""
    others = [one.value for one in outlet.lines.values() if one.item != line.item]
    heard = np.any([~np.isnan(one) for one in others], axis=0) if others else False
    lacking = np.isnan(line.value) & heard
    yield from _at_peaks(outlet, line, np.asarray(lacking), n, "F11")


def _at_peaks(outlet: Outlet, line: Line, event: Bools, n: Numbers, name: str) -> Iterator[Hit]:
    """Compare how often an event begins in the top of the process and elsewhere, by windows."""
    begins = event.copy()
    begins[1:] &= ~event[:-1]
    begins &= ~_daily(outlet, begins, n["daily"])
    if begins.sum() < n["least"]:
        return
    known = list(_processes(outlet, line))
    found = [_by_windows(outlet, begins, proxy, n, n["chance"] / len(known)) for proxy in known]
    marked, best = min(found, key=lambda one: one[1], default=(np.zeros(0, dtype=np.bool_), 1.0))
    for begin, end in spans(marked):
        score = -float(np.log10(max(best, 1e-300)))
        yield Hit(name, line.item, begin, end, score, f"{int(begins[begin:end].sum())}")


def _by_windows(
    outlet: Outlet, begins: Bools, proxy: Floats, n: Numbers, most: float
) -> tuple[Bools, float]:
    """Return the windows in which events crowd at the top of the process, and the least chance."""
    high = proxy >= np.nanquantile(proxy, 1 - n["top"])
    near = _around(high, outlet.steps(n["slack"]))
    size = outlet.steps(24 * n["days"])
    stride = max(size // 4, 1)
    marked = np.zeros(len(begins), dtype=np.bool_)
    best = 1.0
    for begin in range(0, max(len(begins) - size, 0) + 1, stride):
        part = slice(begin, begin + size)
        hit, all_events = int((begins & near)[part].sum()), int(begins[part].sum())
        chance = _at_least(hit, all_events, float(near[part].mean()))
        if (
            hit >= n["least"]
            and chance < n["chance"]
            and hit > n["ratio"] * near[part].mean() * all_events
        ):
            marked[part] = True
            best = min(best, chance)
    return marked, best


def _daily(outlet: Outlet, begins: Bools, share: float) -> Bools:
    """Return the events at an hour at which most days have one: a daily check by the clock."""
    days = len(np.unique(outlet.day))
    usual = np.zeros(24, dtype=np.bool_)
    for hour in range(24):
        usual[hour] = len(np.unique(outlet.day[begins & (outlet.hour == hour)])) > share * days
    return np.asarray(usual[outlet.hour])


def _processes(outlet: Outlet, line: Line) -> Iterator[Floats]:
    """Yield what tells how hard the process works: load, what comes in, the item's last values."""
    measured = {one.item for one in outlet.pollutants}
    for other in outlet.lines.values():
        if other.item not in measured and np.isfinite(other.value).mean() > _TOLD:
            yield other.value
    value = np.where(line.normal, line.value, np.nan)
    known = np.flatnonzero(~np.isnan(value))
    if len(known):
        last = np.searchsorted(known, np.arange(len(value)), side="left") - 1
        yield np.where(last >= 0, value[known[np.maximum(last, 0)]], np.nan)


def _around(mask: Bools, steps: int) -> Bools:
    wide = mask.copy()
    for back in range(1, steps + 1):
        wide[back:] |= mask[:-back]
        wide[:-back] |= mask[back:]
    return wide


def _at_least(hit: int, of: int, chance: float) -> float:
    """Return the chance of ``hit`` or more out of ``of`` when each comes with ``chance``."""
    if hit <= 0 or chance >= 1:
        return 1.0
    if chance <= 0:
        return 0.0
    log, other = np.log(chance), np.log1p(-chance)
    terms = (
        lgamma(of + 1) - lgamma(k + 1) - lgamma(of - k + 1) + k * log + (of - k) * other
        for k in range(hit, of + 1)
    )
    return float(min(sum(exp(term) for term in terms), 1.0))


def backdated(outlet: Outlet, line: Line, n: Numbers) -> Iterator[Hit]:
    """F15: many old records in one burst, of a time in which the logger was connected."""
    late = line.lag > n["lag"] * HOUR
    for begin, end in outlet.away:
        late &= ~(
            (outlet.start + outlet.step > begin - n["slack"] * HOUR)
            & (outlet.start < end + n["slack"] * HOUR)
        )
    arrived = outlet.start + outlet.step + np.nan_to_num(line.lag).astype(np.int64)
    for begin, end in spans(late, int(n["least"]), bridge=2):
        told = arrived[begin:end][late[begin:end]]
        if np.ptp(told) <= n["burst"] * HOUR:
            yield Hit("F15", line.item, begin, end, float(end - begin), f"{end - begin}")


def flag_abuse(outlet: Outlet, line: Line, n: Numbers) -> Iterator[Hit]:
    """F19: far more of the time under M, C, D or F than this outlet usually has."""
    said = np.isin(line.letter, ["M", "C", "D", "F"]) & outlet.running(n["load"])
    place = np.unique(outlet.day, return_inverse=True)[1]
    due = np.bincount(place)
    shares = np.bincount(place, weights=said) / due
    usual = float(np.quantile(shares, n["usual"]))
    often = _smooth(shares, int(n["days"])) > max(n["share"], n["times"] * usual)
    for begin, end in spans(often, int(n["days"])):
        first, last = _steps_of(place, begin, end)
        part = float(shares[begin:end].mean())
        yield Hit(
            "F19", line.item, first, last, part / max(usual, 0.01), f"{part:.0%} : {usual:.0%}"
        )


def _smooth(shares: Floats, days: int) -> Floats:
    """Return the mean of the days around each day."""
    kernel = np.ones(days) / days
    return np.convolve(
        np.pad(shares, (days // 2, days - 1 - days // 2), mode="edge"), kernel, "valid"
    )


def _steps_of(place: Ints, begin: int, end: int) -> tuple[int, int]:
    inside = np.flatnonzero((place >= begin) & (place < end))
    return int(inside[0]), int(inside[-1]) + 1


def office_hours(outlet: Outlet, line: Line, n: Numbers) -> Iterator[Hit]:
    """F21: lower in office hours of workdays, against the load, but not on other days."""
    usual = expected(outlet, line, int(n["classes"]))
    part = np.where(
        line.normal & outlet.running(n["load"]),
        line.value / np.where(usual > 0, usual, np.nan),
        np.nan,
    )
    days, place = np.unique(outlet.day, return_inverse=True)
    office = (outlet.hour >= n["from"]) & (outlet.hour < n["to"])
    contrast = np.full(len(days), np.nan)
    for number in range(len(days)):
        mine = place == number
        inside, outside = part[mine & office], part[mine & ~office]
        if np.isfinite(inside).sum() >= 6 and np.isfinite(outside).sum() >= 6:
            contrast[number] = np.nanmedian(inside) / np.nanmedian(outside)
    workday = (days - _MONDAY) % _DAYS_OF_WEEK < _WORKDAYS
    low = workday & (contrast < n["part"])
    size = int(n["days"])
    marked = np.zeros(len(days), dtype=np.bool_)
    for begin in range(max(len(days) - size, 0) + 1):
        week = slice(begin, begin + size)
        known = workday[week] & np.isfinite(contrast[week])
        rest = ~workday[week] & np.isfinite(contrast[week])
        free = np.nanmedian(contrast[week][rest]) if rest.any() else 1.0
        if known.sum() >= n["least"] and low[week][known].mean() >= n["share"] and free > n["free"]:
            marked[week] = True
    for begin, end in spans(marked):
        first, last = _steps_of(place, begin, end)
        middle = float(np.nanmedian(contrast[begin:end][workday[begin:end]]))
        yield Hit("F21", line.item, first, last, 1 - middle, f"{middle:.0%}")
