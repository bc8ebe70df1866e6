"""Emission mass of days, months and years: measured, with substitution, against the permit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import narwhals as nw

from fenhe import standards
from fenhe.base.errors import BadInput
from fenhe.methods import calendar, exact, intake, labels
from fenhe.methods.across import AcrossRows
from fenhe.methods.contract import Call, Column, Param
from fenhe.methods.sources import substitution as sub
from fenhe.methods.sources import words
from fenhe.methods.sources.judging import STOPPED
from fenhe.methods.sources.params import one_of
from fenhe.methods.sources.rules import DEFAULT, STANDARD, WATER, WATER_DEFAULT
from fenhe.standards import Edition

Frame = nw.LazyFrame[Any]

_P = f"{intake.PRIVATE}mass_"
_PERIOD, _END, _DAYS, _YEAR, _PERMIT, _LEAST, _TOTAL, _SUBSTITUTED, _LEFT = (
    f"{_P}{n}"
    for n in ("period", "end", "days", "year", "permit", "least", "total", "substituted", "left")
)
_MEASURED, _HOURS, _FILLED, _TWICE, _SO_FAR, _SHARE, _USED, _VOLUME, _DOUBT, _SHORT, _ABSENT = (
    f"{_P}{n}"
    for n in (
        "measured", "hours", "filled", "twice", "so_far", "share", "used", "volume", "doubt",
        "short", "absent",
    )
)  # fmt: skip
_SCALE = exact.WORKING_SCALE


def medium_of(edition: Edition, call: Call) -> tuple[Edition, bool]:
    """Return the edition to judge by and whether it is water: by its standard or a parameter."""
    water = edition.standard == WATER or call.params["medium"] == "water"
    if water and edition.standard != WATER:
        edition = standards.catalogue().edition(WATER_DEFAULT)
    return edition, water


def states(frame: Frame) -> tuple[nw.Expr, nw.Expr]:
    """Return whether a row is valid and whether its outlet is stopped, as far as it says so."""
    names = frame.collect_schema().names()
    valid: nw.Expr = nw.lit(value=True)
    stopped: nw.Expr = nw.lit(value=False)
    if "valid" in names:
        text = exact.text(nw.col("valid")).str.strip_chars().str.to_lowercase()
        valid = ~text.is_in(words.NO).fill_null(value=False)
    if "condition" in names:
        text = exact.text(nw.col("condition")).str.strip_chars().str.to_lowercase()
        stopped = (text == STOPPED).fill_null(value=False)
    return valid, stopped


def amount(name: str, call: Call) -> nw.Expr:
    """Return a number column at 10^-6, null where it is none; finer ones half-even."""
    value = nw.col(intake.number(name))
    some, places = nw.when(value >= 0).then(value), call.decimals[name]
    if places <= _SCALE:
        return exact.lifted(some, places, _SCALE)
    return exact.div_half_even(some, exact.power10(places - _SCALE))


def evaluate(frame: Frame, edition: Edition, call: Call) -> Frame:
    """Return one row an outlet, item and period: the measured mass beside that with substitution.

    Gas reads the mass of each hour; water the mean and the volume, whose product it is. An
    invalid or absent hour gets the mass of the table of the edition; a stopped hour none.
    """
    edition, water = medium_of(edition, call)
    frame = frame.filter(_carried())
    permits = _permits(frame, call)
    hours = _of_water(frame, edition, call) if water else _of_gas(frame, edition, call)
    table = _summed(hours, call.params["period"])
    table = table.join(permits, on=["outlet", "item"], how="left")
    return _told(table, edition, call)


def _carried() -> nw.Expr:
    """Say whether a row's item can have a mass: no flow, state, oxygen, pH or temperature."""
    item = exact.text(nw.col("item")).str.strip_chars().str.to_lowercase()
    state = item.str.starts_with("a0") | item.is_in(["a19001", "w00000", "w01001", "w01010"])
    return ~state.fill_null(value=False)


def _permits(frame: Frame, call: Call) -> Frame:
    item = exact.text(nw.col("item")).str.strip_chars().str.to_lowercase()
    permit = amount("permit", call)
    rows = frame.select("outlet", item.alias("item"), permit.alias(_PERMIT), permit.alias(_LEAST))
    rows = rows.group_by("outlet", "item").agg(nw.col(_PERMIT).max(), nw.col(_LEAST).min())
    return rows.with_columns(exact.integer(nw.col(c)).alias(c) for c in (_PERMIT, _LEAST))


