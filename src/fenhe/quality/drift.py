"""Drift between two calibrations of an analyser, as a share of its full scale."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from fenhe.standards.model import Edition

_FLAG = ["site", "item", "statistic", "start", "end", "check", "version", "limit", "reason"]


@dataclass(frozen=True)
class Bounds:
    """Per cent of full scale: beyond ``drift`` is worth a flag, beyond ``control`` the analyser
    was out of control.
    """

    drift: float
    control: float


def bounds(edition: Edition) -> dict[str, Bounds]:
    """Return the bounds of an edition's table ``drift`` for ``zero`` and ``span``."""
    return {
        row["reading"]: Bounds(float(row["drift"]), float(row["control"]))
        for row in edition.table("drift").rows
    }


def between(
    calibrations: pl.DataFrame, allowed: dict[str, Bounds], version: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return flags and coverage of the spans between calibrations.

    ``calibrations``: site, item, statistic, start (the former calibration), end (this one),
    reading (``zero`` or ``span``), gap (reading less reference before it was adjusted, in the
    unit of the value), full_scale (same unit). A span beyond a bound is flagged whole, back to
    the former calibration: when within it the drift came about is not known. Rows of another
    reading, or without gap or full scale, are not checked.
    """
    numbers = pl.DataFrame(
        [{"reading": name, "drift": b.drift, "control": b.control} for name, b in allowed.items()]
    )
    known = (
        calibrations.join(numbers, on="reading")
        .with_columns(share=100 * pl.col("gap") / pl.col("full_scale"))
        .filter(pl.col("share").is_finite())
        .with_columns(version=pl.lit(version))
    )
    beyond = known.filter(pl.col("share").abs() > pl.col("drift"))
    out = pl.col("share").abs() > pl.col("control")
    flags = beyond.with_columns(
        check=pl.when(out).then(pl.lit("out_of_control")).otherwise(pl.lit("drift")),
        limit=pl.format("{} ± {} %", "reading", pl.when(out).then("control").otherwise("drift")),
        reason=pl.format("{} %", pl.col("share").round(3)),
    )
    seen = known.with_columns(check=pl.lit("drift"))
    return flags.select(_FLAG), seen.select(_FLAG[:7])


def corrected(rows: pl.DataFrame, calibrations: pl.DataFrame) -> pl.DataFrame:
    """Return what the values would be if each gap had grown evenly: a proposal, never stored.

    ``rows``: site, item, statistic, start, value. Adds ``proposed``; equal to the value outside
    all spans.
    """
    spans = calibrations.select(
        "site", "item", "statistic", pl.col("start").alias("from"), pl.col("end").alias("to"), "gap"
    ).sort("from")
    joined = rows.sort("start").join_asof(
        spans,
        left_on="start",
        right_on="from",
        by=["site", "item", "statistic"],
        check_sortedness=False,  # sorted just above; within groups it can not be checked
    )
    inside = pl.col("start") < pl.col("to")
    passed = (pl.col("start") - pl.col("from")) / (pl.col("to") - pl.col("from"))
    return joined.with_columns(
        proposed=pl.when(inside).then(pl.col("value") - pl.col("gap") * passed).otherwise("value")
    ).drop("from", "to", "gap")
