"""Counts and value distributions of a file, gathered batch by batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from fenhe.protocols.tables.feeds.model import Feed, ItemColumn
from fenhe.protocols.tables.parse import Parsed
from fenhe.protocols.tables.table import TextBatch

# frame(station, city, start, so2 … pm25) -> the AQI those values give, null where it gives none
Recompute = Callable[[pl.DataFrame], pl.Series]
_MERGE_AT = 32
STATION = ("station", "city")
INDEX_ITEMS = ("so2", "no2", "co", "o3", "pm10", "pm25")


@dataclass
class Tally:
    """What was seen so far of one file; ``counts`` holds how often each value
    occurs, ``finer`` how many were written with more decimals than usual."""

    feed: Feed
    recompute: Recompute | None = None
    rows: int = 0
    received: int = 0
    accepted: int = 0
    first: datetime | None = None
    last: datetime | None = None
    counts: dict[tuple[str, str], list[pl.DataFrame]] = field(default_factory=dict)
    finer: dict[tuple[str, str], int] = field(default_factory=dict)
    refused: list[pl.DataFrame] = field(default_factory=list)
    examples: list[pl.DataFrame] = field(default_factory=list)
    particles: int = 0
    particles_crossed: int = 0
    index_rows: int = 0
    index_below: int = 0
    index_sum: float = 0.0
    index_pm25_sum: float = 0.0
    recomputed: int = 0
    recomputed_other: int = 0
    due: dict[tuple[str, str], int] = field(default_factory=dict)  # by_station: cells, empty too
    named: list[pl.DataFrame] = field(default_factory=list, repr=False)
    held: list[tuple[pl.DataFrame, pl.DataFrame]] = field(default_factory=list, repr=False)

    def add(self, batch: TextBatch, parsed: Parsed) -> None:
        """Count one more batch."""
        seen = parsed.observations
        self.rows += batch.frame.height
        self.received += parsed.received
        self.accepted += seen.height
        if seen.height:
            start, end = seen.select(pl.col("start").min(), pl.col("end").max()).row(0)
            self.first = start if self.first is None else min(self.first, start)
            self.last = end if self.last is None else max(self.last, end)
        self._add_counts(parsed)
        self._add_refused(parsed.rejected)
        self.named.append(seen.select(STATION).unique(maintain_order=True))
        self._add_particles(parsed)
        if self.feed.by_station:
            self._add_due(batch)
        if parsed.published is not None:
            self._add_index(parsed.published, seen)

    def close(self) -> None:
        """Count what was held back for a next batch that does not come."""
        held, self.held = self.held, []
        for published, seen in held:
            self._compare(published, seen)

    def _add_due(self, batch: TextBatch) -> None:
        assert self.feed.item_column is not None  # noqa: S101 - the loader asks for it
        types = batch.frame[self.feed.item_column].str.strip_chars()
        stations = len(self.feed.stations_in(batch.frame.columns))
        for item in self.feed.items:
            key = (item.item, item.statistic)
            cells = int(types.is_in(item.names).sum()) * stations
            self.due[key] = self.due.get(key, 0) + cells

    def _add_counts(self, parsed: Parsed) -> None:
        """Count values; now and then merge the counts so that memory follows distinct values."""
        for item, part in parsed.parts:
            key = (item.item, item.statistic)
            found = self.counts.setdefault(key, [])
            found.append(part["value"].value_counts(name="n"))
            if len(found) >= _MERGE_AT:
                found[:] = [_merged(found)]
            usual = item.decimals + item.shift
            self.finer[key] = self.finer.get(key, 0) + int((part["decimals"] > usual).sum())

    def _add_refused(self, rejected: pl.DataFrame) -> None:
        if rejected.height:
            keys = ("raw_column", "reason", "text")
            self.refused.append(rejected.group_by(keys).agg(n=pl.len()))
            few = rejected.group_by("reason", maintain_order=True).head(3)
            self.examples.append(few.select(rejected.columns))

    def _add_particles(self, parsed: Parsed) -> None:
        """Count pairs of PM2.5 and PM10 of one station and hour, and those crossed."""
        keys = list(self.feed.hour_keys)
        parts = {item.item: part.select(*keys, "value") for item, part in parsed.parts}
        if "pm25" not in parts or "pm10" not in parts:
            return
        pm25, pm10 = parts["pm25"], parts["pm10"]
        if pm25.height == pm10.height and pm25.select(keys).equals(pm10.select(keys)):
            crossed, both = pm25["value"] > pm10["value"], pm25.height
        else:
            joined = pm25.join(pm10, on=keys, suffix="_pm10")
            crossed, both = joined["value"] > joined["value_pm10"], joined.height
        self.particles += both
        self.particles_crossed += int(crossed.sum())

    def _add_index(self, published: pl.DataFrame, seen: pl.DataFrame) -> None:
        """Compare whole hours; the last one may go on in the next batch and waits for it."""
        mine = (pl.col("statistic") == self.feed.statistic) & pl.col("item").is_in(INDEX_ITEMS)
        seen = seen.filter(mine)
        if self.feed.by_station:
            published, seen = self._whole_hours(published, seen)
        self._compare(published, seen)

    def _whole_hours(
        self, published: pl.DataFrame, seen: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return what is complete, with what was held back before; hold back the last hour."""
        for early, values in self.held:
            published, seen = pl.concat([early, published]), pl.concat([values, seen])
        place = ["raw_row", "start"]
        both = pl.concat([published.select(place), seen.select(place)])
        if both.is_empty():
            return published, seen
        open_hour = pl.col("start") == both.row(int(both["raw_row"].arg_max() or 0))[1]
        self.held = [(published.filter(open_hour), seen.filter(open_hour))]
        return published.filter(~open_hour), seen.filter(~open_hour)

    def _compare(self, published: pl.DataFrame, seen: pl.DataFrame) -> None:
        """Compare a published AQI with the PM2.5 of its hour, and with a recomputed AQI."""
        keys = list(self.feed.hour_keys)
        published = published.select(*keys, "aqi")
        pm25 = seen.filter(pl.col("item") == "pm25").select(*keys, pm25="value")
        both = published.join(pm25, on=keys)
        self.index_rows += both.height
        self.index_below += int((both["aqi"] < both["pm25"]).sum())
        self.index_sum += float(both["aqi"].sum())
        self.index_pm25_sum += float(both["pm25"].sum())
        if self.recompute is not None:
            self._add_recomputed(published, seen, self.recompute)

    def _add_recomputed(
        self, published: pl.DataFrame, seen: pl.DataFrame, recompute: Recompute
    ) -> None:
        row = list(self.feed.hour_keys)
        keys = list(dict.fromkeys([*row, "station", "city", "start"]))
        hours = seen.select(*keys, "item", "value")
        wide = hours.pivot("item", index=keys, values="value")
        absent = [pl.lit(None, pl.Float64).alias(i) for i in INDEX_ITEMS if i not in wide.columns]
        wide = wide.with_columns(absent).join(published, on=row, maintain_order="left")
        found = recompute(wide.select("station", "city", "start", *INDEX_ITEMS))
        pair = pl.DataFrame({"a": wide["aqi"], "b": found.cast(pl.Float64)}).drop_nulls()
        self.recomputed += pair.height
        self.recomputed_other += int((pair["a"] != pair["b"]).sum())

    def values(self, item: ItemColumn) -> pl.DataFrame:
        """Return (value, n) of one item, ascending."""
        found = self.counts.get((item.item, item.statistic))
        if not found:
            return pl.DataFrame(schema={"value": pl.Float64, "n": pl.UInt32})
        return _merged(found).sort("value")

    def stations(self) -> pl.DataFrame:
        """Return station and city of every value, each pair once, in the order of the file."""
        schema = dict.fromkeys(STATION, pl.String())
        found = pl.concat([pl.DataFrame(schema=schema), *self.named])
        return found.unique(maintain_order=True)

    def refusals(self) -> pl.DataFrame:
        """Return (raw_column, reason, text, n)."""
        if not self.refused:
            schema = {"raw_column": pl.String, "reason": pl.String, "text": pl.String}
            return pl.DataFrame(schema={**schema, "n": pl.UInt32})
        keys = ("raw_column", "reason", "text")
        return pl.concat(self.refused).group_by(keys).agg(pl.col("n").sum())


def _merged(counts: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(counts).group_by("value").agg(pl.col("n").sum())


def median(counts: pl.DataFrame) -> float | None:
    """Return the median of (value, n) ascending: the lower middle one of an even number."""
    n = int(counts["n"].sum())
    if n == 0:
        return None
    reached = counts["n"].cum_sum() * 2 >= n
    return float(counts["value"][int(reached.arg_max() or 0)])
