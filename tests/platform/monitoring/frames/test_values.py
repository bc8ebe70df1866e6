"""What frames become in the store: series, units, times, flags, refusals, receipts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from fenhe.base import beijing
from fenhe.platform.monitoring.frames import recent
from fenhe.platform.registry.models import Channel, Device, DeviceKey, DeviceParameter
from fenhe.platform.registry.secrets import Secret
from fenhe.protocols import hj212
from fenhe.quality.flags import Quality
from fenhe.store import Store
from fenhe.store.rawlog import NewEntry
from tests.platform.conftest import World
from tests.platform.monitoring.frames.wire import (
    DRAIN,
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
    recent.forget()
    return works(world.county, world.firm)


def told(store: Store, statistic: str) -> list[tuple[Any, ...]]:
    """Return item, start, end, value, decimals of the stack's values."""
    rows = store.observations([STACK], statistic=statistic)
    return rows.select("item", "start", "end", "value", "decimals").rows()


def reasons(store: Store) -> list[tuple[str, str]]:
    return store.quarantine().select("column", "reason").rows()


def balanced(store: Store) -> bool:
    counts = store.receipts("import").select("received", "stored", "duplicate", "rejected")
    frames = store.frame_receipts()
    kept = frames["accepted"] + frames["duplicate"] + frames["rejected"]
    whole = all(r == s + d + x for r, s, d, x in counts.rows())
    return whole and bool((frames["received"] == kept).all())


def test_every_record_has_its_statistic_start_and_end(store: Store, here: Works) -> None:
    append(
        store,
        frame("2011", [("a21026", "Rtd", "28.4"), ("a21026", "ZsRtd", "31.2")]),
        frame("2051", [("a21026", "Avg", "29"), ("a21026", "Min", "27"), ("a21026", "Max", "33"),
                       ("a21026", "Cou", "0.21")], NOON + timedelta(minutes=10)),
        frame("2061", [("a21026", "Avg", "30.0"), ("a21026", "ZsAvg", "33.0"),
                       ("a21026", "ZsMin", "30.1"), ("a21026", "ZsMax", "40.2")]),
        frame("2031", [("a21026", "Avg", "28"), ("a21026", "Cou", "5.125")],
              datetime(2026, 11, 24)),
        frame("2021", [("SB1", "RS", "1")]),
        frame("2041", [("SB1", "RT", "23.5")], datetime(2026, 11, 24)),
    )  # fmt: skip
    take(store)
    ten, day = UTC_NOON + timedelta(minutes=10), datetime(2026, 11, 23, 16)
    assert told(store, "rtd") == [("a21026", UTC_NOON, UTC_NOON, 28.4, 1)]
    assert told(store, "rtd.zs") == [("a21026", UTC_NOON, UTC_NOON, 31.2, 1)]
    end = ten + timedelta(minutes=10)
    assert told(store, "10min") == [("a21026", ten, end, 29.0, 0)]
    assert told(store, "10min.min") == [("a21026", ten, end, 27.0, 0)]
    assert told(store, "10min.max") == [("a21026", ten, end, 33.0, 0)]
    assert told(store, "10min.sum") == [("a21026", ten, end, 0.21, 2)]
    hour = UTC_NOON + timedelta(hours=1)
    assert told(store, "1h") == [("a21026", UTC_NOON, hour, 30.0, 1)]
    for part, value in (("zs", 33.0), ("zs_min", 30.1), ("zs_max", 40.2)):
        assert told(store, f"1h.{part}") == [("a21026", UTC_NOON, hour, value, 1)]
    over = day + timedelta(days=1)
    assert told(store, "1d") == [("a21026", day, over, 28.0, 0)]
    assert told(store, "1d.sum") == [("a21026", day, over, 5.125, 3)]
    assert told(store, "rtd.rs") == [("sb1", UTC_NOON, UTC_NOON, 1.0, 0)]
    assert told(store, "1d.rt") == [("sb1", day, over, 23.5, 1)]
    assert reasons(store) == []
    assert balanced(store)


def test_units_are_turned_once_at_the_edge(store: Store, here: Works) -> None:
    append(
        store,
        frame("2011", [("a01013", "Rtd", "-250"), ("a00000", "Rtd", "36000")]),
        frame("2061", [("a00000", "Cou", "36000.5")]),
    )
    take(store)
    assert told(store, "rtd") == [
        ("a00000", UTC_NOON, UTC_NOON, 10.0, 4),
        ("a01013", UTC_NOON, UTC_NOON, -0.25, 3),
    ]
    assert [row[3:] for row in told(store, "1h.sum")] == [(36000.5, 1)]


