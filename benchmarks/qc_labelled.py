"""Checks on labelled sensor data: precision and recall of each check, by series.

Sets: Logan River 2019 (technicians' labels, pyhydroqc, BSD-3), Sandy Creek 2017-2018 (oddwater),
NAB ambient and machine temperature (windows around failures). Rates, spikes and flat lines are
fitted on the first quarter of each series, on its values that carry no label, so that one value
in 2,000 of them is flagged; the rest is scored. A range can not be fitted on a quarter of a
year: it is physical (pH 0 to 14, the others but temperature not negative). A value counts as
found when a flag of the check covers it. Labels of drift and of slow faults are not what single
checks look for: recall on them is low by design.
Calibration gaps of the Logan River set: the correction of the technicians beside the even growth
of the gap. Run: ``python benchmarks/qc_labelled.py [FOLDER]``; without a folder the excerpts kept
with the tests are scored, and nothing is saved.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl
from common import Report

from fenhe.quality import checks, drift, fit
from fenhe.quality.config import Config, Rule

SHARE = 1 / 2000
REACH = 1.5
SENTINELS = (-9999.0, 7999.0)
EXCERPTS = Path(__file__).parents[1] / "tests/data/quality/labelled"
NEVER_BELOW = ("cond", "do", "turb", "stage", "level", "tur")
PHYSICAL = {"ph": {"low": 0.0, "high": 14.0}} | {name: {"low": 0.0} for name in NEVER_BELOW}
LRO = ("temp", "cond", "ph", "do", "turb", "stage")


def lro(folder: Path) -> pl.DataFrame:
    """Return the Logan River series: series, start, value, bad."""
    raw = pl.read_parquet(folder / "lro_mainstreet2019.parquet").rename({"datetime": "start"})
    parts = [
        raw.select(
            pl.lit(f"lro {item}").alias("series"),
            "start",
            pl.col(item).alias("value"),
            pl.col(f"{item}_qual").is_not_null().alias("bad"),
        )
        for item in LRO
        if item in raw.columns
    ]
    return pl.concat(parts)


def sandy(folder: Path) -> pl.DataFrame:
    """Return the Sandy Creek series."""
    raw = pl.read_parquet(folder / "oddwater_sandy.parquet").rename({"Timestamp": "start"})
    parts = [
        raw.select(
            pl.lit(f"sandy {item.lower()}").alias("series"),
            "start",
            pl.col(item).alias("value"),
            (pl.col(f"label_{item}") == 1).alias("bad"),
        )
        for item in ("Level", "Cond", "Tur")
    ]
    return pl.concat(parts)


def nab(folder: Path) -> pl.DataFrame:
    """Return the two temperature series."""
    parts = []
    for name in ("ambient", "machine"):
        path = folder / f"nab_{name}_temperature_system_failure.parquet"
        if not path.exists():
            continue
        raw = pl.read_parquet(path)
        parts.append(
            raw.select(
                pl.lit(f"nab {name}").alias("series"),
                pl.col("timestamp").alias("start"),
                "value",
                pl.col("in_anomaly_window").alias("bad"),
            )
        )
    return pl.concat(parts)


def shaped(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows as the checks take them; a code for missing is no value."""
    return rows.filter(~pl.col("value").is_in(SENTINELS)).select(
        pl.col("series").alias("site"),
        pl.col("series").alias("item"),
        pl.lit("instant").alias("statistic"),
        pl.col("start").cast(pl.Datetime("us")),
        pl.col("start").cast(pl.Datetime("us")).alias("end"),
        "value",
        "bad",
    )


def rules(tuning: pl.DataFrame) -> tuple[Rule, ...]:
    """Return rules fitted on good values, and physical ranges."""
    found = fit.thresholds(tuning, SHARE, REACH)
    made = []
    for row in found.iter_rows(named=True):
        numbers = {row["name"]: row["figure"]}
        if row["check"] == "range":
            numbers = PHYSICAL.get(row["parameter"].split()[1], {})
        if row["check"] == "flat":
            numbers["tolerance"] = 0.0
        if numbers:
            made.append(Rule(row["check"], numbers, row["parameter"]))
    return tuple(made)


