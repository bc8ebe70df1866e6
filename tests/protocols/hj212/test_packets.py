"""Every public packet decodes as stated."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from fenhe.cli.hj212 import command
from fenhe.protocols import hj212
from fenhe.protocols.hj212 import jsonl
from fenhe.protocols.hj212.problems import CODES, REFUSED, REMARKS, VERDICTS
from fenhe.protocols.hj212.reading import overall, read_all
from tests.protocols.hj212.packets import Packet, lines, packets

EVERY = pytest.mark.parametrize("packet", packets(), ids=lambda p: p.id)


def decoded(packet: Packet, *more: str) -> list[dict[str, object]]:
    keys = [f"--key={key.hex()}" for key in packet.keys]
    done = CliRunner().invoke(
        command, ["decode", "-", "--show-secrets", *keys, *more], input=packet.data
    )
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_there_are_as_many_as_published() -> None:
    assert len(packets()) == 143
    assert len(lines()) == 271


@EVERY
def test_the_command_prints_what_is_stated(packet: Packet) -> None:
    found = decoded(packet)
    assert found[0]["header"] == packet.header
    assert found[0]["cp"] == packet.cp
    assert found[0]["flag_version"] == packet.flag_version
    assert overall(str(one["verdict"]) for one in found) == packet.expect


@EVERY
def test_the_order_of_the_items_is_kept(packet: Packet) -> None:
    first = read_all(packet.data, keys=packet.keys)[0]
    if packet.cp:
        assert [list(item) for item in first.cp.top] == packet.cp["top"]
        assert [list(item) for item in first.cp.factors] == packet.cp["factors"]
    else:
        assert first.verdict in REFUSED or first.printed


@EVERY
def test_bits_of_flag_and_check_sum(packet: Packet) -> None:
    first = read_all(packet.data, keys=packet.keys)[0]
    if packet.need_ack:
        assert str(first.wants_answer) == packet.need_ack
        assert str(first.has_numbers) == packet.has_packet_no
    if packet.crc == "ok":
        assert first.crc_ok is True
    elif packet.crc:
        assert first.crc_ok is False
    modbus = any(one.code == "crc_modbus" for one in first.problems)
    assert modbus == (packet.crc == "modbus_variant")


@EVERY
def test_strict_refuses_what_deviates_and_nothing_else(packet: Packet) -> None:
    frames = read_all(packet.data, keys=packet.keys, strict=True)
    accepted = all(frame.ok for frame in frames)
    assert accepted == (packet.expect in ("accept", "accept_after_decrypt", "accept_merge"))
    assert all(frame.verdict in VERDICTS for frame in frames)


@EVERY
def test_every_deviation_is_named(packet: Packet) -> None:
    for frame in read_all(packet.data, keys=packet.keys):
        assert bool(frame.problems) == (
            frame.verdict not in ("accept", "accept_after_decrypt", "accept_merge")
        )
        assert all(one.code in CODES and one.zh for one in frame.problems)
        assert all(one.code in REMARKS for one in frame.remarks)


@pytest.mark.parametrize("line", lines(), ids=lambda line: f"{line['origin']}-{line['cn']}")
def test_packets_of_simulators_and_logs(line: dict[str, object]) -> None:
    frame = hj212.decode(str(line["packet"]).encode())
    assert frame.length_ok == line["length_ok"]
    assert frame.crc_ok == line["crc_ok"]
    assert (frame.cn, frame.st) == (line["cn"], line["st"])
    assert frame.edition != 2025


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("P010", "space"), ("P019", "code_mixed"), ("P024", "separator_missing"),
        ("P028", "comma_in_header"), ("P095", "length_wrong"), ("P108", "tail_missing"),
        ("P109", "crc_wrong"), ("P110", "skipped"), ("P113", "crc_modbus"),
        ("P122", "length_wrong"), ("P127", "packet_order"), ("P130", "rf_undefined"),
        ("P131", "version_unknown"), ("P132", "packet_numbers_missing"), ("P134", "area_open"),
        ("P137", "time_impossible"), ("P138", "time_digits"), ("P142", "crc_of_cipher"),
        ("P143", "cipher_printed"),
    ],
)  # fmt: skip
def test_the_defect_has_its_code(name: str, problem: str) -> None:
    found = next(one for one in packets() if one.id == name)
    frames = read_all(found.data, keys=found.keys)
    assert problem in [one.code for one in frames[0].problems]


@pytest.mark.parametrize("name", ["P028", "P049"])
def test_a_comma_in_the_header_is_repaired_beside_what_is_written(name: str) -> None:
    frame = hj212.decode(next(one for one in packets() if one.id == name).data)
    assert frame.header["QN"] == "20160801085857534,ST=32"
    assert (frame.qn, frame.st) == ("20160801085857534", "32")


@pytest.mark.parametrize("name", ["P081", "P101"])
def test_version_2_of_a_surface_water_station_is_not_the_edition_of_2025(name: str) -> None:
    frame = hj212.decode(next(one for one in packets() if one.id == name).data)
    assert (frame.st, frame.flag_version, frame.edition) == ("21", "2025", None)


def test_a_printed_cipher_says_what_it_says_beside_the_empty_columns() -> None:
    found = next(one for one in packets() if one.id == "P143")
    plain = next(one for one in packets() if one.id == "P140")
    (line,) = decoded(found)
    assert line["cp"] == {}
    assert line["crc_ok"] is True
    assert line["opened"] == {"flag_version": "2025", "header": plain.header, "cp": plain.cp}


@pytest.mark.parametrize(
    "packet", [one for one in packets() if one.expect.startswith("accept")], ids=lambda p: p.id
)
def test_what_is_accepted_can_be_written_again(packet: Packet) -> None:
    frames = read_all(packet.data, keys=packet.keys, merge=packet.expect == "accept_merge")
    for frame in (one for one in frames if one.ok):
        message = jsonl.from_json(jsonl.to_json(frame, show_secrets=True))
        again = hj212.decode(hj212.encode(message))
        assert again.cp == frame.cp
        assert (again.qn, again.st, again.cn, again.mn) == (frame.qn, frame.st, frame.cn, frame.mn)
        told = {one.code for one in again.problems}
        # what stands in the record itself is no matter of form
        assert told <= {one.code for one in frame.problems} & CONTENT


CONTENT = {"code_mixed", "version_unknown", "packet_numbers_missing", "time_digits"}


def test_what_was_refused_is_not_written_again() -> None:
    refused = [one for one in packets() if one.expect.startswith("reject")]
    assert len(refused) == 14
    for one in refused:
        line = jsonl.to_json(hj212.decode(one.data, keys=one.keys), show_secrets=True)
        with pytest.raises(hj212.BadMessage, match=f"not accepted: {one.expect}"):
            jsonl.from_json(line)
