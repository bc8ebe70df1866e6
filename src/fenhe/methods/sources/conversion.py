"""The formulas of HJ 212-2017, Appendix D, as steps of one exact division each.

Concentrations are integers at 10^-9 mg/m³, flows at 10^-6 m³/h; temperature, moisture and
oxygen at 10^-4, pressure at 10^-2 Pa. Each step is rounded half-even once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from fenhe.methods import exact
from fenhe.methods.sources.rules import GasRules

CONC, FLOW_SCALE, FINE, PRESSURE, OXYGEN = 9, 6, 4, 2, 6

@dataclass(frozen=True)
class State:
    """Temperature, total pressure and moisture of flue gas as integers, null if unusable."""

    temperature: nw.Expr
    pressure: nw.Expr
    moisture: nw.Expr


_HUNDRED = 100 * 10**FINE
Frame = nw.LazyFrame[Any]


def one() -> nw.Expr:
    """Return the number one, for rows a step leaves as they are."""
    return nw.lit(1, nw.Int64)


def ratio(apply: nw.Expr, top: nw.Expr, bottom: nw.Expr) -> tuple[nw.Expr, nw.Expr]:
    """Return the two sides of a factor where it applies, else 1 / 1."""
    apply = apply.fill_null(value=False)
    above, below = nw.when(apply).then(top), nw.when(apply).then(bottom)
    return (above.otherwise(one()), below.otherwise(one()))


def standard_state(
    frame: Frame, to: Mapping[str, nw.Expr], apply: nw.Expr, state: State, rules: GasRules
) -> Frame:
    """Bring concentrations to 0 °C and 101325 Pa: C · (273+t)/273 · 101325/(Ba+Ps).

    ``to`` names the columns to make and what they are made of; rows where ``apply`` does not
    hold stay.
    """
    t0 = nw.lit(exact.scaled(rules.t0, FINE), nw.Int64)
    p0 = nw.lit(exact.scaled(rules.p0, PRESSURE), nw.Int64)
    warm = ratio(apply, t0 + state.temperature, t0)
    frame = exact.with_scaled(frame, {name: (value, *warm) for name, value in to.items()})
    pressed = ratio(apply, p0, state.pressure)
    return exact.with_scaled(frame, {name: (nw.col(name), *pressed) for name in to})


def dry(frame: Frame, to: Mapping[str, nw.Expr], apply: nw.Expr, moisture: nw.Expr) -> Frame:
    """Take the moisture out: C / (1 - X); rows where ``apply`` does not hold stay."""
    hundred = nw.lit(_HUNDRED, nw.Int64)
    sides = ratio(apply, hundred, hundred - moisture)
    return exact.with_scaled(frame, {name: (value, *sides) for name, value in to.items()})


def standard_flow(frame: Frame, to: str, flow: nw.Expr, apply: nw.Expr, state: State,
                  rules: GasRules) -> Frame:  # fmt: skip
    """Bring a wet actual flow to the dry standard state: Q · 273/(273+t) · (Ba+Ps)/101325 · (1-X)."""
    t0 = nw.lit(exact.scaled(rules.t0, FINE), nw.Int64)
    p0 = nw.lit(exact.scaled(rules.p0, PRESSURE), nw.Int64)
    hundred = nw.lit(_HUNDRED, nw.Int64)
    frame = exact.with_scaled(frame, {to: (flow, *ratio(apply, t0, t0 + state.temperature))})
    frame = exact.with_scaled(frame, {to: (nw.col(to), *ratio(apply, state.pressure, p0))})
    sides = ratio(apply, hundred - state.moisture, hundred)
    return exact.with_scaled(frame, {to: (nw.col(to), *sides)})


def by_oxygen(
    frame: Frame, to: str, value: nw.Expr, oxygen: nw.Expr, reference: nw.Expr, rules: GasRules
) -> Frame:
    """Add C · (21-O2ref)/(21-O2); null where either oxygen is null or not below that of air."""
    air = nw.lit(exact.scaled(rules.air, OXYGEN), nw.Int64)
    top, bottom = _below(air, reference), _below(air, oxygen)
    return exact.with_scaled(frame, {to: (value, top, bottom)})


def by_excess_air(
    frame: Frame, to: Mapping[str, str], value: nw.Expr, oxygen: nw.Expr, reference: nw.Expr,
    rules: GasRules,
) -> Frame:  # fmt: skip
    """Add ``alpha`` = 21/(21-O2), and C · alpha/alpha_s as ``value`` in two divisions.

    ``to`` gives the names of the two columns; ``reference`` is alpha_s at 10^-4.
    """
    air = nw.lit(exact.scaled(rules.air, OXYGEN), nw.Int64)
    bottom = _below(air, oxygen)
    ten = nw.lit(exact.power10(OXYGEN), nw.Int64)
    made = {to["alpha"]: (air, ten, bottom), to["value"]: (value, air, bottom)}
    frame = exact.with_scaled(frame, made)
    unit = nw.lit(exact.power10(FINE), nw.Int64)
    some = nw.when(reference > 0).then(reference)
    return exact.with_scaled(frame, {to["value"]: (nw.col(to["value"]), unit, some)})


def _below(air: nw.Expr, oxygen: nw.Expr) -> nw.Expr:
    return nw.when(oxygen < air).then(air - oxygen)
