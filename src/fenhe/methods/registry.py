"""Every method by its id."""

from __future__ import annotations

from fenhe.base.errors import BadInput
from fenhe.methods.air.area import AREA_HOURLY
from fenhe.methods.air.iaqi import IAQI
from fenhe.methods.air.report import AQI_DAILY, AQI_HOURLY
from fenhe.methods.contract import Method

_METHODS = {method.id: method for method in (IAQI, AQI_HOURLY, AQI_DAILY, AREA_HOURLY)}


def methods() -> tuple[Method, ...]:
    """Return all methods in the order they are listed."""
    return tuple(_METHODS.values())


def method(method_id: str) -> Method:
    """Return one method; ``BadInput`` lists the ids there are."""
    try:
        return _METHODS[method_id.strip().lower()]
    except KeyError:
        known = ", ".join(_METHODS)
        raise BadInput(f"unknown method '{method_id}'; known: {known}") from None
