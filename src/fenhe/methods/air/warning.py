"""The level of a heavy-pollution warning from a series of daily AQI."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Any

import narwhals as nw

from fenhe import standards
from fenhe.methods import across, calendar, exact, intake, labels, runs
from fenhe.methods.across import AcrossRows
from fenhe.methods.air import words
from fenhe.methods.air.warning_rules import (
    STANDARD,
    Condition,
    Regimes,
    Threshold,
    WarningRules,
    regimes,
)
from fenhe.methods.contract import Call, Column, Param
from fenhe.standards import Edition

_AREA, _AQI = "area", "aqi"
_PRIVATE = f"{intake.PRIVATE}warning_"
_SERIAL, _TWICE, _AT, _ACTIVE, _BRIDGED = (
    f"{_PRIVATE}{n}" for n in ("serial", "twice", "at", "active", "bridged")
)
_LEVELS = ("level", "episode_level", "series_level")


def evaluate(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return the frame with the level each day's run of days starts, and that of its episode.

    Reads ``area``, the day and ``aqi``, one row an area and day. A run is a row of
    consecutive days above (or at least at) a threshold; a day without a usable AQI, without
    a row or with two rows ends it. A day counts as 24 hours.
    """
    by_day = call.params.get(across.BY_DAY, ())
    here = Regimes.of(edition, by_day, call.params.get("regime", {}))
    decimals = call.decimals[_AQI]
    frame = _with_days(frame)
    for threshold in here.thresholds:
        frame = _with_threshold(frame, threshold, decimals)
    for wide, narrow in here.nested:
        longest = runs.within(nw.col(_n("days", narrow)).max(), _AREA, _n("run", wide))
        frame = frame.with_columns(longest.alias(f"{_n('run', wide)}_{narrow.name}"))
    frame = frame.with_columns(_by_area(here, _order).alias(_o("level")))
    frame = _with_episodes(frame, here)
    frame = frame.with_columns(_level_name(here, name).alias(name) for name in _LEVELS)
    frame = _judged(frame, here)
    if not call.trace:
        return frame
    counted = (nw.col(_n("days", t)).fill_null(0).alias(_n_days(t)) for t in here.thresholds)
    return frame.with_columns(counted)


def _n(what: str, threshold: Threshold) -> str:
    return f"{_PRIVATE}{what}_{threshold.name}"


def _n_days(threshold: Threshold) -> str:
    return f"days_{threshold.name}"


def _o(name: str) -> str:
    """Return the column of a level as its place in the order of levels."""
    return f"{_PRIVATE}order_{name}"


def _by_area(here: Regimes, make: Callable[[WarningRules], nw.Expr]) -> nw.Expr:
    """Return what the regime of each area, or else of the day, makes; null where none is."""
    result: nw.Expr = nw.lit(None)
    for span in here.rest:
        holds = (nw.col(intake.DAY) >= span.first) & (nw.col(intake.DAY) <= span.last)
        result = nw.when(holds).then(make(span.rules)).otherwise(result)
    for rules, areas in here.named:
        result = nw.when(nw.col(_AREA).is_in(list(areas))).then(make(rules)).otherwise(result)
    return result


