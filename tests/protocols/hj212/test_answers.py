"""Requests and answers in the form of each edition; the published examples byte for byte."""

from __future__ import annotations

import pytest

from fenhe.protocols.hj212 import (
    BadMessage,
    Message,
    answer,
    decode,
    encode,
    of_frame,
    request,
    tables,
)  # fmt: skip
from tests.protocols.hj212.packets import packet, packets

AT = "20260301101500123"


def asked(cn: str, edition: int, *top: tuple[str, str], **more: object) -> str:
    message = request(
        cn,
        edition=edition,
        st="31",
        mn="A1",
        pw="123456",
        qn=AT,
        top=top,
        **more,  # type: ignore[arg-type]
    )
    data = encode(message)
    frame = decode(data, strict=True)
    assert frame.cn == cn
    assert frame.edition == edition
    return data[6:-6].decode()


def test_answers_of_2017() -> None:
    frame = decode(packet("P129").data.replace(b"Flag=9", b"Flag=5"))
    head = "ST=91;CN={};PW=123456;MN=010000A8900016F000169DC0;Flag=4;CP=&&{}&&"
    for cn, fields, area in [
        ("9011", {"QnRtn": 1}, "QnRtn=1"), ("9012", {"ExeRtn": 100}, "ExeRtn=100"),
        ("9013", {}, ""), ("9014", {}, ""),
    ]:  # fmt: skip
        written = answer(frame, cn, **fields)  # type: ignore[arg-type]
        assert written[6:-6].decode() == f"QN={AT};" + head.format(cn, area)
        assert decode(written, strict=True).ok


def test_the_published_answer_of_a_surface_water_station() -> None:
    assert answer(decode(packet("P101").data), "9014") == packet("P102").data


def test_an_answer_of_2025_has_its_version() -> None:
    reply = decode(answer(decode(packet("P129").data), "9014"))
    assert (reply.flag, reply.edition, reply.st, reply.qn) == (8, 2025, "91", AT)


@pytest.mark.parametrize(
    ("name", "of", "cn", "fields"),
    [
        ("P054", "P053", "9011", {"QnRtn": 1}),
        ("P066", "P065", "9014", {}),
        ("P070", "P058", "9013", {}),
    ],
)
def test_published_answers_of_2005(name: str, of: str, cn: str, fields: dict[str, int]) -> None:
    # the example of 9013 answers a notice that has the same QN as 2012
    assert answer(decode(packet(of).data), cn, **fields) == packet(name).data  # type: ignore[arg-type]


def test_an_answer_of_2005_carries_qn_and_command_in_the_data_area() -> None:
    written = answer(decode(packet("P063").data), "9014")
    assert written[6:-6] == b"ST=91;CN=9014;CP=&&QN=20040516010101001;CN=2051&&"
    reply = decode(written)
    assert (reply.qn, reply.request_qn) == (None, "20040516010101001")


def test_every_answered_packet_has_an_answer() -> None:
    count = 0
    for one in packets():
        frame = decode(one.data, keys=one.keys)
        if frame.ok and frame.wants_answer:
            reply = decode(answer(frame, "9014"))
            assert reply.ok
            assert reply.request_qn == frame.request_qn
            count += 1
    assert count > 60


@pytest.mark.parametrize(
    ("cn", "fields"),
    [("9011", {}), ("9012", {"QnRtn": 1}), ("9014", {"QnRtn": 1}), ("2011", {}), ("9015", {})],
)
def test_no_other_answer(cn: str, fields: dict[str, int]) -> None:
    with pytest.raises(BadMessage):
        answer(decode(packet("P001").data), cn, **fields)  # type: ignore[arg-type]


PUBLISHED = [
    one for one in packets()
    if one.category.startswith("appendixC") and one.expect == "accept" and one.frames == 1
]  # fmt: skip


def test_every_published_request_can_be_asked() -> None:
    count = 0
    for one in PUBLISHED:
        frame = decode(one.data)
        edition = frame.edition or 0
        sends = {c.cn for c in tables.commands(edition) if c.direction == "H2S"}
        data = bool(frame.cp.get("DataTime")) or frame.cp.factors
        if frame.cn not in sends or data or frame.qn is None or not frame.wants_answer:
            continue
        message = request(
            frame.cn, edition=edition, st=frame.st or "", mn=frame.mn or "", pw=frame.pw or "",
            qn=frame.qn, top=frame.cp.top, factors=frame.cp.factors,
        )  # fmt: skip
        written = encode(message)
        # one example of 2017 joins two items by a comma
        assert written == one.data or (one.id, len(written)) == ("P042", len(one.data)), one.id
        count += 1
    assert count >= 30


def test_clock_history_password_and_key() -> None:
    span = (("BeginTime", "20260301000000"), ("EndTime", "20260301230000"))
    assert asked("1012", 2017, ("SystemTime", "20260301101500")).endswith(
        "Flag=5;CP=&&SystemTime=20260301101500&&"
    )
    assert ";Flag=3;CP=&&BeginTime=20260301000000,EndTime=" in asked("2051", 2005, *span)
    assert ";Flag=9;CP=&&BeginTime=20260301000000;EndTime=" in asked("2061", 2025, *span)
    assert "NewPW=654321" in asked("1072", 2017, ("NewPW", "654321"))
    assert "CP=&&PW=654321&&" in asked("1072", 2005, ("PW", "654321"))
    assert "NewSK=0123456789abcdef" in asked(
        "1014", 2025, ("SKCreateTime", AT), ("NewSK", "0123456789abcdef")
    )
    assert "i13004-Info=168.0" in asked(
        "3021", 2017, ("PolId", "w01018"), ("InfoId", "i13004"),
        factors=(("i13004", "Info", "168.0"),),
    )  # fmt: skip
    assert "101-LowValue=1.1,101-UpValue=9.9" in asked(
        "1022", 2005, factors=(("101", "LowValue", "1.1"), ("101", "UpValue", "9.9"))
    )


def test_a_notice_asks_for_no_answer() -> None:
    assert ";Flag=4;" in asked("2012", 2017, answer=False)


@pytest.mark.parametrize("edition", tables.EDITIONS)
def test_every_command_of_the_host_can_be_written(edition: int) -> None:
    for command in tables.commands(edition):
        if command.direction == "H2S":
            assert f"CN={command.cn};" in asked(command.cn, edition)


@pytest.mark.parametrize(
    ("cn", "edition", "top"),
    [
        ("1014", 2017, ()), ("1001", 2025, ()), ("2081", 2017, ()), ("3015", 2025, ()),
        ("1012", 2017, (("DateTime", "1"),)), ("2011", 2017, (("BeginTime", "1"),)),
        ("1072", 2017, (("PW", "654321"),)),
    ],
)  # fmt: skip
def test_what_an_edition_does_not_know_is_refused(cn, edition, top) -> None:
    with pytest.raises(BadMessage, match=r"no command|does not take"):
        request(cn, edition=edition, st="31", mn="A", pw="123456", qn=AT, top=top)


def test_a_message_of_a_frame_keeps_its_flag() -> None:
    frame = decode(packet("P131").data)
    assert of_frame(frame).flag_written == 13
    assert isinstance(of_frame(frame), Message)
