"""Fit the thresholds of the checks on air values, and write the tables of AIRQC-2026.

Tuning set: the UCI Beijing multi-site hours up to 2015-02 of the stations given (Aotizhongxin,
Dingling, Dongsi, Shunyi); highest values also from hours of all national stations 2018-2019 and
Shanxi's of 2020-04. Run: ``python benchmarks/qc_fit.py FOLDER`` with the folder that holds
``beijing_uci_hourly_4stations.parquet``, ``cnemc_station_hour_national.parquet`` and
``shanxi_station_hour_2020-04.parquet``; ``--write`` replaces the tables.
"""

from __future__ import annotations

import argparse
import csv
from datetime import datetime
from pathlib import Path

import polars as pl

from fenhe.quality import fit

TABLES = Path(__file__).parents[1] / "src/fenhe/standards/air/quality"
UNITS = {"pm25": "µg/m³", "pm10": "µg/m³", "so2": "µg/m³", "no2": "µg/m³", "o3": "µg/m³"} | {
    "co": "mg/m³"
}
UNTIL = datetime(2015, 3, 1)
REACH = 1.5
CAP = 1071  # ozone values that look like the end of a scale; so does 999 of particles
RARE = 0.0001  # of the values of the tuning set: about one hour a year
STILL = 0.002  # of the values above the floor may stand still that long
LOW = 0.05  # of the values lie at or below the floor: near the detection limit nothing moves


def long(path: Path, site: str, time: str) -> pl.DataFrame:
    """Return a table of stations as series of hours; labels name the end of the hour."""
    wide = pl.read_parquet(path)
    rows = wide.unpivot(list(UNITS), index=[site, time], variable_name="item").drop_nulls("value")
    return rows.select(
        pl.col(site).cast(pl.String).alias("site"),
        "item",
        pl.lit("1h").alias("statistic"),
        (pl.col(time) - pl.duration(hours=9)).alias("start"),
        (pl.col(time) - pl.duration(hours=8)).alias("end"),
        pl.col("value").cast(pl.Float64),
    )


def tuning_set(folder: Path) -> pl.DataFrame:
    """Return the hours the thresholds are fitted on; CO of the source is in µg/m³."""
    rows = long(folder / "beijing_uci_hourly_4stations.parquet", "station", "ts")
    is_co = pl.col("item") == "co"
    value = pl.when(is_co).then(pl.col("value") / 1000).otherwise(pl.col("value"))
    capped = (is_co.not_() & (pl.col("value") == 999)) | (pl.col("value").round(0) == CAP)
    return rows.filter(pl.col("start") < UNTIL, ~capped).with_columns(value)


def highest(folder: Path, tuning: pl.DataFrame) -> dict[str, float]:
    """Return the highest value of each item in any of the sets, rounded outwards."""
    sets = [
        tuning,
        long(folder / "cnemc_station_hour_national.parquet", "station_code", "ts"),
        long(folder / "shanxi_station_hour_2020-04.parquet", "station_name", "ts"),
    ]
    tops = pl.concat([rows.group_by("item").agg(pl.col("value").max()) for rows in sets])
    return {
        item: fit.outward(top)
        for item, top in tops.group_by("item").agg(pl.col("value").max()).iter_rows()
    }


def unlike(tuning: pl.DataFrame) -> list[tuple[str, float]]:
    """Return for each item how far all but a share of values keep to the other three stations."""
    keys = ["item", "start"]
    others = tuning.select(*keys, pl.col("site").alias("other"), pl.col("value").alias("there"))
    away = (
        tuning.join(others, on=keys)
        .filter(pl.col("site") != pl.col("other"))
        .group_by("site", *keys, "value")
        .agg(pl.col("there").median(), pl.len())
        .filter(pl.col("len") == 3)
        .with_columns(off=(pl.col("value") - pl.col("there")).abs())
    )
    found = away.group_by("item").agg(pl.col("off").quantile(1 - RARE)).sort("item")
    return [(item, fit.outward(off)) for item, off in found.iter_rows()]


def main() -> None:
    """Fit, print and, when asked, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    if given.folder is None:
        print("give the folder with the sets; the fitted tables are data of AIRQC-2026")
        return
    tuning = tuning_set(given.folder)
    rare = fit.thresholds(tuning, RARE, REACH)
    floors = dict(tuning.group_by("item").agg(pl.col("value").quantile(LOW)).iter_rows())
    floor = pl.col("item").replace_strict(list(floors), list(floors.values()))
    moving = tuning.filter(pl.col("value") > floor)
    still = fit.thresholds(moving, STILL, REACH).filter(pl.col("check") == "flat")
    figures = dict(rare.select(pl.concat_str("parameter", "check"), "figure").iter_rows())
    tables: dict[str, list[dict[str, object]]] = {"range": [], "rate": [], "spike": [], "flat": []}
    for item, top in sorted(highest(given.folder, tuning).items()):
        common = {"parameter": item, "statistic": "1h"}
        known = {"unit": UNITS[item]}
        tables["range"].append(common | {"low": 0, "high": top} | known)
        tables["rate"].append(common | {"per_hour": figures[f"{item}rate"]} | known)
        tables["spike"].append(common | {"above": figures[f"{item}spike"]} | known)
    for item, minutes in still.select("parameter", "figure").sort("parameter").iter_rows():
        floor_of = fit.outward(floors[item])
        common = {"parameter": item, "statistic": "1h", "minutes": minutes, "tolerance": 0}
        tables["flat"].append(common | {"floor": floor_of, "unit": "min"})
    tables["neighbour"] = [
        {"parameter": item, "statistic": "1h", "above": above, "least": 3, "unit": UNITS[item]}
        for item, above in unlike(tuning)
    ]
    for name, rows in tables.items():
        print(name, *rows, sep="\n  ")
        if given.write:
            with (TABLES / f"2026.{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)


if __name__ == "__main__":
    main()
