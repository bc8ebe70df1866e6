"""What a logger makes of readings: real-time, minute, hour and day records.

The mean, least and largest of what is valid, totals and converted values by HJ 212-2017
appendix D, and one letter: gas keeps N when three quarters of the period were normal, water
only when all of it was; else D, or the one letter the whole period carries (appendix C).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fenhe.simulator import formulas
from fenhe.simulator.analysers import ABSENT, FAULT, NORMAL, Letters, Mask, Measured
from fenhe.simulator.fleet import Site
from fenhe.simulator.items import Item
from fenhe.simulator.noise import Floats, Ints
from fenhe.simulator.planted import bends
from fenhe.simulator.planted.plan import Planted
from fenhe.simulator.simulation import Readings, Simulation

STEP = 30  # seconds between two samples of a logger
HOUR, DAY = 3_600, 86_400
MOSTLY = 0.75
MASS_DECIMALS = 4
VOLUME_DECIMALS = 2


@dataclass
class Columns:
    """Records of one item over equal periods, one element each; NaN where there is none.

    Keys of ``fields``: avg, min, max, sum, zs, zs_min, zs_max; for real-time avg and zs alone.
    """

    item: Item
    starts: Ints
    seconds: int
    letters: Letters
    fields: dict[str, Floats] = field(default_factory=dict)

    def present(self) -> Mask:
        """Return which periods have a record of the item."""
        return np.asarray(self.letters != ABSENT, dtype=np.bool_)


@dataclass
class Batch:
    """Records of all items of a site over equal periods, in the order they are told."""

    site: Site
    seconds: int  # 0: real-time
    starts: Ints
    columns: dict[str, Columns]
    readings: Readings
    planted: list[Planted]


def realtime(sim: Simulation, site: Site, start: int, end: int, *, every: int) -> Batch:
    """Return the instants from ``start`` (UTC seconds), ``every`` so many, before ``end``."""
    instants = np.arange(start, end, every, dtype=np.int64)
    readings = sim.readings(site, instants)
    columns = {
        code: Columns(item, instants, 0, readings.told[code].letters, {"avg": _of(readings, code)})
        for code, item in sim.all_items[site.key].items()
    }
    batch = Batch(site, 0, instants, columns, readings, sim.planted_at(site, start, end))
    reference = _reference_o2(site)
    for one in columns.values():
        if one.item.converts and reference is not None:
            told = formulas.converted(one.fields["avg"], _of(readings, "a19001"), reference)
            one.fields["zs"] = told * _false_factor(batch)
    return batch


def periods(
    sim: Simulation, site: Site, start: int, end: int, *, seconds: int, step: int = STEP
) -> Batch:
    """Return the records of whole periods from ``start``: minutes or hours, of samples."""
    count = (end - start) // seconds
    readings = sim.readings(site, np.arange(start, start + count * seconds, step, dtype=np.int64))
    starts = start + seconds * np.arange(count, dtype=np.int64)
    columns = {
        code: _folded(site, item, readings.told[code], starts, seconds)
        for code, item in sim.all_items[site.key].items()
    }
    _weigh(columns, readings)
    planted = sim.planted_at(site, start, end)
    batch = Batch(site, seconds, starts, columns, readings, planted)
    _edit_means(batch)
    _totals(batch)
    _convert(batch)
    _level(batch)
    return batch


def day_of_hours(sim: Simulation, hours: Batch) -> Batch:
    """Return day records of whole days of hour records."""
    columns: dict[str, Columns] = {}
    for code, one in hours.columns.items():
        shape = (-1, DAY // HOUR)
        letters = one.letters.reshape(shape)
        normal = letters == NORMAL
        used = np.where(normal.any(axis=1, keepdims=True), normal, letters != ABSENT)
        made = Columns(
            one.item,
            one.starts.reshape(shape)[:, 0],
            DAY,
            _rolled_up(letters, hours.site.outlet.medium == "gas"),
        )
        for name, values in one.fields.items():
            made.fields[name] = _by_day(name, values.reshape(shape), used)
        if one.item.kind == "pollutant" and "w00000" in hours.columns:
            made.fields["avg"] = _weighted_day(made, hours.columns["w00000"], used)
        columns[code] = made
    starts = hours.starts[:: DAY // HOUR]
    return Batch(hours.site, DAY, starts, columns, hours.readings, hours.planted)


def rounded(name: str, item: Item) -> int:
    """Return the decimals a field of an item is told with."""
    if name != "sum":
        return item.decimals
    return VOLUME_DECIMALS if item.kind == "flow" else MASS_DECIMALS


def _of(readings: Readings, code: str) -> Floats:
    told = readings.told[code]
    return np.where(told.letters == ABSENT, np.nan, told.values)


def _by_day(name: str, values: Floats, used: Mask) -> Floats:
    there = np.where(used & np.isfinite(values), values, np.nan)
    some = np.isfinite(there).any(axis=1)
    made = np.full(len(values), np.nan)
    kept = there[some]
    if name.endswith("min"):
        made[some] = np.nanmin(kept, axis=1)
    elif name.endswith("max"):
        made[some] = np.nanmax(kept, axis=1)
    elif name == "sum":
        made[some] = np.nansum(kept, axis=1)
    else:
        made[some] = np.nanmean(kept, axis=1)
    return made


def _weighted_day(made: Columns, flow: Columns, used: Mask) -> Floats:
    volumes = np.nan_to_num(flow.fields["sum"]).reshape(used.shape)
    volume = np.where(used, volumes, 0.0).sum(axis=1)
    mean = 1000.0 * made.fields["sum"] / np.where(volume > 0, volume, 1.0)
    return np.where(volume > 0, mean, made.fields["avg"])


def _folded(site: Site, item: Item, told: Measured, starts: Ints, seconds: int) -> Columns:
    shape = (len(starts), -1)
    letters, values = told.letters.reshape(shape), told.values.reshape(shape)
    normal = letters == NORMAL
    used = np.where(normal.any(axis=1, keepdims=True), normal, letters != ABSENT)
    some = used.any(axis=1)
    columns = Columns(item, starts, seconds, _rolled_up(letters, site.outlet.medium == "gas"))
    count = np.where(some, used.sum(axis=1), 1)
    mean = np.where(used, values, 0.0).sum(axis=1) / count
    least = np.where(used, values, np.inf).min(axis=1)
    largest = np.where(used, values, -np.inf).max(axis=1)
    for name, told_values in (("avg", mean), ("min", least), ("max", largest)):
        columns.fields[name] = np.where(some, told_values, np.nan)
    return columns


def _rolled_up(letters: Letters, gas: bool) -> Letters:
    normal = (letters == NORMAL).mean(axis=1) >= (MOSTLY if gas else 1.0)
    there = letters != ABSENT
    largest = np.where(there, letters, 0).max(axis=1)
    least = np.where(there, letters, 255).min(axis=1)
    one = np.where(least == largest, largest, FAULT)
    # a period that lost samples but was normal otherwise stays normal for water as well
    good = normal | (one == NORMAL)
    rolled = np.where(good, NORMAL, one)
    return np.where(there.any(axis=1), rolled, ABSENT).astype(np.uint8)


def _weigh(columns: dict[str, Columns], readings: Readings) -> None:
    """The mean of water is weighted by flow: C = 1000 G / D (HJ 356); plain where none flows."""
    if "w00000" not in columns:
        return
    for code, one in columns.items():
        if one.item.kind != "pollutant":
            continue
        shape = (len(one.starts), -1)
        told = readings.told[code]
        letters = told.letters.reshape(shape)
        normal = letters == NORMAL
        used = np.where(normal.any(axis=1, keepdims=True), normal, letters != ABSENT)
        flow = np.where(used, readings.told["w00000"].values.reshape(shape), 0.0)
        volume = flow.sum(axis=1)
        mass = (flow * told.values.reshape(shape)).sum(axis=1)
        mean = mass / np.where(volume > 0, volume, 1.0)
        one.fields["avg"] = np.where(volume > 0, mean, one.fields["avg"])


def _edit_means(batch: Batch) -> None:
    """F13: the hourly mean is edited, the minutes it is of are not."""
    for one in batch.planted:
        if one.pattern == "F13" and batch.seconds == HOUR:
            active = (batch.starts >= one.start) & (batch.starts < one.end)
            for code in one.items:
                batch.columns[code].fields["avg"][active] *= one.strength


def _level(batch: Batch) -> None:
    """F12: least and largest are told as the mean."""
    for one in batch.planted:
        if one.pattern != "F12":
            continue
        active = (batch.starts >= one.start) & (batch.starts < one.end)
        for code in one.items:
            fields = batch.columns[code].fields
            for least, mean, most in (("min", "avg", "max"), ("zs_min", "zs", "zs_max")):
                if mean in fields:
                    fields[least][active] = fields[most][active] = fields[mean][active]


def _totals(batch: Batch) -> None:
    """Volume and mass of each period, from its mean concentration and mean flow."""
    gas = "a00000" in batch.columns
    flow = batch.columns["a00000" if gas else "w00000"].fields
    mean = np.nan_to_num(flow["avg"])
    seconds = batch.seconds
    flow["sum"] = mean * seconds if gas else formulas.water_volume(mean, seconds)
    for one in batch.columns.values():
        if one.item.kind != "pollutant":
            continue
        if gas:
            one.fields["sum"] = formulas.gas_mass(one.fields["avg"], mean, seconds)
        else:
            one.fields["sum"] = formulas.water_mass(one.fields["avg"], flow["sum"])


def _convert(batch: Batch) -> None:
    """Converted values: the mean from the means, the extremes from the samples."""
    reference = _reference_o2(batch.site)
    if reference is None:
        return
    factor = _false_factor(batch)
    shape = (len(batch.starts), -1)
    o2 = batch.readings.told["a19001"].values
    mean_o2 = batch.columns["a19001"].fields["avg"]
    for code, one in batch.columns.items():
        if not one.item.converts:
            continue
        told = batch.readings.told[code]
        samples = formulas.converted(told.values, o2, reference).reshape(shape)
        normal = (told.letters == NORMAL).reshape(shape)
        there = np.isfinite(samples) & (normal | ~normal.any(axis=1, keepdims=True))
        some = there.any(axis=1)
        mean = formulas.converted(one.fields["avg"], mean_o2, reference)
        least = np.where(some, np.where(there, samples, np.inf).min(axis=1), np.nan)
        most = np.where(some, np.where(there, samples, -np.inf).max(axis=1), np.nan)
        # the mean from means may lie a hair outside of the extremes of samples
        one.fields["zs"] = mean * factor
        one.fields["zs_min"] = np.fmin(least, mean) * factor
        one.fields["zs_max"] = np.fmax(most, mean) * factor


def _reference_o2(site: Site) -> float | None:
    return None if site.outlet.stack is None else site.outlet.stack.reference_o2


def _false_factor(batch: Batch) -> Floats:
    """Return the factor on converted values: not 1 where another reference is used (F14)."""
    told = np.ones(batch.starts.shape)
    for one in batch.planted:
        if one.pattern == "F14":
            active = (batch.starts >= one.start) & (batch.starts < one.end)
            told[active] = bends.converted_by(batch.site, one)
    return told
