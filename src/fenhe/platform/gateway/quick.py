"""The quick road: a plain data frame is recognised and answered without being decoded.

Nine frames in ten are of one form: whole, plain text, header in the usual order, data of class
2, an answer wanted or not. For these the answer follows from the header alone, and only the
checksum needs every byte. Whatever is not of this form, or fails here, goes to the codec: the
quick road may say yes, never no. A test holds its answers to those of the codec.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from fenhe.protocols import hj212

_HEAD = re.compile(
    rb"##(\d{4})QN=(\d{17});ST=(\d\d);CN=(2\d{3});PW=([\x21-\x25\x27-\x3a\x3c\x3e-\x7e]{0,32});"
    rb"MN=([\x21-\x25\x27-\x3a\x3c\x3e-\x7e]{1,64});Flag=(\d{1,2});"
    rb"(?:PNUM=\d{1,4};PNO=\d{1,4};)?(?:RF=1;)?CP=&&DataTime=\d{14}"
)
_TAIL = re.compile(rb"&&([0-9A-Fa-f]{4})\r\n")
MANY = 50  # frames from which on checking all at once is quicker than one by one
FIRST_FLAG = 4  # below it the frame is of 2005, whose answers differ


class Head(NamedTuple):
    """What the answer to a plain frame needs; ``crc`` is what the frame says it is."""

    qn: bytes
    st: bytes
    cn: bytes
    pw: bytes
    mn: bytes
    flag: int
    crc: int
    segment: bytes

    @property
    def wants_answer(self) -> bool:
        """True when bit 0 of Flag is set."""
        return bool(self.flag & 1)


def head(frame: bytes) -> Head | None:
    """Return the head of a frame of the plain form, None for any other."""
    found = _HEAD.match(frame)
    if found is None or not frame.isascii():
        return None
    tail = _TAIL.fullmatch(frame, len(frame) - 8)
    declared, qn, st, cn, pw, mn, flag_text = found.groups()
    flag = int(flag_text)
    if tail is None or flag < FIRST_FLAG or int(declared) != len(frame) - 12:
        return None
    return Head(qn, st, cn, pw, mn, flag, int(tail[1], 16), frame[6:-6])


def sound(heads: Sequence[Head]) -> list[bool]:
    """Say of each whether the checksum fits, all at once."""
    if len(heads) < MANY:
        return [one.crc == hj212.crc(one.segment) for one in heads]
    found = hj212.crc_many([one.segment for one in heads])
    return [one.crc == int(crc) for one, crc in zip(heads, found, strict=True)]


def acknowledgement(one: Head) -> bytes:
    """Return the 9014 to a frame: the same QN, PW and MN, the version bits of its Flag."""
    segment = b"QN=%b;ST=91;CN=9014;PW=%b;MN=%b;Flag=%d;CP=&&&&" % (
        one.qn,
        one.pw,
        one.mn,
        one.flag & ~3,
    )
    return b"##%04d%b%04X\r\n" % (len(segment), segment, hj212.crc(segment))
