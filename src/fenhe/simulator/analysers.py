"""What the analysers make of the truth: noise, drift, calibration, blow-back, cycles, ranges.

Flags are the letters of HJ 212-2017; ``~`` is a sample that never came to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fenhe.simulator.fleet import Site
from fenhe.simulator.happenings import BEIJING, DAY, HOUR, Happening
from fenhe.simulator.items import Item
from fenhe.simulator.noise import Floats, Ints, normal, wander

Letters = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
NORMAL, ABSENT = ord("N"), ord("~")
MAINTENANCE, CALIBRATION, FAULT, LINK, OVER, OUT = (ord(one) for one in "MCDBTF")
SPAN_GAS = 0.8  # of the range
ANALYSIS_MINUTES = 40  # until a water analyser has its result


@dataclass
class Measured:
    """What one item's analyser told: a value and a letter for each instant."""

    values: Floats
    letters: Letters


def gas_span(site: Site, seconds: Ints) -> tuple[Mask, Mask]:
    """Return where the analysers see zero gas and where span gas: their own daily check."""
    told = site.outlet.instrument
    if told.calibration_hour < 0 or site.outlet.medium != "gas":
        return np.zeros(seconds.shape, bool), np.zeros(seconds.shape, bool)
    since = (seconds + BEIJING - told.calibration_hour * HOUR) % DAY
    zero = since < told.calibration_minutes * 30
    return zero, ~zero & (since < told.calibration_minutes * 60)


def blowing_back(site: Site, seconds: Ints) -> Mask:
    """Return where the probes are blown free; the last value is held meanwhile."""
    told = site.outlet.instrument
    if not told.blow_back_hours:
        return np.zeros(seconds.shape, bool)
    since = (seconds + BEIJING) % int(told.blow_back_hours * HOUR)
    return since < told.blow_back_minutes * 60


def seen_at(site: Site, item: Item, seconds: Ints) -> Ints:
    """Return the instants whose truth the readings of ``seconds`` show.

    A gas analyser shows the moment, and while blown back the moment before. A water analyser
    shows the sample of its last finished cycle, so that readings repeat for hours.
    """
    if site.outlet.water is not None and item.kind == "pollutant":
        cycle = site.outlet.water.cycle_minutes * 60
        return (seconds - ANALYSIS_MINUTES * 60 + BEIJING) // cycle * cycle - BEIJING
    if site.outlet.medium == "gas" and item.kind == "pollutant":
        told = site.outlet.instrument
        period = int(told.blow_back_hours * HOUR) or DAY
        begun = (seconds + BEIJING) // period * period - BEIJING
        return np.where(blowing_back(site, seconds), begun - 1, seconds)
    return seconds


def measure(site: Site, item: Item, seen: Floats, at: Ints, seconds: Ints) -> Measured:
    """Return readings of an item; ``seen`` is the truth at the instants ``at``."""
    values = seen + item.noise * normal(site.noise_key("noise", item.code), at)
    letters = np.full(seconds.shape, NORMAL, dtype=np.uint8)
    if item.kind == "pollutant" or item.code == "a19001":
        values = values * (1.0 + _drift(site, item, seconds))
    if item.pollutant is not None:
        top = item.pollutant.top
        over = values > top
        values, letters = np.where(over, top, values), np.where(over, OVER, letters)
        values, letters = _checked(site, seconds, values, letters, top)
    if item.kind != "state" or item.code in {"a19001", "a01011", "a01014", "w01001"}:
        values = np.clip(values, 0.0, None)
    return Measured(values, letters.astype(np.uint8))


def _drift(site: Site, item: Item, seconds: Ints) -> Floats:
    """Return the gain error: grows from each check to the next, with a slow mind of its own."""
    told = site.outlet.instrument
    since = (seconds + BEIJING - max(told.calibration_hour, 0) * HOUR) % DAY / DAY
    way = wander(site.noise_key("drift", item.code), seconds, (5.0 * DAY,))
    return np.asarray(told.drift * since * way, dtype=np.float64)


def _checked(
    site: Site, seconds: Ints, values: Floats, letters: Letters, top: float
) -> tuple[Floats, Letters]:
    zero, span = gas_span(site, seconds)
    values = np.where(zero, np.abs(values) * 0.002, np.where(span, SPAN_GAS * top, values))
    letters = np.where(zero | span, CALIBRATION, letters)
    if site.outlet.medium == "gas":
        letters = np.where(blowing_back(site, seconds), MAINTENANCE, letters)
    return values, letters


def disturb(
    site: Site, item: Item, told: Measured, seconds: Ints, happenings: Sequence[Happening]
) -> None:
    """Lay maintenance, faults, lost links, stops and power cuts over the readings, in place."""
    for one in happenings:
        active = one.active(seconds)
        if not active.any():
            continue
        if one.kind == "maintenance" and item.kind == "pollutant":
            told.values[active] *= 0.1
            told.letters[active] = MAINTENANCE
        elif one.kind == "fault" and item.kind == "pollutant":
            told.values[active] = 0.0
            told.letters[active] = FAULT
        elif one.kind == "link" and item.kind != "process":
            told.values[active] = told.values[active][0]  # the logger repeats what it last heard
            told.letters[active] = LINK
        elif one.kind == "stopped" and site.edition == 2005:
            told.letters[active] = OUT  # 2005: the source stands still
        elif one.kind == "power":
            told.letters[active] = ABSENT