def _of_gas(frame: Frame, edition: Edition, call: Call) -> Frame:
    table = sub.GasTable.of(edition)
    valid, stopped = states(frame)
    hours = sub.gas(sub.prepared(frame, amount("mass", call), valid, stopped), table)
    short = nw.col(sub.WINDOW) > nw.col(sub.BEFORE)
    unfirm = [n for n, rule in enumerate(table.rules) if not rule.firm]
    return hours.with_columns(
        exact.integer(short.fill_null(value=False)).alias(_SHORT),
        exact.integer(nw.col(sub.RULE).is_in(unfirm).fill_null(value=False)).alias(_DOUBT),
    )


def _of_water(frame: Frame, edition: Edition, call: Call) -> Frame:
    """Return hours with the mass of value and volume, each substituted where it is missing."""
    valid, stopped = states(frame)
    medians = water_medians(edition)
    values = sub.water(sub.prepared(frame, amount("value", call), valid, stopped), medians, frame)
    volumes = sub.water(sub.prepared(frame, amount("volume", call), valid, stopped), (), frame)
    both = nw.when(nw.col(sub.GOOD) == 1).then(nw.col(sub.VALUE)).otherwise(nw.col(sub.MADE))
    short = nw.col(sub.LENGTH) > nw.col(sub.BEFORE)
    volumes = volumes.select(
        sub.KEY, sub.HOUR, both.alias(_VOLUME), nw.col(sub.GOOD).alias(_ABSENT)
    )
    values = values.join(volumes, on=[sub.KEY, sub.HOUR], how="left")
    running = nw.col(sub.STOPPED) == 0
    made = exact.guarded(nw.when(running).then(both) * 1000)
    values = exact.with_products(values, {_TOTAL: (made, nw.col(_VOLUME))})
    good = (nw.col(sub.GOOD) == 1) & (nw.col(_ABSENT) == 1)
    flow_doubt = running & (nw.col(_ABSENT) == 0) & ~nw.col(_TOTAL).is_null()
    return values.with_columns(
        exact.integer(nw.when(good).then(nw.col(_TOTAL))).alias(sub.VALUE),
        exact.integer(nw.when(~good).then(nw.col(_TOTAL))).alias(sub.MADE),
        exact.integer(good.fill_null(value=False)).alias(sub.GOOD),
        exact.integer(running & ~good).alias(sub.INVALID),
        exact.integer(short.fill_null(value=False)).alias(_SHORT),
        exact.integer(flow_doubt.fill_null(value=False)).alias(_DOUBT),
    )


def water_medians(edition: Edition) -> tuple[str, ...]:
    """Return the factors a median stands for; ``BadInput`` for a rule not known here."""
    found: list[str] = []
    for row in edition.table("substitution"):
        if row["statistic"] not in ("mean", "median") or row["window"] != "as_long_as_the_gap":
            raise BadInput(f"{row.id} is neither a mean nor a median as long as the gap")
        found += row["factors"] if row["statistic"] == "median" else []
    return tuple(found)


