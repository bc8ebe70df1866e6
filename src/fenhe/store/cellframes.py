"""Frames of verdict cells: what may be written, where it is looked for, what differs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from fenhe.base.errors import BadInput

KEY = ["assessment", "site", "start"]
REQUIRED = ["site", "start", "end", "input_digest", "n_valid", "n_due", "method_version"]
SUPERSEDED = {
    "superseded_commit": pl.Int64(),
    "superseded_at": pl.Datetime("us"),
    "actor": pl.String(),
}
_SPAN = {"site": pl.String(), "since": pl.Datetime("us"), "until": pl.Datetime("us")}


@dataclass(frozen=True)
class Batch:
    """Cells of one assessment that are to be written; see ``Cells.write``."""

    assessment: str
    method: str
    frame: pl.DataFrame
    within: pl.DataFrame | None = None


def nothing() -> pl.DataFrame:
    """Return no cells, with the columns every cell has."""
    text, whole, instant = pl.String(), pl.Int64(), pl.Datetime("us")
    return pl.DataFrame(
        schema={
            "assessment": text,
            "site": text,
            "start": instant,
            "end": instant,
            "input_digest": text,
            "n_valid": whole,
            "n_due": whole,
            "method_version": text,
            "commit": whole,
        }
    )


def checked(assessment: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the cells with their key first; a frame without rows may lack its columns."""
    if frame.is_empty():
        frame = nothing().drop("assessment", "commit")
    absent = [name for name in REQUIRED if name not in frame.columns]
    if absent:
        raise BadInput(f"cells need the columns {', '.join(absent)}")
    untyped = [name for name, kind in frame.schema.items() if kind == pl.Null]
    if untyped:
        raise BadInput(f"cell columns {', '.join(untyped)} have no type; cast them")
    reserved = [name for name in ("commit", *SUPERSEDED) if name in frame.columns]
    if reserved:
        raise BadInput(f"cell columns {', '.join(reserved)} belong to the store")
    cells = frame.with_columns(
        pl.lit(assessment).alias("assessment"), pl.col("start", "end").cast(pl.Datetime("us"))
    )
    if cells.select(KEY).is_duplicated().any():
        raise BadInput("a cell is told twice: site and start must be unique")
    return cells.select(*KEY, pl.exclude(KEY))


def fitted(cells: pl.DataFrame, known: pl.Schema) -> pl.DataFrame:
    """Give the cells the columns and types of their table; new columns come last."""
    absent = [
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in known.items()
        if name not in cells.columns
    ]
    added = [name for name in cells.columns if name not in known]
    try:
        return cells.with_columns(absent).select(
            *(pl.col(name).cast(kind) for name, kind in known.items()), *added
        )
    except pl.exceptions.PolarsError as error:
        raise BadInput(f"cells do not fit the table of their method: {error}") from error


def named(batch: Batch) -> pl.DataFrame:
    """Return the spans a batch says everything about: assessment, site, since, until."""
    spans = pl.DataFrame(schema=_SPAN) if batch.within is None else batch.within
    return _merged(spans).select(pl.lit(batch.assessment).alias("assessment"), *_SPAN)


def looked(batch: Batch, cells: pl.DataFrame) -> pl.DataFrame:
    """Return where standing cells are looked for: the spans named, and the days of the cells."""
    day = pl.col("start").dt.truncate("1d")
    days = cells.select("site", since=day, until=day + timedelta(days=1)).unique()
    spans = pl.concat([named(batch).select(*_SPAN), days])
    return _merged(spans).select(pl.lit(batch.assessment).alias("assessment"), *_SPAN)


def inside(rows: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that start in one of the spans; these are apart from each other."""
    if rows.is_empty() or spans.is_empty():
        return rows.clear()
    keys = ["assessment", "site"]
    last = spans.sort("since").select(*keys, "since", _last="until")
    beside = rows.sort("start").join_asof(
        last, left_on="start", right_on="since", by=keys, coalesce=False, check_sortedness=False
    )
    return beside.filter(pl.col("start") < pl.col("_last")).select(rows.columns)


def _merged(within: pl.DataFrame) -> pl.DataFrame:
    """Return the spans (site, since, until) with those that touch or overlap made one."""
    moments = pl.col("since", "until").cast(pl.Datetime("us"))
    spans = within.select("site", moments).filter(pl.col("since") < pl.col("until"))
    spans = spans.sort("site", "since")
    ended = pl.col("until").cum_max().shift().over("site")
    begins = (pl.col("since") > ended).fill_null(value=True)
    run = begins.cast(pl.Int64).cum_sum()
    return (
        spans.with_columns(run=run)
        .group_by("site", "run")
        .agg(pl.col("since").min(), pl.col("until").max())
        .drop("run")
    )


def compare(cells: pl.DataFrame, standing: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the cells that are new and those that differ from the standing version."""
    fresh = cells.join(standing.select(KEY), on=KEY, how="anti")
    payload = [name for name in cells.columns if name not in {*KEY, "method_version"}]
    shared = [name for name in payload if name in standing.columns]
    beside = cells.join(standing, on=KEY, suffix="_was")
    differs = [pl.col(name).ne_missing(pl.col(f"{name}_was")) for name in shared]
    differs += [pl.col(name).is_not_null() for name in payload if name not in shared]
    return fresh, beside.filter(pl.any_horizontal(differs)).select(cells.columns)
