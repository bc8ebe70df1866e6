"""From days to months, quarters and years: means, percentiles and counts of valid days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import narwhals as nw

from fenhe.methods import calendar, exact, intake
from fenhe.methods.air import dayvalues
from fenhe.methods.air.dayvalues import AREA, DAY, REPEATED
from fenhe.methods.air.evaluation import ITEMS, EvaluationRules, Statistic

START, END, DAYS = "period_start", "period_end", f"{intake.PRIVATE}days"
HELD = f"{intake.PRIVATE}held_"  # + name of a statistic: its value at 10^-6
KEPT_OUT = f"{intake.PRIVATE}kept_out_"  # + item: days with values that do not count
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
        *(_out(item).alias(f"{KEPT_OUT}{item}") for item in ITEMS),
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
    frame = _with_start(frame, period).with_columns(
        dayvalues.daily(item).alias(f"{_P}{item}") for item in ITEMS
    )
    summed = _by_month(frame, rules).group_by(AREA, START).agg(*_totals())
    summed = _with_calendar(summed, period)
    summed = summed.with_columns(_validity(rules, period))
    figures = [s for s in rules.statistics[period] if s.percentile is not None]
    summed = _with_percentiles(summed, frame, figures)
    work = exact.WORKING_SCALE
    means = {
        f"{HELD}{i}": exact.mean(nw.col(f"{_P}{i}"), nw.col(f"{i}{VALID}"), work) for i in ITEMS
    }
    summed = exact.with_half_even(summed, means)
    return summed.with_columns(nw.col(DAYS).alias(f"{item}{DUE}") for item in ITEMS)


def _with_start(frame: nw.LazyFrame[Any], period: str) -> nw.LazyFrame[Any]:
    day = nw.col(DAY)
    return frame.with_columns(
        exact.integer(calendar.start_of(day, period)).alias(START),
        exact.integer(calendar.month_of(day)).alias(_MONTH),
    )


def _with_calendar(frame: nw.LazyFrame[Any], period: str) -> nw.LazyFrame[Any]:
    if period == "day":
        frame = frame.with_columns(nw.col(DAY).alias(START))
    return calendar.with_end(frame, START, period, END, DAYS)


def _out(item: str) -> nw.Expr:
    """Tell, as 1 or 0, whether a day has values of an item that do not count."""
    out = (nw.col(f"{item}_n") > 0) & ~nw.col(f"{item}_ok")
    return exact.integer(nw.when(out).then(1).otherwise(0))


def _by_month(frame: nw.LazyFrame[Any], rules: EvaluationRules) -> nw.LazyFrame[Any]:
    """Sum up each month, and tell whether it has the days a year needs of it."""
    frame = frame.with_columns(
        *(_out(item).alias(f"{KEPT_OUT}{item}") for item in ITEMS),
        exact.integer(nw.when(nw.col(REPEATED)).then(1).otherwise(0)).alias(REPEATED),
    )
    months = frame.group_by(AREA, START, _MONTH).agg(
        *(nw.col(f"{_P}{item}").sum() for item in ITEMS),
        *(nw.col(f"{_P}{item}").count().alias(f"{item}{VALID}") for item in ITEMS),
        *(nw.col(f"{item}_n").sum().alias(f"{ANY}{item}") for item in ITEMS),
        *(nw.col(f"{KEPT_OUT}{item}").sum() for item in ITEMS),
        nw.col(REPEATED).sum(),
    )
    least = nw.when(nw.col(_MONTH) == 2).then(rules.february_days).otherwise(rules.month_days)
    return months.with_columns(
        exact.integer(nw.when(nw.col(f"{i}{VALID}") >= least).then(1).otherwise(0)).alias(
            f"{_COUNT}{i}"
        )
        for i in ITEMS
    )


def _totals() -> Iterator[nw.Expr]:
    names = [f"{_P}{item}" for item in ITEMS] + [f"{item}{VALID}" for item in ITEMS]
    names += [f"{part}{item}" for part in (ANY, KEPT_OUT, _COUNT) for item in ITEMS]
    return (exact.integer(nw.col(name).sum()).alias(name) for name in [*names, REPEATED])


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


def _with_percentiles(
    summed: nw.LazyFrame[Any], days: nw.LazyFrame[Any], figures: Sequence[Statistic]
) -> nw.LazyFrame[Any]:
    """Add the percentiles: the days by rank, and of them the two on either side of k."""
    counts = summed.select(AREA, START, *(nw.col(f"{s.item}{VALID}") for s in figures))
    ranked = days.with_columns(
        nw.col(f"{_P}{s.item}").rank("ordinal").over(AREA, START).alias(_rank(s)) for s in figures
    )
    ranked = ranked.join(counts, on=[AREA, START], how="left")
    ranked = ranked.with_columns(
        _below(s, nw.col(f"{s.item}{VALID}")).alias(_low(s)) for s in figures
    )
    picked = ranked.group_by(AREA, START).agg(
        exact.integer(_at(s, step).sum()).alias(f"{_P}{step}_{s.name}")
        for s in figures
        for step in (0, 1)
    )
    summed = summed.join(picked, on=[AREA, START], how="left")
    return exact.with_half_even(summed, {f"{HELD}{s.name}": _between(s) for s in figures})


def _rank(s: Statistic) -> str:
    return f"{_P}rank_{s.name}"


def _low(s: Statistic) -> str:
    return f"{_P}low_{s.name}"


def _hundredths(s: Statistic, n: nw.Expr) -> nw.Expr:
    """Return 100 (k - 1)."""
    return (n - 1) * (s.percentile or 0)


def _below(s: Statistic, n: nw.Expr) -> nw.Expr:
    """Return floor(k)."""
    counted = nw.when(n > 0).then(n)
    return exact.floor_div_small(_hundredths(s, counted), 100, nw.Int64) + 1


def _at(s: Statistic, step: int) -> nw.Expr:
    here = exact.integer(nw.col(_rank(s))) == nw.col(_low(s)) + step
    return nw.when(here).then(nw.col(f"{_P}{s.item}")).otherwise(0)


def _between(s: Statistic) -> tuple[nw.Expr, int]:
    """Return 100 times the percentile, and 100."""
    n = nw.col(f"{s.item}{VALID}")
    rest = _hundredths(s, n) - (_below(s, n) - 1) * 100
    low, high = nw.col(f"{_P}0_{s.name}"), nw.col(f"{_P}1_{s.name}")
    above = nw.when(rest > 0).then(high - low).otherwise(0)
    return nw.when(n > 0).then(low * 100 + above * rest), 100
