"""Look at a whole file before it is loaded: does it hold what its headers say?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from fenhe.base.errors import BadInput
from fenhe.protocols.tables.doubts import Reason, doubts, remarks
from fenhe.protocols.tables.feeds.model import Feed, ItemColumn
from fenhe.protocols.tables.parse import parse
from fenhe.protocols.tables.reader import open_table
from fenhe.protocols.tables.settle import settle
from fenhe.protocols.tables.table import NO_LIMITS, Limits, TextTable
from fenhe.protocols.tables.tally import Recompute, Tally, median


@dataclass(frozen=True)
class ItemRange:
    """What one item's column holds, in the canonical unit; None without a value."""

    item: str
    statistic: str
    column: str
    n: int
    missing_share: float
    minimum: float | None
    median: float | None
    maximum: float | None
    mean: float | None


@dataclass(frozen=True)
class Examination:
    """A file's preview and verdict; ``first`` is a start, ``last`` an end, in naive UTC.

    ``ok`` is false when ``reasons`` is not empty. ``remarks`` do not stand in the way of
    loading. ``stations`` holds each station and city named beside a value once. ``examples``
    shows refused cells (raw_row, raw_column, text, reason).
    """

    file: str
    feed: Feed
    rows: int
    received: int
    accepted: int
    first: datetime | None
    last: datetime | None
    ranges: tuple[ItemRange, ...]
    reasons: tuple[Reason, ...]
    remarks: tuple[Reason, ...]
    rejected: dict[str, int]
    examples: pl.DataFrame
    encoding: str | None = None
    unused: tuple[str, ...] = ()
    stations: pl.DataFrame = field(default_factory=pl.DataFrame, repr=False)

    @property
    def ok(self) -> bool:
        """Tell whether nothing speaks against loading the file under this feed."""
        return not self.reasons

    @property
    def decision(self) -> str | None:
        """Return how doubtful columns were read, when the feed leaves that to the file."""
        return self.feed.decision


def examine(
    feed: Feed,
    path: str | Path | TextTable,
    limits: Limits = NO_LIMITS,
    *,
    name: str | None = None,
    recompute: Recompute | None = None,
) -> Examination:
    """Read a whole file and judge whether it plausibly is what the feed says.

    Batches are counted and dropped, so memory is bounded by the number of distinct
    values. ``recompute`` gives the AQI of station hours, when the caller can; it is then
    compared with the published column the feed maps. All thresholds are tuning values
    of the feed. Raises ``BadInput`` for a file that can not be read at all.
    """
    if isinstance(path, TextTable):
        table = path
    else:
        table = open_table(path, limits, name=name, repeated=feed.by_station)
    feed.check_columns(table.columns, table.name)
    undecided: list[Reason] = []
    try:
        feed = settle(feed, table)
    except BadInput as error:
        undecided.append(Reason("columns_undecided", f"臭氧列无法判定：{error}", str(error)))
    tally = Tally(feed, recompute)
    for batch in table.batches():
        if feed.settled:
            tally.add(batch, parse(feed, batch))
        else:
            tally.rows += batch.frame.height
    tally.close()
    ranges = tuple(_range(tally, item, table) for item in _items(feed, table))
    refusals = tally.refusals()
    return Examination(
        file=table.name,
        feed=feed,
        rows=tally.rows,
        received=tally.received,
        accepted=tally.accepted,
        first=tally.first,
        last=tally.last,
        ranges=ranges,
        reasons=(*undecided, *(doubts(tally, table) if not undecided else ())),
        remarks=tuple(remarks(tally, table)),
        rejected=dict(
            refusals.group_by("reason").agg(pl.col("n").sum()).sort("reason").iter_rows()
        ),
        examples=pl.concat(tally.examples).head(50) if tally.examples else refusals.drop("n"),
        encoding=table.encoding,
        unused=feed.unused(table.columns),
        stations=tally.stations(),
    )


def _items(feed: Feed, table: TextTable) -> tuple[ItemColumn, ...]:
    return feed.items_in(table.columns) if feed.layout == "wide" else feed.items


def _range(tally: Tally, item: ItemColumn, table: TextTable) -> ItemRange:
    found = tally.values(item)
    n = int(found["n"].sum())
    column = item.names[0]
    if tally.feed.layout == "wide":
        column = tally.feed.column_of(item, table.columns, table.name)
    due = tally.due.get((item.item, item.statistic))
    due = tally.rows if tally.feed.layout == "wide" else due
    return ItemRange(
        item=item.item,
        statistic=item.statistic,
        column=column,
        n=n,
        missing_share=(1 - n / due) if due else 0.0,
        minimum=found["value"][0] if n else None,
        median=median(found),
        maximum=found["value"][-1] if n else None,
        mean=float((found["value"] * found["n"]).sum()) / n if n else None,
    )
