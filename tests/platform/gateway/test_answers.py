"""Raw bytes over TCP in, the answers byte for byte: editions, refusals, damage, sub-packets."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.platform.gateway import wire
from tests.platform.gateway.conftest import Running, listening
from tests.platform.gateway.devices import Devices, Known

KEY = b"0" * 16
M2005 = "88888880000001"
DATA_2005 = "DataTime=20040516021000;B01-Cou=200;101-Cou=2.5,101-Min=1.1,101-Avg=1.1,101-Max=1.1"


def test_data_is_acknowledged_once_it_is_kept(gateway: Running) -> None:
    with wire.logger(gateway.port) as one:
        one.send(wire.upload(1))
        assert one.receive() == wire.ack(1)
        assert gateway.bytes_in() == [wire.upload(1)]


@pytest.mark.parametrize(("flag", "answer"), [(5, 4), (7, 4), (9, 8), (11, 8), (13, 12)])
def test_the_answer_carries_the_version_of_the_frame(
    gateway: Running, flag: int, answer: int
) -> None:
    with wire.logger(gateway.port) as one:
        one.send(wire.upload(1, flag=flag))
        assert one.receive() == wire.ack(1, flag=answer)


@pytest.mark.parametrize("flag", [4, 6, 8])
def test_what_asks_for_no_answer_gets_none(gateway: Running, flag: int) -> None:
    with wire.logger(gateway.port) as one:
        one.send(wire.upload(1, flag=flag))
        one.send(wire.upload(2))
        assert one.receive() == wire.ack(2)
        totals = gateway.totals()
    assert (totals["accepted"], totals["answers"]) == (2, 1)


def test_three_editions_on_one_connection(gateway: Running, devices: Devices) -> None:
    devices.add(Known(M2005))
    old = f"ST=32;CN=2051;QN={wire.qn(2)};PW=123456;MN={M2005};Flag=1;CP=&&{DATA_2005}&&"
    with wire.logger(gateway.port) as one:
        one.send(wire.upload(1, flag=5) + wire.frame(old) + wire.upload(3, flag=9))
        assert one.receive() == wire.ack(1, flag=4)
        assert one.receive() == wire.frame(f"ST=91;CN=9014;CP=&&QN={wire.qn(2)};CN=2051&&")
        assert one.receive() == wire.ack(3, flag=8)
        told = {device["mn"]: device["edition"] for device in gateway.state()["devices"]}
    assert told == {wire.MN: 2025, M2005: 2005}


def test_every_sub_packet_is_answered(gateway: Running) -> None:
    parts = [
        wire.upload(number, flag=7, cn="2061", more=f"PNUM=2;PNO={number};") for number in (1, 2)
    ]
    with wire.logger(gateway.port) as one:
        one.send(parts[1] + parts[0])
        assert [one.receive(), one.receive()] == [wire.ack(2), wire.ack(1)]


def test_notices_get_9013(gateway: Running) -> None:
    with wire.logger(gateway.port) as one:
        for cn in ("1013", "9015"):
            one.send(wire.upload(1, cn=cn, st="31", cp=""))
            assert one.receive() == wire.ack(1, cn="9013")
        assert wire.until(lambda: (wire.MN, "1013") in gateway.asked)


@pytest.mark.parametrize(
    ("change", "code"),
    [({"mn": "SOMEBODY"}, "4"), ({"pw": "654321"}, "3"), ({"mn": "OFF"}, "2")],
)
def test_strangers_are_refused_with_the_code_of_the_edition(
    gateway: Running, devices: Devices, change: dict[str, str], code: str
) -> None:
    devices.add(Known("OFF", enabled=False))
    with wire.logger(gateway.port) as one:
        one.send(wire.upload(1, **change))
        assert one.receive() == wire.ack(1, cn="9011", cp=f"QnRtn={code}", **change)
        one.send(wire.upload(2, flag=4, **change))  # wants no answer
        one.send(wire.upload(3))
        assert one.receive() == wire.ack(3)
        state = gateway.state()
    reason = {"4": "unknown_device", "3": "password", "2": "disabled"}[code]
    assert state["totals"]["problems"] == {reason: 2}
    assert [(row["reason"], row["count"]) for row in state["refused"]] == [(reason, 2)]
    assert "654321" not in json.dumps(state, default=str)


def test_2005_has_no_code_for_a_wrong_number(gateway: Running) -> None:
    old = f"QN={wire.qn(1)};ST=32;CN=2051;PW=123456;MN=88888880009999;Flag=1;CP=&&{DATA_2005}&&"
    with wire.logger(gateway.port) as one:
        one.send(wire.frame(old))
        told = wire.header(one.receive())
    assert (told["CN"], told["QnRtn"], told["QN"]) == ("9011", "2", wire.qn(1))


def test_a_refusal_is_noted_before_its_bytes(gateway: Running) -> None:
    with wire.logger(gateway.port) as one:
        one.send(wire.upload(1, pw="654321"))
        one.receive()
        kinds = [(entry.kind, entry.payload) for entry in gateway.entries()]
    at = kinds.index(("in", wire.upload(1, pw="654321")))
    assert kinds[at - 1] == ("note", b'{"refused": "password"}')
    assert b"654321" not in b"".join(payload for kind, payload in kinds if kind == "note")


def test_a_wrong_checksum_gets_no_acknowledgement(gateway: Running) -> None:
    damaged = wire.upload(1).replace(b"21.4", b"21.5")
    with wire.logger(gateway.port) as one:
        one.send(damaged + wire.upload(2))
        assert one.receive() == wire.ack(2)
        totals = gateway.totals()
    assert (totals["accepted"], totals["problems"]) == (1, {"crc": 1})
    assert gateway.bytes_in() == [damaged, wire.upload(2)]


def test_a_notice_with_a_wrong_checksum_gets_code_9(gateway: Running) -> None:
    damaged = bytearray(wire.upload(1, cn="1013", cp=""))
    damaged[-6:-2] = b"0000" if damaged[-6:-2] != b"0000" else b"4040"
    with wire.logger(gateway.port) as one:
        one.send(bytes(damaged))
        assert one.receive() == wire.ack(1, cn="9011", cp="QnRtn=9")


def test_garbage_is_kept_and_the_next_frame_is_found(gateway: Running) -> None:
    rubbish = b"\x00\xff#1234##12"
    with wire.logger(gateway.port) as one:
        one.send(rubbish + wire.upload(1))
        assert one.receive() == wire.ack(1)
        totals = gateway.totals()
    assert b"".join(gateway.bytes_in()) == rubbish + wire.upload(1)
    assert (totals["frames"], totals["garbage_bytes"]) == (1, len(rubbish))


def test_a_half_frame_is_kept_when_the_connection_ends(gateway: Running) -> None:
    half = wire.upload(2)[:50]
    with wire.logger(gateway.port) as one:
        one.send(wire.upload(1) + half)
        assert one.receive() == wire.ack(1)
    assert wire.until(lambda: gateway.totals()["incomplete"] == 1)
    assert gateway.bytes_in() == [wire.upload(1), half]
    assert gateway.totals()["in_hand"] == 0


def test_a_half_frame_is_given_up_after_a_while(tmp_path: Path, devices: Devices) -> None:
    half = wire.upload(2)[:50]
    with listening(tmp_path, devices, half=1) as gateway, wire.logger(gateway.port) as one:
        one.send(half)
        assert wire.until(lambda: gateway.totals()["incomplete"] == 1)
        one.send(wire.upload(3))
        assert one.receive() == wire.ack(3)
        assert gateway.bytes_in() == [half, wire.upload(3)]


def test_a_frame_without_its_end_is_answered_all_the_same(gateway: Running) -> None:
    with wire.logger(gateway.port) as one:
        one.send(wire.upload(1).removesuffix(b"\r\n"))
        assert one.receive() == wire.ack(1)


def test_bytes_one_by_one_are_the_same_frame(gateway: Running) -> None:
    with wire.logger(gateway.port) as one:
        for at in range(len(wire.upload(1))):
            one.send(wire.upload(1)[at : at + 1])
        assert one.receive() == wire.ack(1)
    assert gateway.bytes_in() == [wire.upload(1)]


def test_encrypted_data_is_acknowledged_where_a_key_fits(
    gateway: Running, devices: Devices
) -> None:
    sealed = _packet("P005")
    with wire.logger(gateway.port) as one:
        one.send(sealed)
        assert one.silent()
        devices.add(Known(keys=(KEY,)))
        one.send(sealed)
        told = wire.header(one.receive())
        totals = gateway.totals()
    assert (told["CN"], told["QN"], told["Flag"]) == ("9014", "20240520210700000", "8")
    assert totals["problems"] == {"no_key": 1}
    assert gateway.bytes_in() == [sealed, sealed]


def _packet(name: str) -> bytes:
    path = Path(__file__).parents[2] / "data" / "hj212" / "packets_public.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    return bytes.fromhex(rows[name]["frame_hex"])


def test_a_device_without_a_password_may_send_any(gateway: Running, devices: Devices) -> None:
    devices.add(Known(password=None))
    with wire.logger(gateway.port) as one:
        one.send(wire.upload(1, pw="anything"))
        assert one.receive() == wire.ack(1, pw="anything")


def test_a_changed_password_counts_at_once(gateway: Running, devices: Devices) -> None:
    with wire.logger(gateway.port) as one:
        one.send(wire.upload(1))
        assert one.receive() == wire.ack(1)
        devices.add(Known(password="newone"))  # noqa: S106
        gateway.loop.forget_passes()
        one.send(wire.upload(2))
        assert wire.header(one.receive())["QnRtn"] == "3"


def test_the_clock_of_a_device_is_held_against_ours(gateway: Running) -> None:
    with wire.logger(gateway.port) as one:
        one.send(wire.upload(1))
        one.receive()
        (device,) = gateway.state()["devices"]
    assert device["skew"] < -3600  # the frame says March, it is later
    assert device["frames"] == 1
