"""From days to months, quarters and years: means, percentiles and counts of valid days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_
from typing import Any

import narwhals as nw

from fenhe.methods import calendar, exact, intake
from fenhe.methods.air import dayvalues
from fenhe.methods.air.dayvalues import AREA, DAY, REPEATED
from fenhe.methods.air.evaluation import ITEMS, EvaluationRules, Statistic

START, END, DAYS = "period_start", "period_end", f"{intake.PRIVATE}days"
HELD = f"{intake.PRIVATE}held_"  # + name of a statistic: its value at 10^-6
#: How many days have values that do not count, by whether the area has few sites.
KEPT_OUT, KEPT_OUT_FEW = f"{intake.PRIVATE}kept_out", f"{intake.PRIVATE}kept_out_few"
VALID, DUE, ANY = "_n_valid", "_n_due", f"{intake.PRIVATE}any_"

_P = f"{intake.PRIVATE}period_"
_MONTH, _COUNT = f"{_P}month", f"{_P}count_"


def single_days(frame: nw.LazyFrame[Any], rules: EvaluationRules) -> nw.LazyFrame[Any]:
    """Return each day as a period: counts are those of the day's own hours, or sites."""
    return _with_calendar(frame, "day").with_columns(
        *(nw.col(f"{item}_e6").alias(f"{HELD}{item}") for item in ITEMS),
        *(nw.col(f"{item}_n").alias(f"{item}{VALID}") for item in ITEMS),
        *(nw.col(f"{item}_due").alias(f"{item}{DUE}") for item in ITEMS),
        *(nw.col(f"{item}_n").alias(f"{ANY}{item}") for item in ITEMS),
        *(nw.col(f"{item}_ok").alias(f"{item}_valid") for item in ITEMS),
        *_kept_out(rules),
        *(
            nw.lit(None, nw.Int64).alias(f"{HELD}{s.name}")
            for s in rules.statistics["day"]
            if s.percentile is not None
        ),
        exact.integer(nw.when(nw.col(REPEATED)).then(1).otherwise(0)).alias(REPEATED),
    )


def periods(frame: nw.LazyFrame[Any], rules: EvaluationRules, period: str) -> nw.LazyFrame[Any]:
    """Return one row per area and period: ``HELD`` means and percentiles, counts, validity.

    Means are those of the valid daily values, held at 10^-6; a percentile lies between the
    two values at the ranks floor(k) and floor(k) + 1, k = 1 + (n - 1) · p / 100 (HJ 663,
    A.6), held at 10^-6 too. A year is valid with 324 daily values and 27 in each month, 25
    in February; a month by itself with 27 (25); a quarter's minimum may be unknown: null.
    """
    figures = [s for s in rules.statistics[period] if s.percentile is not None]
    frame = _by_month(_with_neighbours(_with_start(frame, rules, period), figures), rules, figures)
    frame = frame.group_by(AREA, START).agg(*_totals(figures))
    work = exact.WORKING_SCALE
    made = {
        f"{HELD}{i}": exact.mean(nw.col(f"{_P}{i}"), nw.col(f"{i}{VALID}"), work) for i in ITEMS
    }
    frame = exact.with_half_even(frame, made | {f"{HELD}{s.name}": _between(s) for s in figures})
    kept = [AREA, START, REPEATED, *made, *(f"{HELD}{s.name}" for s in figures)]
    kept += [KEPT_OUT, KEPT_OUT_FEW, *(f"{p}{i}" for p in (ANY, _COUNT) for i in ITEMS)]
    frame = _with_calendar(frame.select(*kept, *(f"{i}{VALID}" for i in ITEMS)), period)
    return frame.with_columns(
        *_validity(rules, period), *(nw.col(DAYS).alias(f"{item}{DUE}") for item in ITEMS)
    )


def _with_start(frame: nw.LazyFrame[Any], rules: EvaluationRules, period: str) -> nw.LazyFrame[Any]:
    """Give each day its period and month, and keep the values that count."""
    day = nw.col(DAY)
    return frame.select(
        AREA,
        exact.integer(calendar.start_of(day, period)).alias(START),
        exact.integer(calendar.month_of(day)).alias(_MONTH),
        *(dayvalues.daily(item).alias(f"{_P}{item}") for item in ITEMS),
        *(nw.col(f"{item}_n").alias(f"{ANY}{item}") for item in ITEMS),
        *_kept_out(rules),
        exact.integer(nw.when(nw.col(REPEATED)).then(1).otherwise(0)).alias(REPEATED),
    )


def _with_calendar(frame: nw.LazyFrame[Any], period: str) -> nw.LazyFrame[Any]:
    if period == "day":
        frame = frame.with_columns(nw.col(DAY).alias(START))
    return calendar.with_end(frame, START, period, END, DAYS)


