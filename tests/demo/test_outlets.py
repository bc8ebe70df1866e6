"""The simulated outlets of the demonstration: entered once, marked as made up, played beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click
import pytest

from fenhe.base.errors import BadInput
from fenhe.cli import demofleet
from fenhe.platform import owner, paths
from fenhe.platform.demo import boundaries
from fenhe.platform.registry.models import Channel, Device, Mark, Outlet, PermitLimit, Region, Site
from fenhe.protocols import hj212
from fenhe.simulator import fleet, series
from fenhe.simulator.network.logger import Logger
from fenhe.simulator.simulation import Simulation
from tests.simulator.tiny import Host


@pytest.fixture
def folder(tmp_path: Path, settings: object, db: None) -> Iterator[Path]:
    """A prepared data folder with the regions the made-up plants are said to lie in."""
    paths.prepare(tmp_path)
    settings.FENHE_DATA = tmp_path  # type: ignore[attr-defined]
    for row in boundaries.divisions():
        Region.objects.create(
            code=row["code"],
            level=row["level"],
            name_zh=row["name_zh"],
            parent_id=row["parent"] or None,
        )
    yield tmp_path
    owner.close()


def test_outlets_are_entered_once_and_say_that_they_are_simulated(folder: Path) -> None:
    said: list[str] = []
    demofleet.enter(said.append)
    made = fleet.make(seed=demofleet.SEED)
    assert Outlet.objects.count() == len(made.sites)
    assert not Outlet.objects.filter(simulated=False).exists()
    assert not Device.objects.filter(simulated=False).exists()
    assert {one.mn for one in Device.objects.all()} == {one.mn for one in made.devices}
    for site in Site.objects.filter(kind=Site.Kind.OUTLET):
        assert site.key.startswith("outlet:sim-")
        assert all(name.name_zh.startswith("模拟") for name in site.names.all())
    assert all("虚构" in one.document for one in PermitLimit.objects.all())
    assert PermitLimit.objects.exists()
    counts = (Channel.objects.count(), Mark.objects.count(), PermitLimit.objects.count())
    assert said[0] == f"simulated outlets: {len(made.sites)}, loggers: {len(made.devices)}"
    again: list[str] = []
    demofleet.enter(again.append)
    assert again == []
    assert counts == (Channel.objects.count(), Mark.objects.count(), PermitLimit.objects.count())


def test_every_code_on_the_wire_has_a_channel(folder: Path) -> None:
    demofleet.enter(click.echo)
    sim = Simulation(fleet.make(seed=demofleet.SEED))
    start = series.seconds_of(datetime(2026, 8, 3, 2))
    for device in sim.fleet.devices:
        one = Logger(sim, device, start, window=10_000)
        one.settings.realtime = 1_800
        known = {(c.st, c.code) for c in Channel.objects.filter(device__mn=device.mn)}
        told = set()
        for data in one.outgoing(start + 3_600, 0.0):
            frame = hj212.decode(data, keys=[one.speaker.key] if one.speaker.key else [])
            told |= {(frame.st, code.lower()) for code, _, _ in frame.cp.factors}
        assert told
        assert told <= known, device.key


def test_marks_are_of_the_past_and_of_known_codes(folder: Path) -> None:
    from fenhe.quality import marks as vocabulary

    demofleet.enter(click.echo)
    now = datetime.now().astimezone()
    assert Mark.objects.exists()
    known = {(row["of"], row["code"]) for row in vocabulary.codes()}
    for one in Mark.objects.all():
        assert one.submitted_at < now
        assert (one.kind, one.code) in known
        assert one.reason.startswith("模拟")


def test_the_fleet_is_played_by_a_process_that_ends_with_us(tmp_path: Path) -> None:
    async def run() -> tuple[Host, str]:
        host = Host()
        port = await host.start()
        with demofleet.playing(tmp_path, f"127.0.0.1:{port}"):
            await host.wait_for(lambda said: said.header["CN"] == "2051", 60)
        words = (tmp_path / demofleet.LOG).read_text("utf-8")
        await host.stop()
        return host, words

    host, words = asyncio.run(asyncio.wait_for(run(), 90))
    assert "模拟数据" in words
    assert "records" in words  # it told its balance: it was not killed
    assert (tmp_path / demofleet.NOTE).is_file()
    assert host.connections > 0
    late = [said for said in host.heard if said.header["CN"] == "2051"]
    assert all(said.header.get("RF") == "1" for said in late if said.header["Flag"] == "9")


def test_a_taken_gateway_address_is_told(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        began = time.monotonic()
        with pytest.raises(BadInput, match="choose another --gateway"):
            demofleet.check_free(f"127.0.0.1:{taken.getsockname()[1]}")
        assert time.monotonic() - began < 10
