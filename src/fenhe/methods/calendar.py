"""Calendar arithmetic on integer columns: the same on every engine, and exact.

A day is the integer yyyymmdd. Years lie between 1970 and 9999.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Any

import narwhals as nw

from fenhe.base.errors import BadInput
from fenhe.methods import exact, intake

PERIODS = ("day", "month", "quarter", "year")

_STEP = f"{intake.PRIVATE}calendar_"
_CYCLE = 146_097  # days of 400 years
_EPOCH = 719_468  # days from 0000-03-01 to 1970-01-01


def _over(a: nw.Expr, b: int) -> nw.Expr:
    return exact.floor_div_small(a, b, nw.Int64)


def with_day(frame: nw.LazyFrame[Any], since_epoch: str, to: str) -> nw.LazyFrame[Any]:
    """Add ``to``: the day yyyymmdd of a column of days since 1970-01-01."""
    era, doe, yoe, doy, mp = (nw.col(f"{_STEP}{n}") for n in ("era", "doe", "yoe", "doy", "mp"))
    z = exact.integer(nw.col(since_epoch)) + _EPOCH
    frame = frame.with_columns(_over(z, _CYCLE).alias(f"{_STEP}era"))
    frame = frame.with_columns((z - era * _CYCLE).alias(f"{_STEP}doe"))
    leaps = _over(doe, 1460) - _over(doe, 36_524) + _over(doe, 146_096)
    frame = frame.with_columns(_over(doe - leaps, 365).alias(f"{_STEP}yoe"))
    passed = yoe * 365 + _over(yoe, 4) - _over(yoe, 100)
    frame = frame.with_columns((doe - passed).alias(f"{_STEP}doy"))
    frame = frame.with_columns(_over(doy * 5 + 2, 153).alias(f"{_STEP}mp"))
    month = nw.when(mp < 10).then(mp + 3).otherwise(mp - 9)
    year = yoe + era * 400 + nw.when(mp < 10).then(0).otherwise(1)
    dom = doy - _over(mp * 153 + 2, 5) + 1
    made = frame.with_columns(exact.integer((year * 100 + month) * 100 + dom).alias(to))
    return made.drop([f"{_STEP}{n}" for n in ("era", "doe", "yoe", "doy", "mp")])


def since_epoch(day: nw.Expr) -> nw.Expr:
    """Return the days from 1970-01-01 to a column of days yyyymmdd."""
    year = _over(day, 10_000)
    month = _over(day, 100) - year * 100
    dom = day - _over(day, 100) * 100
    late = nw.when(month > 2).then(0).otherwise(1)
    y = year - late
    mp = month + late * 12 - 3
    doy = _over(mp * 153 + 2, 5) + dom - 1
    return y * 365 + _over(y, 4) - _over(y, 100) + _over(y, 400) + doy - _EPOCH


def month_of(day: nw.Expr) -> nw.Expr:
    """Return the month, 1 to 12, of a column of days."""
    return _over(day, 100) - _over(day, 10_000) * 100


def start_of(day: nw.Expr, period: str) -> nw.Expr:
    """Return the first day of the period each day lies in."""
    year, months = _over(day, 10_000), _over(day, 100)
    if period == "year":
        return year * 10_000 + 101
    if period == "month":
        return months * 100 + 1
    if period == "quarter":
        return year * 10_000 + (_over(months - year * 100 - 1, 3) * 3 + 1) * 100 + 1
    return exact.integer(day)


def with_end(
    frame: nw.LazyFrame[Any], start: str, period: str, to: str, days: str
) -> nw.LazyFrame[Any]:
    """Add the last day of each period and the number of its days, from its first day."""
    first = nw.col(start)
    if period == "day":
        return frame.with_columns(first.alias(to), nw.lit(1, nw.Int64).alias(days))
    year, month = _over(first, 10_000), month_of(first)
    last = year * 10_000 + 1231
    if period != "year":
        month = month + 2 if period == "quarter" else month
        last = (year * 100 + month) * 100 + _length(year, month)
    frame = frame.with_columns(exact.integer(last).alias(to))
    return frame.with_columns((since_epoch(nw.col(to)) - since_epoch(first) + 1).alias(days))


def _length(year: nw.Expr, month: nw.Expr) -> nw.Expr:
    leap = (year == _over(year, 4) * 4) & (
        (year != _over(year, 100) * 100) | (year == _over(year, 400) * 400)
    )
    february = nw.when(leap).then(29).otherwise(28)
    short = month.is_in([4, 6, 9, 11])
    return nw.when(month == 2).then(february).when(short).then(30).otherwise(31)


def text(day: nw.Expr) -> nw.Expr:
    """Return days as text: 2026-03-01."""
    digits = exact.text(exact.integer(day))
    parts = [digits.str.slice(0, 4), digits.str.slice(4, 2), digits.str.slice(6, 2)]
    return nw.concat_str(parts, separator="-")


def period_of(day: date, period: str) -> tuple[date, date]:
    """Return the first and last day of the period a day lies in; ``BadInput`` for no period."""
    if period == "day":
        return day, day
    months = {"month": 1, "quarter": 3, "year": 12}.get(period)
    if months is None:
        raise BadInput(f"'{period}' is no period; the periods are {', '.join(PERIODS)}")
    first = day.month - (day.month - 1) % months
    last = first + months - 1
    end = date(day.year, last, monthrange(day.year, last)[1])
    return date(day.year, first, 1), end


def before(day: date) -> date:
    """Return the day before."""
    return day - timedelta(days=1)
