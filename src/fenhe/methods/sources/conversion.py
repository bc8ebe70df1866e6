"""The formulas of HJ 212-2017, Appendix D, as steps of one exact division each.

Concentrations are integers at 10^-9 mg/m³, flows at 10^-6 m³/h; temperature, moisture and
oxygen at 10^-4, pressure at 10^-2 Pa. Each step is rounded half-even once.
"""

from __future__ import annotations

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


def standard_state(frame: Frame, gas: Gas, state: State, rules: GasRules) -> Frame:
    """Bring concentrations and a flow to the dry standard state, in three divisions each.

    C · (273+t)/273 · 101325/(Ba+Ps), then C / (1-X); oxygen only the last;
    Q · 273/(273+t) · (Ba+Ps)/101325 · (1-X).
    """
    t0 = nw.lit(exact.scaled(rules.t0, FINE), nw.Int64)
    p0 = nw.lit(exact.scaled(rules.p0, PRESSURE), nw.Int64)
    hundred = nw.lit(_HUNDRED, nw.Int64)
    kelvin, left = t0 + state.temperature, hundred - state.moisture
    std, flow = nw.col(gas.std), nw.col(gas.flow)
    frame = exact.with_scaled(
        frame,
        {
            gas.std: (gas.value, *ratio(gas.actual, kelvin, t0)),
            gas.flow: (gas.flow_given, *ratio(gas.flow_actual, t0, kelvin)),
        },
    )
    frame = exact.with_scaled(
        frame,
        {
            gas.std: (std, *ratio(gas.actual, p0, state.pressure)),
            gas.flow: (flow, *ratio(gas.flow_actual, state.pressure, p0)),
        },
    )
    return exact.with_scaled(
        frame,
        {
            gas.dry: (std, *ratio(gas.wet, hundred, left)),
            gas.oxygen_dry: (gas.oxygen, *ratio(gas.oxygen_wet, hundred, left)),
            gas.flow: (flow, *ratio(gas.flow_actual, left, hundred)),
        },
    )


def standard_flow(frame: Frame, to: str, flow: nw.Expr, state: State, rules: GasRules) -> Frame:
    """Bring a wet flow of the duct to the dry standard state, in three divisions."""
    t0 = nw.lit(exact.scaled(rules.t0, FINE), nw.Int64)
    p0 = nw.lit(exact.scaled(rules.p0, PRESSURE), nw.Int64)
    hundred = nw.lit(_HUNDRED, nw.Int64)
    frame = exact.with_scaled(frame, {to: (flow, t0, t0 + state.temperature)})
    frame = exact.with_scaled(frame, {to: (nw.col(to), state.pressure, p0)})
    return exact.with_scaled(frame, {to: (nw.col(to), hundred - state.moisture, hundred)})


@dataclass(frozen=True)
class Gas:
    """What is to be brought to the standard state, and the columns it goes to."""

    value: nw.Expr
    actual: nw.Expr  # the concentration is at the state of the duct
    wet: nw.Expr
    oxygen: nw.Expr
    oxygen_wet: nw.Expr
    flow_given: nw.Expr
    flow_actual: nw.Expr
    std: str
    dry: str
    oxygen_dry: str
    flow: str


@dataclass(frozen=True)
class Converted:
    """What is brought to a reference, and the columns it goes to."""

    value: nw.Expr
    oxygen: nw.Expr  # 10^-6 %
    reference: nw.Expr  # 10^-6 %
    alpha_ref: nw.Expr  # alpha_s, 10^-4
    by_oxygen: str
    alpha: str
    by_alpha: str


def to_reference(frame: Frame, to: Converted, rules: GasRules) -> Frame:
    """Add C · (21-O2ref)/(21-O2), alpha = 21/(21-O2), and C · alpha / alpha_s in two divisions.

    Null where an oxygen is null or not below that of air.
    """
    air = nw.lit(exact.scaled(rules.air, OXYGEN), nw.Int64)
    top, bottom = (nw.when(o2 < air).then(air - o2) for o2 in (to.reference, to.oxygen))
    ten, unit = (nw.lit(exact.power10(k), nw.Int64) for k in (OXYGEN, FINE))
    frame = exact.with_scaled(
        frame,
        {
            to.by_oxygen: (to.value, top, bottom),
            to.alpha: (air, ten, bottom),
            to.by_alpha: (to.value, air, bottom),
        },
    )
    some = nw.when(to.alpha_ref > 0).then(to.alpha_ref)
    return exact.with_scaled(frame, {to.by_alpha: (nw.col(to.by_alpha), unit, some)})
