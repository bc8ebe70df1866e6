"""What a feed description says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fenhe.base.errors import BadInput, Place
from fenhe.protocols.tables.table import spelled

# the unit every item is kept in; everything else is µg/m³
CANONICAL = {"co": "mg/m3", "wind_speed": "m/s", "wind_direction": "deg"}
UNITS = {"mg/m3": 0, "ug/m3": 3, "ng/m3": 6, "m/s": 0, "deg": 0}
WEATHER = ("wind_speed", "wind_direction")  # no pollutants: no index, no limit
_OF_WEATHER = ("m/s", "deg")
HOURS = {"1h": 1, "8h": 8, "24h": 24, "mda8": 24}  # hours one value stands for


def canonical_unit(item: str) -> str:
    """Return the unit an item is stored in."""
    return CANONICAL.get(item, "ug/m3")


def converts(unit: str, item: str) -> bool:
    """Tell whether a unit measures what the item is: a concentration only another one."""
    kept = canonical_unit(item)
    return unit == kept or not {unit, kept} & set(_OF_WEATHER)


@dataclass(frozen=True)
class Threshold:
    """A tuning value of a check with the reason it was chosen; no legal force."""

    value: float
    reason: str


@dataclass(frozen=True)
class Time:
    """Where the time stands, and which end of the interval it labels."""

    columns: tuple[str, ...]
    form: str  # label: 2018-02-20 07:00; date; parts: year, month, day, hour; day+hour
    label: str  # start | end
    zone: str  # Beijing | UTC
    mark: str
    reason: str
    suffix: str = ""  # what stands after the label and says nothing


@dataclass(frozen=True)
class Station:
    """Which column names the place, and what kind of name it is."""

    column: str | None
    kind: str  # code | name | name+city | area
    city: str | None = None
    columns: str | None = None  # by_station: which columns are stations, as a pattern
    fixed: str | None = None  # the one place of every row, where no column names it


@dataclass(frozen=True)
class ItemColumn:
    """One measured item: the column (or, in a long table, the spelling) that holds it."""

    item: str
    names: tuple[str, ...]
    unit: str
    statistic: str
    decimals: int
    hard: tuple[float, float]  # outside: the cell is rejected; canonical unit
    median: tuple[float, float]  # outside: the file is doubted; canonical unit
    reason: str
    words: Mapping[str, str] = field(default_factory=dict)  # text of a cell -> its number
    optional: bool = False  # a wide file may lack the column

    @property
    def of_weather(self) -> bool:
        """Tell whether the item is no concentration."""
        return self.item in WEATHER

    @property
    def shift(self) -> int:
        """Return s with canonical value = written value / 10^s, exactly."""
        return UNITS[self.unit] - UNITS[canonical_unit(self.item)]


@dataclass(frozen=True)
class PairRule:
    """Columns whose names may be swapped, decided by largest >= current in the whole file."""

    pairs: tuple[tuple[str, str], ...]  # (named current, named largest)
    share: Threshold


@dataclass(frozen=True)
class Feed:
    """One file layout: columns, units, time label, station naming, and what is plausible."""

    id: str
    title_zh: str
    title_en: str
    layout: str  # wide | long | by_station
    statistic: str
    licence: str
    licence_zh: str
    source: str
    public: bool
    simulated: bool
    notes: str
    times: tuple[Time, ...]  # spellings of the time; a file has exactly one of them
    station: Station
    items: tuple[ItemColumn, ...]
    checks: dict[str, Threshold]
    sentinels: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    item_column: str | None = None
    value_column: str | None = None
    unit_column: str | None = None
    published_aqi: str | None = None
    check_edition: str | None = None  # for days on which no edition is in force
    pairs: PairRule | None = None
    decision: str | None = field(default=None)

    @property
    def settled(self) -> bool:
        """Tell whether parsing may begin: no column's meaning is open."""
        return self.pairs is None or self.decision is not None

    @property
    def by_station(self) -> bool:
        """Tell whether a row is a time and a type, and a column a station."""
        return self.layout == "by_station"

    @property
    def hour_keys(self) -> tuple[str, ...]:
        """Return what tells one station's hour in a file from every other."""
        keys = {"wide": ("raw_row",), "by_station": ("raw_column", "start")}
        return keys.get(self.layout, ("station", "start"))

    @property
    def of_cities(self) -> bool:
        """Tell whether the values are those published for a city as a whole."""
        return self.station.kind == "area"

    def stations_in(self, columns: Sequence[str]) -> list[str]:
        """Return the columns that are stations; only a ``by_station`` table has any."""
        pattern = re.compile(self.station.columns or r"(?!)")
        return [name for name in columns if pattern.search(spelled(name))]

    def swapped(self, decision: str, *, swap: bool) -> Feed:
        """Return the feed with the pair question answered, and the decision in words."""
        if not swap or self.pairs is None:
            return replace(self, decision=decision)
        exchange = {a: b for pair in self.pairs.pairs for a, b in (pair, pair[::-1])}
        items = tuple(
            replace(item, names=tuple(exchange.get(name, name) for name in item.names))
            for item in self.items
        )
        return replace(self, items=items, decision=decision)

    def time_of(self, columns: Sequence[str], file: str) -> Time:
        """Return the spelling of the time that a file uses."""
        found = [time for time in self.times if set(time.columns) <= set(columns)]
        if len(found) == 1:
            return found[0]
        ways = " or ".join(" + ".join(time.columns) for time in self.times)
        what = "more than one" if found else "none"
        raise BadInput(
            f"feed {self.id} reads the time from {ways}; the file has {what} of them. "
            f"The file has: {', '.join(columns)}",
            place=Place(file, 1),
        )

    def items_in(self, columns: Sequence[str]) -> tuple[ItemColumn, ...]:
        """Return the items without the optional ones whose column a wide file lacks."""
        there = set(columns)
        return tuple(i for i in self.items if not i.optional or there & set(i.names))

    def column_of(self, item: ItemColumn, columns: Sequence[str], file: str) -> str:
        """Return the column of a wide file that holds an item."""
        found = [name for name in item.names if name in columns]
        if len(found) == 1:
            return found[0]
        wanted = " or ".join(item.names)
        if not found:
            raise BadInput(
                f"there is no column {wanted}; feed {self.id} needs it. "
                f"The file has: {', '.join(columns)}",
                place=Place(file, 1),
            )
        raise BadInput(f"columns {', '.join(found)} both name {item.item}", place=Place(file, 1))

    def check_columns(self, columns: Sequence[str], file: str) -> None:
        """Raise ``BadInput`` naming the columns the feed needs and the file lacks."""
        needed = [*self.time_of(columns, file).columns]
        needed += [self.station.column] if self.station.column else []
        if self.station.kind == "name+city" and self.station.city:
            needed.append(self.station.city)
        needed += [c for c in (self.item_column, self.value_column) if c]
        if self.published_aqi and self.layout == "wide":
            needed.append(self.published_aqi)
        if self.pairs:
            needed += [name for pair in self.pairs.pairs for name in pair]
        missing = [name for name in dict.fromkeys(needed) if name not in columns]
        if self.layout == "wide":
            missing += [
                " or ".join(item.names)
                for item in self.items_in(columns)
                if not any(name in columns for name in item.names)
                and not set(item.names) & set(missing)
            ]
        if self.by_station and not missing and not self.stations_in(columns):
            missing = [f"like {self.station.columns}"]
        if missing:
            raise BadInput(
                f"feed {self.id} needs {_columns(missing)}, which the file does not have. "
                f"The file has: {', '.join(columns)}",
                place=Place(file, 1),
            )
        if self.layout == "wide":
            for item in self.items_in(columns):
                self.column_of(item, columns, file)

    def unused(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Return the columns of a file that the feed neither reads nor lists as ignored."""
        used = {self.station.column, self.station.city, *self.ignored, *self.stations_in(columns)}
        used |= {name for time in self.times for name in time.columns}
        used |= {self.item_column, self.value_column, self.unit_column, self.published_aqi}
        if self.layout == "wide":
            used |= {name for item in self.items for name in item.names}
        if self.pairs:
            used |= {name for pair in self.pairs.pairs for name in pair}
        return tuple(name for name in columns if name not in used)


def _columns(names: Sequence[str]) -> str:
    return f"column{'s' if len(names) > 1 else ''} {', '.join(names)}"
