"""A stream of bytes read to its frames: out of garbage, sub-packets known as such or merged."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from fenhe.protocols.hj212.decoding import decode
from fenhe.protocols.hj212.errors import BadFrame
from fenhe.protocols.hj212.frame import Frame
from fenhe.protocols.hj212.merge import Key, Merger, key_of
from fenhe.protocols.hj212.problems import VERDICTS, problem
from fenhe.protocols.hj212.stream import LONGEST, Piece, Stream

#: Frames after which a set of sub-packets that is still incomplete is given up.
PATIENCE = 1000


class Reader:
    """Reads bytes as they come; ``finish`` gives what is left.

    A frame behind bytes that belong to none, or behind one cut off, is ``accept_resync``; the
    one cut off is a frame of its own, ``incomplete``. With ``merge`` sub-packets come out as
    the record they make; without it one by one, those of a whole set as ``accept_merge``: so
    they are held back until the set is whole or given up. ``strict`` refuses what deviates, and
    bytes that belong to no frame are then a ``reject_structure`` of their own.
    """

    def __init__(
        self,
        *,
        keys: Sequence[bytes] = (),
        strict: bool = False,
        merge: bool = False,
        limit: int = LONGEST,
    ) -> None:
        self._keys = keys
        self._strict = strict
        self._stream = Stream(limit)
        self._skipped = self._cut = 0
        self._sets: _Merged | _Marked = _Merged() if merge else _Marked()

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take bytes and return the frames that are now certain."""
        return self._sets.add(self._frames(self._stream.feed(chunk)))

    def finish(self) -> list[Frame]:
        """Return what is left at the end of the input."""
        found = self._frames(self._stream.flush())
        if self._skipped:
            found.append(_garbage(self._skipped))
        self._skipped = self._cut = 0
        return self._sets.add(found) + self._sets.close()

    def _frames(self, pieces: Iterable[Piece]) -> list[Frame]:
        found = []
        for kind, data in pieces:
            if kind == "frame":
                found.append(self._frame(data))
            elif kind == "incomplete":
                found.append(Frame(raw=data, verdict="incomplete", problems=(problem("cut_off"),)))
                self._cut += len(data)
            elif data.strip() and self._strict:
                found.append(replace(_garbage(len(data)), raw=data))
            elif data.strip():
                self._skipped += len(data)
        return found

    def _frame(self, data: bytes) -> Frame:
        try:
            frame = decode(data, keys=self._keys, strict=self._strict)
        except BadFrame as error:
            frame = error.frame
        skipped, self._skipped, self._cut = self._skipped + self._cut, 0, 0
        if not skipped or self._strict:
            return frame
        verdict = "accept_resync" if frame.ok else frame.verdict
        return frame.with_problem(verdict, problem("skipped", f"{skipped} bytes"))


def read_all(
    data: bytes, *, keys: Sequence[bytes] = (), strict: bool = False, merge: bool = False
) -> list[Frame]:
    """Return the frames of a whole buffer; see ``Reader``."""
    reader = Reader(keys=keys, strict=strict, merge=merge)
    return reader.feed(data) + reader.finish()


def overall(verdicts: Iterable[str]) -> str:
    """Return the verdict of a buffer as a whole from those of its frames.

    ``accept_resync`` when a frame was found again behind damage, ``incomplete_set`` and
    ``accept_merge`` when sub-packets lack a part or make a record, else the worst verdict;
    ``incomplete`` for a buffer without any frame.
    """
    found = set(verdicts)
    for verdict in ("accept_resync", "incomplete_set", "accept_merge"):
        if verdict in found:
            return verdict
    return min(found, key=VERDICTS.index, default="incomplete")


def _garbage(size: int) -> Frame:
    found = problem("no_head", f"{size} bytes")
    return Frame(raw=b"", verdict="reject_structure", problems=(found,))


class _Merged:
    """Sub-packets come out merged."""

    def __init__(self) -> None:
        self._merger = Merger(PATIENCE)
        self._count = 0

    def add(self, frames: Iterable[Frame]) -> list[Frame]:
        found: list[Frame] = []
        for frame in frames:
            self._count += 1
            merged = self._merger.add(frame, self._count)
            found += self._merger.due(self._count)
            found += [] if merged is None else [merged]
        return found

    def close(self) -> list[Frame]:
        return list(self._merger.close())


@dataclass
class _Held:
    """A frame held back."""

    frame: Frame


class _Marked:
    """Sub-packets come out one by one, marked when their set is whole."""

    def __init__(self) -> None:
        self._merger = Merger(PATIENCE)
        self._count = 0
        self._held: deque[_Held] = deque()
        self._sets: defaultdict[Key, list[_Held]] = defaultdict(list)

    def add(self, frames: Iterable[Frame]) -> list[Frame]:
        for frame in frames:
            self._count += 1
            self._hold(frame)
            self._merger.due(self._count)
        return self._released()

    def close(self) -> list[Frame]:
        held, self._held = self._held, deque()
        self._sets.clear()
        return [one.frame for one in held]

    def _hold(self, frame: Frame) -> None:
        key, one = key_of(frame), _Held(frame)
        self._held.append(one)
        if key is None:
            return
        self._sets[key].append(one)
        self._merger.add(frame, self._count)
        if not self._merger.holds(frame):
            for part in self._sets.pop(key):
                if part.frame.verdict != "accept_resync":
                    part.frame = replace(part.frame, verdict="accept_merge")

    def _released(self) -> list[Frame]:
        found = []
        while self._held and not self._merger.holds(self._held[0].frame):
            found.append(self._held.popleft().frame)
        if not self._held:
            self._sets.clear()
        return found
