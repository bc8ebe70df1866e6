"""A year of stations, hourly to annual with all validity rules, beside plain floats.

The peer is what one would write by hand in Polars, in floats and without any minimum of data:
daily means, the largest running 8-hour mean of ozone, annual means and percentiles. Both read
the same frame in memory; a plain sum of every column is the yardstick of the run.
Run: ``python benchmarks/station_year.py [--stations 1500]``.
"""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from common import Report, Watch, watch

from fenhe import air

HOURS = 8760
TOPS = {"so2": 100, "no2": 150, "co": 3, "o3": 250, "pm10": 300, "pm25": 200}
DECIMALS = {"co": 1} | dict.fromkeys(("so2", "no2", "o3", "pm10", "pm25"), 0)
SHARES = {"so2": 0.98, "no2": 0.98, "co": 0.95, "o3": 0.9, "pm10": 0.95, "pm25": 0.95}
MISSING = 0.03
EDITION = "GB3095-2012"
BAR = 3


def network(stations: int) -> pl.DataFrame:
    """Return a year of hourly values of every station, three in a hundred missing."""
    rng = np.random.default_rng(663)
    rows = stations * HOURS
    first = datetime(2025, 1, 1, 1)
    ends = pl.datetime_range(first, first + timedelta(hours=HOURS - 1), "1h", eager=True)
    columns = {
        "station": np.repeat([f"{n:04}A" for n in range(stations)], HOURS),
        "time": np.tile(ends.to_numpy(), stations),
    }
    for item, top in TOPS.items():
        values = np.round(rng.random(rows) ** 2 * top, DECIMALS[item])
        values[rng.random(rows) < MISSING] = np.nan
        columns[item] = values
    return pl.DataFrame(columns).with_columns(pl.col(list(TOPS)).fill_nan(None))


def by_hand(table: pl.DataFrame) -> pl.DataFrame:
    """Return annual means and percentiles in floats, without validity."""
    day = (pl.col("time") - pl.duration(hours=1)).dt.date()
    running = pl.col("o3").rolling_mean(8, min_samples=6).over("station")
    daily = (
        table.lazy()
        .with_columns(day=day, o3=running)
        .group_by("station", "day")
        .agg(pl.col("so2", "no2", "co", "pm10", "pm25").mean(), pl.col("o3").max())
    )
    percentiles = [
        pl.col(item).quantile(share, "linear").alias(f"{item}_p") for item, share in SHARES.items()
    ]
    year = pl.col("day").dt.year().alias("year")
    yearly = (
        daily.with_columns(year)
        .group_by("station", "year")
        .agg(pl.col(list(TOPS)).mean(), *percentiles)
    )
    return yearly.collect(engine="streaming")


def judged(table: pl.DataFrame) -> pl.DataFrame:
    """Return the evaluation of the year."""
    return air.evaluate(table, edition=EDITION, decimals=DECIMALS)


def best(report: Report, what: str, work: object, rows: int, rounds: int) -> Watch:
    """Run a piece of work several times, note the quickest, and return it."""
    taken = []
    for _ in range(rounds):
        with watch() as one:
            work()  # type: ignore[operator]
        taken.append(one)
    quickest = min(taken, key=lambda w: w.seconds)
    report.rate(what, rows, quickest)
    return quickest


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    table = network(given.stations)
    values = table.height * len(TOPS)
    report = Report("station_year")
    plain = best(
        report,
        "plain sum of every column",
        lambda: table.lazy().select(pl.col(list(TOPS)).sum()).collect(engine="streaming"),
        values,
        given.rounds,
    )
    hand = best(
        report, "by hand in floats, no validity", lambda: by_hand(table), values, given.rounds
    )
    ours = best(report, "fenhe, exact, all validity", lambda: judged(table), values, given.rounds)
    ratio = ours.seconds / hand.seconds
    report.ratio("fenhe to by hand, time", ratio, f"bar {BAR}", ratio <= BAR)
    report.ratio("fenhe to by hand, CPU time", ours.cpu / hand.cpu)
    report.ratio("fenhe to a plain sum, time", ours.seconds / plain.seconds)
    means = by_hand(table).sort("station")["pm25"]
    exact = judged(table).sort("area")["pm25_mean"]
    apart = (means - exact).abs().max()
    print(f"largest difference of an annual PM2.5 mean: {apart:.3f} µg/m³ (told to whole ones)")
    print(f"saved {report.save()}")


if __name__ == "__main__":
    main()
