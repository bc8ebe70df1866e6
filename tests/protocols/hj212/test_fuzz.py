"""Whatever the bytes: no error but the codec's own, and no work out of proportion."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fenhe.protocols.hj212 import (
    BadFrame,
    BadMessage,
    Frame,
    Merger,
    answer,
    batch,
    decode,
    encode,
    jsonl,
    of_frame,
    split,
)  # fmt: skip
from fenhe.protocols.hj212.problems import CODES, REFUSED, VERDICTS
from fenhe.protocols.hj212.reading import Reader
from tests.protocols.hj212 import made
from tests.protocols.hj212.packets import packet, real_frames

KEY = b"0" * 16
BYTES = st.one_of(
    made.damaged(),
    st.binary(max_size=80),
    st.binary(max_size=60).map(lambda tail: b"##%04d" % len(tail) + tail + b"0000\r\n"),
    st.text("#&;,=-/ \r\n0123QNSTCPWMFlagDataTime更", max_size=60).map(str.encode),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=8,
)


def sound(frame: Frame) -> None:
    """Assert what holds for every frame there can be."""
    assert frame.verdict in VERDICTS
    assert frame.ok == (frame.verdict not in REFUSED and frame.crc_ok is not None)
    assert not frame.ok or (frame.crc_ok and frame.length_ok and frame.readable)
    assert all(one.code in CODES for one in frame.problems)
    assert len({one.code for one in frame.problems}) == len(frame.problems)
    line = json.dumps(jsonl.to_json(frame))
    assert "PW=1" not in line
    assert frame.data_time is None or frame.data_time.microsecond == 0


@settings(max_examples=400)
@given(BYTES)
@example(b"")
@example(b"##0000FFFF\r\n")
@example(b"##0006CP=&&&FFFF\r\n")
@example(b"##0007CP=&&&&0000\r\n")
def test_one_frame(data: bytes) -> None:
    for keys in ((), (KEY,)):
        frame = decode(data, keys=keys)
        assert frame.raw == data
        sound(frame)
        if frame.verdict in ("accept", "accept_after_decrypt") and frame.ok:
            assert decode(data, keys=keys, strict=True) == frame
            continue
        with pytest.raises(BadFrame) as refused:
            decode(data, keys=keys, strict=True)
        assert not refused.value.frame.ok
        assert refused.value.frame.problems == frame.problems


@settings(max_examples=150)
@given(st.lists(BYTES, max_size=4), st.booleans(), st.booleans())
def test_a_stream_of_them(parts: list[bytes], strict: bool, merge: bool) -> None:
    reader = Reader(keys=(KEY,), strict=strict, merge=merge)
    frames = [frame for part in parts for frame in reader.feed(part)] + reader.finish()
    for frame in frames:
        assert frame.verdict in VERDICTS
        assert json.dumps(jsonl.to_json(frame))
    assert bool(frames) == bool(b"".join(parts).strip())


@settings(max_examples=150)
@given(BYTES)
def test_what_follows_from_a_frame(data: bytes) -> None:
    frame = decode(data, keys=(KEY,))
    merger = Merger(1)
    merger.add(frame, 0)
    assert all(one.verdict == "incomplete_set" for one in merger.due(2))
    for work in (lambda: answer(frame, "9014"), lambda: encode(of_frame(frame)),
                 lambda: split(of_frame(frame))):  # fmt: skip
        # any other error fails the test
        with contextlib.suppress(BadMessage):
            assert work()


@settings(max_examples=200)
@given(st.one_of(
    st.dictionaries(st.sampled_from(
        ["cn", "st", "qn", "mn", "pw", "flag", "pnum", "pno", "rf", "edition", "answer", "cp",
         "header"]), JSON, max_size=8),
    st.fixed_dictionaries({
        "cn": st.text(max_size=4), "st": st.text(max_size=2), "edition": JSON,
        "cp": st.fixed_dictionaries({
            "top": st.lists(st.lists(st.text(max_size=4), max_size=3), max_size=3),
            "factors": st.lists(st.lists(st.text(max_size=4), max_size=4), max_size=3)})}),
))  # fmt: skip
def test_json_that_is_no_message(given_: dict[str, Any]) -> None:
    with contextlib.suppress(BadMessage):
        assert decode(encode(jsonl.from_json(given_))).crc_ok


@settings(max_examples=60)
@given(st.lists(BYTES, max_size=6))
def test_many_at_once(frames: list[bytes]) -> None:
    found = batch.decode_many(frames, keys=(KEY,))
    assert found.headers["frame"].to_list() == list(range(len(frames)))


AREAS = {
    "separators": ";", "commas": ",", "equals": "=", "logs": "=//", "open logs": "a-Info=//x;",
    "items": "a-Rtd=1;", "one group": "a-Rtd=1,", "spaces": " ", "spaced": " a-Rtd = 1 ;",
    "marks": "&&", "half marks": "& ", "names": "PW=1;", "dashes": "a-", "digits": "9",
    "many codes": "a-Rtd=1,b-Rtd=2;", "printed": "{0x1 ", "printed bytes": "0xE4 , ", 
    "heads": "##0100QN=",
    "comma fields": ",QN=", "comma spaces": ",    ",
}  # fmt: skip


def lines_run(work: Callable[[], object]) -> int:
    """Count the lines of Python that run."""
    count = 0

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    former = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(former)
    return count


@pytest.mark.parametrize("unit", AREAS.values(), ids=AREAS.keys())
@pytest.mark.parametrize("where", ["header", "area"])
@pytest.mark.parametrize("flag", ["5", "9"])
def test_the_steps_grow_with_the_bytes(unit: str, where: str, flag: str) -> None:
    def steps(size: int) -> int:
        text = unit * (size // len(unit))
        head = f"QN=20260301101500123;ST=31;CN=2011;Flag={flag};"
        segment = head + (f"{text};CP=&&&&" if where == "header" else f"CP=&&{text}&&")
        data = f"##{len(segment) % 10000:04d}{segment}0000\r\n".encode()
        decode(data, keys=(KEY,))
        return lines_run(lambda: (decode(data, keys=(KEY,)), jsonl.to_json(decode(data))))

    small, large = steps(1000), steps(8000)
    assert large <= 8 * small + 2000


#: Patterns whose worst input is tried: text, and how often it is repeated.
@pytest.mark.parametrize(
    "text",
    [
        b"{" + b"0x1 " * 4000, b"{" + b" " * 4000, b"{" + b"0x1, " * 4000 + b"x",
        b"{0x1" + b" ," * 4000 + b"z", b"," + b" " * 8000 + b"QN", b"PW" + b" " * 8000 + b"=",
        b"PW=" * 4000, b"=" + b" " * 8000 + b"/", b"a" * 8000,
    ],
)  # fmt: skip
def test_no_pattern_runs_away(text: bytes) -> None:
    # a pattern that backtracks without bound would not come to an end here
    segment = b"QN=1;ST=31;CN=2011;Flag=9;MN=" + text + b";CP=&&" + text + b"&&"
    frame = decode(b"##%04d" % min(len(segment), 9999) + segment + b"0000\r\n", keys=(KEY,))
    assert not frame.ok
    assert json.dumps(jsonl.to_json(frame))


def test_every_real_frame_cut_at_every_place() -> None:
    for data in {packet("P001").data, packet("P105").data, packet("P140").data}:
        for end in range(len(data)):
            frame = decode(data[:end], keys=(KEY,))
            assert not frame.ok or data[end:] in (b"\n", b"\r\n")
    assert len(real_frames()) > 400