def test_a_channel_maps_by_the_day_of_the_record(store: Store, here: Works, world: World) -> None:
    Channel.objects.filter(code="a21026").update(valid_to="2026-11-24")
    Channel.objects.create(
        device=here.device, code="a21026", site=here.drain, item="a21002", unit="ug/m3",
        valid_from="2026-11-26",
    )  # fmt: skip
    for day in (24, 25, 26):
        append(store, *hour_of("30.5", at=datetime(2026, 11, day, 12)))
    take(store)
    assert [row[0] for row in told(store, "1h")] == ["a21026"]
    moved = store.observations([DRAIN], statistic="1h")
    assert moved.select("item", "value", "decimals").rows() == [("a21002", 0.0305, 4)]
    assert reasons(store) == [("a21026-Avg", "channel_outside_dates:31/a21026")]


def test_the_hour_before_midnight_is_of_the_day_before(store: Store, here: Works) -> None:
    Channel.objects.filter(code="a21026").update(valid_to="2026-11-24")
    append(store, *hour_of("1", "2", at=datetime(2026, 11, 24, 23)))
    take(store)
    assert [row[1] for row in told(store, "1h")] == [datetime(2026, 11, 24, 15)]


def test_a_channel_of_a_system_code_comes_before_one_of_any(store: Store, here: Works) -> None:
    Channel.objects.create(
        device=here.device, st="51", code="a21026", site=here.drain, item="a21026", unit="mg/m3"
    )
    append(store, frame("2061", [("a21026", "Avg", "1")]),
           frame("2061", [("a21026", "Avg", "2")], st="51"))  # fmt: skip
    take(store)
    assert store.observations([STACK], statistic="1h")["value"].to_list() == [1.0]
    assert store.observations([DRAIN], statistic="1h")["value"].to_list() == [2.0]


def test_codes_of_2005_come_by_their_channel(store: Store, here: Works) -> None:
    Channel.objects.create(
        device=here.device, code="011", site=here.drain, item="w01018", unit="mg/L"
    )
    raw = hj212.encode(hj212.Message(
        st="32", cn="2061", mn=MN, pw="123456", edition=2005, flag=-1,
        top=(("DataTime", "20261125120000123"),), factors=(("011", "Avg", "45.6"),),
    ))  # fmt: skip
    append(store, raw)
    take(store)
    found = store.observations([DRAIN], statistic="1h")
    assert found.select("item", "start", "value").rows() == [("w01018", UTC_NOON, 45.6)]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (frame("2061", mn=OTHER), f"unknown_device:{OTHER}"),
        (frame("2099"), "unknown_command:2099"),
        (frame("2061", at=NOON + timedelta(minutes=5)), "time_off_grid:60"),
        (frame("2061", at=NOON + timedelta(seconds=5)), "time_off_grid:60"),
        (frame("2051", at=NOON + timedelta(minutes=5)), "time_off_grid:10"),
        (frame("2031", at=NOON), "time_off_grid:1440"),
        (frame("2061", at=datetime(2046, 11, 25, 12)), "time_ahead"),
        (frame("2061", at=None), "time_missing"),
        (frame("2061", at=None, top=[("DataTime", "20260231120000")]), "time_impossible"),
        (frame("2061")[:-6] + b"0000\r\n", "reject_crc"),
        (b"\x00\x01 noise", "garbage"),
    ],
)
def test_a_frame_that_can_not_be_kept_is_refused_whole_with_its_reason(
    store: Store, here: Works, payload: bytes, reason: str
) -> None:
    append(store, payload)
    take(store)
    assert reasons(store) == [("frame", reason)]
    text = store.quarantine()["text"][0]
    assert "123456" not in text
    assert store.observations(statistic="1h").is_empty()
    assert balanced(store)


