"""The data area behind its cipher, when it has one, and the check sum over the plain segment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fenhe.protocols.hj212 import checksum, cipher
from fenhe.protocols.hj212.problems import Problem, problem

_HEX = frozenset(b"0123456789abcdefABCDEF")


@dataclass(frozen=True)
class Opened:
    """A data area in plain bytes (None: no key opens it) and what was found on the way."""

    area: bytes | None
    crc_ok: bool | None
    encrypted: bool = False
    printed: bool = False
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Sealed:
    """A segment as on the wire, where its data area stands, and the check sum beside it."""

    segment: bytes
    begin: int
    end: int
    check: bytes

    @property
    def area(self) -> bytes:
        """The data area as on the wire."""
        return self.segment[self.begin : self.end]

    def fits(self, area: bytes) -> bool:
        """Whether the check sum is that of the segment with this data area."""
        return fits(self.segment[: self.begin] + area + self.segment[self.end :], self.check)


def is_hex(check: bytes) -> bool:
    """Whether it is four hexadecimal digits."""
    return len(check) == 4 and _HEX.issuperset(check)


def fits(segment: bytes, check: bytes) -> bool:
    """Whether four hexadecimal digits are the check sum of a segment."""
    return is_hex(check) and int(check, 16) == checksum.crc(segment)


def fault(segment: bytes, check: bytes) -> Problem:
    """Return what is wrong with a check sum that does not fit."""
    if not is_hex(check):
        return problem("crc_wrong", "not four hexadecimal digits")
    given, right = int(check, 16), checksum.crc(segment)
    found = f"{given:04X} given, {right:04X} computed"
    if given == checksum.modbus(segment):
        return problem("crc_modbus", found)
    if given == (right >> 8) | (right & 0xFF) << 8:
        return problem("crc_swapped", found)
    return problem("crc_wrong", found)


def open_area(sealed: Sealed, keys: Sequence[bytes], version_2: bool) -> Opened:
    """Return the plain data area; an encrypted one is decrypted by the first key that fits.

    Only 256 check sums exist, so a key fits when the text it gives is plain as well.
    """
    area = sealed.area
    plain = cipher.looks_plain(area)
    if plain and fits(sealed.segment, sealed.check):
        return Opened(area, True)
    printed = cipher.unprinted(area)
    block = area if printed is None else printed
    hidden = len(block) >= cipher.BLOCK and (version_2 or not plain)
    readable = None
    for text in _tries(block, keys) if hidden else ():
        if sealed.fits(text):
            return Opened(text, True, True, printed is not None, _ways(printed, version_2))
        readable = text if readable is None else readable
    if readable is not None and not plain:
        wrong = _fault_of_cipher(sealed, readable)
        return Opened(readable, False, True, printed is not None, (wrong,))
    if hidden and not plain and (version_2 or printed is not None):
        return _closed(keys, printed)
    right = fits(sealed.segment, sealed.check)
    return Opened(area, right, problems=() if right else (fault(sealed.segment, sealed.check),))


def _tries(block: bytes, keys: Sequence[bytes]) -> Iterator[bytes]:
    for key in keys:
        text = cipher.decrypt(block, key)
        if cipher.looks_plain(text):
            yield text


def _ways(printed: bytes | None, version_2: bool) -> tuple[Problem, ...]:
    ways = (
        () if printed is None else (problem("cipher_printed"),),
        () if version_2 else (problem("cipher_unexpected"),),
    )
    return ways[0] + ways[1]


def _fault_of_cipher(sealed: Sealed, readable: bytes) -> Problem:
    if fits(sealed.segment, sealed.check):
        return problem("crc_of_cipher")
    segment = sealed.segment[: sealed.begin] + readable + sealed.segment[sealed.end :]
    return fault(segment, sealed.check)


def _closed(keys: Sequence[bytes], printed: bytes | None) -> Opened:
    told = () if printed is None else (problem("cipher_printed"),)
    if keys:
        return Opened(None, False, True, printed is not None, (problem("wrong_key"), *told))
    return Opened(None, None, True, printed is not None, (problem("no_key"), *told))
