"""The evaluation of air as methods of ``fenhe judge``: in one go, and its stages one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import Any

import narwhals as nw
import polars as pl

from fenhe.base.errors import BadInput
from fenhe.methods import calendar, exact, hours, intake
from fenhe.methods.across import AcrossRows
from fenhe.methods.air import dayvalues, spans, stages, words
from fenhe.methods.air.dayvalues import AREA, DAY, REPEATED, SITE
from fenhe.methods.air.evaluation import EVALUATION, ITEMS, LIMITS, PERIODS, EvaluationRules
from fenhe.methods.air.params import GRADE, one_of
from fenhe.methods.air.words import EDITION, REASON, STATUS, UNVERIFIED
from fenhe.methods.contract import Call, Column, Param
from fenhe.standards import Edition

#: What a file may say of a station that counts for its city, and of one that does not.
YES = (*words.YES, "y", "t", "是")
NO = (*words.NO, "n", "f", "否")

STATION, CITY, CITY_SITE = "station", "city", "city_site"

_P = f"{intake.PRIVATE}evaluate_"
_FIRST, _LAST = f"{_P}first", f"{_P}last"

Days = Callable[[nw.LazyFrame[Any], EvaluationRules, Call], nw.LazyFrame[Any]]


def evaluate(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return the evaluation of each station or city and period, from hourly values.

    Hours are rounded half-even to the decimals of an hourly value; days, their means and
    their validity: ``dayvalues``; periods: ``periods``; verdicts: ``compliance``. Judged by
    the edition of GB 3095 that was named, else by the one of each period (``spans``).
    """
    frame = hours.with_hour(_sites(frame, call), "time")
    day = exact.floor_div_small(nw.col(hours.HOUR), 24, nw.Int64)
    return _by_span(frame, edition, call, _from_hours, serial=day, hourly=True)


