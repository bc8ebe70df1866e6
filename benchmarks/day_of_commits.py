"""Reads after a day of one-second commits, upkeep running as it does in a server.

9,000 series (1,500 stations by 6 items) report every 30 seconds: 300 values a commit. Every tenth
commit changes the standing verdict of 100 stations, as cells of running periods do. Upkeep is the
server's own thread, called by the same number of new files; only its clock is compressed: it looks
more often, does not rest, and keeps former snapshots for as many commits as ten minutes would hold.

The whole day is ``--commits 86400``; the default is a sixtieth of it. The yardstick is a store that
got the same values and verdicts in one piece.
Run: ``python benchmarks/day_of_commits.py [--commits 1440]``.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

import polars as pl
from common import Report, watch
from store_import import ITEMS, REJECTED

from fenhe.platform import upkeep
from fenhe.store import Load, Store

DAY = 86_400
STATIONS, EVERY = 1_500, 30
HELD = 600  # commits of ten minutes
JUDGED, JUDGE_EVERY = 100, 10
AFTER = 60  # commits after the last round: as many as may come before the next
READS = 15
T0 = datetime(2026, 3, 1)
BEGUN, ENDS = datetime(2026, 2, 28, 16), datetime(2026, 3, 31, 16)


def second(number: int) -> pl.DataFrame:
    """Return the 300 values of one second, each of a series of its own."""
    part = number % EVERY
    stations = range(part, STATIONS, EVERY)
    start = T0 + timedelta(seconds=EVERY * (number // EVERY))
    rows = len(stations) * len(ITEMS)
    return pl.DataFrame(
        {
            "site": [f"{station:04d}" for station in stations for _ in ITEMS],
            "item": list(ITEMS) * len(stations),
            "statistic": ["instant"] * rows,
            "start": [start] * rows,
            "end": [start + timedelta(seconds=EVERY)] * rows,
            "value": [float((number * 7 + at * 3) % 500) for at in range(rows)],
            "decimals": [0] * rows,
            "raw_row": [2 + number] * rows,
        }
    )


def verdicts(number: int) -> pl.DataFrame:
    """Return the standing month cells of some stations as they are after a commit."""
    return pl.DataFrame(
        {
            "site": [f"{station:04d}" for station in range(JUDGED)],
            "start": [BEGUN] * JUDGED,
            "end": [ENDS] * JUDGED,
            "mean": [number + station for station in range(JUDGED)],
            "input_digest": [f"{number}"] * JUDGED,
            "n_valid": [number] * JUDGED,
            "n_due": [744] * JUDGED,
            "method_version": ["1"] * JUDGED,
        }
    )


def begin(store: Store) -> Load:
    """Open the import of the day."""
    path = store.folder / "in.csv"
    path.write_text("a day")
    return store.begin_import("bench", store.raw.keep(path), "bench")


def write(store: Store, load: Load, numbers: range) -> list[float]:
    """Write commits and return the seconds each took."""
    taken = []
    for number in numbers:
        rows = second(number)
        with watch() as one:
            load.write(rows, REJECTED, rows.height)
        taken.append(one.seconds)
        if number % JUDGE_EVERY == 0:
            store.cells.write("month", "bench.month", verdicts(number), "bench")
    return taken


def day(store: Store, commits: int) -> list[float]:
    """Write the day beside the upkeep thread; return the seconds of each commit."""
    upkeep.LOOK_EVERY, upkeep.SHARE = 0.05, 0.0
    upkeep.FIRST_THOROUGH = upkeep.THOROUGH_EVERY  # the day ends before the nightly round
    load = begin(store)
    pace = median(write(store, load, range(20)))
    thread = upkeep.Upkeep(store, keep=timedelta(seconds=HELD * pace))
    thread.start()
    taken = write(store, load, range(20, commits - AFTER))
    thread.stop()
    return taken + write(store, load, range(commits - AFTER, commits))


def one_piece(store: Store, commits: int) -> None:
    """Load the same values in one commit, and the last verdicts."""
    rows = pl.concat([second(number) for number in range(commits)])
    load = begin(store)
    load.write(rows, REJECTED, rows.height)
    load.finish()
    last = (commits - 1) // JUDGE_EVERY * JUDGE_EVERY
    store.cells.write("month", "bench.month", verdicts(last), "bench")


def read_series(store: Store, number: int) -> pl.DataFrame:
    return store.observations([f"{number:04d}"], ["so2"], statistic="instant")


def read_cell(store: Store, number: int) -> pl.DataFrame:
    return store.cells.read("month", [f"{number:04d}"])


def read_latest(store: Store, _number: int) -> pl.DataFrame:
    store._latest._rows = None  # as after the start: read from the files, not from memory
    store._latest._named.clear()
    return store.latest("instant")


def compared(report: Report, what: str, stores: list[Store], read: object, bar: bool) -> None:
    """Read from the day's store and the yardstick in turn; note the ratio of the medians."""
    assert callable(read)
    taken: list[list[float]] = [[], []]
    for number in range(READS + 1):
        found = []
        for store, seconds in zip(stores, taken, strict=True):
            with watch() as one:
                found.append(read(store, number).drop("commit", strict=False))
            if number:  # the first one warms up
                seconds.append(one.seconds)
        assert found[0].drop("raw_row", strict=False).equals(found[1].drop("raw_row", strict=False))
        assert found[0].height > 0
    kept, fresh = (median(seconds) for seconds in taken)
    report.time(f"{what}, freshly sorted", fresh)
    report.time(f"{what}, after the day", kept)
    told = ("bar: <= 2", kept / fresh <= 2) if bar else ("", None)
    report.ratio(f"{what}: after the day / freshly sorted", kept / fresh, *told)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--commits", type=int, default=DAY // 60)
    commits = arguments.parse_args().commits
    report = Report("day_of_commits")
    with (
        tempfile.TemporaryDirectory() as name,
        Store.open(Path(name) / "day") as kept,
        Store.open(Path(name) / "fresh") as fresh,
    ):
        with watch() as whole:
            taken = day(kept, commits)
        rounds = kept._lake.read("SELECT seconds FROM maintenance")["seconds"].to_list()
        report.rate(f"{commits:,} commits of 300 values ({commits / DAY:.4f} of a day)",
                    commits * 300, whole)  # fmt: skip
        report.time("one commit, median", median(taken))
        report.time("one commit, 99th percentile", quantiles(taken, n=100)[-1])
        report.time("one commit, longest: waits for one step of upkeep", max(taken))
        report.time(f"one round of upkeep, median of {len(rounds)}", median(rounds))
        one_piece(fresh, commits)
        stores = [kept, fresh]
        compared(report, "one series", stores, read_series, bar=True)
        compared(report, "one standing cell", stores, read_cell, bar=False)
        compared(
            report,
            "latest of 9,000 series, read from files once at the start",
            stores,
            read_latest,
            bar=False,
        )
        report.ratio("data files: after the day / freshly sorted",
                     kept.live_files() / fresh.live_files())  # fmt: skip
    print(f"saved {report.save()}")


if __name__ == "__main__":
    main()
