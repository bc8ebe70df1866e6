"""The quick road against the codec: it may say yes to less, never to more, and answers the same."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenhe.platform.gateway import answers, quick
from fenhe.protocols import hj212
from tests.platform.gateway import wire
from tests.platform.gateway.conftest import Running
from tests.platform.gateway.devices import Devices, Known

PACKETS = Path(__file__).parents[2] / "data" / "hj212" / "packets_public.csv"


def packets() -> list[dict[str, str]]:
    with PACKETS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def raw(row: dict[str, str]) -> bytes:
    if row["frame_hex"]:
        return bytes.fromhex(row["frame_hex"])
    return row["frame_escaped"].encode("latin-1").decode("unicode_escape").encode("latin-1")


def agrees(frame: bytes) -> bool:
    """Hold the quick road to the codec for one frame; say whether it was of its form."""
    head = quick.head(frame)
    if head is None:
        return False
    assert quick.sound([head] * quick.MANY) == quick.sound([head]) * quick.MANY
    if not quick.sound([head])[0]:
        return False
    found = hj212.decode(frame)
    assert found.ok or found.verdict == "reject_semantic", (frame, found.problems)
    assert (head.mn.decode(), head.pw.decode()) == (found.mn, found.pw)
    ruling = answers.rule(found, Known(found.mn or "", found.pw))
    assert ruling.refused == ""
    assert ruling.answer == (quick.acknowledgement(head) if head.wants_answer else None)
    return True


def test_known_packets() -> None:
    quickly = [row["id"] for row in packets() if agrees(raw(row))]
    assert len(quickly) > 30
    assert {"P003", "P092", "P106"} <= set(quickly)


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30)
FIELD = st.text(st.sampled_from("0123456789ABCdef_-;=& "), max_size=8)


@given(
    flag=st.integers(0, 99),
    pw=FIELD | st.just("123456"),
    mn=FIELD | st.just(wire.MN),
    more=st.sampled_from(["", "PNUM=2;PNO=1;", "PNO=1;PNUM=2;", "RF=1;", "RF=0;", "PNUM=1;"]),
    system=st.sampled_from(["31", "32", "21", "91", "3"]),
    cn=st.sampled_from(["2011", "2051", "2061", "9014", "1013", "201", "2999"]),
    cp=TEXT | st.just(wire.DATA) | TEXT.map(lambda text: f"{wire.DATA};{text}"),
)
def test_made_up_frames(  # noqa: PLR0917
    flag: int, pw: str, mn: str, more: str, system: str, cn: str, cp: str
) -> None:
    frame = wire.upload(7, flag=flag, pw=pw, mn=mn, more=more, st=system, cn=cn, cp=cp)
    if len(frame) < 9000:
        assert agrees(frame) in {True, False}


@given(at=st.integers(0, len(wire.upload(1)) - 1), byte=st.integers(0, 255))
def test_one_byte_changed(at: int, byte: int) -> None:
    frame = bytearray(wire.upload(1))
    frame[at] = byte
    same = frame == wire.upload(1) or bytes(frame).upper() == wire.upload(1).upper()
    assert agrees(bytes(frame)) in {same, True}


@pytest.mark.parametrize("seed", range(3))
def test_whatever_comes_is_kept_and_harms_nobody(
    gateway: Running, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    rng = random.Random(seed)
    good = [raw(row) for row in packets()]
    sent = b"".join(_mangled(rng, rng.choice(good)) for _ in range(400))
    with wire.logger(gateway.port) as wild, wire.logger(gateway.port) as tame:
        tame.send(wire.upload(1))
        assert tame.receive() == wire.ack(1)
        wild.send(sent[:60_000])
        wild.socket.shutdown(1)
        while wild.receive():
            pass
        tame.send(wire.upload(2))
        assert tame.receive() == wire.ack(2)
    assert wire.until(lambda: gateway.loop.hub.is_idle)
    totals = gateway.totals()
    assert b"".join(gateway.bytes_in()).startswith(wire.upload(1))
    assert sum(map(len, gateway.bytes_in())) == totals["bytes_in"]
    assert totals["frames"] == totals["accepted"] + totals["rejected"] + totals["incomplete"]
    assert "error" not in totals["problems"]
    assert [one for one in caplog.records if one.levelname == "ERROR"] == []


def _mangled(rng: random.Random, data: bytes) -> bytes:
    """Return bytes with some changed, cut out, or doubled."""
    found = bytearray(data)
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(found) or 1)
        match rng.randrange(3):
            case 0:
                found[at : at + 1] = rng.randbytes(1)
            case 1:
                del found[at : at + rng.randrange(40)]
            case _:
                found[at:at] = found[at : at + rng.randrange(40)]
    return bytes(found)


def _expected(row: dict[str, str]) -> bool:
    """Say whether a packet of the table is one the gateway takes; without MN nobody sent it."""
    good = row["expect"].startswith("accept") or row["expect"] == "reject_semantic"
    return good and b"MN=" in raw(row)


@pytest.mark.parametrize("row", packets(), ids=lambda row: row["id"])
def test_every_public_packet_over_tcp(
    row: dict[str, str], gateway: Running, devices: Devices
) -> None:
    data = raw(row)
    frames = [piece.data for piece in _cut(data) if piece.kind == "frame"]
    first = hj212.decode(frames[0]) if frames else None
    key = (bytes.fromhex(row["key_hex"]),) if row["key_hex"] else ()
    if first is not None:
        devices.add(Known(first.mn or "", first.pw, keys=key))
    with wire.logger(gateway.port) as one:
        one.send(data)
        one.socket.shutdown(1)
        answered = []
        while answer := one.receive():
            answered.append(hj212.decode(answer))
    assert wire.until(lambda: gateway.state()["open"] == 0 and not gateway.totals()["in_hand"])
    totals = gateway.totals()
    assert b"".join(gateway.bytes_in()) == data
    assert totals["frames"] == totals["accepted"] + totals["rejected"] + totals["incomplete"]
    assert (totals["accepted"] > 0) == _expected(row)
    assert all(answer.ok for answer in answered)
    assert len(answered) == totals["answers"]
    acknowledged = [one for one in answered if one.cn == "9014"]
    if not _expected(row):
        assert acknowledged == []
    elif row["need_ack"] == "True" and first is not None and first.cn in DATA and first.qn:
        assert acknowledged[0].request_qn == first.qn


DATA = frozenset({"2011", "2021", "2031", "2041", "2051", "2061", "2081"})


def _cut(data: bytes) -> list[hj212.Piece]:
    stream = hj212.Stream()
    return [*stream.feed(data), *stream.flush()]
