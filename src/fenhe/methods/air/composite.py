"""The composite index of cities, load shares and ranks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import narwhals as nw

from fenhe.methods import exact, intake, labels, ranks
from fenhe.methods.across import AcrossRows
from fenhe.methods.air import words
from fenhe.methods.air.ranking_rules import ITEMS, IndexRules, Part
from fenhe.methods.contract import Call, Column
from fenhe.standards import Edition

_PRIVATE = f"{intake.PRIVATE}index_"
_WHOLE, _OTHER, _OTHER_RANK = (f"{_PRIVATE}{n}" for n in ("whole", "other", "other_rank"))


def evaluate(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return the frame with single indices, their sum, shares and the rank of each area.

    Reads the statistics of a period ``so2 no2 pm10 pm25`` (means), ``co`` (95th
    percentile of daily means) and ``o3`` (90th of the daily 8-hour maximum), rounded
    half-even to the edition's decimals: concentrations enter as they are published. Each
    index is rounded half-even, times its weight, then summed. An area that lacks an item
    is ``not_judged`` and has neither sum nor rank.
    """
    rules = IndexRules.from_edition(edition)
    usable = {p: nw.col(intake.number(p.item)) for p in rules.parts}
    frame = exact.with_rescaled(
        frame,
        {
            _c(p): (nw.when(value >= 0).then(value), call.decimals[p.item], p.scale)
            for p, value in usable.items()
        },
    )
    frame = _with_sums(_with_indices(frame, rules), rules)
    frame = ranks.with_rank(frame, _i("sum"), "rank")
    frame = _judged(_with_shares(_with_other_reading(frame, rules), rules), rules)
    return frame.with_columns(_trace(rules)) if call.trace else frame


def _c(part: Part) -> str:
    return f"{_PRIVATE}conc_{part.item}"


def _i(name: str) -> str:
    """Return the column of an index as an integer."""
    return f"{_PRIVATE}i_{name}"


def _with_indices(frame: nw.LazyFrame[Any], rules: IndexRules) -> nw.LazyFrame[Any]:
    up = exact.power10(rules.decimals)
    made = {_i(p.item): (exact.guarded(nw.col(_c(p)) * up), p.limit) for p in rules.parts}
    return exact.with_half_even(frame, made)


def _with_sums(frame: nw.LazyFrame[Any], rules: IndexRules) -> nw.LazyFrame[Any]:
    """Add the sum and the largest index; null unless every item is there."""
    whole = nw.all_horizontal(*(~nw.col(_i(i)).is_null() for i in ITEMS), ignore_nulls=False)
    frame = frame.with_columns(whole.alias(_WHOLE))
    weighted = reduce(add, (nw.col(_i(p.item)) * p.weight for p in rules.parts))
    largest = nw.max_horizontal(*(_i(i) for i in ITEMS))
    return frame.with_columns(
        exact.integer(nw.when(nw.col(_WHOLE)).then(exact.guarded(weighted))).alias(_i("sum")),
        exact.integer(nw.when(nw.col(_WHOLE)).then(largest)).alias(_i("max")),
    )


def _with_shares(frame: nw.LazyFrame[Any], rules: IndexRules) -> nw.LazyFrame[Any]:
    up = exact.power10(2 + rules.share_decimals)  # per cent
    positive = nw.when(nw.col(_i("sum")) > 0).then(nw.col(_i("sum")))
    made: dict[str, tuple[nw.Expr, nw.Expr | int]] = {
        f"{_PRIVATE}share_{p.item}": (exact.guarded(nw.col(_i(p.item)) * (p.weight * up)), positive)
        for p in rules.parts
    }
    return exact.with_half_even(frame, made)


def _with_other_reading(frame: nw.LazyFrame[Any], rules: IndexRules) -> nw.LazyFrame[Any]:
    """Add sum and rank of indices that are not rounded, where an edition leaves that open."""
    if rules.rounding_unverified is None:
        return frame
    up, common = exact.power10(rules.decimals), rules.denominator
    terms = (nw.col(_c(p)) * (p.weight * up * p.times(common)) for p in rules.parts)
    frame = exact.with_half_even(frame, {_OTHER: (exact.guarded(reduce(add, terms)), common)})
    return ranks.with_rank(frame, _OTHER, _OTHER_RANK)


def _judged(frame: nw.LazyFrame[Any], rules: IndexRules) -> nw.LazyFrame[Any]:
    frame = frame.with_columns(
        *(exact.to_float(nw.col(_i(n)), rules.decimals).alias(f"i_{n}") for n in _INDICES),
        *(
            exact.to_float(nw.col(f"{_PRIVATE}share_{i}"), rules.share_decimals).alias(f"share_{i}")
            for i in ITEMS
        ),
        status=nw.when(nw.col(_WHOLE)).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        edition=nw.lit(rules.edition),
    )
    tops = [(nw.col(_i(i)) == nw.col(_i("max")), i) for i in ITEMS]
    return labels.with_pieces(
        frame, {"max_item": tops, "reason": _reasons(rules), "unverified": _unverified(rules)}
    )


