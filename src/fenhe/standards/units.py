"""Units a value or a feed may declare, and the exact factors between them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from fenhe.base.errors import BadInput

MICROGRAM = "µg/m³"
MILLIGRAM = "mg/m³"
NANOGRAM = "ng/m³"
DEPOSITION = "µg/(dm²·d)"
ONE = "1"
NONE = "none"

# canonical unit -> spellings met in files; compared without case and blanks
_SPELLINGS: dict[str, tuple[str, ...]] = {
    MICROGRAM: ("ug/m3", "μg/m3", "µg/m3", "ug/m³", "μg/m³", "ug/m^3", "μg/m^3", "微克/立方米"),
    MILLIGRAM: ("mg/m3", "mg/m^3", "毫克/立方米"),
    NANOGRAM: ("ng/m3", "ng/m^3", "纳克/立方米"),
    DEPOSITION: ("ug/(dm2*d)", "μg/(dm2·d)", "μg/(dm²·d)", "ug/(dm2·d)"),
    ONE: (),
    "%": ("percent",),
    "h": ("hour",),
    "min": ("minute",),
    "d": ("day",),
    "a": ("year",),
    "m/s": (),
    "°": ("deg", "degree"),
    "°C": ("degC", "℃"),
    "K": (),
    "Pa": (),
    "kPa": (),
    "ppm": ("umol/mol", "µmol/mol", "μmol/mol"),
    "g/mol": (),
    "L/mol": (),
    "m²": ("m2", "m^2"),
    "m³": ("m3", "m^3"),
    "m³/s": ("m3/s",),
    "m³/h": ("m3/h",),
    "L/s": (),
    "mg/L": (),
    "kg": (),
    "t": (),
    "s": ("second",),
    "ng-TEQ/m³": ("ng-TEQ/m3",),
    "g/m³": ("g/m3", "g/m^3"),
    "kg/m³": ("kg/m3", "kg/m^3"),
    "µg/L": ("ug/L", "μg/L"),
    "ng/L": (),
    "g/L": (),
    "L": (),
    "L/min": (),
    "L/h": (),
    "m³/min": ("m3/min",),
    "m³/d": ("m3/d",),
    "mg": (),
    "g": (),
    "hPa": (),
    "A": (),
    "mA": (),
    "V": (),
    "mV": (),
    "kW": (),
    "kWh": ("kW·h",),
    "r/min": ("rpm",),
    "m": (),
    "mm": (),
    "µS/cm": ("uS/cm", "μS/cm"),
    "NTU": (),
    "dB": ("dB(A)",),
    "Bq/L": (),
    "1/L": ("个/L",),
    "°(Pt-Co)": ("color_deg", "度"),
    "t/(km²·month)": ("t/(km2*month)",),
    NONE: (),
}

# unit -> (dimension, how many of the smallest unit of the dimension it holds)
_SCALE: dict[str, tuple[str, Decimal]] = {
    NANOGRAM: ("mass concentration", Decimal(1)),
    MICROGRAM: ("mass concentration", Decimal(1000)),
    MILLIGRAM: ("mass concentration", Decimal(1_000_000)),
    "g/m³": ("mass concentration", Decimal(1_000_000_000)),
    "kg/m³": ("mass concentration", Decimal(1_000_000_000_000)),
    "ng/L": ("mass in water", Decimal(1)),
    "µg/L": ("mass in water", Decimal(1000)),
    "mg/L": ("mass in water", Decimal(1_000_000)),
    "g/L": ("mass in water", Decimal(1_000_000_000)),
    "mg": ("mass", Decimal("0.000001")),
    "g": ("mass", Decimal("0.001")),
    "kg": ("mass", Decimal(1)),
    "t": ("mass", Decimal(1000)),
    "L": ("volume", Decimal(1)),
    "m³": ("volume", Decimal(1000)),
    "L/h": ("flow", Decimal(24)),
    "L/min": ("flow", Decimal(1440)),
    "L/s": ("flow", Decimal(86_400)),
    "m³/d": ("flow", Decimal(1000)),
    "m³/h": ("flow", Decimal(24_000)),
    "m³/min": ("flow", Decimal(1_440_000)),
    "m³/s": ("flow", Decimal(86_400_000)),
    "mA": ("current", Decimal(1)),
    "A": ("current", Decimal(1000)),
    "mV": ("voltage", Decimal(1)),
    "V": ("voltage", Decimal(1000)),
    "mm": ("length", Decimal(1)),
    "m": ("length", Decimal(1000)),
    "Pa": ("pressure", Decimal(1)),
    "hPa": ("pressure", Decimal(100)),
    "kPa": ("pressure", Decimal(1000)),
    "min": ("time", Decimal(1)),
    "h": ("time", Decimal(60)),
    "d": ("time", Decimal(1440)),
}


def _folded(text: str) -> str:
    # the micro sign and the Greek mu look alike and both occur
    return "".join(text.split()).casefold().replace("\u00b5", "\u03bc")


_CANONICAL = {
    _folded(spelling): unit for unit, others in _SPELLINGS.items() for spelling in (unit, *others)
}


def known() -> tuple[str, ...]:
    """Return the canonical units."""
    return tuple(_SPELLINGS)


def spellings(unit: str) -> tuple[str, ...]:
    """Return the other spellings accepted for a canonical unit."""
    return _SPELLINGS[unit]


def canonical(text: str) -> str:
    """Return the canonical spelling of a unit, e.g. ``ug/m3`` -> ``µg/m³``.

    Raises ``BadInput`` for a unit that is not known; none is guessed.
    """
    try:
        return _CANONICAL[_folded(text)]
    except KeyError:
        names = ", ".join(unit for unit in _SPELLINGS if unit != NONE)
        raise BadInput(f"unknown unit '{text}'; known: {names}") from None


def ratio(source: str, target: str) -> Fraction:
    """Return the factor that turns a number in ``source`` into one in ``target``, as a fraction.

    ``ratio("m3/h", "L/s") == Fraction(5, 18)``. Raises as ``factor`` does.
    """
    first, second = canonical(source), canonical(target)
    if first == second:
        return Fraction(1)
    if first not in _SCALE or second not in _SCALE or _SCALE[first][0] != _SCALE[second][0]:
        raise BadInput(f"'{source}' can not be converted into '{target}'")
    return Fraction(_SCALE[first][1]) / Fraction(_SCALE[second][1])


def factor(source: str, target: str) -> Decimal:
    """Return the exact factor that turns a number in ``source`` into one in ``target``.

    ``factor("mg/m3", "ug/m3") == 1000``. Raises ``BadInput`` when a unit is unknown or
    the two measure different things; parts per billion need a reference state and are
    not converted here.
    """
    first, second = canonical(source), canonical(target)
    if first == second:
        return Decimal(1)
    if first not in _SCALE or second not in _SCALE or _SCALE[first][0] != _SCALE[second][0]:
        raise BadInput(f"'{source}' can not be converted into '{target}'")
    return _SCALE[first][1] / _SCALE[second][1]
