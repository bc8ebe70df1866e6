"""Which rows a working condition exempts: windows counted by condition or by year."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from fenhe.methods import exact, moments, runs
from fenhe.methods.sources import verdict_columns as c
from fenhe.methods.sources.judging import JudgingRules, Window

Frame = nw.LazyFrame[Any]


def with_exemption(frame: Frame, rules: JudgingRules, seconds: int) -> Frame:
    """Add the window that exempts a row, counted from the first row of its condition."""
    condition = nw.col(c.CONDITION)
    group, there = c.named("group"), c.named("there")
    frame = frame.with_columns(
        nw.concat_str(nw.col(c.KEY), condition.fill_null(""), separator="|").alias(group),
        exact.integer(~condition.is_null()).alias(there),
    )
    frame = runs.with_runs(frame, there, c.SERIAL, by=group, run=c.RUN)
    first = exact.integer(nw.col(c.SERIAL).min().over(group, c.RUN))
    frame = frame.with_columns(((nw.col(c.SERIAL) - first + 1) * seconds).alias(c.SINCE))
    if any(w.by_year for w in rules.windows):
        frame = _with_year(frame, rules, seconds)
    if any(w.most is not None for w in rules.windows):
        frame = _in_order(frame)
        pm = frame.filter(nw.col(c.ITEM) == c.PM).select(
            "outlet", c.SERIAL, nw.col(c.V).alias(c.PMV)
        )
        pm = pm.group_by("outlet", c.SERIAL).agg(nw.col(c.PMV).max())
        frame = frame.join(pm, on=["outlet", c.SERIAL], how="left")
        if c.ORDERLY in frame.collect_schema():
            frame = frame.sort(c.ORDERLY)
    exempt: nw.Expr = nw.lit(None, nw.Int64)
    for number, window in reversed(list(enumerate(rules.windows))):
        mine = _in_window(window)
        exempt = nw.when(mine).then(nw.lit(number, nw.Int64)).otherwise(exempt)
    if rules.fault_window is not None:
        within = nw.col(c.SINCE) <= int(rules.fault_window * moments.HOUR)
        faulty = condition.is_in(list(rules.unlimited)) & within
        exempt = nw.when(faulty).then(nw.lit(len(rules.windows), nw.Int64)).otherwise(exempt)
    timely = nw.when(~nw.col(c.LATE)).then(exempt)
    return frame.with_columns(exempt.alias(c.named("window")), timely.alias(c.EXEMPT))


def _in_order(frame: Frame) -> Frame:
    """Number the rows where the engine has an order: a join does not keep it."""
    if not frame.implementation.is_polars():
        return frame
    numbered: Frame = nw.from_native(frame.to_native().with_row_index(c.ORDERLY))
    return numbered


def _with_year(frame: Frame, rules: JudgingRules, seconds: int) -> Frame:
    """Add the seconds of the conditions that share the hours of a year, up to each row."""
    year, counted = c.named("year"), c.named("counted")
    events = sorted({w.event for w in rules.windows if w.by_year})
    frame = frame.with_columns(
        exact.floor_div(nw.col(c.DAY), 10_000).alias(year),
        exact.integer(nw.col(c.CONDITION).is_in(events).fill_null(value=False)).alias(counted),
    )
    so_far = exact.integer(nw.col(counted).cum_sum().over(c.KEY, year, order_by=c.SERIAL))
    return frame.with_columns((so_far * seconds).alias(c.USED))


def _in_window(window: Window) -> nw.Expr:
    sector = nw.col(c.SECTOR)
    mine = (sector == window.sector) | sector.str.ends_with(f"_{window.sector}")
    mine = mine & (nw.col(c.CONDITION) == window.event)
    counted = nw.col(c.USED if window.by_year else c.SINCE)
    mine = mine & (counted <= int(window.hours * moments.HOUR))
    if "*" not in window.factors:
        mine = mine & nw.col(c.ITEM).is_in(list(window.factors))
    if window.most is not None:
        mine = mine & (nw.col(c.PMV) <= exact.scaled(window.most, c.SCALE))
    return mine.fill_null(value=False)
