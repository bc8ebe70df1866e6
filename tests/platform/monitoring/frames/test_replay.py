"""What waited in quarantine comes in once, after the registry says what it is; and no more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fenhe.base import beijing
from fenhe.platform.monitoring.frames import acts, evidence
from fenhe.platform.monitoring.frames.replay import replay
from fenhe.platform.registry import door, outletacts
from fenhe.platform.registry.models import (
    Channel,
    Device,
    DeviceKey,
    DeviceParameter,
    Organisation,
)
from fenhe.platform.registry.secrets import Secret
from fenhe.platform.workflow.acts import Actor, local_actor
from fenhe.platform.workflow.models import AuditLog
from fenhe.protocols import hj212
from fenhe.store import Store
from tests.platform.conftest import World
from tests.platform.monitoring.frames.wire import (
    MN,
    NOON,
    OTHER,
    STACK,
    Works,
    append,
    frame,
    hour_of,
    take,
    works,
)

pytestmark = pytest.mark.django_db
UTC_NOON = beijing.to_utc(NOON)


@pytest.fixture
def here(store: Store, world: World) -> Works:
    return works(world.county, world.firm)


def waiting(store: Store) -> list[tuple[int, str, str]]:
    found = store.quarantine(standing=True)
    return sorted(found.select("raw_row", "column", "reason").rows())


def values(store: Store, item: str = "a24088") -> list[float]:
    return store.observations([STACK], [item], statistic="1h")["value"].to_list()


def map_it(here: Works, code: str = "a24088", device: Device | None = None) -> None:
    outletacts.MapChannel(device or here.device, code, here.stack, unit="mg/m3", unit_sum="kg").run(
        local_actor()
    )


def test_a_code_mapped_later_brings_in_its_own_cells_and_no_others(
    store: Store, here: Works
) -> None:
    append(store, frame("2061", [
        ("a21026", "Avg", "30"), ("a24088", "Avg", "1.5"), ("a24088", "Flag", "D"),
        ("a24999", "Avg", "7"), ("a24088", "Max", "9999.99"),
    ]))  # fmt: skip
    append(store, *hour_of("1.6", at=NOON + timedelta(hours=1), code="a24088"))
    take(store)
    assert len(waiting(store)) == 4
    map_it(here)
    done = replay(store, "test")
    assert done.counts == {
        "received": 3, "stored": 2, "corrected": 0, "duplicate": 0, "rejected": 1
    }  # fmt: skip
    assert values(store) == [1.5, 1.6]
    assert values(store, "a21026") == [30.0]
    assert waiting(store) == [
        (1, "a24088-Max", "sentinel"), (1, "a24999-Avg", "unknown_code:31/a24999"),
    ]  # fmt: skip
    checks = store.flags([STACK]).select("item", "check").rows()
    assert checks == [("a24088", "logger_fault")]
    again = replay(store, "test")
    assert again.counts == {}
    row = store.observations([STACK], ["a24088"]).row(0, named=True)
    assert (row["raw_row"], len(row["raw_sha256"])) == (1, 64)


def test_a_device_registered_later_brings_in_its_frames(
    store: Store, here: Works, world: World
) -> None:
    append(
        store,
        frame("2061", [("a21026", "Avg", "11"), ("a24999", "Avg", "1")], mn=OTHER),
        frame("3020", [("i13001", "Info", "100")], mn=OTHER),
        frame("2061", [("a21026", "Avg", "44")], mn="UNKNOWN3"),
    )
    take(store)
    assert {reason for _, _, reason in waiting(store)} == {
        f"unknown_device:{OTHER}", "unknown_device:UNKNOWN3",
    }  # fmt: skip
    other = Device.objects.create(mn=OTHER, organisation=world.firm)
    Channel.objects.create(
        device=other, code="a21026", site=here.drain, item="a21026", unit="mg/m3"
    )
    replay(store, "test")
    found = store.observations([here.drain.pk], statistic="1h")
    assert found["value"].to_list() == [11.0]
    assert waiting(store) == [
        (1, "a24999-Avg", "unknown_code:31/a24999"),
        (3, "frame", "unknown_device:UNKNOWN3"),
    ]
    assert DeviceParameter.objects.get(name="i13001").device == other
    Channel.objects.create(
        device=other, code="a24999", site=here.drain, item="a24999", unit="mg/m3"
    )
    assert replay(store, "test").counts["stored"] == 1
    assert [row[0] for row in waiting(store)] == [3]


def test_only_the_device_asked_for_is_looked_at(store: Store, here: Works, world: World) -> None:
    other = Device.objects.create(mn=OTHER, organisation=world.firm)
    append(store, *hour_of("1", code="a24088"), frame("2061", [("a24088", "Avg", "2")], mn=OTHER))
    take(store)
    map_it(here)
    Channel.objects.create(
        device=other, code="a24088", site=here.drain, item="a24088", unit="mg/m3"
    )
    done = replay(store, "test", MN.lower())
    assert done.counts["stored"] == 1
    assert [row[0] for row in waiting(store)] == [2]
    assert replay(store, "test", OTHER).counts["stored"] == 1
    assert waiting(store) == []


def test_what_came_in_since_stands(store: Store, here: Works) -> None:
    append(store, *hour_of("1", code="a24088"))
    take(store)
    map_it(here)
    append(store, *hour_of("2", code="a24088"))
    take(store)
    done = replay(store, "test")
    assert done.counts["stored"] == 1
    assert done.counts["corrected"] == 0
    assert values(store) == [2.0]
    assert store.history(STACK, "a24088", "1h", UTC_NOON)["value"].to_list() == [1.0]


def test_a_key_entered_later_opens_what_was_sealed(store: Store, here: Works) -> None:
    message = hj212.Message(
        st="31", cn="2061", mn=MN, pw="123456", qn="20261125130000000", edition=2025,
        top=(("DataTime", "20261125120000"),), factors=(("a21026", "Avg", "30.5"),),
    )  # fmt: skip
    append(store, hj212.encode(message, key=b"0" * 16))
    take(store)
    assert waiting(store) == [(1, "frame", f"no_key:{MN}")]
    assert replay(store, "test").counts == {}
    DeviceKey.objects.create(device=here.device, key=Secret("30" * 16))
    assert replay(store, "test").counts["stored"] == 1
    assert values(store, "a21026") == [30.5]
    assert waiting(store) == []


def test_minutes_registered_later_bring_in_the_records(store: Store, here: Works) -> None:
    Device.objects.update(minutes=None)
    append(store, frame("2051", [("a21026", "Avg", "29")]))
    take(store)
    Device.objects.update(minutes=1)
    assert replay(store, "test").counts["stored"] == 1
    assert store.observations([STACK], statistic="1min")["value"].to_list() == [29.0]


def test_a_refused_password_is_never_brought_in(store: Store, here: Works) -> None:
    from fenhe.store.rawlog import NewEntry

    note = NewEntry("note", 7, b'{"refused": "password"}')
    append(store, entries=[note, NewEntry("in", 7, hour_of("666")[0])])
    take(store)
    assert replay(store, "test").counts == {}
    assert values(store, "a21026") == []
    assert waiting(store) == [(2, "frame", "wrong_password")]


def test_while_the_log_is_followed_its_open_segment_can_be_replayed(
    store: Store, here: Works
) -> None:
    from fenhe.platform.monitoring.frames.following import Follow

    append(store, *hour_of("1", code="a24088"))
    follow = Follow(store, "main")
    take(store, follow)
    map_it(here)
    assert replay(store, "test").counts["stored"] == 1
    append(store, *hour_of("2", at=NOON + timedelta(hours=1), code="a24088"))
    take(store, follow)
    follow.release()
    assert values(store) == [1.0, 2.0]
    assert waiting(store) == []


def test_the_verb_takes_in_the_log_first_and_is_an_act(store: Store, here: Works) -> None:
    append(store, *hour_of("1", code="a24088"))
    take(store)
    map_it(here)
    append(store, *hour_of("2", at=NOON + timedelta(hours=1), code="a24088"))
    told = acts.replay_frames({"mn": MN}, local_actor(), lambda _: None)
    assert (told["waiting"], told["stored"]) == (1, 1)
    assert values(store) == [1.0, 2.0]
    entry = AuditLog.objects.get(event="monitoring.replay_frames")
    assert entry.after["stored"] == 1


def test_who_may_replay(store: Store, here: Works, world: World) -> None:
    firm = world.people["firm"]
    with pytest.raises(door.Denied):
        acts.ReplayFrames(MN).run(Actor(firm, "firm", "web"))
    elsewhere = Organisation.objects.create(code="F2", name_zh="乙", region=world.other_county)
    Device.objects.create(mn=OTHER, organisation=elsewhere)
    analyst = Actor(world.people["analyst"], "analyst", "web")
    with pytest.raises(door.Denied):
        acts.ReplayFrames(OTHER).run(analyst)
    assert acts.ReplayFrames(MN).run(analyst).waiting == 0


def test_from_a_value_back_to_its_bytes(store: Store, here: Works) -> None:
    append(store, frame("2061", [
        ("a21026", "Avg", "30.5"), ("a21026", "Flag", "N"), ("a24088", "Avg", "2"),
    ]))  # fmt: skip
    take(store)
    row = store.observations([STACK], ["a21026"]).row(0, named=True)
    told = evidence.frame_of(row["raw_sha256"], row["raw_row"])
    assert told["text"].startswith("##")
    assert "PW=******" in told["text"]
    assert told["header"]["PW"] == "******"
    assert (told["verdict"], told["crc_ok"], told["edition"]) == ("accept", True, 2017)
    assert told["factors"][0] == ["a21026", "Avg", "30.5"]
    assert told["peer"] == "10.0.0.1:1000"
    assert (told["device"], told["refused"]) == (MN, "")
    mapped = told["values"][0]
    assert (mapped["site"], mapped["item"], mapped["statistic"]) == (STACK, "a21026", "1h")
    assert (mapped["value"], mapped["start"], mapped["raw_column"]) == (
        30.5,
        UTC_NOON,
        "a21026-Avg",
    )
    assert [one["reason"] for one in told["rejected"]] == ["unknown_code:31/a24088"]
    assert told["segment"]["gateway"] == "main"


def test_evidence_of_what_is_not_there_is_refused(store: Store, here: Works) -> None:
    from fenhe.base.errors import BadInput

    with pytest.raises(BadInput, match="there is no segment"):
        evidence.frame_of("0" * 64, 1)
    written = append(store, *hour_of("1"))
    with pytest.raises(BadInput, match="is not something received"):
        evidence.frame_of(written.segment, 9)


def test_the_page_of_the_quarantine_shows_what_still_waits(store: Store, here: Works) -> None:
    from fenhe.platform.monitoring import queries

    append(store, frame("2061", [
        ("a24088", "Avg", "1"), ("a24999", "Avg", "2"), ("a21026", "Avg", "9999.99"),
    ]))  # fmt: skip
    take(store)
    assert queries.quarantine()["total"] == 3
    map_it(here)
    replay(store, "test")
    map_it(here, "a24999")
    replay(store, "test")
    told = queries.quarantine()
    assert told["reasons"] == {"sentinel": 1}
    assert queries.quarantine("hj212:main")["total"] == 1
