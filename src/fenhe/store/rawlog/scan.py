"""Reading the records of a segment file, in order, past what is damaged."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from fenhe.store.rawlog import records
from fenhe.store.rawlog.records import Record

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Gap:
    """Bytes that are no whole and sound record; ``after`` is the number of the record before."""

    offset: int
    size: int
    after: int


class _Window:
    """A part of a file in memory, that moves forward."""

    def __init__(self, handle: int, start: int, end: int) -> None:
        self._handle, self._end = handle, end
        self.base, self.data, self.at = start, b"", 0

    @property
    def offset(self) -> int:
        return self.base + self.at

    def need(self, count: int) -> bool:
        """Have ``count`` bytes from the present place in memory; False when the file ends."""
        missing = count - (len(self.data) - self.at)
        if missing > 0:
            start = self.base + len(self.data)
            more = min(max(missing, _CHUNK), self._end - start)
            piece = os.pread(self._handle, more, start) if more > 0 else b""
            self.data, self.base, self.at = self.data[self.at :] + piece, self.offset, 0
            missing -= len(piece)
        return missing <= 0

    def record(self, mark: bytes) -> Record | None:
        """Return the record at the present place and step over it; None: there is none."""
        found = records.read(self.data, self.at, mark, self.base)
        if found is None:
            size = records.SMALLEST if self.need(records.SMALLEST) else 0
            size = size and records.wanted(self.data, self.at, mark)
            if size and self.need(size):
                found = records.read(self.data, self.at, mark, self.base)
        if found is not None:
            self.at += found.size
        return found

    def skip_to(self, mark: bytes) -> bool:
        """Go to the next place after this one where the mark stands; False: the file ends."""
        self.need(1)
        self.at += 1
        while (place := self.data.find(mark, self.at)) < 0:
            self.at = max(len(self.data) - len(mark) + 1, self.at)
            if not self.need(len(mark)):
                return False
        self.at = place
        return True


def scan(handle: int, mark: bytes, start: int, end: int, after: int = 0) -> Iterator[Record | Gap]:
    """Yield the records between two places of an open file, and the gaps where none is.

    ``start`` is where a record begins, ``after`` the number of the one before it. A record
    found after a gap has a higher number than those before it.
    """
    window = _Window(handle, start, end)
    while window.offset < end:
        found = window.record(mark)
        if found is not None:
            after = found.number
            yield found
            continue
        gap = window.offset
        following = _next(window, mark, after)
        stop = end if following is None else following.offset
        yield Gap(gap, stop - gap, after)
        if following is None:
            return
        after = following.number
        yield following


def _next(window: _Window, mark: bytes, after: int) -> Record | None:
    while window.skip_to(mark):
        place = window.offset
        found = window.record(mark)
        if found is not None and found.number > after:
            return found
        window.at = place - window.base
    return None
