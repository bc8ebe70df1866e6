"""Gas by HJ 75: valid minutes, hours and days, converted by their own oxygen, and the mass."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import narwhals as nw

from fenhe.methods import exact, moments
from fenhe.methods.contract import Call
from fenhe.methods.sources import conversion, means
from fenhe.methods.sources.conversion import FINE, OXYGEN, PRESSURE, State
from fenhe.methods.sources.rules import GasRules
from fenhe.standards import Edition

Frame = nw.LazyFrame[Any]

OXYGEN_ITEM, TEMPERATURE, STATIC, MOISTURE, AMBIENT = (
    "a19001", "a01012", "a01013", "a01014", "a01006",
)  # fmt: skip

_P = means.P
_T, _PS, _X, _BA, _Q = (f"{_P}{n}" for n in ("t", "ps", "x", "ba", "q"))
_DAYPART = f"{_P}daypart"


@dataclass(frozen=True)
class HourRules:
    """Least numbers of valid data, and the flags of valid measurements."""

    gas: GasRules
    slices: int  # of a minute
    minutes: int  # of an hour
    hours: int  # of a day
    flags: tuple[str, ...]

    @classmethod
    @lru_cache(maxsize=16)
    def of(cls, edition: Edition) -> HourRules:
        """Return the rules of an HJ 75 edition; ``BadInput`` for a rule not known here."""
        return cls(
            gas=GasRules.of(edition),
            slices=edition.value("slices_of_minute").integer,
            minutes=edition.value("minutes_of_hour").integer,
            hours=edition.value("hours_of_day").integer,
            flags=tuple(edition.value("valid_flags").value),
        )


def periods(frame: Frame, edition: Edition, call: Call, period: int) -> Frame:
    """Return one row an outlet, item and period of so many seconds."""
    rules = HourRules.of(edition)
    default = 5 if period < moments.HOUR else 60
    step = call.params["step"] or default
    records = means.Records(
        step=step,
        period=min(period, moments.HOUR),
        flags=rules.flags,
        decimals=call.decimals["value"],
        marks=call.params["marks"],
    )
    hours = _hours(frame, rules, call, records)
    return means.filled(_days(hours, rules) if period == moments.DAY else hours)


def _least(rules: HourRules, period: int, step: int) -> int:
    """Return the number of rows a period needs: whole rows of at least so many minutes."""
    if period < moments.HOUR:
        return exact.up_to_whole(rules.slices * period, 60)
    return exact.up_to_whole(rules.minutes * 60, step)


def _hours(frame: Frame, rules: HourRules, call: Call, records: means.Records) -> Frame:
    rows = means.prepared(frame, records)
    table = means.with_mean(means.counted(rows, call.decimals), records.decimals)
    chains = means.chains(rows, records)
    table = table.join(chains, on=["outlet", means.ITEM, means.PERIOD], how="left")
    enough = nw.col(means.N) >= _least(rules, records.period, records.step)
    valid = enough & ~means.repeated() & nw.col(means.ITEM).str.starts_with("a")
    table = table.with_columns(
        exact.integer(valid.fill_null(value=False)).alias(means.VALID),
        nw.lit(records.due, nw.Int64).alias(means.DUE),
        nw.lit(records.decimals, nw.Int64).alias(means.SCALE),
    )
    result = nw.when(nw.col(means.VALID) == 1).then(nw.col(means.MEAN))
    table = table.with_columns(exact.integer(result).alias(means.RESULT))
    return _with_results(table, rules.gas, call)


def _with_results(table: Frame, rules: GasRules, call: Call) -> Frame:
    """Add oxygen, converted value, dry flow and mass from the means beside each other."""
    made = {means.O2: OXYGEN_ITEM, _Q: call.params["flow_item"]}
    actual = call.params["flow_state"] == "actual"
    if actual:
        made |= {_T: TEMPERATURE, _PS: STATIC, _X: MOISTURE, _BA: AMBIENT}
    table = means.with_beside(table, {name: (item, means.RESULT) for name, item in made.items()})
    air = nw.lit(exact.scaled(rules.air, OXYGEN), nw.Int64)
    one_reference = nw.col(means.REF) == nw.col(means.REF_LOW)
    ref = nw.when(one_reference).then(nw.col(means.REF))
    top, bottom = (nw.when(o2 < air).then(air - o2) for o2 in (ref, nw.col(means.O2)))
    table = exact.with_scaled(table, {means.ZS: (nw.col(means.RESULT), top, bottom)})
    unreferred = nw.col(means.REF).is_null()
    zs = nw.when(unreferred).then(nw.col(means.RESULT)).otherwise(nw.col(means.ZS))
    hourly = 3600 if call.params["flow_unit"] == "m3/s" else 1
    flow = exact.guarded(nw.col(_Q) * hourly)
    table = table.with_columns(exact.integer(zs).alias(means.ZS), flow.alias(means.FLOW))
    if actual:
        table = _with_standard_flow(table, rules, call)
    value = nw.when(pollutant()).then(nw.col(means.RESULT))
    flow = nw.when(pollutant()).then(nw.col(means.FLOW))
    return exact.with_products(table, {means.MASS: (value, flow)})


def pollutant() -> nw.Expr:
    """Say whether a row's item is a pollutant: no flow, state or oxygen of the flue gas."""
    return ~nw.col(means.ITEM).str.starts_with("a0") & (nw.col(means.ITEM) != OXYGEN_ITEM)


