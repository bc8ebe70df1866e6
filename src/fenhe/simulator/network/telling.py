"""From records to telegrams: which fields of which items, written with which digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fenhe.simulator.analysers import ABSENT, ANALYSIS_MINUTES, seen_at
from fenhe.simulator.fleet import Site
from fenhe.simulator.happenings import BEIJING, DAY, HOUR
from fenhe.simulator.items import Item, items_of
from fenhe.simulator.network.wire import Factor, time_text
from fenhe.simulator.records import Batch, Columns, day_of_hours, periods, realtime, rounded
from fenhe.simulator.simulation import Simulation

#: What 2025 writes where a converted value is impossible. A code, never a number.
IMPOSSIBLE = "9999.99"
FIELDS = (
    ("sum", "Cou"),
    ("min", "Min"),
    ("avg", "Avg"),
    ("max", "Max"),
    ("zs_min", "ZsMin"),
    ("zs", "ZsAvg"),
    ("zs_max", "ZsMax"),
)
REALTIME = (("avg", "Rtd"), ("zs", "ZsRtd"))
SYSTEM = {"gas": ("31", "51"), "water": ("32", "52")}
KEPT = 6  # hours of batches kept for each outlet


@dataclass(frozen=True)
class Due:
    """One record that is due: what it is of, from when, and when it can be sent."""

    cn: str
    site: int  # index behind the logger
    start: int  # UTC seconds: of the period, or the instant
    at: int  # when it is complete
    again: bool = False


class Teller:
    """Makes the content of records of one site, hour by hour, and keeps the newest."""

    def __init__(self, sim: Simulation, site: Site) -> None:
        self._sim = sim
        self.site = site
        self._kept: dict[tuple[str, int, int], Batch] = {}
        self._plain = frozenset(item.code for item in items_of(site.outlet))

    def factors(self, due: Due, every: int) -> dict[str, tuple[Factor, ...]]:
        """Return the factors of a due record by ST; ``every`` is its period in seconds."""
        if due.cn in {"2021", "2041"}:
            return {self._system(): self._facility(due, every)}
        batch, row = self._batch(due, every)
        told: dict[str, tuple[Factor, ...]] = {}
        for code, one in batch.columns.items():
            system = self._system() if code in self._plain else SYSTEM[self.site.outlet.medium][1]
            if one.letters[row] != ABSENT:
                told[system] = (*told.get(system, ()), *self._of(one, row, due))
        return told

    def _system(self) -> str:
        return SYSTEM[self.site.outlet.medium][0]

    def _of(self, one: Columns, row: int, due: Due) -> tuple[Factor, ...]:
        live = due.cn == "2011"
        told: list[Factor] = []
        if live and self.site.outlet.medium == "water" and one.item.kind == "pollutant":
            told.append((one.item.code, "SampleTime", self._sampled(one.item, due.start)))
        for name, suffix in REALTIME if live else FIELDS:
            if name in one.fields:
                text = self._text(name, one, float(one.fields[name][row]))
                told += [(one.item.code, suffix, text)] if text else []
        return (*told, (one.item.code, "Flag", chr(one.letters[row])))

    def _text(self, name: str, one: Columns, value: float) -> str:
        if not np.isfinite(value):
            return IMPOSSIBLE if self.site.edition == 2025 and name.startswith("zs") else ""
        decimals = rounded(name, one.item)
        return f"{np.round(value, decimals) + 0.0:.{decimals}f}"

    def _sampled(self, item: Item, instant: int) -> str:
        return time_text(int(seen_at(self.site, item, np.array([instant], dtype=np.int64))[0]))

    def _batch(self, due: Due, every: int) -> tuple[Batch, int]:
        sim, site = self._sim, self.site
        if due.cn == "2031":
            hours = self._keep(
                ("day", due.start, HOUR),
                lambda: periods(sim, site, due.start, due.start + DAY, seconds=HOUR),
            )
            return day_of_hours(sim, hours), 0
        hour = due.start // HOUR * HOUR
        if due.cn in {"2011", "2021"}:
            batch = self._keep(
                ("live", hour, every),
                lambda: realtime(sim, site, hour, hour + HOUR, every=every),
            )
        else:
            batch = self._keep(
                ("period", hour, every),
                lambda: periods(sim, site, hour, hour + HOUR, seconds=every),
            )
        return batch, int((due.start - hour) // every)

    def _keep(self, key: tuple[str, int, int], make: Callable[[], Batch]) -> Batch:
        if key not in self._kept:
            while len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = make()
        return self._kept[key]

    def _facility(self, due: Due, every: int) -> tuple[Factor, ...]:
        numbers = range(1, self.site.outlet.facilities + 1)
        if due.cn == "2021":
            batch, row = self._batch(due, every)
            state = batch.readings.state[row]
            return tuple((f"SB{number}", "RS", str(state)) for number in numbers)
        instants = np.arange(due.start, due.start + DAY, 600, dtype=np.int64)
        hours = float((self._sim.readings(self.site, instants).state > 0).mean()) * 24
        return tuple((f"SB{number}", "RT", f"{hours:.2f}") for number in numbers)

    def analyses(self, start: int, end: int) -> list[tuple[str, tuple[Factor, ...]]]:
        """Return the analyses of the water analysers sampled in the span: 2013 of 2025."""
        water = self.site.outlet.water
        if water is None:
            return []
        cycle = water.cycle_minutes * 60
        first = -(-(start + BEIJING) // cycle) * cycle - BEIJING
        told = []
        for sampled in range(first, end + 1, cycle):
            done = sampled + ANALYSIS_MINUTES * 60
            readings = self._sim.readings(self.site, np.array([done], dtype=np.int64)).told
            factors: list[Factor] = []
            for item in items_of(self.site.outlet):
                if item.kind == "pollutant" and readings[item.code].letters[0] != ABSENT:
                    value = float(readings[item.code].values[0])
                    factors += [
                        (item.code, "SampleTime", time_text(sampled)),
                        (item.code, "CompleteTime", time_text(done)),
                        (item.code, "Avg", f"{value:.{item.decimals}f}"),
                        (item.code, "Flag", chr(readings[item.code].letters[0])),
                    ]
            told.append((time_text(sampled), tuple(factors)))
        return told

    def slope(self, pollutant: str, moment: int) -> float:
        """Return the slope an analyser is set to: 1 unless somebody turned it (F05)."""
        for one in self._sim.planted_at(self.site, moment, moment + 1):
            if one.pattern == "F05" and pollutant in one.items:
                return one.strength
        return 1.0

    def turned(self, due: Due) -> dict[str, tuple[Factor, ...]]:
        """Return the slope of each analyser that was turned at the moment of a due record."""
        told: dict[str, tuple[Factor, ...]] = {}
        for one in self._sim.planted_at(self.site, due.start - 1, due.start + 1):
            if one.pattern == "F05" and due.start in {one.start, one.end}:
                for item in one.items:
                    text = f"{self.slope(item, due.start):.3f}"
                    told[item] = (("i13008", "Info", text),)
        return told

    def information(self, info: str, moment: int) -> str:
        """Return a piece of site information as it is at a moment."""
        readings = self._sim.readings(self.site, np.array([moment], dtype=np.int64))
        if info == "i33400":
            return f"{float(readings.load[0]):.1f}"
        if info == "i12001":
            return "1" if int(readings.state[0]) == 3 else "0"
        return "0" if int(readings.state[0]) or info == "i22003" else "1"
