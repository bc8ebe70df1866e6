"""Checks between two items of one place and moment: order, condition, fitted relation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from fenhe.base.errors import BadInput
from fenhe.quality.flags import Quality

Kind = Literal["order", "while", "line"]
KINDS: tuple[Kind, ...] = ("order", "while", "line")
CHECK = "cross"
_LEAST = 30  # pairs a line may be laid through
_MOMENT = ["site", "statistic", "start", "end"]


@dataclass(frozen=True)
class Relation:
    """What must hold between ``left`` and ``right`` of one site and moment.

    ``order``: left is at most right. ``while``: when left is above ``above``, right lies
    between ``low`` and ``high``. ``line``: right is off ``intercept + slope * left`` by at most
    ``allowed``. ``site`` and ``statistic``: ``*`` is any.
    """

    name: str
    kind: Kind
    left: str
    right: str
    numbers: Mapping[str, float]
    statistic: str = "*"
    site: str = "*"

    def __post_init__(self) -> None:
        needed = {"order": (), "while": ("above",), "line": ("slope", "intercept", "allowed")}
        if self.kind not in needed:
            raise BadInput(f"relation {self.name}: '{self.kind}' is none of {', '.join(KINDS)}")
        for name in needed[self.kind]:
            if name not in self.numbers:
                raise BadInput(f"relation {self.name} lacks the number '{name}'")


def run(
    rows: pl.DataFrame, relations: Iterable[Relation], version: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return flags and coverage of relations; a flag on both items of each moment that fails.

    ``rows``: site, item, statistic, start, end, value; optional quality (from ``VOID`` up a value
    is not looked at). A moment that lacks one of the two is not checked. The limit of a flag is
    the name of the relation, its reason the two values.
    """
    good = rows
    if "quality" in rows.columns:
        good = rows.filter(pl.col("quality") < int(Quality.VOID))
    flags, seen = [], []
    for relation in relations:
        pairs = _pairs(good, relation)
        if pairs.is_empty():
            continue
        both = pl.lit([relation.left, relation.right], dtype=pl.List(pl.String))
        told = pairs.with_columns(
            item=both, check=pl.lit(CHECK), version=pl.lit(version), limit=pl.lit(relation.name)
        )
        failed = told.filter(_fails(relation)).with_columns(reason=_reason(relation))
        order = ["site", "item", *_MOMENT[1:], "check", "version"]
        flags.append(failed.explode("item").select(*order, "limit", "reason"))
        seen.append(told.explode("item").select(order))
    if not seen:
        empty = rows.select("site", "item", *_MOMENT[1:]).clear()
        words = {name: pl.lit(None, dtype=pl.String) for name in ("check", "version")}
        bare = empty.with_columns(**words)
        also = {name: pl.lit(None, dtype=pl.String) for name in ("limit", "reason")}
        return bare.with_columns(**also), bare
    return _ends(pl.concat(flags)), joined(_ends(pl.concat(seen)))


def _pairs(rows: pl.DataFrame, relation: Relation) -> pl.DataFrame:
    """Return the moments that have both values, as columns left and right."""
    wanted = pl.lit(value=True)
    for name in ("statistic", "site"):
        if getattr(relation, name) != "*":
            wanted &= pl.col(name) == getattr(relation, name)
    mine = rows.filter(wanted)
    left, right = (
        mine.filter(pl.col("item") == item)
        .unique(_MOMENT, keep="last", maintain_order=True)
        .select(*_MOMENT, pl.col("value").alias(side))
        for side, item in (("left", relation.left), ("right", relation.right))
    )
    return left.join(right.drop("end"), on=["site", "statistic", "start"], maintain_order="left")


def _fails(relation: Relation) -> pl.Expr:
    left, right, numbers = pl.col("left"), pl.col("right"), relation.numbers
    if relation.kind == "order":
        return left > right
    if relation.kind == "line":
        return (right - numbers["intercept"] - numbers["slope"] * left).abs() > numbers["allowed"]
    low, high = numbers.get("low", -np.inf), numbers.get("high", np.inf)
    return (left > numbers["above"]) & ((right < low) | (right > high))


def _reason(relation: Relation) -> pl.Expr:
    one, other = (pl.col(side).cast(pl.String).str.strip_suffix(".0") for side in ("left", "right"))
    return pl.format("{} {}, {} {}", pl.lit(relation.left), one, pl.lit(relation.right), other)


def _ends(rows: pl.DataFrame) -> pl.DataFrame:
    """An instant is covered by one second."""
    return rows.with_columns(end=pl.max_horizontal("end", pl.col("start") + pl.duration(seconds=1)))


def joined(seen: pl.DataFrame) -> pl.DataFrame:
    """Return coverage with stretches that touch made one."""
    keys = ["site", "item", "statistic", "check", "version"]
    return (
        seen.unique()
        .sort(*keys, "start")
        .with_columns(
            part=(pl.col("start") > pl.col("end").cum_max().shift())
            .fill_null(False)
            .cum_sum()
            .over(keys)
        )
        .group_by(*keys, "part", maintain_order=True)
        .agg(pl.col("start").first(), pl.col("end").max())
        .select("site", "item", "statistic", "start", "end", "check", "version")
    )


def fit_line(left: pl.Series, right: pl.Series, share: float) -> dict[str, float]:
    """Return slope, intercept and what all but a share of a good set keep to.

    Least squares, once more without the tenth that lies furthest off. Raises ``BadInput`` for
    less than 30 pairs or a left side that never changes.
    """
    x, y = left.to_numpy().astype(np.float64), right.to_numpy().astype(np.float64)
    if len(x) < _LEAST or np.ptp(x) == 0:
        raise BadInput("a relation needs 30 pairs, and a left side that changes")
    slope, intercept = np.polyfit(x, y, 1)
    off = np.abs(y - intercept - slope * x)
    near = off <= np.quantile(off, 0.9)
    slope, intercept = np.polyfit(x[near], y[near], 1)
    off = np.abs(y - intercept - slope * x)
    allowed = float(np.quantile(off, 1 - share))
    return {"slope": float(slope), "intercept": float(intercept), "allowed": allowed}
