"""Plants as configuration data: the tables of a TOML file as frozen, checked objects."""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar

from fenhe.base.errors import BadInput, Place

Edition = Literal[2005, 2017, 2025]
Span = tuple[float, float]
T = TypeVar("T")


@dataclass(frozen=True)
class Load:
    """How production runs over the day; ``base``, ``swing`` and ``wander`` are shares of full."""

    kind: Literal["steady", "diurnal", "batch"]
    base: float
    swing: float = 0.0
    wander: float = 0.02
    batch_minutes: float = 30.0


@dataclass(frozen=True)
class Stack:
    """A duct at full load: m2, m/s, degC, kPa (gauge), per cent of moisture and of dry O2."""

    area: float
    velocity: float
    temperature: float
    pressure: float
    moisture: float
    o2: float
    o2_slope: float  # per cent more for each share of load below full
    o2_wander: float = 0.3
    ambient: float = 92.0  # kPa
    reference_o2: float | None = None


@dataclass(frozen=True)
class Pollutant:
    """One measured substance; gas mg/m3 (dry, standard state, at the O2 of full load)."""

    item: str
    inlet: float
    efficiency: float  # share removed
    efficiency_wander: float
    load_slope: float = 0.0
    wander: float = 0.15  # relative, of what comes in
    noise: float = 0.1  # of the analyser, absolute
    top: float = 1000.0  # of the analyser's range
    decimals: int = 2
    ceiling: float = 0.0  # what the made-up firm wants to stay under; 0 = none
    permit: str = ""  # of its made-up permit, as written there; empty = none
    start_up: float = 1.0  # what escapes while starting, as a multiple
    inlet_item: str = ""  # process code of the inlet, when it is measured


@dataclass(frozen=True)
class Water:
    """A drain: L/s at full load, and the cycle of its analysers."""

    flow: float
    temperature: float = 18.0
    ph: float = 7.4
    cycle_minutes: int = 120
    flow_wander: float = 0.06


@dataclass(frozen=True)
class Instrument:
    """What the analysers do by themselves."""

    calibration_hour: int = 3  # Beijing; -1 = never by itself
    calibration_minutes: int = 20
    blow_back_hours: float = 0.0  # 0 = never
    blow_back_minutes: float = 4.0
    drift: float = 0.004  # of the reading, a day


@dataclass(frozen=True)
class Events:
    """How often things happen in a week, and how many hours they last."""

    stops: float = 0.15
    stop_hours: Span = (10.0, 40.0)
    start_hours: Span = (2.0, 5.0)
    maintenance: float = 0.5
    maintenance_hours: Span = (0.7, 2.0)
    faults: float = 0.1
    fault_hours: Span = (0.5, 4.0)
    link_losses: float = 0.1
    link_hours: Span = (0.2, 2.0)
    drop_outs: float = 0.4
    drop_out_hours: Span = (0.3, 8.0)
    power_cuts: float = 0.05
    power_cut_hours: Span = (0.5, 3.0)


@dataclass(frozen=True)
class Outlet:
    """One outlet: gas has a ``stack``, water a ``water``."""

    key: str
    name_zh: str
    name_en: str
    medium: Literal["gas", "water"]
    load: Load
    pollutants: tuple[Pollutant, ...]
    stack: Stack | None = None
    water: Water | None = None
    instrument: Instrument = field(default_factory=Instrument)
    events: Events = field(default_factory=Events)
    facilities: int = 1  # treatment units, SB1 ...
    process: bool = False  # whether currents and inlet values are measured
    sector: str = ""  # words of the registry
    source_type: str = ""
    clean: bool = False  # a negative control: nothing is ever planted here


@dataclass(frozen=True)
class LoggerSpec:
    """One data logger: the outlets behind it and how it talks."""

    key: str
    outlets: tuple[str, ...]
    edition: Edition = 2017
    realtime_seconds: int = 60
    minute: int = 10
    encrypted: bool = False
    key_days: float = 90.0  # after which it asks for another key
    clock_drift: float = 0.0  # seconds a day its clock runs ahead
    asks_time: bool = False  # whether it asks for the time each day


@dataclass(frozen=True)
class Plant:
    """A made-up firm with its outlets and loggers."""

    key: str
    name_zh: str
    name_en: str
    sector: str
    about: str
    outlet: tuple[Outlet, ...]
    logger: tuple[LoggerSpec, ...]


def plants_folder() -> Path:
    """Return the folder of the packaged plants."""
    return Path(str(resources.files("fenhe.simulator") / "plants"))


@cache
def known() -> tuple[str, ...]:
    """Return the keys of the packaged plants."""
    return tuple(sorted(path.stem for path in plants_folder().glob("*.toml")))


@cache
def load_plant(path: Path) -> Plant:
    """Read one plant; ``BadInput`` names file and key of what is not understood."""
    try:
        plain = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"can not be read: {error}", place=Place(str(path))) from None
    plant = build(Plant, plain, path.name)
    _check(plant, path.name)
    return plant


def build(kind: type[T], plain: Mapping[str, Any], where: str) -> T:
    """Make a dataclass of a plain table; keys it does not know and wrong types are refused."""
    hints = typing.get_type_hints(kind)
    fields = {one.name: one for one in dataclasses.fields(kind)}  # type: ignore[arg-type]
    strange = sorted(set(plain) - set(fields))
    if strange:
        raise BadInput(f"{where}: unknown key '{strange[0]}'; known are {', '.join(fields)}")
    required = [
        name
        for name, one in fields.items()
        if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
    ]
    missing = [name for name in required if name not in plain]
    if missing:
        raise BadInput(f"{where}: '{missing[0]}' is missing")
    return kind(**{key: _as(hints[key], value, f"{where}.{key}") for key, value in plain.items()})


def _as(hint: Any, value: Any, where: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _as(args[0], value, where)
    if origin is Literal:
        if value not in args:
            raise BadInput(f"{where}: '{value}' is none of {', '.join(map(str, args))}")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise BadInput(f"{where}: a list is needed")
        if args[-1] is not Ellipsis and len(value) != len(args):
            raise BadInput(f"{where}: {len(args)} values are needed")
        return tuple(_as(args[0], one, where) for one in value)
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise BadInput(f"{where}: a table is needed")
        return build(typing.cast(Any, hint), value, where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not hint:
        raise BadInput(f"{where}: '{value}' is not a {hint.__name__}")
    return value


def _check(plant: Plant, where: str) -> None:
    """Every outlet has exactly one logger and the table of its medium."""
    keys = [outlet.key for outlet in plant.outlet]
    wired = [key for logger in plant.logger for key in logger.outlets]
    if sorted(keys) != sorted(wired):
        raise BadInput(f"{where}: outlets {keys} and those of the loggers {wired} differ")
    for outlet in plant.outlet:
        if (outlet.stack is None) != (outlet.medium == "water") or (outlet.water is None) != (
            outlet.medium == "gas"
        ):
            raise BadInput(f"{where}: outlet {outlet.key} needs the table of its medium alone")
    for logger in plant.logger:
        media = [outlet.medium for outlet in plant.outlet if outlet.key in logger.outlets]
        if len(set(media)) != len(media):
            raise BadInput(f"{where}: logger {logger.key} has two outlets of one medium")
