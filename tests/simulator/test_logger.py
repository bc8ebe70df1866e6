"""A logger without its socket: what it says by itself, what it plays of the patterns."""

from __future__ import annotations

import dataclasses
from datetime import datetime

import pytest

from fenhe.protocols import hj212
from fenhe.simulator import fleet, series
from fenhe.simulator.fleet import Device, Fleet
from fenhe.simulator.network import wire
from fenhe.simulator.network.clock import Clock
from fenhe.simulator.network.logger import Logger
from fenhe.simulator.planted.plan import Planted, chosen
from fenhe.simulator.simulation import Simulation
from tests.simulator.tiny import acknowledgement, frame, read

START = series.seconds_of(datetime(2026, 8, 2, 16))
DAY = 86_400


def logger(
    plants: tuple[str, ...],
    number: int,
    *,
    planted: str = "none",
    start: float = START,
    **spec: object,
) -> Logger:
    made = fleet.make(plants, seed=11)
    device = made.devices[number]
    device = dataclasses.replace(device, spec=dataclasses.replace(device.spec, **spec))
    return quiet(Logger(Simulation(made, chosen(planted)), device, start, window=10_000))


def quiet(one: Logger, every: int = 3_600) -> Logger:
    """Live values once an hour: the other records are what is looked at."""
    one.settings.realtime = every
    return one


def heard(one: Logger, now: float) -> list[hj212.Frame]:
    """What it sends now, every telegram acknowledged at once."""
    keys = [one.speaker.key] if one.speaker.key else []
    told = []
    for data in one.outgoing(now, now):
        told.append(hj212.decode(data, keys=keys, strict=True))
        said = read(data)
        if told[-1].wants_answer:
            one.hear(hj212.decode(acknowledgement(said, "9014")), now)
    return told


def case(name: str, medium: str) -> tuple[Planted, Device, Fleet]:
    """The first planted case of a pattern at an outlet of a medium whose logger is not of 2005."""
    made = fleet.make(seed=11)
    sim = Simulation(made, chosen("all"))
    by_site = {site.key: device for device in made.devices for site in device.sites}
    return next(
        (one, by_site[one.site], made)
        for one in sim.planted(START, START + 84 * DAY)
        if one.pattern == name
        and made.site(one.site).outlet.medium == medium
        and by_site[one.site].spec.edition != 2005
    )


def test_a_new_logger_says_first_when_it_came_to_power() -> None:
    one = logger(("power",), 0)
    one.restarted(START)
    first = heard(one, START + 1)[0]
    assert first.cn == "2081"
    assert first.cp.get("RestartTime") == "20260803000000"


def test_new_data_goes_before_what_waited() -> None:
    one = logger(("sinter",), 0)
    one.outgoing(START + 3_700, START)  # nobody acknowledges
    one.lost_link()
    told = heard(one, START + 3_900)
    assert {frame.cn for frame in told} >= {"2011", "2051", "2061"}
    assert len({frame.qn for frame in told}) == len(told)
    assert one.counted().balanced()
    assert one.counted().outstanding == 0


def test_it_asks_for_the_time_each_day() -> None:
    one = logger(("sewage",), 1)
    heard(one, START + 60)
    told = heard(one, START + DAY + 60)
    asked = [frame for frame in told if frame.cn == "1013"]
    assert len(asked) == 1
    assert asked[0].wants_answer
    assert not [frame for frame in heard(one, START + DAY + 120) if frame.cn == "1013"]


def test_a_drifting_clock_shows_in_its_live_data_until_it_is_set() -> None:
    one = logger(("park",), 2)
    assert one.device.spec.clock_drift == 35.0
    live = [f for f in heard(one, START + DAY) if f.cn == "2011"][-1]
    assert (live.cp.get("DataTime") or "").endswith("000035")
    said = (
        f"QN=20260804000000001;ST=31;CN=1012;PW={one.speaker.password};MN={one.speaker.mn};"
        "Flag=5;CP=&&SystemTime=20260804000000&&"
    )
    one.hear(hj212.decode(frame(said)), START + DAY)
    assert one.ahead(START + DAY) == pytest.approx(0.0)
    assert one.ahead(START + 2 * DAY) == pytest.approx(35.0)


def test_it_asks_for_a_new_key_when_the_old_one_is_old() -> None:
    one = logger(("coking",), 0, key_days=1.0)
    assert not [f for f in heard(one, START + DAY - 60) if f.cn == "1014"]
    asked = [f for f in heard(one, START + DAY + 60) if f.cn == "1014"]
    assert [f.cp.get("SKCreateTime") for f in asked] == ["20260803000000000"]
    assert asked[0].encrypted
    assert not [f for f in heard(one, START + DAY + 120) if f.cn == "1014"]


def test_a_silent_logger_of_2025_shows_that_it_lives() -> None:
    one = logger(("power",), 0)
    one.settings.realtime_on = one.settings.state_on = False
    one.settings.minute = 30
    heard(one, START + 1)
    assert [f.cn for f in heard(one, START + 200)] == []
    assert [f.cn for f in heard(one, START + 400)] == ["9015"]
    assert [f.cn for f in heard(one, START + 500)] == []


