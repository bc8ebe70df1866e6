"""A fleet: plants, in one or many copies, as sites with loggers in front of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fenhe.base.errors import BadInput
from fenhe.simulator import noise
from fenhe.simulator.config import (
    Edition,
    LoggerSpec,
    Outlet,
    Plant,
    Pollutant,
    Stack,
    Water,
    known,
    load_plant,
    plants_folder,
)

#: How far a plant's figures move from the file's, by the seed; a share.
JITTER = 0.12
MARK_ZH = "模拟"
MARK_EN = "Simulated"


@dataclass(frozen=True, eq=False)  # told apart by identity: it is a key of caches
class Site:
    """One simulated outlet of a fleet; ``key`` is unique in it."""

    seed: int
    key: str
    name_zh: str
    name_en: str
    plant: str
    copy: int
    outlet: Outlet
    logger: str
    edition: int
    minute: int  # of its minute records
    realtime: int  # seconds between its real-time values

    def noise_key(self, *purpose: object) -> int:
        """Return the key of chance of this site for a purpose."""
        return noise.key_of(self.seed, self.key, *purpose)


@dataclass(frozen=True)
class Device:
    """One simulated logger: its identity on the wire and the sites behind it."""

    key: str
    mn: str
    password: str
    cipher_key: str  # 16 bytes as hex; empty = plain
    spec: LoggerSpec
    sites: tuple[Site, ...]


@dataclass(frozen=True)
class Fleet:
    """Sites and loggers of some plants; the same arguments always give the same fleet."""

    seed: int
    plants: tuple[Plant, ...]
    sites: tuple[Site, ...]
    devices: tuple[Device, ...]

    def site(self, key: str) -> Site:
        """Return one site by its key."""
        for one in self.sites:
            if one.key == key:
                return one
        raise BadInput(f"no simulated outlet '{key}'; known are {', '.join(self.keys())}")

    def keys(self) -> list[str]:
        """Return the keys of the sites."""
        return [site.key for site in self.sites]


def make(
    names: Sequence[str] = (),
    *,
    seed: int = 1,
    copies: int = 1,
    edition: Edition | None = None,
) -> Fleet:
    """Make a fleet of packaged plants (names) or TOML files (paths); all packaged ones without.

    ``copies`` repeats each plant with figures of its own. ``edition`` makes every logger speak
    that edition. Raises ``BadInput`` for an unknown plant.
    """
    plants = tuple(_find(name) for name in (names or known()))
    sites: list[Site] = []
    devices: list[Device] = []
    for copy in range(copies):
        for plant in plants:
            for spec in plant.logger:
                spoken = spec if edition is None else _speaking(spec, edition)
                device = _device(plant, spoken, seed, copy)
                devices.append(device)
                sites += device.sites
    return Fleet(seed, plants, tuple(sites), tuple(devices))


def _find(name: str) -> Plant:
    if name in known():
        return load_plant(plants_folder() / f"{name}.toml")
    path = Path(name)
    if path.suffix == ".toml":
        return load_plant(path)
    raise BadInput(f"no plant '{name}'; known are {', '.join(known())}, or give a .toml file")


def _speaking(spec: LoggerSpec, edition: Edition) -> LoggerSpec:
    encrypted = spec.encrypted and edition == 2025
    return dataclasses.replace(spec, edition=edition, encrypted=encrypted)


def _device(plant: Plant, spec: LoggerSpec, seed: int, copy: int) -> Device:
    """The identity depends on plant, logger and copy alone: a registry outlives a seed."""
    key = _key(spec.key, copy)
    outlets = {outlet.key: outlet for outlet in plant.outlet}
    told = [_site(plant, outlets[name], spec, seed, copy) for name in spec.outlets]
    identity = (key, mn_of(key, spec.edition), _password(key), _cipher_key(spec, key))
    return Device(*identity, spec, tuple(told))


def mn_of(key: str, edition: int) -> str:
    """Return the MN of a simulated logger: 14 digits in 2005, 24 hex digits later.

    It begins with eight 5s, a pattern no real code has.
    """
    number = noise.key_of("mn", key)
    return f"55555555{number % 10**6:06d}" if edition == 2005 else f"55555555{number:016X}"


def _password(key: str) -> str:
    return f"{noise.key_of('password', key) % 10**6:06d}"


def _cipher_key(spec: LoggerSpec, key: str) -> str:
    if not spec.encrypted:
        return ""
    return f"{noise.key_of('sm4', key, 0):016x}{noise.key_of('sm4', key, 1):016x}"


def _key(key: str, copy: int) -> str:
    return f"sim-{key}" if copy == 0 else f"sim-{key}-{copy + 1}"


def _site(plant: Plant, outlet: Outlet, spec: LoggerSpec, seed: int, copy: int) -> Site:
    key = _key(outlet.key, copy)
    number = "" if copy == 0 else f" {copy + 1}"
    return Site(
        seed=seed,
        key=key,
        name_zh=f"{plant.name_zh}{number} {outlet.name_zh}",
        name_en=f"{plant.name_en}{number}, {outlet.name_en}",
        plant=plant.key,
        copy=copy,
        outlet=_jittered(outlet, seed, key),
        logger=_key(spec.key, copy),
        edition=spec.edition,
        minute=spec.minute,
        realtime=spec.realtime_seconds,
    )


def _jittered(outlet: Outlet, seed: int, key: str) -> Outlet:
    """Return the outlet with figures of its own: what comes in, flow, temperature."""

    def near(value: float, name: str) -> float:
        return value * noise.between(noise.key_of("jitter", seed, key, name), 0, *_AROUND)

    stack, water = outlet.stack, outlet.water
    if isinstance(stack, Stack):
        stack = dataclasses.replace(
            stack,
            velocity=near(stack.velocity, "velocity"),
            temperature=near(stack.temperature, "temperature"),
        )
    if isinstance(water, Water):
        water = dataclasses.replace(water, flow=near(water.flow, "flow"))
    pollutants = tuple(_moved(one, near(one.inlet, one.item)) for one in outlet.pollutants)
    return dataclasses.replace(outlet, stack=stack, water=water, pollutants=pollutants)


def _moved(one: Pollutant, inlet: float) -> Pollutant:
    return dataclasses.replace(one, inlet=inlet)


_AROUND = (1.0 - JITTER, 1.0 + JITTER)
