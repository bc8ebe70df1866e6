"""The formulas of HJ 212-2017, Appendix D, in plain fractions, rounded where the method rounds."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

MASSES = {"a21026": 64, "a21004": 46, "a21003": 30, "a21002": 46, "a21005": 28}
MASSES |= {"a21024": Fraction(73, 2)}
BULK = Fraction("22.4")
Row = dict[str, Any]


def to(value: Fraction, decimals: int) -> Fraction:
    """Half-even, as ``round`` of a fraction is."""
    return Fraction(round(value * 10**decimals), 10**decimals)


def amount(value: Decimal | None) -> Fraction | None:
    return None if value is None or value < 0 else Fraction(value)


def half(value: Fraction | None, factor: Fraction | None, decimals: int) -> Fraction | None:
    return None if value is None or factor is None else to(value * factor, decimals)


def measured(row: Row) -> Fraction | None:
    """The concentration in mg/m³, from ppm, other units, or NO and NO2."""
    value, no, no2 = (amount(row[n]) for n in ("value", "no", "no2"))
    ppm, parts = row["unit"] == "ppm", {"ug/m3": 1000, "ng/m3": 10**6}.get(row["unit"], 1)
    if row["value"] is not None or row["item"] != "a21002":
        return half(value, MASSES[row["item"]] / BULK if ppm else Fraction(1, parts), 9)
    if no is None or no2 is None:
        return None
    if ppm:
        return to((no + no2) * 46 / BULK, 9)
    return to(no * 46 / 30 / parts, 9) + to(no2 / parts, 9)


def state(row: Row) -> tuple[Fraction | None, Fraction | None, Fraction | None]:
    """The factors of temperature, pressure and moisture of a row, where there are such."""
    names = ("temperature", "ambient_pressure", "static_pressure", "moisture")
    t, ba, ps, x = (None if row[n] is None else Fraction(row[n]) for n in names)
    warm = None if t is None else (273 + t) / 273
    total = None if ba is None or ps is None or ba + ps <= 0 else ba + ps
    pressed = None if total is None else Fraction(101325) / total
    return warm, pressed, None if x is None or x < 0 or x >= 100 else 100 / (100 - x)


def referred(row: Row, value: Fraction | None, o2: Fraction | None) -> Fraction | None:
    """The value at the reference oxygen or excess air of the row; itself without one."""
    ref, alpha = amount(row["o2_ref"]), amount(row["alpha_ref"])
    if ref is not None and alpha is not None:
        return None
    if ref is None and alpha is None:
        return value
    if o2 is None or o2 >= 21:
        return None
    if alpha is not None:
        return half(half(value, 21 / (21 - o2), 9), 1 / alpha if alpha > 0 else None, 9)
    return half(value, (21 - ref) / (21 - o2) if ref < 21 else None, 9)


def convert(row: Row) -> Row:
    """One row of ``sources.convert``: the columns that are numbers."""
    warm, pressed, dried = state(row)
    std = measured(row)
    if row["state"] == "actual" and row["unit"] != "ppm":
        std = half(half(std, warm, 9), pressed, 9)
    dry = half(std, dried, 9) if row["basis"] == "wet" else std
    o2 = amount(row["o2"])
    o2 = half(o2, dried, 6) if row["o2_basis"] == "wet" else o2
    flow = amount(row["flow"])
    for factor in (warm, pressed, dried):
        flow = half(flow, None if factor is None else 1 / factor, 6)
    mass = None if flow is None or dry is None else to(to(dry, 6) * flow / 10**6, 6)
    made = {"value_std": std, "value_dry": dry, "o2_dry": o2}
    made |= {"converted": referred(row, dry, o2), "flow_dry": flow, "mass": mass}
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
        dry, carries = mine["value"], item.startswith(("a2", "a3"))
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
        elif item in FLAT or not any(second // period == at for second in flows):
            value = to(sum(valid_value(r) for r in mine) / len(mine), 6)
        else:
            value = to(sum(c * q for c, q in pairs) / weights, 6) if weights else None
        mass = None
        if value is not None and held is not None and item not in FLAT:
            mass = to(value * held / 1000, 6)
        made[item, at] = {"value": value, "volume": held, "mass": mass}
    return made
