"""Plant patterns into series that are real: bare values, without the plant behind them.

For scoring checks on honest series of real instruments beside the same series with known
faults. Only patterns a bare series can show; what a plant would be needed for (O2, load,
facility, statistics of a record) is planted in simulated outlets alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from fenhe.base.errors import BadInput
from fenhe.simulator import noise
from fenhe.simulator.analysers import Mask
from fenhe.simulator.happenings import BEIJING, DAY, HOUR
from fenhe.simulator.noise import Floats, Ints
from fenhe.simulator.planted.plan import Planted, patterns
from fenhe.simulator.series import LABELS, moment_of

#: What a bare series can show, and over how many records where it is not told in hours.
ONE = ("F01", "F02", "F03", "F04", "F05", "F11", "F16", "F20", "F21", "F22")
JOINT = ("F07", "F09")
DAILY = {"short": (6, 14), "long": (40, 70)}
CEILING, TOP = 0.85, 0.999  # shares of the values that lie below
BAND = 0.02
GRAIN = 0.02


@dataclass
class _Scene:
    """One series while a pattern is laid over it."""

    seconds: Ints
    values: Floats
    active: Mask
    planted: Planted
    whole: Floats  # the series before anything was planted

    def before(self) -> Floats:
        """Return what was told shortly before."""
        first = int(np.argmax(self.active))
        return self.values[max(0, first - 12) : first + 1]


def able(step: float, items: int) -> tuple[str, ...]:
    """Return the patterns that series of a step (seconds) can show, of so many items together."""
    one = ONE if step < DAY else tuple(name for name in ONE if name != "F21")
    return (*one, *(JOINT if items > 1 else ()))


def deal(
    frame: pl.DataFrame, names: Sequence[str], *, seed: int, apart: float = 3.0
) -> tuple[Planted, ...]:
    """Choose where to plant: one case after the other in each site, with honest spans between.

    ``frame`` has site, item, start (naive UTC), value. A case is followed by ``apart`` times its
    length of nothing, so that a quarter of the time is planted at most. Raises ``BadInput`` for
    a pattern a bare series can not show.
    """
    for name in names:
        if name not in (*ONE, *JOINT):
            raise BadInput(f"{name} needs a plant behind the series; plant it in a simulated one")
    found: list[Planted] = []
    for site, part in frame.group_by("site", maintain_order=True):
        found += _of_site(str(site[0]), part, names, noise.key_of(seed, "onto", site[0]), apart)
    return tuple(found)


def onto(frame: pl.DataFrame, planted: Sequence[Planted]) -> pl.DataFrame:
    """Return the frame with the patterns in its values; rows of missing ones (F11) are gone.

    Values keep the digits of ``decimals`` where the frame has them.
    """
    whole = frame.with_row_index("_row").sort("site", "item", "start")
    seconds = whole["start"].dt.epoch("s").to_numpy()
    values = whole["value"].to_numpy().astype(np.float64, copy=True)
    before = values.copy()
    kept = np.ones(len(values), dtype=np.bool_)
    spans = _spans(whole)
    for one in planted:
        for item in one.items:
            if (one.site, item) not in spans:
                continue
            at = slice(*spans[one.site, item])
            active = (seconds[at] >= one.start) & (seconds[at] < one.end)
            if active.any():
                scene = _Scene(seconds[at], values[at], active, one, before[at])
                if one.pattern == "F11":
                    kept[at] &= ~_peaks(scene)
                else:
                    BENDS[one.pattern](scene)
    told = whole.with_columns(pl.Series("value", values))
    if "decimals" in told.columns:
        scale = pl.lit(10.0).pow(pl.col("decimals").cast(pl.Float64))
        digits = (pl.col("value") * scale).round() / scale
        told = told.with_columns(
            value=pl.when(pl.Series(values != before)).then(digits).otherwise(pl.col("value"))
        )
    return told.filter(pl.Series(kept)).sort("_row").drop("_row")


def labels(planted: Sequence[Planted]) -> pl.DataFrame:
    """Return the labels of what was planted, in the columns of the simulated ones."""
    rows = [
        (one.site, item, one.pattern, patterns()[one.pattern].name, moment_of(one.start),
         moment_of(one.end), round(one.strength, 3))
        for one in planted
        for item in one.items
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=LABELS, orient="row")


def _of_site(
    site: str, part: pl.DataFrame, names: Sequence[str], key: int, apart: float
) -> list[Planted]:
    items = sorted(part["item"].unique())
    starts = part["start"].unique().sort().dt.epoch("s").to_numpy()
    step = float(np.median(np.diff(starts))) if len(starts) > 1 else float(HOUR)
    deck = noise.shuffled(key, [name for name in names if name in able(step, len(items))])
    found: list[Planted] = []
    at = int(starts[0]) + int(14 * max(step, HOUR))
    number = 0
    while deck and at < starts[-1]:
        name = deck[number % len(deck)]
        length = _length(name, step, noise.key_of(key, number))
        if at + length > starts[-1]:
            break
        own = noise.key_of(key, number, name)
        chosen = items if name in JOINT else [items[int(noise.between(own, 1, 0, len(items)))]]
        strength = noise.between(own, 2, *patterns()[name].strength)
        found.append(Planted(site, name, tuple(chosen), at, at + length, strength, own))
        at += int(length * (1.0 + apart))
        number += 1
    return found


def _length(name: str, step: float, key: int) -> int:
    pattern = patterns()[name]
    if step < DAY:
        length = int(noise.between(key, 0, *pattern.hours)) * HOUR
        return length // DAY * DAY if name == "F16" else length
    return int(noise.between(key, 0, *DAILY[pattern.slot])) * DAY


def _spans(whole: pl.DataFrame) -> dict[tuple[str, str], tuple[int, int]]:
    counted = whole.group_by("site", "item", maintain_order=True).len()
    spans, at = {}, 0
    for site, item, count in counted.iter_rows():
        spans[site, item] = (at, at + count)
        at += count
    return spans


def _peaks(scene: _Scene) -> Mask:
    """Return most of the records in the top tenth of the span."""
    high = scene.values >= np.nanquantile(scene.values[scene.active], 0.9)
    lot = noise.uniform(scene.planted.key, scene.seconds) < scene.planted.strength
    return np.asarray(scene.active & high & lot, dtype=np.bool_)


def _constant(scene: _Scene) -> None:
    scene.values[scene.active] = scene.before()[-1]


def _quiet(scene: _Scene) -> None:
    middle = float(np.nanmedian(scene.before()))
    values = scene.values
    values[scene.active] = middle + (values[scene.active] - middle) * scene.planted.strength


def _random(scene: _Scene) -> None:
    middle = float(np.nanmedian(scene.before()))
    wave = 2.0 * noise.uniform(scene.planted.key, scene.seconds) - 1.0
    made = middle * (1.0 + scene.planted.strength * wave)
    scene.values[scene.active] = made[scene.active]


def _capped(scene: _Scene) -> None:
    """The ceiling lies in the upper part of the series; what is above comes just below."""
    ceiling = float(np.nanquantile(scene.whole, CEILING))
    nearer = scene.planted.strength * ceiling / max(float(np.nanmedian(scene.whole)), 1e-12)
    values = scene.values * nearer
    just = ceiling * (1.0 - BAND * noise.uniform(scene.planted.key, scene.seconds))
    scene.values[scene.active] = np.minimum(values, just)[scene.active]


def _scaled(scene: _Scene) -> None:
    scene.values[scene.active] *= scene.planted.strength


def _copied(scene: _Scene) -> None:
    """Records of some days before stand again, in their order."""
    count = int(scene.active.sum())
    first = int(np.argmax(scene.active))
    back = max(count, 1)
    if first >= back:
        scene.values[scene.active] = scene.values[first - back : first - back + count]


def _zero(scene: _Scene) -> None:
    size = GRAIN * float(np.nanmedian(np.abs(scene.whole)))
    chance = np.abs(noise.normal(scene.planted.key, scene.seconds))
    scene.values[scene.active] = (scene.planted.strength * size * chance)[scene.active]


def _office(scene: _Scene) -> None:
    hour = (scene.seconds + BEIJING) % DAY / HOUR
    scene.values[scene.active & (hour >= 8) & (hour < 18)] *= scene.planted.strength


def _pinned(scene: _Scene) -> None:
    scene.values[scene.active] = float(np.nanquantile(scene.whole, TOP))


BENDS: Mapping[str, Callable[[_Scene], None]] = {
    "F01": _constant,
    "F02": _quiet,
    "F03": _random,
    "F04": _capped,
    "F05": _scaled,
    "F07": _scaled,
    "F09": _scaled,
    "F16": _copied,
    "F20": _zero,
    "F21": _office,
    "F22": _pinned,
}