def scored(rows: pl.DataFrame, report: Report) -> None:
    """Fit, check and print each series of a set."""
    for (name,), part in (
        rows.unique(["series", "start"], keep="last")
        .sort("start")
        .group_by("series", maintain_order=True)
    ):
        quarter = part["start"].quantile(0.25)
        known = shaped(part.filter(pl.col("start") <= quarter, ~pl.col("bad")))
        later = shaped(part.filter(pl.col("start") > quarter))
        flags, _ = checks.run(later, Config("FIT", rules(known), REACH))
        bad = int(later["bad"].sum())
        for check in ("range", "rate", "spike", "flat", "any"):
            mine = flags if check == "any" else flags.filter(pl.col("check") == check)
            hit = _hit(later, mine)
            right = int((hit & later["bad"]).sum())
            told = int(hit.sum())
            precision, recall = (right / told if told else None), (right / bad if bad else None)
            print(
                f"{name!s:<14} {check:<6} flagged {told:>6}  right {right:>6} of {bad:>6} labelled"
                f"  precision {'-' if precision is None else f'{precision:.3f}'}"
                f"  recall {'-' if recall is None else f'{recall:.3f}'}"
            )
            report.figures.append(
                {"what": f"{name} {check}", "flagged": told, "right": right, "labelled": bad}
                | {"values": later.height, "precision": precision, "recall": recall}
            )


def _hit(rows: pl.DataFrame, flags: pl.DataFrame) -> pl.Series:
    """Return which values a flag covers."""
    spans = flags.select(pl.col("start").alias("from"), pl.col("end").alias("to")).sort("from")
    reach = spans.with_columns(pl.col("to").cum_max())
    joined = rows.select("start").join_asof(reach, left_on="start", right_on="from")
    return joined.select((pl.col("start") < pl.col("to")).fill_null(value=False)).to_series()


def calibrations(folder: Path, report: Report) -> None:
    """Print how near the even growth of calibration gaps comes to the technicians' correction."""
    raw = pl.read_parquet(folder / "lro_mainstreet2019.parquet").rename({"datetime": "start"})
    for item in ("cond", "ph", "do"):
        path = folder / f"lro_mainstreet_{item}_calib_dates.csv"
        if not path.exists():
            continue
        lines = path.read_text("utf-8-sig")
        cells = [line.split(",")[:3] for line in lines.splitlines() if line.count("20") >= 2]
        spans = (
            pl.DataFrame(cells, schema=["start", "end", "gap"], orient="row")
            .with_columns(
                pl.col("start", "end").str.to_datetime("%Y-%m-%d %H:%M", time_unit="us"),
                -pl.col("gap").cast(pl.Float64),  # theirs is reference less reading
                site=pl.lit("lro"),
                item=pl.lit(item),
                statistic=pl.lit("instant"),
            )
            .filter(pl.col("start").dt.year() == 2019)
        )
        if spans.is_empty():
            continue
        rows = raw.select(
            pl.lit("lro").alias("site"),
            pl.lit(item).alias("item"),
            pl.lit("instant").alias("statistic"),
            pl.col("start").cast(pl.Datetime("us")),
            pl.col(item).alias("value"),
            pl.col(f"{item}_cor").alias("theirs"),
        ).filter(pl.col("theirs") > -9000)
        inside = drift.corrected(rows, spans).filter(
            (pl.col("proposed") != pl.col("value")) | (pl.col("theirs") != pl.col("value"))
        )
        before, after = (
            float((inside["theirs"] - inside[name]).abs().median())
            for name in ("value", "proposed")
        )
        print(
            f"{item}: {spans.height} spans, median distance {before:.4g} raw, {after:.4g} proposed"
        )
        report.figures.append(
            {"what": f"calibration gaps {item}", "spans": spans.height, "values": inside.height}
            | {"median_distance_raw": before, "median_distance_proposed": after}
        )


def main() -> None:
    """Score every set, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=EXCERPTS)
    folder = parser.parse_args().folder
    report = Report("qc_labelled")
    for name, rows in (("lro_mainstreet2019", lro), ("oddwater_sandy", sandy), ("nab_", nab)):
        if any(folder.glob(f"{name}*.parquet")):
            scored(rows(folder), report)
    calibrations(folder, report)
    if folder != EXCERPTS:
        print(f"saved {report.save()}")


if __name__ == "__main__":
    main()
