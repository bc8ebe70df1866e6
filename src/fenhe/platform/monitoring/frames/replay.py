"""Taking up what could not be stored: cells of the quarantine whose reason is gone.

Only those cells are read again, from the kept bytes, and each is taken up once: in the
transaction that stores it, it is noted as mended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from fenhe.platform.monitoring.frames import mapping, reading, sayings, values
from fenhe.platform.monitoring.frames.following import FEED, Follow
from fenhe.platform.monitoring.frames.mapping import Mapping
from fenhe.platform.monitoring.frames.values import FRAME, Prepared
from fenhe.platform.registry.devices import folded
from fenhe.store import Receipt, Store
from fenhe.store.raw import of_segment
from fenhe.store.rawlog import Entry, Segment

REPLAY = "hj212-replay:"
# reasons that a person can mend in the registry
MENDABLE = (
    "unknown_device", "unknown_code", "channel_outside_dates", "unit_of_channel",
    "no_key", "unknown_interval",
)  # fmt: skip
ROWS = 5_000  # entries of one batch
Progress = Callable[[dict[str, Any]], None]


@dataclass
class Outcome:
    """What a replay did: cells taken up of those waiting, and the sum of its receipts."""

    segments: int = 0
    waiting: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, receipt: Receipt) -> None:
        """Add a receipt."""
        for name in ("received", "stored", "corrected", "duplicate", "rejected"):
            self.counts[name] = self.counts.get(name, 0) + getattr(receipt, name)


def replay(
    store: Store, actor: str, mn: str | None = None, told: Progress | None = None
) -> Outcome:
    """Take up every waiting cell that can be stored now, of one device or of all.

    Cells that still can not be mapped are left as they are. What has come in since and says
    otherwise stands; the cell taken up becomes its history.
    """
    outcome, known = Outcome(), mapping.load()
    waiting = _waiting(store)
    outcome.waiting = waiting.height
    for sha256, cells in _by_segment(waiting):
        segment = store.streams.find(sha256)
        if segment is None:
            continue  # removed by the rule: its bytes are no longer there
        outcome.segments += 1
        for receipt in _segment(store, segment, cells, _Asked(actor, mn, known)):
            outcome.add(receipt)
            if told is not None:
                told({"rows": outcome.counts.get("received", 0), "of": outcome.waiting})
    return outcome


@dataclass(frozen=True)
class _Asked:
    actor: str
    mn: str | None
    known: Mapping


def _waiting(store: Store) -> pl.DataFrame:
    found = store.quarantine(kinds=MENDABLE, standing=True)
    of_stream = pl.col("feed").str.starts_with(FEED) | pl.col("feed").str.starts_with(REPLAY)
    return found.filter(of_stream)


def _by_segment(waiting: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    parts = waiting.sort("import", "raw_row").partition_by("raw_sha256", maintain_order=True)
    for part in parts:
        yield part["raw_sha256"][0], part


def _segment(
    store: Store, segment: Segment, cells: pl.DataFrame, asked: _Asked
) -> Iterator[Receipt]:
    rows = cells["raw_row"].unique().sort()
    load = None
    try:
        for begin in range(0, rows.len(), ROWS):
            part = rows.slice(begin, ROWS)
            entries = _entries(store, segment, part)
            read = reading.read(entries, asked.known.keys)
            prepared = values.prepare(read, asked.known)
            batch = _taken_up(
                prepared, cells.filter(pl.col("raw_row").is_in(part.implode())), asked
            )
            if batch is None:
                continue
            if load is None:
                feed = f"{REPLAY}{segment.gateway}"
                load = store.begin_import(feed, of_segment(segment), asked.actor)
            whole = batch.mended.filter(pl.col("raw_column") == FRAME)["raw_row"].implode()
            taken = prepared.heads.filter(pl.col("raw_row").is_in(whole))
            sayings.Memory().keep(sayings.said(read, taken), segment.id, store.last_commit)
            yield load.write(
                batch.observations,
                batch.rejected,
                batch.observations.height + batch.rejected.height,
                flags=batch.flags,
                mended=batch.mended,
            )
        if load is not None:
            load.finish()
    finally:
        if load is not None:
            load.release()


def _entries(store: Store, segment: Segment, rows: pl.Series) -> list[tuple[Entry, str | None]]:
    wanted = set(rows.to_list())
    shelf = store.streams.shelf(segment.gateway)
    first, last = min(wanted), max(wanted)
    found = shelf.read(segment.id, first - 1, last)
    return [(entry, None) for entry in found if entry.number in wanted and entry.kind == "in"]


@dataclass(frozen=True)
class _Batch:
    observations: pl.DataFrame
    rejected: pl.DataFrame
    flags: pl.DataFrame
    mended: pl.DataFrame


def _taken_up(prepared: Prepared, cells: pl.DataFrame, asked: _Asked) -> _Batch | None:
    """Return what of the waiting cells can be stored or is refused for another reason now."""
    whole = cells.filter(pl.col("column") == FRAME)
    told = cells.group_by("raw_row", "column").agg(pl.col("commit").max().alias("told"))
    heads = prepared.heads
    if asked.mn is not None:
        heads = heads.filter(pl.col("mn_of") == folded(asked.mn))
    still = prepared.rejected.filter(_family().is_in(MENDABLE))
    # a frame that is still refused as a whole waits on
    out = still.filter(pl.col("raw_column") == FRAME)["raw_row"]
    rows = heads.filter(~pl.col("raw_row").is_in(out.implode()))["raw_row"]
    open_frames = whole.filter(pl.col("raw_row").is_in(rows.implode()))["raw_row"].unique()
    here = _Picker(rows, open_frames, cells, told)
    observations = here.of(prepared.observations)
    rejected = here.of(prepared.rejected)
    # of a frame taken up, codes nobody knows yet become waiting cells of their own
    waiting_on = still.filter(~pl.col("raw_row").is_in(open_frames.implode()))
    rejected = rejected.join(
        waiting_on.select("raw_row", "raw_column"), on=["raw_row", "raw_column"], how="anti"
    )
    mended = here.mended(observations, rejected)
    if mended.is_empty():
        return None
    flags = prepared.flags
    if not flags.is_empty():
        keys = ["raw_row", "site", "item", "statistic"]
        flags = flags.join(observations.select(keys).unique(), on=keys, how="semi")
    return _Batch(observations.drop("raw_column"), rejected.select(values.REFUSED), flags, mended)


def _family() -> pl.Expr:
    return pl.col("reason").str.split(":").list.first()


@dataclass(frozen=True)
class _Picker:
    """Picks cells that waited: by themselves, or with the whole frame they are of."""

    rows: pl.Series
    frames: pl.Series
    cells: pl.DataFrame
    told: pl.DataFrame

    def of(self, found: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of a frame that were waiting, with the commit they came in at."""
        mine = found.filter(pl.col("raw_row").is_in(self.rows.implode()))
        keys = ["raw_row", "raw_column"]
        single = self.told.rename({"column": "raw_column"})
        whole = self.told.filter(pl.col("column") == FRAME).select("raw_row", at="told")
        joined = mine.join(single, on=keys, how="left", maintain_order="left")
        joined = joined.join(whole, on="raw_row", how="left", maintain_order="left")
        is_mine = pl.col("told").is_not_null() | pl.col("raw_row").is_in(self.frames.implode())
        return joined.filter(is_mine).with_columns(told=pl.coalesce("told", "at")).drop("at")

    def mended(self, observations: pl.DataFrame, rejected: pl.DataFrame) -> pl.DataFrame:
        """Return the cells that are taken up by these rows."""
        keys = ["raw_row", "raw_column"]
        done = pl.concat([observations.select(keys), rejected.select(keys)]).unique()
        waiting = self.cells.select("raw_row", pl.col("column").alias("raw_column")).unique()
        single = waiting.join(done, on=keys, how="semi")
        frames = waiting.filter(
            pl.col("raw_column") == FRAME, pl.col("raw_row").is_in(self.frames.implode())
        )
        return pl.concat([single, frames]).unique().sort("raw_row", "raw_column")


def caught_up(store: Store, gateway: str) -> int:
    """Take what a log holds into the store, where nobody follows it; return the entries."""
    follow, total = Follow(store, gateway), 0
    try:
        while (step := follow.step()) is not None:
            total += step.entries
    finally:
        follow.release()
    return total