def _kept_out(rules: EvaluationRules) -> Iterator[nw.Expr]:
    """Tell, as 1 or 0, whether a day has values of some item that do not count."""
    out = reduce(or_, ((nw.col(f"{i}_n") > 0) & ~nw.col(f"{i}_ok") for i in ITEMS))
    few = nw.col(f"{ITEMS[0]}_due") < rules.small_below
    for name, when in ((KEPT_OUT, out & ~few), (KEPT_OUT_FEW, out & few)):
        yield exact.integer(nw.when(when).then(1).otherwise(0)).alias(name)


def _with_neighbours(frame: nw.LazyFrame[Any], figures: Sequence[Statistic]) -> nw.LazyFrame[Any]:
    """Add the values on either side of k where they stand, 0 elsewhere."""
    keys = (AREA, START)
    frame = frame.with_columns(
        *(nw.col(f"{_P}{s.item}").rank("ordinal").over(*keys).alias(_rank(s)) for s in figures),
        *(nw.col(f"{_P}{s.item}").count().over(*keys).alias(_below(s)) for s in figures),
    )
    frame = frame.with_columns(_floor(s, nw.col(_below(s))).alias(_below(s)) for s in figures)
    return frame.with_columns(
        _at(s, step).alias(_side(s, step)) for s in figures for step in (0, 1)
    )


def _by_month(
    frame: nw.LazyFrame[Any], rules: EvaluationRules, figures: Sequence[Statistic]
) -> nw.LazyFrame[Any]:
    """Sum up each month, and tell whether it has the days a year needs of it."""
    summed = [f"{part}{item}" for part in (ANY, _P) for item in ITEMS]
    summed += [KEPT_OUT, KEPT_OUT_FEW, REPEATED]
    summed += [_side(s, step) for s in figures for step in (0, 1)]
    months = frame.group_by(AREA, START, _MONTH).agg(
        *(nw.col(name).sum() for name in summed),
        *(nw.col(f"{_P}{item}").count().alias(f"{item}{VALID}") for item in ITEMS),
    )
    least = nw.when(nw.col(_MONTH) == 2).then(rules.february_days).otherwise(rules.month_days)
    enough = {i: nw.col(f"{i}{VALID}") >= least for i in ITEMS}
    return months.with_columns(
        exact.integer(nw.when(enough[i]).then(1).otherwise(0)).alias(f"{_COUNT}{i}") for i in ITEMS
    )


def _totals(figures: Sequence[Statistic]) -> Iterator[nw.Expr]:
    names = [f"{item}{VALID}" for item in ITEMS] + [REPEATED, KEPT_OUT, KEPT_OUT_FEW]
    names += [f"{part}{item}" for part in (_P, ANY, _COUNT) for item in ITEMS]
    names += [_side(s, step) for s in figures for step in (0, 1)]
    return (exact.integer(nw.col(name).sum()).alias(name) for name in names)


def _validity(rules: EvaluationRules, period: str) -> Iterator[nw.Expr]:
    for item in ITEMS:
        n = nw.col(f"{item}{VALID}")
        if period == "year":
            enough = (n >= rules.year_days) & (nw.col(f"{_COUNT}{item}") == 12)
        elif period == "month":
            february = calendar.month_of(nw.col(START)) == 2
            least = nw.when(february).then(rules.february_days_alone)
            enough = n >= least.otherwise(rules.month_days_alone)
        elif rules.quarter_days is not None:
            enough = n >= rules.quarter_days
        else:
            enough = nw.lit(None, nw.Boolean)
        yield enough.alias(f"{item}_valid")


def _rank(s: Statistic) -> str:
    return f"{_P}rank_{s.name}"


def _below(s: Statistic) -> str:
    return f"{_P}below_{s.name}"


def _side(s: Statistic, step: int) -> str:
    return f"{_P}{step}_{s.name}"


def _hundredths(s: Statistic, n: nw.Expr) -> nw.Expr:
    """Return 100 (k - 1)."""
    return (n - 1) * (s.percentile or 0)


def _floor(s: Statistic, n: nw.Expr) -> nw.Expr:
    """Return floor(k)."""
    counted = exact.integer(nw.when(n > 0).then(n))
    return exact.floor_div_small(_hundredths(s, counted), 100, nw.Int64) + 1


def _at(s: Statistic, step: int) -> nw.Expr:
    here = exact.integer(nw.col(_rank(s))) == nw.col(_below(s)) + step
    return nw.when(here).then(nw.col(f"{_P}{s.item}")).otherwise(0)


def _between(s: Statistic) -> tuple[nw.Expr, int]:
    """Return 100 times the percentile, and 100."""
    n = nw.col(f"{s.item}{VALID}")
    rest = _hundredths(s, n) - (_floor(s, n) - 1) * 100
    low, high = nw.col(_side(s, 0)), nw.col(_side(s, 1))
    above = nw.when(rest > 0).then(high - low).otherwise(0)
    return nw.when(n > 0).then(low * 100 + above * rest), 100
