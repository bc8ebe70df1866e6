"""The daily maximum 8-hour mean of ozone from a row of 24 hours (HJ 663, 6.1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from fenhe.methods import exact, intake, labels
from fenhe.methods.air import ozone, spans
from fenhe.methods.air.dayvalues import TOO_LARGE
from fenhe.methods.air.evaluation import EVALUATION, LIMITS, EvaluationRules
from fenhe.methods.air.params import GRADE
from fenhe.methods.air.words import EDITION, REASON, STATUS, UG, UNVERIFIED
from fenhe.methods.contract import Call, Column, Method
from fenhe.standards import Edition

HOURS = tuple(f"h{end:02}" for end in range(1, ozone.HOURS + 1))

_P = f"{intake.PRIVATE}mda8_"
_HELD, _TOLD, _COMPARED, _RAW = (f"{_P}{n}" for n in ("held", "told", "compared", "raw"))


def evaluate(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return the frame with ``mda8``, ``valid_windows``, ``valid`` and the columns of a verdict.

    Reads the exact integers of ``h01 … h24``, hourly means named by the hour they end at,
    µg/m³, rounded half-even to the decimals of an hourly value first. Of the 8-hour means
    that end at 08:00 to 24:00 those of at least 6 hours are valid; the largest is rounded
    half-even to the decimals of a daily value. It is valid with at least 14 of them, or when
    it is above the limit (compared as the edition compares).
    """
    rules = EvaluationRules.of(edition, call.params["grade"])
    frame = _with_hours(frame, rules, call)
    frame = ozone.with_windows(frame, [f"{_P}{h}" for h in HOURS], rules)
    decimals, work = rules.hour_decimals["o3"], exact.WORKING_SCALE
    top = nw.col(ozone.TOP) * exact.power10(work - decimals)
    frame = exact.with_half_even(frame, {_HELD: (top, ozone.common(rules))})
    made = {_TOLD: rules.ozone.told, _COMPARED: rules.ozone.compared}
    frame = exact.with_rescaled(frame, {n: (nw.col(_HELD), work, d) for n, d in made.items()})
    enough = nw.col(ozone.VALID) >= rules.windows
    above = (nw.col(_COMPARED) > rules.ozone.scaled_limit).fill_null(value=False)
    frame = frame.with_columns(
        mda8=exact.to_float(nw.col(_TOLD), rules.ozone.told),
        valid_windows=nw.col(ozone.VALID),
        valid=enough | above,
        edition=nw.lit(rules.edition),
        **{_RAW: _full(rules)},
    )
    stands = nw.when(nw.col("valid")).then(nw.lit("judged")).otherwise(nw.lit("not_judged"))
    none = nw.col(ozone.VALID) == 0
    pieces = {
        "reason": [(none, "no_data"), (~nw.col("valid") & ~none, "below_minimum")],
        "unverified": [
            (~enough & (nw.col(_RAW) != above), rules.unverified[name])
            for name in ("compare",)
            if name in rules.unverified
        ],
    }
    frame = labels.with_pieces(frame.with_columns(status=stands), pieces)
    return frame.with_columns(_trace()) if call.trace else frame


def _with_hours(frame: nw.LazyFrame[Any], rules: EvaluationRules, call: Call) -> nw.LazyFrame[Any]:
    decimals = rules.hour_decimals["o3"]
    rounded = {f"{_P}{h}": (_usable(h), call.decimals[h], decimals) for h in HOURS}
    frame = exact.with_rescaled(frame, rounded)
    return frame.with_columns(_or_zero(nw.col(f"{_P}{h}")).alias(f"{_P}{h}") for h in HOURS)


def _or_zero(value: nw.Expr) -> nw.Expr:
    there = nw.when(value < TOO_LARGE).then(value + 1)
    return exact.integer(there).fill_null(0)


def _usable(hour: str) -> nw.Expr:
    value = nw.col(intake.number(hour))
    return nw.when(value >= 0).then(value)


def _full(rules: EvaluationRules) -> nw.Expr:
    """Tell whether the maximum is above the limit by the other reading, unrounded."""
    scale = exact.power10(exact.WORKING_SCALE - rules.ozone.compared)
    return (nw.col(_HELD) > rules.ozone.scaled_limit * scale).fill_null(value=False)


def _trace() -> list[nw.Expr]:
    return [exact.to_float(nw.col(_HELD), exact.WORKING_SCALE).alias("mda8_held")]


def _outputs(_editions: Sequence[Edition], trace: bool) -> tuple[Column, ...]:
    held = Column("mda8_held", "修约前", "maximum before rounding, held at 10^-6", "number", UG)
    return (
        Column("mda8", "臭氧日最大8小时平均", "largest valid 8-hour mean", "number", UG),
        Column("valid_windows", "有效8小时平均数", "valid 8-hour means, at most 17", "integer"),
        Column("valid", "有效", "whether the day counts; true or false"),
        STATUS,
        REASON,
        UNVERIFIED,
        EDITION,
        *((held,) if trace else ()),
    )


MDA8 = Method(
    id="air.mda8",
    zh="臭氧日最大8小时平均",
    en="Daily maximum 8-hour mean of ozone from 24 hourly values",
    standard=LIMITS,
    inputs=(
        Column("area", "区域", "site, as the file names it"),
        Column("date", "日期", "Beijing day", "date"),
        *(
            Column(h, f"{h[1:]}时", f"hourly mean of ozone that ends at {h[1:]}:00", "number", UG)
            for h in HOURS
        ),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding=(
        "Hourly values half-even to whole µg/m³, then used; the largest mean half-even to whole "
        "µg/m³ once. Where the unrounded maximum decides otherwise whether a short day counts, the "
        "id of the comparison stands in unverified."
    ),
    missing=(
        "Empty cells, negative numbers and sentinels are missing. An 8-hour mean needs 6 hours; a "
        "day 14 of the 17 means that end at 08:00 to 24:00, or a maximum above the limit: else "
        "not_judged, below_minimum (the maximum of what there is stands in mda8)."
    ),
    day=("date", "date"),
    params=(GRADE,),
    aliases=spans.ALIASES,
    also=(EVALUATION,),
)
