"""The formulas of HJ 212-2017, Appendix D, in plain fractions, rounded where the method rounds."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

MASSES = {"a21026": 64, "a21004": 46, "a21003": 30, "a21002": 46, "a21005": 28, "a21024": Fraction(73, 2)}  # fmt: skip
Row = dict[str, Any]


def to(value: Fraction, decimals: int) -> Fraction:
    """Half-even, as ``round`` of a fraction is."""
    return Fraction(round(value * 10**decimals), 10**decimals)


def amount(value: Decimal | None) -> Fraction | None:
    return None if value is None or value < 0 else Fraction(value)


def convert(row: Row) -> Row:
    """One row of ``sources.convert``: the columns that are numbers."""
    c, no, no2, x, o2, ref, alpha = (
        amount(row[n]) for n in ("value", "no", "no2", "moisture", "o2", "o2_ref", "alpha_ref")
    )
    ba, ps, t = (None if row[n] is None else Fraction(row[n]) for n in ("ambient_pressure", "static_pressure", "temperature"))  # fmt: skip
    ppm, parts = row["unit"] == "ppm", {"ug/m3": 1000, "ng/m3": 10**6}.get(row["unit"], 1)
    if row["value"] is None and row["item"] == "a21002":
        if no is not None and no2 is not None:
            if ppm:
                c = to((no + no2) * 46 / Fraction("22.4"), 9)
            else:
                c = to(no * 46 / 30 / parts, 9) + to(no2 / parts, 9)
    elif c is not None:
        c = to(c * MASSES[row["item"]] / Fraction("22.4"), 9) if ppm else to(c / parts, 9)
    pressure = None if ba is None or ps is None or ba + ps <= 0 else ba + ps
    if c is not None and not ppm and row["state"] == "actual":
        c = None if t is None or pressure is None else to(to(c * (273 + t) / 273, 9) * 101325 / pressure, 9)  # fmt: skip
    std = c
    if c is not None and row["basis"] == "wet":
        c = None if x is None or x >= 100 else to(c * 100 / (100 - x), 9)
    wet_o2 = row["o2_basis"] == "wet"
    if o2 is not None and wet_o2:
        o2 = None if x is None or x >= 100 else to(o2 * 100 / (100 - x), 6)
    usable = o2 if o2 is not None and o2 < 21 else None
    if ref is not None and alpha is None:
        zs = to(c * (21 - ref) / (21 - usable), 9) if c is not None and usable is not None and ref < 21 else None  # fmt: skip
    elif alpha is not None and ref is None:
        zs = to(to(c * 21 / (21 - usable), 9) / alpha, 9) if c is not None and usable is not None and alpha > 0 else None  # fmt: skip
    else:
        zs = c if ref is None and alpha is None else None
    q = amount(row["flow"])
    if q is not None:
        if t is None or pressure is None or x is None or x >= 100:
            q = None
        else:
            q = to(to(to(q * 273 / (273 + t), 6) * pressure / 101325, 6) * (100 - x) / 100, 6)
    mass = None if q is None or c is None else to(to(c, 6) * q / 10**6, 6)
    made = {"value_std": std, "value_dry": c, "o2_dry": o2, "converted": zs, "flow_dry": q, "mass": mass}  # fmt: skip
    return {n: None if v is None else float(v) for n, v in made.items()}


FLAT = ("w01001", "w01010", "w00000")


def hours(rows: list[Row], step: int, scale: int) -> dict[tuple[str, int], Row]:
    """The hours of one outlet from its rows: (item, hour) -> what the method says of it."""
    kept: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        kept.setdefault((row["item"], row["second"] // 3600), []).append(row)
    return {key: hour(key[0], mine, step, scale) for key, mine in kept.items()}


def valid_value(row: Row) -> Fraction | None:
    if row["flag"] not in (None, "", "N") or row["mark"]:
        return None
    return amount(row["value"])


def hour(item: str, rows: list[Row], step: int, scale: int) -> Row:
    values = [v for v in map(valid_value, rows) if v is not None]
    twice = len({r["second"] // step for r in rows}) != len(rows)
    least = -(-45 * 60 // step) if item.startswith("a") else max(1, -(-600 // step))
    refs = {r["o2_ref"] for r in rows if r["o2_ref"] is not None}
    return {
        "n": len(values),
        "valid": len(values) >= least and not twice,
        "sum": sum(values, Fraction(0)),
        "mean": to(sum(values, Fraction(0)) / len(values), 6) if values else None,
        "ref": Fraction(refs.pop()) if len(refs) == 1 else None,
        "refs": len(refs),
        "scale": scale,
    }


def gas(rows: list[Row], step: int, scale: int) -> dict[tuple[str, int], Row]:
    """Converted value and mass of each hour beside its oxygen and flow (m³/s)."""
    found = hours(rows, step, scale)
    for (item, at), mine in found.items():
        o2, flow = found.get(("a19001", at)), found.get(("a00000", at))
        oxygen = o2["mean"] if o2 and o2["valid"] else None
        mine["o2"] = oxygen
        mine["value"] = mine["mean"] if mine["valid"] else None
        swept = flow["mean"] * 3600 if flow and flow["valid"] else None
        dry, carries = mine["value"], item.startswith("a2") or item.startswith("a3")
        mine["converted"], mine["mass"] = None, None
        if dry is not None and carries:
            if mine["ref"] is None:
                mine["converted"] = dry
            elif oxygen is not None and oxygen < 21:
                mine["converted"] = to(dry * (21 - mine["ref"]) / (21 - oxygen), 6)
            mine["mass"] = None if swept is None else to(dry * swept / 10**6, 6)
    return found


def days(found: dict[tuple[str, int], Row]) -> dict[tuple[str, int], Row]:
    """The days of one outlet from its hours."""
    made: dict[tuple[str, int], Row] = {}
    for item, day in sorted({(item, at // 24) for item, at in found}):
        mine = [h for (i, at), h in found.items() if (i, at // 24) == (item, day)]
        sums = {n: [h[n] for h in mine if h[n] is not None] for n in ("value", "converted", "mass")}
        enough = {n: len(v) >= 20 for n, v in sums.items()}
        made[item, day] = {
            "n": len(sums["value"]),
            "value": to(sum(sums["value"]) / len(sums["value"]), 6) if enough["value"] else None,
            "converted": to(sum(sums["converted"]) / len(sums["converted"]), 6)
            if enough["converted"]
            else None,
            "mass": sum(sums["mass"]) if sums["mass"] else None,
        }
    return made


def water(rows: list[Row], step: int, period: int) -> dict[tuple[str, int], Row]:
    """Flow-weighted mean, volume and mass of hours or days."""
    found = hours(rows, step, 0)
    flows = {r["second"]: valid_value(r) for r in rows if r["item"] == "w00000"}
    kept: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        if found[row["item"], row["second"] // 3600]["valid"]:
            kept.setdefault((row["item"], row["second"] // period), []).append(row)
    made: dict[tuple[str, int], Row] = {}
    for item, at in {(r["item"], r["second"] // period) for r in rows}:
        mine = [r for r in kept.get((item, at), []) if valid_value(r) is not None]
        swept = [r for r in kept.get(("w00000", at), []) if valid_value(r) is not None]
        volume = sum((valid_value(r) * step / 1000 for r in swept), Fraction(0))
        held = to(volume, 6) if swept else None
        pairs = [(valid_value(r), flows.get(r["second"])) for r in mine]
        pairs = [(c, q) for c, q in pairs if q is not None]
        weights = sum((q for _, q in pairs), Fraction(0))
        if not mine:
            value = None
        elif item == "w00000":
            value = to(held * 1000 / period, 6)
        elif item in FLAT or not flows:
            value = to(sum(valid_value(r) for r in mine) / len(mine), 6)
        else:
            value = to(sum(c * q for c, q in pairs) / weights, 6) if weights else None
        mass = None
        if value is not None and held is not None and item not in FLAT:
            mass = to(value * held / 1000, 6)
        made[item, at] = {"value": value, "volume": held, "mass": mass}
    return made