def _summed(hours: Frame, period: str) -> Frame:
    filled = nw.when(nw.col(sub.INVALID) == 1).then(nw.col(sub.MADE))
    hours = hours.with_columns(
        calendar.start_of(nw.col(sub.DAY), period).alias(_PERIOD),
        nw.col(sub.VALUE).alias(_MEASURED),
        filled.alias(_SUBSTITUTED),
        exact.integer(~filled.is_null()).alias(_FILLED),
        exact.integer((nw.col(sub.INVALID) == 1) & filled.is_null()).alias(_LEFT),
        exact.integer(nw.col(sub.ROWS) > 1).alias(_TWICE),
        exact.integer(nw.col(sub.ROWS) == 0).alias(_ABSENT),
        nw.lit(1, nw.Int64).alias(_HOURS),
        nw.when(~filled.is_null()).then(nw.col(_DOUBT)).otherwise(0).alias(_DOUBT),
        nw.when(~filled.is_null()).then(nw.col(_SHORT)).otherwise(0).alias(_SHORT),
    )
    sums = (
        _MEASURED, _SUBSTITUTED, _FILLED, _LEFT, _TWICE, _ABSENT, _HOURS, _DOUBT, _SHORT,
        sub.GOOD, sub.STOPPED, sub.INVALID,
    )  # fmt: skip
    table = hours.group_by("outlet", "item", sub.KEY, _PERIOD).agg(*(nw.col(c).sum() for c in sums))
    table = table.with_columns(
        exact.guarded(exact.integer(nw.col(c)).fill_null(0)).alias(c) for c in sums
    )
    table = calendar.with_end(table, _PERIOD, period, _END, _DAYS)
    table = table.with_columns(
        exact.guarded(nw.col(_MEASURED) + nw.col(_SUBSTITUTED)).alias(_TOTAL),
        exact.floor_div(nw.col(_PERIOD), 10_000).alias(_YEAR),
    )
    so_far = nw.col(_TOTAL).cum_sum().over(sub.KEY, _YEAR, order_by=_PERIOD)
    return table.with_columns(exact.guarded(exact.integer(so_far)).alias(_SO_FAR))


def _told(table: Frame, edition: Edition, call: Call) -> Frame:
    kilograms = nw.when(nw.col(_PERMIT) > 0).then(exact.guarded(nw.col(_PERMIT) * 1000))
    percent = nw.lit(10_000, nw.Int64)  # per cent with two decimals
    some = nw.when(nw.col(_TOTAL) > 0).then(nw.col(_TOTAL))
    table = exact.with_scaled(
        table,
        {
            _SHARE: (nw.col(_SUBSTITUTED), percent, some),
            _USED: (nw.col(_SO_FAR), percent, kilograms),
        },
    )

    def number(column: str, places: int = _SCALE) -> nw.Expr:
        return exact.to_float(nw.col(column), places)

    over = nw.col(_SO_FAR) > nw.col(_PERMIT) * 1000
    one = nw.col(_PERMIT) == nw.col(_LEAST)
    good = (nw.col(_LEFT) == 0) & (nw.col(_TWICE) == 0)
    table = table.with_columns(
        start=calendar.text(nw.col(_PERIOD)),
        end=calendar.text(nw.col(_END)),
        n_due=nw.col(_DAYS) * 24,
        n_hours=nw.col(_HOURS),
        n_valid=nw.col(sub.GOOD),
        n_stopped=nw.col(sub.STOPPED),
        n_invalid=nw.col(sub.INVALID),
        n_absent=nw.col(_ABSENT),
        n_substituted=nw.col(_FILLED),
        n_left=nw.col(_LEFT),
        mass_measured=number(_MEASURED),
        mass_substituted=number(_SUBSTITUTED),
        mass_total=number(_TOTAL),
        share_substituted=number(_SHARE, 2),
        year_total=number(_SO_FAR),
        permit=number(_PERMIT),
        permit_used=number(_USED, 2),
        over_permit=nw.when(one & over).then(nw.lit("yes")).when(one).then(nw.lit("no")),
        status=nw.when(good).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        provisional=nw.when(nw.col(_DOUBT) > 0).then(nw.lit("yes")).otherwise(nw.lit("no")),
        edition=nw.lit(edition.id),
    )
    doubts, clauses = _sources(edition)
    pieces: dict[str, list[labels.Piece]] = {
        "reason": list(_reasons()),
        "unverified": doubts,
        "clauses": clauses,
    }
    return labels.with_pieces(table, pieces).sort("outlet", "item", "start")


def _sources(edition: Edition) -> tuple[list[labels.Piece], list[labels.Piece]]:
    """Return what the results rest on: what is not firm, and the rows of the table."""
    filled = nw.col(_FILLED) > 0
    if edition.standard == WATER:
        rows = list(edition.table("substitution"))
        doubts = [(nw.col(_DOUBT) > 0, row.id) for row in rows if not row.firm]
        return doubts, [(filled, row.id) for row in rows if row["statistic"] == "mean"]
    table = sub.GasTable.of(edition)
    short = [(nw.col(_SHORT) > 0, table.short_id)] if table.short_doubtful else []
    return short, [(filled, f"{edition.id}/substitution")]


