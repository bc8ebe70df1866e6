"""Reading a log as it grows: what is durable, oldest first, in batches of one segment."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from fenhe.store.rawlog.entries import HEADER, SEAL, Entry, Position, Segment
from fenhe.store.rawlog.scan import Gap, scan
from fenhe.store.rawlog.shelf import Shelf, damage, entry, opened

_log = logging.getLogger(__name__)
Wait = Callable[[float], object]


@dataclass(frozen=True)
class Taken:
    """Some entries of one segment, in order.

    ``upto``: the number of the last entry looked at; entries that can not be read lie below
    it and are missing. ``ended``: the segment ends here and nothing will follow in it.
    """

    segment: Segment
    entries: list[Entry]
    upto: int
    ended: bool


class Follower:
    """A reader that goes on where it stopped; for one thread."""

    def __init__(self, shelf: Shelf, position: Position | None, wait: Wait = time.sleep) -> None:
        """``position``: after which entry; None begins with the oldest segment there is.

        ``wait`` sleeps for at most so many seconds, until more may be durable. Raises
        ``BadInput`` when the segment of the position is not there.
        """
        self._shelf, self._wait = shelf, wait
        self._number: int | None = None
        self._passed = 0  # the last segment read to its end
        self._after = self._offset = 0
        self._id = ""
        if position is not None:
            self._enter(shelf.get(position.segment), position.number)

    @property
    def position(self) -> Position | None:
        """Return the place reached, to go on from; None before a segment and between two."""
        return None if self._number is None else Position(self._id, self._after)

    def take(self, most: int = 10_000, wait: float = 0.0) -> Taken | None:
        """Return up to ``most`` entries, or the end of a segment; None when there is no news.

        Waits up to ``wait`` seconds for news. Entries that are damaged are left out with a
        line in the process's log; ``verify`` names them.
        """
        until = time.monotonic() + wait
        while True:
            taken = self._take(most)
            left = until - time.monotonic()
            if taken is not None or left <= 0:
                return taken
            self._wait(left)

    def _take(self, most: int) -> Taken | None:
        segment = self._segment()
        if segment is None:
            return None
        entries = self._read(segment, most)
        # an open segment is over once another one follows it
        over = segment.sealed or self._shelf.is_left(segment.number)
        ended = over and self._offset >= segment.bytes
        if not entries and not ended:
            return None
        taken = Taken(segment, entries, self._after, ended)
        if ended:
            self._passed, self._number = segment.number, None
            self._after = self._offset = 0
        return taken

    def _segment(self) -> Segment | None:
        """Return the segment being read, or the one after the last that was read to its end."""
        if self._number is not None:
            found = self._shelf.segment(self._number)
            if found is not None:
                return found
            self._passed, self._number = self._number, None  # removed meanwhile
        for number in self._shelf.numbers():
            if number <= self._passed:
                continue
            found = self._shelf.segment(number)
            if found is not None:
                self._enter(found, 0)
                return found
            _log.error("raw log %s: segment %s has no sound header", self._shelf.gateway, number)
            self._passed = number
        return None

    def _enter(self, segment: Segment, after: int) -> None:
        self._number, self._id = segment.number, segment.id
        self._after = min(after, segment.entries)
        self._offset = self._shelf.offset(segment, self._after)

    def _read(self, segment: Segment, most: int) -> list[Entry]:
        entries: list[Entry] = []
        if self._offset >= segment.bytes:
            return entries
        mark = bytes.fromhex(segment.id)[:4]
        with opened(segment.path) as handle:
            for found in scan(handle, mark, self._offset, segment.bytes, self._after):
                if isinstance(found, Gap):
                    _log.error("raw log: %s", damage(segment, found))
                    self._offset = found.offset + found.size
                    continue
                self._offset = found.end
                if found.kind in {HEADER, SEAL}:
                    continue
                self._after = found.number
                entries.append(entry(found))
                if len(entries) >= most:
                    break
        return entries
