"""How far behind the checks are: a minute of many outlets comes in, until its flags stand.

A store with some hours of minute values of every series; then minute after minute is imported
and checked, as the server's thread does it. What is timed is one round: what changed is read
from the commits, values around it are read, checked, and flags and coverage are committed.
Run: ``python benchmarks/qc_behind.py [--outlets 500] [--hours 5]``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from common import Report, watch

ITEMS = ("a21026", "a21002", "a34013", "a19001", "a01011", "a01012", "a01013", "a01014", "a00000")
START = datetime(2026, 4, 1)
MINUTE = timedelta(minutes=1)
MINUTES = 8
BAR = 10.0


def values(outlets: int, first: int, count: int) -> pl.DataFrame:
    """Return ``count`` minutes of every item of every outlet, one in 20 standing still."""
    rng = np.random.default_rng(first)
    series = [(f"outlet:{n:05d}", item) for n in range(outlets) for item in ITEMS]
    moving = np.arange(len(series)) % 20 != 0
    noise = np.round(10 + rng.normal(0, 0.5, (len(series), count)) * moving[:, None], 2)
    start = np.datetime64(START, "us") + (first + np.arange(count)) * np.timedelta64(MINUTE)
    rows = len(series) * count
    return pl.DataFrame(
        {
            "site": np.repeat([site for site, _ in series], count),
            "item": np.repeat([item for _, item in series], count),
            "statistic": "1min",
            "start": np.tile(start, len(series)),
            "end": np.tile(start + np.timedelta64(MINUTE), len(series)),
            "value": noise.ravel(),
            "decimals": np.full(rows, 2, dtype=np.uint8),
            "raw_row": np.arange(2, rows + 2),
        }
    )


def main() -> None:
    """Fill a store, measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outlets", type=int, default=500)
    parser.add_argument("--hours", type=int, default=5)
    given = parser.parse_args()
    report = Report("qc_behind")
    with tempfile.TemporaryDirectory() as folder:
        from fenhe.platform import boot

        boot.prepare(Path(folder))
        boot.start(Path(folder))
        from fenhe.platform import owner
        from fenhe.platform.monitoring import checking
        from fenhe.platform.registry.models import Region, Site

        region = Region.objects.create(code="140000", level="province", name_zh="山西省")
        Site.objects.bulk_create(
            Site(key=f"outlet:{n:05d}", region=region, kind="outlet") for n in range(given.outlets)
        )
        store = owner.store()

        def put(rows: pl.DataFrame) -> None:
            path = Path(folder) / f"in{store.last_commit}"
            path.write_bytes(os.urandom(16))
            load = store.begin_import("bench", store.raw.keep(path), "bench")
            load.write(rows, pl.DataFrame(), rows.height)
            load.finish()

        put(values(given.outlets, 0, given.hours * 60))
        cursor = checking.Cursor(store)
        with watch() as taken:
            done = checking.step(store, cursor)
        report.rate(f"first round over {given.hours} h of everything", done.values, taken)
        print(f"  {done.series:,} series, {done.raised:,} flags raised")
        rounds = []
        for minute in range(MINUTES):
            rows = values(given.outlets, given.hours * 60 + minute, 1)
            put(rows)
            with watch() as taken:
                done = checking.step(store, cursor)
            rounds.append(taken.seconds)
        series = given.outlets * len(ITEMS)
        report.time(f"a minute of {series:,} series, median", statistics.median(rounds))
        report.time(f"a minute of {series:,} series, worst", max(rounds))
        report.ratio("bar to worst", BAR / max(rounds), "bar 10 s behind", max(rounds) < BAR)
        print(f"  {done.values:,} values read in the last round, {done.raised:,} flags raised")
        owner.close()
    print(f"saved {report.save()}")


if __name__ == "__main__":
    main()