def _reasons(rules: IndexRules) -> list[labels.Piece]:
    found: list[labels.Piece] = []
    for part in rules.parts:
        value = nw.col(intake.number(part.item))
        found.append((value.is_null(), f"missing:{part.item}"))
        lost = (value >= 0) & nw.col(_i(part.item)).is_null()
        found.append(((value < 0) | lost, f"invalid:{part.item}"))
    return found


def _unverified(rules: IndexRules) -> list[labels.Piece]:
    there = nw.col(_WHOLE)
    found = [(there, value_id) for value_id in rules.always_unverified]
    if rules.rounding_unverified:
        differs = (nw.col(_OTHER) != nw.col(_i("sum"))) | (nw.col(_OTHER_RANK) != nw.col("rank"))
        found.append((there & differs, rules.rounding_unverified))
    return found


def _trace(rules: IndexRules) -> list[nw.Expr]:
    made: list[nw.Expr] = []
    for p in rules.parts:
        numbers = {"scale": p.scale, "limit": p.limit, "weight": p.weight}
        made.append(nw.col(_c(p)).alias(f"rounded_{p.item}"))
        made += [nw.lit(n, nw.Int64).alias(f"{name}_{p.item}") for name, n in numbers.items()]
    return made


_INDICES = (*ITEMS, "sum", "max")


def _outputs(_editions: Sequence[Edition], trace: bool) -> tuple[Column, ...]:
    found = [
        Column(f"i_{i}", f"{words.ITEMS[i].zh}单项指数", f"single index of {i}", "number", "1")
        for i in ITEMS
    ]
    found += [
        Column("i_sum", "综合指数", "composite index", "number", "1"),
        Column("i_max", "最大单项指数", "largest single index", "number", "1"),
        Column("max_item", "最大指数项目", "items of the largest single index, joined by ;"),
    ]
    found += [
        Column(f"share_{i}", f"{words.ITEMS[i].zh}负荷比", f"load share of {i}", "number", "%")
        for i in ITEMS
    ]
    found.append(Column("rank", "名次", "rank, the smallest index first", "integer"))
    found += [words.STATUS, words.REASON, words.UNVERIFIED, words.EDITION]
    return (*found, *_traced()) if trace else tuple(found)


def _traced() -> list[Column]:
    told = {
        "rounded": ("修约后浓度", "concentration as it enters the formula"),
        "scale": ("小数位数", "decimals of the concentrations here"),
        "limit": ("标准值", "limit it is divided by"),
        "weight": ("权重", "weight of the index in the sum"),
    }
    return [
        Column(
            f"{name}_{i}",
            f"{i}：{zh}",
            f"{i}: {en}",
            "integer",
            scale=f"scale_{i}" if name in ("rounded", "limit") else "",
        )
        for i in ITEMS
        for name, (zh, en) in told.items()
    ]


def _statistic(item: str, zh: str, en: str) -> Column:
    known = words.ITEMS[item]
    return Column(item, f"{known.zh}{zh}", f"{known.en}, {en}", "number", known.unit)


_MEAN = ("平均浓度", "mean of the period")

COMPOSITE_INDEX = AcrossRows(
    id="air.composite_index",
    zh="环境空气质量综合指数与排名",
    en="Composite index of cities, load shares and ranks",
    standard="RANK",
    also=("EQUAL", "WEIGHTED"),
    aliases={
        "GB3095-2012": "RANK-2018",
        "GB3095-2026": "EQUAL-2026",
        "GB3095-2026:transitional": "EQUAL-2026",
    },
    default_edition="RANK-2018",
    inputs=(
        Column("area", "区域", "city, as the file names it"),
        _statistic("so2", *_MEAN),
        _statistic("no2", *_MEAN),
        _statistic("co", "日均值第95百分位数", "95th percentile of daily means"),
        _statistic(
            "o3", "日最大8小时平均第90百分位数", "90th percentile of the daily 8-hour maximum"
        ),
        _statistic("pm10", *_MEAN),
        _statistic("pm25", *_MEAN),
        Column(ranks.PERIOD, "时段", "ranks are formed within each period", optional=True),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding=(
        "Concentrations half-even to the decimals they are published with, each single index "
        "half-even to two decimals, then summed; load shares half-even to one decimal, of the "
        "rounded indices. For RANK-2018 proved by published indices; for EQUAL-2026 and "
        "WEIGHTED-2026 carried over: where indices that are not rounded give another sum or rank, "
        "the value id stands in unverified. WEIGHTED-2026 multiplies each index by its weight in "
        "sum and share, not in i_<item>; all its results are unverified."
    ),
    missing=(
        "Empty cells, negative numbers and sentinels are missing. An area that lacks an item: "
        "not_judged, missing:<item>, without sum and rank; the rule's own treatment of such a "
        "city is unknown. Equal indices share the lowest rank: 1, 1, 3."
    ),
)
