"""Hourly and daily values of outlets against limits: exemptions, multiple, episode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from fenhe.methods import calendar, exact, intake, labels, moments, runs
from fenhe.methods.across import AcrossRows
from fenhe.methods.contract import Call, Column, Param
from fenhe.methods.sources import exemption, grounds, held, limits, words
from fenhe.methods.sources import verdict_columns as c
from fenhe.methods.sources.judging import DEFAULT, STANDARD, STOPPED, JudgingRules
from fenhe.methods.sources.limits import Piece
from fenhe.methods.sources.params import one_of
from fenhe.standards import Edition

Frame = nw.LazyFrame[Any]


def evaluate(frame: Frame, edition: Edition, call: Call) -> Frame:
    """Return the frame with a verdict on each row.

    In this order: is there a valid value, is the outlet stopped, which limit holds (the
    strictest of set, temporary order and permit), is the row exempt by its working condition,
    is the value, rounded to the limit's decimals, above; then runs of rows above it.
    """
    rules = JudgingRules.of(edition)
    averaging = call.params["averaging"]
    frame = _prepared(frame, call, c.SECONDS[averaging])
    asked = held.asked(frame)
    names = sorted({one for one, _, _ in asked if one})
    found = [p for name in names for p in limits.pieces(name, averaging)]
    used = held.narrowed(rules, asked, averaging)
    frame = held.with_limit(frame, used, found, call)
    frame = exemption.with_exemption(frame, used, c.SECONDS[averaging])
    frame = _compared(frame, rules)
    frame = _with_episodes(frame)
    return _told(frame, used, found, call)


def _prepared(frame: Frame, call: Call, seconds: int) -> Frame:
    frame = moments.with_second(frame)
    names = frame.collect_schema().names()

    def text(column: str, default: str = "") -> nw.Expr:
        given = nw.lit(None, nw.String)
        if column in names:
            given = exact.text(nw.col(column)).str.strip_chars()
            given = nw.when(given != "").then(given)
        return given.fill_null(default) if default else given

    value, permit = nw.col(intake.number("value")), nw.col(intake.number("limit"))
    second = nw.col(moments.SECOND)
    frame = frame.with_columns(
        exact.floor_div(second, seconds).alias(c.SERIAL),
        exact.floor_div(second, moments.DAY).alias(c.DAY),
        text("item").str.to_lowercase().alias(c.ITEM),
        text("limit_set", call.params["limit_set"]).alias(c.SET),
        text("condition").str.to_lowercase().alias(c.CONDITION),
        text("sector", call.params["sector"]).alias(c.SECTOR),
        text("area", call.params["area"]).alias(c.AREA),
        _scaled(nw.when(value >= 0).then(value), call.decimals["value"]).alias(c.V),
        _scaled(nw.when(permit >= 0).then(permit), call.decimals["limit"]).alias(c.PERMIT),
        text("valid", "yes").str.to_lowercase().is_in(words.NO).alias(c.STATE),
        text("mark_late", "no").str.to_lowercase().is_in(words.YES).alias(c.LATE),
        nw.lit(1, nw.Int64).alias(c.TWICE),
    )
    frame = calendar.with_day(frame, c.DAY, c.DAY)
    key = nw.concat_str(exact.text(nw.col("outlet")), nw.col(c.ITEM), separator="|")
    frame = frame.with_columns(key.fill_null("|").alias(c.KEY))
    twice = exact.integer(nw.col(c.TWICE).sum().over(c.KEY, c.SERIAL))
    return frame.with_columns(twice.alias(c.TWICE))


def _scaled(value: nw.Expr, decimals: int) -> nw.Expr:
    """Return numbers at 10^-6; finer ones half-even."""
    if decimals <= c.SCALE:
        return exact.lifted(value, decimals, c.SCALE)
    return exact.div_half_even(value, exact.power10(decimals - c.SCALE))


def _compared(frame: Frame, rules: JudgingRules) -> Frame:
    """Round the value to the limit's decimals, hold it against both sides, and add the multiple."""
    unit: nw.Expr = nw.lit(1, nw.Int64)
    for digits in range(c.SCALE):
        number = nw.lit(exact.power10(c.SCALE - digits), nw.Int64)
        unit = nw.when(nw.col(c.DIGITS) == digits).then(number).otherwise(unit)
    frame = frame.with_columns(unit.alias(c.named("unit")))
    frame = exact.with_half_even(frame, {c.C: (nw.col(c.V), nw.col(c.named("unit")))})
    frame = frame.with_columns((nw.col(c.C) * nw.col(c.named("unit"))).alias(c.C))

    def beyond(value: str) -> nw.Expr:
        above = (nw.col(value) > nw.col(c.TOP)).fill_null(value=False)
        return above | (nw.col(value) < nw.col(c.FLOOR)).fill_null(value=False)

    limited = ~nw.col(c.FROM).is_null() & ~nw.col(c.V).is_null()
    frame = frame.with_columns(
        nw.when(limited).then(beyond(c.C)).alias(c.ABOVE),
        nw.when(limited).then(beyond(c.V)).alias(c.RAW),
    )
    apart = nw.when(nw.col(c.C) > nw.col(c.TOP)).then(nw.col(c.C) - nw.col(c.TOP))
    over = exact.guarded(apart * exact.power10(rules.multiple))
    divisor = nw.when(nw.col(c.TOP) > 0).then(nw.col(c.TOP))
    frame = exact.with_half_even(frame, {c.MULTIPLE: (over, divisor)})
    return _with_state(frame, rules)


