"""Sub-packets put together to the record they were split from.

Each sub-packet is a frame of its own with DataTime repeated; what belongs together is told by
MN, ST, CN and DataTime (HJ 212-2017, tables C.47 to C.50), not by QN.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from fenhe.protocols.hj212.frame import Area, Frame
from fenhe.protocols.hj212.problems import Problem, problem

Key = tuple[str, str, str, str]


@dataclass
class _Set:
    """The sub-packets of one record that have come so far."""

    total: int
    since: float
    parts: dict[int, Frame] = field(default_factory=dict)
    differs: bool = False

    @property
    def complete(self) -> bool:
        return len(self.parts) == self.total


def key_of(frame: Frame) -> Key | None:
    """Return what a sub-packet is merged by; None for a frame that is no part of a set."""
    numbers = frame.numbers
    if numbers is None or numbers[0] < 2 or not frame.readable or not frame.ok:
        return None
    return (frame.mn or "", frame.st or "", frame.cn or "", frame.cp.get("DataTime") or "")


class Merger:
    """Joins sub-packets; a set that stays incomplete for ``timeout`` seconds is given up.

    ``now`` is any clock in seconds that does not go back. At most ``limit`` sets are held, the
    oldest given up first. A sub-packet that comes again is left out; with other content it
    takes the place of the former one, and the merged record says so.
    """

    def __init__(self, timeout: float, limit: int = 10_000) -> None:
        self._timeout = timeout
        self._limit = limit
        self._open: OrderedDict[Key, _Set] = OrderedDict()
        self._done: OrderedDict[Key, _Set] = OrderedDict()
        self._given_up: list[_Set] = []

    @property
    def waiting(self) -> int:
        """Sets that are not complete."""
        return len(self._open)

    def holds(self, frame: Frame) -> bool:
        """Whether the set a frame belongs to is not complete."""
        key = key_of(frame)
        return key is not None and key in self._open

    def add(self, frame: Frame, now: float) -> Frame | None:
        """Return the merged record the frame completes, or the frame itself if it is no part.

        None while sub-packets are missing, and for one that belongs to a record given out
        already.
        """
        key, numbers = key_of(frame), frame.numbers
        if key is None or numbers is None:
            return frame
        total, number = numbers
        if self._repeats(key, total, number, frame):
            return None
        found = self._open.get(key)
        if found is None or found.total != total:
            found = self._begin(key, total, now)
        former = found.parts.get(number)
        found.differs |= former is not None and former.cp != frame.cp
        found.parts[number] = frame
        if not found.complete:
            return None
        self._done[key] = self._open.pop(key)
        self._done.move_to_end(key)
        found.since = now
        return _merged(found)

    def due(self, now: float) -> tuple[Frame, ...]:
        """Return what there is of the sets whose time is over, oldest first."""
        over = now - self._timeout
        while self._open and next(iter(self._open.values())).since <= over:
            self._given_up.append(self._open.popitem(last=False)[1])
        while self._done and next(iter(self._done.values())).since <= over:
            self._done.popitem(last=False)
        given_up, self._given_up = self._given_up, []
        return tuple(_merged(one) for one in given_up)

    def close(self) -> tuple[Frame, ...]:
        """Return what there is of every set: at the end of the input."""
        return self.due(float("inf"))

    def _repeats(self, key: Key, total: int, number: int, frame: Frame) -> bool:
        done = self._done.get(key)
        return done is not None and done.total == total and done.parts[number].cp == frame.cp

    def _begin(self, key: Key, total: int, now: float) -> _Set:
        if key in self._open:
            self._given_up.append(self._open.pop(key))
        while len(self._open) >= self._limit:
            self._given_up.append(self._open.popitem(last=False)[1])
        while len(self._done) >= self._limit:
            self._done.popitem(last=False)
        self._open[key] = _Set(total, now)
        return self._open[key]


def missing(frame: Frame) -> tuple[int, ...]:
    """Return the numbers of the sub-packets a merged record lacks."""
    have = {part.numbers[1] for part in frame.parts if part.numbers}
    totals = [part.numbers[0] for part in frame.parts if part.numbers]
    return tuple(n for n in range(1, max(totals, default=0) + 1) if n not in have)


def _merged(found: _Set) -> Frame:
    parts = tuple(found.parts[number] for number in sorted(found.parts))
    first = parts[0]
    problems = _told(part.problems for part in parts)
    if found.differs:
        problems["part_differs"] = problem("part_differs")
    verdict = "accept_merge"
    if not found.complete:
        verdict = "incomplete_set"
        told = f"{len(parts)} of {found.total} came"
        problems = {"part_missing": problem("part_missing", told)} | problems
    return replace(
        first,
        raw=b"".join(part.raw for part in parts),
        verdict=verdict,
        problems=tuple(problems.values()),
        remarks=tuple(_told(part.remarks for part in parts).values()),
        cp=_joined(parts),
        encrypted=any(part.encrypted for part in parts),
        parts=parts,
    )


def _told(groups: Iterable[tuple[Problem, ...]]) -> dict[str, Problem]:
    return {one.code: one for group in groups for one in group}


def _joined(parts: tuple[Frame, ...]) -> Area:
    top = list(parts[0].cp.top)
    for part in parts[1:]:
        # what a later sub-packet repeats, DataTime above all, stands once
        top += [item for item in part.cp.top if item not in parts[0].cp.top]
    return Area(tuple(top), tuple(item for part in parts for item in part.cp.factors))
