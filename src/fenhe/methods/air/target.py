"""Distance to an annual target, and the daily mean still allowed for the rest of the year."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from fenhe.base.errors import BadInput
from fenhe.methods import calendar, exact, intake, labels
from fenhe.methods.across import AcrossRows
from fenhe.methods.air import words
from fenhe.methods.contract import Call, Column, Method
from fenhe.standards import Edition

#: Items whose annual mean is judged; the year of CO and ozone is a percentile.
ITEMS = ("so2", "no2", "pm10", "pm25")

_P = f"{intake.PRIVATE}target_"
_ITEM, _SUM, _MEAN, _TARGET, _OTHER_TARGET, _TWICE = (
    f"{_P}{n}" for n in ("item", "sum", "mean", "target", "other_target", "twice")
)
_DONE, _WHOLE, _REST, _GOOD, _T, _TOP, _LEFT, _ALLOWED = (
    f"{_P}{n}" for n in ("done", "whole", "rest", "good", "t", "top", "left", "allowed")
)
_DAY, _LAST, _ROWS = f"{_P}day", f"{_P}last", f"{_P}rows"
_WORK = exact.WORKING_SCALE


@dataclass(frozen=True)
class TargetRules:
    """How an annual mean is rounded before it is compared with what it must not exceed."""

    edition: str
    decimals: Mapping[str, int]
    compare_unverified: str | None  # another reading compares the full value

    @classmethod
    def from_edition(cls, edition: Edition) -> TargetRules:
        """Return the rules of an HJ 663 edition; ``BadInput`` for a rule not known here."""
        for name, known in {"compare": "rounded", "statistic_rounding": "half_even"}.items():
            if edition.value(name).text != known:
                raise BadInput(f"{edition.value(name).id} is not '{known}'")
        compare, table = edition.value("compare"), edition.table("compliance_decimals")
        return cls(
            edition=edition.id,
            decimals={item: int(table.one(item=item)["decimals"]) for item in ITEMS},
            compare_unverified=None if compare.firm else compare.id,
        )

    def by_item(self, make: Callable[[int], nw.Expr]) -> nw.Expr:
        """Return what is made of the decimals of each row's item; null for other items."""
        result: nw.Expr = nw.lit(None, nw.Int64)
        for item, decimals in self.decimals.items():
            made = exact.integer(make(decimals))
            result = nw.when(nw.col(_ITEM) == item).then(made).otherwise(result)
        return result


