"""One fleet with what is planted in it: readings of any outlet at any instants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fenhe.simulator import formulas, happenings
from fenhe.simulator.analysers import Mask, Measured, disturb, measure, seen_at
from fenhe.simulator.fleet import Fleet, Site
from fenhe.simulator.happenings import HOUR, MONDAY, Happening
from fenhe.simulator.items import Item, all_items
from fenhe.simulator.noise import Floats, Ints
from fenhe.simulator.planted import bends
from fenhe.simulator.planted.plan import ERA, Planted, patterns, plan
from fenhe.simulator.process import Truth, truth

BEFORE = 6 * HOUR  # looked back for what is typical
COARSE = 600
TOP_TENTH = 0.9
#: What the plan pushes aside: an outlet that stands still shows no pattern.
PUSHED = frozenset({"shut_down", "stopped", "start_up", "maintenance", "fault", "link", "power"})


@dataclass
class Readings:
    """What an outlet told at some instants; ``state`` is that of its treatment units."""

    seconds: Ints
    told: dict[str, Measured]
    load: Floats  # per cent
    state: Ints  # HJ 212: 0 off, 1 runs, 2 calibrates, 3 maintained, 5 blown back


class Simulation:
    """A fleet, the patterns that may be planted in it, and readings computed on demand."""

    def __init__(self, fleet: Fleet, names: Sequence[str] = ()) -> None:
        self.fleet = fleet
        self.names = tuple(names)
        self._eras: dict[int, dict[str, tuple[Planted, ...]]] = {}
        self._typical: dict[Planted, bends.Typical] = {}

    @cached_property
    def all_items(self) -> dict[str, dict[str, Item]]:
        """Return the items of each site by code, process quantities last."""
        return {
            site.key: {one.code: one for one in all_items(site.outlet)} for site in self.fleet.sites
        }

    def planted(self, start: int, end: int) -> tuple[Planted, ...]:
        """Return what is planted in the fleet and touches the span, by start."""
        found = [
            one
            for era in range((start + MONDAY) // ERA, (end + MONDAY) // ERA + 1)
            for per_site in self._era(era).values()
            for one in per_site
            if one.end > start and one.start < end
        ]
        return tuple(sorted(found, key=lambda one: (one.start, one.site, one.pattern)))

    def planted_at(self, site: Site, start: int, end: int) -> list[Planted]:
        """Return what is planted at one outlet and touches the span."""
        if not self.names:
            return []
        return [
            one
            for era in range((start + MONDAY) // ERA, (end + MONDAY) // ERA + 1)
            for one in self._era(era).get(site.key, ())
            if one.end > start and one.start < end
        ]

    def _era(self, era: int) -> dict[str, tuple[Planted, ...]]:
        if era not in self._eras:
            begin = era * ERA - MONDAY
            made: dict[str, tuple[Planted, ...]] = {}
            for one in plan(self.fleet, self.names, begin, begin + ERA - 1):
                made[one.site] = (*made.get(one.site, ()), one)
            self._eras[era] = made
        return self._eras[era]

    def happenings(self, site: Site, start: int, end: int) -> list[Happening]:
        """Return what honestly happens at an outlet in a span; short patterns push it aside."""
        found = happenings.of_site(site, start, end)
        short = [
            one
            for one in self.planted_at(site, start - happenings.WEEK, end + happenings.WEEK)
            if patterns()[one.pattern].slot == "short"
        ]
        return [one for one in found if not _pushed(one, short)]

    def truth(self, site: Site, seconds: Ints, *, honest: bool = False) -> Truth:
        """Return what truly happens; ``honest`` leaves out what is planted."""
        start, end = int(seconds.min()), int(seconds.max()) + 1
        told = truth(site, seconds, self.happenings(site, start, end))
        if not honest:
            for one in self.planted_at(site, start, end):
                typical = self._of(site, one) if one.pattern == "F04" else None
                bends.bend_truth(site, one, told, typical)
        return told

    def readings(self, site: Site, seconds: Ints, *, honest: bool = False) -> Readings:
        """Return what the analysers tell at ascending instants (UTC seconds since 1970)."""
        items = self.all_items[site.key]
        at = {code: seen_at(site, item, seconds) for code, item in items.items()}
        instants = np.unique(np.concatenate([seconds, *at.values()]))
        true = self.truth(site, instants, honest=honest)
        start, end = int(seconds[0]), int(seconds[-1]) + 1
        days = self.happenings(site, start, end)
        told: dict[str, Measured] = {}
        for code, item in items.items():
            seen = _value(true, code)[np.searchsorted(instants, at[code])]
            told[code] = measure(site, item, seen, at[code], seconds)
            disturb(site, item, told[code], seconds, days)
        _follow(site, told)
        here = np.searchsorted(instants, seconds)
        if not honest:
            self._bend(site, seconds, told, items)
        state = _state(site, seconds, true.running[here], days)
        return Readings(seconds, told, 100.0 * true.load[here], state)

    def _bend(
        self, site: Site, seconds: Ints, told: dict[str, Measured], items: dict[str, Item]
    ) -> None:
        for one in self.planted_at(site, int(seconds[0]), int(seconds[-1]) + 1):
            bend = bends.READINGS.get(one.pattern)
            active: Mask = (seconds >= one.start) & (seconds < one.end)
            if bend is None or not active.any():
                continue
            scene = bends.Scene(
                site,
                one,
                seconds,
                active,
                told,
                items,
                self._of(site, one),
                lambda then: self.readings(site, then).told,
            )
            bend(scene)

    def _of(self, site: Site, one: Planted) -> bends.Typical:
        if one not in self._typical:
            self._typical[one] = self._typical_of(site, one)
        return self._typical[one]

    def _typical_of(self, site: Site, one: Planted) -> bends.Typical:
        before = self.readings(
            site, np.arange(one.start - BEFORE, one.start + 1, COARSE), honest=True
        )
        during = np.arange(one.start // HOUR * HOUR, one.end, COARSE)
        true = self.truth(site, during, honest=True)
        stack = site.outlet.stack
        all_of_it: dict[str, float] = {}
        for told in site.outlet.pollutants:
            values = true.values[told.item][true.load > 0.2]
            if stack is not None and stack.reference_o2 is not None:
                o2 = true.values["a19001"][true.load > 0.2]
                values = formulas.converted(values, o2, stack.reference_o2)
            all_of_it[told.item] = bends.middle(values)
        return bends.Typical(
            last={code: float(told.values[-1]) for code, told in before.told.items()},
            middle={code: bends.middle(told.values) for code, told in before.told.items()},
            middle_over_all=all_of_it,
            peaks=_peaks(during, _value(true, _leading(site, one))),
        )


def _leading(site: Site, one: Planted) -> str:
    codes = [told.item for told in site.outlet.pollutants]
    return next((code for code in one.items if code in codes), codes[0])


def _peaks(seconds: Ints, values: Floats) -> Ints:
    """Return the hours whose mean lies in the top tenth."""
    hours, where = np.unique(seconds // HOUR, return_inverse=True)
    means = np.bincount(where, weights=values) / np.bincount(where)
    return np.asarray(hours[means >= np.quantile(means, TOP_TENTH)], dtype=np.int64)


def _value(true: Truth, code: str) -> Floats:
    """Return the truth of an item; an inlet code finds what comes into the treatment."""
    if code in true.values:
        return true.values[code]
    return true.inlet[_INLETS[code]]


_INLETS = {
    "g11901": "a21026",
    "g12001": "a21002",
    "g12401": "a34013",
    "e10201": "w01018",
    "e10301": "w21003",
    "e10401": "w21011",
    "e10501": "w21001",
}


def _follow(site: Site, told: dict[str, Measured]) -> None:
    """Compute the flow of a stack from the readings of its state, as a logger does."""
    stack = site.outlet.stack
    if stack is None:
        return
    told["a00000"].values = np.clip(
        formulas.dry_standard_flow(
            told["a01011"].values,
            area=stack.area,
            temperature=told["a01012"].values,
            pressure=told["a01013"].values,
            moisture=told["a01014"].values,
            ambient=stack.ambient,
        ),
        0.0,
        None,
    )


def _state(site: Site, seconds: Ints, running: Floats, days: Sequence[Happening]) -> Ints:
    state = (running > 0).astype(np.int64)
    for one in days:
        if one.kind == "maintenance":
            state[one.active(seconds) & (state > 0)] = 3
    return state


def _pushed(one: Happening, short: Sequence[Planted]) -> bool:
    start, end = one.span()
    return one.kind in PUSHED and any(two.start < end and two.end > start for two in short)
