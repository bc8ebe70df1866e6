"""Measured concentrations and flows at the dry standard state and at the reference oxygen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import narwhals as nw

from fenhe.methods import exact, intake, labels
from fenhe.methods.contract import Call, Column, Method, Param
from fenhe.methods.sources import conversion, words
from fenhe.methods.sources.conversion import (
    CONC,
    FINE,
    FLOW_SCALE,
    OXYGEN,
    PRESSURE,
    Converted,
    Gas,
    State,
)
from fenhe.methods.sources.params import one_of
from fenhe.methods.sources.rules import DEFAULT, STANDARD, GasRules
from fenhe.standards import Edition, units

Frame = nw.LazyFrame[Any]

STATES, BASES = ("actual", "standard"), ("wet", "dry")
UNITS = {"mg": ("mg/m³", 1), "ug": ("µg/m³", 10**3), "ng": ("ng/m³", 10**6), "ppm": ("ppm", 1)}

_P = f"{intake.PRIVATE}convert_"


def _name(part: str) -> str:
    return f"{_P}{part}"


_UNIT, _ITEM, _STATE, _BASIS, _O2BASIS = (
    _name(n) for n in ("unit", "item", "state", "basis", "o2_basis")
)
_T, _STATIC, _AMBIENT, _PRESSURE, _X, _O2, _REF, _ALPHAREF = (
    _name(n) for n in ("t", "static", "ambient", "p", "x", "o2", "ref", "alpha_ref")
)
_RAW, _NO, _NO2, _V, _WARM, _STD, _DRY, _O2DRY = (
    _name(n) for n in ("raw", "no", "no2", "v", "warm", "std", "dry", "o2dry")
)
_ZS, _ALPHA, _ZSA, _HAS, _TAKEN, _GOOD = (
    _name(n) for n in ("zs", "alpha", "zsa", "has", "taken", "good")
)
_FLOW, _FSTD, _SPEED, _SECTION, _KV, _MASS, _MICRO, _SWEPT = (
    _name(n) for n in ("flow", "fstd", "speed", "section", "kv", "mass", "micro", "swept")
)
_NUMBERS = {
    "temperature": (_T, FINE), "static_pressure": (_STATIC, PRESSURE),
    "ambient_pressure": (_AMBIENT, PRESSURE), "moisture": (_X, FINE), "o2": (_O2, OXYGEN),
    "o2_ref": (_REF, OXYGEN), "alpha_ref": (_ALPHAREF, FINE), "value": (_RAW, CONC),
    "no": (_NO, CONC), "no2": (_NO2, CONC), "flow": (_FLOW, FLOW_SCALE),
    "velocity": (_SPEED, FINE), "section": (_SECTION, FINE), "velocity_factor": (_KV, FINE),
}  # fmt: skip


def evaluate(frame: Frame, edition: Edition, call: Call) -> Frame:
    """Return the frame with each row's concentration and flow as the formulas make them.

    In this order: ppm to mg/m³, NO and NO2 to NOx, temperature, pressure, moisture, then the
    reference oxygen or excess air; flow by temperature, pressure and moisture; mass as dry
    concentration times dry flow. One half-even rounding a step, at 10^-9 mg/m³, 10^-6 m³/h.
    """
    rules = GasRules.of(edition)
    frame = _with_texts(_with_numbers(frame, call), call)
    frame = _with_mass_concentration(frame, rules)
    total = nw.col(_AMBIENT) + nw.col(_STATIC)
    t0, below = exact.scaled(rules.t0, FINE), 100 * exact.power10(FINE)
    flow = nw.when(nw.col(_FLOW).is_null()).then(nw.col(_SWEPT)).otherwise(nw.col(_FLOW))
    frame = frame.with_columns(
        nw.when(total > 0).then(total).alias(_PRESSURE),
        nw.when(nw.col(_T) > -t0).then(nw.col(_T)).alias(_T),
        nw.when(nw.col(_X) < below).then(nw.col(_X)).alias(_X),
        flow.alias(_FLOW),
    )
    state = State(nw.col(_T), nw.col(_PRESSURE), nw.col(_X))
    frame = conversion.standard_state(frame, _gas(call), state, rules)
    made = Converted(
        value=nw.col(_DRY),
        oxygen=nw.col(_O2DRY),
        reference=nw.col(_REF),
        alpha_ref=nw.col(_ALPHAREF),
        by_oxygen=_ZS,
        alpha=_ALPHA,
        by_alpha=_ZSA,
    )
    frame = conversion.to_reference(frame, made, rules)
    frame = exact.with_rescaled(frame, {_MICRO: (nw.col(_DRY), CONC, FLOW_SCALE)})
    frame = exact.with_products(frame, {_MASS: (nw.col(_MICRO), nw.col(_FSTD))})
    return _judged(frame, rules, call)


def _gas(call: Call) -> Gas:
    ppm = nw.col(_UNIT) == "ppm"
    stated = (ppm | nw.col(_STATE).is_in(STATES)) & nw.col(_BASIS).is_in(BASES)
    return Gas(
        value=nw.when(stated).then(nw.col(_V)),
        actual=(nw.col(_STATE) == "actual") & ~ppm,
        wet=nw.col(_BASIS) == "wet",
        oxygen=nw.col(_O2),
        oxygen_wet=nw.col(_O2BASIS) == "wet",
        flow_given=nw.col(_FLOW),
        flow_actual=actual_flow(call),
        std=_STD,
        dry=_DRY,
        oxygen_dry=_O2DRY,
        flow=_FSTD,
    )


def _with_numbers(frame: Frame, call: Call) -> Frame:
    """Bring every number to its scale: null where empty or unusable."""
    signed = ("temperature", "static_pressure")
    up, down = [], {}
    kilo = 3 if call.params["pressure_unit"] == "kPa" else 0
    for name, (to, scale) in _NUMBERS.items():
        value = nw.col(intake.number(name))
        low = intake.UNUSABLE_SIGNED if name in signed else -1
        some = nw.when(value > low).then(value)
        places = call.decimals[name]
        wanted = scale + kilo if "pressure" in name else scale
        if places <= wanted:
            up.append(exact.lifted(some, places, wanted).alias(to))
        else:
            down[to] = (some, exact.power10(places - wanted))
    return exact.with_half_even(frame.with_columns(up), down) if down else frame.with_columns(up)


def _with_texts(frame: Frame, call: Call) -> Frame:
    names = frame.collect_schema().names()

    def folded(column: str, default: str) -> nw.Expr:
        given = nw.lit(None, nw.String)
        if column in names:
            given = exact.text(nw.col(column)).str.strip_chars().str.to_lowercase()
            given = nw.when(given != "").then(given)
        return given.fill_null(default) if default else given

    unit = folded("unit", "mg/m3")
    spelled: nw.Expr = nw.lit(None, nw.String)
    for code, (canonical, _) in UNITS.items():
        same = {n.lower() for n in (canonical, *units.spellings(canonical))}
        spelled = nw.when(unit.is_in(sorted(same))).then(nw.lit(code)).otherwise(spelled)
    return frame.with_columns(
        spelled.alias(_UNIT),
        folded("item", "").alias(_ITEM),
        folded("state", call.params["state"]).alias(_STATE),
        folded("basis", call.params["basis"]).alias(_BASIS),
        folded("o2_basis", "dry").alias(_O2BASIS),
    )


def _with_mass_concentration(frame: Frame, rules: GasRules) -> Frame:
    """Add the concentration in mg/m³, from ppm, other units or NO and NO2, and the flow swept."""
    ppm = nw.col(_UNIT) == "ppm"
    nox = nw.col(_RAW).is_null() & (
        nw.col(_ITEM).is_in(sorted(rules.nox)) | nw.col(_ITEM).is_null()
    )
    both = nox & ~nw.col(_NO).is_null() & ~nw.col(_NO2).is_null()
    first = nw.when(ppm).then(nw.col(_NO) + nw.col(_NO2)).otherwise(nw.col(_NO))
    second = nw.when(ppm).then(0).otherwise(nw.col(_NO2))
    swept = exact.guarded(nw.col(_SPEED) * nw.col(_SECTION))
    hourly = nw.lit(3600, nw.Int64) * nw.col(_KV).fill_null(exact.power10(FINE))
    parts = nw.lit(exact.power10(3 * FINE - FLOW_SCALE), nw.Int64)
    frame = exact.with_scaled(
        frame,
        {
            _V: (nw.col(_RAW), *_factor(rules)),
            _NO: (nw.when(both).then(first), *_factor(rules, "no")),
            _NO2: (nw.when(both).then(second), *_factor(rules, "no2")),
            _SWEPT: (swept, hourly, parts),
        },
    )
    total = exact.guarded(nw.col(_NO) + nw.col(_NO2))
    return frame.with_columns(nw.when(nox).then(total).otherwise(nw.col(_V)).alias(_V))


def _factor(rules: GasRules, name: str = "") -> tuple[nw.Expr, nw.Expr]:
    """Return the two sides of the factor to mg/m³: by the item of the row, or of NO and NO2."""
    as_no2, bulk = rules.mass_of("no2"), rules.molar_volume
    own = rules.mass_of(name) if name else as_no2
    found = [
        (nw.col(_UNIT) == code, exact.quotient(as_no2, own * parts))
        for code, (_, parts) in UNITS.items()
        if code != "ppm"
    ]
    ppm = nw.col(_UNIT) == "ppm"
    if name:
        found.append((ppm, exact.quotient(as_no2, bulk)))
    else:
        masses = rules.masses.items()
        found += [(ppm & (nw.col(_ITEM) == one), exact.quotient(m, bulk)) for one, m in masses]
    top, bottom = nw.lit(None, nw.Int64), nw.lit(None, nw.Int64)
    for mine, factor in found:
        top = nw.when(mine).then(nw.lit(factor.numerator, nw.Int64)).otherwise(top)
        bottom = nw.when(mine).then(nw.lit(factor.denominator, nw.Int64)).otherwise(bottom)
    return top, bottom


def _judged(frame: Frame, rules: GasRules, call: Call) -> Frame:
    """Add the results and why a row has none."""
    by_o2, by_alpha = ~nw.col(_given("o2_ref")).is_null(), ~nw.col(_given("alpha_ref")).is_null()
    reference = (
        nw.when(by_o2 & by_alpha).then(nw.lit(None, nw.String))
        .when(by_o2).then(nw.lit("o2")).when(by_alpha).then(nw.lit("alpha"))
        .otherwise(nw.lit("none"))
    )  # fmt: skip
    frame = frame.with_columns(reference.alias(_TAKEN))
    taken = nw.col(_TAKEN)
    converted = (
        nw.when(taken == "o2").then(nw.col(_ZS))
        .when(taken == "alpha").then(nw.col(_ZSA))
        .when(taken == "none").then(nw.col(_DRY))
    )  # fmt: skip
    frame = frame.with_columns(exact.integer(converted).alias(_HAS))
    good = ~nw.col(_HAS).is_null()
    high = nw.col(_O2DRY) >= exact.scaled(rules.air, OXYGEN)
    flows = ~nw.col(_FLOW).is_null()
    frame = frame.with_columns(
        value_std=exact.to_float(nw.col(_STD), CONC),
        value_dry=exact.to_float(nw.col(_DRY), CONC),
        o2_dry=exact.to_float(nw.col(_O2DRY), OXYGEN),
        alpha=exact.to_float(nw.col(_ALPHA), OXYGEN),
        reference=taken,
        converted=exact.to_float(nw.col(_HAS), CONC),
        flow_actual=exact.to_float(nw.when(flows & actual_flow(call)).then(nw.col(_FLOW)), 6),
        flow_dry=exact.to_float(nw.col(_FSTD), FLOW_SCALE),
        mass=exact.to_float(nw.col(_MASS), 6),
        alarm=nw.when(high).then(nw.lit("dilution")),
        status=nw.when(good).then(nw.lit("judged")).otherwise(nw.lit("not_judged")),
        edition=nw.lit(rules.edition),
    )
    pieces = {"reason": list(_reasons(rules, call, high)), "unverified": [], "clauses": list(
        _clauses(rules))}  # fmt: skip
    frame = labels.with_pieces(frame, pieces)
    return frame.with_columns(_traced()) if call.trace else frame


def actual_flow(call: Call) -> nw.Expr:
    """Say whether flows are given at the state of the duct."""
    return nw.lit(call.params["flow_state"] == "actual")


def _given(name: str) -> str:
    return intake.number(name)


def _reasons(rules: GasRules, call: Call, high: nw.Expr) -> Iterator[labels.Piece]:
    value, unit, ppm = nw.col(_given("value")), nw.col(_UNIT), nw.col(_UNIT) == "ppm"
    item, none = nw.col(_ITEM), nw.col(_V).is_null()
    nox = item.is_in(sorted(rules.nox))
    yield unit.is_null(), "unknown_unit"
    yield value < 0, "invalid:value"
    parts = [nw.col(_given(n)) for n in ("no", "no2")]
    some = ~parts[0].is_null() | ~parts[1].is_null()
    yield value.is_null() & ~(nox | (item.is_null() & some)), "missing:value"
    asked = value.is_null() & (nox | (item.is_null() & some))
    for part, name in zip(parts, ("no", "no2"), strict=True):
        yield asked & part.is_null(), f"missing:{name}"
        yield asked & (part < 0), f"invalid:{name}"
    known = item.is_in(sorted(rules.masses))
    yield ppm & (value >= 0) & ~known.fill_null(value=False), "unknown_molar_mass"
    stated = nw.col(_STATE).is_in(STATES).fill_null(value=False)
    yield ~none & ~ppm & nw.col(_STATE).is_null(), "missing:state"
    yield ~none & ~ppm & ~nw.col(_STATE).is_null() & ~stated, "invalid:state"
    based = nw.col(_BASIS).is_in(BASES).fill_null(value=False)
    yield ~none & nw.col(_BASIS).is_null(), "missing:basis"
    yield ~none & ~nw.col(_BASIS).is_null() & ~based, "invalid:basis"
    flows = (~nw.col(_FLOW).is_null()) & actual_flow(call)
    hot = (nw.col(_STATE) == "actual").fill_null(value=False) & ~ppm & ~none
    for name in ("temperature", "static_pressure", "ambient_pressure"):
        yield from _lacking(name, hot | flows)
    wet = (nw.col(_BASIS) == "wet").fill_null(value=False) & ~none
    wet_o2 = (nw.col(_O2BASIS) == "wet") & ~nw.col(_given("o2")).is_null()
    yield from _lacking("moisture", wet | flows | wet_o2)
    yield ~nw.col(_O2BASIS).is_in(BASES), "invalid:o2_basis"
    yield nw.col(_TAKEN).is_null(), "two_references"
    wanted = nw.col(_TAKEN).is_in(["o2", "alpha"]).fill_null(value=False)
    yield from _lacking("o2", wanted)
    air = exact.scaled(rules.air, OXYGEN)
    ref, alpha = nw.col(_given("o2_ref")), nw.col(_given("alpha_ref"))
    yield (ref < 0) | (nw.col(_REF) >= air), "invalid:o2_ref"
    yield (alpha <= 0), "invalid:alpha_ref"
    yield wanted & high, "o2_not_below_air"
    speed, section = nw.col(_given("velocity")), nw.col(_given("section"))
    yield ~speed.is_null() & section.is_null(), "missing:section"
    large = ~none & nw.col(_DRY).is_null() & ~nw.col(_STD).is_null() & (nw.col(_BASIS) == "dry")
    yield large | ((value >= 0) & ~unit.is_null() & ~ppm & none), "too_large:value"


def _lacking(name: str, wanted: nw.Expr) -> Iterator[labels.Piece]:
    given, used = nw.col(_given(name)), nw.col(_NUMBERS[name][0])
    if name == "o2":
        used = nw.col(_O2)
    yield wanted & given.is_null(), f"missing:{name}"
    yield wanted & ~given.is_null() & used.is_null(), f"invalid:{name}"


def _clauses(rules: GasRules) -> Iterator[labels.Piece]:
    ppm = (nw.col(_UNIT) == "ppm") & ~nw.col(_STD).is_null()
    yield ppm, f"{rules.edition}/molar_volume"
    hot = (nw.col(_STATE) == "actual") & ~ppm & ~nw.col(_STD).is_null()
    yield hot, f"{rules.edition}/standard_temperature"
    yield hot, f"{rules.edition}/standard_pressure"
    taken = nw.col(_TAKEN).is_in(["o2", "alpha"]) & ~nw.col(_HAS).is_null()
    yield taken, f"{rules.edition}/oxygen_of_air"
    yield ~nw.col(_MASS).is_null(), f"{rules.edition}/emission_mass"


def _traced() -> list[nw.Expr]:
    return [
        exact.to_float(nw.col(_V), CONC).alias("value_mg"),
        exact.to_float(nw.col(_T), FINE).alias("t_used"),
        exact.to_float(nw.col(_PRESSURE), PRESSURE).alias("pressure_used"),
        exact.to_float(nw.col(_X), FINE).alias("moisture_used"),
        exact.to_float(nw.col(_MICRO), FLOW_SCALE).alias("value_of_mass"),
    ]


def _outputs(_editions: Sequence[Edition], trace: bool) -> tuple[Column, ...]:
    mg = words.MG
    traced = (
        Column("value_mg", "质量浓度", "concentration in mg/m³ before any state", "number", mg),
        Column("t_used", "所用温度", "temperature used", "number", words.CELSIUS),
        Column("pressure_used", "所用压力", "ambient plus static pressure", "number", words.PASCAL),
        Column("moisture_used", "所用含湿量", "moisture used", "number", words.PERCENT),
        Column("value_of_mass", "计算排放量的浓度", "concentration of the mass", "number", mg),
    )
    return (
        Column("value_std", "标态浓度", "at 0 °C and 101325 Pa, wet or dry as given", "number", mg),
        Column("value_dry", "标态干基浓度", "at the standard state, dry", "number", mg),
        Column("o2_dry", "干基氧含量", "oxygen, dry", "number", words.PERCENT),
        Column("alpha", "过量空气系数", "excess air, 21/(21-O2)", "number", "1"),
        Column("reference", "折算方式", "o2, alpha, or none: judged by the dry value"),
        Column(
            "converted", "折算浓度", "at the reference; the dry value without one", "number", mg
        ),
        Column("flow_actual", "工况流量", "flow at the state of the duct", "number", words.FLOW),
        Column("flow_dry", "标干流量", "dry flow at the standard state", "number", words.FLOW),
        Column(
            "mass", "排放速率", "dry value times dry flow, kg an hour", "number", words.KILOGRAM
        ),
        Column("alarm", "告警", "dilution: oxygen at or above that of air"),
        words.STATUS,
        words.REASON,
        words.UNVERIFIED,
        words.CLAUSES,
        words.EDITION,
        *(traced if trace else ()),
    )


def _number(name: str, zh: str, en: str, unit: str, *, signed: bool = False) -> Column:
    return Column(name, zh, en, "number", unit, optional=True, signed=signed)


CONVERT = Method(
    id="sources.convert",
    zh="标态、干基与折算",
    en="Flue gas at the dry standard state and at the reference oxygen",
    standard=STANDARD,
    default_edition=DEFAULT,
    inputs=(
        Column("outlet", "排放口", "outlet, as the file names it", optional=True),
        Column("start", "开始时间", "start of the record; carried through", optional=True),
        Column("item", "因子", "a21026 … or SO2 …; needed for ppm and NOx", optional=True),
        _number("value", "实测浓度", "measured concentration", words.MG),
        _number("no", "一氧化氮", "NO where NOx has no value of its own", words.MG),
        _number("no2", "二氧化氮", "NO2 beside NO", words.MG),
        Column("unit", "单位", "mg/m3 (also if empty), ug/m3, ng/m3, ppm", optional=True),
        Column("state", "状态", "of the concentration: actual or standard", optional=True),
        Column("basis", "基准", "of the concentration: wet or dry", optional=True),
        _number("temperature", "烟气温度", "of the flue gas", words.CELSIUS, signed=True),
        _number("static_pressure", "烟气静压", "gauge", words.PASCAL, signed=True),
        _number("ambient_pressure", "环境大气压", "ambient pressure", words.PASCAL),
        _number("moisture", "烟气含湿量", "by volume", words.PERCENT),
        _number("o2", "氧含量", "measured oxygen", words.PERCENT),
        Column("o2_basis", "氧含量基准", "wet or dry (also if empty)", optional=True),
        _number("o2_ref", "基准氧含量", "of the limit", words.PERCENT),
        _number("alpha_ref", "基准过量空气系数", "of the limit; instead of o2_ref", "1"),
        _number("flow", "烟气流量", "wet, of the duct, or as flow_state says", words.FLOW),
        _number("velocity", "烟气流速", "where there is no flow", "m/s"),
        _number("section", "烟道截面积", "cross-section of the duct", "m²"),
        _number("velocity_factor", "速度场系数", "Kv; 1 if empty", "1"),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding=(
        "Each formula is one exact division rounded half-even, concentrations at 10^-9 mg/m³, "
        "oxygen at 10^-6 %, flow at 10^-6 m³/h, mass at 10^-6 kg (from the dry concentration at "
        "10^-6), in the order ppm, NOx, temperature, pressure, moisture, reference. Temperature, "
        "moisture and sections are read with four decimals, pressure with two of Pa."
    ),
    missing=(
        "What a formula needs and lacks is named: missing:temperature. state and basis are never "
        "concluded: empty ones are missing:state unless a parameter says them. Oxygen at or above "
        "that of air: o2_not_below_air, not computable, alarm dilution. Without reference oxygen "
        "or excess air the dry value stands; with both: two_references. A lack that concerns "
        "only the flow leaves the concentration judged, and is named too. NOx needs NO and NO2."
    ),
    params=(
        Param("state", "浓度状态缺省值", "state of rows that name none: actual or standard", "",
              one_of("state", ("", *STATES))),
        Param("basis", "浓度基准缺省值", "basis of rows that name none: wet or dry", "",
              one_of("basis", ("", *BASES))),
        Param("flow_state", "流量状态", "actual, or standard: already dry at the standard state",
              "actual", one_of("flow_state", STATES)),
        Param("pressure_unit", "压力单位", "of the pressure columns: Pa or kPa", "Pa",
              one_of("pressure_unit", ("Pa", "kPa"))),
    ),
)  # fmt: skip