def _with_state(frame: Frame, rules: JudgingRules) -> Frame:
    """Add the word of the verdict."""
    invalid = nw.col(c.STATE) | nw.col(c.CONDITION).is_in(list(rules.voids)).fill_null(value=False)
    stopped = (nw.col(c.CONDITION) == STOPPED).fill_null(value=False)
    above = nw.col(c.ABOVE)
    usable = ~nw.col(c.V).is_null() & (nw.col(c.TWICE) == 1)
    state: nw.Expr = (
        nw.when(stopped).then(nw.lit("stopped"))
        .when(invalid).then(nw.lit("invalid"))
        .when(~usable).then(nw.lit("none"))
        .when(above.is_null()).then(nw.lit("none"))
        .when(~nw.col(c.EXEMPT).is_null()).then(nw.lit("exempt"))
        .when(above).then(nw.lit("over"))
        .otherwise(nw.lit("within"))
    )  # fmt: skip
    frame = frame.with_columns(state.alias("verdict"))
    return frame.with_columns(exact.integer(nw.col("verdict") == "over").alias(c.OVER))


def _with_episodes(frame: Frame) -> Frame:
    frame = runs.with_runs(frame, c.OVER, c.SERIAL, by=c.KEY, run=c.EPISODE)
    return frame.with_columns(
        runs.within(nw.col(c.OVER).sum(), c.KEY, c.EPISODE).alias(c.named("rows")),
        runs.within(nw.col(moments.SECOND).min(), c.KEY, c.EPISODE).alias(c.FIRST),
    )


def _told(frame: Frame, rules: JudgingRules, found: Sequence[Piece], call: Call) -> Frame:
    """Add the results as people read them."""
    judged = nw.col("verdict").is_in(["over", "within"])
    above, source = nw.col(c.ABOVE), nw.col(c.FROM)
    second, day = nw.col(c.FIRST), c.named("first_day")
    frame = frame.with_columns(exact.floor_div(second, moments.DAY).alias(day))
    rest = exact.integer(second - nw.col(day) * moments.DAY)
    frame = calendar.with_day(frame.with_columns(rest.alias(c.named("rest"))), day, day)
    began = moments.text(nw.col(day), nw.col(c.named("rest")))
    decides = [n for n, one in enumerate(found) if one.decides]
    settled = (source == c.SETTLED) & ~nw.col(c.PIECE).is_in(decides)
    reference: nw.Expr = nw.lit(None, nw.Int64)
    for number, one in enumerate(found):
        if one.reference is not None:
            mine = (nw.col(c.PIECE) == number) & (source == c.SETTLED)
            oxygen = nw.lit(exact.scaled(one.reference, c.SCALE), nw.Int64)
            reference = nw.when(mine).then(oxygen).otherwise(reference)
    frame = frame.with_columns(
        reference_o2=exact.to_float(exact.integer(reference), c.SCALE),
        limit_used=exact.to_float(nw.col(c.TOP), c.SCALE),
        at_least=exact.to_float(nw.col(c.FLOOR), c.SCALE),
        limit_from=nw.when(source == c.PERMITTED).then(nw.lit("permit"))
        .when(source == c.ORDERED).then(nw.lit("order"))
        .when(source == c.SETTLED).then(nw.lit("set")),
        above=nw.when(above).then(nw.lit("yes")).when(~above).then(nw.lit("no")),
        decides=nw.when(judged & settled).then(nw.lit("no")).when(judged).then(nw.lit("yes")),
        multiple=exact.to_float(nw.when(above).then(nw.col(c.MULTIPLE)), rules.multiple),
        episode=exact.integer(nw.when(nw.col(c.OVER) == 1).then(nw.col(c.EPISODE))),
        episode_rows=exact.integer(nw.when(nw.col(c.OVER) == 1).then(nw.col(c.named("rows")))),
        episode_start=nw.when(nw.col(c.OVER) == 1).then(began),
        status=nw.when(judged).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        edition=nw.lit(rules.edition),
    )  # fmt: skip
    doubts = list(grounds.doubts(rules, found))
    serious = [condition for condition, name in doubts if name != rules.compare]
    law: nw.Expr = nw.lit(value=False)
    for condition in serious:
        law = law | condition.fill_null(value=False)
    said = nw.col("verdict").is_in(["over", "within", "exempt"])
    provisional = nw.when(said & law).then(nw.lit("yes")).when(said).then(nw.lit("no"))
    frame = frame.with_columns(provisional=provisional)
    pieces = {
        "reason": list(grounds.reasons(rules, found)),
        "unverified": [(said & condition, name) for condition, name in doubts],
        "clauses": list(grounds.clauses(rules, found)),
    }
    frame = labels.with_pieces(frame, pieces)
    traced = exact.to_float(nw.col(c.C), c.SCALE).alias("compared")
    marked = nw.when(~nw.col(c.CONDITION).is_null()).then(nw.col(c.SINCE))
    hours = exact.floor_div(marked, moments.HOUR).alias("condition_hours")
    return frame.with_columns(traced, hours) if call.trace else frame


