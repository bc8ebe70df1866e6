"""Writes appends to the end of a log; used by one thread. Nothing of a failed write remains."""

from __future__ import annotations

import contextlib
import json
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from fenhe.base.errors import BadInput
from fenhe.store.rawlog.entries import CODES, NOTE, NewEntry, Segment, Written, moment
from fenhe.store.rawlog.recover import Found, recover
from fenhe.store.rawlog.rotation import Rotation
from fenhe.store.rawlog.shelf import SUFFIX
from fenhe.store.rawlog.tail import Tail, create

Outcome = Written | Exception
Done = Callable[[Outcome], None]
SET_BACK = 1_000  # µs: a clock behind by less is not worth a note
SAY_AGAIN = 60_000_000  # µs of a held clock between two notes of what it reads


class Pending(NamedTuple):
    """Entries that wait: who wants to know, when they came (µs since 1970), their bytes."""

    entries: Sequence[NewEntry]
    done: Done
    at_us: int
    size: int


@dataclass(frozen=True)
class Known:
    """What the store knows of a log by itself: its highest segment, and the entries it took.

    ``number``: the highest number of a segment (0: none). ``taken``: the id of a segment -> the
    number of the last entry whose values are stored.
    """

    number: int = 0
    taken: Mapping[str, int] = field(default_factory=dict)


class Committer:
    """The writing half of a log. Every method may raise ``OSError``; then call it again later."""

    def __init__(self, folder: Path, rotation: Rotation, known: Known) -> None:
        self._folder, self._rotation, self._known = folder, rotation, known
        self._found: Found | None = None
        self._tail: Tail | None = None
        self._broken = False
        self._last_us = 0
        self._held_us: int | None = None  # what the clock read at the last note of a set-back
        self._notes: list[dict[str, Any]] = []

    def live(self) -> Segment | None:
        """Return the open segment as far as it is durable, None when there is none."""
        return None if self._tail is None else self._tail.segment()

    def open(self) -> None:
        """Make the end of the log whole, if that was not done, or cut off a failed write."""
        if self._found is None:
            found = recover(self._folder)
            self._compare(found)
            self._found, self._tail, self._last_us = found, found.tail, found.last_us
            self._notes = found.notes
        elif self._broken and self._tail is not None:
            self._tail.mend()
        self._broken = False

    def _compare(self, found: Found) -> None:
        """Go on in a new segment where the store knows more than lies in the folder."""
        tail, known = found.tail, self._known
        here = 0 if tail is None else tail.durable.number
        taken = 0 if tail is None else known.taken.get(tail.id, 0)
        newest = found.number if tail is not None else found.number - 1
        if known.number <= newest and taken <= here:
            return
        said = {"segment": newest, "known_segment": known.number, "entries": here, "taken": taken}
        found.notes.append({"note": "entries_missing", **said})
        found.number = max(newest, known.number) + 1
        if tail is not None:
            tail.close()
            found.former, found.tail = tail.durable.chain.hex(), None

    def rotate(self, now_us: int, *, now: bool = False) -> bool:
        """Seal the open segment if it has had enough, or ``now``; return whether it was.

        One without entries is left open.
        """
        self.open()
        tail = self._tail
        if tail is None or self._found is None or not tail.durable.number:
            return False
        if not now and not tail.is_due(self._rotation, now_us):
            return False
        with self._mending():
            self._found.former = tail.seal(max(now_us, self._last_us))
        self._found.number, self._tail = tail.number + 1, None
        return True

    def commit(
        self, batch: Sequence[Pending], now_us: int, failure: dict[str, Any] | None = None
    ) -> list[tuple[Done, Outcome]]:
        """Write appends, all with one sync, and return what to tell each of them.

        ``failure``: what to note of a failure that ends with this write.
        """
        self.rotate(now_us)
        tail = self._ready(batch[0].at_us if batch else now_us)
        with self._mending():
            pieces: list[bytes] = []
            for said in (*self._notes, *([failure] if failure else [])):
                self._pack_note(tail, pieces, said, max(now_us, self._last_us))
            outcomes = [(one.done, self._pack(tail, pieces, one)) for one in batch]
            if pieces:
                tail.write(b"".join(pieces))
        self._notes.clear()
        return outcomes

    def close(self) -> None:
        """Close the open file; it is not sealed, the next process goes on in it."""
        if self._tail is not None:
            self._tail.close()

    def _ready(self, now_us: int) -> Tail:
        if self._tail is None:
            assert self._found is not None  # noqa: S101 (open comes first)
            number = self._found.number
            path = self._folder / f"{number:08d}{SUFFIX}"
            if path.exists():
                raise FileExistsError(f"{path} is there already")
            made_us = max(now_us, self._last_us)
            self._tail = create(path, self._folder.name, number, self._found.former, made_us)
        return self._tail

    def _pack_note(self, tail: Tail, pieces: list[bytes], said: dict[str, Any], at: int) -> None:
        tail.stamp(at)
        self._last_us = at
        pieces.append(tail.packer.pack(at, NOTE, 0, "", as_json(said)))

    def _pack(self, tail: Tail, pieces: list[bytes], one: Pending) -> Outcome:
        """Pack one append whole, or nothing of it; return what to tell its sender."""
        at = self._moment(tail, pieces, one.at_us)
        packer, count = tail.packer, len(pieces)
        number, chain = packer.number, packer.chain
        tail.stamp(at)
        try:
            for kind, connection, payload, peer in one.entries:
                pieces.append(packer.pack(at, CODES[kind], connection, peer, payload))
        except (BadInput, KeyError, TypeError, ValueError, struct.error) as error:
            del pieces[count:]
            packer.number, packer.chain = number, chain
            return error
        return Written(tail.id, number + 1, packer.number, moment(at))

    def _moment(self, tail: Tail, pieces: list[bytes], at_us: int) -> int:
        """Return the moment of an append, held at the last one when the clock was set back."""
        if at_us >= self._last_us:
            self._last_us, self._held_us = at_us, None
            return at_us
        behind = self._last_us - at_us
        said_us = self._held_us
        if behind >= SET_BACK and (said_us is None or not 0 <= at_us - said_us < SAY_AGAIN):
            self._held_us = at_us
            said = {"note": "clock_set_back", "clock": moment(at_us).isoformat()}
            said["held_at"] = moment(self._last_us).isoformat()
            self._pack_note(tail, pieces, said, self._last_us)
        return self._last_us

    @contextlib.contextmanager
    def _mending(self) -> Iterator[None]:
        """Know of a failed write, so that it is cut off before the next one."""
        try:
            yield
        except BaseException:
            self._broken = True
            raise


def as_json(said: Mapping[str, Any]) -> bytes:
    """Return the payload of a note."""
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
