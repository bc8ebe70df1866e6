"""Minute records to valid hours and days: means, conversion, mass; water by the flow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import narwhals as nw

from fenhe import standards
from fenhe.base.errors import BadInput
from fenhe.methods import calendar, exact, intake, labels, moments
from fenhe.methods.across import AcrossRows
from fenhe.methods.contract import Call, Column, Param
from fenhe.methods.sources import gas_hours, means, water_hours, words
from fenhe.methods.sources.params import marks, one_of, whole
from fenhe.methods.sources.rules import DEFAULT, STANDARD, WATER, WATER_DEFAULT, GasRules
from fenhe.standards import Edition

Frame = nw.LazyFrame[Any]

PERIODS = {"minute": 60, "ten_minutes": 600, "hour": moments.HOUR, "day": moments.DAY}
MEDIA = ("gas", "water")
FLOW_ITEMS = {"gas": "a00000", "water": "w00000"}

_P = f"{intake.PRIVATE}hourly_"
_DAY, _SECOND = f"{_P}day", f"{_P}second"


def evaluate(frame: Frame, edition: Edition, call: Call) -> Frame:
    """Return one row an outlet, item and period from the records of instruments.

    Gas (HJ 75): the mean of the valid records, valid from 45 valid minutes on (a day: 20 valid
    hours); the converted value from the means of concentration and oxygen; the mass from the
    mean and the mean dry flow. Water (HJ 356): flow-weighted mean, volume and mass.
    """
    medium = "water" if edition.standard == WATER else call.params["medium"]
    if medium == "water" and edition.standard != WATER:
        edition = standards.catalogue().edition(WATER_DEFAULT)
    params = {**call.params, "flow_item": call.params["flow_item"] or FLOW_ITEMS[medium]}
    call = Call(call.decimals, params, call.trace)
    period = PERIODS[call.params["period"]]
    if moments.HOUR % (call.params["step"] or 5) or period % (call.params["step"] or 5):
        raise BadInput(f"step: {call.params['step']} seconds do not divide the period")
    make = water_hours.periods if medium == "water" else gas_hours.periods
    frame = _told(make(frame, edition, call, period), edition, medium)
    return _traced(frame) if call.trace else frame


def _told(frame: Frame, edition: Edition, medium: str) -> Frame:
    """Add the results as people read them."""
    period, valid = nw.col(means.PERIOD), nw.col(means.VALID) == 1
    frame = frame.with_columns(exact.floor_div(period, moments.DAY).alias(_DAY))
    rest = exact.integer(period - nw.col(_DAY) * moments.DAY)
    frame = calendar.with_day(frame.with_columns(rest.alias(_SECOND)), _DAY, _DAY)
    good = valid & ~nw.col(means.ZS).is_null()

    converted = gas_hours.pollutant() & nw.lit(medium == "gas")

    def number(column: str) -> nw.Expr:
        return exact.to_float(exact.integer(nw.col(column)), exact.WORKING_SCALE)

    frame = frame.with_columns(
        item=nw.col(means.ITEM),
        start=moments.text(nw.col(_DAY), nw.col(_SECOND)),
        start_unix=moments.unix(period),
        n_valid=nw.col(means.N),
        n_rows=nw.col(means.ROWS),
        n_due=nw.col(means.DUE),
        n_void=nw.col(means.VOIDS),
        chain_minutes=exact.floor_div(nw.col(means.CHAIN).fill_null(0), 60),
        valid=nw.when(valid).then(nw.lit("yes")).otherwise(nw.lit("no")),
        value=number(means.RESULT),
        mean_of_valid=number(means.MEAN),
        o2=number(means.O2),
        o2_ref=number(means.REF),
        converted=nw.when(converted).then(number(means.ZS)),
        flow=number(means.FLOW),
        volume=number(means.VOLUME),
        mass=number(means.MASS),
        status=nw.when(good).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        edition=nw.lit(edition.id),
    )
    pieces: dict[str, list[labels.Piece]] = {
        "reason": list(_reasons(edition, medium)),
        "unverified": [],
        "clauses": [(valid, name) for name in _clauses(edition, medium)],
        "alarm": [(_high(edition), "dilution")] if medium == "gas" else [],
    }
    return labels.with_pieces(frame, pieces).sort("outlet", "item", "start")


def _traced(frame: Frame) -> Frame:
    parts = {"sum": means.SUM, "weighted_sum": means.WEIGHTED, "weights": means.WEIGHTS}
    made = {name: exact.integer(nw.col(column)) for name, column in parts.items()}
    return frame.with_columns(**made, scale=exact.integer(nw.col(means.SCALE)))


def _high(edition: Edition) -> nw.Expr:
    air = exact.scaled(GasRules.of(edition).air, exact.WORKING_SCALE)
    return nw.col(means.O2) >= air


def _reasons(edition: Edition, medium: str) -> Iterator[labels.Piece]:
    valid, n = nw.col(means.VALID) == 1, nw.col(means.N)
    mine = nw.col(means.ITEM).str.starts_with("a" if medium == "gas" else "w")
    yield nw.col(means.ITEM).is_null(), "missing:item"
    yield ~mine, "wrong_medium"
    yield means.repeated(), "repeated_rows"
    yield ~valid & (n == 0), "no_data"
    yield ~valid & (n > 0) & ~means.repeated() & mine, "below_minimum"
    if medium == "water":
        yield valid & nw.col(means.RESULT).is_null(), "no_flow"
        return
    air = exact.scaled(GasRules.of(edition).air, exact.WORKING_SCALE)
    ref, low = nw.col(means.REF), nw.col(means.REF_LOW)
    yield ref != low, "references_differ"
    yield ref >= air, "invalid:o2_ref"
    wanted = valid & ~ref.is_null() & (ref == low)
    yield wanted & nw.col(means.O2).is_null(), "missing:o2"
    yield wanted & _high(edition), "o2_not_below_air"
    yield wanted & (nw.col(means.O2) < air) & nw.col(means.ZS).is_null(), "below_minimum:converted"


def _clauses(edition: Edition, medium: str) -> tuple[str, ...]:
    names: tuple[str, ...] = ("ten_minutes_of_hour", "mean")
    if medium == "gas":
        names = ("minutes_of_hour", "conversion_order", "emission_mass")
    return tuple(f"{edition.id}/{name}" for name in names)


_TRACE = (
    Column(
        "sum",
        "有效数据之和",
        "of the valid rows; of a day, of its hours",
        "integer",
        scale="scale",
    ),
    Column("weighted_sum", "加权和（水）", "of value times flow, at twice the scale", "integer"),
    Column(
        "weights", "流量和", "water: sum of the flows beside the values", "integer", scale="scale"
    ),
    Column("scale", "小数位数", "decimals of the sums", "integer"),
)


def _outputs(_editions: Sequence[Edition], trace: bool) -> tuple[Column, ...]:
    mg = words.MG
    return (
        words.OUTLET,
        words.ITEM,
        words.START_OUT,
        Column("start_unix", "开始时刻", "the same as Unix seconds", "integer", "s"),
        Column("n_valid", "有效数据数", "valid rows; of a day, valid hours", "integer"),
        Column("n_rows", "数据数", "rows there are; of a day, hours", "integer"),
        Column("n_due", "应有数据数", "rows due; of a day, hours", "integer"),
        Column("n_void", "无效标记数", "rows void by a flag or mark", "integer"),
        Column(
            "chain_minutes", "标记链时长", "longest chain of void rows, joined", "integer", "min"
        ),
        Column("valid", "有效", "whether the period has enough valid data: yes or no"),
        Column("value", "均值", "mean of a valid period; water: weighted by flow", "number", mg),
        Column("mean_of_valid", "有效数据均值", "arithmetic mean of what is valid", "number", mg),
        Column("o2", "氧含量", "mean oxygen of the same period", "number", words.PERCENT),
        Column("o2_ref", "基准氧含量", "reference oxygen of the rows", "number", words.PERCENT),
        Column("converted", "折算均值", "from the means; the mean without reference", "number", mg),
        Column("flow", "流量", "gas: dry at the standard state, m³/h; water: mean, L/s", "number"),
        Column("volume", "水量", "water: volume of the period", "number", "m³"),
        Column("mass", "排放量", "mass of the period", "number", words.KILOGRAM),
        Column("alarm", "告警", "dilution: oxygen at or above that of air"),
        words.STATUS,
        words.REASON,
        words.UNVERIFIED,
        words.CLAUSES,
        words.EDITION,
        *(_TRACE if trace else ()),
    )


def _pressure(text: str) -> Decimal | None:
    if not text.strip():
        return None
    try:
        value = Decimal(text)
        exact.scaled(value, 6)
    except (InvalidOperation, ValueError):
        value = Decimal(0)
    if not 50 <= value <= 120:
        raise BadInput(f"ambient_pressure: '{text}' is no pressure in kPa")
    return value


HOURLY = AcrossRows(
    id="sources.hourly",
    zh="有效小时值与日均值",
    en="Valid hours and days from minute records: mean, converted value, mass",
    standard=STANDARD,
    default_edition=DEFAULT,
    also=(WATER,),
    inputs=(
        words.OUTLET,
        words.ITEM,
        words.START,
        Column("value", "数值", "measured, gas dry at the standard state; mg/m³, %, °C, kPa; mg/L",
               "number", words.MG, signed=True),
        Column("flag", "数据标记", "letter of HJ 212; empty is taken as normal", optional=True),
        Column("mark", "自行标记", "any text: the row is void by a mark", optional=True),
        Column("o2_ref", "基准氧含量", "of the item's limit; on rows of the pollutant", "number",
               words.PERCENT, optional=True),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding=(
        "Sums are exact; each mean is one division rounded half-even at 10^-6, the converted value "
        "one more. Mass half-even at 10^-6 kg from mean and flow at 10^-6. A day is the mean of "
        "the valid hours' values, its mass their sum. Water: sum of value times flow over sum of "
        "flow, of the rows that have both; mean flow is 1000 times the volume over the seconds."
    ),
    missing=(
        "A row counts if it has a value, its flag is N or empty and it has no mark. Gas: an hour "
        "needs 45 valid minutes, a minute twelve 5-second rows, a day 20 valid hours, else "
        "below_minimum and no value; two rows for one minute: repeated_rows. Marks of any kind "
        "next to one another are joined: chain_minutes, with its whole length in every hour it "
        "touches. A reference without valid oxygen: missing:o2; oxygen at or above that of air: "
        "o2_not_below_air and the alarm dilution. Water: one ten-minute value makes an hour, "
        "one hour a day; a period without a row of the flow item: the arithmetic mean; rows of it, "
        "but no flow beside a value: no_flow. An hour without a row is not there."
    ),
    params=(
        Param("period", "统计时段", "hour, day, minute or ten_minutes", "hour",
              one_of("period", tuple(PERIODS))),
        Param("medium", "介质", "gas or water (also by edition HJ356-2019)", "gas",
              one_of("medium", MEDIA)),
        Param("step", "记录间隔（秒）",
              "seconds a row stands for; gas 60, water 600, for minutes 5", "",
              whole("step", moments.HOUR)),
        Param("flow_item", "流量因子", "item of the flow; a00000 or w00000", "", str.strip),
        Param("flow_unit", "流量单位", "gas: m3/s as HJ 212 has it, or m3/h", "m3/s",
              one_of("flow_unit", ("m3/s", "m3/h"))),
        Param("flow_state", "流量状态",
              "standard: dry, 0 °C; actual: converted by a01012, a01013, a01014, a01006",
              "standard", one_of("flow_state", ("standard", "actual"))),
        Param("marks", "标记清单",
              "spans that void data: lines outlet,from,to,code,item (marks=@FILE)", "", marks),
        Param("ambient_pressure", "环境大气压（kPa）", "where a01006 is not measured", "",
              _pressure),
    ),
    adds_columns=False,
)  # fmt: skip
