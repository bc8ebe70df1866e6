"""Each condition at its limit: nothing at it, a finding beyond it, with the facts to tell."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import inf
from typing import Any

import pytest

from fenhe.base.errors import BadInput
from fenhe.platform.notices import conditions, kinds, wording
from fenhe.platform.notices.conditions import Device, Registered, Route, Trouble
from fenhe.platform.notices.findings import Finding, bounded
from fenhe.platform.notices.tuning import Tuning
from fenhe.platform.operations.lateness import Lag

NOW = datetime(2026, 3, 2, 4)
USUAL = Tuning()


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def test_every_kind_and_limit_says_all_in_both_languages() -> None:
    assert len(kinds.all_kinds()) >= 16
    for kind in kinds.all_kinds().values():
        for language in ("zh", "en"):
            for name in ("title", "said", "do"):
                assert getattr(kind, f"{name}_{language}"), (kind.id, name)
        assert kind.every > 0
    for limit in kinds.all_limits().values():
        assert limit.reason_zh
        assert limit.reason_en
        assert limit.lowest <= limit.value <= limit.highest
        assert limit.unit


def test_a_limit_nobody_knows_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadInput, match=r"disk_low\.low_bytes"):
        kinds.limit("disk_low.high")


def test_a_feed_is_late_after_twice_its_rhythm_and_a_new_one_is_not() -> None:
    lags = [Lag("at", 7200, 7200), Lag("late", 7201, 7200), Lag("new", inf, 7200)]
    (found,) = conditions.feeds_late(lags, USUAL)
    assert found.key == ("feed_late", "late")
    assert found.facts == {"lag_s": 7201, "allowed_s": 7200}
    own = Tuning({"feed_late.times": 0.5})
    assert len(conditions.feeds_late(lags, own)) == 2


def test_a_feed_that_fails_often_in_a_row() -> None:
    found = conditions.feeds_failing({"a": 4, "b": 5}, USUAL)
    assert [(one.object, one.facts) for one in found] == [("b", {"failures": 5})]


def test_receipts_that_do_not_balance() -> None:
    assert conditions.receipts_unbalanced(0, 0, 0) == []
    (found,) = conditions.receipts_unbalanced(2, 7, 1)
    said = wording.sentence(found.kind, found.object, found.facts, "en")
    assert said.startswith("2 receipts do not balance")
    assert said.endswith("the first: import 7, batch 1.")


def test_a_raw_log_that_can_not_be_written_or_is_not_taken_up() -> None:
    assert conditions.log_failed("main", None) == []
    (found,) = conditions.log_failed("main", OSError(28, "No space left on device"))
    assert found.facts["error"] == "[Errno 28] No space left on device"
    assert kinds.all_kinds()["log_failed"].severity == "critical"
    assert conditions.log_behind("main", 0, None, NOW, USUAL) == []
    assert conditions.log_behind("main", 9, ago(120), NOW, USUAL) == []
    (late,) = conditions.log_behind("main", 9, ago(121), NOW, USUAL)
    assert late.facts == {"entries": 9, "waited_s": 121.0}


@pytest.mark.parametrize(
    ("last", "interval", "silent"),
    [
        (ago(1800), 600, False),  # three intervals, to the second
        (ago(1801), 600, True),
        (ago(299), 30, False),  # a quick one has its five minutes
        (ago(301), 30, True),
        (ago(10_800), None, False),  # rhythm not known: three hours
        (ago(10_801), None, True),
        (None, 600, False),
    ],
)
def test_a_device_is_silent_after_three_of_its_intervals(
    last: datetime | None, interval: float | None, silent: bool
) -> None:
    device = Device("MN1", last, interval, region="140105")
    found = conditions.devices_silent([device], NOW, USUAL)
    assert [one.key for one in found] == [("device_silent", "MN1")] * silent
    assert all(one.region == "140105" for one in found)


def test_a_registered_device_that_never_came_is_expected_since_it_could() -> None:
    heard = [Device("mn-a", ago(60), 30.0, skew=-500), Device("STRANGER", ago(1), 30.0)]
    registered = [
        Registered("MN-A", ago(90_000), 600),
        Registered("MN-B", ago(90_000), 600),  # not since the gateway began
        Registered("MN-C", ago(100), None),  # entered just now
    ]
    registered.append(Registered("MN-D", ago(90_000), 600, simulated=True))
    before = {"MN-A": ago(9999), "MN-D": ago(70_000)}  # known to be silent when it was restarted
    found = {one.mn: one for one in conditions.expected(registered, heard, ago(5000), before)}
    assert found.keys() == {"MN-A", "MN-B", "MN-C", "MN-D"}
    assert found["MN-D"].last_at == ago(70_000)
    assert found["MN-A"] == Device("MN-A", ago(60), 30.0, -500)
    assert found["MN-B"] == Device("MN-B", ago(5000), 600)
    assert found["MN-C"] == Device("MN-C", ago(100), None)
    silent = conditions.devices_silent(found.values(), NOW, USUAL)
    assert [one.object for one in silent] == ["MN-B", "MN-D"]
    told = wording.sentence(silent[1].kind, "MN-D", silent[1].facts, "zh")
    assert told == "数采仪 MN-D 已 19.4 小时 没有报文，其上报间隔为 10 分钟。（模拟设备）"
    assert [one.object for one in conditions.devices_skewed(found.values(), USUAL)] == ["MN-A"]


@pytest.mark.parametrize("skew", [121.0, -121.0])
def test_a_clock_off_by_more_than_two_minutes_either_way(skew: float) -> None:
    devices = [Device("A", skew=skew), Device("B", skew=120.0), Device("C")]
    (found,) = conditions.devices_skewed(devices, USUAL)
    assert found.key == ("device_clock", "A")
    assert "2 min" in wording.sentence(found.kind, "A", found.facts, "en")


def test_wrong_passwords_unknown_devices_and_other_trouble() -> None:
    found = conditions.troubles(
        [
            Trouble("password", "MN1", 3, ago(10), "10.0.0.9:4001", "140105"),
            Trouble("unknown_device", "MN2", 1, ago(899), "10.0.0.9:4002"),
            Trouble("unknown_device", "OLD", 5, ago(901)),
            Trouble("crc", "MN3", 9, ago(1)),  # a poor line now and then
            Trouble("crc", "MN4", 10, ago(1), "sends frames"),
        ],
        NOW,
        USUAL,
    )
    assert [one.key for one in found] == [
        ("device_password", "MN1"),
        ("device_unknown", "MN2"),
        ("gateway_trouble", "crc:MN4"),
    ]
    assert found[0].times == 3
    assert found[0].region == "140105"
    texts = [wording.sentence(one.kind, one.object, one.facts, "zh") for one in found]
    assert texts[0] == "有连接自称 MN MN1 而密码错误，共 3 次，来自 10.0.0.9:4001。"
    assert texts[2].startswith("MN4 报文校验错误，共 10 次")


def test_verdicts_behind_and_notices_unsent() -> None:
    assert conditions.verdicts_behind(900, 5, USUAL) == []
    assert conditions.verdicts_behind(901, 5, USUAL)[0].facts == {"behind_s": 901, "days": 5}
    assert conditions.notices_unsent(0, None, NOW, USUAL) == []
    assert conditions.notices_unsent(3, ago(900), NOW, USUAL) == []
    (found,) = conditions.notices_unsent(3, ago(901), NOW, USUAL)
    assert found.facts == {"number": 3, "waited_s": 901.0}


def saw(step: float, base: float, rise: float) -> list[tuple[float, int]]:
    """Sizes of a queue that is emptied every minute, its low point rising."""
    return [(at, int(base + rise * at + (at % 60) * 50)) for at in range(0, 601, int(step))]


def test_a_queue_grows_when_its_low_point_rises() -> None:
    (found,) = conditions.queue_growing("q", saw(5, 100, 4), USUAL)
    assert found.facts["after"] - found.facts["before"] >= 1000  # type: ignore[operator]
    assert conditions.queue_growing("q", saw(5, 100_000, 0), USUAL) == []  # long, not growing
    assert conditions.queue_growing("q", saw(5, 100, 4)[:-10], USUAL) == []  # not long enough
    assert conditions.queue_growing("q", saw(5, 100, 2), USUAL) == []  # slowly: 600 in a half
    assert conditions.queue_growing("q", [], USUAL) == []
    falling = [(at, 900_000 - size) for at, size in saw(5, 100, 4)]
    assert conditions.queue_growing("q", falling, USUAL) == []


def test_a_disk_that_fills_becomes_critical() -> None:
    gib = 1 << 30
    assert conditions.disk_low(2 * gib, 9 * gib, USUAL) == []
    (low,) = conditions.disk_low(2 * gib - 1, 9 * gib, USUAL)
    (none,) = conditions.disk_low((256 << 20) - 1, 9 * gib, USUAL)
    assert (low.severity, none.severity) == ("", "critical")


def test_threads_clock_backups_routes_and_looks() -> None:
    (dead,) = conditions.threads_dead({"worker": True, "feeder": False})
    assert dead.key == ("thread_dead", "feeder")
    assert conditions.clock_back(60, USUAL) == []
    assert len(conditions.clock_back(61, USUAL)) == 1
    assert conditions.backups(None, None, NOW, USUAL) == []
    assert conditions.backups(ago(180_000), None, NOW, USUAL) == []
    assert conditions.backups(ago(180_001), ago(9e6), NOW, USUAL)[0].kind == "backup_old"
    assert conditions.backups(None, ago(604_800), NOW, USUAL) == []
    assert conditions.backups(None, ago(604_801), NOW, USUAL)[0].kind == "backup_none"
    routes = [Route("a", 2, "x"), Route("b", 3, "refused")]
    (failing,) = conditions.routes_failing(routes, USUAL)
    assert failing.facts == {"failures": 3, "error": "refused"}
    assert conditions.look_failed("disk", ValueError()).facts == {"error": "ValueError"}


def test_beyond_the_most_the_rest_is_one_finding() -> None:
    found = [
        Finding("device_silent", f"MN{n:03}", {"silent_s": 1.0}, region="140105")
        for n in range(100)
    ]
    kept = bounded(found, frozenset({("device_silent", "MN099")}), 20)
    assert len(kept) == 21
    assert kept[0].object == "MN099"  # what stands already stays by its name
    rest = kept[-1]
    assert rest.object == "*"
    assert rest.facts["number"] == 80
    assert rest.region == "140105"
    assert "80" in wording.sentence(rest.kind, rest.object, rest.facts, "zh")
    assert "80 more" in wording.sentence(rest.kind, rest.object, rest.facts, "en")


def test_strangers_of_many_names_are_one_alarm_with_their_count() -> None:
    found: list[Any] = [
        Finding("device_unknown", f"{n:05}" * 50, {"times": 2, "text": "x"}) for n in range(5000)
    ]
    kept = bounded(found, frozenset(), 20)
    assert len(kept) == 21
    assert kept[-1].times == 4980 * 2
    assert max(len(one.object) for one in kept) == 200
