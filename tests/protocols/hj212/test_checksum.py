"""The check sum: published values, the rule step by step, one frame and many."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenhe.protocols.hj212 import crc, crc_many
from fenhe.protocols.hj212.checksum import modbus
from tests.protocols.hj212.packets import packet

SEGMENTS = st.lists(st.binary(max_size=70), max_size=20)


def by_the_rule(data: bytes) -> int:
    """Annex A of the standard, bit by bit."""
    register = 0xFFFF
    for byte in data:
        register = (register >> 8) ^ byte
        for _ in range(8):
            out = register & 1
            register >>= 1
            if out:
                register ^= 0xA001
    return register


@pytest.mark.parametrize(
    ("data", "value"), [(b"", 0xFFFF), (b"\0", 0x4040), (b"A", 0x7080), (b"123456789", 0x2F80)]
)
def test_known_values(data: bytes, value: int) -> None:
    assert crc(data) == value == by_the_rule(data)
    assert crc_many([data]).tolist() == [value]


@pytest.mark.parametrize(("name", "value"), [("P001", 0x1C80), ("P002", 0x2200), ("P103", 0)])
def test_published_segments(name: str, value: int) -> None:
    assert crc(packet(name).data[6:-6]) == value


@pytest.mark.parametrize(
    ("data", "value"), [(b"123456789", 0x4B37), (packet("P001").data[6:-6], 0x0759)]
)
def test_it_is_not_modbus(data: bytes, value: int) -> None:
    assert modbus(data) == value != crc(data)


@given(SEGMENTS)
def test_many_at_once_are_each_by_the_rule(segments: list[bytes]) -> None:
    expected = [by_the_rule(one) for one in segments]
    assert [crc(one) for one in segments] == expected
    assert crc_many(segments).tolist() == expected


@given(st.binary(min_size=1, max_size=60), st.data())
def test_every_single_damaged_byte_is_caught(data: bytes, pick: st.DataObject) -> None:
    where = pick.draw(st.integers(0, len(data) - 1))
    other = pick.draw(st.integers(0, 255).filter(lambda value: value != data[where]))
    assert crc(data[:where] + bytes([other]) + data[where + 1 :]) != crc(data)


def test_there_are_only_256_values() -> None:
    values = {crc(bytes([a, b])) for a in range(256) for b in range(256)}
    assert len(values) == 256
    assert {value & 0xFF for value in values} == {0, 1, 0x40, 0x41, 0x80, 0x81, 0xC0, 0xC1}
