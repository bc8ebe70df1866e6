"""HJ 663 once more in plain fractions, row by row from the rules: what the methods must equal."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from fenhe.base.sentinels import SENTINELS

ITEMS = ("so2", "no2", "co", "o3", "pm10", "pm25")
PERCENTILES = {"so2": 98, "no2": 98, "co": 95, "o3": 90, "pm10": 95, "pm25": 95}
OLD, NEW, FINAL = "GB3095-2012", "GB3095-2026:transitional", "GB3095-2026:final"

# Grade II: annual and daily limits, from the official tables
ANNUAL = {
    OLD: {"so2": 60, "no2": 40, "pm10": 70, "pm25": 35},
    NEW: {"so2": 60, "no2": 40, "pm10": 60, "pm25": 30},
    FINAL: {"so2": 20, "no2": 30, "pm10": 50, "pm25": 25},
}
DAILY = {
    OLD: {"so2": 150, "no2": 80, "co": 4, "o3": 160, "pm10": 150, "pm25": 75},
    NEW: {"so2": 150, "no2": 80, "co": 4, "o3": 160, "pm10": 120, "pm25": 60},
    FINAL: {"so2": 50, "no2": 50, "co": 4, "o3": 160, "pm10": 100, "pm25": 50},
}
Day = dict[str, Any]
Hours = Mapping[int, Mapping[str, Decimal | None]]  # 1 to 24 -> item -> value
MICRO = 10**6


def rounded(value: Fraction, decimals: int) -> Fraction:
    """Half-even, as ``round`` of a fraction is."""
    return Fraction(round(value * 10**decimals), 10**decimals)


def held(value: Fraction) -> Fraction:
    return rounded(value, 6)


def places(item: str) -> int:
    return 1 if item == "co" else 0


def usable(value: Decimal | None, item: str) -> Fraction | None:
    if value is None or value < 0 or value in SENTINELS:
        return None
    return rounded(Fraction(value), places(item))


def site_day(hours: Hours, edition: str) -> Day:
    """One site's day: item -> (n, due, mean or None, valid)."""
    found: Day = {}
    for item in ITEMS:
        values = {h: usable(hours[h].get(item), item) for h in hours}
        good = {h: v for h, v in values.items() if v is not None}
        if item == "o3":
            found[item] = maximum(good, edition)
            continue
        mean = held(sum(good.values(), Fraction(0)) / len(good)) if good else None
        found[item] = (len(good), 24, mean, len(good) >= 20)
    return found


def maximum(good: Mapping[int, Fraction], edition: str) -> tuple[int, int, Fraction | None, bool]:
    means = []
    for end in range(8, 25):
        inside = [good[h] for h in range(end - 7, end + 1) if h in good]
        if len(inside) >= 6:
            means.append(sum(inside, Fraction(0)) / len(inside))
    top = held(max(means)) if means else None
    above = top is not None and rounded(top, 0) > DAILY[edition]["o3"]
    return len(means), 17, top, len(means) >= 14 or above


def city_day(sites: Sequence[Day | None]) -> Day:
    """A city's day from those of its due sites; None for a site without a row."""
    found: Day = {}
    for item in ITEMS:
        good = [s[item][2] for s in sites if s is not None and s[item][3]]
        due = len(sites)
        mean = held(sum(good, Fraction(0)) / len(good)) if good else None
        least = 75 if due >= 4 else 50
        found[item] = (len(good), due, mean, bool(good) and len(good) * 100 >= least * due)
    return found


def percentile(values: Sequence[Fraction], p: int) -> Fraction | None:
    if not values:
        return None
    x = sorted(values)
    k = 1 + Fraction((len(x) - 1) * p, 100)
    s = k.numerator // k.denominator
    upper = x[s] if s < len(x) else x[s - 1]
    return held(x[s - 1] + (upper - x[s - 1]) * (k - s))


def bounds(day: date, period: str) -> tuple[date, date]:
    months = {"day": 0, "month": 1, "quarter": 3, "year": 12}[period]
    if months == 0:
        return day, day
    first = (day.month - 1) // months * months + 1
    last = first + months - 1
    return date(day.year, first, 1), date(day.year, last, calendar.monthrange(day.year, last)[1])


def told(item: str, edition: str, period: str) -> int:
    finer = item == "pm25" and edition != OLD and period != "day"
    return 1 if finer else places(item)


def evaluate(days: Mapping[date, Day], edition: str, period: str) -> list[dict[str, Any]]:
    """One area's periods, with the columns of the result that are not texts of ids."""
    groups: dict[tuple[date, date], dict[date, Day]] = defaultdict(dict)
    for day, found in days.items():
        groups[bounds(day, period)][day] = found
    return [
        row(first, last, part, edition, period) for (first, last), part in sorted(groups.items())
    ]


def row(
    first: date, last: date, days: Mapping[date, Day], edition: str, period: str
) -> dict[str, Any]:
    found: dict[str, Any] = {"period_start": str(first), "period_end": str(last)}
    verdicts: list[bool | None] = []
    span = (last - first).days + 1
    for item in ITEMS:
        one = next(iter(days.values()))[item]
        decimals = told(item, edition, period)
        good = {d: v[item][2] for d, v in days.items() if v[item][3]}
        values = list(good.values())
        if period == "day":
            n, due, mean, valid = one
        else:
            n, due = len(values), span
            mean = held(sum(values, Fraction(0)) / n) if n else None
            valid = enough(good, first, period)
        limit = DAILY[edition].get(item) if period == "day" else None
        limit = ANNUAL[edition].get(item) if period == "year" else limit
        found |= {f"{item}_n_valid": n, f"{item}_n_due": due, f"{item}_valid": valid}
        verdicts += figure(found, f"{item}_mean", item, (mean, limit, valid), decimals)
        if period == "day":
            continue
        name = f"{item}_p{PERCENTILES[item]}"
        limit = DAILY[edition][item] if period == "year" else None
        value = percentile(values, PERCENTILES[item])
        verdicts += figure(found, name, item, (value, limit, valid), decimals)
    whole = None if None in verdicts or not verdicts else True
    found["compliant"] = False if False in verdicts else whole
    return found


def figure(
    found: dict[str, Any],
    name: str,
    item: str,
    judged: tuple[Fraction | None, int | None, bool | None],
    decimals: int,
) -> list[bool | None]:
    value, limit, valid = judged
    stem = name.removesuffix("_mean")
    found[name] = None if value is None else float(rounded(value, decimals))
    found[f"{stem}_multiple"] = found[f"{stem}_compliant"] = None
    if limit is None:
        return []
    if value is None or not valid:
        return [None]
    compared = rounded(value, places(item))
    if compared > limit:
        found[f"{stem}_multiple"] = float(rounded((compared - limit) / limit, 2))
    found[f"{stem}_compliant"] = compared <= limit
    return [compared <= limit]


def enough(good: Mapping[date, Any], first: date, period: str) -> bool | None:
    if period == "quarter":
        return None
    by_month = defaultdict(int)
    for day in good:
        by_month[day.month] += 1
    months = range(1, 13) if period == "year" else (first.month,)
    least = all(by_month[m] >= (25 if m == 2 else 27) for m in months)
    return least and (period == "month" or len(good) >= 324)


def days_of(first: date, count: int) -> list[date]:
    return [first + timedelta(days=n) for n in range(count)]
