"""Frames out of a stream of bytes: framed by length, in step again after damage, in linear time."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from fenhe.protocols.hj212 import opening

#: The longest data segment four digits can declare.
LONGEST = 9999

Kind = Literal["frame", "garbage", "incomplete"]

_FIRST = rb"##\d{4}[ \t]{0,4}(?:QN|ST|CN|PW|MN|FLAG|PNUM|PNO|RF|CP)="
_HEAD = re.compile(_FIRST, re.IGNORECASE)
_HEAD_BYTES = 15
_BEFORE, _AFTER, _TAIL = 6, 4, b"\r\n"
# where a frame whose length does not fit may end: at its check sum, or at the next head
_EVENT = re.compile(rb"&&[0-9A-F]{4}(?:\r\n|(?=##))|" + _FIRST, re.IGNORECASE)
_LAST = re.compile(rb"&&[0-9A-F]{4}[\r\n]?\Z", re.IGNORECASE)


class Piece(NamedTuple):
    """A stretch of the stream: a whole ``frame``, one cut off (``incomplete``), or ``garbage``."""

    kind: Kind
    data: bytes


class Stream:
    """Cuts what arrives into pieces; every byte comes out in exactly one of them.

    How the bytes are dealt out over ``feed`` changes nothing but where garbage is divided.
    ``limit`` is the longest data segment that is waited for: a head that declares more is
    garbage. A frame without its CR LF is certain only with what follows it: whoever reads
    from a line calls ``flush`` when nothing comes for a while.
    """

    def __init__(self, limit: int = LONGEST) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._looked = _BEFORE
        #: Bytes searched so far: what the cost of the work is counted by.
        self.work = 0

    @property
    def waiting(self) -> int:
        """Bytes held back until more arrive."""
        return len(self._buffer)

    @property
    def has_whole(self) -> bool:
        """Whether what is held back has all the bytes its length declares; only its end is open."""
        if _HEAD.match(self._buffer) is None:
            return False
        return len(self._buffer) >= _BEFORE + int(self._buffer[2:_BEFORE]) + _AFTER

    def feed(self, chunk: bytes) -> list[Piece]:
        """Take bytes and return the pieces that are now certain."""
        self._buffer += chunk
        return self._pieces(last=False)

    def flush(self) -> list[Piece]:
        """Return what is held back as it is: at the end of a stream, or when nothing comes."""
        return self._pieces(last=True)

    def _pieces(self, last: bool) -> list[Piece]:
        found: list[Piece] = []
        garbage: list[bytes] = []
        while self._buffer:
            kind, end = self._next(last)
            if end == 0:
                break
            data = bytes(self._buffer[:end])
            del self._buffer[:end]
            self._looked = _BEFORE
            if kind == "garbage":
                garbage.append(data)
                continue
            found += _joined(garbage)
            garbage = []
            found.append(Piece(kind, data))
        return found + _joined(garbage)

    def _next(self, last: bool) -> tuple[Kind, int]:
        """Return the kind and end of the piece at the front; end 0 asks for more bytes."""
        buffer = self._buffer
        head = _HEAD.match(buffer)
        if head is None:
            return "garbage", self._garbage(last)
        declared = int(buffer[2:_BEFORE])
        if declared > self._limit:
            return "garbage", 2
        need = _BEFORE + declared + _AFTER
        if not last and len(buffer) < need + len(_TAIL) and buffer[need:] != b"\n":
            return "frame", 0
        end = self._end(need, last)
        if end == 0:
            return self._damaged(last)
        inner = self._inner(end)
        return ("incomplete", inner) if inner else ("frame", end)

    def _garbage(self, last: bool) -> int:
        """Return where garbage at the front ends; a possible beginning of a head is kept."""
        match = self._search(_HEAD, 0, len(self._buffer))
        if match is not None:
            return match.start()
        if last:
            return len(self._buffer)
        kept = self._buffer.find(b"#", max(0, len(self._buffer) - _HEAD_BYTES))
        return len(self._buffer) if kept < 0 else kept

    def _end(self, need: int, last: bool) -> int:
        """Return where the frame at the front ends if it ends where its length says, else 0."""
        buffer = self._buffer
        check, tail = bytes(buffer[need - _AFTER : need]), bytes(buffer[need : need + 2])
        if not opening.is_hex(check):
            closed = len(check) == _AFTER and buffer[need - 6 : need - _AFTER] == b"&&"
            return need + 2 if closed and tail == _TAIL else 0
        if tail == _TAIL:
            return need + 2
        if tail[:1] in (b"\n", b"\r"):
            return need + 1
        return need if tail == b"##" or (last and tail in (b"", b"#")) else 0

    def _inner(self, end: int) -> int:
        """Return where a frame within the one at the front begins; 0 when there is none.

        A frame that was cut off may by chance declare an end that is the end of the next one.
        """
        start = _BEFORE
        while (match := self._search(_HEAD, start, end)) is not None:
            begin = match.start()
            need = begin + _BEFORE + int(self._buffer[begin + 2 : begin + _BEFORE]) + _AFTER
            check = bytes(self._buffer[need - _AFTER : need])
            if need + 2 <= end and opening.is_hex(check) and self._buffer[need : need + 2] == _TAIL:
                return begin
            start = match.end()
        return 0

    def _damaged(self, last: bool) -> tuple[Kind, int]:
        """Return the piece at the front whose length does not fit."""
        bound = _BEFORE + self._limit + _AFTER + len(_TAIL)
        match = self._search(_EVENT, self._looked, min(bound, len(self._buffer)))
        if match is not None:
            closed = match.group().startswith(b"&&")
            return ("frame", match.end()) if closed else ("incomplete", match.start())
        if len(self._buffer) >= bound:
            return "incomplete", bound
        if not last:
            self._looked = max(_BEFORE, len(self._buffer) - _HEAD_BYTES)
            return "incomplete", 0
        size = len(self._buffer)
        ends = _LAST.search(self._buffer, max(_BEFORE, size - 7)) is not None
        return ("frame" if ends else "incomplete"), size

    def _search(self, pattern: re.Pattern[bytes], start: int, end: int) -> re.Match[bytes] | None:
        match = pattern.search(self._buffer, start, end)
        self.work += max(0, (end if match is None else match.end()) - start)
        return match


def _joined(garbage: list[bytes]) -> list[Piece]:
    return [Piece("garbage", b"".join(garbage))] if garbage else []
