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
