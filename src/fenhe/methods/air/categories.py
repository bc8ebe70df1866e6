"""Days of each air quality category in a period, and the share of good ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from fenhe import standards
from fenhe.base.errors import BadInput
from fenhe.methods import calendar, exact, intake, labels
from fenhe.methods.across import AcrossRows
from fenhe.methods.air import words
from fenhe.methods.air.rules import AqiRules
from fenhe.methods.contract import Call, Column, Param
from fenhe.standards import Edition

LEVELS = (1, 2, 3, 4, 5, 6)
#: 优良天数 are those of 优 and 良, 重度及以上污染天数 those of 重度污染 and 严重污染.
GOOD, HEAVY = (1, 2), (5, 6)

ALL = "all"
PERIODS = (ALL, "year", "quarter", "month")

_PRIVATE = f"{intake.PRIVATE}category_"
_LEVEL, _SERIAL, _ROWS, _TWICE, _ZERO, _START, _FIRST, _LAST = (
    f"{_PRIVATE}{n}" for n in ("level", "serial", "rows", "twice", "zero", "start", "first", "last")
)


def evaluate(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return one row an area and period: days of each category, good, heavy and missing ones.

    Reads the day and ``category`` (1 to 6), or ``aqi`` where there is none. The bounds of
    the categories are the same in both editions of HJ 633. Two rows of one area and day
    contradict each other: the day counts as missing. Rows come sorted by area and period.
    """
    names = frame.collect_schema().names()
    if "category" not in names and "aqi" not in names:
        raise BadInput("air.days_by_category needs the column category or aqi")
    period = call.params.get("period", ALL)
    rules = AqiRules.from_edition(edition)
    frame = _with_period(_with_levels(frame, rules, call), period)
    frame = _with_sums(frame)
    frame = _with_shares(_with_due(frame, period), _decimals(edition))
    return _judged(frame, rules).sort("area", "period_start")


def _decimals(edition: Edition) -> int:
    """Return the decimals of a share of days: HJ 663 has them for the compliance rate."""
    how = standards.catalogue().on("HJ663", edition.in_force_from)
    return how.value("compliance_rate_decimals").integer


def _with_levels(frame: nw.LazyFrame[Any], rules: AqiRules, call: Call) -> nw.LazyFrame[Any]:
    """Add the category of each row, null where none is told or the day stands there twice."""
    told = nw.col(intake.number("category"))
    unit = exact.power10(call.decimals["category"])
    level: nw.Expr = nw.lit(None, nw.Int64)
    for number in LEVELS:
        level = nw.when(told == number * unit).then(nw.lit(number, nw.Int64)).otherwise(level)
    aqi, unit = nw.col(intake.number("aqi")), exact.power10(call.decimals["aqi"])
    by_aqi = nw.when(aqi >= 0).then(nw.lit(LEVELS[-1], nw.Int64))
    found: nw.Expr = by_aqi
    for number, top in reversed(list(enumerate(rules.category_tops, start=1))):
        within = (aqi >= 0) & (aqi <= top * unit)
        found = nw.when(within).then(nw.lit(number, nw.Int64)).otherwise(found)
    serial = exact.integer(calendar.since_epoch(nw.col(intake.DAY)))
    frame = frame.with_columns(
        serial.alias(_SERIAL),
        nw.when(told.is_null()).then(found).otherwise(level).alias(_LEVEL),
        nw.lit(1, nw.Int64).alias(_ROWS),
    )
    rows = exact.integer(nw.col(_ROWS).sum().over("area", _SERIAL))
    frame = frame.with_columns(exact.integer(rows > 1).alias(_TWICE))
    once = (nw.col(_TWICE) == 0) & ~nw.col(_SERIAL).is_null()
    zero = exact.integer(told.is_null() & (aqi == 0))
    return frame.with_columns(
        nw.when(once).then(nw.col(_LEVEL)).alias(_LEVEL), zero.fill_null(0).alias(_ZERO)
    )


def _with_period(frame: nw.LazyFrame[Any], period: str) -> nw.LazyFrame[Any]:
    day = nw.col(intake.DAY)
    start = nw.lit(0, nw.Int64) if period == ALL else calendar.start_of(day, period)
    return frame.with_columns(exact.integer(start).alias(_START))


