"""Many frames at once are what each is by itself."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenhe.protocols.hj212 import Message, batch, encode, plain, sealed, split
from fenhe.protocols.hj212.numbers import number
from tests.protocols.hj212 import made
from tests.protocols.hj212.packets import packet, packets, real_frames

KEY = b"0" * 16


def check(frames: list[bytes]) -> batch.Batch:
    """Assert that both roads lead to the same; return it."""
    quick = batch.decode_many(frames, keys=(KEY,))
    slow = batch.one_by_one(frames, range(len(frames)), (KEY,))
    for name in ("headers", "top", "factors"):
        one, other = getattr(quick, name), getattr(slow, name)
        assert one.schema == other.schema
        assert one.equals(other), name
    return quick


def written(message: Message) -> list[bytes]:
    return [encode(part) for part in split(message)]


def test_all_public_packets() -> None:
    found = check(list(real_frames()))
    assert len(found.headers) == len(real_frames())
    assert found.headers["verdict"].n_unique() > 5
    assert len(plain.read(list(real_frames())).heads) > 100


def test_none_and_one() -> None:
    assert check([]).headers.is_empty()
    assert len(check([packet("P106").data]).factors) == 11
    assert check([b""]).headers["verdict"].to_list() == ["reject_structure"]


@settings(max_examples=80)
@given(st.lists(made.messages(), min_size=1, max_size=4))
def test_made_up_messages(messages: list[Message]) -> None:
    found = check([frame for message in messages for frame in written(message)])
    assert found.headers["ok"].all()


@settings(max_examples=200)
@given(st.lists(made.damaged(), min_size=1, max_size=6))
def test_damaged_frames_among_sound_ones(frames: list[bytes]) -> None:
    assert not check([packet("P106").data, *frames, packet("P003").data]).headers.is_empty()


@settings(max_examples=60)
@given(st.lists(made.messages(), min_size=1, max_size=3), made.KEYS, st.booleans())
def test_encrypted_frames(messages: list[Message], other: bytes, known: bool) -> None:
    key = KEY if known else other
    frames = [encode(part, key) for message in messages for part in split(message)]
    found = check([*frames, packet("P005").data, packet("P003").data])
    assert found.headers["encrypted"][-2]
    if known:
        assert found.headers["ok"].all()


@settings(max_examples=40)
@given(st.lists(st.one_of(made.damaged(), made.messages().map(lambda m: encode(split(m)[0], KEY))),
                min_size=1, max_size=5))  # fmt: skip
def test_keys_by_device(frames: list[bytes]) -> None:
    frames = [packet("P005").data, *frames, packet("P140").data]
    one = batch.decode_many(frames, keys=lambda mn: (KEY,) if mn else ())
    other = batch.decode_many(frames, keys=(KEY,))
    has_mn = other.headers["mn"].fill_null("") != ""
    assert one.headers.filter(has_mn).equals(other.headers.filter(has_mn))
    none = batch.decode_many(frames, keys=lambda mn: ())
    assert none.headers.equals(batch.decode_many(frames).headers)
    assert none.headers["verdict"][0] == "accept_after_decrypt"
    assert not none.headers["ok"][0]


def test_encrypted_frames_take_the_quick_road() -> None:
    data = [packet(name).data for name in ("P005", "P140", "P141")]
    unsealed, opened = sealed.unsealed(data, (KEY,))
    assert opened == [0, 1, 2]
    assert plain.read(unsealed).others == []
    headers = check(data).headers
    assert headers["verdict"].to_list() == ["accept_after_decrypt"] * 3
    assert headers["encrypted"].all()


def varied(old: bytes, new: bytes, name: str = "P106") -> bytes:
    """A sound frame with one text changed and its length and check sum put right."""
    from fenhe.protocols.hj212 import crc

    segment = packet(name).data[6:-6].replace(old, new)
    return b"##%04d%b%04X\r\n" % (len(segment), segment, crc(segment))


CHANGES = [
    (b"21.4", b"21.40000000000000000001"), (b"21.4", b"9007199254740993"), (b"21.4", b"1e400"),
    (b"21.4", b"1e5"), (b"21.4", b"-0"), (b"21.4", b"+4.50"), (b"21.4", b".5"), (b"21.4", b"5."),
    (b"21.4", b"NaN"), (b"21.4", b"inf"), (b"21.4", b""), (b"21.4", b"--"), (b"21.4", b"0x1F"),
    (b"21.4", b"1_000"), (b"21.4", b"235.164802043915"), (b"21.4", b"34.697081234567891"),
    (b"21.4", b"0.0000000000000001"), (b"21.4", b"1234567890123456"), (b"21.4", b"=1"),
    (b"Flag=N", b"Flag="), (b"Flag=N", b"Flag=1"), (b"Flag=N", b"Flag=1e3"), (b"-Flag=N", b"-=N"),
    (b"a21026-Flag", b"a21026-Rtd"), (b"a21026-Flag", b"a99999-Flag"), (b"a21026-", b"a-21026-"),
    (b"a21026-Rtd", b"-Rtd"), (b"a21026-Rtd", b"a 21026-Rtd"), (b"a21026-Rtd", b"A21026-rtd"),
    (b"20260301101500;", b"20260229101500;"), (b"20260301101500;", b"20240229101500;"),
    (b"20260301101500;", b"20260301101560;"), (b"20260301101500;", b"20260301240000;"),
    (b"20260301101500;", b"00000301101500;"), (b"20260301101500;", b"99991231235959;"),
    (b"20260301101500;", b"00010101000000;"), (b"20260301101500;", b"20260301101500123;"),
    (b"20260301101500123", b"20260230101500123"), (b"20260301101500123", b"1617936069734"),
    (b"Flag=5", b"Flag=0"), (b"Flag=5", b"Flag=05"), (b"Flag=5", b"Flag=7"), (b"Flag=5", b"Flag=9"),
    (b"Flag=5", b"Flag=13"), (b"Flag=5", b"Flag=256"), (b"Flag=5", b"Flag=5;RF=1"),
    (b"Flag=5", b"Flag=7;PNUM=2;PNO=1"), (b"Flag=5", b"Flag=7;PNUM=2;PNO=3"),
    (b"Flag=5", b"Flag=7;PNUM=0;PNO=0"), (b"Flag=5", b"Flag=5;PNUM=2;PNO=1"),
    (b"Flag=5", b"Flag=7;PNO=1;PNUM=2"), (b"Flag=5", b"Flag=3;PNO=1;PNUM=2"),
    (b"Flag=5", b"Flag=2;PNUM=0002;PNO=0001"), (b"Flag=5", b"Flag=8"), (b"ST=31", b"ST=21"),
    (b"ST=31", b"ST=45"), (b"ST=31", b"ST=99"), (b"CN=2011", b"CN=9021"), (b"PW=123456", b"PW="),
    (b"MN=010000", b"MN=\xe6\x9b\xb4"), (b"DataTime=20260301101500;", b""),
    (b"Flag=N;a21002", b"Flag=N;;a21002"), (b"Flag=N;a21002", b"Flag=N;PolId=1;a21002"),
    (b"a19001-Flag=N", b"a19001-Flag=N;"), (b"a19001-Flag=N", b"a19001-Info=//x;y//"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), CHANGES, ids=str)
def test_the_edge_of_what_is_plain(old: bytes, new: bytes) -> None:
    frame = varied(old, new)
    assert frame != packet("P106").data
    found = check([frame, packet("P106").data, varied(b"Flag=5", b"Flag=9") if new else frame])
    assert len(found.headers) == 3


@pytest.mark.parametrize("name", ["P003", "P022", "P023", "P097", "P101", "P128", "P133"])
def test_sound_frames_take_the_quick_road(name: str) -> None:
    one = packet(name)
    assert plain.read([one.data]).others == []
    (row,) = check([one.data]).headers.to_dicts()
    assert (row["verdict"], row["flag_version"]) == ("accept", one.flag_version)


def test_most_accepted_frames_take_the_quick_road() -> None:
    data = [one.data for one in packets() if one.expect == "accept" and "DataTime" in str(one.cp)]
    assert len(plain.read(data).heads) >= 0.4 * len(data)


@given(made.NUMBER)
def test_value_and_decimals(text: str) -> None:
    found = number(text)
    assert found is not None
    value, decimals = found
    assert value == float(text)
    scaled = value * 10**decimals
    assert abs(scaled) < 2**53
    assert round(scaled) / 10**decimals == pytest.approx(value, abs=1 / 10**decimals)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("21.40", (21.4, 2)), ("-0.3", (-0.3, 1)), ("3.82E1", (38.2, 1)), ("1e5", (100000.0, 0)),
        ("2.5e-3", (0.0025, 4)), ("9999.99", (9999.99, 2)), ("0.000", (0.0, 3)),
        ("235.164802043915", (235.164802043915, 12)), 
        ("12345678901234567890.5", (12345678901234567890.5, 0)),
        ("", None), ("N", None), ("1e999", None), ("٣", None), ("1 2", None), (".5", None),
    ],
)  # fmt: skip
def test_numbers_of_the_wire(text: str, expected: tuple[float, int] | None) -> None:
    assert number(text) == expected


def test_the_order_of_the_wire_is_kept() -> None:
    frames = [packet("P109").data, packet("P003").data, packet("P010").data, packet("P022").data]
    found = check(frames)
    assert found.factors["frame"].is_sorted()
    assert found.headers["frame"].to_list() == [0, 1, 2, 3]
    codes = found.factors.filter(pl.col("frame") == 1)["code"].unique(maintain_order=True)
    assert codes.to_list() == ["a01011", "a01012", "a01014"]