@pytest.mark.parametrize(
    ("factor", "reason"),
    [
        (("a21026", "Avg", "9999.99"), "sentinel"),
        (("a21026", "Avg", "-9999.99"), "sentinel"),
        (("a21026", "Avg", "-999"), "sentinel"),
        (("a21026", "Avg", "--"), "not_a_number"),
        (("a21026", "Avg", ""), "no_value"),
        (("a21026", "Rtd", "1"), "unknown_field:2061/Rtd"),
        (("a24088", "Avg", "1"), "unknown_code:31/a24088"),
    ],
)
def test_a_value_that_can_not_be_kept_is_refused_alone(
    store: Store, here: Works, factor: tuple[str, str, str], reason: str
) -> None:
    append(store, frame("2061", [("a21002", "Avg", "12"), factor]))
    take(store)
    assert reasons(store) == [(f"{factor[0]}-{factor[1]}", reason)]
    assert [row[0] for row in told(store, "1h")] == ["a21002"]
    assert balanced(store)


def test_a_total_of_many_nines_may_well_be_one(store: Store, here: Works) -> None:
    append(store, frame("2061", [("a00000", "Cou", "9999")]))
    take(store)
    assert [row[3] for row in told(store, "1h.sum")] == [9999.0]


def test_a_channel_whose_unit_does_not_fit_keeps_its_values_waiting(
    store: Store, here: Works
) -> None:
    Channel.objects.filter(code="a21026").update(unit="mg/L")
    append(store, *hour_of("1"))
    take(store)
    assert reasons(store) == [("a21026-Avg", "unit_of_channel:31/a21026")]


def test_minute_records_wait_until_their_length_is_known(store: Store, here: Works) -> None:
    Device.objects.update(minutes=None)
    minute = [("a21026", "Avg", "29")]
    soon = beijing.to_beijing(datetime.now(UTC).replace(tzinfo=None, second=0, microsecond=0))
    soon += timedelta(minutes=10 - soon.minute % 5)
    append(store, frame("2051", minute, soon))
    take(store)
    append(store, frame("1063", [], None, top=[("MinInterval", "5")], qn="20261125120100000"))
    append(store, frame("2051", minute, soon))
    take(store)
    assert reasons(store) == [("frame", "unknown_interval")]
    assert [row[1] for row in told(store, "5min")] == [beijing.to_utc(soon)]
    kept = DeviceParameter.objects.get(name="MinInterval")
    assert (kept.value, kept.device) == ("5", here.device)


def test_a_device_that_changes_its_minutes_is_believed_from_then_on(
    store: Store, here: Works
) -> None:
    DeviceParameter.objects.create(
        device=here.device, name="MinInterval", value="1", cn="1063",
        since="2026-11-25T04:30:00Z", arrived_at="2026-11-25T04:30:00Z",
        raw_sha256="0" * 64, raw_row=1,
    )  # fmt: skip
    minute = [("a21026", "Avg", "29")]
    append(store, frame("2051", minute, NOON + timedelta(minutes=20)),
           frame("2051", minute, NOON + timedelta(minutes=31)))  # fmt: skip
    take(store)
    assert [row[1] for row in told(store, "10min")] == [UTC_NOON + timedelta(minutes=20)]
    assert [row[1] for row in told(store, "1min")] == [UTC_NOON + timedelta(minutes=31)]


def test_letters_of_the_logger_become_flags_on_every_part_of_the_record(
    store: Store, here: Works
) -> None:
    append(store, frame("2061", [
        ("a21026", "Avg", "30"), ("a21026", "Max", "40"), ("a21026", "Flag", "D"),
        ("a21026", "EFlag", "0007"), ("a21002", "Avg", "12"), ("a21002", "Flag", "N"),
        ("a19001", "Avg", "8"), ("a19001", "Flag", "U"),
    ]))  # fmt: skip
    append(store, frame("2011", [("a21026", "Rtd", "30"), ("a21026", "Flag", "C")]))
    take(store)
    flags = store.flags([STACK]).sort("item", "statistic")
    assert flags.select("item", "statistic", "check", "reason").rows() == [
        ("a19001", "1h", "logger_unknown", "Flag=U"),
        ("a21026", "1h", "logger_fault", "Flag=D EFlag=0007"),
        ("a21026", "1h.max", "logger_fault", "Flag=D EFlag=0007"),
        ("a21026", "rtd", "logger_calibration", "Flag=C"),
    ]
    found = store.observations([STACK], statistic="1h").select("item", "quality").rows()
    assert found == [
        ("a19001", Quality.VOID), ("a21002", Quality.NOT_CHECKED), ("a21026", Quality.VOID),
    ]  # fmt: skip
    assert store.observations([STACK], statistic="rtd")["quality"].to_list() == [Quality.VOID]


