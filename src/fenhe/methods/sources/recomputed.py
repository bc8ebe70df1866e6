"""What a logger reports beside what is computed here: mean, converted value, mass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import narwhals as nw

from fenhe.methods import exact, intake, labels
from fenhe.methods.contract import Call, Column, Method
from fenhe.methods.sources import words
from fenhe.methods.sources.rules import DEFAULT, STANDARD
from fenhe.standards import Edition

Frame = nw.LazyFrame[Any]

#: Pairs: computed column -> (reported column, words).
PAIRS = {
    "value": ("reported_value", "均值", "mean"),
    "converted": ("reported_converted", "折算值", "converted value"),
    "mass": ("reported_mass", "排放量", "mass"),
}

_P = f"{intake.PRIVATE}beside_"
_SCALE = exact.WORKING_SCALE


def _of(name: str, part: str) -> str:
    return f"{_P}{name}_{part}"


def evaluate(frame: Frame, edition: Edition, call: Call) -> Frame:
    """Return the frame with the relative difference of each pair and whether they agree.

    A pair agrees when the reported value lies within the tolerance of the edition around the
    computed one; where that is 0, only 0 agrees.
    """
    tolerance = edition.value("reported_tolerance")
    percent = exact.scaled(tolerance.number, 2)
    made = {}
    for name, (reported, _, _) in PAIRS.items():
        made[_of(name, "c")] = _amount(name, call)
        made[_of(name, "r")] = _amount(reported, call)
    frame = frame.with_columns(expr.alias(to) for to, expr in made.items())
    parts = {}
    for name in PAIRS:
        computed, reported_one = nw.col(_of(name, "c")), nw.col(_of(name, "r"))
        some = nw.when(computed > 0).then(computed)
        parts[_of(name, "d")] = (reported_one - computed, nw.lit(10_000, nw.Int64), some)
    frame = exact.with_scaled(frame, parts)
    return _told(frame, edition, percent)


def _amount(name: str, call: Call) -> nw.Expr:
    value = nw.col(intake.number(name))
    some, places = nw.when(value >= 0).then(value), call.decimals[name]
    if places <= _SCALE:
        return exact.lifted(some, places, _SCALE)
    return exact.div_half_even(some, exact.power10(places - _SCALE))


def _agrees(name: str, percent: int) -> nw.Expr:
    """Say whether a pair agrees: of the difference itself, not of its rounded share."""
    computed, reported = nw.col(_of(name, "c")), nw.col(_of(name, "r"))
    apart = nw.when(reported > computed).then(reported - computed).otherwise(computed - reported)
    whole = exact.floor_div(apart, percent)
    rest = (apart - whole * percent) * 10_000
    # apart · 10^4 <= percent · computed without leaving 2^53
    most = exact.floor_div(computed, 10_000)
    left = (computed - most * 10_000) * percent
    return (whole < most) | ((whole == most) & (rest <= left))


def _told(frame: Frame, edition: Edition, percent: int) -> Frame:
    frame = frame.with_columns(
        exact.integer(_agrees(name, percent)).alias(_of(name, "a")) for name in PAIRS
    )
    made: dict[str, nw.Expr] = {}
    some: nw.Expr = nw.lit(value=False)
    for name in PAIRS:
        agrees = nw.col(_of(name, "a"))
        made[f"{name}_difference"] = exact.to_float(nw.col(_of(name, "d")), 2)
        text = nw.when(agrees == 1).then(nw.lit("yes")).when(agrees == 0).then(nw.lit("no"))
        made[f"{name}_agrees"] = text
        some = some | ~agrees.is_null()
    frame = frame.with_columns(
        **made,
        status=nw.when(some).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        edition=nw.lit(edition.id),
    )
    tolerance = edition.value("reported_tolerance").id
    pieces: dict[str, list[labels.Piece]] = {
        "reason": list(_reasons(some)),
        "unverified": [],
        "clauses": [(some, tolerance)],
    }
    return labels.with_pieces(frame, pieces)


def _reasons(some: nw.Expr) -> Iterator[labels.Piece]:
    yield ~some, "no_data"
    for name in PAIRS:
        yield nw.col(_of(name, "a")) == 0, f"differs:{name}"


def _outputs(_editions: Sequence[Edition], _trace: bool) -> tuple[Column, ...]:
    found: list[Column] = []
    for name, (_, zh, en) in PAIRS.items():
        about = f"{en}: reported less computed, in the computed"
        found.append(Column(f"{name}_difference", f"{zh}相对偏差", about, "number", "%"))
        found.append(Column(f"{name}_agrees", f"{zh}一致", f"{en}: yes or no"))
    return (*found, words.STATUS, words.REASON, words.UNVERIFIED, words.CLAUSES, words.EDITION)


def _pair(name: str) -> tuple[Column, Column]:
    reported, zh, en = PAIRS[name]
    unit = words.KILOGRAM if name == "mass" else words.MG
    return (
        Column(name, f"复算{zh}", f"{en} computed here", "number", unit, optional=True),
        Column(reported, f"上报{zh}", f"{en} the logger reports", "number", unit, optional=True),
    )


RECOMPUTED = Method(
    id="sources.recomputed",
    zh="上报值与复算值比对",
    en="Reported against recomputed: mean, converted value, mass",
    standard=STANDARD,
    default_edition=DEFAULT,
    inputs=(
        Column("outlet", "排放口", "outlet, as the file names it", optional=True),
        Column("item", "因子", "factor code of HJ 212", optional=True),
        Column("start", "开始时间", "start of the record; carried through", optional=True),
        *(column for name in PAIRS for column in _pair(name)),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding=(
        "Numbers are read with six decimals; the share of the difference half-even to two "
        "decimals of per cent. Whether a pair agrees is told from the difference itself."
    ),
    missing="A pair that lacks a side is not compared; no pair at all: not_judged, no_data.",
)