def _with_sums(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return one row an area and period with the days of each category."""
    days = [f"days_{n}" for n in LEVELS]
    counted = [exact.integer(nw.col(_LEVEL) == n).fill_null(0) for n in LEVELS]
    frame = frame.with_columns(one.alias(name) for name, one in zip(days, counted, strict=True))
    frame = frame.group_by("area", _START).agg(
        *(nw.col(name).sum() for name in days),
        *(nw.col(name).max() for name in (_TWICE, _ZERO)),
        nw.col(intake.DAY).min().alias(_FIRST),
        nw.col(intake.DAY).max().alias(_LAST),
    )
    return frame.with_columns(exact.integer(nw.col(name)) for name in (*days, _TWICE, _ZERO))


def _with_due(frame: nw.LazyFrame[Any], period: str) -> nw.LazyFrame[Any]:
    """Add the first and last day of each period and the days it has."""
    if period != ALL:
        return calendar.with_end(frame, _START, period, _LAST, "n_due")
    frame = frame.with_columns(nw.col(_FIRST).alias(_START))
    first, last = (calendar.since_epoch(nw.col(name)) for name in (_START, _LAST))
    return frame.with_columns(exact.integer(last - first + 1).alias("n_due"))


def _with_shares(frame: nw.LazyFrame[Any], decimals: int) -> nw.LazyFrame[Any]:
    days = {n: nw.col(f"days_{n}") for n in LEVELS}
    valid = days[1] + days[2] + days[3] + days[4] + days[5] + days[6]
    frame = frame.with_columns(
        n_valid=valid,
        good_days=days[GOOD[0]] + days[GOOD[1]],
        heavy_days=days[HEAVY[0]] + days[HEAVY[1]],
    )
    share = f"{_PRIVATE}share"
    some = nw.when(nw.col("n_valid") > 0).then(nw.col("n_valid"))
    up = exact.power10(2 + decimals)  # per cent
    frame = exact.with_half_even(frame, {share: (nw.col("good_days") * up, some)})
    return frame.with_columns(
        n_missing=nw.col("n_due") - nw.col("n_valid"),
        good_share=exact.to_float(nw.col(share), decimals),
    )


def _judged(frame: nw.LazyFrame[Any], rules: AqiRules) -> nw.LazyFrame[Any]:
    some = nw.col("n_valid") > 0
    frame = frame.with_columns(
        period_start=calendar.text(nw.col(_START)),
        period_end=calendar.text(nw.col(_LAST)),
        status=nw.when(some).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        edition=nw.lit(rules.edition),
    )
    reasons: list[labels.Piece] = [
        (~some, "no_data"),
        (nw.col(_TWICE) == 1, "duplicate:date"),
        (nw.col(_LAST).is_null(), "no_day"),
    ]
    zero = rules.zero_unverified
    unverified = [(nw.col(_ZERO) == 1, zero)] if zero else []
    return labels.with_pieces(frame, {"reason": reasons, "unverified": unverified})


def _outputs(_editions: Sequence[Edition], _trace: bool) -> tuple[Column, ...]:
    return (
        Column("area", "区域", "place, as the file names it"),
        Column("period_start", "时段开始", "first day of the period"),
        Column("period_end", "时段结束", "last day of the period"),
        *(
            Column(f"days_{n}", f"{n}级天数", f"days of category {n}", "integer", "d")
            for n in LEVELS
        ),
        Column("n_valid", "有效天数", "days with a category", "integer", "d"),
        Column("n_due", "应有天数", "days of the period", "integer", "d"),
        Column("n_missing", "缺失天数", "days of the period without a category", "integer", "d"),
        Column("good_days", "优良天数", "days of categories 1 and 2", "integer", "d"),
        Column("good_share", "优良天数比例", "good days of valid days", "number", "%"),
        Column("heavy_days", "重度及以上污染天数", "days of categories 5 and 6", "integer", "d"),
        words.STATUS,
        words.REASON,
        words.UNVERIFIED,
        words.EDITION,
    )


def _period(text: str) -> str:
    if text not in PERIODS:
        raise BadInput(f"period: '{text}' is none of {', '.join(PERIODS)}")
    return text


DAYS_BY_CATEGORY = AcrossRows(
    id="air.days_by_category",
    zh="各级别天数与优良天数比例",
    en="Days of each category and the share of good days",
    standard="HJ633",
    default_edition="HJ633-2026",
    inputs=(
        Column("area", "区域", "place, as the file names it"),
        Column("date", "日期", "Beijing day", "date"),
        Column("category", "级别", "category 1 to 6", "number", "1", optional=True),
        Column(
            "aqi", "空气质量指数", "index, where no category is told", "number", "1", optional=True
        ),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding=(
        "Share of good days half-even to one decimal, of valid days. Dust days count: take the "
        "index as it was published."
    ),
    missing=(
        "A day of the period without a row, without a usable category or with two rows is missing; "
        "period=all runs from an area's first to its last day. No valid day: not_judged, no_data."
    ),
    params=(
        Param(
            "period",
            "统计时段：all、year、quarter、month",
            "period counted: all (first to last day of each area), year, quarter, month",
            ALL,
            _period,
        ),
    ),
    adds_columns=False,
    reads_date="date",
)
