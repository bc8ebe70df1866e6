"""Frames out of a stream: whatever the damage, however the bytes come, in linear time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenhe.protocols.hj212 import Message, Piece, Stream, decode, encode
from tests.protocols.hj212 import made
from tests.protocols.hj212.packets import packet, packets

GOOD = packet("P106").data


def whole(data: bytes, limit: int = 9999) -> list[Piece]:
    stream = Stream(limit)
    return stream.feed(data) + stream.flush()


def joined(pieces: list[Piece]) -> list[Piece]:
    """Pieces with neighbouring garbage put together."""
    found: list[Piece] = []
    for piece in pieces:
        if found and piece.kind == found[-1].kind == "garbage":
            found.append(Piece("garbage", found.pop().data + piece.data))
        else:
            found.append(piece)
    return found


def kinds(data: bytes, limit: int = 9999) -> list[tuple[str, int]]:
    return [(piece.kind, len(piece.data)) for piece in whole(data, limit)]


@pytest.mark.parametrize("one", packets(), ids=lambda p: p.id)
def test_byte_by_byte_is_as_all_at_once(one) -> None:
    stream = Stream()
    pieces = [piece for byte in one.data for piece in stream.feed(bytes([byte]))]
    assert joined(pieces + stream.flush()) == joined(whole(one.data))
    assert b"".join(piece.data for piece in whole(one.data)) == one.data


@settings(max_examples=200)
@given(st.lists(st.one_of(made.damaged(), st.binary(max_size=20)), max_size=4), st.data())
def test_no_byte_is_lost_and_chunks_do_not_matter(parts: list[bytes], pick) -> None:
    data = b"".join(parts)
    assert b"".join(piece.data for piece in whole(data)) == data
    stream, pieces, rest = Stream(), [], data
    while rest:
        size = pick.draw(st.integers(1, len(rest)))
        pieces += stream.feed(rest[:size])
        rest = rest[size:]
    assert joined(pieces + stream.flush()) == joined(whole(data))


@settings(max_examples=200)
@given(made.damaged(), st.binary(max_size=30))
def test_the_frame_behind_damage_is_found(damage: bytes, garbage: bytes) -> None:
    data = damage + garbage + GOOD + GOOD
    frames = [piece.data for piece in whole(data) if piece.kind == "frame"]
    assert frames[-1] == GOOD


def test_a_cut_frame_and_the_next_one() -> None:
    assert kinds(GOOD[:40] + GOOD) == [("incomplete", 40), ("frame", len(GOOD))]


def test_a_cut_frame_whose_length_ends_by_chance_with_the_next_one() -> None:
    cut = b"##%04d" % (283 + 40) + GOOD[6:40]
    assert kinds(cut + GOOD) == [("incomplete", 40), ("frame", len(GOOD))]


def test_a_frame_quoted_in_a_log_is_no_frame() -> None:
    quoted = packet("P002").data[:-2].decode().replace("&", "+")
    log = encode(
        Message(cn="3020", st="31", mn="A", pw="123456", qn="20260301101500123",
                factors=(("i11001", "Info", f"//{quoted}//"),))
    )  # fmt: skip
    assert kinds(log + GOOD) == [("frame", len(log)), ("frame", len(GOOD))]
    assert decode(log).cp.factors == (("i11001", "Info", f"//{quoted}//"),)


def test_without_a_tail_a_frame_waits_for_what_follows() -> None:
    stream = Stream()
    assert stream.feed(GOOD[:-2]) == []
    assert stream.waiting == len(GOOD) - 2
    assert stream.feed(GOOD) == [Piece("frame", GOOD[:-2]), Piece("frame", GOOD)]
    assert stream.feed(GOOD[:-2]) == []
    assert stream.flush() == [Piece("frame", GOOD[:-2])]


@pytest.mark.parametrize("tail", [b"\n", b"\r"])
def test_half_a_tail(tail: bytes) -> None:
    assert kinds(GOOD[:-2] + tail + GOOD) == [("frame", len(GOOD) - 1), ("frame", len(GOOD))]


@pytest.mark.parametrize("declared", [0, 100, 282, 284, 300, 999])
def test_a_wrong_length_costs_one_frame_only(declared: int) -> None:
    wrong = b"##%04d" % declared + GOOD[6:]
    pieces = whole(wrong + GOOD)
    assert pieces == [Piece("frame", wrong), Piece("frame", GOOD)]
    assert decode(wrong).verdict == "reject_length"


def test_a_frame_longer_than_the_limit_is_garbage() -> None:
    assert kinds(GOOD, limit=282) == [("garbage", len(GOOD))]
    assert kinds(GOOD, limit=283) == [("frame", len(GOOD))]


def test_memory_is_bounded() -> None:
    stream = Stream(limit=1100)
    for _ in range(200):
        stream.feed(b"##1099QN=" + b"x" * 500)
        stream.feed(b"\x00#" * 300)
        assert stream.waiting <= 1100 + 12 + 600


HOSTILE = {
    "heads": b"##1000QN=",
    "heads that do not fit": b"##9998QN=&&0000",
    "heads with ends": b"##0993QN=0000\r\n",
    "quoted heads": b"##0012QN=1&&0000\r\n##1023QN=",
    "ends": b"&&0000\r\n",
    "marks": b"#",
    "doubled marks": b"##",
    "half heads": b"##0100Q",
    "spaces": b"##0100    ",
    "garbage": b"\x00\xff",
    "separators": b";,=-//&&",
    "sound": GOOD,
}


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("chunk", [7, 4096, 1 << 22])
def test_the_work_grows_with_the_bytes(unit: bytes, chunk: int) -> None:
    def work(size: int) -> int:
        data = unit * (size // len(unit))
        stream = Stream()
        for start in range(0, len(data), chunk):
            stream.feed(data[start : start + chunk])
        stream.flush()
        return stream.work

    small, large = work(60_000), work(240_000)
    # four times the bytes: four times the work, and a little for what stands at the ends
    assert large <= 4 * small + 40_000
    assert large <= 6 * 240_000
