"""The segments of one gateway as they lie in its folder: listing and reading, never writing."""

from __future__ import annotations

import os
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from fenhe.base.errors import BadInput
from fenhe.store.errors import RawDamaged
from fenhe.store.rawlog import heads, removed
from fenhe.store.rawlog.entries import HEADER, KINDS, SEAL, Entry, Segment, moment
from fenhe.store.rawlog.heads import Header
from fenhe.store.rawlog.records import Record
from fenhe.store.rawlog.removed import Removed
from fenhe.store.rawlog.scan import Gap, scan

SUFFIX = ".seg"
_EVERY = 256  # entries between two places remembered in a segment
_MOST = 64  # segments whose places are remembered
Live = Callable[[], Segment | None]


class Shelf:
    """The folder ``raw/stream/<gateway>``. What is written to it now is known from ``live``."""

    def __init__(self, folder: Path, live: Live = lambda: None) -> None:
        self.folder = folder
        self.gateway = folder.name
        self._live = live
        self._sealed: dict[int, Segment] = {}
        self._places: dict[int, list[tuple[int, int]]] = {}
        self._guard = threading.Lock()

    def numbers(self) -> list[int]:
        """Return the numbers of the segment files there are, in order."""
        found = (path.stem for path in self.folder.glob(f"*{SUFFIX}"))
        return sorted(int(stem) for stem in found if stem.isdigit())

    def path(self, number: int) -> Path:
        """Return where the segment of a number is, or would be."""
        return self.folder / f"{number:08d}{SUFFIX}"

    def removed(self) -> list[Removed]:
        """Return what is left of the segments that were removed by the rule, in order."""
        return removed.read(self.folder)

    def segments(self) -> list[Segment]:
        """Return the segments there are, oldest first; files without a header are left out."""
        found = (self.segment(number) for number in self.numbers())
        return [segment for segment in found if segment is not None]

    def segment(self, number: int) -> Segment | None:
        """Return one segment; None when there is no file, or it has no sound header."""
        live = self._live()
        if live is not None and live.number == number:
            return live
        if number not in self._sealed:
            segment = look(self.path(number))
            if segment is None or not segment.sealed:
                return segment
            self._sealed[number] = segment
        if not self.path(number).exists():
            self._sealed.pop(number, None)
            return None
        return self._sealed[number]

    def is_left(self, number: int) -> bool:
        """Say whether an open segment was left as it is, and another one follows it."""
        live = self._live()
        if live is not None and live.number == number:
            return False
        return max(self.numbers(), default=number) > number

    def find(self, segment_id: str) -> Segment | None:
        """Return the segment of an id; None when this gateway has none of it."""
        for number in reversed(self.numbers()):
            segment = self.segment(number)
            if segment is not None and segment.id == segment_id:
                return segment
        return None

    def get(self, segment_id: str) -> Segment:
        """Return the segment of an id, or raise ``BadInput``."""
        found = self.find(segment_id)
        if found is None:
            raise BadInput(f"the raw log of {self.gateway} has no segment {segment_id}")
        return found

    def read(self, segment_id: str, after: int = 0, until: int | None = None) -> Iterator[Entry]:
        """Yield the durable entries ``after < number <= until`` of a segment, in order.

        Raises ``BadInput`` for a segment there is not, ``RawDamaged`` naming the entry when
        the bytes are not what they were.
        """
        segment = self.get(segment_id)
        last = segment.entries if until is None else until
        number, start = self._place(segment, after)
        with opened(segment.path) as handle:
            mark = bytes.fromhex(segment.id)[:4]
            for found in scan(handle, mark, start, segment.bytes, number):
                if isinstance(found, Gap):
                    raise RawDamaged(segment.id, damage(segment, found))
                if found.number > last:
                    return
                if found.number % _EVERY == 0:
                    self._remember(segment, found.number, found.end)
                if found.number > after and found.kind not in {HEADER, SEAL}:
                    yield entry(found)

    def offset(self, segment: Segment, after: int) -> int:
        """Return where in its file the record after the entry ``after`` begins."""
        number, start = self._place(segment, after)
        if number == after:
            return start
        with opened(segment.path) as handle:
            mark = bytes.fromhex(segment.id)[:4]
            for found in scan(handle, mark, start, segment.bytes, number):
                if isinstance(found, Record) and found.number > after:
                    return found.offset
        return segment.bytes

    def _place(self, segment: Segment, after: int) -> tuple[int, int]:
        """Return the last remembered entry up to ``after``, and where the next one begins."""
        with self._guard:
            places = self._places.get(segment.number, [])
            at = bisect_right(places, (after, 1 << 62)) - 1
            if at >= 0:
                return places[at]
        with opened(segment.path) as handle:
            header = heads.read_header(handle)
        if header is None or header.id != segment.id:
            raise RawDamaged(segment.id, f"{segment.name}: the header is not what it was")
        return 0, header.size

    def _remember(self, segment: Segment, number: int, offset: int) -> None:
        with self._guard:
            places = self._places.setdefault(segment.number, [])
            if not places or places[-1][0] < number:
                places.append((number, offset))
            while len(self._places) > _MOST:
                self._places.pop(next(iter(self._places)))


def look(path: Path) -> Segment | None:
    """Return the segment of a file; None when there is none or its header is not sound.

    Of one without a seal every record is read to count them; a torn end does not count.
    """
    try:
        with opened(path) as handle:
            header = heads.read_header(handle)
            if header is None:
                return None
            size = os.fstat(handle).st_size
            seal = heads.read_seal(handle, header.mark, size)
            if seal is not None:
                return heads.sealed_segment(path, header, seal, size)
            return _unsealed(path, handle, header, size)
    except FileNotFoundError:
        return None


def _unsealed(path: Path, handle: int, header: Header, size: int) -> Segment:
    first = last = None
    end, count, head = header.size, 0, header.id
    for found in scan(handle, header.mark, header.size, size):
        if isinstance(found, Record):
            first, last = first or found, found
            end, count, head = found.end, found.number, found.chain.hex()
    return Segment(
        header.id,
        header.gateway,
        header.number,
        path,
        header.former,
        header.made_at,
        sealed=False,
        entries=count,
        bytes=end,
        first_at=_at(first),
        last_at=_at(last),
        head=head,
    )


def _at(record: Record | None) -> datetime | None:
    return None if record is None else moment(record.at_us)


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Open a file for reading and give its descriptor."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


def entry(record: Record) -> Entry:
    """Return a record as the entry it holds."""
    kind = KINDS[record.kind] if record.kind < len(KINDS) else str(record.kind)
    peer = record.peer.decode(errors="replace")
    return Entry(record.number, record.at_us, kind, record.connection, peer, record.payload)


def damage(segment: Segment, gap: Gap) -> str:
    """Say which bytes of a segment are damaged, after which entry."""
    return (
        f"{segment.name}: {gap.size} bytes from byte {gap.offset}, after entry {gap.after}, "
        "are no whole and sound record"
    )
