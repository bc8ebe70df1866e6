"""What is encoded decodes to the same, in every edition, with and without a key."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fenhe.protocols.hj212 import (
    BadMessage,
    Frame,
    Merger,
    Message,
    cipher,
    decode,
    encode,
    jsonl,
    missing,
    of_frame,
    secret,
    split,
    times,
)  # fmt: skip
from fenhe.protocols.hj212.encoding import written_area
from tests.protocols.hj212 import made
from tests.protocols.hj212.packets import packet, packets

FIELDS = ("cn", "st", "mn", "pw", "qn", "rf", "pnum", "pno", "answer", "top", "factors")
# Why an accepted frame is not written again byte for byte.
OTHER_FORM = {
    "P042": "a comma between two plain items",
    "P063": "QN behind CN",
    "P065": "QN behind CN",
    "P081": "check sum in lower case",
    "P082": "check sum in lower case",
    "P090": "a separator at the end",
    "P091": "MN before PW",
    "P106": "check sum in lower case",
    "P114": "check sum in lower case",
}


def fits(message: Message) -> Message:
    """The message if one frame can hold it."""
    assume(split(message) == (message,))
    return message


def same(message: Message, frame: Frame) -> None:
    """Assert that a frame says what a message said."""
    back = of_frame(frame)
    for name in FIELDS:
        assert getattr(back, name) == getattr(message, name), name
    assert frame.flag == message.flag_written


@settings(max_examples=150)
@given(made.messages())
def test_plain(message: Message) -> None:
    data = encode(fits(message))
    frame = decode(data, strict=True)
    same(message, frame)
    assert frame.edition == (None if message.st == "22" and message.edition == 2025
                             else message.edition)  # fmt: skip
    assert frame.data_time is not None
    assert encode(of_frame(frame)) == data


@settings(max_examples=100)
@given(made.messages(), made.KEYS, st.lists(made.KEYS, max_size=2))
def test_encrypted(message: Message, key: bytes, others: list[bytes]) -> None:
    area = written_area(fits(message))
    assume(key not in others)
    data = encode(message, key)
    assert len(data) == len(encode(message))
    frame = decode(data, keys=[*others, key])
    same(message, frame)
    assert frame.crc_ok is True
    assert frame.encrypted == (len(area) >= cipher.BLOCK)
    told = [one.code for one in frame.problems]
    assert told == ([] if message.edition == 2025 else ["cipher_unexpected"])


@settings(max_examples=60)
@given(made.messages())
def test_by_way_of_json(message: Message) -> None:
    frame = decode(encode(fits(message)))
    line = json.loads(json.dumps(jsonl.to_json(frame, show_secrets=True)))
    assert encode(jsonl.from_json(line)) == encode(message)
    masked = jsonl.to_json(frame)
    assert masked["header"]["PW"] == secret.MASK
    with pytest.raises(BadMessage, match="PW is masked"):
        jsonl.from_json(masked)


@settings(max_examples=60)
@given(made.messages(), made.factors(most=60), st.randoms())
def test_what_is_split_comes_together(message: Message, factors, order) -> None:
    whole = replace(message, factors=factors, pnum=None, pno=None)
    parts = split(whole)
    frames = [decode(encode(part), strict=True) for part in parts]
    assert [len(one.raw) <= 1036 for one in frames] == [True] * len(frames)
    if len(parts) == 1:
        assert parts == (whole,)
        return
    qns = [one.qn for one in parts]
    assert qns == [whole.qn if message.edition == 2005 else times.later(whole.qn or "", n)
                   for n in range(len(parts))]  # fmt: skip
    shuffled = [*frames, frames[0]]
    order.shuffle(shuffled)
    merger = Merger(timeout=30)
    found = [one for one in (merger.add(frame, 0) for frame in shuffled) if one is not None]
    assert len(found) == 1
    assert found[0].verdict == "accept_merge"
    assert found[0].cp.factors == whole.factors
    assert found[0].cp.top == whole.top
    assert missing(found[0]) == ()
    assert merger.close() == ()


def test_the_published_frames_byte_for_byte() -> None:
    seen = {}
    for one in packets():
        if one.expect == "accept" and one.frames == 1:
            seen[one.id] = encode(of_frame(decode(one.data))) == one.data
    assert len(seen) == 98
    assert {name for name, same in seen.items() if not same} == set(OTHER_FORM)


@pytest.mark.parametrize("name", ["P005", "P140", "P141"])
def test_the_published_cipher_texts_byte_for_byte(name: str) -> None:
    found = packet(name)
    frame = decode(found.data, keys=found.keys)
    assert encode(of_frame(frame), found.keys[0]) == found.data


@pytest.mark.parametrize(
    "change",
    [
        {"top": (("Data-Time", "1"),)},
        {"top": (("DataTime", "1;2"),)},
        {"top": (("DataTime", " 1"),)},
        {"top": (("DataTime", "1&&2"),)},
        {"top": (("DataTime", "a//b"),)},
        {"factors": (("a21026", "", "1"),)},
        {"factors": (("a=1", "Rtd", "1"),)},
        {"factors": (("a21026", "Rtd", "1,2"),)},
        {"factors": (("a21026", "Info", "//open"),)},
        {"factors": (("a21026", "Info", "//two// //"),)},
        {"factors": (("a21026", "Info", "\ud800"),)},
        {"mn": "A;B"},
        {"pw": "12 456"},
        {"cn": ""},
        {"factors": tuple((f"a{n:05d}", "Rtd", "1.234") for n in range(70))},
    ],
)
def test_what_would_not_read_the_same_is_not_written(change: dict[str, object]) -> None:
    message = Message(cn="2011", st="31", mn="A", pw="123456", qn="20260301101500123")
    assert decode(encode(message)).ok
    with pytest.raises(BadMessage):
        encode(replace(message, **change))
