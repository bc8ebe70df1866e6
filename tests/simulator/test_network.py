"""The loggers as clients over real sockets, against a scripted host that shares no code."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

from fenhe.protocols import hj212
from fenhe.simulator import fleet, series
from fenhe.simulator.config import Edition
from fenhe.simulator.network import client
from fenhe.simulator.network.play import Manner, Player
from fenhe.simulator.planted.plan import chosen
from fenhe.simulator.simulation import Simulation
from tests.simulator.tiny import Host, Said

START = series.seconds_of(datetime(2026, 8, 3, 2))  # 10 o'clock in Beijing
HOUR = 3_600
LONGEST = 60.0
#: The last minutes of an hour and the first of the next: records of every kind but days.
LATE_HOUR = {"start": START + 2_900, "speed": 3_000.0, "until": START + HOUR + 60}


def simulation(edition: Edition | None = 2017, plants: tuple[str, ...] = ("sinter",)) -> Simulation:
    return Simulation(fleet.make(plants, seed=4, edition=edition), chosen("none"))


def played(
    sim: Simulation,
    script: Callable[[Host, Player], Awaitable[Any]],
    *,
    deaf: Callable[[Said], bool] = lambda said: False,
    **manner: Any,
) -> tuple[Host, Player]:
    """Play a fleet against a host while a script runs; the end of the script ends the play."""

    async def run() -> tuple[Host, Player]:
        host = Host(deaf=deaf)
        port = await host.start()
        told = {"start": START, "speed": 1.0, "seconds": LONGEST, **manner}
        player = Player(sim, client.Host("127.0.0.1", port, first_wait=0.02), Manner(**told))
        playing = asyncio.create_task(player.run())
        try:
            await script(host, player)
        finally:
            player.stop.set()
            await asyncio.wait_for(playing, 20)
            await host.stop()
        return host, player

    return asyncio.run(asyncio.wait_for(run(), LONGEST))


async def until_done(host: Host, player: Player) -> None:
    async with asyncio.timeout(LONGEST - 5):
        while not player.ended:
            await asyncio.sleep(0.02)


def head(player: Player, cn: str, qn: str = "20260803100000123", st: str = "31") -> str:
    """The header of a request to the first logger, in the edition it speaks."""
    one = player.loggers[0].speaker
    flag = {2005: 3, 2017: 5, 2025: 9}[one.edition]
    return f"QN={qn};ST={st};CN={cn};PW={one.password};MN={one.mn};Flag={flag};"


async def ask(host: Host, player: Player, cn: str, area: str, qn: str) -> list[Said]:
    """Ask the first logger and return its 9011 and 9012."""
    mn = player.loggers[0].device.mn
    await host.wait_for(lambda one: one.header.get("MN") == mn)
    host.say(head(player, cn, qn) + f"CP=&&{area}&&")

    def answers(wanted: str) -> Callable[[Said], bool]:
        return lambda one: (
            one.header["CN"] == wanted and (one.header.get("QN") or one.top("QN")) == qn
        )

    return [await host.wait_for(answers("9011")), await host.wait_for(answers("9012"))]


def only_one() -> Simulation:
    """A fleet of one logger: what is said goes to it."""
    sim = simulation(plants=("sinter",))
    made = fleet.Fleet(4, sim.fleet.plants, sim.fleet.sites[:1], sim.fleet.devices[:1])
    return Simulation(made)


# ---- the data ---------------------------------------------------------------------------


@pytest.mark.parametrize("edition", [2005, 2017, 2025, None])
def test_every_frame_of_every_edition_is_accepted_as_it_stands(edition: Edition | None) -> None:
    sim = simulation(edition, plants=("coking", "sewage") if edition else ())
    host, player = played(sim, until_done, **LATE_HOUR)
    keys = {one.mn: bytes.fromhex(one.cipher_key) for one in sim.fleet.devices}
    spoken = {one.mn: one.spec.edition for one in sim.fleet.devices}
    commands = set()
    for said in host.heard:
        assert said.crc_ok or keys[said.header["MN"]]
        key = keys[said.header["MN"]]
        frame = hj212.decode(said.raw, keys=[key] if key else [], strict=True)
        assert frame.edition == spoken[said.header["MN"]]
        assert frame.problems == ()
        commands.add(frame.cn)
    assert {"2011", "2021", "2051", "2061"} <= commands
    balance = player.balance()
    assert balance.balanced()
    assert balance.acknowledged == balance.sent > 150
    assert balance.outstanding == 0


def test_what_is_sent_is_what_the_tables_tell() -> None:
    sim = simulation()
    host, _ = played(sim, until_done, **LATE_HOUR)
    day = datetime(2026, 8, 2, 16)
    told = series.series(sim, day, datetime(2026, 8, 3, 16), ("1h",))
    site = sim.fleet.sites[0]
    mn = sim.fleet.devices[0].mn
    merger: dict[str, dict[str, str]] = {}
    for said in host.heard:
        if said.header["CN"] == "2061" and said.header["MN"] == mn and said.header["ST"] == "31":
            frame = hj212.decode(said.raw)
            texts = {f"{code}-{suffix}": text for code, suffix, text in frame.cp.factors}
            merger.setdefault(frame.cp.get("DataTime") or "", {}).update(texts)
    assert sorted(merger) == ["20260803100000"]
    for texts in merger.values():
        rows = told.filter((told["site"] == site.key) & (told["start"] == datetime(2026, 8, 3, 2)))
        for suffix, name in (("", "Avg"), (".sum", "Cou"), (".zs", "ZsAvg"), (".max", "Max")):
            for row in rows.filter(rows["statistic"] == f"1h{suffix}").iter_rows(named=True):
                if f"{row['item']}-{name}" in texts:
                    assert float(texts[f"{row['item']}-{name}"]) == row["value"]
        assert float(texts["a21026-ZsAvg"]) > 0


def test_two_plays_of_one_seed_say_the_same() -> None:
    def records() -> set[tuple[str, ...]]:
        host, _ = played(simulation(), until_done, **LATE_HOUR)
        kept = {"2051", "2061"}
        return {
            (said.header["MN"], said.header["CN"], said.header["ST"], said.area)
            for said in host.heard
            if said.header["CN"] in kept
        }

    assert records() == records()


def test_long_records_are_split_and_each_packet_is_acknowledged() -> None:
    host, player = played(
        simulation(2017, ("power",)),
        until_done,
        start=START,
        speed=3_000.0,
        until=START + 660,
        window=3,
    )
    parts = [said for said in host.heard if "PNUM" in said.header]
    assert parts
    assert {said.header["Flag"] for said in parts} == {"7"}
    assert len({(s.header["MN"], s.header["QN"]) for s in parts}) == len({s.raw for s in parts})
    assert all(len(said.raw) <= 1_024 + 12 for said in host.heard)
    assert player.balance().balanced()


# ---- acknowledgements and the line ------------------------------------------------------


def test_what_is_not_acknowledged_is_sent_again_then_the_line_is_given_up() -> None:
    async def script(host: Host, player: Player) -> None:
        for one in player.loggers:
            one.settings.over_time, one.settings.retries = 0.1, 2
        async with asyncio.timeout(20):
            while host.connections < 3:
                await asyncio.sleep(0.01)

    host, player = played(only_one(), script, deaf=lambda said: True, speed=60.0)
    first = host.heard[0]
    assert first.header["CN"] == "2081"
    assert sum(said.raw == first.raw for said in host.heard) == 3  # once and two retries
    assert player.balance().acknowledged == 0


def test_records_survive_a_cut_and_come_as_retransmissions() -> None:
    swallowed: list[Said] = []

    def deaf(said: Said) -> bool:
        if said.header["CN"] == "2051" and len(swallowed) < 3:
            swallowed.append(said)
            return True
        return False

    async def script(host: Host, player: Player) -> None:
        async with asyncio.timeout(30):
            while len(swallowed) < 3:
                await asyncio.sleep(0.01)
        host.cut()
        await until_done(host, player)

    sim = simulation(2025)
    host, player = played(sim, script, deaf=deaf, speed=600.0, until=START + 1_900)
    assert host.connections > len(sim.fleet.devices)
    again = {
        (said.header["MN"], said.header["ST"], said.top("DataTime"))
        for said in host.heard
        if said.header.get("RF") == "1"
    }
    cut_off = {(s.header["MN"], s.header["ST"], s.top("DataTime")) for s in swallowed}
    assert cut_off <= again
    balance = player.balance()
    assert balance.balanced()
    assert balance.outstanding == 0
    assert balance.resent >= 3


def test_a_logger_without_a_host_tries_again_and_keeps_its_records() -> None:
    async def run() -> tuple[Player, Host]:
        blocked = Host()
        port = await blocked.start()
        await blocked.stop()  # nobody listens there any more
        told = Manner(start=START, speed=900.0, seconds=30)
        player = Player(simulation(), client.Host("127.0.0.1", port, first_wait=0.02), told)
        playing = asyncio.create_task(player.run())
        async with asyncio.timeout(20):
            while player.balance().failed < 6 or len(player.loggers[0].agenda) < 3:
                await asyncio.sleep(0.01)
        host = Host()
        host.server = await asyncio.start_server(host._serve, "127.0.0.1", port)
        await host.wait_for(lambda said: said.header["CN"] == "2051")
        player.stop.set()
        await asyncio.wait_for(playing, 20)
        await host.stop()
        return player, host

    player, host = asyncio.run(asyncio.wait_for(run(), LONGEST))
    assert player.balance().failed >= 6
    assert any(said.header["CN"] == "2051" for said in host.heard)


def test_drop_outs_close_the_line_and_their_records_follow() -> None:
    sim = Simulation(fleet.make(("sinter",), seed=4, edition=2025))
    device = sim.fleet.devices[0]
    found = series.events(sim, datetime(2026, 8, 2, 16), datetime(2026, 9, 27, 16))
    drop = found.filter((found["kind"] == "drop_out") & (found["site"] == device.sites[0].key)).row(
        0, named=True
    )
    start, end = (series.seconds_of(drop[name]) for name in ("start", "end"))
    assert end - start > 600
    made = fleet.Fleet(4, sim.fleet.plants, device.sites, (device,))
    host, player = played(
        Simulation(made), until_done, start=start - 100, speed=20_000.0, until=end + 700
    )
    late = [said for said in host.heard if said.header.get("RF") == "1"]
    assert late
    assert player.balance().lost > 0  # live values are not kept
    assert player.balance().late > 0
    assert player.balance().balanced()


# ---- requests of the host ---------------------------------------------------------------


def test_the_clock_is_told_and_set() -> None:
    async def script(host: Host, player: Player) -> None:
        await ask(host, player, "1011", "", "20260803100000001")
        told = await host.wait_for(lambda said: said.header["CN"] == "1011")
        assert told.header["QN"] == "20260803100000001"
        assert (told.top("SystemTime") or "").startswith("2026080310")
        await ask(host, player, "1012", "SystemTime=20260803103000", "20260803100000002")
        assert player.loggers[0].ahead(START) == pytest.approx(1_800, abs=60)

    played(only_one(), script)


def test_intervals_are_set_and_told() -> None:
    async def script(host: Host, player: Player) -> None:
        nine, twelve = await ask(host, player, "1062", "RtdInterval=30", "20260803100000001")
        assert (nine.top("QnRtn"), twelve.top("ExeRtn")) == ("1", "1")
        await ask(host, player, "1064", "MinInterval=5", "20260803100000002")
        await ask(host, player, "1061", "", "20260803100000003")
        told = await host.wait_for(lambda said: said.header["CN"] == "1061")
        assert told.top("RtdInterval") == "30"
        _, refused = await ask(host, player, "1064", "MinInterval=7", "20260803100000004")
        assert refused.top("ExeRtn") == "3"
        assert player.loggers[0].settings.minute == 5

    played(only_one(), script)


def test_history_comes_between_9011_and_9012() -> None:
    async def script(host: Host, player: Player) -> None:
        area = "BeginTime=20260801000000;EndTime=20260801050000"
        await ask(host, player, "2061", area, "20260803100000001")

    host, _ = played(only_one(), script)
    hours = [
        said.top("DataTime")
        for said in host.heard
        if said.header["CN"] == "2061" and (said.top("DataTime") or "") < "20260802"
    ]
    assert sorted(set(hours)) == [f"202608010{hour}0000" for hour in range(6)]
    order = [said.header["CN"] for said in host.heard]
    first, last = order.index("9011"), order.index("9012")
    assert first < order.index("2061") < last


def test_history_that_is_not_there_is_said() -> None:
    async def script(host: Host, player: Player) -> None:
        area = "BeginTime=20270101000000;EndTime=20270101050000"
        _, result = await ask(host, player, "2051", area, "20260803100000001")
        assert result.top("ExeRtn") == "100"
        area = "BeginTime=soon;EndTime=later"
        _, result = await ask(host, player, "2051", area, "20260803100000002")
        assert result.top("ExeRtn") == "3"

    host, _ = played(only_one(), script)
    assert host.connections == 1


def test_a_wrong_password_and_an_unknown_command_are_refused() -> None:
    async def script(host: Host, player: Player) -> None:
        mn = player.loggers[0].device.mn
        await host.wait_for(lambda said: said.header.get("MN") == mn)
        told = f"QN=20260803100000001;ST=31;CN=1011;PW=000000;MN={mn};Flag=5;CP=&&&&"
        host.say(told)
        refused = await host.wait_for(lambda said: said.header["CN"] == "9011")
        assert refused.top("QnRtn") == "3"
        host.say(head(player, "3999", "20260803100000002") + "CP=&&&&")
        refused = await host.wait_for(lambda said: said.header.get("QN") == "20260803100000002")
        assert refused.top("QnRtn") == "8"
        assert player.balance().refused == {"1011": 1, "3999": 1}

    played(only_one(), script)


def test_a_new_password_holds_after_its_result() -> None:
    async def script(host: Host, player: Player) -> None:
        old = player.loggers[0].speaker.password
        _, result = await ask(host, player, "1072", "NewPW=ab12cd", "20260803100000001")
        assert result.header["PW"] == old
        await ask(host, player, "1011", "", "20260803100000002")
        assert player.loggers[0].speaker.password.startswith("ab12")

    played(only_one(), script)


def test_a_new_key_holds_after_its_result() -> None:
    sim = Simulation(fleet.make(("coking",), seed=4))
    device = sim.fleet.devices[0]
    assert device.cipher_key
    made = fleet.Fleet(4, sim.fleet.plants, device.sites, (device,))

    async def script(host: Host, player: Player) -> None:
        area = "SKCreateTime=20260803100000000;NewSK=ABCDEFGH12345678"
        await ask(host, player, "1014", area, "20260803100000001")
        area = "BeginTime=20260801000000;EndTime=20260801000000"
        await ask(host, player, "2061", area, "20260803100000002")

    host, _ = played(Simulation(made), script)
    history = [said for said in host.heard if said.header["CN"] == "2061"][-1]
    assert hj212.decode(history.raw, keys=[b"ABCDEFGH12345678"]).verdict == "accept_after_decrypt"
    assert not hj212.decode(history.raw, keys=[bytes.fromhex(device.cipher_key)]).ok


@pytest.mark.parametrize(
    ("cn", "area", "told"),
    [
        ("3019", "PolId=a21026", "a21026-SN"),
        ("3020", "PolId=a21026;InfoId=i13001", "i13001-Info"),
        ("3020", "PolId=a21026;InfoId=i33400", "i33400-Info"),
        ("3018", "PolId=a21026", "Stime"),
        ("3017", "PolId=a21026", "CTime"),
        ("3015", "", "VaseNo"),
    ],
)
def test_what_is_asked_is_told(cn: str, area: str, told: str) -> None:
    async def script(host: Host, player: Player) -> None:
        _, result = await ask(host, player, cn, area, "20260803100000001")
        assert result.top("ExeRtn") == "1"
        said = await host.wait_for(lambda one: one.header["CN"] == cn)
        assert said.header["QN"] == "20260803100000001"
        assert said.top(told)

    host, player = played(only_one(), script)
    assert player.balance().answered[cn] == 1
    assert host.connections == 1


@pytest.mark.parametrize("cn", ["3011", "3012", "3013", "3014"])
def test_actions_are_done(cn: str) -> None:
    async def script(host: Host, player: Player) -> None:
        nine, twelve = await ask(host, player, cn, "PolId=a21026", "20260803100000001")
        assert (nine.top("QnRtn"), twelve.top("ExeRtn")) == ("1", "1")

    host, _ = played(only_one(), script)
    assert host.connections == 1


def test_live_data_stops_and_starts_again() -> None:
    async def script(host: Host, player: Player) -> None:
        mn = player.loggers[0].device.mn
        await host.wait_for(lambda said: said.header.get("MN") == mn)
        host.say(head(player, "2012", "20260803100000001") + "CP=&&&&")
        answer = await host.wait_for(lambda said: said.header["CN"] == "9013")
        assert answer.header["QN"] == "20260803100000001"
        assert not player.loggers[0].settings.realtime_on
        await ask(host, player, "2011", "", "20260803100000002")
        assert player.loggers[0].settings.realtime_on

    host, _ = played(only_one(), script)
    assert host.connections == 1


def test_2005_answers_carry_the_qn_inside() -> None:
    sim = simulation(2005)
    made = fleet.Fleet(4, sim.fleet.plants, sim.fleet.sites[:1], sim.fleet.devices[:1])

    async def script(host: Host, player: Player) -> None:
        mn = player.loggers[0].device.mn
        await ask_2005(host, player, mn, "1011", "QN=20260803100000001")

    host, _ = played(Simulation(made), script, speed=60.0)
    told = next(said for said in host.heard if said.header["CN"] == "1011")
    assert told.top("QN") == "20260803100000001"
    assert "QN" not in told.header
    live = next(said for said in host.heard if said.header["CN"] == "2011")
    assert "02-Rtd=" in live.area
    assert "a21026" not in live.area


async def ask_2005(host: Host, player: Player, mn: str, cn: str, qn: str) -> None:
    await host.wait_for(lambda said: said.header.get("CN") == "2011", 20)
    host.say(head(player, cn, qn.removeprefix("QN=")) + "CP=&&&&")
    answer = await host.wait_for(lambda said: said.header["CN"] == "9012")
    assert answer.header["MN"] == mn
    assert answer.top("QN") == qn.removeprefix("QN=")


def test_damaged_bytes_from_the_host_do_no_harm() -> None:
    async def script(host: Host, player: Player) -> None:
        mn = player.loggers[0].device.mn
        await host.wait_for(lambda said: said.header.get("MN") == mn)
        host.writers[-1].write(b"\x00\xff garbage ##12x4 ")
        await ask(host, player, "1061", "", "20260803100000001")

    host, player = played(only_one(), script)
    assert host.connections == 1
    assert player.balance().garbage > 0
