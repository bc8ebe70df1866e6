"""Taking the log of one gateway into the store: batch by batch, each with its position."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from fenhe.base.errors import BadInput
from fenhe.platform.monitoring.frames import mapping, reading, recent, sayings, sets, values
from fenhe.platform.monitoring.frames.mapping import Mapping
from fenhe.platform.monitoring.frames.reading import Read
from fenhe.platform.monitoring.frames.values import Prepared
from fenhe.platform.registry.devices import version
from fenhe.store import Load, Receipt, Store
from fenhe.store.raw import of_segment
from fenhe.store.rawlog import Entry, Follower, Position, Segment
from fenhe.store.rawlog import Taken as Batch

log = logging.getLogger("fenhe.frames")
MOST = 20_000  # entries of one batch
ACTOR = "frames"
FEED = "hj212:"
_BACK = 5_000  # entries before the position in which sub-packets still open are looked for


def feed_of(gateway: str) -> str:
    """Return the feed under which the log of a gateway is imported."""
    return f"{FEED}{gateway}"


@dataclass(frozen=True)
class Step:
    """What one step did: entries looked at, and the receipt if anything was written."""

    entries: int
    receipt: Receipt | None


class Follow:
    """The log of one gateway, followed from where the store has it; for one thread."""

    def __init__(self, store: Store, gateway: str) -> None:
        self._store, self.gateway = store, gateway
        self._load: Load | None = None
        self._segment = ""  # of the open import
        self._closed = _closed(store, gateway)
        self._mapping: Mapping | None = None
        self._memory = sayings.Memory()
        self._sets = sets.Sets()
        self._waiting: list[Entry] = []
        position = _position(store, gateway)
        self._follower = _follower(store, gateway, position)
        if position is not None:
            self._look_back(position)

    @property
    def position(self) -> Position | None:
        """Return how far the log is read."""
        return self._follower.position

    def is_closed(self, segment: str) -> bool:
        """Say whether a segment is taken to its end."""
        return segment in self._closed

    def step(self, wait: float = 0.0) -> Step | None:
        """Take what is there, up to a batch, in one transaction; None when there is no news."""
        taken = self._follower.take(MOST, wait)
        if taken is None:
            return None
        if taken.segment.id in self._closed:
            return Step(0, None)
        entries = reading.received([*self._waiting, *taken.entries])
        self._waiting = [] if taken.ended else entries.waiting
        upto = self._waiting[0].number - 1 if self._waiting else taken.upto
        receipt = self._write(taken, entries.entries, upto)
        if taken.ended:
            self._finish(taken.segment)
        return Step(len(taken.entries), receipt)

    def _write(
        self, taken: Batch, pieces: list[tuple[Entry, str | None]], upto: int
    ) -> Receipt | None:
        now = taken.entries[-1].at if taken.entries else None
        if not pieces:
            return None
        load = self._import(taken.segment)
        known = self._known()
        read = reading.read(pieces, known.keys)
        prepared = values.prepare(read, known)
        if self._keep(read, prepared, taken.segment.id):
            prepared = values.prepare(read, self._known())
        given_up = self._sets.add(prepared.heads, now, pieces[-1][0].number)
        rejected = pl.concat([prepared.rejected, given_up])
        receipt = load.write(
            prepared.observations.drop("raw_column"),
            rejected,
            prepared.observations.height + rejected.height,
            flags=prepared.flags,
            upto=upto,
            frames=prepared.frames,
        )
        recent.note(taken.segment.id, prepared.heads)
        return receipt

    def _keep(self, read: Read, prepared: Prepared, segment: str) -> bool:
        """Keep what devices say of themselves; say whether it changes how frames are read."""
        found = sayings.said(read, prepared.heads)
        kept = self._memory.keep(found, segment, self._store.last_commit)
        changed = any(one.name == mapping.INTERVAL for one in kept)
        if changed:
            self._mapping = None
        return changed

    def _known(self) -> Mapping:
        if self._mapping is None or self._mapping.version != version():
            self._mapping = mapping.load()
        return self._mapping

    def _import(self, segment: Segment) -> Load:
        if self._load is None or self._segment != segment.id:
            feed = feed_of(self.gateway)
            self._load = self._store.begin_import(feed, of_segment(segment), ACTOR)
            self._segment = segment.id
        return self._load

    def _finish(self, segment: Segment) -> None:
        self._import(segment).finish()
        self._closed.add(segment.id)
        self._load = None

    def _look_back(self, position: Position) -> None:
        """Find the sub-packets whose sets were still open when the process ended."""
        entries = list(_before(self._store, self.gateway, position))
        if not entries:
            return
        last = entries[-1].at
        young = [one for one in entries if one.at > last - sets.PATIENCE]
        pieces = reading.received(young).entries
        if pieces:
            known = self._known()
            heads = values.prepare(reading.read(pieces, known.keys), known).heads
            self._sets.add(heads, None, 0)

    def release(self) -> None:
        """Let the import go; another process may take it up."""
        if self._load is not None:
            self._load.release()
            self._load = None


def _before(store: Store, gateway: str, position: Position) -> Iterator[Entry]:
    shelf = store.streams.shelf(gateway)
    return shelf.read(position.segment, max(position.number - _BACK, 0), position.number)


def _imports(store: Store, gateway: str) -> pl.DataFrame:
    return store.receipts("import", feed_of(gateway))


def _closed(store: Store, gateway: str) -> set[str]:
    return set(_imports(store, gateway).filter("closed")["raw_sha256"])


def _position(store: Store, gateway: str) -> Position | None:
    """Return the place up to which the store has the log; None before its first value."""
    done = _imports(store, gateway)
    if done.is_empty():
        return None
    last = done.row(-1, named=True)
    return Position(last["raw_sha256"], last["last_row"])


def _follower(store: Store, gateway: str, position: Position | None) -> Follower:
    log_here = store.streams.writing(gateway)
    try:
        if log_here is not None:
            return log_here.follow(position)
        return Follower(store.streams.shelf(gateway), position)
    except BadInput:
        # the segment was removed by the rule, so all of it was taken: begin with the oldest left
        log.warning("raw log %s: its segment %s is gone", gateway, position)
        return Follower(store.streams.shelf(gateway), None)
