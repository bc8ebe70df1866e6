"""Proving a whole log: every segment by itself, its place, and what the store knows of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fenhe.store.rawlog.entries import Segment, name_of
from fenhe.store.rawlog.examine import Problem, Proof, Told, examine, glance
from fenhe.store.rawlog.heads import NOTHING
from fenhe.store.rawlog.removed import Removed
from fenhe.store.rawlog.shelf import Shelf


@dataclass(frozen=True)
class Anchor:
    """What the store noted of a segment by itself, apart from the log.

    ``head`` and ``bytes``: noted when it was sealed, "" and 0 before. ``taken``: the last entry
    whose values are stored.
    """

    id: str
    number: int
    head: str = ""
    bytes: int = 0
    taken: int = 0


@dataclass
class Verified:
    """What a log was found to be: segments and entries read, those removed, what is wrong."""

    gateway: str
    segments: int = 0
    removed: int = 0
    entries: int = 0
    bytes: int = 0
    head: str = NOTHING
    problems: list[Problem] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        names = ("gateway", "segments", "removed", "entries", "bytes", "head", "ok")
        found = [
            {"segment": p.segment, "entry": p.entry, "code": p.code, "text": p.text}
            for p in self.problems
        ]
        return {**{name: getattr(self, name) for name in names}, "problems": found}


def verify(
    shelf: Shelf,
    anchors: Mapping[int, Anchor] | None = None,
    told: Told = lambda _: None,
    *,
    thorough: bool = True,
) -> Verified:
    """Prove the log of a gateway as far as it is durable; changes nothing.

    ``anchors``: what the store knows, by number. Deleted, edited, exchanged and added segments
    and entries are named. Without ``thorough`` the entries of sealed segments are not read: only
    that each is there, of its size, and follows from the one before.
    """
    return _Check(shelf, anchors or {}, told, thorough=thorough).run()


class _Check:
    def __init__(
        self, shelf: Shelf, anchors: Mapping[int, Anchor], told: Told, *, thorough: bool
    ) -> None:
        self._shelf, self._anchors, self._told = shelf, anchors, told
        self._thorough = thorough
        self._found = Verified(shelf.gateway)
        self._removals: set[str] = set()
        self._oldest: Segment | None = None

    def run(self) -> Verified:
        numbers = self._shelf.numbers()
        gone = {left.number: left for left in self._shelf.removed()}
        every = {*numbers, *gone, *self._anchors}
        head: str | None = NOTHING
        for number in range(1, max(every, default=0) + 1):
            if number in numbers and self._shelf.path(number).exists():
                head = self._segment(number, head, last=number == numbers[-1])
            elif number in gone or number in numbers:  # or it goes by the rule at this moment
                left = gone.get(number) or self._just_gone(number)
                head = self._missing(number) if left is None else self._gone(left, head)
            else:
                head = self._missing(number)
        if self._thorough:
            self._unnoted(gone)
        return self._found

    def _just_gone(self, number: int) -> Removed | None:
        return next((left for left in self._shelf.removed() if left.number == number), None)

    def _missing(self, number: int) -> str | None:
        known = self._anchors.get(number)
        text = "it is missing" + (", and the store knows it" if known else "")
        self._add(number, None, "missing", text)
        return known.head or None if known else None

    def _add(self, number: int, entry: int | None, code: str, text: str) -> None:
        name = name_of(self._shelf.gateway, number)
        self._found.problems.append(Problem(name, entry, code, text))

    def _segment(self, number: int, former: str | None, *, last: bool) -> str | None:
        segment = self._shelf.segment(number)
        name = name_of(self._shelf.gateway, number)
        size = None if segment is None else segment.bytes
        path = self._shelf.path(number)
        quick = not self._thorough and segment is not None and segment.sealed
        proof = glance(path, name) if quick else examine(path, name, size, self._told)
        self._found.problems += proof.problems
        self._found.segments += 1
        if proof.header is None:
            return None
        self._found.entries += proof.entries
        self._found.bytes += size or 0
        self._found.head = proof.head
        self._placed(number, proof, former)
        if proof.seal is None and not last:
            self._add(number, None, "unsealed", "it has no seal, though another segment follows")
        self._known(number, proof)
        self._removals |= {_removed_id(note) for note in proof.removals}
        if self._oldest is None:
            self._oldest = segment
        return proof.head

    def _placed(self, number: int, proof: Proof, former: str | None) -> None:
        header = proof.header
        assert header is not None  # noqa: S101 (asked before)
        if (header.gateway, header.number) != (self._shelf.gateway, number):
            text = f"it was written as segment {header.number} of {header.gateway}"
            self._add(number, None, "place", text)
        elif former is not None and header.former != former:
            text = (
                f"it follows the head {header.former[:12]}…, the one before it has {former[:12]}…"
            )
            self._add(number, None, "former", text)

    def _known(self, number: int, proof: Proof) -> None:
        anchor = self._anchors.get(number)
        if anchor is None or proof.header is None:
            return
        if anchor.id != proof.header.id:
            text = f"the store knows another segment here, {anchor.id[:12]}…"
            self._add(number, None, "unknown", text)
        elif anchor.bytes and anchor.bytes != self._shelf.path(number).stat().st_size:
            self._add(number, None, "changed", "it is not of the size it was sealed with")
        elif anchor.head and anchor.head != proof.head:
            text = f"it was sealed with the head {anchor.head[:12]}…, it has {proof.head[:12]}…"
            self._add(number, None, "changed", text)
        elif anchor.taken > proof.entries + (proof.seal is not None):
            text = f"it ends, and the store took values up to entry {anchor.taken}"
            self._add(number, proof.entries + 1, "missing", text)

    def _gone(self, left: Removed, former: str | None) -> str:
        self._found.removed += 1
        if former is not None and left.former != former:
            self._add(left.number, None, "former", "what is left of it does not follow the chain")
        anchor = self._anchors.get(left.number)
        if anchor is not None and (anchor.id != left.id or anchor.head not in {"", left.head}):
            self._add(
                left.number, None, "changed", "what is left of it is not what the store knows"
            )
        return left.head

    def _unnoted(self, gone: Mapping[int, Removed]) -> None:
        """A removal is itself an entry of the log; one without is none by the rule."""
        oldest = self._oldest
        since = "" if oldest is None or oldest.first_at is None else oldest.first_at.isoformat()
        for number, left in gone.items():
            there = self._shelf.path(number).exists()
            if left.id not in self._removals and left.removed_at >= since and not there:
                self._add(number, None, "removed", "it was removed, and no entry says so")


def _removed_id(note: bytes) -> str:
    try:
        said = json.loads(note)
    except ValueError:
        return ""
    return str(said.get("segment", "")) if said.get("note") == "removed" else ""
