"""Commands to a scripted device: every flow to its end, time-outs, retries, strangers' replies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fenhe.base.errors import BadInput
from fenhe.platform.gateway import catalogue
from fenhe.platform.gateway.exchange import NOW, Order
from fenhe.protocols import hj212
from tests.platform.gateway import wire
from tests.platform.gateway.conftest import Running
from tests.platform.gateway.devices import Devices, Known

ASK = Order(1, wire.MN, "1011", "31", (), over_time=20.0, resend=3, patience=30.0)
HASTY = replace(ASK, over_time=0.3, resend=2, patience=0.6)


def record(gateway: Running, number: int = 1) -> dict[str, Any]:
    """Return what was told of a command so far."""
    told: dict[str, Any] = {}
    for one, news in list(gateway.news):
        if one == number:
            told.update(news)
    return told


def state(gateway: Running, number: int = 1) -> Any:
    return record(gateway, number).get("state")


def greet(one: wire.Logger, **change: Any) -> None:
    """Send data, so that the gateway knows who it is."""
    one.send(wire.upload(1, **change))
    assert wire.header(one.receive())["CN"] == "9014"


def reply(asked: bytes, cn: str, cp: str, flag: int = 4) -> bytes:
    told = wire.header(asked)
    return wire.frame(
        f"QN={told['QN']};ST=91;CN={cn};PW={told['PW']};MN={told['MN']};Flag={flag};CP=&&{cp}&&"
    )


def test_a_request_goes_through_every_state(gateway: Running) -> None:
    with wire.logger(gateway.port) as one:
        greet(one)
        gateway.loop.give([ASK])
        asked = one.receive()
        told = wire.header(asked)
        assert asked == wire.frame(
            f"QN={told['QN']};ST=31;CN=1011;PW={wire.PW};MN={wire.MN};Flag=5;CP=&&&&"
        )
        assert wire.until(lambda: state(gateway) == "sent")
        one.send(reply(asked, "9011", "QnRtn=1"))
        assert wire.until(lambda: state(gateway) == "accepted")
        one.send(wire.frame(
            f"QN={told['QN']};ST=31;CN=1011;PW={wire.PW};MN={wire.MN};Flag=4;"
            "CP=&&SystemTime=20260301101500&&"
        ))  # fmt: skip
        one.send(reply(asked, "9012", "ExeRtn=1"))
        assert wire.until(lambda: state(gateway) == "done")
    found = record(gateway)
    assert (found["qn"], found["attempts"], found["frames"]) == (told["QN"], 1, 1)
    assert found["result"] == [["SystemTime", "20260301101500"]]
    assert (found["qn_rtn"], found["exe_rtn"]) == ("1", "1")


def test_a_command_is_in_the_raw_log_before_it_is_sent(gateway: Running) -> None:
    with wire.logger(gateway.port) as one:
        greet(one)
        gateway.loop.give([ASK])
        asked = one.receive()
        assert asked in [entry.payload for entry in gateway.entries() if entry.kind == "out"]


def test_history_is_counted_and_the_usual_data_beside_it_is_not(gateway: Running) -> None:
    span = (("BeginTime", "20260301000000"), ("EndTime", "20260301020000"))
    with wire.logger(gateway.port) as one:
        greet(one)
        gateway.loop.give([replace(ASK, cn="2061", fields=span)])
        asked = one.receive()
        assert wire.header(asked)["EndTime"] == "20260301020000"
        one.send(wire.upload(5, cn="2061"))  # before 9011: what it sends at every hour
        assert one.receive() == wire.ack(5)
        one.send(reply(asked, "9011", "QnRtn=1"))
        for number in (6, 7, 8):
            one.send(wire.upload(number, cn="2061"))
            assert one.receive() == wire.ack(number)
        one.send(wire.upload(9))  # real-time data
        assert one.receive() == wire.ack(9)
        one.send(reply(asked, "9012", "ExeRtn=1"))
        assert wire.until(lambda: state(gateway) == "done")
    assert record(gateway)["frames"] == 3


@pytest.mark.parametrize(
    ("answers", "end", "why"),
    [
        ([("9011", "QnRtn=2")], "refused", "QnRtn=2"),
        ([("9011", "QnRtn=8")], "refused", "QnRtn=8"),
        ([("9011", "QnRtn=1"), ("9012", "ExeRtn=100")], "failed", "ExeRtn=100"),
        ([("9012", "ExeRtn=1")], "done", ""),
    ],
)
def test_how_a_device_may_answer(
    gateway: Running, answers: list[tuple[str, str]], end: str, why: str
) -> None:
    with wire.logger(gateway.port) as one:
        greet(one)
        gateway.loop.give([ASK])
        asked = one.receive()
        for cn, cp in answers:
            one.send(reply(asked, cn, cp))
        assert wire.until(lambda: state(gateway) == end)
    assert record(gateway)["why"] == why


def test_without_an_answer_it_is_sent_again_under_one_number(gateway: Running) -> None:
    with wire.logger(gateway.port) as one:
        greet(one)
        gateway.loop.give([HASTY])
        asked = [one.receive() for _ in range(3)]
        assert wire.until(lambda: state(gateway) == "timed_out")
        assert one.silent(0.7)
    assert asked[0] == asked[1] == asked[2]
    found = record(gateway)
    assert (found["attempts"], found["why"]) == (3, "no answer (9011) to 3 tries")


def test_a_late_answer_to_the_second_try_counts(gateway: Running) -> None:
    with wire.logger(gateway.port) as one:
        greet(one)
        gateway.loop.give([replace(ASK, over_time=0.3)])
        one.receive()
        asked = one.receive()
        one.send(reply(asked, "9011", "QnRtn=1") + reply(asked, "9012", "ExeRtn=1"))
        assert wire.until(lambda: state(gateway) == "done")
    assert record(gateway)["attempts"] >= 2


def test_one_accepted_without_a_result_is_not_sent_again(gateway: Running) -> None:
    with wire.logger(gateway.port) as one:
        greet(one)
        gateway.loop.give([replace(HASTY, cn="3012", fields=(("PolId", "w01018"),))])
        asked = one.receive()
        one.send(reply(asked, "9011", "QnRtn=1"))
        assert wire.until(lambda: state(gateway) == "timed_out")
        assert one.silent(0.7)
    assert "9012" in record(gateway)["why"]


def test_answers_under_another_number_are_not_ours(gateway: Running) -> None:
    with wire.logger(gateway.port) as one:
        greet(one)
        gateway.loop.give([ASK])
        asked = one.receive()
        other = asked.replace(b"QN=2", b"QN=1")
        one.send(reply(other, "9011", "QnRtn=2") + reply(other, "9012", "ExeRtn=2"))
        one.send(reply(asked, "9011", "QnRtn=1"))
        assert wire.until(lambda: state(gateway) == "accepted")


def test_a_command_waits_for_its_device(gateway: Running) -> None:
    gateway.loop.give([ASK])
    with wire.logger(gateway.port) as one:
        assert one.silent()
        greet_frames = wire.upload(1)
        one.send(greet_frames)
        assert wire.header(one.receive())["CN"] == "9014"
        asked = one.receive()
        assert wire.header(asked)["CN"] == "1011"
    assert record(gateway)["attempts"] == 1


def test_a_device_that_comes_back_gets_the_command_again(gateway: Running) -> None:
    with wire.logger(gateway.port) as one:
        greet(one)
        gateway.loop.give([replace(ASK, over_time=0.5, resend=20)])
        first = one.receive()
    with wire.logger(gateway.port) as two:
        greet(two)
        again = two.receive()
        two.send(reply(again, "9011", "QnRtn=1") + reply(again, "9012", "ExeRtn=1"))
        assert wire.until(lambda: state(gateway) == "done")
    assert first == again


def test_one_command_at_a_time(gateway: Running) -> None:
    with wire.logger(gateway.port) as one:
        greet(one)
        gateway.loop.give([ASK, replace(ASK, number=2, cn="1061")])
        first = one.receive()
        assert one.silent()
        one.send(reply(first, "9011", "QnRtn=1") + reply(first, "9012", "ExeRtn=1"))
        second = one.receive()
        assert (wire.header(first)["CN"], wire.header(second)["CN"]) == ("1011", "1061")
        assert wire.header(first)["QN"] < wire.header(second)["QN"]
        assert state(gateway, 1) == "done"


def test_one_taken_back_is_not_sent(gateway: Running) -> None:
    gateway.loop.give([ASK, replace(ASK, number=2, cn="1061")])
    gateway.loop.withdraw([1])
    with wire.logger(gateway.port) as one:
        greet(one)
        assert wire.header(one.receive())["CN"] == "1061"
    assert state(gateway, 1) is None


def test_a_notice_ends_with_9013(gateway: Running) -> None:
    with wire.logger(gateway.port) as one:
        greet(one)
        gateway.loop.give([replace(ASK, cn="2012")])
        asked = one.receive()
        one.send(reply(asked, "9013", ""))
        assert wire.until(lambda: state(gateway) == "done")


def test_a_device_of_2005_is_spoken_to_in_its_own_way(gateway: Running, devices: Devices) -> None:
    number = "88888880000001"
    devices.add(Known(number))
    with wire.logger(gateway.port) as one:
        old = f"QN={wire.qn(1)};ST=32;CN=2051;PW=123456;MN={number};Flag=1;"
        one.send(wire.frame(old + "CP=&&DataTime=20260301101500;B01-Cou=200&&"))
        one.receive()
        fields = (("NewPW", "654321"),)
        gateway.loop.give([replace(ASK, mn=number, st="32", cn="1072", fields=fields)])
        asked = one.receive()
        told = wire.header(asked)
        assert asked == wire.frame(  # as the example of the standard
            f"QN={told['QN']};ST=32;CN=1072;PW=123456;MN={number};Flag=3;CP=&&PW=654321&&"
        )
        for cn, item in (("9011", "QnRtn"), ("9012", "ExeRtn")):
            one.send(wire.frame(
                f"ST=91;CN={cn};PW=123456;MN={number};Flag=0;CP=&&QN={told['QN']};{item}=1&&"
            ))  # fmt: skip
        assert wire.until(lambda: state(gateway) == "done")


def test_the_clock_is_set_to_the_moment_of_sending(gateway: Running) -> None:
    with wire.logger(gateway.port) as one:
        greet(one)
        gateway.loop.give([replace(HASTY, cn="1012", fields=(("SystemTime", NOW),))])
        first, second = wire.header(one.receive()), wire.header(one.receive())
    assert first["SystemTime"] == first["QN"][:14]
    assert first["QN"] == second["QN"]
    assert first["SystemTime"] <= second["SystemTime"]


def test_only_a_new_key_travels_encrypted_with_the_old_one(
    gateway: Running, devices: Devices
) -> None:
    old, new = b"0" * 16, bytes(range(16))
    devices.add(Known(edition=2025, keys=(new, old)))
    fields = (("SKCreateTime", "20260301101500"), ("NewSK", new.hex().upper()))
    with wire.logger(gateway.port) as one:
        one.send(wire.upload(1, flag=9))
        one.receive()
        gateway.loop.give([replace(ASK, cn="1014", fields=fields)])
        asked = one.receive()
    assert new.hex().upper().encode() not in asked
    frame = hj212.decode(asked, keys=(old,))
    assert (frame.cn, frame.flag, frame.cp.get("NewSK")) == ("1014", 9, new.hex().upper())


def test_one_the_edition_does_not_have_fails_and_says_so(gateway: Running) -> None:
    with wire.logger(gateway.port) as one:
        greet(one)
        gateway.loop.give([replace(ASK, cn="1021", fields=(("PolId", "101"),))])
        assert wire.until(lambda: state(gateway) == "failed")
        assert one.silent()
    assert "2017" in record(gateway)["why"]


def test_one_under_way_when_the_gateway_stopped_is_gone_on_with(gateway: Running) -> None:
    before = replace(ASK, qn="20260301101500123", attempts=1)
    accepted = replace(before, number=2, cn="1061", qn="20260301101500124", accepted=True)
    with wire.logger(gateway.port) as one:
        greet(one)
        gateway.loop.give([before, accepted])
        asked = one.receive()
        assert wire.header(asked)["QN"] == "20260301101500123"
        one.send(reply(asked, "9012", "ExeRtn=1"))
        assert wire.until(lambda: state(gateway) == "done")
        one.send(reply(asked.replace(b"123;ST", b"124;ST"), "9012", "ExeRtn=1"))
        assert wire.until(lambda: state(gateway, 2) == "done")
    assert record(gateway)["attempts"] == 2


@pytest.mark.parametrize(
    ("cn", "fields", "said"),
    [
        ("9999", {}, "no command 9999"),
        ("2061", {"BeginTime": "20260301000000"}, "needs EndTime"),
        ("2061", {"BeginTime": "20260302000000", "EndTime": "20260301000000"}, "before BeginTime"),
        ("2061", {"BeginTime": "20261301000000", "EndTime": "20261301000000"}, "YYYYMMDDhhmmss"),
        ("1000", {"OverTime": "0", "ReCount": "3"}, "1 to 99"),
        ("1062", {"RtdInterval": "29"}, "30 to 3600"),
        ("1064", {"MinInterval": "7"}, "one of"),
        ("1072", {"NewPW": "1234567"}, "6 letters or digits"),
        ("1011", {"Colour": "red"}, "does not take Colour"),
        ("1011", {"PolId": "a;b"}, "can not be sent"),
        ("1011", {"Po;Id": "a"}, "can not be sent"),
    ],
)
def test_a_command_that_can_not_be_sent_is_refused(
    cn: str, fields: dict[str, str], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        catalogue.check(cn, tuple(fields.items()), None)


def test_which_commands_change_a_device() -> None:
    known = catalogue.requests()
    asks = {cn for cn, one in known.items() if not one.changes}
    assert {"1011", "2011", "2051", "2061", "2031", "3020"} <= asks
    assert {"1000", "1012", "1062", "1064", "1072", "3011", "3012", "1014"}.isdisjoint(asks)
    with pytest.raises(BadInput, match="speaks 2017"):
        catalogue.check("1014", (("SKCreateTime", ""), ("NewSK", "0" * 32)), 2017)


def test_secrets_are_masked() -> None:
    assert catalogue.shown((("NewPW", "654321"), ("PolId", "1"))) == [
        ["NewPW", "******"],
        ["PolId", "1"],
    ]
