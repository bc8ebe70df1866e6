"""Percentiles of daily values by the rank rule of HJ 663, A.6."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import narwhals as nw

from fenhe.base.errors import BadInput
from fenhe.methods import exact, intake
from fenhe.methods.across import AcrossRows
from fenhe.methods.air.evaluation import EVALUATION, ITEMS
from fenhe.methods.air.words import EDITION, REASON, STATUS, UNVERIFIED
from fenhe.methods.contract import Call, Column, Param
from fenhe.standards import Edition

AREA, ITEM, VALUE = "area", "item", "value"

#: Decimals a p may be given with.
P_DECIMALS = 3

_P = f"{intake.PRIVATE}percentile_"
_HELD, _RANK, _N, _SHARE, _LOW, _AT, _NEXT, _RESULT, _KEY = (
    f"{_P}{n}" for n in ("held", "rank", "n", "share", "low", "at", "next", "result", "key")
)
_WHOLE = exact.power10(P_DECIMALS + 2)  # 100 % as an integer
_RULE = "linear_between_ranks"


def evaluate(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return one row per area, and item where there is one: ``p``, ``n`` and ``value``.

    Values ascending, k = 1 + (n - 1) · p / 100, s = floor(k): X(s) + (X(s+1) - X(s)) (k - s),
    held at 10^-6 (A.6). ``p`` is that of the parameter, else the one the edition evaluates
    the item by. The minimum of values of a year is not looked at: see ``air.evaluate``.
    """
    rule = edition.value("percentile_rule")
    if rule.text != _RULE:
        raise BadInput(f"{rule.id} is not '{_RULE}', which this version computes")
    frame = _keyed(frame, call)
    frame = frame.with_columns(_share(edition, call.params["p"]).alias(_SHARE))
    value = nw.col(intake.number(VALUE))
    held = {_HELD: (nw.when(value >= 0).then(value), call.decimals[VALUE], exact.WORKING_SCALE)}
    frame = exact.with_rescaled(frame, held)
    there = ~nw.col(_HELD).is_null()
    # rows without a value form groups of their own: not every engine leaves nulls unranked
    frame = frame.with_columns(there.alias(_NEXT))
    keys = (AREA, ITEM, _SHARE)
    frame = frame.with_columns(
        nw.col(_HELD).rank("ordinal").over(*keys, _NEXT).alias(_RANK),
        exact.integer(nw.when(there).then(1).otherwise(0)).alias(_AT),
    )
    frame = frame.with_columns(exact.integer(nw.col(_AT).sum().over(*keys)).alias(_N))
    return _result(_picked(frame, keys), edition, call).sort(AREA, ITEM)


def _keyed(frame: nw.LazyFrame[Any], call: Call) -> nw.LazyFrame[Any]:
    if ITEM in frame.collect_schema():
        return frame.with_columns(_folded(nw.col(ITEM)).alias(_KEY))
    if call.params["p"] is None:
        raise BadInput("without a column 'item' the percentile must be named: --param p=95")
    none = exact.text(nw.lit(None))
    return frame.with_columns(none.alias(ITEM), none.alias(_KEY))


def _folded(item: nw.Expr) -> nw.Expr:
    text = exact.text(item).str.strip_chars().str.to_lowercase()
    return text.str.replace_all(".", "", literal=True)


def _share(edition: Edition, p: Decimal | None) -> nw.Expr:
    """Return p as an integer with its decimals; null for an item without a percentile."""
    if p is not None:
        return nw.lit(exact.scaled(p, P_DECIMALS), nw.Int64)
    result: nw.Expr = nw.lit(None, nw.Int64)
    for item, share in _of_items(edition).items():
        known = nw.lit(exact.scaled(Decimal(share), P_DECIMALS), nw.Int64)
        result = nw.when(nw.col(_KEY) == item).then(known).otherwise(result)
    return result


def _of_items(edition: Edition) -> Mapping[str, int]:
    rows = edition.table("evaluation_items").where(statistic="percentile")
    return {row["item"]: int(row["percentile"]) for row in rows if row["item"] in ITEMS}