def _with_standard_flow(table: Frame, rules: GasRules, call: Call) -> Frame:
    """Bring the flow of the duct to the dry standard state by the means of the same period."""
    to_fine = exact.power10(exact.WORKING_SCALE - FINE)
    kilo = exact.power10(exact.WORKING_SCALE - PRESSURE - 3)
    ambient = nw.col(_BA)
    if call.params["ambient_pressure"] is not None:
        given = exact.scaled(call.params["ambient_pressure"], exact.WORKING_SCALE)
        ambient = ambient.fill_null(given)
    total = ambient + nw.col(_PS)
    table = exact.with_half_even(
        table,
        {
            _T: (nw.col(_T), to_fine),
            _X: (nw.col(_X), to_fine),
            _PS: (nw.when(total > 0).then(total), kilo),
        },
    )
    t0 = exact.scaled(rules.t0, FINE)
    state = State(
        nw.when(nw.col(_T) > -t0).then(nw.col(_T)),
        nw.col(_PS),
        nw.when(nw.col(_X) < 100 * exact.power10(FINE)).then(nw.col(_X)),
    )
    return conversion.standard_flow(table, means.FLOW, nw.col(means.FLOW), state, rules)


def _days(hours: Frame, rules: HourRules) -> Frame:
    """Return days from hours: means of valid hours, sums of masses."""
    day = exact.floor_div(nw.col(means.PERIOD), moments.DAY) * moments.DAY
    there = {means.N_ZS: means.ZS, means.N_O2: means.O2, means.N_FLOW: means.FLOW}
    there[means.N_MASS] = means.MASS
    hours = hours.with_columns(
        day.alias(_DAYPART),
        *(exact.integer(~nw.col(c).is_null()).alias(n) for n, c in there.items()),
        exact.integer(means.repeated()).alias(means.BAD),
        nw.col(means.RESULT).alias(means.SUM),
        nw.col(means.VALID).alias(means.N),
        nw.lit(1, nw.Int64).alias(means.ROWS),
        nw.lit(1, nw.Int64).alias(means.SLOTS),
    )
    sums = (
        means.SUM, means.N, means.ROWS, means.SLOTS, means.VOIDS, means.BAD, means.MISSING,
        means.ZS, means.O2, means.FLOW, means.MASS, *there,
    )  # fmt: skip
    days = hours.group_by("outlet", means.ITEM, _DAYPART).agg(
        *(nw.col(c).sum() for c in sums),
        nw.col(means.CHAIN).max(),
        nw.col(means.REF).max(),
        nw.col(means.REF_LOW).min(),
    )
    days = means.summed(days, sums)
    most = (means.CHAIN, means.REF, means.REF_LOW)
    days = days.with_columns(exact.integer(nw.col(c)).alias(c) for c in most)
    days = days.rename({_DAYPART: means.PERIOD})
    return _day_results(days, rules)


def _day_results(days: Frame, rules: HourRules) -> Frame:
    enough = nw.col(means.N) >= rules.hours
    enough_zs = nw.col(means.N_ZS) >= rules.hours
    some = {n: nw.when(nw.col(n) > 0).then(nw.col(n)) for n in (means.N_O2, means.N_FLOW, means.N)}
    zs_count = nw.when(enough_zs).then(nw.col(means.N_ZS))
    days = exact.with_half_even(
        days,
        {
            means.MEAN: (nw.col(means.SUM), some[means.N]),
            means.ZS: (nw.col(means.ZS), zs_count),
            means.O2: (nw.col(means.O2), some[means.N_O2]),
            means.FLOW: (nw.col(means.FLOW), some[means.N_FLOW]),
        },
    )
    days = days.with_columns(
        exact.integer(enough).alias(means.VALID),
        nw.lit(24, nw.Int64).alias(means.DUE),
        nw.when(nw.col(means.N_MASS) > 0).then(nw.col(means.MASS)).alias(means.MASS),
        nw.lit(exact.WORKING_SCALE, nw.Int64).alias(means.SCALE),
        # rows that repeat one another are told, though each hour was told already
        (nw.col(means.ROWS) - nw.col(means.BAD)).alias(means.SLOTS),
    )
    result = nw.when(nw.col(means.VALID) == 1).then(nw.col(means.MEAN))
    return days.with_columns(exact.integer(result).alias(means.RESULT))
