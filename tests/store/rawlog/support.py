"""Short ways to write into a log and wait, and a clock that does as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from fenhe.store.rawlog import Entry, NewEntry, StreamLog, Written

T0 = datetime(2026, 3, 1, 4)
WAIT = 60.0  # seconds after which a test gives up


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = T0) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


class Answers:
    """Receives outcomes; ``wait`` gives them once there are so many."""

    def __init__(self) -> None:
        self.all: list[Written | Exception] = []
        self._more = threading.Condition()

    def __call__(self, outcome: Written | Exception) -> None:
        with self._more:
            self.all.append(outcome)
            self._more.notify_all()

    def wait(self, count: int) -> list[Written | Exception]:
        with self._more:
            assert self._more.wait_for(lambda: len(self.all) >= count, WAIT)
            return list(self.all)


def received(*payloads: bytes, connection: int = 1, peer: str = "") -> list[NewEntry]:
    return [NewEntry("in", connection, payload, peer) for payload in payloads]


def outcome(log: StreamLog, entries: Sequence[NewEntry]) -> Written | Exception:
    """Append and return what became of it."""
    answers = Answers()
    log.append(entries, answers)
    return answers.wait(1)[0]


def write(log: StreamLog, *payloads: bytes) -> Written:
    """Append entries that must be kept."""
    done = outcome(log, received(*payloads))
    assert isinstance(done, Written), done
    return done


def everything(log: StreamLog) -> list[Entry]:
    """Return all entries of all segments, in order."""
    return [entry for segment in log.segments() for entry in log.read(segment.id)]


def payloads(entries: Sequence[Entry]) -> list[bytes]:
    """Return the payloads of what was received; remarks of the log itself are left out."""
    return [entry.payload for entry in entries if entry.kind == "in"]


def notes(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    return [json.loads(entry.payload) for entry in entries if entry.kind == "note"]
