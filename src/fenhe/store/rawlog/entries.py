"""What goes into a stream log and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)

# in: bytes received; out: bytes sent; open, close: a connection; note: a remark of the gateway
# or of the log itself. header and seal are the first and the last record of a segment.
Kind = Literal["in", "out", "open", "close", "note"]
KINDS: tuple[str, ...] = ("header", "in", "out", "open", "close", "note", "seal")
HEADER, NOTE, SEAL = KINDS.index("header"), KINDS.index("note"), KINDS.index("seal")
CODES: dict[str, int] = {
    kind: code for code, kind in enumerate(KINDS) if code not in {HEADER, SEAL}
}


class NewEntry(NamedTuple):
    """Something to be kept: its kind, the connection (0: none), the bytes, the other side."""

    kind: Kind
    connection: int
    payload: bytes
    peer: str = ""


class Entry(NamedTuple):
    """Something kept: its number in the segment (from 1) and the moment it came to the log.

    ``at_us``: microseconds since 1970 (UTC), never less than that of the entry before.
    """

    number: int
    at_us: int
    kind: str
    connection: int
    peer: str
    payload: bytes

    @property
    def at(self) -> datetime:
        """The moment as naive UTC."""
        return moment(self.at_us)


class Position(NamedTuple):
    """A place in a log: after the entry ``number`` of a segment."""

    segment: str
    number: int


@dataclass(frozen=True, slots=True)
class Written:
    """Entries that are on disk: their segment, first and last number, and their moment (UTC)."""

    segment: str
    first: int
    last: int
    at: datetime


@dataclass(frozen=True)
class Segment:
    """One file of a log.

    ``id``: SHA-256 of its header record, known from the first byte. ``former``: the head of the
    segment before (64 zeros: there is none). ``head``: the chain value of the last record.
    ``entries`` and ``bytes`` count what is durable; the moments are naive UTC, None while there
    is no entry. ``sealed``: ended by a seal, nothing follows.
    """

    id: str
    gateway: str
    number: int
    path: Path
    former: str
    made_at: datetime
    sealed: bool
    entries: int
    bytes: int
    first_at: datetime | None
    last_at: datetime | None
    head: str

    @property
    def name(self) -> str:
        """Return the path inside the folder of raw files: what the store calls it."""
        return name_of(self.gateway, self.number)


def name_of(gateway: str, number: int) -> str:
    """Return the path of a segment inside the folder of raw files."""
    return f"stream/{gateway}/{number:08d}.seg"


def moment(micros: int) -> datetime:
    """Return microseconds since 1970 as naive UTC."""
    return EPOCH + timedelta(microseconds=micros)


def micros(at: datetime) -> int:
    """Return naive UTC as microseconds since 1970."""
    return (at - EPOCH) // _MICROSECOND