def _picked(frame: nw.LazyFrame[Any], keys: Sequence[str]) -> nw.LazyFrame[Any]:
    """Keep of each group the values on either side of k."""
    counted = nw.when(nw.col(_N) > 0).then(nw.col(_N))
    low = exact.floor_div_small((counted - 1) * nw.col(_SHARE), _WHOLE, nw.Int64) + 1
    frame = frame.with_columns(low.alias(_LOW))
    rank = exact.integer(nw.col(_RANK))
    frame = frame.with_columns(
        nw.when(rank == nw.col(_LOW)).then(nw.col(_HELD)).otherwise(0).alias(_AT),
        nw.when(rank == nw.col(_LOW) + 1).then(nw.col(_HELD)).otherwise(0).alias(_NEXT),
    )
    frame = frame.group_by(*keys).agg(
        exact.integer(nw.col(_AT).sum()).alias(_AT),
        exact.integer(nw.col(_NEXT).sum()).alias(_NEXT),
        exact.integer(nw.col(_N).max()).alias(_N),
        exact.integer(nw.col(_LOW).max()).alias(_LOW),
    )
    rest = (nw.col(_N) - 1) * nw.col(_SHARE) - (nw.col(_LOW) - 1) * _WHOLE
    above = nw.when(rest > 0).then((nw.col(_NEXT) - nw.col(_AT)) * rest).otherwise(0)
    there = nw.when(nw.col(_N) > 0).then(exact.guarded(nw.col(_AT) * _WHOLE + above))
    return exact.with_half_even(frame, {_RESULT: (there, _WHOLE)})


def _result(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    none, unknown = nw.col(_N) == 0, nw.col(_SHARE).is_null()
    known = ~nw.col(_RESULT).is_null()
    why = nw.when(unknown).then(nw.lit("unknown_item")).when(none).then(nw.lit("no_data"))
    made = {
        "p": exact.to_float(nw.col(_SHARE), P_DECIMALS),
        "n": nw.col(_N),
        "value": exact.to_float(nw.col(_RESULT), exact.WORKING_SCALE),
        "status": nw.when(known).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        "reason": why.when(~known).then(nw.lit("too_large")),
        "unverified": exact.text(nw.lit(None)),
        "edition": nw.lit(edition.id),
    }
    if call.trace:
        made["rank"] = nw.col(_LOW)
        made["at_rank"] = exact.to_float(nw.col(_AT), exact.WORKING_SCALE)
        made["at_next"] = exact.to_float(nw.col(_NEXT), exact.WORKING_SCALE)
    return frame.select(AREA, ITEM, **made)


def _p(text: str) -> Decimal | None:
    if not text.strip():
        return None
    try:
        p = Decimal(text.strip())
        exact.scaled(p, P_DECIMALS)
    except (ArithmeticError, ValueError):
        raise BadInput(f"p: '{text}' is not a number with at most {P_DECIMALS} decimals") from None
    if not 0 <= p <= 100:
        raise BadInput(f"p: {text} does not lie between 0 and 100")
    return p


def _outputs(_editions: Sequence[Edition], trace: bool) -> tuple[Column, ...]:
    traced = (
        Column("rank", "秩", "floor(k)", "integer"),
        Column("at_rank", "该秩的值", "value at that rank", "number", "µg/m³"),
        Column("at_next", "下一秩的值", "value at the next rank", "number", "µg/m³"),
    )
    return (
        Column(AREA, "区域", "site or city"),
        Column(ITEM, "项目", "item; empty without the column"),
        Column("p", "百分位", "which percentile", "number", "%"),
        Column("n", "个数", "values that count", "integer"),
        Column(VALUE, "百分位数", "percentile, held at 10^-6", "number", "µg/m³"),
        STATUS,
        REASON,
        UNVERIFIED,
        EDITION,
        *(traced if trace else ()),
    )


PERCENTILE = AcrossRows(
    id="air.percentile",
    zh="百分位数",
    en="Percentile of daily values by the rank rule of HJ 663",
    standard=EVALUATION,
    inputs=(
        Column(AREA, "区域", "site or city, as the file names it"),
        Column(ITEM, "项目", "item; without it the parameter p is needed", optional=True),
        Column(VALUE, "日值", "daily value; CO in mg/m³", "number", "µg/m³"),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding="Values as they are, at most at 10^-6; the percentile held at 10^-6.",
    missing=(
        "Empty cells, negative numbers and sentinels do not count. No value: not_judged, no_data; "
        "an item the edition has no percentile for, and no p: unknown_item."
    ),
    default_edition="HJ663-2026",
    params=(
        Param(
            "p",
            "百分位，如 95；默认按项目取标准规定的百分位",
            "which percentile, such as 95; empty: the one the edition evaluates the item by",
            "",
            _p,
        ),
    ),
    adds_columns=False,
)
