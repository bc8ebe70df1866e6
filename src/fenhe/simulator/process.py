"""What truly happens in a plant at each instant: production, combustion, cleaning, drains.

Truth knows no analysers. Every figure follows from the load and from curves of chance, so that
the quantities hang together as they do in a stack: less load, more O2, thinner gas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from fenhe.simulator import formulas
from fenhe.simulator.config import Outlet, Pollutant, Stack, Water
from fenhe.simulator.fleet import Site
from fenhe.simulator.happenings import BEIJING, DAY, HOUR, Happening
from fenhe.simulator.noise import Floats, Ints, wander

O2_OF_AIR = 20.95
SLOW = (6.0 * HOUR, 1.0 * DAY, 3.0 * DAY)
QUICK = (20.0 * 60, 3.0 * HOUR, 1.0 * DAY)
COOLING = 3.0 * HOUR  # time constant of a duct growing cold
YEAR = 365.25 * DAY


@dataclass
class Truth:
    """One span of an outlet: arrays of one length, by name.

    ``load`` is a share of full, ``cold`` is 1 where a start-up begins and 0 once it is done.
    ``values`` hold item codes; ``inlet`` what comes into the treatment, by pollutant.
    """

    seconds: Ints
    load: Floats
    cold: Floats
    running: Floats  # of the treatment: 1 runs, 0 stands
    values: dict[str, Floats] = field(default_factory=dict)
    inlet: dict[str, Floats] = field(default_factory=dict)


def truth(site: Site, seconds: Ints, happenings: Sequence[Happening]) -> Truth:
    """Return what truly happens at an outlet at the instants (UTC seconds since 1970)."""
    outlet = site.outlet
    factor, cold, heat = _stops(seconds, happenings)
    load = _load(site, seconds) * factor
    told = Truth(seconds, load, cold, (factor > 0).astype(np.float64))
    if outlet.stack is not None:
        _gas(site, outlet.stack, told, heat)
    if outlet.water is not None:
        _water(site, outlet.water, told)
    return told


def ambient(seconds: Ints) -> Floats:
    """Return the outdoor temperature, degC: cold in January, coldest before dawn."""
    year = np.cos(2 * np.pi * (seconds / YEAR - 0.54))
    hour = np.cos(2 * np.pi * ((seconds + BEIJING) / DAY - 0.62))
    return np.asarray(10.0 + 13.0 * year + 5.0 * hour, dtype=np.float64)


def _stops(seconds: Ints, happenings: Sequence[Happening]) -> tuple[Floats, Floats, Floats]:
    """Return share of production, coldness of a start-up, and heat left in the duct."""
    factor = np.ones(seconds.shape)
    cold = np.zeros(seconds.shape)
    heat = np.ones(seconds.shape)
    left = 1.0
    for one in happenings:
        active = one.active(seconds)
        share = one.progress(seconds)[active]
        if one.kind == "shut_down":
            factor[active] = 1.0 - share
        elif one.kind == "stopped":
            factor[active] = 0.0
            heat[active] = np.exp(-(seconds[active] - one.start) / COOLING)
            left = float(np.exp(-(one.end - one.start) / COOLING))
        elif one.kind == "start_up":
            factor[active] = np.maximum(share, 0.02)
            cold[active] = 1.0 - share
            heat[active] = left + (1.0 - left) * share
    return factor, cold, heat


def _load(site: Site, seconds: Ints) -> Floats:
    told = site.outlet.load
    hour = ((seconds + BEIJING) % DAY) / HOUR
    if told.kind == "diurnal":
        day = 2 * np.pi * hour / 24
        shape = 0.7 * np.cos(day - 2 * np.pi * 16 / 24) + 0.3 * np.cos(
            2 * day - 2 * np.pi * 20 / 12
        )
    elif told.kind == "batch":
        shape = np.tanh(3.0 * np.sin(2 * np.pi * seconds / (told.batch_minutes * 60.0)))
    else:
        shape = np.zeros(seconds.shape)
    by_chance = told.wander * wander(site.noise_key("load"), seconds, (2.0 * HOUR, 1.0 * DAY))
    return np.clip(told.base + told.swing * shape + by_chance, 0.05, 1.1)


def _gas(site: Site, stack: Stack, told: Truth, heat: Floats) -> None:
    s, load = told.seconds, told.load
    gate = np.clip(load / 0.12, 0.0, 1.0)
    values = told.values
    swirl = wander(site.noise_key("velocity"), s, (90.0, 600.0, HOUR))
    velocity = stack.velocity * gate * (0.3 + 0.7 * load) * (1.0 + 0.015 * swirl)
    o2 = stack.o2 + stack.o2_slope * (1.0 - load) + 2.0 * told.cold
    o2 = o2 + stack.o2_wander * wander(site.noise_key("o2"), s, QUICK)
    values["a19001"] = np.clip(o2 * gate + O2_OF_AIR * (1.0 - gate), 0.5, O2_OF_AIR)
    values["a01011"] = velocity
    air = ambient(s)
    hot = stack.temperature * (0.85 + 0.15 * load)
    hot = hot * (1.0 + 0.01 * wander(site.noise_key("temperature"), s, QUICK))
    values["a01012"] = air + (hot - air) * heat
    share = velocity / stack.velocity
    values["a01013"] = stack.pressure * share**2
    wet = stack.moisture * (0.9 + 0.1 * load) + 0.2 * wander(site.noise_key("wet"), s, SLOW)
    values["a01014"] = np.clip(1.5 + (wet - 1.5) * gate, 0.3, None)
    thinner = (formulas.O2_OF_AIR - values["a19001"]) / (formulas.O2_OF_AIR - stack.o2)
    for one in site.outlet.pollutants:
        told.inlet[one.item] = _incoming(site, one, told) * np.clip(thinner, 0.0, None) * gate
        values[one.item] = told.inlet[one.item] * (1.0 - _removed(site, one, told))
    _currents(site, told, share)
    flow(site.outlet, told)


def flow(outlet: Outlet, told: Truth) -> None:
    """Compute the dry standard flow of a stack from its state; again after a change of it."""
    if outlet.stack is not None:
        told.values["a00000"] = formulas.dry_standard_flow(
            told.values["a01011"],
            area=outlet.stack.area,
            temperature=told.values["a01012"],
            pressure=told.values["a01013"],
            moisture=told.values["a01014"],
            ambient=outlet.stack.ambient,
        )


def _incoming(site: Site, one: Pollutant, told: Truth) -> Floats:
    fuel = wander(site.noise_key("inlet", one.item), told.seconds, SLOW)
    slope = np.clip(1.0 + one.load_slope * (told.load - 1.0), 0.1, None)
    return np.asarray(one.inlet * slope * np.exp(one.wander * fuel), dtype=np.float64)


def _removed(site: Site, one: Pollutant, told: Truth) -> Floats:
    """Return the share the treatment takes away; less while it is cold."""
    chance = wander(site.noise_key("cleaning", one.item), told.seconds, QUICK)
    escaping = (1.0 - one.efficiency) * np.exp(one.efficiency_wander * chance)
    return 1.0 - np.clip(escaping * (1.0 + (one.start_up - 1.0) * told.cold), 0.0, 1.0)


def _currents(site: Site, told: Truth, share: Floats) -> None:
    chance = wander(site.noise_key("pump"), told.seconds, QUICK)
    told.values["g10201"] = 65.0 * np.clip(share, 0.0, None) ** 1.5
    told.values["g10401"] = 88.0 * told.running * (1.0 + 0.01 * chance)
    ph = wander(site.noise_key("slurry"), told.seconds, SLOW)
    told.values["g11101"] = 5.5 + 0.15 * ph


def _water(site: Site, water: Water, told: Truth) -> None:
    s, load = told.seconds, told.load
    chance = wander(site.noise_key("flow"), s, (600.0, 3.0 * HOUR, 2.0 * DAY))
    told.values["w00000"] = np.clip(water.flow * load * (1.0 + water.flow_wander * chance), 0, None)
    told.values["w01001"] = water.ph + 0.12 * wander(site.noise_key("ph"), s, SLOW)
    told.values["w01010"] = water.temperature + 0.35 * (ambient(s) - 10.0)
    for one in site.outlet.pollutants:
        told.inlet[one.item] = _incoming(site, one, told)
        told.values[one.item] = told.inlet[one.item] * (1.0 - _removed(site, one, told))
    told.values["e10101"] = told.values["w00000"] * 1.03
    blower = wander(site.noise_key("blower"), s, QUICK)
    told.values["e30201"] = 120.0 * told.running * (0.7 + 0.3 * load) * (1.0 + 0.02 * blower)
