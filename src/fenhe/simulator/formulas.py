"""What a logger computes, by HJ 212-2017 appendix D. Written apart from ``fenhe.methods``.

The methods that judge recompute these figures; the simulator must not borrow theirs, or a
mistake would agree with itself.
"""

from __future__ import annotations

import numpy as np

from fenhe.simulator.noise import Floats

ZERO_CELSIUS = 273.0  # appendix D writes 273, not 273.15
STANDARD_PRESSURE = 101.325  # kPa
O2_OF_AIR = 21.0  # per cent, as the formula of conversion has it


def dry_standard_flow(
    velocity: Floats,
    *,
    area: float,
    temperature: Floats,
    pressure: Floats,
    moisture: Floats,
    ambient: float,
) -> Floats:
    """Return m3/s, dry and at standard state, of a wet flow in a duct.

    Velocity m/s, area m2, temperature degC, static pressure kPa (gauge), moisture per cent,
    ambient pressure kPa.
    """
    wet = velocity * area
    state = ZERO_CELSIUS / (ZERO_CELSIUS + temperature)
    squeeze = (ambient + pressure) / STANDARD_PRESSURE
    return wet * state * squeeze * (1.0 - moisture / 100.0)


def converted(value: Floats, o2: Floats, reference_o2: float) -> Floats:
    """Return the value at the reference O2; NaN where O2 is that of air or more."""
    below = o2 < O2_OF_AIR
    share = np.where(below, O2_OF_AIR - o2, 1.0)
    return np.where(below, value * (O2_OF_AIR - reference_o2) / share, np.nan)


def gas_mass(value: Floats, flow: Floats, seconds: float) -> Floats:
    """Return kg emitted: mg/m3 (dry, standard state, not converted) times m3/s times seconds."""
    return value * flow * seconds * 1e-6


def water_volume(flow: Floats, seconds: float) -> Floats:
    """Return m3 of a flow in L/s."""
    return flow * seconds * 1e-3


def water_mass(value: Floats, volume: Floats) -> Floats:
    """Return kg: mg/L times m3."""
    return value * volume * 1e-3
