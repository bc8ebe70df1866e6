"""SM4 of the data area: vectors, keys that fit and keys that do not."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenhe.base.errors import MissingExtra
from fenhe.protocols.hj212 import BadFrame, BadMessage, cipher, decode, encode, of_frame
from tests.protocols.hj212 import made
from tests.protocols.hj212.packets import packet

KEY = b"0" * 16
OTHER = bytes(range(16))


def test_the_first_block_of_the_example() -> None:
    area = b"DataTime=20240520210600;a01011-Min=1.35"
    assert cipher.encrypt(area, KEY)[:16].hex().upper() == "E43E159ACFAB242CB53155FB8B9281A1"


def test_the_vector_of_the_cipher_itself() -> None:
    block = bytes.fromhex("0123456789abcdeffedcba9876543210")
    assert cipher.encrypt(block, block).hex() == "681edf34d206965e86b3e94f536e4246"


@given(st.binary(max_size=100), made.KEYS)
def test_full_blocks_only_and_back(area: bytes, key: bytes) -> None:
    hidden = cipher.encrypt(area, key)
    full = len(area) - len(area) % 16
    assert hidden[full:] == area[full:]
    assert len(hidden) == len(area)
    assert cipher.decrypt(hidden, key) == area


@pytest.mark.parametrize("name", ["P005", "P140", "P141"])
def test_without_a_key_nothing_is_said_about_the_check_sum(name: str) -> None:
    frame = decode(packet(name).data)
    assert (frame.verdict, frame.ok, frame.crc_ok) == ("accept_after_decrypt", False, None)
    assert [one.code for one in frame.problems] == ["no_key"]
    assert not frame.readable
    with pytest.raises(BadFrame, match="no key is given"):
        decode(packet(name).data, strict=True)


def test_a_wrong_key_is_told() -> None:
    frame = decode(packet("P005").data, keys=[OTHER])
    assert (frame.verdict, frame.ok, frame.crc_ok) == ("reject_crc", False, False)
    assert [one.code for one in frame.problems] == ["wrong_key"]
    assert not frame.readable


def test_the_former_key_is_tried_as_well() -> None:
    frame = decode(packet("P005").data, keys=[OTHER, KEY], strict=True)
    assert frame.ok
    assert frame.cp.get("DataTime") == "20240520210600"


def test_a_key_does_not_touch_a_plain_frame() -> None:
    assert decode(packet("P003").data, keys=[KEY]) == decode(packet("P003").data)


def test_a_damaged_cipher_text_is_no_wrong_key() -> None:
    data = bytearray(packet("P005").data)
    data[-5] ^= 1
    frame = decode(bytes(data), keys=[KEY])
    assert [one.code for one in frame.problems] == ["crc_wrong"]
    assert frame.cp.get("DataTime") == "20240520210600"


@given(st.binary(min_size=16, max_size=40))
def test_what_is_printed_is_read_back(area: bytes) -> None:
    full = len(area) - len(area) % 16
    for mark in ("0x{:02X}", "0x{:x}"):
        printed = "{" + ",".join(mark.format(byte) for byte in area[:full]) + "}"
        assert cipher.unprinted(printed.encode() + area[full:]) == area


@pytest.mark.parametrize("text", ["", "00", "zz" * 16, "30" * 17])
def test_a_key_that_is_none(text: str) -> None:
    with pytest.raises(BadMessage, match="16 bytes"):
        cipher.read_key(text)


def test_a_key_of_another_length() -> None:
    with pytest.raises(BadMessage, match="16 bytes, not 3"):
        encode(of_frame(decode(packet("P003").data)), b"abc")


def test_the_missing_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from fenhe.protocols.hj212 import cipher\n"
        "cipher.encrypt(b'x' * 16, b'0' * 16)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert MissingExtra.__name__ in done.stderr
    assert "fenhe[cipher]" in done.stderr
