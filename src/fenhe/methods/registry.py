"""Every method by its id."""

from __future__ import annotations

from fenhe.base.errors import BadInput
from fenhe.methods.air.area import AREA_HOURLY
from fenhe.methods.air.categories import DAYS_BY_CATEGORY
from fenhe.methods.air.change import CHANGE_RANK
from fenhe.methods.air.composite import COMPOSITE_INDEX
from fenhe.methods.air.dust import DUST_DEDUCTION
from fenhe.methods.air.evaluate import CITY_DAY, DAY_VALUES, EVALUATE, PERIOD
from fenhe.methods.air.exceedance import EXCEEDANCE
from fenhe.methods.air.iaqi import IAQI
from fenhe.methods.air.ozone_day import MDA8
from fenhe.methods.air.percentile import PERCENTILE
from fenhe.methods.air.reference_state import REFERENCE_STATE
from fenhe.methods.air.report import AQI_DAILY, AQI_HOURLY
from fenhe.methods.air.rose import ROSE
from fenhe.methods.air.target import TARGET, TARGET_DAILY
from fenhe.methods.air.trend import TREND
from fenhe.methods.air.warning import WARNING_LEVEL
from fenhe.methods.contract import Method
from fenhe.methods.sources.convert import CONVERT
from fenhe.methods.sources.exceedance import EXCEEDANCE as SOURCE_EXCEEDANCE
from fenhe.methods.sources.furnace import FURNACE
from fenhe.methods.sources.hourly import HOURLY
from fenhe.methods.sources.mass import MASS
from fenhe.methods.sources.recomputed import RECOMPUTED
from fenhe.methods.sources.share import SHARE
from fenhe.methods.sources.substitute import SUBSTITUTE
from fenhe.methods.sources.transmission import TRANSMISSION_RATE

_EVALUATION = (MDA8, PERCENTILE, EXCEEDANCE, TREND, EVALUATE, DAY_VALUES, CITY_DAY, PERIOD)
_RANKING = (COMPOSITE_INDEX, CHANGE_RANK, DAYS_BY_CATEGORY, TARGET, TARGET_DAILY)
_RULES = (WARNING_LEVEL, DUST_DEDUCTION, REFERENCE_STATE)
_JUDGED = (SOURCE_EXCEEDANCE, SHARE, FURNACE, TRANSMISSION_RATE)
_SOURCES = (CONVERT, HOURLY, *_JUDGED, SUBSTITUTE, MASS, RECOMPUTED)
_SUBJECTS = (*_EVALUATION, *_RANKING, *_RULES, *_SOURCES)
_METHODS = {
    method.id: method for method in (IAQI, AQI_HOURLY, AQI_DAILY, AREA_HOURLY, ROSE, *_SUBJECTS)
}


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