def days(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return the daily values of stations from hourly values: the first stage."""
    frame = hours.with_hour(_sites(frame, call), "time")
    day = exact.floor_div_small(nw.col(hours.HOUR), 24, nw.Int64)

    def made(
        part: nw.LazyFrame[Any], rules: EvaluationRules, call: Call, _span: spans.Span | None
    ) -> nw.LazyFrame[Any]:
        return _told(dayvalues.site_days(part, rules, call.decimals), rules)

    return _in_spans(frame, edition, call, made, serial=day, period="day").sort(AREA, "date")


def city_days(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return the daily values of cities from the valid daily values of their sites."""

    def made(
        part: nw.LazyFrame[Any], rules: EvaluationRules, call: Call, _span: spans.Span | None
    ) -> nw.LazyFrame[Any]:
        members = part.select(AREA, SITE, nw.col(DAY))
        found = _given(part.drop(AREA).rename({SITE: AREA}), call)
        return _told(dayvalues.city_days(found, members, rules), rules)

    frame = frame.with_columns(exact.integer(nw.col(intake.DAY)).alias(DAY))
    serial = calendar.since_epoch(nw.col(DAY))
    return _in_spans(frame, edition, call, made, serial=serial, period="day").sort(AREA, "date")


def from_days(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return the evaluation of each period from daily values that are there or not."""
    frame = frame.with_columns(exact.integer(nw.col(intake.DAY)).alias(DAY))
    serial = calendar.since_epoch(nw.col(DAY))
    return _by_span(frame, edition, call, lambda f, _rules, c: _given(f, c), serial=serial)


def _sites(frame: nw.LazyFrame[Any], call: Call) -> nw.LazyFrame[Any]:
    """Keep the rows that take part, with the station as ``area``; of cities only city sites."""
    names = frame.collect_schema().names()
    if call.params.get("level", STATION) == CITY:
        if CITY not in names:
            raise BadInput("level=city needs the column 'city'; there are: " + ", ".join(names))
        if CITY_SITE in names:
            said = exact.text(nw.col(CITY_SITE)).str.strip_chars().str.to_lowercase()
            frame = frame.filter(said.is_in(list(YES)))
    return frame.drop([n for n in (AREA,) if n in names]).rename({STATION: AREA})


def _from_hours(frame: nw.LazyFrame[Any], rules: EvaluationRules, call: Call) -> nw.LazyFrame[Any]:
    found = dayvalues.site_days(frame, rules, call.decimals)
    if call.params["level"] == STATION:
        return _kept(found)
    found = _kept(found)
    return _kept(dayvalues.city_days(found, _members(frame, found), rules))


def _kept(found: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Compute a Polars day frame once: what follows reads it several times."""
    if not found.implementation.is_polars():
        return found
    table: pl.DataFrame = found.to_native().collect(engine="streaming")
    return nw.from_native(table.lazy())


def _members(frame: nw.LazyFrame[Any], found: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return which sites are due: those of a city from their first to their last row."""
    pairs = frame.select(nw.col(AREA).alias(SITE), nw.col(CITY).alias(AREA)).unique()
    dated = found.select(nw.col(AREA).alias(SITE), DAY).join(pairs, on=SITE, how="inner")
    site_spans = dated.group_by(AREA, SITE).agg(
        nw.col(DAY).min().alias(_FIRST), nw.col(DAY).max().alias(_LAST)
    )
    due = dated.select(AREA, DAY).unique().join(site_spans, on=AREA, how="inner")
    return due.filter((nw.col(DAY) >= nw.col(_FIRST)) & (nw.col(DAY) <= nw.col(_LAST)))


def _given(frame: nw.LazyFrame[Any], call: Call) -> nw.LazyFrame[Any]:
    """Return daily values as a day frame: what is there counts as valid, one of one due."""
    value = {item: nw.col(intake.number(item)) for item in ITEMS}
    there = {item: (value[item] >= 0).fill_null(value=False) for item in ITEMS}
    work = exact.WORKING_SCALE
    made = {f"{i}_e6": (nw.when(there[i]).then(value[i]), call.decimals[i], work) for i in ITEMS}
    frame = exact.with_rescaled(frame, made)
    return frame.select(
        AREA,
        DAY,
        *(f"{item}_e6" for item in ITEMS),
        *(exact.integer(nw.when(there[i]).then(1).otherwise(0)).alias(f"{i}_n") for i in ITEMS),
        *(nw.lit(1, nw.Int64).alias(f"{item}_due") for item in ITEMS),
        *(there[item].alias(f"{item}_ok") for item in ITEMS),
        nw.lit(value=False).alias(REPEATED),
    )


def _by_span(
    frame: nw.LazyFrame[Any],
    edition: Edition,
    call: Call,
    make: Days,
    *,
    serial: nw.Expr,
    hourly: bool = False,
) -> nw.LazyFrame[Any]:
    period = call.params["period"]

    def made(
        part: nw.LazyFrame[Any], rules: EvaluationRules, call: Call, span: spans.Span | None
    ) -> nw.LazyFrame[Any]:
        why = None if span is None else span.reason
        return stages.evaluated(
            make(part, rules, call),
            rules,
            period,
            level=call.params.get("level", STATION),
            judged=why is None,
            why=why,
            edition=None if span is None else span.told,
            finer=stages.finer_than(rules, call.decimals) if hourly else (),
            trace=call.trace,
        )

    result = _in_spans(frame, edition, call, made, serial=serial, period=period)
    return result.sort(AREA, "period_start")


Part = Callable[[nw.LazyFrame[Any], EvaluationRules, Call, "spans.Span | None"], nw.LazyFrame[Any]]


def _in_spans(
    frame: nw.LazyFrame[Any],
    edition: Edition,
    call: Call,
    make: Part,
    *,
    serial: nw.Expr,
    period: str,
) -> nw.LazyFrame[Any]:
    """Compute the rows of each span by its own rules; ``serial`` is the day since 1970-01-01.

    An edition of HJ 663 is what stands in where none of GB 3095 was named.
    """
    grade = call.params["grade"]
    if edition.standard == LIMITS:
        return make(frame, EvaluationRules.of(edition, grade), call, None)
    frame = frame.with_columns(exact.integer(serial).alias(f"{_P}serial"))
    day = nw.col(f"{_P}serial")
    found = frame.select(low=day.min(), high=day.max()).collect()
    low, high = (found[c].to_list()[0] for c in ("low", "high"))
    known = list(spans.spans(period, call.params.get("straddle", "")))
    bounds = [(_serial(s.first), _serial(s.last)) for s in known]
    parts = []
    for span, (first, last) in zip(known, bounds, strict=True):
        if low is None or last < low or high < first:
            continue
        inside = first <= low and high <= last
        part = frame if inside else frame.filter((day >= first) & (day <= last))
        parts.append(make(part, EvaluationRules.of(span.edition, grade), call, span))
    if low is None or low < bounds[0][0] or not parts:
        early = frame.filter(day < bounds[0][0])
        parts.append(_unjudged(early, make, known[0], call, grade))
    return parts[0] if len(parts) == 1 else nw.concat(parts, how="vertical")


def _unjudged(
    frame: nw.LazyFrame[Any], make: Part, span: spans.Span, call: Call, grade: str
) -> nw.LazyFrame[Any]:
    """Give the periods before the first edition figures by its rules, and no verdict."""
    rules = EvaluationRules.of(span.edition, grade)
    before = spans.Span(date.min, span.first, span.edition, span.told, "no_edition")
    return make(frame, rules, call, before)


def _serial(day: date) -> int:
    return day.toordinal() - date(1970, 1, 1).toordinal()


def _told(found: nw.LazyFrame[Any], rules: EvaluationRules) -> nw.LazyFrame[Any]:
    """Return a day frame as its own result: the values that count, and what they rest on."""
    work = exact.WORKING_SCALE
    valid = nw.any_horizontal(*(nw.col(f"{item}_ok") for item in ITEMS), ignore_nulls=True)
    return found.select(
        nw.col(AREA),
        calendar.text(nw.col(DAY)).alias("date"),
        *(exact.to_float(dayvalues.daily(item), work).alias(item) for item in ITEMS),
        *(exact.to_float(nw.col(f"{item}_e6"), work).alias(f"{item}_mean") for item in ITEMS),
        *(nw.col(f"{item}_n").alias(f"{item}_n_valid") for item in ITEMS),
        *(nw.col(f"{item}_due").alias(f"{item}_n_due") for item in ITEMS),
        *(nw.col(f"{item}_ok").alias(f"{item}_valid") for item in ITEMS),
        nw.when(valid).then(nw.lit("judged")).otherwise(nw.lit("not_judged")).alias("status"),
        nw.when(nw.col(REPEATED))
        .then(nw.lit("repeated_hours"))
        .when(~valid)
        .then(nw.lit("below_minimum"))
        .alias("reason"),
        exact.text(nw.lit(None)).alias("unverified"),
        nw.lit(rules.edition).alias("edition"),
    )


_PERIOD = Param(
    "period",
    "评价时段：day、month、quarter、year",
    "period that is evaluated: day, month, quarter or year",
    "year",
    partial(one_of, "period", PERIODS),
)
_LEVEL = Param(
    "level",
    "评价对象：station（点位）、city（城市）",
    "what is evaluated: station, or city by the mean of its city sites",
    STATION,
    partial(one_of, "level", stages.LEVELS),
)
_STRADDLE = Param(
    "straddle",
    "跨版本时段适用的版本：first（前）、last（后）；默认不判定",
    "edition that judges a period which lies in two: first or last; empty: it is not judged",
    "",
    partial(one_of, "straddle", spans.STRADDLES),
)


def _figures(editions: Sequence[Edition], trace: bool) -> tuple[Column, ...]:
    """Return the columns of an evaluation; percentiles are the same in every edition."""
    del editions
    rules = EvaluationRules.of("GB3095-2012")
    found = [
        Column(AREA, "区域", "station or city"),
        Column("period_start", "时段起", "first day, Beijing time"),
        Column("period_end", "时段止", "last day, Beijing time"),
    ]
    for s in rules.statistics["year"]:
        zh, unit = words.ITEMS[s.item].zh, words.ITEMS[s.item].unit
        if s.percentile is None:
            found += _mean_columns(s.item, zh, unit)
        else:
            told = f"{s.percentile}th percentile of the daily values of {s.item}"
            zh = f"{zh}第{s.percentile}百分位数"
            found += [Column(s.name, zh, told, "number", unit), *_verdict_columns(s.name, zh)]
    whole = Column("compliant", "达标", "whether every figure with a limit complies")
    traced = _traced_columns(rules) if trace else ()
    return (*found, whole, STATUS, REASON, UNVERIFIED, EDITION, *traced)


def _traced_columns(rules: EvaluationRules) -> Iterator[Column]:
    for s in rules.statistics["year"]:
        unit = words.ITEMS[s.item].unit
        yield Column(f"{s.name}_held", "修约前", "figure held at 10^-6", "number", unit)
        yield Column(f"{s.name}_limit", "限值", "limit it is held against", "number", unit)


def _mean_columns(item: str, zh: str, unit: str) -> Iterator[Column]:
    what = "daily maximum 8-hour means" if item == "o3" else "daily means"
    yield Column(f"{item}_mean", f"{zh}均值", f"mean of the {what} of {item}", "number", unit)
    yield Column(f"{item}_n_valid", f"{zh}有效数", "valid days (a day: hours, sites)", "integer")
    yield Column(f"{item}_n_due", f"{zh}应有数", "days (a day: hours, sites) due", "integer")
    yield Column(f"{item}_valid", f"{zh}有效", "whether the minimum is met; true or false")
    yield from _verdict_columns(item, zh)


def _verdict_columns(name: str, zh: str) -> Iterator[Column]:
    en = "multiple of the exceedance; empty where there is none"
    yield Column(f"{name}_multiple", f"{zh}超标倍数", en, "number", "1")
    yield Column(f"{name}_compliant", f"{zh}达标", "whether it is not above its limit")


def _day_columns(editions: Sequence[Edition], trace: bool) -> tuple[Column, ...]:
    del editions, trace
    found = [Column(AREA, "区域", "station or city"), Column("date", "日期", "Beijing day")]
    parts = (
        ("", "日值", "valid daily value; empty where the minimum is not met", "number"),
        ("_mean", "均值", "mean of what there is, held at 10^-6", "number"),
        ("_n_valid", "有效数", "valid hours, 8-hour means or sites", "integer"),
        ("_n_due", "应有数", "hours, 8-hour means or sites due", "integer"),
        ("_valid", "有效", "whether the minimum is met; true or false", "text"),
    )
    for end, zh, en, kind in parts:
        for item in ITEMS:
            told, unit = words.ITEMS[item], words.ITEMS[item].unit if kind == "number" else ""
            found.append(Column(f"{item}{end}", told.zh + zh, f"{item}: {en}", kind, unit))  # type: ignore[arg-type]
    return (*found, STATUS, REASON, UNVERIFIED, EDITION)


_ROUNDING = (
    "Hourly values half-even to the decimals of an hourly value, then used; means and "
    "percentiles held at 10^-6 and rounded half-even once: to the decimals of a statistic to be "
    "told, to those of a comparison to be held against the limit. Where the unrounded value "
    "gives another verdict, the id of the comparison stands in unverified."
)
_MISSING_HOURS = (
    "Empty cells, negative numbers, sentinels and hourly values of 131,071 units or more are "
    "missing. Daily mean: 20 hours; ozone: 14 means of 8 hours with 6 each, or a maximum above "
    "the limit; year: 324 days, 27 a month, 25 in February; month: 27 (25). Less: no verdict, "
    "below_minimum:<item>. An hour with two rows: the day has no values, repeated_hours."
)
_CITY_MISSING = (
    " City: 75 % of the sites due (50 % of fewer than 4); a site is due from its first to its "
    "last row."
)
_ITEM_COLUMNS = tuple(words.ITEMS[item] for item in ITEMS)
_DAILY_COLUMNS = tuple(
    Column(c.name, f"{c.zh}日值", f"daily value of {c.name}; o3: daily maximum 8-hour mean",
           "number", c.unit)
    for c in _ITEM_COLUMNS
)  # fmt: skip
_HOURLY_INPUTS = (
    Column(STATION, "站点", "station, as the file names it"),
    Column("time", "时间", "end of the hour, Beijing time", "time"),
    *_ITEM_COLUMNS,
)
#: Named, it means the limits; where none is named each period goes by its own.
_BY_PERIOD = "HJ663-2026"

EVALUATE = AcrossRows(
    id="air.evaluate",
    zh="环境空气质量评价：小时值到日、月、季、年",
    en="Evaluation of air quality from hourly values to day, month, quarter or year",
    standard=LIMITS,
    inputs=(
        *_HOURLY_INPUTS,
        Column(CITY, "城市", "city of the station; needed for level=city", optional=True),
        Column(
            CITY_SITE,
            "城市点",
            "whether the station counts for its city; without the column all do",
            "code",
            optional=True,
            codes=(*YES, *NO),
        ),
    ),
    outputs=_figures,
    evaluate=evaluate,
    rounding=_ROUNDING,
    missing=_MISSING_HOURS + _CITY_MISSING,
    default_edition=_BY_PERIOD,
    by_period=True,
    params=(_PERIOD, _LEVEL, GRADE, _STRADDLE),
    adds_columns=False,
    aliases=spans.ALIASES,
    also=(EVALUATION,),
)

DAY_VALUES = AcrossRows(
    id="air.day",
    zh="点位日均值和臭氧日最大8小时平均",
    en="Daily values of stations from hourly values",
    standard=LIMITS,
    inputs=_HOURLY_INPUTS,
    outputs=_day_columns,
    evaluate=days,
    rounding="Hourly values half-even to the decimals of an hourly value; means held at 10^-6.",
    missing=_MISSING_HOURS,
    default_edition=_BY_PERIOD,
    by_period=True,
    params=(GRADE,),
    adds_columns=False,
    aliases=spans.ALIASES,
    also=(EVALUATION,),
)

CITY_DAY = AcrossRows(
    id="air.city_day",
    zh="城市日值",
    en="Daily values of cities from those of their sites",
    standard=LIMITS,
    inputs=(
        Column(AREA, "城市", "city"),
        Column(SITE, "点位", "city site"),
        Column("date", "日期", "Beijing day", "date"),
        *_DAILY_COLUMNS,
    ),
    outputs=_day_columns,
    evaluate=city_days,
    rounding="Site values as they are, at most at 10^-6; the mean held at 10^-6.",
    missing=(
        "One row a site and day is due, with an empty value where none is valid; negative numbers "
        "and sentinels are missing. Fewer valid sites than 75 % of those due (50 % of fewer than "
        "4): not valid."
    ),
    default_edition=_BY_PERIOD,
    by_period=True,
    params=(GRADE,),
    adds_columns=False,
    aliases=spans.ALIASES,
    also=(EVALUATION,),
    reads_date="date",
)

PERIOD = AcrossRows(
    id="air.period",
    zh="由日值评价日、月、季、年",
    en="Evaluation of day, month, quarter or year from daily values",
    standard=LIMITS,
    inputs=(
        Column(AREA, "区域", "site or city"),
        Column("date", "日期", "Beijing day", "date"),
        *_DAILY_COLUMNS,
    ),
    outputs=_figures,
    evaluate=from_days,
    rounding=_ROUNDING,
    missing=(
        "A daily value that is there counts as valid; negative numbers and sentinels are missing. "
        "Year: 324 days, 27 a month, 25 in February; month: 27 (25). Less: below_minimum:<item>."
    ),
    default_edition=_BY_PERIOD,
    by_period=True,
    params=(_PERIOD, GRADE, _STRADDLE),
    adds_columns=False,
    aliases=spans.ALIASES,
    also=(EVALUATION,),
    reads_date="date",
)
