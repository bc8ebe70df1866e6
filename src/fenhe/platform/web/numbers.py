"""Numbers as pages write them: exactly the decimals asked for, a dash where there is none."""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

DASH = "—"
MINUS = "\N{MINUS SIGN}"


def exact(value: float | None, places: int) -> Decimal | None:
    """Return a number with some decimals, a half going to the even neighbour; None for None."""
    if value is None:
        return None
    return Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)


def at_most(value: float | None, places: int) -> str:
    """Return what may at most be, as text: cut, not rounded; a dash for None."""
    if value is None:
        return DASH
    return f"{Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-places), ROUND_FLOOR):f}"


def fixed(value: float | None, places: int) -> str:
    """Return a number as text with exactly some decimals; a dash for None."""
    found = exact(value, places)
    return DASH if found is None else f"{found:f}"


def signed(value: float | None, places: int) -> str:
    """Return a difference with its sign: ``+3.2``, ``−0.4``, ``0.0``; a dash for None."""
    found = exact(value, places)
    if found is None:
        return DASH
    text = f"{abs(found):f}"
    return text if found == 0 else f"{'+' if found > 0 else MINUS}{text}"


def plain(value: float | None, places: int) -> float | None:
    """Return the number that is shown, as a number; None for None."""
    found = exact(value, places)
    return None if found is None else float(found)
