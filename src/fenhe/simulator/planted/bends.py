"""How each pattern bends the truth, the readings, or the records made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from fenhe.simulator import formulas
from fenhe.simulator.analysers import ABSENT, CALIBRATION, NORMAL, OVER, Mask, Measured
from fenhe.simulator.fleet import Site
from fenhe.simulator.happenings import BEIJING, DAY, HOUR
from fenhe.simulator.items import Item
from fenhe.simulator.noise import Floats, Ints, normal, uniform
from fenhe.simulator.planted.plan import Planted
from fenhe.simulator.process import O2_OF_AIR, Truth

BAND = 0.02  # of the ceiling, below it: where capped values come to lie
OFFICE = (8, 18)  # hours of Beijing
TOO_GOOD = 4e-4  # of what comes in, let through
NO_EFFECT = (0.72, 0.92)
ABUSED = np.frombuffer(b"MCDF", dtype=np.uint8)


@dataclass(frozen=True)
class Typical:
    """What an outlet told before a pattern began, by item; and the hours of its peaks."""

    last: Mapping[str, float]
    middle: Mapping[str, float]
    middle_over_all: Mapping[str, float]  # of the truth during the pattern, converted
    peaks: Ints  # hours since 1970 in the top tenth of the truth


@dataclass
class Scene:
    """What a bend of readings works on: one span of one outlet, changed in place."""

    site: Site
    planted: Planted
    seconds: Ints
    active: Mask
    told: dict[str, Measured]
    items: Mapping[str, Item]
    typical: Typical
    copied: Callable[[Ints], dict[str, Measured]]  # what was told at other instants

    def chosen(self) -> list[Measured]:
        """Return the readings of the items the pattern is about."""
        return [self.told[code] for code in self.planted.items if code in self.told]

    def slot(self) -> Ints:
        """Return a number for each minute record of the logger."""
        return self.seconds // (self.site.minute * 60)


# ---- the truth itself -------------------------------------------------------------------


def bend_truth(site: Site, planted: Planted, told: Truth, typical: Typical | None) -> None:
    """Change what truly happens, in place: F04, F09, F17, F18."""
    active = (told.seconds >= planted.start) & (told.seconds < planted.end)
    if not active.any():
        return
    if planted.pattern == "F04" and typical is not None:
        _nearer(site, planted, told, active, typical)
    elif planted.pattern == "F09":
        for code in planted.items:
            told.values[code][active] *= planted.strength
    elif planted.pattern == "F17":
        told.running[active] = 0.0
        for code in ("g10401", "e30201"):
            if code in told.values:
                told.values[code][active] = 0.0
    elif planted.pattern == "F18":
        _treatment(site, planted, told, active)


def _nearer(site: Site, planted: Planted, told: Truth, active: Mask, typical: Typical) -> None:
    """Bring the true values near the ceiling, so that there is something to cut."""
    for one in site.outlet.pollutants:
        if one.item in planted.items:
            wanted = planted.strength * one.ceiling
            told.values[one.item][active] *= wanted / max(typical.middle_over_all[one.item], 1e-9)


def _treatment(site: Site, planted: Planted, told: Truth, active: Mask) -> None:
    low, high = NO_EFFECT
    for one in site.outlet.pollutants:
        if one.item not in planted.items:
            continue
        coming = told.inlet[one.item][active]
        through = low + (high - low) * 2 * planted.strength
        if planted.strength >= 0.5 or one.inlet * through > 0.8 * one.top:
            chance = normal(planted.key, told.seconds[active] // 600)
            told.values[one.item][active] = coming * TOO_GOOD * np.exp(0.2 * chance)
        else:
            told.values[one.item][active] = coming * through


# ---- readings ---------------------------------------------------------------------------


def _constant(scene: Scene) -> None:
    for code in scene.planted.items:
        scene.told[code].values[scene.active] = scene.typical.last[code]


def _quiet(scene: Scene) -> None:
    for code in scene.planted.items:
        middle = scene.typical.middle[code]
        values = scene.told[code].values
        values[scene.active] = middle + (values[scene.active] - middle) * scene.planted.strength


def _random(scene: Scene) -> None:
    for code in scene.planted.items:
        key = scene.site.noise_key("random", code, scene.planted.key)
        wave = 2.0 * uniform(key, scene.slot()) - 1.0
        grain = 0.02 * (2.0 * uniform(key ^ 1, scene.seconds) - 1.0)
        made = scene.typical.middle[code] * (1.0 + scene.planted.strength * (wave + grain))
        scene.told[code].values[scene.active] = made[scene.active]


def _capped(scene: Scene) -> None:
    stack = scene.site.outlet.stack
    for one in scene.site.outlet.pollutants:
        if one.item not in scene.planted.items:
            continue
        values = scene.told[one.item].values
        factor = np.ones(values.shape)
        if stack is not None and stack.reference_o2 is not None:
            o2 = np.minimum(scene.told["a19001"].values, O2_OF_AIR)
            factor = (formulas.O2_OF_AIR - stack.reference_o2) / (formulas.O2_OF_AIR - o2)
        just = one.ceiling * (1.0 - BAND * uniform(scene.planted.key, scene.slot()))
        over = scene.active & (values * factor > just)
        values[over] = (just / factor)[over]


def _scaled(scene: Scene) -> None:
    for told in scene.chosen():
        told.values[scene.active] *= scene.planted.strength


def _diluted(scene: Scene) -> None:
    share = scene.planted.strength * (0.95 + 0.05 * uniform(scene.planted.key, scene.slot()))
    for code in scene.planted.items:
        values = scene.told[code].values
        air = O2_OF_AIR if code == "a19001" else 0.0
        values[scene.active] += ((air - values) * share)[scene.active]


def _velocity(scene: Scene) -> None:
    stack = scene.site.outlet.stack
    if stack is None:
        return
    told, active = scene.told, scene.active
    told["a01011"].values[active] *= scene.planted.strength
    told["a01014"].values[active] = scene.typical.last["a01014"]
    flow = formulas.dry_standard_flow(
        told["a01011"].values,
        area=stack.area,
        temperature=told["a01012"].values,
        pressure=told["a01013"].values,
        moisture=told["a01014"].values,
        ambient=stack.ambient,
    )
    told["a00000"].values[active] = flow[active]


def peak_hours(scene: Scene) -> Mask:
    """Return where a peak hour was chosen: most of the top tenth, by the strength."""
    hours = scene.seconds // HOUR
    lot = uniform(scene.planted.key, hours) < scene.planted.strength
    return scene.active & lot & np.isin(hours, scene.typical.peaks)


def _calibrating(scene: Scene) -> None:
    where = peak_hours(scene)
    first = scene.seconds % HOUR < HOUR // 2
    for code in scene.planted.items:
        one = scene.items[code].pollutant
        top = one.top if one else 0.0
        told = scene.told[code]
        told.values[where] = np.where(first, 0.001 * top, 0.8 * top)[where]
        told.letters[where] = CALIBRATION


def _missing(scene: Scene) -> None:
    where = peak_hours(scene)
    for told in scene.told.values():
        told.letters[where] = ABSENT


def _made_up(scene: Scene) -> None:
    _random(scene)


def _copied(scene: Scene) -> None:
    back = max(1, round(scene.planted.strength))
    then = scene.copied(scene.seconds[scene.active] - back * DAY)
    for code in scene.planted.items:
        scene.told[code].values[scene.active] = then[code].values
        scene.told[code].letters[scene.active] = then[code].letters


def _abused(scene: Scene) -> None:
    blocks = scene.seconds // (3 * HOUR)
    where = scene.active & (uniform(scene.planted.key, blocks) < scene.planted.strength)
    letter = ABUSED[(uniform(scene.planted.key ^ 2, blocks) * len(ABUSED)).astype(np.int64)]
    for told in scene.chosen():
        told.letters[where] = letter[where]


def _zero(scene: Scene) -> None:
    for code in scene.planted.items:
        chance = np.abs(normal(scene.planted.key, scene.seconds))
        shown = scene.planted.strength * scene.items[code].noise * chance
        scene.told[code].values[scene.active] = shown[scene.active]
        scene.told[code].letters[scene.active] = NORMAL


def _office(scene: Scene) -> None:
    hour = (scene.seconds + BEIJING) % DAY / HOUR
    where = scene.active & (hour >= OFFICE[0]) & (hour < OFFICE[1])
    for told in scene.chosen():
        told.values[where] *= scene.planted.strength


def _pinned(scene: Scene) -> None:
    for code in scene.planted.items:
        one = scene.items[code].pollutant
        if one is not None:
            scene.told[code].values[scene.active] = one.top
            letter = NORMAL if scene.planted.strength < 0.5 else OVER
            scene.told[code].letters[scene.active] = letter


READINGS: Mapping[str, Callable[[Scene], None]] = {
    "F01": _constant,
    "F02": _quiet,
    "F03": _random,
    "F04": _capped,
    "F05": _scaled,
    "F06": _diluted,
    "F07": _scaled,
    "F08": _velocity,
    "F10": _calibrating,
    "F11": _missing,
    "F15": _made_up,
    "F16": _copied,
    "F19": _abused,
    "F20": _zero,
    "F21": _office,
    "F22": _pinned,
}


def converted_by(site: Site, planted: Planted) -> float:
    """Return the factor on converted values when another reference O2 is used (F14)."""
    stack = site.outlet.stack
    if stack is None or stack.reference_o2 is None:
        return 1.0
    false = stack.reference_o2 + planted.strength
    return (formulas.O2_OF_AIR - false) / (formulas.O2_OF_AIR - stack.reference_o2)


def middle(values: Floats) -> float:
    """Return the median of what is there, 0 of nothing."""
    there = values[np.isfinite(values)]
    return float(np.median(there)) if there.size else 0.0
