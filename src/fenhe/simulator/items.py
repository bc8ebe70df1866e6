"""The quantities a simulated logger tells: code, unit, decimals, and what is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fenhe.simulator.config import Outlet, Pollutant

Kind = Literal["pollutant", "flow", "state", "process"]


@dataclass(frozen=True)
class Item:
    """One measured quantity of an outlet; codes are those of HJ 212-2017 appendix B."""

    code: str
    kind: Kind
    unit: str
    decimals: int
    noise: float = 0.0
    pollutant: Pollutant | None = None
    converts: bool = False


_GAS = (
    Item("a19001", "state", "%", 2, 0.02),
    Item("a01011", "state", "m/s", 2, 0.05),
    Item("a01012", "state", "degC", 1, 0.15),
    Item("a01013", "state", "kPa", 3, 0.004),
    Item("a01014", "state", "%", 2, 0.03),
)
_GAS_FLOW = Item("a00000", "flow", "m3/s", 2)
_WATER = (
    Item("w01001", "state", "1", 2, 0.01),
    Item("w01010", "state", "degC", 1, 0.05),
)
_WATER_FLOW = Item("w00000", "flow", "L/s", 2)
# fan and pump currents, slurry pH; blower current and inlet flow of a sewage plant
_GAS_PROCESS = (
    Item("g10201", "process", "A", 1, 0.2),
    Item("g10401", "process", "A", 1, 0.2),
    Item("g11101", "process", "1", 2, 0.01),
)
_WATER_PROCESS = (
    Item("e10101", "process", "L/s", 2, 0.1),
    Item("e30201", "process", "A", 1, 0.3),
)
LOAD = "load"  # per cent of full load; told by the label files, and as i33400 on the wire


def items_of(outlet: Outlet) -> tuple[Item, ...]:
    """Return everything measured at an outlet, in the order of its records."""
    unit = "mg/m3" if outlet.medium == "gas" else "mg/L"
    converts = outlet.stack is not None and outlet.stack.reference_o2 is not None
    told = tuple(
        Item(one.item, "pollutant", unit, one.decimals, one.noise, one, converts)
        for one in outlet.pollutants
    )
    if outlet.medium == "gas":
        return (*told, *_GAS, _GAS_FLOW)
    return (_WATER_FLOW, *_WATER, *told)


def process_items(outlet: Outlet) -> tuple[Item, ...]:
    """Return the process quantities of an outlet: currents and what comes in; often none."""
    if not outlet.process:
        return ()
    unit = "mg/m3" if outlet.medium == "gas" else "mg/L"
    inlets = tuple(
        Item(one.inlet_item, "process", unit, 1, 0.01 * one.inlet)
        for one in outlet.pollutants
        if one.inlet_item
    )
    return (*(_GAS_PROCESS if outlet.medium == "gas" else _WATER_PROCESS), *inlets)


def all_items(outlet: Outlet) -> tuple[Item, ...]:
    """Return everything a logger hears of an outlet, process quantities last."""
    return (*items_of(outlet), *process_items(outlet))