def _reasons() -> Iterator[labels.Piece]:
    yield nw.col(_TWICE) > 0, "repeated_rows"
    yield nw.col(_LEFT) > 0, "not_substituted"
    yield nw.col(_HOURS) < nw.col(_DAYS) * 24, "incomplete"
    yield nw.col(_PERMIT) != nw.col(_LEAST), "permits_differ"


def _outputs(_editions: Sequence[Edition], _trace: bool) -> tuple[Column, ...]:
    kg = words.KILOGRAM
    return (
        words.OUTLET,
        words.ITEM,
        Column("start", "起始日期", "first day of the period"),
        Column("end", "截止日期", "last day of the period"),
        Column("n_due", "应有小时数", "hours of the period", "integer", "h"),
        Column("n_hours", "小时数", "hours between the first and last row", "integer", "h"),
        Column("n_valid", "有效小时数", "valid hours", "integer", "h"),
        Column("n_stopped", "停运小时数", "hours the outlet was stopped", "integer", "h"),
        Column("n_invalid", "无效小时数", "hours without a valid value", "integer", "h"),
        Column("n_absent", "缺行小时数", "of these, hours without a row", "integer", "h"),
        Column("n_substituted", "替代小时数", "hours with a substituted mass", "integer", "h"),
        Column("n_left", "未替代小时数", "invalid hours without one", "integer", "h"),
        Column("mass_measured", "实测排放量", "sum of the valid hours", "number", kg),
        Column("mass_substituted", "替代排放量", "sum of the substituted hours", "number", kg),
        Column("mass_total", "排放量合计", "both", "number", kg),
        Column("share_substituted", "替代占比", "substituted mass in the total", "number", "%"),
        Column("year_total", "年累计排放量", "totals from the year's first row on", "number", kg),
        Column("permit", "许可排放量", "annual mass of the permit", "number", "t"),
        Column("permit_used", "许可量使用率", "year_total in the permit", "number", "%"),
        Column("over_permit", "超许可量", "whether year_total is above the permit: yes or no"),
        words.STATUS,
        words.REASON,
        words.UNVERIFIED,
        words.PROVISIONAL,
        words.CLAUSES,
        words.EDITION,
    )


MASS = AcrossRows(
    id="sources.mass",
    zh="排放量核算",
    en="Emission mass with substitution beside the measured one, against the permit",
    standard=STANDARD,
    default_edition=DEFAULT,
    also=(WATER,),
    inputs=(
        words.OUTLET,
        words.ITEM,
        words.START,
        Column("mass", "小时排放量", "gas: mass of the hour", "number", words.KILOGRAM,
               optional=True),
        Column("value", "浓度", "water: mean of the hour", "number", words.MGL, optional=True),
        Column("volume", "水量", "water: volume of the hour", "number", "m³", optional=True),
        Column("valid", "有效", "no: the hour is not valid; empty is yes", optional=True),
        Column("condition", "工况标记", "stopped: nothing is due", optional=True),
        Column("permit", "许可排放量", "annual mass of the permit", "number", "t", optional=True),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding=(
        "Sums of hours at 10^-6 kg, exact; a water hour is value times volume, half-even at 10^-6 "
        "kg; a mean of several values half-even at 10^-6. Shares half-even to two decimals."
    ),
    missing=(
        "An hour without a valid mass is invalid, also one without a row between two rows. Gas "
        "(HJ 75): the largest of 180, 720 or 2160 valid hours before the gap, by its length and "
        "the quarter's share of valid hours; below 75 % nothing: not_substituted, not judged. "
        "Water (HJ 356): mean of as many valid values before as the gap has, value and volume each "
        "by itself. Fewer valid hours before than the window: those there are, with the id in "
        "unverified. Hours before the first and after the last row are not counted: incomplete. "
        "Gaps of an instrument out of control begin with its last passed calibration."
    ),
    params=(
        Param("period", "统计时段", "day, month, quarter or year", "month",
              one_of("period", calendar.PERIODS)),
        Param("medium", "介质", "gas or water (also by edition HJ356-2019)", "gas",
              one_of("medium", ("gas", "water"))),
    ),
    adds_columns=False,
)  # fmt: skip
