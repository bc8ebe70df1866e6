"""From the figures of a period to its verdict: rounding, limits, multiples, reasons."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import reduce
from operator import and_, or_
from typing import Any

import narwhals as nw

from fenhe.methods import calendar, exact, intake, labels
from fenhe.methods.air.dayvalues import AREA, REPEATED
from fenhe.methods.air.evaluation import ITEMS, EvaluationRules, Statistic
from fenhe.methods.air.periods import ANY, DUE, END, HELD, KEPT_OUT, KEPT_OUT_FEW, START, VALID

_P = f"{intake.PRIVATE}verdict_"
_NONE, _NARROW, _OTHER, _WHOLE = (f"{_P}{n}" for n in ("none", "narrow", "other", "whole"))


def judge(
    frame: nw.LazyFrame[Any],
    rules: EvaluationRules,
    period: str,
    *,
    level: str = "station",
    judged: bool = True,
    why: str | None = None,
    edition: str | None = None,
    finer: Collection[str] = (),
    trace: bool = False,
) -> nw.LazyFrame[Any]:
    """Return the rows of ``periods`` with the columns of a verdict, and nothing private.

    Each figure is rounded half-even once to the decimals it is told with, and once to those
    it is compared with; it complies when that is not above the limit. ``judged`` False, with
    its reason ``why``: no figure is held against a limit. ``finer`` names items whose hours
    had more decimals than an hourly value has; ``trace`` adds the figures at 10^-6 and limits.
    """
    figures = rules.statistics[period]
    work = exact.WORKING_SCALE
    frame = exact.with_rescaled(
        frame,
        {
            _rounded(s, d): (nw.col(f"{HELD}{s.name}"), work, d)
            for s in figures
            for d in {s.told, s.compared}
        },
    )
    held = [s for s in figures if judged and s.limit is not None]
    frame = frame.with_columns(_complies(s, held).alias(_verdict(s)) for s in figures)
    multiples = {_multiple(s): _over(s, rules) for s in held if s.scaled_limit}
    frame = exact.with_half_even(frame, multiples) if multiples else frame
    frame = _with_whole(frame, held)
    frame = _with_status(frame, rules, period, held, judged=judged)
    frame = frame.with_columns(nw.lit(edition or rules.edition).alias("edition"))
    pieces = {
        "reason": [*_reasons(rules, period, held, judged=judged), *_why(why)],
        "unverified": _unverified(rules, period, held, level, finer),
    }
    traced = _trace(figures, held) if trace else ()
    return labels.with_pieces(frame, pieces).select(*_columns(figures, held, rules), *traced)


def _rounded(s: Statistic, decimals: int) -> str:
    return f"{_P}at{decimals}_{s.name}"


def _compared(s: Statistic) -> nw.Expr:
    return nw.col(_rounded(s, s.compared))


def _verdict(s: Statistic) -> str:
    return f"{s.name}_compliant"


def _multiple(s: Statistic) -> str:
    return f"{_P}multiple_{s.name}"


def _complies(s: Statistic, held: Sequence[Statistic]) -> nw.Expr:
    """Tell whether a valid figure is not above its limit, null where there is none of either."""
    if s not in held:
        return nw.lit(None, nw.Boolean)
    complies = _compared(s) <= s.scaled_limit
    return nw.when(nw.col(f"{s.item}_valid")).then(complies)


def _over(s: Statistic, rules: EvaluationRules) -> tuple[nw.Expr, int]:
    over = nw.when(~nw.col(_verdict(s))).then(_compared(s) - s.scaled_limit)
    return over * exact.power10(rules.multiple_decimals), s.scaled_limit


def _all(conditions: Iterable[nw.Expr]) -> nw.Expr:
    """Return whether all hold: false where one does not, else null where one is not known."""
    return reduce(and_, conditions)


def _with_whole(frame: nw.LazyFrame[Any], held: Sequence[Statistic]) -> nw.LazyFrame[Any]:
    """Add whether everything complies, and the same by the other readings."""
    if not held:
        none = nw.lit(None, nw.Boolean)
        return frame.with_columns(compliant=none, **{_NARROW: none, _OTHER: nw.lit(value=False)})
    other = []
    for s in held:
        scale = exact.power10(exact.WORKING_SCALE - s.compared)
        full = nw.col(f"{HELD}{s.name}") <= s.scaled_limit * scale
        other.append((nw.col(_verdict(s)) != full).fill_null(value=False))
    return frame.with_columns(
        _all(nw.col(_verdict(s)) for s in held).alias("compliant"),
        _all(nw.col(_verdict(s)) for s in held if s.counted).alias(_NARROW),
        reduce(or_, other).alias(_OTHER),
    )


def _with_status(
    frame: nw.LazyFrame[Any],
    rules: EvaluationRules,
    period: str,
    held: Sequence[Statistic],
    *,
    judged: bool,
) -> nw.LazyFrame[Any]:
    """Judged is a row whose verdict is known, or, without limits, one with six valid items."""
    valid = _all(nw.col(f"{item}_valid") for item in ITEMS).fill_null(value=False)
    stands = ~nw.col("compliant").is_null() if held else valid
    if not judged:
        stands = nw.lit(value=False)
    none = _all(nw.col(f"{ANY}{item}") == 0 for item in ITEMS)
    status = nw.when(stands).then(nw.lit("judged")).otherwise(nw.lit("not_judged"))
    return frame.with_columns(status.alias("status"), none.alias(_NONE))


def _reasons(
    rules: EvaluationRules, period: str, held: Sequence[Statistic], *, judged: bool
) -> Iterator[labels.Piece]:
    none = nw.col(_NONE)
    yield none, "no_data"
    for item in ITEMS:
        yield (nw.col(f"{ANY}{item}") == 0) & ~none, f"missing:{item}"
    for item in ITEMS:
        short = (nw.col(f"{ANY}{item}") > 0) & ~nw.col(f"{item}_valid")
        yield short, f"below_minimum:{item}"
    yield nw.col(REPEATED) > 0, "repeated_hours"
    if period == "quarter" and rules.quarter_days is None:
        yield nw.lit(value=True), f"unknown_value:{rules.ids['quarter_minimum']}"
    elif not held and judged:
        yield nw.lit(value=True), "no_limit"


def _why(code: str | None) -> Iterator[labels.Piece]:
    if code is not None:
        yield nw.lit(value=True), code


def _trace(figures: Sequence[Statistic], held: Sequence[Statistic]) -> Iterator[nw.Expr]:
    for s in figures:
        value = exact.to_float(nw.col(f"{HELD}{s.name}"), exact.WORKING_SCALE)
        yield value.alias(f"{s.name}_held")
        scaled = nw.lit(s.scaled_limit if s in held else None, nw.Int64)
        yield exact.to_float(scaled, s.compared).alias(f"{s.name}_limit")


def _near(held: Sequence[Statistic], rules: EvaluationRules, finer: Collection[str]) -> nw.Expr:
    """Tell whether rounding the hours after use could carry a figure across its limit.

    Rounding moves an hour by at most half a unit, and so a mean, maximum or percentile.
    """
    found = nw.lit(value=False)
    for s in held:
        if s.item in finer:
            unit = exact.power10(exact.WORKING_SCALE - s.compared)
            half = exact.power10(exact.WORKING_SCALE - rules.hour_decimals[s.item])
            apart = nw.col(f"{HELD}{s.name}") * 2 - (s.scaled_limit * 2 + 1) * unit
            found = found | ((apart <= half) & (apart >= -half)).fill_null(value=False)
    return found


def _unverified(
    rules: EvaluationRules,
    period: str,
    held: Sequence[Statistic],
    level: str,
    finer: Collection[str],
) -> list[labels.Piece]:
    """Name a convention whose other reading gives another verdict, or that keeps data out."""
    short = {i: (nw.col(f"{ANY}{i}") > 0) & ~nw.col(f"{i}_valid") for i in ITEMS}
    found: dict[str, nw.Expr] = {"compare": nw.col(_OTHER)}
    if finer:
        found["hour_rounding_order"] = _near(held, rules, finer)
    if period == "year":
        narrow = nw.col("compliant") != nw.col(_NARROW)
        found["city_year_compliance"] = narrow.fill_null(value=False)
        found["percentile_validity"] = short["co"] | short["o3"]
    if period == "month":
        found["month_minimum"] = reduce(or_, short.values())
    if level == "city":
        found["city_share"] = nw.col(KEPT_OUT) > 0
        found["city_share_small"] = nw.col(KEPT_OUT_FEW) > 0
    pieces = [(when, rules.unverified[n]) for n, when in found.items() if n in rules.unverified]
    laws = dict.fromkeys(s.unverified for s in held if s.unverified)
    return pieces + [(nw.lit(value=True), value_id) for value_id in laws if value_id]


def _columns(
    figures: Sequence[Statistic], held: Sequence[Statistic], rules: EvaluationRules
) -> Iterator[nw.Expr]:
    yield nw.col(AREA)
    yield calendar.text(nw.col(START)).alias(START)
    yield calendar.text(nw.col(END)).alias(END)
    for s in figures:
        value = exact.to_float(nw.col(_rounded(s, s.told)), s.told)
        yield value.alias(f"{s.name}_mean" if s.percentile is None else s.name)
        if s.percentile is None:
            yield from (nw.col(f"{s.item}{end}") for end in (VALID, DUE, "_valid"))
        multiple = nw.lit(None, nw.Float64)
        if s in held and s.scaled_limit:
            multiple = exact.to_float(nw.col(_multiple(s)), rules.multiple_decimals)
        yield multiple.alias(f"{s.name}_multiple")
        yield nw.col(_verdict(s))
    yield from (nw.col(n) for n in ("compliant", "status", "reason", "unverified", "edition"))
