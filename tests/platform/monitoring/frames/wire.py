"""Frames as loggers send them, a raw log that holds them, and a firm with outlets to map to."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fenhe.platform.monitoring.frames.following import Follow, Step
from fenhe.platform.registry.models import Channel, Device, Outlet, Site, SiteName
from fenhe.platform.registry.secrets import Secret
from fenhe.protocols import hj212
from fenhe.store import Store
from fenhe.store.rawlog import NewEntry, Written

MN = "010000A8900016F000169DC0"
OTHER = "010000A8900016F000169DC1"
STACK, DRAIN = "outlet:DA001", "outlet:DW001"
NOON = datetime(2026, 11, 25, 12)  # on the logger's clock, Beijing time
Factor = tuple[str, str, str]

CHANNELS: dict[str, dict[str, Any]] = {
    "a21026": {"unit": "mg/m3", "unit_sum": "kg"},
    "a21002": {"unit": "mg/m3", "unit_sum": "kg"},
    "a34013": {"unit": "mg/m3", "unit_sum": "kg"},
    "a19001": {"unit": "%"},
    "a00000": {"unit": "m3/h", "unit_sum": "m3"},
    "a01013": {"unit": "Pa"},
    "sb1": {},
}


def stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S}"


def frame(
    cn: str = "2061",
    factors: Sequence[Factor] = (("a21026", "Avg", "30.5"), ("a21026", "Flag", "N")),
    at: datetime | None = NOON,
    *,
    mn: str = MN,
    st: str = "31",
    top: Sequence[tuple[str, str]] = (),
    edition: int = 2017,
    **more: Any,
) -> bytes:
    """Return one frame of a logger; ``at`` is its DataTime."""
    time = () if at is None else (("DataTime", stamp(at)),)
    message = hj212.Message(
        st=st,
        cn=cn,
        mn=mn,
        pw=more.pop("pw", "123456"),
        qn=more.pop("qn", stamp(at or NOON) + "000"),
        edition=edition,
        top=(*time, *top),
        factors=tuple(factors),
        **more,
    )
    return hj212.encode(message)


def hour_of(*values: str, at: datetime = NOON, code: str = "a21026") -> list[bytes]:
    """Return an hourly frame per value, an hour apart."""
    return [
        frame(factors=[(code, "Avg", value), (code, "Flag", "N")], at=at + timedelta(hours=n))
        for n, value in enumerate(values)
    ]


def append(store: Store, *payloads: bytes, entries: Sequence[NewEntry] = ()) -> Written:
    """Write received frames, or entries of any kind, to the log of the gateway ``main``."""
    told = threading.Event()
    outcome: list[Any] = []

    def done(result: Written | Exception) -> None:
        outcome.append(result)
        told.set()

    wanted = [*entries, *(NewEntry("in", 1, one, "10.0.0.1:1000") for one in payloads)]
    store.stream("main").append(wanted, done)
    assert told.wait(30)
    assert isinstance(outcome[0], Written), outcome[0]
    return outcome[0]


def take(store: Store, follow: Follow | None = None) -> list[Step]:
    """Take what the log holds into the store."""
    one = follow or Follow(store, "main")
    steps = []
    while (step := one.step()) is not None:
        steps.append(step)
    if follow is None:
        one.release()
    return steps


@dataclass
class Works:
    """A firm's stack and drain, and the logger of the stack."""

    stack: Site
    drain: Site
    device: Device


def works(county: Any, firm: Any, codes: dict[str, dict[str, Any]] | None = None) -> Works:
    sites = []
    for key, medium, name in ((STACK, "gas", "一号烟囱"), (DRAIN, "water", "总排口")):
        site = Site.objects.create(
            key=key, kind=Site.Kind.OUTLET, region=county, organisation=firm, published=False
        )
        Outlet.objects.create(site=site, medium=medium)
        SiteName.objects.create(site=site, name_zh=name)
        sites.append(site)
    device = Device.objects.create(mn=MN, organisation=firm, password=Secret("123456"), minutes=10)
    for code, units in (CHANNELS if codes is None else codes).items():
        Channel.objects.create(device=device, code=code, site=sites[0], item=code, **units)
    return Works(*sites, device)
