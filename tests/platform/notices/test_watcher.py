"""The watcher on a real store: real conditions come and go, a broken look is told."""

from __future__ import annotations

import shutil
import threading
from collections import namedtuple
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from fenhe.platform.monitoring.models import Source
from fenhe.platform.notices import courier, reading, watcher
from fenhe.platform.notices.acts import SetLimit
from fenhe.platform.notices.models import Episode, Threshold
from fenhe.platform.notices.watcher import Round, Watcher
from fenhe.platform.operations import running
from fenhe.platform.worker import Worker
from fenhe.platform.workflow.acts import append, local_actor
from fenhe.store import Store
from tests.platform.conftest import hours, load, tidy
from tests.platform.notices.conftest import until

Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def at_once(db: None) -> None:
    """Alarms end as soon as their condition is gone."""
    told = {"value": 0, "reason": "a test", "actor": "test"}
    for name in ("hold_s", "hold_longest_s"):
        Threshold.objects.create(key=f"common.{name}", **told)


def open_now(round_: Round) -> dict[str, str]:
    """Look at everything and return what stands: object by kind."""
    watcher.step(round_, courier.now_utc(), every=True)
    standing = Episode.objects.filter(closed_at__isnull=True)
    return dict(standing.values_list("kind", "object"))


def test_a_sound_system_has_no_alarm_and_a_full_disk_is_one(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(tidy(tmp_path / "a.csv", hours("in", count=3)))
    round_ = Round(store)
    assert open_now(round_) == {}
    low = Usage(1 << 40, 1 << 40, 100 << 20)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _path: low)
        assert open_now(round_) == {"disk_low": "disk"}
        assert Episode.objects.get().severity == "critical"
    assert open_now(round_) == {}
    one = Episode.objects.get()
    assert list(one.happenings.values_list("what", flat=True)) == ["opened", "closed"]


def test_a_limit_of_the_installation_holds_at_the_next_look(store: Store) -> None:
    round_ = Round(store)
    SetLimit("disk_low.low_bytes", 1 << 40, "a test").run(local_actor())
    assert open_now(round_) == {"disk_low": "disk"}
    SetLimit("disk_low.low_bytes", None).run(local_actor())
    assert open_now(round_) == {}


