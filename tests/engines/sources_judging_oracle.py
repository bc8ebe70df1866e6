"""Substitution, rates and verdicts of sources once more, row by row from the rules."""

from __future__ import annotations

import calendar
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from statistics import median
from typing import Any

from tests.engines.sources_oracle import to

Row = dict[str, Any]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(hour: int) -> datetime:
    """An hour counted in Beijing time as its wall clock."""
    return EPOCH + timedelta(hours=hour)


def filled(rows: list[Row]) -> list[Row]:
    """One row an hour from the first to the last; two rows of one hour are no value."""
    by_hour: dict[int, list[Row]] = {}
    for row in rows:
        by_hour.setdefault(row["hour"], []).append(row)
    found = []
    for hour in range(min(by_hour), max(by_hour) + 1):
        mine = by_hour.get(hour, [])
        value = None
        stopped = any(r["condition"] == "stopped" for r in mine)
        if len(mine) == 1 and not stopped and mine[0]["valid"] != "no":
            value = mine[0]["value"]
            value = None if value is None or value < 0 else Fraction(value)
        found.append({"hour": hour, "value": value, "stopped": stopped, "rows": len(mine)})
    return found


def gaps(hours: list[Row]) -> None:
    """Add to each invalid hour the length of its run, and the good hours before."""
    for row in hours:
        row["invalid"] = row["value"] is None and not row["stopped"]
    start = 0
    while start < len(hours):
        end = start
        while end < len(hours) and hours[end]["invalid"]:
            end += 1
        for row in hours[start:end]:
            row["length"] = end - start
        start = max(end, start + 1)
    good: list[Fraction] = []
    for row in hours:
        if row["value"] is not None:
            good.append(row["value"])
        row["before"] = good[-2160:] if row["invalid"] else []


def quarter(hour: int) -> tuple[int, int]:
    at = moment(hour)
    return at.year, (at.month - 1) // 3


def gas(rows: list[Row]) -> list[Row]:
    """HJ 75: the largest of 180, 720 or 2160 valid hours before."""
    hours = filled(rows)
    gaps(hours)
    due: Counter[tuple[int, int]] = Counter()
    valid: Counter[tuple[int, int]] = Counter()
    for row in hours:
        due[quarter(row["hour"])] += not row["stopped"]
        valid[quarter(row["hour"])] += row["value"] is not None
    for row in hours:
        row["made"] = None
        if not row["invalid"] or not row["before"]:
            continue
        share = Fraction(valid[quarter(row["hour"])], due[quarter(row["hour"])])
        if share >= Fraction(9, 10):
            window = 180 if row["length"] <= 24 else 720
        else:
            window = 2160 if share >= Fraction(3, 4) else 0
        row["made"] = max(row["before"][-window:]) if window else None
    return hours


def water(rows: list[Row], item: str) -> list[Row]:
    """HJ 356: mean of as many values before as the gap has; of pH the median."""
    hours = filled(rows)
    gaps(hours)
    for row in hours:
        seen = row["before"][-row["length"] :] if row["invalid"] else []
        if not seen:
            row["made"] = None
        elif item == "w01001":
            row["made"] = to(Fraction(median(seen)), 6)
        else:
            row["made"] = to(sum(seen) / len(seen), 6)
    return hours


def months(hours: list[Row]) -> dict[str, Row]:
    """Measured and substituted mass of each month, and the total of the year so far."""
    made: dict[str, Row] = {}
    for row in hours:
        at = moment(row["hour"])
        key = f"{at:%Y-%m}-01"
        mine = made.setdefault(key, {"measured": Fraction(0), "substituted": Fraction(0)})
        mine["days"] = calendar.monthrange(at.year, at.month)[1]
        mine["measured"] += row["value"] or 0
        mine["substituted"] += (row["made"] or 0) if row["invalid"] else 0
        mine["left"] = mine.get("left", 0) + (row["invalid"] and row["made"] is None)
    total: dict[str, Fraction] = {}
    for key in sorted(made):
        mine = made[key]
        whole = mine["measured"] + mine["substituted"]
        total[key[:4]] = total.get(key[:4], Fraction(0)) + whole
        mine["so_far"] = total[key[:4]]
        mine["share"] = to(mine["substituted"] * 100 / whole, 2) if whole else None
    return made


def rates(rows: list[Row], item: str) -> dict[int, Row]:
    """Counts and rates of each day of one series of hours."""
    made: dict[int, Row] = {}
    for day in sorted({r["hour"] // 24 for r in rows}):
        by_hour: dict[int, list[Row]] = {}
        for r in rows:
            if r["hour"] // 24 == day:
                by_hour.setdefault(r["hour"], []).append(r)
        got = valid = out = checks = 0
        for mine in by_hour.values():
            if any(r["condition"] == "stopped" for r in mine):
                out += 1
                continue
            came = [r for r in mine if r["value"] is not None and r["late"] <= 3]
            got += bool(came)
            valid += any(r["valid"] != "no" for r in came)
            checks += any(r["condition"] == "standard_check" for r in mine)
        due = 24 - out
        due_valid = due - (min(checks, 1) if item == "w01018" else 0)
        valid = min(valid, due_valid)
        made[day] = {
            "n_due": due, "n_received": got, "n_due_valid": due_valid, "n_valid": valid,
            "effective": to(Fraction(100 * got * valid, due * due_valid), 2)
            if due and due_valid else None,
        }  # fmt: skip
    return made


def verdict(value: Decimal, limit: Decimal) -> tuple[bool, Fraction | None]:
    """Whether a value rounded to the limit's decimals is above, and the multiple."""
    places = max(0, -int(limit.as_tuple().exponent))
    rounded = to(Fraction(value), places)
    above = rounded > limit
    return above, to((rounded - Fraction(limit)) / Fraction(limit), 2) if above else None
