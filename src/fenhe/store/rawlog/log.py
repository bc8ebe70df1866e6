"""A stream log: many senders, one writer thread, one sync to disk for all that came meanwhile."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from fenhe.base.errors import BadInput
from fenhe.base.instants import utc_now
from fenhe.store.rawlog.committer import Committer, Done, Known, Outcome, Pending, as_json
from fenhe.store.rawlog.entries import Entry, NewEntry, Position, Segment, micros
from fenhe.store.rawlog.errors import StreamClosed, StreamFailed, StreamOverrun
from fenhe.store.rawlog.follow import Follower
from fenhe.store.rawlog.ownership import WriterLock
from fenhe.store.rawlog.removed import Removed, sync_folder
from fenhe.store.rawlog.rotation import Rotation
from fenhe.store.rawlog.shelf import Shelf

Clock = Callable[[], datetime]
GROUP = 4 << 20  # bytes written with one sync, about
MOST_WAITING = 256 << 20  # bytes that may wait; beyond it ``append`` refuses
RETRY = 1.0  # seconds between two tries of a log that failed and is not used
AGEING = 60.0  # seconds between two looks whether an idle segment has become too old
ROTATION, NOTHING = Rotation(), Known()
_RECORD = 80  # bytes a record has besides its payload, about
_log = logging.getLogger(__name__)


def make(folder: Path) -> None:
    """Make the folder of a log; its name is on disk when this returns."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        sync_folder(path.parent)