def summary(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return the frame with the distance to the target and the daily mean still allowed.

    Reads ``item``, ``target`` and ``mean_to_date`` (µg/m³), ``days_done`` and
    ``days_in_year``. The annual mean is that of all days of the year, those to come
    included; HJ 663 rounds it before it is compared.
    """
    done, whole = (_days(name, call) for name in ("days_done", "days_in_year"))
    frame = frame.with_columns(_item(), done.alias(_DONE), whole.alias(_WHOLE))
    frame = _with_amounts(frame, call, {_MEAN: "mean_to_date", _TARGET: "target"})
    total = exact.guarded(nw.col(_MEAN) * nw.col(_DONE))
    begun = nw.when(nw.col(_DONE) == 0).then(0).otherwise(total)
    frame = frame.with_columns(exact.integer(begun).alias(_SUM))
    reasons = [
        *_amount_reasons("mean_to_date", also=nw.col(_DONE) != 0),
        *_amount_reasons("target"),
        *_day_reasons("days_done", _DONE),
        *_day_reasons("days_in_year", _WHOLE),
        (nw.col(_DONE) > nw.col(_WHOLE), "invalid:days_done"),
    ]
    return _judged(frame, TargetRules.from_edition(edition), reasons)


def daily(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return one row an area, item and year, from its daily values and its target.

    Reads ``item``, the day, ``value`` and ``target`` (µg/m³). Days to come are those
    after the last row of an area, item and year; missing days before it are left out of
    the annual mean. Rows come sorted by area, item and year.
    """
    frame = _with_amounts(frame.with_columns(_item()), call, {_SUM: "value", _TARGET: "target"})
    frame = _summed(frame)
    done = nw.when(nw.col(_DONE) > 0).then(nw.col(_DONE))
    frame = exact.with_half_even(frame, {_MEAN: (nw.col(_SUM), done)})
    frame = frame.with_columns(
        item=nw.col(_ITEM),
        mean_to_date=exact.to_float(nw.col(_MEAN), _WORK),
        target=exact.to_float(nw.col(_TARGET), _WORK),
        days_done=nw.col(_DONE),
    )
    reasons: list[labels.Piece] = [
        (nw.col("year").is_null(), "no_day"),
        (nw.col(_DONE) == 0, "no_data"),
        (nw.col(_TWICE) > 1, "duplicate:date"),
        (nw.col(_TARGET).is_null(), "missing:target"),
        (nw.col(_TARGET) != nw.col(_OTHER_TARGET), "targets_differ"),
    ]
    result = _judged(frame, TargetRules.from_edition(edition), reasons)
    return result.sort("area", "item", "year")


def _item() -> nw.Expr:
    text = nw.col("item").str.strip_chars().str.to_lowercase()
    return text.str.replace_all(".", "", literal=True).alias(_ITEM)


def _days(name: str, call: Call) -> nw.Expr:
    """Return a number of days, null where it is none or not a whole one."""
    value, unit = nw.col(intake.number(name)), exact.power10(call.decimals[name])
    whole = exact.floor_div(value, unit)
    return exact.integer(nw.when((value >= 0) & (whole * unit == value)).then(whole))


def _with_amounts(
    frame: nw.LazyFrame[Any], call: Call, made: Mapping[str, str]
) -> nw.LazyFrame[Any]:
    """Add concentrations as integers at the working scale; null where unusable."""
    values = {to: nw.col(intake.number(name)) for to, name in made.items()}
    return exact.with_rescaled(
        frame,
        {to: (nw.when(v >= 0).then(v), call.decimals[made[to]], _WORK) for to, v in values.items()},
    )


def _summed(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return one row an area, item and year: sum and number of days, days to come."""
    day = nw.col(intake.DAY)
    frame = frame.with_columns(
        exact.floor_div(exact.integer(day), 10_000).alias("year"),
        exact.integer(calendar.since_epoch(day)).alias(_DAY),
        nw.lit(1, nw.Int64).alias(_ROWS),
    )
    rows = exact.integer(nw.col(_ROWS).sum().over("area", _ITEM, _DAY))
    frame = frame.with_columns(rows.alias(_TWICE))
    once = nw.when((nw.col(_TWICE) == 1) & ~nw.col(_DAY).is_null()).then(nw.col(_SUM))
    frame = frame.with_columns(once.alias(_SUM))
    there = exact.integer(~nw.col(_SUM).is_null())
    frame = frame.with_columns(there.alias(_DONE), nw.col(_TARGET).alias(_OTHER_TARGET))
    frame = frame.group_by("area", _ITEM, "year").agg(
        nw.col(_SUM).sum(),
        nw.col(_DONE).sum(),
        nw.col(_TWICE).max(),
        nw.col(_TARGET).max(),
        nw.col(_OTHER_TARGET).min(),
        nw.col(_DAY).max().alias(_LAST),
    )
    counted = (_SUM, _DONE, _TWICE, _TARGET, _OTHER_TARGET, _LAST)
    frame = frame.with_columns(exact.guarded(exact.integer(nw.col(name))) for name in counted)
    end = calendar.since_epoch(exact.integer(nw.col("year")) * 10_000 + 1231)
    return frame.with_columns((nw.col(_DONE) + end - nw.col(_LAST)).alias(_WHOLE))


def _judged(
    frame: nw.LazyFrame[Any], rules: TargetRules, reasons: list[labels.Piece]
) -> nw.LazyFrame[Any]:
    """Add the results; a row with one of the ``reasons`` is not judged."""
    unknown = ~nw.col(_ITEM).is_in(list(ITEMS))
    reasons = [(nw.col(_ITEM).is_null(), "missing:item"), (unknown, "unknown_item"), *reasons]
    bad = nw.any_horizontal(*(c.fill_null(value=False) for c, _ in reasons), ignore_nulls=False)
    frame = frame.with_columns((~bad).alias(_GOOD))
    frame = _with_allowed(frame, rules)
    good, rest = nw.col(_GOOD), nw.col(_REST)
    gap = exact.to_float(nw.col(_MEAN) - nw.col(_TARGET), _WORK)
    meets = nw.when(nw.col(_MEAN) <= nw.col(_TOP)).then(nw.lit("yes")).otherwise(nw.lit("no"))
    reached = nw.when(nw.col(_ALLOWED) >= 0).then(nw.col(_ALLOWED))
    frame = frame.with_columns(
        gap=nw.when(good).then(gap),
        meets=nw.when(good & ~nw.col(_MEAN).is_null()).then(meets),
        days_rest=nw.when(good).then(rest),
        allowed_mean_rest=exact.to_float(reached, _WORK),
        status=nw.when(good).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        edition=nw.lit(rules.edition),
    )
    reasons.append((good & (rest == 0), "year_over"))
    reasons.append((nw.col(_ALLOWED) < 0, "out_of_reach"))
    compare = rules.compare_unverified
    unverified = [(good, compare)] if compare else []
    return labels.with_pieces(frame, {"reason": reasons, "unverified": unverified})


def _with_allowed(frame: nw.LazyFrame[Any], rules: TargetRules) -> nw.LazyFrame[Any]:
    """Add the largest annual mean that rounds to the target, and what it leaves a day.

    A mean between the target t (at the decimals it is compared with) and its next number
    is a tie at t + 1/2, which goes to t only where t is even.
    """
    frame = frame.with_columns(rules.by_item(_in_units).alias(_T))
    odd = nw.col(_T) - exact.floor_div(nw.col(_T), 2) * 2
    top = rules.by_item(_tie_above)
    frame = frame.with_columns((top - odd).alias(_TOP))
    rest = nw.when(nw.col(_GOOD)).then(nw.col(_WHOLE) - nw.col(_DONE))
    frame = frame.with_columns(exact.integer(rest).alias(_REST))
    left = exact.guarded(nw.col(_TOP) * nw.col(_WHOLE)) - nw.col(_SUM)
    frame = frame.with_columns(exact.integer(left).alias(_LEFT))
    some = exact.integer(nw.when(nw.col(_REST) > 0).then(nw.col(_REST)))
    return frame.with_columns(exact.floor_div(nw.col(_LEFT), some).alias(_ALLOWED))


def _in_units(decimals: int) -> nw.Expr:
    return exact.floor_div(nw.col(_TARGET), exact.power10(_WORK - decimals))


def _tie_above(decimals: int) -> nw.Expr:
    return nw.col(_T) * exact.power10(_WORK - decimals) + exact.power10(_WORK - decimals - 1) * 5


def _amount_reasons(name: str, also: nw.Expr | None = None) -> list[labels.Piece]:
    value = nw.col(intake.number(name))
    missing = value.is_null() if also is None else value.is_null() & also
    return [(missing, f"missing:{name}"), (value < 0, f"invalid:{name}")]


def _day_reasons(name: str, column: str) -> list[labels.Piece]:
    value = nw.col(intake.number(name))
    return [
        (value.is_null(), f"missing:{name}"),
        (~value.is_null() & nw.col(column).is_null(), f"invalid:{name}"),
    ]


_AREA = Column("area", "区域", "place, as the file names it")
_CODE = Column("item", "项目", "item", "code", codes=ITEMS)
_TARGETED = Column("target", "年度目标", "annual mean not to be exceeded", "number", words.UG)
_RESULTS = (
    Column("gap", "与目标的差距", "mean to date less target", "number", words.UG),
    Column("meets", "目前是否达到目标", "whether the mean to date, rounded, meets it: yes or no"),
    Column("days_rest", "剩余天数", "days to come", "integer", "d"),
    Column(
        "allowed_mean_rest",
        "剩余天数允许的日均值",
        "daily mean allowed on every day to come",
        "number",
        words.UG,
    ),
    words.STATUS,
    words.REASON,
    words.UNVERIFIED,
    words.EDITION,
)
_ROUNDING = (
    "The annual mean is rounded half-even to the decimals of compliance_decimals before it is "
    "compared; allowed_mean_rest is the largest number of six decimals that keeps it at the "
    "target, up to the tie half a unit above it where the target is even, 10^-6 below the tie "
    "where it is odd. The other reading, comparison without rounding, allows less: its value id "
    "stands in unverified."
)
_ALIASES = {
    "GB3095-2012": "HJ663-2013",
    "GB3095-2026": "HJ663-2026",
    "GB3095-2026:transitional": "HJ663-2026",
    "GB3095-2026:final": "HJ663-2026",
}


def _summary_outputs(_editions: Sequence[Edition], _trace: bool) -> tuple[Column, ...]:
    return _RESULTS


def _daily_outputs(_editions: Sequence[Edition], _trace: bool) -> tuple[Column, ...]:
    return (
        _AREA,
        Column("item", "项目", "item"),
        Column("year", "年份", "calendar year", "integer"),
        _TARGETED,
        Column("mean_to_date", "累计平均", "mean of the days so far, at 10^-6", "number", words.UG),
        Column("days_done", "有效天数", "days with a value", "integer", "d"),
        *_RESULTS,
    )


TARGET = Method(
    id="air.target",
    zh="年度目标差距",
    en="Distance to an annual target and the daily mean still allowed",
    standard="HJ663",
    default_edition="HJ663-2026",
    aliases=_ALIASES,
    inputs=(
        _AREA,
        _CODE,
        _TARGETED,
        Column("mean_to_date", "累计平均", "mean of the days so far", "number", words.UG),
        Column("days_done", "已过天数", "days the mean is of", "number", "d"),
        Column("days_in_year", "全年天数", "days of the whole year's mean", "number", "d"),
    ),
    outputs=_summary_outputs,
    evaluate=summary,
    rounding=_ROUNDING,
    missing=(
        "A missing or unusable number, days that are no whole number or more than the year has: "
        "not_judged. No day left: year_over; not even clean air would do: out_of_reach, both "
        "without allowed_mean_rest. A mean of many decimals is read with six."
    ),
)

TARGET_DAILY = AcrossRows(
    id="air.target_daily",
    zh="年度目标差距（逐日数据）",
    en="Distance to an annual target from daily values",
    standard="HJ663",
    default_edition="HJ663-2026",
    aliases=_ALIASES,
    inputs=(
        _AREA,
        _CODE,
        Column("date", "日期", "Beijing day", "date"),
        Column("value", "日均值", "daily mean", "number", words.UG),
        _TARGETED,
    ),
    outputs=_daily_outputs,
    evaluate=daily,
    rounding=_ROUNDING,
    missing=(
        "Days without a value before the last row are left out of the annual mean, days after it "
        "are to come. Two rows of one day (duplicate:date) or two targets of one year "
        "(targets_differ): not_judged. The rest as air.target."
    ),
    adds_columns=False,
    reads_date="date",
)