def test_receipts_out_of_balance(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = pl.DataFrame({"import": [7], "batch": [2], "commit": [9]})
    monkeypatch.setattr(type(store), "unbalanced", lambda _self: wrong)
    assert open_now(Round(store)) == {"receipts_unbalanced": "receipts"}
    assert Episode.objects.get().facts == {"rows": 1, "import_number": 7, "batch": 2}


def test_late_and_failing_feeds(store: Store) -> None:
    now = courier.now_utc()
    Source.objects.create(
        key="late", kind="folder", last_data=now - timedelta(hours=3), location="/x/*", failures=5
    )
    Source.objects.create(key="new", kind="folder", location="/x/*")
    assert open_now(Round(store)) == {"feed_late": "late", "feed_failing": "late"}
    Source.objects.update(last_data=now, failures=0)
    assert open_now(Round(store)) == {}


def test_a_dead_thread(store: Store) -> None:
    dead = threading.Thread(target=lambda: None)
    dead.start()
    dead.join(10)
    running.now.threads["feeder"] = dead
    try:
        assert open_now(Round(store)) == {"thread_dead": "feeder"}
    finally:
        running.now.threads.clear()


def test_verdicts_that_are_behind(store: Store) -> None:
    worker = Worker(store)
    worker.level_at -= 901
    running.now.worker = worker
    try:
        assert open_now(Round(store)) == {"verdicts_behind": "verdicts"}
    finally:
        running.now.worker = None


def test_a_missing_and_an_old_backup(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(tidy(tmp_path / "a.csv", hours("in", count=1)))
    now = reading.utc_now()
    round_ = Round(store)
    monkeypatch.setattr(reading, "utc_now", lambda: now + timedelta(days=8))
    assert open_now(round_) == {"backup_none": "backup"}
    append("operations.backup", local_actor())  # what the act writes when it is done
    assert open_now(round_) == {"backup_old": "backup"}
    monkeypatch.setattr(reading, "utc_now", lambda: now + timedelta(hours=2))
    assert open_now(round_) == {}


def test_a_clock_set_back(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(tidy(tmp_path / "a.csv", hours("in", count=1)))
    now = reading.utc_now()
    monkeypatch.setattr(reading, "utc_now", lambda: now - timedelta(hours=1))
    assert open_now(Round(store)) == {"clock_back": "clock"}


def test_a_queue_that_keeps_growing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 0.0
    monkeypatch.setattr(reading.time, "monotonic", lambda: seconds)
    context, found = reading.Context(store), []
    for number in range(200):
        seconds = number * 4.0
        found = context.sampled("verdicts", 100 * number)
    assert [one.key for one in found] == [("queue_growing", "verdicts")]
    assert len(context.samples["verdicts"]) <= 152  # the window, not all of time


def test_a_look_that_breaks_is_an_alarm_and_the_others_go_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_path: Any) -> Any:
        raise OSError("no such device")

    round_ = Round(store)
    SetLimit("disk_low.low_bytes", 1 << 40, "a test").run(local_actor())
    assert open_now(round_) == {"disk_low": "disk"}
    Source.objects.create(key="bad", kind="folder", location="/x/*", failures=9)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", broken)
        # what is not seen any more is not over
        found = open_now(round_)
        assert found == {"disk_low": "disk", "feed_failing": "bad", "look_failed": "disk"}
        assert Episode.objects.get(kind="look_failed").facts == {"error": "no such device"}
    assert open_now(round_) == {"disk_low": "disk", "feed_failing": "bad"}


class FakeGateway(SimpleNamespace):
    """What the watcher reads of a gateway."""


def test_the_gateway_its_devices_and_its_log(
    store: Store, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fenhe.platform.gateway import live
    from fenhe.platform.registry.models import Channel, Device

    now = reading.utc_now()
    for mn in ("MN1", "MN2", "MN3"):
        device = Device.objects.create(mn=mn)
        Channel.objects.create(device=device, code="a21026", site=world.inside, item="a21026")
    Device.objects.create(mn="OFF", enabled=False)
    Device.objects.update(created_at=courier.now_utc() - timedelta(days=2))
    told = {
        "running": True,
        "since": now - timedelta(days=1),
        "devices": [
            {"mn": "mn1", "last_at": now - timedelta(hours=1), "interval": 600.0, "skew": 1.0},
            {"mn": "MN2", "last_at": now, "interval": 60.0, "skew": -900.0},
        ],
        "refused": [
            {"mn": "MN2", "reason": "password", "peer": "10.0.0.9", "count": 4, "last_at": now},
            {"mn": "<b>", "reason": "unknown_device", "peer": "::1", "count": 1, "last_at": now},
        ],
        "incidents": [
            {"kind": "flood", "subject": "10.0.0.9", "text": "", "count": 50, "last_at": now},
            {"kind": "log_failed", "subject": "main", "text": "", "count": 50, "last_at": now},
        ],
    }
    stream = SimpleNamespace(failed=OSError(28, "No space left on device"), backlog=3)
    gateway = FakeGateway(stream=stream, config=SimpleNamespace(name="main"))
    monkeypatch.setattr(live, "state", lambda **_: told)
    monkeypatch.setattr(live, "current", gateway)
    open_now(Round(store))
    found = set(Episode.objects.values_list("kind", "object", "region"))
    place = world.inside.region_id
    assert found == {
        ("device_silent", "MN1", place),
        ("device_silent", "MN3", place),
        ("device_clock", "MN2", place),
        ("device_password", "MN2", place),
        ("device_unknown", "<b>", None),
        ("gateway_trouble", "flood:10.0.0.9", None),
        ("log_failed", "main", None),
    }
    stream.failed, told["running"] = None, False
    stood = Episode.objects.filter(closed_at__isnull=True).exclude(kind="log_failed")
    expected = {*stood.values_list("kind", flat=True), "look_failed"}
    assert set(open_now(Round(store))) == expected  # who does not answer says nothing of devices
    monkeypatch.setattr(live, "current", None)
    assert open_now(Round(store)) == {}


@pytest.mark.django_db(transaction=True)
def test_the_thread_looks_tells_and_stops(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "PAUSE", 0.05)
    Threshold.objects.create(key="disk_low.low_bytes", value=1 << 40, reason="x", actor="test")
    thread = Watcher(store)
    thread.start()
    try:
        assert until(lambda: Episode.objects.filter(kind="disk_low").exists())
    finally:
        thread.stop()
    assert Episode.objects.filter(kind="disk_low", closed_at__isnull=True).exists()
    assert not thread.is_alive()
