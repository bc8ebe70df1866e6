"""First-level checks, points a second, beside ioos-qc and saqc in the same run.

First level is range, rate of change, spike, flat line and gap over all series of a table, with
flags and coverage made; the table comes as the store gives it. ioos-qc and saqc take one
series at a time and are given a part of them: ioos-qc range, rate and spike (what it was measured
for before) and all four it has; saqc constants (its flat line) alone. They are referees of this
run only (dependency group ``referee``); without them their lines are left out, and said so.
Run: ``python benchmarks/qc_speed.py [--series 200] [--points 20000]``.
"""

from __future__ import annotations

import argparse
import importlib.util
import warnings
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from common import Report, watch

from fenhe.quality import checks
from fenhe.quality.config import Config, Rule

BAR = 5_000_000
START = datetime(2026, 1, 1)
STEP = timedelta(minutes=1)
RULES = (
    Rule("range", {"low": 0, "high": 120}),
    Rule("rate", {"per_hour": 1500}),
    Rule("spike", {"above": 30}),
    Rule("flat", {"minutes": 10, "tolerance": 0}),
    Rule("gap", {"steps": 1.5}),
)
PEER_SERIES = 10
ROUNDS = 7  # the best counts: others may be at work on the machine


def table(series: int, points: int) -> pl.DataFrame:
    """Return minute values of many outlets: noise on a slow walk, spikes, stuck spans, gaps."""
    rng = np.random.default_rng(212)
    values = 50 + np.cumsum(rng.normal(0, 0.1, (series, points)), axis=1)
    values = np.round(values + rng.normal(0, 2, values.shape), 1)
    values[rng.random(values.shape) < 0.0005] += 80
    for row in values:
        begin = int(rng.integers(0, points - 60))
        row[begin : begin + 30] = row[begin]
    start = np.datetime64(START, "us") + np.arange(points) * np.timedelta64(STEP)
    frame = pl.DataFrame(
        {
            "site": np.repeat([f"outlet:{n // 10:05d}" for n in range(series)], points),
            "item": np.repeat([f"a{21000 + n % 10}" for n in range(series)], points),
            "statistic": "1min",
            "start": np.tile(start, series),
            "value": values.ravel(),
        }
    )
    kept = frame.filter(pl.Series(rng.random(frame.height) > 0.001))
    return kept.with_columns(end=pl.col("start") + STEP)


def ioos(values: np.ndarray, times: np.ndarray, *, flat: bool) -> None:
    """Run ioos-qc's tests on one series."""
    from ioos_qc import qartod

    qartod.gross_range_test(values, (0, 120))
    qartod.rate_of_change_test(values, times, 1500 / 3600)
    qartod.spike_test(values, 30, 60, method="differential")
    if flat:
        qartod.flat_line_test(values, times, 600, 1200, 0.001)


def saqc_flat(values: np.ndarray, times: np.ndarray) -> None:
    """Run saqc's constants on one series."""
    import pandas as pd
    from saqc import SaQC

    SaQC(pd.DataFrame({"x": values}, index=pd.DatetimeIndex(times))).flagConstants(
        "x", window="10min", thresh=0
    )


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=400)
    parser.add_argument("--points", type=int, default=20_000)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    report = Report("qc_speed")
    rows = table(given.series, given.points)
    config = Config("BENCH-1", RULES, reach=1.5)
    checks.run(rows, config)
    best = None
    for _ in range(ROUNDS):
        with watch() as taken:
            found = checks.run(rows, config)
        best = taken if best is None or taken.seconds < best.seconds else best
    assert best is not None
    ours = report.rate("fenhe, first level, flags and coverage made", rows.height, best)
    print(f"  {found.flags.height:,} flags, {found.coverage.height:,} stretches")
    report.ratio("to the bar of 5 M points/s, by the wall", ours / BAR, "bar 1", ours >= BAR)
    busy = rows.height / best.cpu
    report.ratio("to the bar, points a second of one core", busy / BAR, "bar 1", busy >= BAR)
    parts = rows.partition_by("site", "item")[:PEER_SERIES]
    arrays = [(p["value"].to_numpy(), p["start"].to_numpy()) for p in parts]
    points = sum(len(values) for values, _ in arrays)
    for name, module, work in (
        ("ioos-qc, range, rate, spike", "ioos_qc", lambda v, t: ioos(v, t, flat=False)),
        ("ioos-qc, range, rate, spike, flat line", "ioos_qc", lambda v, t: ioos(v, t, flat=True)),
        ("saqc, constants", "saqc", saqc_flat),
    ):
        if importlib.util.find_spec(module) is None:
            print(f"{module} is not installed: no ratio to it")
            continue
        work(*arrays[0])
        peer = None
        for _ in range(ROUNDS):
            with watch() as taken:
                for values, times in arrays:
                    work(values, times)
            peer = taken if peer is None or taken.seconds < peer.seconds else peer
        assert peer is not None
        rate = report.rate(name, points, peer)
        report.ratio(f"fenhe, five checks, to {name}", ours / rate)
        report.ratio("  the same by CPU time", busy / (points / peer.cpu))
    print(f"saved {report.save()}")


if __name__ == "__main__":
    main()
