"""What an operator declares (标记) as flags on the values it is about."""

from __future__ import annotations

from functools import cache

import polars as pl

from fenhe.base.errors import BadInput
from fenhe.quality.logger import EDITION
from fenhe.standards import catalogue
from fenhe.standards.model import Row

_KEPT = "mark_standard_check"  # an automatic one that a manual mark never replaces
_FLAG = ["site", "item", "statistic", "start", "end", "check", "version", "limit", "reason"]


@cache
def codes() -> tuple[Row, ...]:
    """Return the known codes: of, code, check, zh, en; ``*`` stands for any other code."""
    return catalogue().edition(EDITION).table("marks").rows


def check_of(kind: str, code: str) -> str:
    """Return the flag of a mark; one of an unknown code has the word of its kind.

    Raises ``BadInput`` for a kind other than ``facility`` and ``instrument``.
    """
    known = {(row["of"], row["code"]): str(row["check"]) for row in codes()}
    if (kind, "*") not in known:
        raise BadInput(f"a mark is of a facility or an instrument, not of '{kind}'")
    return known.get((kind, code), known[kind, "*"])


def standing(marks: pl.DataFrame) -> pl.DataFrame:
    """Return the marks that count: a manual one stands for every automatic one it covers whole.

    ``marks``: site, kind, code, start, end, channel (``manual`` or ``auto``). Automatic marks of
    a check with a standard sample always stay; one that is covered in part stays as well.
    """
    checks = [check_of(*pair) for pair in marks.select("kind", "code").iter_rows()]
    rows = marks.with_row_index("mark_row").with_columns(
        pl.Series("check", checks, dtype=pl.String)
    )
    manual = rows.filter(pl.col("channel") == "manual").select(
        "site", pl.col("start").alias("from"), pl.col("end").alias("to")
    )
    covered = (
        rows.filter(pl.col("channel") != "manual", pl.col("check") != _KEPT)
        .join(manual, on="site")
        .filter(pl.col("from") <= pl.col("start"), pl.col("to") >= pl.col("end"))
    )
    return rows.join(covered, on="mark_row", how="anti").drop("mark_row")


def flags(marks: pl.DataFrame, series: pl.DataFrame) -> pl.DataFrame:
    """Return the flags of marks on the series they are about.

    ``marks``: as for ``standing``, and reason; optional items (list; empty: all items of the
    site) and id. ``series``: site, item, statistic. Columns of the result: site, item,
    statistic, start, end (naive UTC), check, version (the mark's id), limit (null), reason.
    """
    items = pl.col("items") if "items" in marks.columns else pl.lit([], dtype=pl.List(pl.String))
    number = pl.col("id") if "id" in marks.columns else pl.lit(None)
    rows = standing(marks).with_columns(
        items.alias("items"), number.cast(pl.String).alias("version")
    )
    about = pl.col("items").list.len().eq(0) | pl.col("items").list.contains(pl.col("item"))
    return (
        rows.join(series.select("site", "item", "statistic"), on="site")
        .filter(about)
        .with_columns(limit=pl.lit(None, dtype=pl.String), reason=_reason())
        .select(_FLAG)
        .sort("site", "item", "statistic", "start", "check")
    )


def _reason() -> pl.Expr:
    """The code, and what the operator wrote."""
    wrote = pl.col("reason").fill_null("").str.strip_chars()
    return pl.when(wrote == "").then("code").otherwise(pl.format("{}: {}", "code", wrote))
