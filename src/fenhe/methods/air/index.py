"""From rounded concentrations to IAQI, by break points given as rules (HJ 633 eq. 1)."""

from __future__ import annotations

from collections.abc import Callable

import narwhals as nw

from fenhe.methods import exact
from fenhe.methods.air.rules import Bracket, ItemRule


def iaqi(conc: nw.Expr, rule: ItemRule) -> nw.Expr:
    """Return the IAQI, rounded up, of integer concentrations >= 0 at the rule's scale.

    Null stays null. Above the last break point it is ``rule.beyond``, or null where
    the edition gives no IAQI there. The brackets are held as lines over one common
    denominator, so that each value costs a single division.
    """
    denominator, lines = rule.lines()
    bound = max(abs(line.p) * (rule.top + 1) + abs(line.q) for line in lines) + denominator
    width = exact.width(bound)
    over = nw.lit(rule.top + 1, nw.Int64)
    x = exact.narrow(nw.when(conc > rule.top).then(over).otherwise(conc), width)
    up = denominator - 1  # added before the division, which then rounds up
    p: nw.Expr = nw.lit(lines[-1].p, width)
    q: nw.Expr = nw.lit(lines[-1].q + up, width)
    for line in reversed(lines[:-1]):
        inside = x <= nw.lit(line.high, width)
        p = nw.when(inside).then(nw.lit(line.p, width)).otherwise(p)
        q = nw.when(inside).then(nw.lit(line.q + up, width)).otherwise(q)
    index = exact.small(exact.floor_div_small(p * x + q, denominator, width))
    return nw.when(x > rule.top).then(nw.lit(rule.beyond, nw.Int32)).otherwise(index)


def bracket(conc: nw.Expr, rule: ItemRule) -> dict[str, nw.Expr]:
    """Return the bracket a concentration falls in, as an evidence panel shows it.

    ``low``, ``high`` (scaled concentrations), ``iaqi_low``, ``iaqi_high``, and
    ``numerator`` / ``denominator``, whose ceiling added to ``iaqi_low`` is the IAQI.
    All null where the concentration is missing or beyond the last break point.
    """

    def pick(part: Callable[[Bracket], int]) -> nw.Expr:
        value: nw.Expr = nw.lit(None, nw.Int64)
        for b in reversed(rule.brackets):
            value = nw.when(conc <= b.high).then(nw.lit(part(b), nw.Int64)).otherwise(value)
        return value

    low = pick(lambda b: b.low)
    return {
        "low": low,
        "high": pick(lambda b: b.high),
        "iaqi_low": pick(lambda b: b.iaqi_low),
        "iaqi_high": pick(lambda b: b.iaqi_high),
        "numerator": pick(lambda b: b.iaqi_high - b.iaqi_low) * (conc - low),
        "denominator": pick(lambda b: b.high - b.low),
    }
