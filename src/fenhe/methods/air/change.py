"""Ranking of cities by the change of their composite index."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

import narwhals as nw

from fenhe.base.errors import BadInput
from fenhe.methods import exact, intake, labels, ranks
from fenhe.methods.across import AcrossRows
from fenhe.methods.air import words
from fenhe.methods.contract import Call, Column
from fenhe.standards import Edition

_KNOWN = {
    "rate": "relative_to_former",
    "ties": "shared_lowest",
    "left_out": "six_items_meet_grade_II",
}
_NOW, _PREV, _COMPLIANT = "i_now", "i_prev", "compliant"
_PRIVATE = f"{intake.PRIVATE}change_"
_RATE, _KEY, _WORSE, _TOLD = (f"{_PRIVATE}{n}" for n in ("rate", "key", "worse", "told"))

#: Quotients with divisors below 10^5 differ by more than 10^-10: equal keys are equal rates.
_KEY_DECIMALS = 10
_LARGEST = 10**5


def evaluate(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return the frame with each area's rate of change and its two ranks.

    Reads ``i_now`` and ``i_prev``, the composite indices of a period and of the one
    before, and ``compliant`` where there is one: whether the six items all meet Grade II,
    which leaves the area out of the ranks of worsening. Rates are compared exactly.
    """
    for name, known in _KNOWN.items():
        if edition.value(name).text != known:
            raise BadInput(
                f"{edition.value(name).id} is not '{known}', which this version computes"
            )
    kept = edition.value("index_decimals")
    frame = _with_indices(frame, kept.integer, call)
    frame = _with_rates(_with_compliance(frame))
    frame = ranks.with_rank(frame, _KEY, "rank_improved")
    frame = ranks.with_rank(frame, _WORSE, "rank_worsened", descending=True)
    judged = ~nw.col(_KEY).is_null()
    frame = frame.with_columns(
        rate=exact.to_float(nw.col(_RATE), exact.WORKING_SCALE),
        status=nw.when(judged).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        edition=nw.lit(edition.id),
    )
    made = {
        "reason": _reasons(),
        "unverified": [] if kept.firm else _rounding(kept.id, kept.integer, call),
    }
    return labels.with_pieces(frame, made)


def _r(name: str) -> str:
    return f"{_PRIVATE}rounded_{name}"


def _with_indices(frame: nw.LazyFrame[Any], kept: int, call: Call) -> nw.LazyFrame[Any]:
    """Add both indices with the decimals they are published with; null where unusable."""
    values = {n: nw.col(intake.number(n)) for n in (_NOW, _PREV)}
    frame = exact.with_rescaled(
        frame, {_r(n): (nw.when(v >= 0).then(v), call.decimals[n], kept) for n, v in values.items()}
    )
    small = {n: nw.when(nw.col(_r(n)) < _LARGEST).then(nw.col(_r(n))) for n in values}
    return frame.with_columns(expr.alias(_r(n)) for n, expr in small.items())


def _with_compliance(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add 1 or 0 for what the file says of the six items, null where it says nothing."""
    schema = frame.collect_schema()
    if _COMPLIANT not in schema:
        return frame.with_columns(exact.integer(nw.lit(None)).alias(_TOLD))
    told = nw.col(_COMPLIANT)
    if schema[_COMPLIANT] == nw.Boolean:
        return frame.with_columns(exact.integer(told).alias(_TOLD))
    word = exact.text(told).str.strip_chars().str.to_lowercase()
    known = nw.when(word.is_in(words.YES)).then(1).when(word.is_in(words.NO)).then(0)
    return frame.with_columns(exact.integer(known).alias(_TOLD))


def _with_rates(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add the rate in per cent at the working scale and a key that orders rates exactly."""
    change = nw.col(_r(_NOW)) - nw.col(_r(_PREV))
    former = nw.when(nw.col(_r(_PREV)) > 0).then(nw.col(_r(_PREV)))
    per_cent = exact.power10(exact.WORKING_SCALE + 2)
    frame = exact.with_half_even(
        frame,
        {
            _RATE: (change * per_cent, former),
            _KEY: (change * exact.power10(_KEY_DECIMALS), former),
        },
    )
    left_out = (nw.col(_TOLD) == 1).fill_null(value=False)
    return frame.with_columns(nw.when(~left_out).then(nw.col(_KEY)).alias(_WORSE))


def _reasons() -> list[labels.Piece]:
    found: list[labels.Piece] = []
    for name in (_NOW, _PREV):
        value = nw.col(intake.number(name))
        lost = (value >= 0) & nw.col(_r(name)).is_null()
        found += [(value.is_null(), f"missing:{name}"), ((value < 0) | lost, f"invalid:{name}")]
    found.append((nw.col(_r(_PREV)) == 0, f"zero:{_PREV}"))
    found.append((nw.col(_TOLD).is_null(), f"missing:{_COMPLIANT}"))
    return found


def _rounding(value_id: str, kept: int, call: Call) -> list[labels.Piece]:
    """Name the convention where an index has more decimals than are kept."""
    changed = [
        nw.col(_r(n)) * exact.power10(call.decimals[n] - kept) != nw.col(intake.number(n))
        for n in (_NOW, _PREV)
        if call.decimals[n] > kept
    ]
    judged = ~nw.col(_KEY).is_null()
    return [(judged & reduce(or_, changed), value_id)] if changed else []


def _outputs(_editions: Sequence[Edition], _trace: bool) -> tuple[Column, ...]:
    return (
        Column("rate", "变化率", "change over the former index, at 10^-6", "number", "%"),
        Column(
            "rank_improved", "改善名次", "rank of improvement, the largest fall first", "integer"
        ),
        Column("rank_worsened", "变差名次", "rank of worsening, the largest rise first", "integer"),
        words.STATUS,
        words.REASON,
        words.UNVERIFIED,
        words.EDITION,
    )


CHANGE_RANK = AcrossRows(
    id="air.change_rank",
    zh="空气质量变化程度排名",
    en="Ranking of cities by the change of their air quality",
    standard="CHANGE",
    default_edition="CHANGE-2017",
    inputs=(
        Column("area", "区域", "city, as the file names it"),
        Column(_NOW, "本期综合指数", "composite index of the period", "number", "1"),
        Column(_PREV, "上期综合指数", "composite index of the period before", "number", "1"),
        Column(
            _COMPLIANT,
            "六项污染物是否全部达到二级标准",
            "whether the six items all meet Grade II",
            "code",
            optional=True,
            codes=(*words.YES, *words.NO),
        ),
        Column(ranks.PERIOD, "时段", "ranks are formed within each period", optional=True),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding=(
        "Indices half-even to the two decimals they are published with (unverified where more are "
        "given); the rate half-even at 10^-6 per cent; ranks compare the exact rates."
    ),
    missing=(
        "An index that is missing, negative or 1000 and more, or a former index of 0: not_judged, "
        "without ranks. Both ranks run over all areas; one whose six items all meet Grade II has "
        "no rank_worsened. Where compliance is not told, missing:compliant, the area is ranked. "
        "Equal rates share the lowest rank."
    ),
)
