"""Import rate of the store: an empty month, a full one, and a month of corrections.

A month of hourly values of a network goes through ``Store``: the raw file kept and
synced, every batch classified, committed, its receipt closed. Beside it, in the same run,
two yardsticks: a plain DuckLake INSERT of the same rows, and a plain Polars read of the
same CSV. Run: ``python benchmarks/store_import.py [--stations 250]``.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from common import Report, Watch, watch

from fenhe.base.ahead import ahead
from fenhe.protocols.tables import feeds
from fenhe.protocols.tables.parse import parse
from fenhe.protocols.tables.reader import open_table
from fenhe.store import Store
from fenhe.store.lake import Lake

ITEMS = ["so2", "no2", "co", "o3", "pm10", "pm25"]
BATCH = 200_000
MONTH = datetime(2025, 3, 1)
HOURS = 31 * 24
REJECTED = pl.DataFrame(
    schema={"raw_row": pl.Int64, "raw_column": pl.String, "text": pl.String, "reason": pl.String}
)


def month(stations: int, seed: int, bump: float = 0.0) -> pl.DataFrame:
    """Return a month of values in file order: hour by hour, station by station, item by item."""
    per_hour = stations * len(ITEMS)
    count = per_hour * HOURS
    values = np.random.default_rng(seed).integers(1, 4000, count) / 10 + bump
    hour = pl.Series("hour", np.repeat(np.arange(HOURS), per_hour))
    sites = np.tile(np.repeat(np.arange(stations), len(ITEMS)), HOURS)
    names = pl.Series([f"1{number:03d}A" for number in range(stations)])
    start = pl.lit(MONTH) + pl.duration(hours=pl.col("hour"))
    return pl.DataFrame(
        {
            "site": names.gather(sites),
            "item": pl.Series(ITEMS * (stations * HOURS)),
            "hour": hour,
            "value": np.round(values, 1),
            "raw_row": np.repeat(np.arange(stations * HOURS) + 2, len(ITEMS)),
        }
    ).select(
        "site",
        "item",
        pl.lit("1h").alias("statistic"),
        start.cast(pl.Datetime("us")).alias("start"),
        (start + timedelta(hours=1)).cast(pl.Datetime("us")).alias("end"),
        "value",
        pl.lit(1, dtype=pl.UInt8).alias("decimals"),
        "raw_row",
    )


def batches(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Cut a month at file rows, as a reader does."""
    size = BATCH // len(ITEMS) * len(ITEMS)
    return [rows.slice(at, size) for at in range(0, rows.height, size)]


def load(store: Store, path: Path, rows: pl.DataFrame) -> Watch:
    """Import one file and return the seconds from the first byte kept to the closed receipt."""
    parts = batches(rows)
    with watch() as taken:
        kept = store.raw.keep(path)
        running = store.begin_import("bench", kept, "bench")
        for part in parts:
            running.write(part, REJECTED, part.height)
        receipt = running.finish()
    assert receipt.received == rows.height
    return taken


def write_tidy(rows: pl.DataFrame, path: Path) -> None:
    """Write a month as an agency exports it: one row a station and hour, Beijing time."""
    label = (pl.col("end") + timedelta(hours=8)).dt.strftime("%Y-%m-%d %H:%M")
    wide = rows.pivot("item", index=["site", "end"], values="value", maintain_order=True)
    named = wide.select(pl.col("site").alias("station"), label.alias("time"), *ITEMS)
    # 200 mg/m3 is the hard range of the feed for carbon monoxide
    named.with_columns((pl.col("co") / 10).round(1)).write_csv(path)


def whole_path(store: Store, path: Path, count: int) -> Watch:
    """Return the seconds from a text file to durable values: read, parse, keep, store, close."""
    feed = feeds.load("tidy-hourly")
    with watch() as taken:
        kept = store.raw.keep(path)
        with store.begin_import(feed.id, kept, "bench") as running:
            for parsed in ahead(parse(feed, batch) for batch in open_table(path).batches()):
                found = parsed.observations.rename({"station": "site"})
                running.write(found, parsed.rejected, parsed.received)
            receipt = running.finish()
    assert receipt.received == count
    return taken


def plain_insert(folder: Path, rows: pl.DataFrame) -> Watch:
    """Insert the same rows into a bare DuckLake table, one transaction a batch."""
    parts = [part.drop("site", "item", "statistic") for part in batches(rows)]
    parts = [part.with_columns(pl.lit(1).alias("series")) for part in parts]
    lake = Lake(folder)
    with lake.transaction() as session:
        session.execute(
            'CREATE TABLE plain (start TIMESTAMP, "end" TIMESTAMP, value DOUBLE, '
            "decimals UTINYINT, raw_row BIGINT, series INTEGER)"
        )
    with watch() as taken:
        for part in parts:
            with lake.transaction() as session:
                session.insert("plain", part)
    lake.close()
    return taken


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stations", type=int, default=250)
    stations = arguments.parse_args().stations
    report = Report("store_import")
    first, changed = month(stations, 1), month(stations, 1, bump=0.1)
    count = first.height
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first.write_csv(folder / "a.csv")
        first.select(first.columns[::-1]).write_csv(folder / "b.csv")
        changed.write_csv(folder / "c.csv")
        warm = month(2, 9)
        warm.write_csv(folder / "w.csv")
        with Store.open(folder / "warm") as store:
            load(store, folder / "w.csv", warm)
        with watch() as read:
            pl.read_csv(folder / "a.csv")
        insert = report.rate(
            "yardstick: plain DuckLake insert", count, plain_insert(folder / "plain", first)
        )
        csv = report.rate("yardstick: plain Polars read of the CSV", count, read)
        with Store.open(folder / "data") as store:
            empty = report.rate(
                "import into an empty month", count, load(store, folder / "a.csv", first)
            )
            full = report.rate(
                "import into a full month, all duplicates",
                count,
                load(store, folder / "b.csv", first),
            )
            corrected = report.rate(
                "import into a full month, all corrections",
                count,
                load(store, folder / "c.csv", changed),
            )
            balance = store.receipts("import")
            assert balance["stored"].to_list() == [count, 0, count]
            assert balance["duplicate"].to_list() == [0, count, 0]
            store.maintain()
            merged = report.rate(
                "the same, after maintenance, all duplicates",
                count,
                load(store, folder / "c.csv", changed),
            )
        write_tidy(first, folder / "tidy.csv")
        with Store.open(folder / "whole") as store:
            path = folder / "tidy.csv"
            taken = whole_path(store, path, count)
            new = report.rate("file to durable, empty month, with parsing", count, taken)
            taken = whole_path(store, path, count)
            known = report.rate("file to durable, full month, with parsing", count, taken)
        report.ratio(
            "file to durable, empty / 500,000 a second", new / 5e5, "bar: >= 1", new >= 5e5
        )
        report.ratio("file to durable, full / 200,000", known / 2e5, "bar: >= 1", known >= 2e5)
        report.ratio("empty month / plain insert", empty / insert)
        report.ratio("empty month / plain Polars read", empty / csv)
        report.ratio("empty month / 500,000 a second", empty / 5e5, "bar: >= 1", empty >= 5e5)
        slowest = min(full, corrected, merged)
        report.ratio(
            "full month, slowest / 200,000 a second", slowest / 2e5, "bar: >= 1", slowest >= 2e5
        )
    print(f"saved {report.save()}")


if __name__ == "__main__":
    main()