def test_a_turned_slope_is_told_when_it_is_turned_and_when_asked_for() -> None:
    planted, device, made = case("F05", "gas")
    one = quiet(Logger(Simulation(made, chosen("all")), device, planted.start - 100, window=10_000))
    told = [f for f in heard(one, planted.start + 60) if f.cn == "3020"]
    assert [f.cp.get("PolId") for f in told] == list(planted.items)
    assert told[0].cp.factors == (("i13008", "Info", f"{planted.strength:.3f}"),)
    flag = 9 if device.spec.edition == 2025 else 5
    said = (
        f"QN=20260804000000001;ST=31;CN=3020;PW={one.speaker.password};MN={one.speaker.mn};"
        f"Flag={flag};CP=&&PolId={planted.items[0]};InfoId=i13008&&"
    )
    one.hear(hj212.decode(frame(said)), planted.start + 70)
    answers = one.outgoing(planted.start + 71, planted.start + 71)
    assert (
        any(f"i13008-Info={planted.strength:.3f}".encode() in data for data in answers)
        or device.cipher_key
    )


def test_a_backdated_batch_comes_in_one_burst_after_its_time() -> None:
    planted, device, made = case("F15", "gas")
    one = quiet(Logger(Simulation(made, chosen("all")), device, planted.start, window=100_000))
    during = [f for f in heard(one, planted.end - 60) if f.cn in {"2051", "2061"}]
    assert not during
    burst = [f for f in heard(one, planted.end + 30) if f.cn in {"2051", "2061"}]
    minutes = {f.cp.get("DataTime") for f in burst if f.cn == "2051"}
    assert len(minutes) >= (planted.end - planted.start) // (one.settings.minute * 60) - 1
    assert not any(f.retransmitted for f in burst)  # it pretends to be new


def test_raw_analyses_and_standard_checks_are_told_when_asked_for() -> None:
    one = logger(("sewage",), 0)
    heard(one, START + 2 * DAY)
    for cn in ("2013", "2062"):
        said = (
            f"QN=202608050000000{cn[2:]};ST=32;CN={cn};PW={one.speaker.password};"
            f"MN={one.speaker.mn};Flag=9;CP=&&BeginTime=20260803000000;EndTime=20260803235959&&"
        )
        one.hear(hj212.decode(frame(said)), START + 2 * DAY)
        told = [f for f in heard(one, START + 2 * DAY) if f.cn in {cn, "9012"}]
        assert told[-1].cn == "9012"
        assert told[-1].cp.get("ExeRtn") == "1"
        data = told[:-1]
        suffixes = {suffix for f in data for _, suffix, _ in f.cp.factors}
        assert suffixes == (
            {"SampleTime", "CompleteTime", "Avg", "Flag"}
            if cn == "2013"
            else {"SampleRd", "StandardValue", "ResultType"}
        )
        assert len(data) == (12 if cn == "2013" else 1)


def test_a_day_ends_with_day_records_and_hours_of_running() -> None:
    one = logger(("power",), 1)
    told = heard(one, START + DAY)
    day = [f for f in told if f.cn == "2031" and f.st == "31"]
    assert day
    assert {f.cp.get("DataTime") for f in day} == {"20260803000000"}
    running = [f for f in told if f.cn == "2041"]
    assert [suffix for _, suffix, _ in running[0].cp.factors] == ["RT"] * 3


def test_impossible_converted_values_are_a_code_in_2025_and_left_out_before() -> None:
    made = fleet.make(("power",), seed=11)
    sim = Simulation(made, chosen("none"))
    found: dict[int, set[str]] = {2017: set(), 2025: set()}
    for device in made.devices:
        stops = [
            one
            for one in sim.happenings(device.sites[0], START, START + 200 * DAY)
            if one.kind == "stopped" and one.end - one.start > 12 * 3_600
        ]
        for stop in stops:
            one = quiet(Logger(sim, device, stop.start + 8 * 3_600, window=10_000), 120)
            for told in heard(one, stop.start + 11 * 3_600):
                if told.cn == "2011":
                    found[device.spec.edition] |= {
                        text for _, suffix, text in told.cp.factors if suffix == "ZsRtd"
                    }
    assert "9999.99" in found[2025]
    assert "9999.99" not in found[2017]
    assert not {"nan", "inf"} & (found[2017] | found[2025])


def test_qns_never_repeat() -> None:
    one = logger(("power",), 0)
    told = heard(one, START + 7_200)
    numbers = [f.qn or "" for f in told]
    assert len(set(numbers)) == len(numbers)
    assert numbers == sorted(numbers)


def test_a_clock_hurries_until_the_present_and_no_further() -> None:
    clock = Clock(start=Clock().now() - 1_000, speed=1e9)
    assert clock.wait(clock.now() + 50) == pytest.approx(50, abs=1)
    assert Clock().now() - clock.now() == pytest.approx(0, abs=0.5)
    held = Clock(start=START, speed=1e3)
    held.held = True
    held.now()
    assert held.now() == held.now()
    assert Clock(start=START, speed=1e9, until=START + 5).now() <= START + 5


@pytest.mark.parametrize(
    ("text", "told"),
    [("20260803000000", START), ("20260803", None), ("2026080300000x", None), (None, None)],
)
def test_times_of_the_wire(text: str | None, told: int | None) -> None:
    assert wire.read_time(text) == told
    if text and told is not None:
        assert wire.time_text(told) == text