def _with_days(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    serial = calendar.since_epoch(nw.col(intake.DAY))
    frame = frame.with_columns(exact.integer(serial).alias(_SERIAL))
    rows = exact.integer(nw.lit(1)).alias(_TWICE)
    frame = frame.with_columns(rows)
    same = exact.integer(nw.col(_TWICE).sum().over(_AREA, _SERIAL))
    frame = frame.with_columns((same > 1).alias(_TWICE))
    value = nw.col(intake.number(_AQI))
    usable = (value >= 0) & ~nw.col(_TWICE) & ~nw.col(_SERIAL).is_null()
    return frame.with_columns(nw.when(usable).then(value).alias(_AT))


def _with_threshold(
    frame: nw.LazyFrame[Any], threshold: Threshold, decimals: int
) -> nw.LazyFrame[Any]:
    """Add whether a threshold holds, its run, and the days of that run."""
    bound = threshold.aqi * exact.power10(decimals)
    aqi = nw.col(_AT)
    holds = aqi > bound if threshold.compare == "above" else aqi >= bound
    flag, run = _n("holds", threshold), _n("run", threshold)
    one = exact.integer(nw.when(holds).then(1).otherwise(0))
    frame = runs.with_runs(frame.with_columns(one.alias(flag)), flag, _SERIAL, by=_AREA, run=run)
    days = runs.within(nw.col(flag).sum(), _AREA, run)
    return frame.with_columns(days.alias(_n("days", threshold)))


def _order(rules: WarningRules) -> nw.Expr:
    """Return the place of the highest level whose conditions the run of the day meets."""
    result: nw.Expr = exact.integer(nw.lit(None))
    for level in reversed(rules.levels):
        for group in level.alternatives:
            result = nw.when(_starts(group)).then(nw.lit(level.order, nw.Int64)).otherwise(result)
    return result


def _starts(group: tuple[Condition, ...]) -> nw.Expr:
    wide, *narrow = group
    holds = [nw.col(_n("days", wide.threshold)) >= wide.days]
    holds += [nw.col(f"{_n('run', wide.threshold)}_{c.threshold.name}") >= c.days for c in narrow]
    return reduce(and_, holds)


def _with_episodes(frame: nw.LazyFrame[Any], here: Regimes) -> nw.LazyFrame[Any]:
    """Add the episode of each day: runs with a level, and what is too short to clear."""
    started = ~nw.col(_o("level")).is_null()
    one = exact.integer(nw.when(started).then(1).otherwise(0))
    frame = frame.with_columns(one.alias(_ACTIVE))
    for bridged in here.bridged:
        run = f"{_PRIVATE}episode_{bridged}"
        frame = runs.with_runs(frame, _ACTIVE, _SERIAL, by=_AREA, run=run, gap=bridged + 1)
    frame = frame.with_columns(episode=_by_area(here, _episode))
    top, first, last, days = (
        runs.within(value, _AREA, "episode")
        for value in (
            nw.col(_o("level")).max(),
            nw.col(_SERIAL).min(),
            nw.col(_SERIAL).max(),
            nw.col(_ACTIVE).sum(),
        )
    )
    return frame.with_columns(
        top.alias(_o("episode_level")),
        exact.integer(nw.col(_o("level")).max().over(_AREA)).alias(_o("series_level")),
        (last - first + 1 > days).alias(_BRIDGED),
    )


def _episode(rules: WarningRules) -> nw.Expr:
    if rules.bridged is None:
        return exact.integer(nw.lit(None))
    return nw.col(f"{_PRIVATE}episode_{rules.bridged}")


def _level_name(here: Regimes, name: str) -> nw.Expr:
    result: nw.Expr = exact.text(nw.lit(None))
    for order, level in here.level_names.items():
        result = nw.when(nw.col(_o(name)) == order).then(nw.lit(level)).otherwise(result)
    return result


def _judged(frame: nw.LazyFrame[Any], here: Regimes) -> nw.LazyFrame[Any]:
    frame = frame.with_columns(edition=_by_area(here, lambda rules: nw.lit(rules.edition)))
    ruled = ~nw.col("edition").is_null()
    there = ~nw.col(_AT).is_null() & ruled
    frame = frame.with_columns(
        status=nw.when(there).then(nw.lit("judged")).otherwise(nw.lit("not_judged"))
    )
    value = nw.col(intake.number(_AQI))
    reasons: list[labels.Piece] = [
        (value.is_null(), "missing:aqi"),
        (value < 0, "invalid:aqi"),
        (nw.col(_SERIAL).is_null(), "no_day"),
        (~ruled & ~nw.col(_SERIAL).is_null(), "no_edition"),
        (nw.col(_TWICE), "duplicate:date"),
    ]
    unverified: list[labels.Piece] = []
    for rules in here.all_rules:
        mine = nw.col("edition") == rules.edition
        if rules.bridged is None:
            reasons.append((mine & (nw.col(_ACTIVE) == 1), f"unknown_value:{rules.lift}"))
        elif not rules.lift_firm:
            unverified.append((mine & nw.col(_BRIDGED), rules.lift))
    return labels.with_pieces(frame, {"reason": reasons, "unverified": unverified})


def _outputs(_editions: Sequence[Edition], trace: bool) -> tuple[Column, ...]:
    found = (
        Column("level", "预警级别", "level whose start conditions the day's run meets; else empty"),
        Column("episode", "污染过程序号", "number of the episode in the area", "integer"),
        Column("episode_level", "过程预警级别", "highest level of the episode the day lies in"),
        Column("series_level", "序列预警级别", "highest level of the area's whole series"),
        words.STATUS,
        words.REASON,
        words.UNVERIFIED,
        words.EDITION,
    )
    return (*found, *_traced()) if trace else found


def _traced() -> list[Column]:
    editions = standards.catalogue().editions(STANDARD)
    every = {t for e in editions for t in WarningRules.from_edition(e).thresholds}
    signs: Mapping[str, str] = {"above": ">", "at_least": "≥"}
    return [
        Column(
            _n_days(t),
            f"AQI{signs[t.compare]}{t.aqi}的连续天数",
            f"days of the run with AQI {signs[t.compare]} {t.aqi}",
            "integer",
            "d",
        )
        for t in sorted(every)
    ]


WARNING_LEVEL = AcrossRows(
    id="air.warning_level",
    zh="重污染天气预警级别",
    en="Level of a heavy-pollution warning from a series of daily AQI",
    standard=STANDARD,
    inputs=(
        Column("area", "区域", "place of the series, as the file names it"),
        Column("date", "日期", "day of the forecast or measured AQI", "date"),
        Column("aqi", "日AQI", "daily air quality index", "number", "1"),
    ),
    outputs=_outputs,
    evaluate=evaluate,
    rounding=(
        "None: the AQI is compared as it is. A duration of hours is met by as many whole calendar "
        "days of 24 hours; the AQI of a warning is a 24-hour mean that may cross midnight, which "
        "days can not tell."
    ),
    missing=(
        "A day without a row, without a usable AQI or with two rows ends a run. Episodes so close "
        "that the air could not clear in between are one, at the higher level, days between them "
        "included; where no source gives the hours of lifting (WARNING-2017) episodes are empty. "
        "A run or an episode goes on across a change of regime; each day is held against its own. "
        "Days before the first regime: not_judged, no_edition."
    ),
    day=("date", "date"),
    params=(
        Param(
            "regime",
            "分级规定：如 2019，或按区域 太原:2019,大同:2024",
            "regime of all areas (2019) or of some (太原:2019,大同:2024) instead of the day's",
            "",
            regimes,
        ),
    ),
    reads_date="date",
    whole_series=True,
)