def _outputs(_editions: Sequence[Edition], trace: bool) -> tuple[Column, ...]:
    mg = words.MG
    traced = (
        Column("compared", "比较值", "value rounded to the decimals of the limit", "number", mg),
        Column(
            "condition_hours", "工况持续时长", "hours since the condition began", "integer", "h"
        ),
    )
    return (
        Column("limit_used", "所用限值", "limit the value was held against", "number", mg),
        Column("at_least", "下限", "least value the limit allows, e.g. of pH", "number"),
        Column("reference_o2", "限值基准氧含量", "oxygen the limit refers to", "number", "%"),
        Column("limit_from", "限值来源", "set, permit (if stricter) or order"),
        Column("above", "是否超限", "yes or no, whatever exempts the row"),
        Column("verdict", "判定", "over, within, exempt, invalid, stopped, none"),
        Column("decides", "判定单位", "whether the standard judges by this average itself"),
        Column("multiple", "超标倍数", "multiple of the exceedance; empty without", "number", "1"),
        Column(
            "episode", "超标过程", "number of the run of rows above, per outlet and item", "integer"
        ),
        Column("episode_rows", "过程时数", "rows of the run", "integer"),
        Column("episode_start", "过程开始", "start of its first row"),
        words.STATUS,
        words.REASON,
        words.UNVERIFIED,
        words.PROVISIONAL,
        words.CLAUSES,
        words.EDITION,
        *(traced if trace else ()),
    )


EXCEEDANCE = AcrossRows(
    id="sources.exceedance",
    zh="排放口超标判定",
    en="Values of outlets against emission limits: exemption, multiple, episode",
    standard=STANDARD,
    default_edition=DEFAULT,
    inputs=(
        words.OUTLET,
        words.ITEM,
        words.START,
        Column("value", "浓度", "converted value of gas; mean of water, mg/L", "number", words.MG),
        Column("valid", "有效", "no: the value is not valid; empty is yes", optional=True),
        Column("condition", "工况标记",
               "stopped, start_up, cold_start, hot_start, shut_down, fault, … or a device mark",
               optional=True),
        Column("mark_late", "逾期标记", "yes: marked too late, nothing is exempt", optional=True),
        Column("limit", "许可限值", "limit of the permit", "number", words.MG, optional=True),
        Column("limit_set", "限值组", "GB13271-2014/coal_boiler.new; several joined by ;",
               optional=True),
        Column("sector", "行业", "of the windows: coal_boiler, thermal_power, cement_kiln, sinter, "
               "ceramics_brick, waste_incinerator", optional=True),
        Column("area", "行政区", "region code, for temporary orders", optional=True),
        Column("rated_load", "额定负荷", "of the boiler, for temporary orders", "number", "t",
               optional=True),
        Column("water_temperature", "水温", "for limits that depend on it", "number",
               words.CELSIUS, optional=True, signed=True),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    named=limits.read_limits,
    rounding=(
        "The value is rounded half-even to the decimals its limit is written with, then compared; "
        "where the unrounded value gives another verdict the id of the convention stands in "
        "unverified. The multiple (C - S) / S half-even to two decimals."
    ),
    missing=(
        "No value: none. The strictest of set, order and permit holds. A limit no source gives: "
        "unknown_value:<id>, not judged unless another limit holds. Rows that rest on a value of "
        "mark C that is law, or on an edition whose day in force is unknown, are provisional: "
        "yes. Conditions are exempt for the hours of their window from the first row of the "
        "condition on, those of an incinerator for the hours a year grants all of them together; "
        "a fault or accident elsewhere has no known window: over, with its id in unverified. "
        "Late marks exempt nothing. An invalid, exempt or missing row ends an episode."
    ),
    params=(
        Param("averaging", "统计时段", "of the values: 1h, 24h, 5min, instant, sampled", "1h",
              one_of("averaging", tuple(c.SECONDS))),
        Param("limit_set", "限值组缺省值", "set of rows that name none", "", str.strip),
        Param("sector", "行业缺省值", "sector of rows that name none", "", str.strip),
        Param("area", "行政区缺省值", "area of rows that name none", "", str.strip),
    ),
)  # fmt: skip
