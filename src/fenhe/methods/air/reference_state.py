"""Gas concentrations told at 273 K as concentrations at 298 K."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import narwhals as nw

from fenhe.base.errors import BadInput
from fenhe.methods import exact, intake, labels
from fenhe.methods.air import words
from fenhe.methods.contract import Call, Column, Method, Param
from fenhe.standards import Edition

ITEMS = ("so2", "no2", "co", "o3", "nox", "pm10", "pm25", "tsp", "pb", "bap")
BEFORE, AFTER = "273", "298"

_PRIVATE = f"{intake.PRIVATE}state_"
_ITEM, _STATE, _MADE, _ROUNDED = (f"{_PRIVATE}{n}" for n in ("item", "state", "made", "rounded"))


def evaluate(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return the frame with each concentration at the reference state of 298 K.

    Reads ``item``, ``value`` and ``state``: 273 or 298, as declared by whoever measured;
    it is never concluded from a day. A gas at 273 K is multiplied by the edition's
    factor; particles and values already at 298 K stay as they are.
    """
    factor = edition.value("factor").number
    places = max(0, -int(factor.as_tuple().exponent))
    gases, particles = (set(edition.value(n).value) for n in ("gases", "particles"))
    if gases | particles != set(ITEMS):
        raise BadInput(f"{edition.id} has other items than this version knows")
    frame = frame.with_columns(_folded("item").alias(_ITEM), _folded("state").alias(_STATE))
    value = nw.col(intake.number("value"))
    moved = nw.col(_ITEM).is_in(sorted(gases)) & (nw.col(_STATE) == BEFORE)
    known = nw.col(_ITEM).is_in(ITEMS) & nw.col(_STATE).is_in([BEFORE, AFTER]) & (value >= 0)
    times = nw.when(moved).then(exact.scaled(factor, places)).otherwise(exact.power10(places))
    made = exact.guarded(value * exact.integer(times))
    frame = frame.with_columns(exact.integer(nw.when(known).then(made)).alias(_MADE))
    exactly = call.decimals["value"] + places
    frame = _with_rounded(frame, moved, exactly, call.params.get("decimals"))
    return _judged(frame, exactly, moved, edition, factor)


def _folded(column: str) -> nw.Expr:
    text = exact.text(nw.col(column)).str.strip_chars().str.to_lowercase()
    return text.str.replace_all(".", "", literal=True)


def _with_rounded(
    frame: nw.LazyFrame[Any], moved: nw.Expr, exactly: int, wanted: int | None
) -> nw.LazyFrame[Any]:
    """Round what was converted to the decimals asked for; nothing else is touched."""
    if wanted is None or wanted >= exactly:
        return frame
    frame = exact.with_rescaled(frame, {_ROUNDED: (nw.col(_MADE), exactly, wanted)})
    back = nw.col(_ROUNDED) * exact.power10(exactly - wanted)
    return frame.with_columns(nw.when(moved).then(back).otherwise(nw.col(_MADE)).alias(_MADE))


def _judged(
    frame: nw.LazyFrame[Any], scale: int, moved: nw.Expr, edition: Edition, factor: Decimal
) -> nw.LazyFrame[Any]:
    value, made, item = nw.col(intake.number("value")), nw.col(_MADE), nw.col(_ITEM)
    there = ~made.is_null()
    applied = nw.when(moved).then(nw.lit(str(factor))).otherwise(nw.lit("1"))
    frame = frame.with_columns(
        value_298=exact.to_float(made, scale),
        factor=nw.when(there).then(applied),
        status=nw.when(there).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        edition=nw.lit(edition.id),
    )
    state = nw.col(_STATE)
    states, good = [BEFORE, AFTER], item.is_in(ITEMS) & state.is_in([BEFORE, AFTER])
    reasons: list[labels.Piece] = [
        (item.is_null(), "missing:item"),
        (~item.is_in(ITEMS), "unknown_item"),
        (state.is_null(), "missing:state"),
        (~state.is_in(states), "invalid:state"),
        (value.is_null(), "missing:value"),
        ((value < 0) | (good & (value >= 0) & made.is_null()), "invalid:value"),
    ]
    return labels.with_pieces(frame, {"reason": reasons, "unverified": []})


def _decimals(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or int(text) > exact.MAX_DECIMALS:
        raise BadInput(f"decimals: '{text}' is no number from 0 to {exact.MAX_DECIMALS}")
    return int(text)


def _outputs(_editions: Sequence[Edition], _trace: bool) -> tuple[Column, ...]:
    return (
        Column("value_298", "298 K状态浓度", "concentration at 298 K", "number", words.UG),
        Column("factor", "换算系数", "factor it was multiplied by"),
        words.STATUS,
        words.REASON,
        words.UNVERIFIED,
        words.EDITION,
    )


REFERENCE_STATE = Method(
    id="air.reference_state",
    zh="参比状态换算",
    en="Gas concentrations of 273 K at the reference state of 298 K",
    standard="REFSTATE",
    default_edition="REFSTATE-2018",
    inputs=(
        Column("item", "项目", "item", "code", codes=ITEMS),
        Column("value", "浓度", "concentration; CO in mg/m³", "number", words.UG),
        Column(
            "state", "状态", "declared temperature, 273 or 298 K", "code", codes=(BEFORE, AFTER)
        ),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding=(
        "The product is exact: the decimals of the value and the five of the factor; with "
        "decimals=n half-even to n. Particles and values at 298 K are not changed."
    ),
    missing=(
        "A value without a declared state is not judged, missing:state; the day of the change is "
        "unverified and concludes nothing. Negative numbers and sentinels: invalid:value."
    ),
    params=(
        Param(
            "decimals",
            "保留小数位数；缺省为精确值",
            "decimals of a converted value; without it the exact product",
            "",
            _decimals,
        ),
    ),
)
