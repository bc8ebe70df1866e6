"""What is counted: of a connection, of a device, of all. Totals balance at every moment.

frames = accepted + rejected + incomplete + in_hand, where ``in_hand`` waits for the disk.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import Any

from fenhe.protocols.hj212.editions import edition_of

BEATS = 6  # arrivals the rhythm of a device is told from
DELAYS = 1000  # appends remembered
TOGETHER = 1.0  # seconds within which frames are of one record


def moment(seconds: float) -> datetime | None:
    """Return seconds since 1970 as naive UTC; None for 0, which is never."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None) if seconds else None


@dataclass(slots=True)
class Counts:
    """Counters; ``problems`` are the rejected frames by reason."""

    bytes_in: int = 0
    bytes_out: int = 0
    frames: int = 0
    accepted: int = 0
    rejected: int = 0
    incomplete: int = 0
    garbage: int = 0  # bytes that are no frame
    answers: int = 0
    problems: Counter[str] = field(default_factory=Counter)

    def settle(self, status: str) -> None:
        """Count the fate of a frame that ``frames`` has counted: "" accepted, else why not."""
        if not status:
            self.accepted += 1
        elif status == "incomplete":
            self.incomplete += 1
        else:
            self.rejected += 1
            self.problems[status] += 1

    @property
    def in_hand(self) -> int:
        """Frames received whose fate is not yet on disk."""
        return self.frames - self.accepted - self.rejected - self.incomplete

    def add(self, other: Counts) -> None:
        """Add another's counts to these."""
        self.bytes_in += other.bytes_in
        self.bytes_out += other.bytes_out
        self.frames += other.frames
        self.accepted += other.accepted
        self.rejected += other.rejected
        self.incomplete += other.incomplete
        self.garbage += other.garbage
        self.answers += other.answers
        self.problems.update(other.problems)

    def plain(self) -> dict[str, Any]:
        """Return the counts as plain data."""
        return {
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "frames": self.frames,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "incomplete": self.incomplete,
            "in_hand": self.in_hand,
            "garbage_bytes": self.garbage,
            "answers": self.answers,
            "problems": dict(self.problems),
        }


class Delays:
    """How long the last appends took from arrival to disk."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=DELAYS)

    def note(self, seconds: float) -> None:
        """Note one."""
        self._last.append(seconds)

    def plain(self) -> dict[str, float | None]:
        """Return median and 99 % in milliseconds; None before the first."""
        order = sorted(self._last)
        if not order:
            return {"p50": None, "p99": None}
        return {
            "p50": order[len(order) // 2] * 1000,
            "p99": order[len(order) * 99 // 100] * 1000,
        }


@dataclass(slots=True)
class DeviceFigures:
    """A device since the gateway started; moments are seconds since 1970."""

    mn: str
    counts: Counts = field(default_factory=Counts)
    connection: int | None = None
    peer: str = ""
    edition: int | None = None
    last_at: float = 0.0
    skew: float | None = None  # its clock minus ours in seconds
    skew_at: float = 0.0
    form: tuple[bytes, int] = (b"", 0)  # ST and Flag the edition was told from
    beats: deque[float] = field(default_factory=lambda: deque(maxlen=BEATS))
    claims: int = 0  # how often it came from another connection than before

    def speaks(self, st: bytes, flag: int) -> None:
        """Note what the edition of a device is told from."""
        if self.form != (st, flag):
            self.form = (st, flag)
            self.edition = edition_of(str(flag), flag, st.decode())

    def beat(self, now: float) -> None:
        """Note the arrival of a real-time frame; sub-packets of one record count once."""
        if not self.beats or now - self.beats[-1] >= TOGETHER:
            self.beats.append(now)

    @property
    def interval(self) -> float | None:
        """Seconds between its real-time frames, the median of the last; None: not known yet."""
        moments = list(self.beats)
        if len(moments) < 3:
            return None
        return median(late - early for early, late in pairwise(moments))

    def plain(self) -> dict[str, Any]:
        """Return the figures as plain data; moments as naive UTC."""
        return {
            "mn": self.mn,
            "connection": self.connection,
            "peer": self.peer,
            "edition": self.edition,
            "last_at": moment(self.last_at),
            "interval": self.interval,
            "skew": self.skew,
            "claims": self.claims,
            **self.counts.plain(),
        }