class StreamLog:
    """The log of one gateway, opened for writing; safe to use from many threads."""

    def __init__(
        self,
        folder: Path,
        clock: Clock = utc_now,
        rotation: Rotation = ROTATION,
        known: Known = NOTHING,
    ) -> None:
        """Open ``raw/stream/<gateway>``; what a crash left at its end is made whole.

        A disk that can not be written is no error here: the log is ``failed`` until it can.
        Raises ``StreamOwned`` naming the pid when another process writes the log.
        """
        make(folder)
        self._lock = WriterLock(folder)
        self.gateway = folder.name
        self._clock = clock
        self._committer = Committer(folder, rotation, known)
        self._live: Segment | None = None
        self.shelf = Shelf(folder, lambda: self._live)
        self._waiting: deque[Pending] = deque()
        self._sealing: deque[threading.Event] = deque()  # who waits for a seal
        self._bytes = self._entries = 0
        self._changed = threading.Condition()  # something waits, or the log is to close
        self._durable = threading.Condition()  # something became durable
        self._failed: StreamFailed | None = None
        self._failed_at: datetime | None = None
        self._refused = 0
        self.written = 0  # entries made durable since this log was opened
        self._closing = False
        self._try(self._committer.open)
        self._live = self._committer.live()
        self._thread = threading.Thread(
            target=self._run, name=f"rawlog-{self.gateway}", daemon=True
        )
        self._thread.start()

    def append(self, entries: Sequence[NewEntry], done: Done) -> None:
        """Have entries written, all in one segment, and return at once.

        ``done`` is called from the writer thread, quickly please: with ``Written`` once they are
        on disk, or with the exception when nothing of them was kept. Raises ``BadInput`` for no
        entries, ``StreamOverrun`` when too much waits, ``StreamClosed`` after ``close``.
        """
        if not entries:
            raise BadInput("there is nothing to append")
        size = sum(_RECORD + len(one.payload) for one in entries)
        with self._changed:
            if self._closing:
                raise StreamClosed(self.gateway)
            if self._bytes + size > MOST_WAITING:
                raise StreamOverrun(self.gateway, self._bytes)
            # under the lock: the order of the moments is the order of the log
            self._waiting.append(Pending(entries, done, micros(self._clock()), size))
            self._bytes += size
            self._entries += len(entries)
            self._changed.notify()

    def read(self, segment_id: str, after: int = 0, until: int | None = None) -> Iterator[Entry]:
        """Yield the durable entries ``after < number <= until`` of a segment; see ``Shelf``."""
        return self.shelf.read(segment_id, after, until)

    def segments(self) -> list[Segment]:
        """Return the segments there are, oldest first."""
        return self.shelf.segments()

    def removed(self) -> list[Removed]:
        """Return what is left of the segments that were removed by the rule."""
        return self.shelf.removed()

    def follow(self, position: Position | None = None) -> Follower:
        """Return a reader of what is durable after a position, woken when there is more."""
        return Follower(self.shelf, position, self._wait_for_news)

    def note(self, said: dict[str, object]) -> None:
        """Keep a remark of Fenhe itself, such as a removal; on disk when this returns.

        Raises ``StreamFailed`` when it could not be written.
        """
        told = threading.Event()
        outcome: list[Outcome] = []

        def done(result: Outcome) -> None:
            outcome.append(result)
            told.set()

        self.append([NewEntry("note", 0, as_json(said))], done)
        told.wait()
        if isinstance(outcome[0], Exception):
            raise outcome[0]

    def seal(self) -> None:
        """End the open segment, if it has entries; the next append begins another.

        Raises ``StreamFailed`` when that could not be written.
        """
        ended = threading.Event()
        with self._changed:
            if self._closing:
                raise StreamClosed(self.gateway)
            self._sealing.append(ended)
            self._changed.notify()
        ended.wait()
        if self._failed is not None:
            raise self._failed

    @property
    def live(self) -> Segment | None:
        """The open segment as far as it is durable; None between two."""
        return self._live

    @property
    def failed(self) -> Exception | None:
        """Why the log can not be written now; None while it can."""
        return self._failed

    @property
    def backlog(self) -> int:
        """Entries that wait to become durable."""
        return self._entries

    def close(self) -> None:
        """Write what waits and give the log up; safe to call twice."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        self._lock.release()

    def _wait_for_news(self, seconds: float) -> None:
        with self._durable:
            self._durable.wait(min(seconds, RETRY))

    def _run(self) -> None:
        while True:
            batch = self._next_batch()
            if batch:
                self._commit(batch)
            elif self._sealing:
                self._try(lambda: self._committer.rotate(micros(self._clock()), now=True))
                self._publish()
                self._sealing.popleft().set()
            elif self._closing:
                break
            elif self._failed is not None:
                self._commit([])
            elif self._try(self._age):
                self._publish()
        self._committer.close()

    def _age(self) -> None:
        self._committer.rotate(micros(self._clock()))

    def _next_batch(self) -> list[Pending]:
        """Wait for appends and return those that fit into one write."""
        with self._changed:
            if not self._waiting and not self._sealing and not self._closing:
                self._changed.wait(RETRY if self._failed is not None else AGEING)
            batch: list[Pending] = []
            size = 0
            while self._waiting and (not batch or size + self._waiting[0].size <= GROUP):
                batch.append(self._waiting.popleft())
                size += batch[-1].size
            return batch

    def _commit(self, batch: list[Pending]) -> None:
        outcomes: list[tuple[Done, Outcome]] = []

        def write() -> None:
            now_us = micros(self._clock())
            outcomes.extend(self._committer.commit(batch, now_us, self._failure()))

        if self._try(write):
            self.written += sum(len(one.entries) for one in batch)
        else:
            failed = self._failed or StreamFailed(self.gateway, "unknown")
            outcomes = [(one.done, failed) for one in batch]
            self._refused += sum(len(one.entries) for one in batch)
        with self._changed:
            self._bytes -= sum(one.size for one in batch)
            self._entries -= sum(len(one.entries) for one in batch)
        self._publish()
        for done, outcome in outcomes:
            try:
                done(outcome)
            except Exception:
                _log.exception("raw log %s: a receiver of an outcome failed", self.gateway)

    def _failure(self) -> dict[str, object] | None:
        """Return what to note of the failure under way, None when there is none."""
        if self._failed is None or self._failed_at is None:
            return None
        return {
            "note": "write_failed",
            "reason": self._failed.reason,
            "since": self._failed_at.isoformat(),
            "refused": self._refused,
        }

    def _publish(self) -> None:
        """Show readers what is durable now."""
        with self._durable:
            self._live = self._committer.live()
            self._durable.notify_all()

    def _try(self, work: Callable[[], object]) -> bool:
        """Do something with the disk; note a failure, and the end of one."""
        try:
            work()
        except Exception as error:
            if self._failed is None:
                self._failed_at, self._refused = self._clock(), 0
                _log.exception("raw log %s can not be written", self.gateway)
            self._failed = StreamFailed(self.gateway, str(error))
            return False
        if self._failed is not None:
            _log.warning("raw log %s can be written again", self.gateway)
        self._failed = self._failed_at = None
        return True
