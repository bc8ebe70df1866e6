"""Ranks, warnings, counts and targets once more, row by row in plain fractions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

from fenhe.standards import Edition

Row = dict[str, Any]
ITEMS = ("so2", "no2", "co", "o3", "pm10", "pm25")


def half_even(value: Fraction, decimals: int) -> Fraction:
    return Fraction(round(value * 10**decimals), 10**decimals)


def shown(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def ranked(values: Sequence[Any], groups: Sequence[Any], *, descending: bool = False) -> list[Any]:
    """Return the rank of each value in its group; None has none."""
    found: list[Any] = []
    for value, group in zip(values, groups, strict=True):
        others = [v for v, g in zip(values, groups, strict=True) if g == group and v is not None]
        before = [
            v for v in others if value is not None and (v > value if descending else v < value)
        ]
        found.append(None if value is None else len(before) + 1)
    return found


def composite(rows: Sequence[Row], edition: Edition) -> list[Row]:
    rules = {r["item"]: r for r in edition.table("items")}
    made = [_composite(row, rules) for row in rows]
    groups = [row["period"] for row in rows]
    ranks = ranked([m["sum"] for m in made], groups)
    others = ranked([m["other"] for m in made], groups)
    law = [f"{edition.id}/standing"] if not edition.id.startswith(("RANK", "EQUAL")) else []
    open_rounding = edition.value("index_rounding").mark == "C"
    for row, rank, other in zip(made, ranks, others, strict=True):
        row["rank"], ids = rank, []
        if row["sum"] is not None:
            ids += law
            if open_rounding and (row["sum"] != row["other"] or rank != other):
                ids.append(f"{edition.id}/index_rounding")
        row["i_sum"], row["unverified"] = shown(row.pop("sum")), ";".join(ids) or None
        row.pop("other")
    return made


def _composite(row: Row, rules: Mapping[str, Any]) -> Row:
    conc = {i: row[i] for i in ITEMS if row[i] is not None and row[i] >= 0}
    rounded = {i: half_even(Fraction(v), rules[i]["decimals"]) for i, v in conc.items()}
    exactly = {i: v / Fraction(rules[i]["limit"]) for i, v in rounded.items()}
    index = {i: half_even(v, 2) for i, v in exactly.items()}
    weight = {i: int(rules[i]["weight"]) for i in ITEMS}
    whole = len(index) == len(ITEMS)
    total = sum((index[i] * weight[i] for i in ITEMS), Fraction(0)) if whole else None
    top = max(index.values()) if whole else None
    made: Row = {f"i_{i}": shown(index.get(i)) for i in ITEMS}
    for i in ITEMS:
        share = half_even(100 * index[i] * weight[i] / total, 1) if total else None
        made[f"share_{i}"] = shown(share)
    made["sum"] = total
    unrounded = sum((exactly[i] * weight[i] for i in ITEMS), Fraction(0)) if whole else None
    made["other"] = None if unrounded is None else half_even(unrounded, 2)
    made["i_max"] = shown(top)
    made["max_item"] = ";".join(i for i in ITEMS if whole and index[i] == top) or None
    made["status"] = "judged" if whole else "not_judged"
    codes = [f"{'missing' if row[i] is None else 'invalid'}:{i}" for i in ITEMS if i not in conc]
    made["reason"] = ";".join(codes) or None
    return made


def change(rows: Sequence[Row]) -> list[Row]:
    rates = []
    for row in rows:
        now, before = row["i_now"], row["i_prev"]
        good = now is not None and before is not None and before > 0
        rates.append(Fraction(now - before) / Fraction(before) if good else None)
    groups = [row["period"] for row in rows]
    worse = [None if row["compliant"] == "yes" else r for row, r in zip(rows, rates, strict=True)]
    improved = ranked(rates, groups)
    worsened = ranked(worse, groups, descending=True)
    return [
        {
            "rate": None if r is None else shown(half_even(r * 100, 6)),
            "rank_improved": i,
            "rank_worsened": w,
        }
        for r, i, w in zip(rates, improved, worsened, strict=True)
    ]


def holds(aqi: int, condition: Any) -> bool:
    bound = int(condition["aqi"])
    return aqi > bound if condition["compare"] == "above" else aqi >= bound


def runs(days: Mapping[date, int], condition: Any) -> list[set[date]]:
    """Return the runs of consecutive days on which a condition holds."""
    found: list[set[date]] = []
    for day in sorted(d for d, aqi in days.items() if holds(aqi, condition)):
        if found and day - timedelta(days=1) in found[-1]:
            found[-1].add(day)
        else:
            found.append({day})
    return found


def levels(days: Mapping[date, int], edition: Edition) -> dict[date, int]:
    """Return the place of the level of each day that has one."""
    places = {row["level"]: int(row["order"]) for row in edition.table("levels")}
    found: dict[date, int] = {}
    groups: dict[tuple[str, int], list[Any]] = {}
    for row in edition.table("triggers"):
        groups.setdefault((row["level"], row["alternative"]), []).append(row)
    for (level, _), conditions in groups.items():
        wide, *narrow = sorted(conditions, key=lambda row: row["aqi"])
        for run in runs(days, wide):
            inside = {d: days[d] for d in run}
            longest = [max(map(len, runs(inside, c)), default=0) * 24 >= c["hours"] for c in narrow]
            if len(run) * 24 >= wide["hours"] and all(longest):
                for day in run:
                    found[day] = max(found.get(day, 0), places[level])
    return found


def warnings(series: Mapping[date, int | None], edition: Edition) -> dict[date, Row]:
    """Return level, episode and its level of each day of one area's series."""
    days = {d: aqi for d, aqi in series.items() if aqi is not None}
    names = {int(row["order"]): row["level"] for row in edition.table("levels")}
    found = levels(days, edition)
    lift = edition.value("lift_hours")
    numbers: dict[date, int] = {}
    last: date | None = None
    for day in sorted(found) if lift.known else ():
        joined = last is not None and (day - last - timedelta(days=1)).days * 24 < lift.integer
        number = (numbers[last] if last else 0) + (0 if joined else 1)
        if joined and last:
            numbers |= {last + timedelta(days=n): number for n in range((day - last).days)}
        numbers[day] = number
        last = day
    return {
        day: {
            "level": names.get(found.get(day, 0)),
            "episode": numbers.get(day),
            "episode_level": names.get(
                max(
                    (p for d, p in found.items() if numbers.get(d) == numbers.get(day, -1)),
                    default=0,
                )
            ),
            "series_level": names.get(max(found.values(), default=0)),
        }
        for day in series
    }


def allowed(
    target: Decimal, total: Fraction, done: int, whole: int, decimals: int = 0
) -> Fraction | None:
    """Return the largest daily mean of six decimals for the days to come, None without any."""
    unit = Fraction(1, 10**decimals)
    steps = floor(Fraction(target) / unit)
    tie = steps * unit + unit / 2
    top = tie if steps % 2 == 0 else tie - Fraction(1, 10**6)
    if whole == done:
        return None
    found = Fraction(floor((top * whole - total) / (whole - done) * 10**6), 10**6)
    return found if found >= 0 else None
