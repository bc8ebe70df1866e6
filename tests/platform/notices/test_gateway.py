"""The watcher beside a real gateway: strangers, wrong clocks, silence, a disk that fails."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fenhe.platform.gateway import live
from fenhe.platform.notices import courier, reading
from fenhe.platform.notices.models import Episode, Threshold
from fenhe.platform.notices.reading import Context
from fenhe.platform.notices.watcher import Round, step
from fenhe.platform.registry.models import Channel, Device
from fenhe.store import Store
from tests.platform.conftest import World
from tests.platform.gateway import wire
from tests.platform.gateway.conftest import Devices, Known, Running, listening
from tests.platform.gateway.wire import Logger

pytestmark = pytest.mark.django_db
WAIT = 30.0


@pytest.fixture
def gateway(store: Store, world: World, tmp_path: Path) -> Iterator[Running]:
    """A gateway of one registered device in the first county."""
    device = Device.objects.create(mn=wire.MN)
    Channel.objects.create(device=device, code="a21026", site=world.inside, item="a21026")
    devices = Devices()
    devices.add(Known())
    for name in ("hold_s", "hold_longest_s"):
        Threshold.objects.create(key=f"common.{name}", value=0, reason="a test", actor="test")
    with listening(tmp_path, devices) as running:
        live.current = running.loop
        yield running


def until(true: Callable[[], Any]) -> Any:
    end = time.monotonic() + WAIT
    while time.monotonic() < end and not true():
        time.sleep(0.05)
    return true()


def standing(store: Store) -> set[tuple[str, str, str | None]]:
    step(Round(store), courier.now_utc(), every=True)
    found = Episode.objects.filter(closed_at__isnull=True)
    return set(found.values_list("kind", "object", "region"))


def test_strangers_and_wrong_passwords_are_alarms_with_their_count(
    store: Store, gateway: Running
) -> None:
    for mn, pw in ((wire.MN, "654321"), ("<img src=x>", "123456"), (wire.MN, "111111")):
        logger = Logger(gateway.port)
        logger.send(wire.upload(mn=mn, pw=pw))
        logger.socket.close()
    assert until(lambda: sum(one["count"] for one in live.state()["refused"]) == 3)
    assert standing(store) >= {
        ("device_password", wire.MN, "140105"),
        ("device_unknown", "<img src=x>", None),
    }
    password = Episode.objects.get(kind="device_password")
    assert password.facts["times"] == 2
    assert "127.0.0.1" in password.facts["text"]
    stored = [str(one.facts) for one in Episode.objects.all()]
    assert not any(secret in text for text in stored for secret in ("654321", "111111"))


def test_a_clock_that_is_months_behind_and_a_device_that_then_falls_silent(
    store: Store, gateway: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = Logger(gateway.port)
    logger.send(wire.upload(1))
    assert logger.receive() == wire.ack(1)
    assert until(lambda: live.state()["devices"])
    assert standing(store) == {("device_clock", wire.MN, "140105")}  # QN of last March
    now = reading.utc_now()
    monkeypatch.setattr(reading, "utc_now", lambda: now + timedelta(hours=4))
    assert ("device_silent", wire.MN, "140105") in standing(store)
    logger.socket.close()
    with listening(tmp_path / "anew", gateway.devices) as again:  # it has heard nobody yet
        live.current = again.loop
        assert live.state()["devices"] == []
        assert ("device_silent", wire.MN, "140105") in standing(store)  # not over by forgetting
        monkeypatch.setattr(reading, "utc_now", lambda: now)
        logger = Logger(again.port)
        logger.send(wire.upload(2))
        assert logger.receive() == wire.ack(2)
        assert until(lambda: live.state()["devices"])
        assert ("device_silent", wire.MN, "140105") not in standing(store)
        logger.socket.close()


def test_a_raw_log_that_can_not_reach_the_disk(
    store: Store, gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_handle: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        for name in ("fsync", "fdatasync"):
            patched.setattr(os, name, broken)
        logger = Logger(gateway.port)
        logger.send(wire.upload(1))
        assert until(lambda: gateway.log.failed is not None)
        found = reading.raw_log(Context(store))
        assert [(one.kind, one.object) for one in found] == [("log_failed", "main")]
        assert "Input/output error" in str(found[0].facts["error"])
    logger.socket.close()
    assert until(lambda: gateway.log.failed is None)
    assert reading.raw_log(Context(store)) == []
