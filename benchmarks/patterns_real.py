"""Detectors on honest series of real instruments, untouched and with planted faults.

Series: a gas turbine's CEMS (UCI, hours of operation 2011-2014, CO and NOx with the load) and the
outlet of a sewage plant (UCI, days 1990-1991). Neither was looked at when the numbers of the
detectors were chosen. What is planted comes from the simulator; ranges and limits of these
plants are not known, so the scenario sets them where the planting takes them from. Whether the
untouched series are all honest is not known either: a hit on them counts as a false alarm.
Run: ``python benchmarks/patterns_real.py FOLDER`` with the two files in the folder.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import polars as pl
from common import Report
from patterns_fleet import events, judged

from fenhe.quality import patterns
from fenhe.simulator.planted import onto
from fenhe.standards import catalogue

SEEDS = (1, 2, 3, 4, 5)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEYS = ["site", "item", "start", "value", "decimals"]


def turbine(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return CO and NOx of each year as an outlet of its own, and the load in per cent."""
    raw = pl.read_parquet(folder / "gas_turbine_cems_2011_2014.parquet").with_columns(
        site=pl.format("turbine-{}", "year"),
        start=pl.datetime(pl.col("year"), 1, 1) + pl.duration(hours=pl.col("hour_index")),
        load=pl.col("TEY") / pl.col("TEY").max() * 100,
    )
    long = raw.unpivot(["CO", "NOX", "load"], index=["site", "start"], variable_name="item")
    names = {"CO": "a21005", "NOX": "a21002", "load": "load"}
    named = long.with_columns(
        item=pl.col("item").replace_strict(names), decimals=pl.lit(3, dtype=pl.UInt8)
    ).select(KEYS)
    return named.filter(pl.col("item") != "load"), named.filter(pl.col("item") == "load")


def plant(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return COD, suspended solids and BOD of the outlet by day, and the flow."""
    raw = pl.read_csv(folder / "wwtp_uci_daily.csv", try_parse_dates=True)
    names = {"DQO-S": "w01018", "SS-S": "w01012", "DBO-S": "w01017", "Q-E": "w00000"}
    long = raw.unpivot(list(names), index="date", variable_name="item").drop_nulls("value")
    named = long.select(
        site=pl.lit("sewage"),
        item=pl.col("item").replace_strict(names),
        start=pl.col("date").cast(pl.Datetime("us")),
        value=pl.col("value").cast(pl.Float64),
        decimals=pl.lit(0, dtype=pl.UInt8),
    )
    return named.filter(pl.col("item") != "w00000"), named.filter(pl.col("item") == "w00000")


def records(rows: pl.DataFrame, step: timedelta) -> pl.DataFrame:
    """Return values as the detectors take them."""
    word = "1h" if step == HOUR else "1d"
    return rows.select(
        "site",
        "item",
        pl.lit(word).alias("statistic"),
        pl.col("start").cast(pl.Datetime("us")),
        (pl.col("start") + step).cast(pl.Datetime("us")).alias("end"),
        "value",
    )


def places(rows: pl.DataFrame, *, water: bool) -> dict[str, patterns.Place]:
    """Return the facts the scenario sets: range and limit of each item."""
    found: defaultdict[str, dict[str, patterns.Facts]] = defaultdict(dict)
    for (site, item), part in rows.group_by("site", "item"):
        top, limit = (part["value"].quantile(share) for share in (onto.TOP, onto.CEILING))
        found[str(site)][str(item)] = patterns.Facts(top, limit)
    return {site: patterns.Place(water=water, items=items) for site, items in found.items()}


def main() -> None:
    """Plant, detect, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    folder = parser.parse_args().folder
    if folder is None:
        print("give the folder with gas_turbine_cems_2011_2014.parquet and wwtp_uci_daily.csv")
        return
    tuning = patterns.numbers(catalogue().edition("PATTERNS-2026"))
    report = Report("patterns_real")
    for name, (rows, beside), step, water in (
        ("gas turbine", turbine(folder), HOUR, False),
        ("sewage plant", plant(folder), DAY, True),
    ):
        known = places(rows, water=water)
        items = rows["item"].n_unique()
        other = "F07" if water else "F09"  # that of the other medium
        able = [
            n
            for n in onto.able(step.total_seconds(), items)
            if n in patterns.PATTERNS and n != other
        ]
        days = sum(part["start"].dt.date().n_unique() for part in rows.partition_by("site"))
        quiet = patterns.detect(records(pl.concat([rows, beside]), step), known, tuning)
        counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for seed in SEEDS:
            planted = onto.deal(rows, able, seed=seed)
            labels = onto.labels(planted)
            whole = pl.concat([onto.onto(rows, planted).select(KEYS), beside])
            found = patterns.detect(records(whole, step), known, tuning)
            for row in judged(found, labels).iter_rows(named=True):
                kind = "right" if row["right"] else "excusable" if row["excusable"] else "false"
                counts[row["pattern"]][kind] += 1
            for row in events(found, labels).iter_rows(named=True):
                counts[row["pattern"]]["events"] += 1
                counts[row["pattern"]]["found"] += row["found"]
        print(
            f"{name}: {days} outlet-days untouched, {len(SEEDS)} times planted: {', '.join(able)}"
        )
        print("  pattern  found/events  recall  right excusable false  untouched: alarms per day")
        for pattern in patterns.PATTERNS:
            one, alarms = counts[pattern], quiet.filter(pl.col("pattern") == pattern).height
            told = one["right"] + one["excusable"] + one["false"]
            if not (told or one["events"] or alarms):
                continue
            recall = one["found"] / one["events"] if one["events"] else None
            shown = "     -" if recall is None else f"{recall:6.2f}"
            print(
                f"  {pattern}  {one['found']:>5}/{one['events']:<5} {shown}"
                f"  {one['right']:>5} {one['excusable']:>5} {one['false']:>5}   {alarms / days:.5f}"
            )
            report.figures.append(
                {"what": f"{name} {pattern}", "recall": recall}
                | {"precision": one["right"] / told if told else None}
                | {key: one[key] for key in ("events", "found", "right", "excusable", "false")}
                | {"outlet_days": days, "false_alarms_per_outlet_day": alarms / days}
            )
    print(f"saved {report.save()}")


if __name__ == "__main__":
    main()
