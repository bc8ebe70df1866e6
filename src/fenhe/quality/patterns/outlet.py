"""An outlet as patterns are looked for in it: all its items on one even grid of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from fenhe.quality.points import Bools, Floats, Ints

HOUR = 3_600_000_000  # µs
DAY = 24 * HOUR
BEIJING = 8 * HOUR
LOAD = "load"
Letters: TypeAlias = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Facts:
    """What is known of an item apart from its values; None where it is not."""

    top: float | None = None  # of the measuring range
    limit: float | None = None  # that a converted or, without reference, the plain value must keep
    floor: float | None = None  # the least value an analyser tells apart from nothing


@dataclass(frozen=True)
class Line:
    """One item on the grid of its outlet; NaN and '' where nothing was told.

    ``value`` mean of the step, ``low`` and ``high`` its extremes, ``converted`` at the reference
    oxygen, ``letter`` of the logger, ``lag`` µs from the end of the step to its arrival.
    """

    item: str
    value: Floats
    low: Floats
    high: Floats
    converted: Floats
    letter: Letters
    lag: Floats
    facts: Facts = Facts()

    @property
    def normal(self) -> Bools:
        """Values the logger calls normal, or says nothing of."""
        said = (self.letter == "N") | (self.letter == "")
        return np.asarray(said & ~np.isnan(self.value))


@dataclass(frozen=True)
class Outlet:
    """The items of an outlet on one grid: ``start`` of each step in µs (naive UTC).

    ``hours``: start and hourly mean the logger told, by item. ``away``: spans (µs) in which the
    logger is known not to have been connected.
    """

    site: str
    start: Ints
    step: int
    lines: Mapping[str, Line]
    hours: Mapping[str, tuple[Ints, Floats]] = field(default_factory=dict)
    water: bool = False
    reference_o2: float | None = None
    away: tuple[tuple[int, int], ...] = ()

    @property
    def day(self) -> Ints:
        """The Beijing day of each step, in days since 1970."""
        return (self.start + BEIJING) // DAY

    @property
    def hour(self) -> Ints:
        """The Beijing hour of each step, 0 to 23."""
        return ((self.start + BEIJING) % DAY) // HOUR

    @property
    def load(self) -> Floats | None:
        """The load in per cent; None when the outlet tells none."""
        line = self.lines.get(LOAD)
        return None if line is None else line.value

    def running(self, least: float) -> Bools:
        """Return where the load is above ``least``; everywhere when none is told."""
        load = self.load
        return (
            np.ones(len(self.start), dtype=np.bool_) if load is None else np.asarray(load > least)
        )

    def steps(self, hours: float, least: float = 1) -> int:
        """Return how many steps so many hours are, ``least`` at least."""
        return max(round(hours * HOUR / self.step), int(least))

    @property
    def pollutants(self) -> tuple[Line, ...]:
        """The lines that have a range or a limit: what is measured of pollution."""
        return tuple(line for line in self.lines.values() if line.facts.top or line.facts.limit)


@dataclass(frozen=True)
class Place:
    """What is known of an outlet: its medium, its reference oxygen, facts by item."""

    water: bool = False
    reference_o2: float | None = None
    items: Mapping[str, Facts] = field(default_factory=dict)


def outlets(
    records: pl.DataFrame, places: Mapping[str, Place], outages: pl.DataFrame | None = None
) -> Iterator[Outlet]:
    """Lay records out as outlets, one after the other.

    ``records``: site, item, statistic, start, end (naive UTC), value; optional flag (the
    logger's letter) and sent_at. The finest statistic of the form ``<n>min`` or ``1h``, ``1d``
    makes the grid; its ``.min``, ``.max`` and ``.zs`` go with it. ``places``: by site; an item
    without facts there is not taken for a pollutant. ``outages``: site, start, end.
    """
    away: dict[str, list[tuple[int, int]]] = {}
    if outages is not None:
        spans = outages.select("site", pl.col("start", "end").cast(pl.Datetime("us")).to_physical())
        for name, begin, end in spans.iter_rows():
            away.setdefault(name, []).append((begin, end))
    rows = records
    for name, kind in (("flag", pl.String()), ("sent_at", pl.Datetime("us"))):
        if name not in rows.columns:
            rows = rows.with_columns(pl.lit(None, dtype=kind).alias(name))
    for key, part in rows.group_by("site", maintain_order=True):
        site = str(key[0])
        found = _outlet(site, part, places.get(site, Place()))
        yield replace(found, away=tuple(away.get(site, ())))


def _outlet(site: str, rows: pl.DataFrame, place: Place) -> Outlet:
    plain = rows.filter(~pl.col("statistic").str.contains(r"\."), pl.col("end") > pl.col("start"))
    lengths = plain.select(
        "statistic", step=(pl.col("end") - pl.col("start")).dt.total_microseconds()
    )
    base, step = lengths.unique().sort("step").row(0)
    told = rows.filter(pl.col("statistic").str.split(".").list.first() == base)
    times = told["start"].to_physical().to_numpy()
    begin = int(times.min())
    size = (int(times.max()) - begin) // step + 1
    start = begin + np.arange(size, dtype=np.int64) * step
    lines = {
        str(item[0]): _line(part, base, start, step, place.items.get(str(item[0]), Facts()))
        for item, part in told.group_by("item", maintain_order=True)
    }
    hours = {
        str(item[0]): (part["start"].to_physical().to_numpy(), part["value"].to_numpy())
        for item, part in plain.filter(pl.col("statistic") == "1h").group_by("item")
        if base != "1h"
    }
    return Outlet(site, start, step, lines, hours, place.water, place.reference_o2)


def _line(rows: pl.DataFrame, base: str, start: Ints, step: int, facts: Facts) -> Line:
    at = (rows["start"].to_physical().to_numpy() - start[0]) // step

    def laid(suffix: str) -> Floats:
        mine = (rows["statistic"] == base + suffix).to_numpy()
        found = np.full(len(start), np.nan)
        found[at[mine]] = rows["value"].to_numpy()[mine]
        return found

    plain = (rows["statistic"] == base).to_numpy()
    letter = np.full(len(start), "", dtype="<U4")
    letter[at[plain]] = rows["flag"].fill_null("").to_numpy()[plain]
    lag = np.full(len(start), np.nan)
    lags = (rows["sent_at"] - rows["end"]).dt.total_microseconds().cast(pl.Float64)
    lag[at[plain]] = lags.fill_null(float("nan")).to_numpy()[plain]
    return Line(
        str(rows["item"][0]),
        laid(""),
        laid(".min"),
        laid(".max"),
        laid(".zs"),
        letter,
        lag,
        facts,
    )