def test_the_same_record_again_is_a_duplicate_another_value_a_correction(
    store: Store, here: Works
) -> None:
    append(store, *hour_of("30.5"))
    append(store, frame("2061", [("a21026", "Avg", "30.5")], rf=True, edition=2025))
    append(store, *hour_of("31.0"))
    take(store)
    assert [row[3] for row in told(store, "1h")] == [31.0]
    former = store.history(STACK, "a21026", "1h", UTC_NOON)
    assert former["value"].to_list() == [30.5]
    assert store.flags().is_empty()
    total = store.receipts("import").row(0, named=True)
    assert (total["stored"], total["corrected"], total["duplicate"]) == (2, 1, 1)
    frames = store.frame_receipts().sum()
    assert (frames["accepted"].item(), frames["duplicate"].item()) == (2, 1)


def test_a_late_record_lies_where_its_time_says(store: Store, here: Works) -> None:
    append(store, *hour_of("30"), *hour_of("12", at=NOON - timedelta(days=40)))
    take(store)
    assert [row[1] for row in told(store, "1h")] == [UTC_NOON - timedelta(days=40), UTC_NOON]


def test_sub_packets_are_stored_as_they_come(store: Store, here: Works) -> None:
    first = frame("2061", [("a21026", "Avg", "1")], pnum=2, pno=1, qn="20261125130000000")
    second = frame("2061", [("a21002", "Avg", "2")], pnum=2, pno=2, qn="20261125130000001")
    append(store, second)
    take(store)
    append(store, first, first)
    take(store)
    assert [row[0] for row in told(store, "1h")] == ["a21002", "a21026"]
    assert reasons(store) == []
    assert store.frame_receipts()["duplicate"].sum() == 1


def test_a_frame_the_gateway_refused_for_its_password_is_not_stored(
    store: Store, here: Works
) -> None:
    wrong = frame("2061", [("a21026", "Avg", "666")], pw="000000")
    note = NewEntry("note", 7, b'{"refused": "password"}')
    append(store, entries=[note, NewEntry("in", 8, hour_of("30")[0]), NewEntry("in", 7, wrong)])
    append(store, entries=[NewEntry("in", 7, hour_of("31", at=NOON + timedelta(hours=1))[0])])
    take(store)
    assert reasons(store) == [("frame", "wrong_password")]
    assert [row[3] for row in told(store, "1h")] == [30.0, 31.0]


def test_a_note_at_the_end_of_a_batch_waits_for_its_frame(store: Store, here: Works) -> None:
    from fenhe.platform.monitoring.frames import following

    append(store, *hour_of("30"))
    follow = following.Follow(store, "main")
    note = NewEntry("note", 7, b'{"refused": "disabled"}')
    append(store, entries=[NewEntry("open", 7, b""), note])
    take(store, follow)
    assert store.receipts("import")["last_row"].to_list() == [2]
    append(store, entries=[NewEntry("in", 7, frame("2061", [("a21026", "Avg", "666")]))])
    take(store, follow)
    assert reasons(store) == [("frame", "disabled_device")]
    follow.release()


def test_a_sealed_data_area_is_read_with_the_device_s_key(store: Store, here: Works) -> None:
    message = hj212.Message(
        st="31", cn="2061", mn=MN, pw="123456", qn="20261125130000000", edition=2025,
        top=(("DataTime", "20261125120000"),), factors=(("a21026", "Avg", "30.5"),),
    )  # fmt: skip
    sealed = hj212.encode(message, key=b"0" * 16)
    append(store, sealed)
    take(store)
    assert reasons(store) == [("frame", f"no_key:{MN}")]
    DeviceKey.objects.create(device=here.device, key=Secret("30" * 16), valid=False)
    append(store, hj212.encode(message, key=b"0" * 16))
    take(store)
    assert [row[3] for row in told(store, "1h")] == [30.5]


