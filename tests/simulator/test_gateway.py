"""The simulated fleet against the gateway itself: everything kept, everything answered."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from fenhe.simulator import fleet, series
from fenhe.simulator.network.client import Host
from fenhe.simulator.network.play import Manner, Player
from fenhe.simulator.planted.plan import chosen
from fenhe.simulator.simulation import Simulation
from tests.platform.gateway.conftest import Devices, Known, listening

START = series.seconds_of(datetime(2026, 8, 3, 2))


def known(made: fleet.Fleet) -> Devices:
    devices = Devices()
    for one in made.devices:
        keys = (bytes.fromhex(one.cipher_key),) if one.cipher_key else ()
        devices.add(Known(one.mn, one.password, one.spec.edition, keys))
    return devices


def test_a_fleet_and_the_gateway_agree_on_every_frame(tmp_path: Path) -> None:
    made = fleet.make(seed=2)
    manner = Manner(start=START + 2_900, speed=600.0, until=START + 3_700, spread=0.2)
    with listening(tmp_path, known(made)) as gateway:
        player = Player(Simulation(made, chosen("all")), Host("127.0.0.1", gateway.port), manner)
        balance = asyncio.run(asyncio.wait_for(player.run(), 60))
        totals = gateway.totals()
        kept = gateway.bytes_in()
    assert balance.balanced()
    assert balance.outstanding == balance.waiting == 0
    assert balance.acknowledged == balance.sent > 200
    assert totals["rejected"] == 0
    assert totals["garbage_bytes"] == 0
    assert totals["accepted"] == balance.frames == len(kept)
    assert not balance.refused


def test_a_stranger_is_not_answered(tmp_path: Path) -> None:
    made = fleet.make(("sinter",), seed=2)
    manner = Manner(start=START, speed=60.0, seconds=1.0, patience=0.2)
    with listening(tmp_path, Devices()) as gateway:
        player = Player(Simulation(made), Host("127.0.0.1", gateway.port, first_wait=0.2), manner)
        balance = asyncio.run(asyncio.wait_for(player.run(), 60))
        refused = gateway.state()["refused"]
    assert balance.acknowledged == 0
    assert {one["reason"] for one in refused} == {"unknown_device"}
