"""Detection of planted patterns on simulated fleets: precision, recall, false alarms.

A fleet of four weeks with everything planted, and one with nothing, for each seed. The numbers of
the detectors were chosen on seed 1 alone; the report is of the other seeds. An event is one
label (outlet, item, pattern); it is found when a hit of the same pattern on the same outlet and
item overlaps it. A hit is right when it overlaps such a label, excusable when it overlaps a
label of another pattern on that outlet, else false. False alarms per outlet-day are those of the
fleet with nothing planted. Run: ``python benchmarks/patterns_fleet.py [--seeds 2 3 4]``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import polars as pl
from common import Report

from fenhe.quality import patterns
from fenhe.standards import catalogue

FIRST, DAYS = "2026-08-03", 28
TUNING = 1
AWAY = ("drop_out", "power")


def fleet(folder: Path, seed: int, planted: str) -> Path:
    """Have the simulator write a fleet, as anybody would; return its folder."""
    target = folder / f"{seed}-{planted}"
    if not target.exists():
        words = ["simulate", "--write", target, "--from", FIRST, "--days", DAYS, "--seed", seed]
        words += ["--planted", "none"] if planted == "none" else []
        command = [sys.executable, "-c", "from fenhe.cli.main import main; main()"]
        subprocess.run([*command, *map(str, words)], check=True, timeout=1200, capture_output=True)
    return target


def places(folder: Path) -> dict[str, patterns.Place]:
    """Return what is known of the outlets: ranges, ceilings, reference oxygen, medium."""
    known: dict[str, patterns.Place] = {}
    for (site,), part in pl.read_parquet(folder / "outlets.parquet").group_by("site"):
        items = {
            row["item"]: patterns.Facts(row["range_top"], row["ceiling"])
            for row in part.iter_rows(named=True)
            if row["range_top"] is not None
        }
        row = part.row(0, named=True)
        known[str(site)] = patterns.Place(row["medium"] == "water", row["reference_o2"], items)
    return known


def hits(folder: Path, tuning: patterns.Numbers) -> pl.DataFrame:
    """Return everything the detectors say of a fleet."""
    known = places(folder)
    # what the gateway of a real installation knows: when a logger was not connected
    away = pl.read_parquet(folder / "events.parquet").filter(pl.col("kind").is_in(AWAY))
    found = [
        patterns.detect(pl.read_parquet(path), known, tuning, outages=away)
        for path in sorted((folder / "series").glob("*.parquet"))
    ]
    return pl.concat(found)


def judged(found: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Return the hits with ``right`` and ``excusable``."""
    rows = found.with_row_index("hit")
    crossed = rows.join(labels, on="site", suffix="_label").filter(
        pl.col("start") < pl.col("end_label"), pl.col("end") > pl.col("start_label")
    )
    same = crossed.filter(
        pl.col("pattern") == pl.col("pattern_label"), pl.col("item") == pl.col("item_label")
    )
    return rows.with_columns(
        right=pl.col("hit").is_in(same["hit"].unique().to_list()),
        excusable=pl.col("hit").is_in(crossed["hit"].unique().to_list()),
    )


def events(found: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Return the labels with ``found``."""
    rows = labels.with_row_index("event")
    met = (
        rows.join(found, on=["site", "item", "pattern"], suffix="_hit")
        .filter(pl.col("start") < pl.col("end_hit"), pl.col("end") > pl.col("start_hit"))["event"]
        .unique()
    )
    return rows.with_columns(found=pl.col("event").is_in(met.to_list()))


def score(
    report: Report, what: str, folders: list[Path], quiet: list[Path], tuning: patterns.Numbers
) -> None:
    """Print and note the score of each pattern over some fleets."""
    totals: defaultdict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for folder in folders:
        labels = pl.read_parquet(folder / "labels.parquet")
        found = hits(folder, tuning)
        for row in judged(found, labels).iter_rows(named=True):
            kind = "right" if row["right"] else "excusable" if row["excusable"] else "false"
            totals[row["pattern"]][kind] += 1
        for row in events(found, labels).iter_rows(named=True):
            totals[row["pattern"]]["events"] += 1
            totals[row["pattern"]]["found"] += row["found"]
    outlet_days = 0
    for folder in quiet:
        outlet_days += len(list((folder / "series").glob("*.parquet"))) * DAYS
        for pattern in hits(folder, tuning)["pattern"]:
            totals[pattern]["alarms"] += 1
    print(f"{what}: pattern  found/events  recall  precision  right excusable false  alarms/1000 d")
    for pattern in patterns.PATTERNS:
        one = totals[pattern]
        told = one["right"] + one["excusable"] + one["false"]
        recall = one["found"] / one["events"] if one["events"] else None
        precision = one["right"] / told if told else None
        rate = 1000 * one["alarms"] / outlet_days
        print(
            f"  {pattern}  {one['found']:>4}/{one['events']:<4}"
            f"  {'-' if recall is None else f'{recall:6.2f}'}"
            f"  {'-' if precision is None else f'{precision:6.2f}'}"
            f"   {one['right']:>4} {one['excusable']:>4} {one['false']:>4}   {rate:8.2f}"
        )
        report.figures.append(
            {"what": f"{what} {pattern}", "recall": recall, "precision": precision}
            | {name: one[name] for name in ("events", "found", "right", "excusable", "false")}
            | {"false_alarms_per_outlet_day_unplanted": one["alarms"] / outlet_days}
        )


def main() -> None:
    """Simulate, detect, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[2, 3, 4])
    parser.add_argument("--folder", type=Path, help="Keep the fleets here.")
    given = parser.parse_args()
    tuning = patterns.numbers(catalogue().edition("PATTERNS-2026"))
    report = Report("patterns_fleet")
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        for what, seeds in (("tuning seed 1", [TUNING]), ("reported seeds", given.seeds)):
            made = [fleet(folder, seed, "all") for seed in seeds]
            quiet = [fleet(folder, seed, "none") for seed in seeds]
            if made:
                score(report, what, made, quiet, tuning)
    print(f"saved {report.save()}")


if __name__ == "__main__":
    main()