def test_what_a_device_says_of_itself_is_kept_when_it_changes(store: Store, here: Works) -> None:
    def said(value: str, minute: int, code: str = "i13001") -> bytes:
        return frame("3020", [(code, "Info", value)], NOON + timedelta(minutes=minute),
                     top=[("PolId", "a21026")])  # fmt: skip

    append(store, said("100", 0), said("100", 10), said("200", 20), said("100", 30))
    append(store, said("//opened//", 31, "i11001"), said("//opened//", 32, "i11001"))
    append(store, frame("3019", [("a21026", "SN", "ABC")]))
    take(store)
    rows = DeviceParameter.objects.order_by("name", "since")
    assert list(rows.values_list("of", "name", "kind", "value")) == [
        ("a21026", "SN", "parameter", "ABC"),
        ("a21026", "i11001", "log", "opened"),
        ("a21026", "i11001", "log", "opened"),
        ("a21026", "i13001", "parameter", "100"),
        ("a21026", "i13001", "parameter", "200"),
        ("a21026", "i13001", "parameter", "100"),
    ]
    first = rows.filter(name="i13001").first()
    assert first is not None
    assert first.raw_row == 1
    assert len(first.raw_sha256) == 64
    assert reasons(store) == []
    assert balanced(store)


def test_a_late_saying_is_put_where_it_belongs(store: Store, here: Works) -> None:
    def said(value: str, minute: int) -> bytes:
        return frame("3020", [("i13008", "Info", value)], NOON + timedelta(minutes=minute),
                     top=[("PolId", "a21026")])  # fmt: skip

    append(store, said("1.0", 0), said("1.2", 30), said("1.1", 15), said("1.0", 5))
    take(store)
    rows = DeviceParameter.objects.filter(name="i13008").order_by("since")
    assert list(rows.values_list("value", flat=True)) == ["1.0", "1.1", "1.2"]


def test_numbers_of_the_station_are_values_where_a_channel_says_so(
    store: Store, here: Works
) -> None:
    Channel.objects.create(
        device=here.device, code="i33001", site=here.stack, item="i33001", unit="degC"
    )
    append(store, frame("3020", [("i33001", "Info", "121.5"), ("i33002", "Info", "4")]))
    take(store)
    assert [row[:1] + row[3:] for row in told(store, "rtd")] == [("i33001", 121.5, 1)]
    assert DeviceParameter.objects.filter(name="i33002").exists()
    assert reasons(store) == []


def test_working_conditions_of_2025_are_letters_and_kept_as_states(
    store: Store, here: Works
) -> None:
    append(
        store,
        frame("2011", [("p99101", "Rtd", "F")], st="45", edition=2025),
        frame("2011", [("p99101", "Rtd", "F")], NOON + timedelta(minutes=1), st="45", edition=2025),
        frame("2011", [("p99101", "Rtd", "G")], NOON + timedelta(minutes=2), st="45", edition=2025),
    )
    take(store)
    rows = DeviceParameter.objects.filter(of="p99101").order_by("since")
    assert list(rows.values_list("name", "kind", "value")) == [
        ("condition", "state", "F"), ("condition", "state", "G"),
    ]  # fmt: skip
    assert reasons(store) == []


def test_secrets_in_frames_are_not_shown_where_they_are_kept(store: Store, here: Works) -> None:
    append(
        store, frame("3020", [("i13001", "Info", "PW=hunter2")]), frame("2099", [], pw="hunter2")
    )
    take(store)
    assert "hunter2" not in str(list(DeviceParameter.objects.values_list("value", flat=True)))
    assert "hunter2" not in str(store.quarantine()["text"].to_list())


def test_the_last_frames_of_a_device_are_at_hand(store: Store, here: Works) -> None:
    append(store, *hour_of("1", "2"), frame("2099"))
    take(store)
    seen = recent.of(MN.lower())
    assert [(one.raw_row, one.cn, one.refused) for one in seen] == [
        (3, "2099", "unknown_command:2099"), (2, "2061", ""), (1, "2061", ""),
    ]  # fmt: skip
    assert recent.of(OTHER) == []


def test_talk_between_host_and_site_is_no_data(store: Store, here: Works) -> None:
    append(
        store,
        frame("9014", [], None),
        frame("9011", [], None, top=[("QnRtn", "1")]),
        frame("1013", [], None),
        entries=[
            NewEntry("open", 3, b""),
            NewEntry("out", 3, b"##0001"),
            NewEntry("close", 3, b""),
        ],
    )
    take(store)
    assert reasons(store) == []
    counts = store.frame_receipts().sum()
    assert (counts["received"].item(), counts["accepted"].item()) == (3, 3)
    assert store.observations(statistic="1h").is_empty()
    assert pl.Series(store.receipts("import")["received"]).to_list() == [0]
