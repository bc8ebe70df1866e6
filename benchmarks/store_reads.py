"""One-series reads after a day of small commits, with and without maintenance.

Every commit brings one hour of a network, as live data does. The same values loaded in
one sorted piece are the yardstick. Also: the newest value of 2,000 stations by 6 items.
Run: ``python benchmarks/store_reads.py [--commits 300]``.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import timedelta
from pathlib import Path
from statistics import median

import polars as pl
from common import Report, median_seconds, watch
from store_import import ITEMS, REJECTED, month

from fenhe.store import Store

STATIONS = 100
READS = 15


def fill(store: Store, rows: pl.DataFrame, commits: int) -> None:
    """Write the rows in so many commits."""
    path = store.folder / "in.csv"
    path.write_text(f"{commits}")
    size = -(-rows.height // commits)
    with store.begin_import("bench", store.raw.keep(path), "bench") as running:
        for at in range(0, rows.height, size):
            part = rows.slice(at, size)
            running.write(part, REJECTED, part.height)
        running.finish()


def one_series(stores: list[Store], expected: int) -> list[float]:
    """Return the median seconds to read one series whole, the stores taking turns."""
    taken: list[list[float]] = [[] for _ in stores]
    for number in range(READS):
        for store, seconds in zip(stores, taken, strict=True):
            with watch() as one:
                found = store.observations([f"1{number:03d}A"], ["so2"])
            assert found.height == expected
            seconds.append(one.seconds)
    return [median(seconds) for seconds in taken]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--commits", type=int, default=300)
    commits = arguments.parse_args().commits
    rows = month(STATIONS, 5).head(STATIONS * len(ITEMS) * commits)
    report = Report("store_reads")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        with (
            Store.open(root / "sorted") as one_piece,
            Store.open(root / "small") as small,
            Store.open(root / "kept") as kept,
        ):
            fill(one_piece, rows, 1)
            fill(small, rows, commits)
            fill(kept, rows, commits)
            upkeep = kept.maintain(keep=timedelta(0))
            report.time("one round of maintenance", upkeep.seconds)
            stores = [one_piece, small, kept]
            sorted_read, small_read, kept_read = one_series(stores, commits)
            report.time("freshly sorted store", sorted_read)
            report.time(f"after {commits} small commits", small_read)
            report.time("the same after maintenance", kept_read)
        with Store.open(root / "wide") as store:
            wide = month(2000, 6).head(2000 * len(ITEMS) * 2)
            fill(store, wide, 1)
            store.latest()
            fresh = wide.tail(len(ITEMS)).with_columns(
                pl.int_range(2, 2 + len(ITEMS)).alias("raw_row")
            )
            fill(store, fresh, 2)

            def after_a_write() -> None:
                store._latest._named.clear()
                store.latest()

            latest = report.time(
                "latest of 2,000 stations x 6 items, just written", median_seconds(after_a_write)
            )
            assert store.latest().height == 2000 * len(ITEMS)
    report.ratio("small commits without maintenance / sorted", small_read / sorted_read)
    ratio = kept_read / sorted_read
    report.ratio("small commits with maintenance / sorted", ratio, "bar: <= 2", ratio <= 2)
    report.ratio("latest / one sorted read", latest / sorted_read)
    print(f"saved {report.save()}")


if __name__ == "__main__":
    main()
