"""Water by HJ 356: volume, flow-weighted means and mass of ten minutes, hours and days."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import narwhals as nw

from fenhe.base.errors import BadInput
from fenhe.methods import exact, moments
from fenhe.methods.contract import Call
from fenhe.methods.sources import means
from fenhe.standards import Edition

Frame = nw.LazyFrame[Any]

_P = means.P
_DAYPART, _TENS = f"{_P}daypart", f"{_P}tens"
_KEYS = ("outlet", means.ITEM, means.PERIOD)


@dataclass(frozen=True)
class WaterRules:
    """Least numbers of data, what is weighted by the flow, and the flags of valid data."""

    slices: int  # of ten minutes
    tens: int  # of an hour
    hours: int  # of a day
    plain: tuple[str, ...]  # factors whose mean is not weighted
    flags: tuple[str, ...]

    @classmethod
    @lru_cache(maxsize=16)
    def of(cls, edition: Edition) -> WaterRules:
        """Return the rules of an HJ 356 edition; ``BadInput`` for a rule not known here."""
        known = {"mean": "flow_weighted", "daily_mean": "flow_weighted_valid_hours"}
        for name, text in known.items():
            if edition.value(name).text != text:
                raise BadInput(f"{edition.value(name).id} is not '{text}'")
        return cls(
            slices=edition.value("slices_of_ten_minutes").integer,
            tens=edition.value("ten_minutes_of_hour").integer,
            hours=edition.value("hours_of_day").integer,
            plain=tuple(edition.value("not_weighted").value),
            flags=tuple(edition.value("valid_flags").value),
        )


def periods(frame: Frame, edition: Edition, call: Call, period: int) -> Frame:
    """Return one row an outlet, item and period of so many seconds."""
    rules = WaterRules.of(edition)
    default = 5 if period < moments.HOUR else 600
    step = call.params["step"] or default
    records = means.Records(
        step=step,
        period=min(period, moments.HOUR),
        flags=rules.flags,
        decimals=call.decimals["value"],
        marks=call.params["marks"],
    )
    hours = _hours(frame, rules, call, records)
    if period == moments.DAY:
        hours = _days(hours, rules)
    return means.filled(_with_results(hours, rules, call, records, period))


def _least(rules: WaterRules, period: int, step: int) -> int:
    if period < moments.HOUR:
        return exact.up_to_whole(rules.slices * period, 600)
    return max(1, exact.up_to_whole(rules.tens * 600, step))


def _hours(frame: Frame, rules: WaterRules, call: Call, records: means.Records) -> Frame:
    rows = means.with_pairs(means.prepared(frame, records), call.params["flow_item"])
    table = means.counted(rows, call.decimals)
    table = table.join(means.chains(rows, records), on=list(_KEYS), how="left")
    enough = nw.col(means.N) >= _least(rules, records.period, records.step)
    valid = enough & ~means.repeated() & nw.col(means.ITEM).str.starts_with("w")
    return table.with_columns(
        exact.integer(valid.fill_null(value=False)).alias(means.VALID),
        nw.lit(records.due, nw.Int64).alias(means.DUE),
    )


def _days(hours: Frame, rules: WaterRules) -> Frame:
    """Return days from valid hours: the sums of values and flows, and the number of hours."""
    valid = nw.col(means.VALID) == 1
    kept = (means.SUM, means.N, means.WEIGHTED, means.WEIGHTS)
    hours = hours.with_columns(
        *(nw.when(valid).then(nw.col(c)).alias(c) for c in kept),
        exact.integer(means.repeated()).alias(means.BAD),
        nw.lit(1, nw.Int64).alias(means.ROWS),
        (exact.floor_div(nw.col(means.PERIOD), moments.DAY) * moments.DAY).alias(_DAYPART),
    )
    sums = (*kept, means.ROWS, means.VOIDS, means.BAD, means.MISSING, means.VALID)
    days = hours.group_by("outlet", means.ITEM, _DAYPART).agg(
        *(nw.col(c).sum() for c in sums), nw.col(means.CHAIN).max(), nw.col(means.MEASURED).max()
    )
    days = means.summed(days, sums)
    most = (means.CHAIN, means.MEASURED)
    days = days.with_columns(exact.integer(nw.col(c)).alias(c) for c in most)
    enough = nw.col(means.VALID) >= rules.hours
    return days.with_columns(
        nw.col(means.VALID).alias(_TENS),
        exact.integer(enough).alias(means.VALID),
        nw.lit(24, nw.Int64).alias(means.DUE),
        (nw.col(means.ROWS) - nw.col(means.BAD)).alias(means.SLOTS),
    ).rename({_DAYPART: means.PERIOD})


def _with_results(
    table: Frame, rules: WaterRules, call: Call, records: means.Records, period: int
) -> Frame:
    """Add the volume of the outlet, the mean of each item and its mass."""
    k, work = records.decimals, exact.WORKING_SCALE
    valid = nw.col(means.VALID) == 1
    up = nw.lit(exact.power10(max(work - k, 0)), nw.Int64)
    down = exact.power10(max(k - work, 0))
    some, weights = (nw.when(nw.col(c) > 0).then(nw.col(c)) for c in (means.N, means.WEIGHTS))
    table = exact.with_scaled(
        table,
        {
            means.VOLUME: (
                nw.when(valid).then(nw.col(means.SUM)),
                nw.lit(records.step * exact.power10(work), nw.Int64),
                nw.lit(exact.power10(k + 3), nw.Int64),
            ),
            means.MEAN: (nw.col(means.SUM), up, some * down),
            means.RESULT: (nw.col(means.WEIGHTED), up, weights * down),
        },
    )
    flow_item = call.params["flow_item"]
    table = means.with_beside(table, {means.VOLUME: (flow_item, means.VOLUME)})
    volume = nw.col(means.VOLUME)
    flow = nw.lit(1000, nw.Int64), nw.lit(period, nw.Int64)
    table = exact.with_scaled(table, {means.FLOW: (volume, *flow)})
    item = nw.col(means.ITEM)
    unmeasured = nw.col(means.MEASURED) == 0
    plain = item.is_in(list(rules.plain)) | unmeasured
    result = nw.when(plain).then(nw.col(means.MEAN)).otherwise(nw.col(means.RESULT))
    mean = nw.when(item == flow_item).then(nw.col(means.FLOW)).otherwise(result)
    table = table.with_columns(exact.integer(nw.when(valid).then(mean)).alias(means.RESULT))
    if period == moments.DAY:
        table = table.with_columns(nw.col(_TENS).alias(means.N))
    told = nw.lit(k, nw.Int64).alias(means.SCALE)
    table = table.with_columns(nw.col(means.RESULT).alias(means.ZS), told)
    carried = ~item.is_in(list(rules.plain))
    concentration = nw.when(carried).then(nw.col(means.RESULT) * 1000)
    amount = nw.when(carried).then(volume)
    return exact.with_products(table, {means.MASS: (exact.guarded(concentration), amount)})
