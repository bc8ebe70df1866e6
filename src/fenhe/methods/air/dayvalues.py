"""From hours to days: the daily values of sites, and those of cities from their sites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from operator import add
from typing import Any

import narwhals as nw

from fenhe.methods import calendar, exact, intake
from fenhe.methods.air import ozone
from fenhe.methods.air.evaluation import ITEMS, EvaluationRules, Statistic
from fenhe.methods.hours import HOUR

#: Columns a frame of hours carries beside the exact integers of ``intake``.
AREA, DAY, SITE = "area", "day", "site"

#: Hourly values at the decimals of an hour stay below this; three of them fit one integer.
TOO_LARGE = 2**17 - 1

_BITS, _PACKED, _PARTS = 2**17, 3, 8
_P = f"{intake.PRIVATE}days_"
_DAY, _AT, _PART, _PACK, _ROWS, _MARKS = (
    f"{_P}{n}" for n in ("day", "at", "part", "pack", "rows", "marks")
)
REPEATED = "repeated"
MEANS = tuple(item for item in ITEMS if item != "o3")


def site_days(
    frame: nw.LazyFrame[Any], rules: EvaluationRules, decimals: Mapping[str, int]
) -> nw.LazyFrame[Any]:
    """Return one row per area and day: count, mean and validity of each item's hours.

    ``frame``: ``area``, ``HOUR`` and the exact integers of the items. Values are rounded
    half-even to the decimals of an hourly value first; the mean is held at 10^-6. Valid:
    at least 20 hours (GB 3095, Table 4); ozone: at least 14 of the 17 means of 8 hours that
    end at 08:00 to 24:00, each of at least 6 hours, or a maximum above the limit with fewer
    (HJ 663, 6.1.2). A day with two rows for one hour has no values and ``REPEATED``.
    """
    frame = _with_values(frame, rules, decimals)
    frame = frame.group_by(AREA, _DAY).agg(*_sums())
    frame = frame.with_columns((_set_bits(nw.col(_MARKS)) != nw.col(_ROWS)).alias(REPEATED))
    frame = _with_maximum(_unpacked(frame), rules)
    made = {_mean(item): _fraction(item, rules) for item in ITEMS}
    frame = exact.with_half_even(frame, made)
    frame = _with_validity(calendar.with_day(frame, _DAY, DAY), rules)
    return frame.select(AREA, DAY, *day_columns(), REPEATED)


def day_columns() -> tuple[str, ...]:
    """Return the columns of a day frame after area and day."""
    return tuple(f"{item}_{part}" for item in ITEMS for part in ("n", "due", "e6", "ok"))


def _mean(item: str) -> str:
    return f"{item}_e6"


def _with_values(
    frame: nw.LazyFrame[Any], rules: EvaluationRules, decimals: Mapping[str, int]
) -> nw.LazyFrame[Any]:
    """Give each row its day, its place in it, and the hourly values that count."""
    finer = {i: rules.hour_decimals[i] for i in ITEMS if decimals[i] != rules.hour_decimals[i]}
    rounded = {f"{_P}{i}": (_usable(i), decimals[i], to) for i, to in finer.items()}
    frame = exact.with_rescaled(frame, rounded) if rounded else frame
    hour = nw.col(HOUR)
    frame = frame.with_columns(exact.floor_div_small(hour, ozone.HOURS, nw.Int32).alias(_DAY))
    frame = frame.select(
        AREA,
        _DAY,
        exact.small(hour - nw.col(_DAY) * ozone.HOURS).alias(_AT),
        *(_bounded(i, rounded=i in finer).alias(f"{_P}{i}") for i in ITEMS),
    )
    frame = frame.with_columns(exact.floor_div_small(nw.col(_AT), _PACKED, nw.Int32).alias(_PART))
    frame = frame.with_columns((nw.col(_AT) - nw.col(_PART) * _PACKED).alias(_AT))
    frame = frame.with_columns(*_packed())
    parts = [_in_part(part).alias(f"{_P}part{part}") for part in range(_PARTS)]
    return frame.select(AREA, _DAY, *(f"{_P}{item}" for item in MEANS), *parts, _MARKS)


def _usable(item: str) -> nw.Expr:
    value = nw.col(intake.number(item))
    return nw.when(value >= 0).then(value)


def _bounded(item: str, *, rounded: bool) -> nw.Expr:
    value = nw.col(f"{_P}{item}" if rounded else intake.number(item))
    return exact.small(nw.when((value >= 0) & (value < TOO_LARGE)).then(value))


def _packed() -> Iterator[nw.Expr]:
    """Put the ozone of an hour in its place among three, and mark the hour by a bit of its own.

    Three hours side by side in one integer, one more than the value: twenty-four sums a day
    would be thrice the work. Every sum stays below 2^53.
    """
    value, place, part = exact.integer(nw.col(f"{_P}o3") + 1), nw.col(_AT), nw.col(_PART)
    shift = nw.when(place == 0).then(nw.lit(1, nw.Int64))
    shift = shift.when(place == 1).then(nw.lit(_BITS, nw.Int64))
    yield (value * shift.otherwise(nw.lit(_BITS**2, nw.Int64))).fill_null(0).alias(_PACK)
    mark: nw.Expr = nw.lit(1, nw.Int32)
    for n in range(1, _PARTS):
        mark = nw.when(part == n).then(nw.lit(2 ** (_PACKED * n), nw.Int32)).otherwise(mark)
    bit = nw.when(place == 0).then(nw.lit(1, nw.Int32))
    bit = bit.when(place == 1).then(nw.lit(2, nw.Int32))
    yield exact.small(mark * bit.otherwise(nw.lit(4, nw.Int32))).alias(_MARKS)


def _in_part(part: int) -> nw.Expr:
    return nw.when(nw.col(_PART) == part).then(nw.col(_PACK)).otherwise(nw.lit(0, nw.Int64))


def _sums() -> Iterator[nw.Expr]:
    for item in MEANS:
        yield exact.integer(nw.col(f"{_P}{item}").sum()).alias(f"{_P}sum_{item}")
        yield exact.integer(nw.col(f"{_P}{item}").count()).alias(f"{item}_n")
    for part in range(_PARTS):
        yield exact.integer(nw.col(f"{_P}part{part}").sum()).alias(f"{_P}part{part}")
    yield exact.integer(exact.integer(nw.col(_MARKS)).sum()).alias(_MARKS)
    yield exact.integer(nw.len()).alias(_ROWS)


def _set_bits(number: nw.Expr) -> nw.Expr:
    """Return how many bits are set: as many as there are rows, if no hour stands twice."""
    halves = (exact.floor_div_small(number, 2**n, nw.Int64) for n in range(1, 40))
    return number - reduce(add, halves)


def _unpacked(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    low, high = [], []
    for part in range(_PARTS):
        number = nw.col(f"{_P}part{part}")
        for place in range(1, _PACKED):
            above = exact.floor_div_small(number, _BITS**place, nw.Int64)
            high.append(above.alias(f"{_P}above{part}_{place}"))
    frame = frame.with_columns(high)
    for part in range(_PARTS):
        names = [f"{_P}part{part}", *(f"{_P}above{part}_{n}" for n in range(1, _PACKED))]
        for place, name in enumerate(names):
            rest = nw.col(names[place + 1]) * _BITS if place + 1 < _PACKED else 0
            low.append((nw.col(name) - rest).alias(_hour(part * _PACKED + place + 1)))
    return frame.with_columns(low)


def _hour(end: int) -> str:
    return f"{_P}hour{end}"


def _with_maximum(frame: nw.LazyFrame[Any], rules: EvaluationRules) -> nw.LazyFrame[Any]:
    names = [_hour(end) for end in range(1, ozone.HOURS + 1)]
    return ozone.with_windows(frame, names, rules).drop(names)


def _fraction(item: str, rules: EvaluationRules) -> tuple[nw.Expr, nw.Expr | int]:
    decimals = rules.hour_decimals[item]
    once = nw.when(~nw.col(REPEATED))
    if item == "o3":
        top = once.then(nw.col(ozone.TOP)) * exact.power10(exact.WORKING_SCALE - decimals)
        return top, ozone.common(rules)
    return exact.mean(once.then(nw.col(f"{_P}sum_{item}")), nw.col(f"{item}_n"), decimals)


def _with_validity(frame: nw.LazyFrame[Any], rules: EvaluationRules) -> nw.LazyFrame[Any]:
    once = ~nw.col(REPEATED)
    o3 = rules.ozone
    frame = exact.with_rescaled(
        frame, {f"{_P}compared": (nw.col(_mean("o3")), exact.WORKING_SCALE, o3.compared)}
    )
    exceeds = (nw.col(f"{_P}compared") > o3.scaled_limit).fill_null(value=False)
    enough = {item: nw.col(f"{item}_n") >= rules.day_hours for item in MEANS}
    enough["o3"] = (nw.col(ozone.VALID) >= rules.windows) | exceeds
    return frame.with_columns(
        nw.col(ozone.VALID).alias("o3_n"),
        *((once & enough[item]).alias(f"{item}_ok") for item in ITEMS),
        *(nw.lit(ozone.HOURS, nw.Int64).alias(f"{item}_due") for item in MEANS),
        nw.lit(rules.windows_due, nw.Int64).alias("o3_due"),
    )


def city_days(
    days: nw.LazyFrame[Any], members: nw.LazyFrame[Any], rules: EvaluationRules
) -> nw.LazyFrame[Any]:
    """Return one row per city and day: the mean of the valid daily values of its sites.

    ``members``: ``area``, ``site``, ``day``, one row for each site that is due on the day.
    Ozone is the mean of the sites' daily maxima (Table A.2). Valid where the share of valid
    sites reaches the edition's. A site-day with ``REPEATED`` counts as one without values.
    """
    sites = days.rename({AREA: SITE})
    joined = members.select(AREA, SITE, DAY).join(sites, on=[SITE, DAY], how="left")
    joined = joined.with_columns(_parts())
    summed = [nw.col(f"{_P}{part}_{item}").sum() for item in ITEMS for part in ("n", "sum")]
    repeated = exact.integer(nw.when(nw.col(REPEATED)).then(1).otherwise(0))
    joined = joined.with_columns(repeated.alias(_MARKS), nw.lit(1, nw.Int64).alias(_ROWS))
    frame = joined.group_by(AREA, DAY).agg(*summed, nw.col(_ROWS).sum(), nw.col(_MARKS).sum())
    frame = frame.with_columns(
        *(exact.integer(nw.col(f"{_P}n_{item}")).alias(f"{item}_n") for item in ITEMS),
        *(exact.integer(nw.col(_ROWS)).alias(f"{item}_due") for item in ITEMS),
        *(exact.integer(nw.col(f"{_P}sum_{item}")).alias(f"{_P}sum_{item}") for item in ITEMS),
        (nw.col(_MARKS) > 0).alias(REPEATED),
    )
    work = exact.WORKING_SCALE
    made = {_mean(i): exact.mean(nw.col(f"{_P}sum_{i}"), nw.col(f"{i}_n"), work) for i in ITEMS}
    frame = exact.with_half_even(frame, made)
    frame = frame.with_columns(_enough(item, rules).alias(f"{item}_ok") for item in ITEMS)
    return frame.select(AREA, DAY, *day_columns(), REPEATED)


def _parts() -> Iterator[nw.Expr]:
    for item in ITEMS:
        valid = nw.col(f"{item}_ok")
        yield nw.when(valid).then(nw.col(_mean(item))).otherwise(0).alias(f"{_P}sum_{item}")
        yield exact.integer(nw.when(valid).then(1).otherwise(0)).alias(f"{_P}n_{item}")


def _enough(item: str, rules: EvaluationRules) -> nw.Expr:
    valid, due = nw.col(f"{item}_n"), nw.col(f"{item}_due")
    few = due < rules.small_below
    least = nw.when(few).then(rules.share_small).otherwise(rules.share)
    return (valid > 0) & (valid * 100 >= due * least)


def daily(item: str) -> nw.Expr:
    """Return the valid daily value of an item at 10^-6, null where there is none."""
    return nw.when(nw.col(f"{item}_ok")).then(nw.col(_mean(item)))


def compared(statistic: Statistic) -> nw.Expr:
    """Return the limit of a statistic as an integer expression."""
    return nw.lit(statistic.scaled_limit, nw.Int64)
