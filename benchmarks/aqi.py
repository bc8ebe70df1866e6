"""The hourly index with its primary pollutants, beside aqi-hub on the same random rows.

aqi-hub takes one row at a time, so it is given a part of the rows; both rates are of the
same run. ``index and primary`` is what aqi-hub computes; ``all columns`` adds every
column of ``air.aqi_hourly``: single indices, category, status, reason, unverified,
edition. Run: ``python benchmarks/aqi.py [--rows 4000000]``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import polars as pl
from common import Report, Watch, median_seconds, watch

from fenhe import air

TOPS = {"so2": 810, "no2": 3900, "co": 152, "o3": 1220, "pm10": 610, "pm25": 505}
DECIMALS = {"co": 1} | dict.fromkeys(("so2", "no2", "o3", "pm10", "pm25"), 0)
EDITION = "HJ633-2026"
PEER_ROWS = 100_000
BAR = 40


def rows(count: int) -> pl.DataFrame:
    """Return random concentrations over the whole table, low ones more often, as floats."""
    rng = np.random.default_rng(633)
    return pl.DataFrame(
        {c: np.round(rng.random(count) ** 3 * top, DECIMALS[c]) for c, top in TOPS.items()}
    )


def peer(table: pl.DataFrame) -> list[tuple[int, list[str]]]:
    """Return aqi-hub's index and primary pollutants row by row."""
    from aqi_hub.aqi_cn.aqi import cal_aqi_cn, cal_primary_pollutant

    answers = []
    for so2, no2, co, o3, pm10, pm25 in table.iter_rows():
        index, iaqi = cal_aqi_cn(pm25, pm10, so2, no2, co, o3, "hourly")
        answers.append((index, cal_primary_pollutant(iaqi)))
    return answers


@contextmanager
def cpu() -> Iterator[Watch]:
    """Measure the CPU seconds of a block, over all threads: what a busy machine distorts less."""
    taken, began = Watch(), time.process_time()
    try:
        yield taken
    finally:
        taken.seconds = time.process_time() - began


def judged(frame: Any, columns: list[str] | None) -> Any:
    """Return the lazy result, of some columns or of all it adds."""
    result = air.aqi_hourly(frame, edition=EDITION, decimals=DECIMALS)
    if columns is None:
        columns = [c for c in nw.from_native(result).collect_schema().names() if c not in TOPS]
    return result.select(*columns)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4_000_000)
    count = parser.parse_args().rows
    table = rows(count)
    report = Report("aqi")
    with watch() as taken, cpu() as hub_cpu:
        answers = peer(table.head(PEER_ROWS))
    hub = report.rate("aqi-hub, index and primary", PEER_ROWS, taken.seconds)
    for what, columns in (("index and primary", ["aqi", "primary"]), ("all columns", None)):
        polars = report.rate(
            f"fenhe on Polars, {what}",
            count,
            median_seconds(
                lambda c=columns: judged(table.lazy(), c).collect(engine="streaming"), 3
            ),
        )
        report.ratio(f"Polars to aqi-hub, {what}", polars / hub, f"bar {BAR}", polars >= BAR * hub)
    with cpu() as ours_cpu:
        judged(table.lazy(), ["aqi", "primary"]).collect(engine="streaming")
    per_row = hub_cpu.seconds / PEER_ROWS, ours_cpu.seconds / count
    report.ratio("Polars to aqi-hub, index and primary, CPU time per row", per_row[0] / per_row[1])
    duck = duckdb.from_arrow(table.to_arrow())
    for what, columns in (("index and primary", ["aqi", "primary"]), ("all columns", None)):
        rate = report.rate(
            f"fenhe on DuckDB, {what}",
            count,
            median_seconds(lambda c=columns: judged(duck, c).to_arrow_table(), 3),
        )
        report.ratio(f"DuckDB to aqi-hub, {what}", rate / hub)
    ours = judged(table.head(PEER_ROWS).lazy(), ["aqi"]).collect()["aqi"].to_list()
    differ = sum(mine != theirs for mine, (theirs, _) in zip(ours, answers, strict=True))
    print(f"aqi-hub's index differs from the exact one in {differ} of {PEER_ROWS} rows")
    print(f"saved {report.save()}")


if __name__ == "__main__":
    main()
