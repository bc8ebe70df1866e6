"""The hourly and the daily report of HJ 633 as methods over one row per place and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import narwhals as nw

from fenhe.base.errors import BadInput
from fenhe.methods.air import aqi, words
from fenhe.methods.air.rules import AqiRules
from fenhe.methods.air.words import INDEX_MISSING, INDEX_ROUNDING, ITEMS, VERDICT
from fenhe.methods.contract import Call, Column, Method, Param
from fenhe.standards import Edition


def hourly(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return the frame with the hourly index of one edition (2012: 5.1.3; 2026: 4.2.3).

    Reads the exact integers of 1-hour means ``so2 no2 co o3 pm10 pm25`` (µg/m³, CO
    mg/m³); the particles are read on the 24-hour break points. See ``aqi.compute``.
    """
    rules = AqiRules.from_edition(edition)
    return _compute(frame, rules, rules.hourly, call)


def daily(frame: nw.LazyFrame[Any], edition: Edition, call: Call) -> nw.LazyFrame[Any]:
    """Return the frame with the daily index of one edition (2012: 5.1.2; 2026: 4.2.2).

    Reads the exact integers of 24-hour means ``so2 no2 co pm10 pm25``, the largest
    8-hour mean ``o3_8h`` and, under 2012, the largest 1-hour mean ``o3_1h``. See
    ``aqi.compute``.
    """
    rules = AqiRules.from_edition(edition)
    return _compute(frame, rules, rules.daily, call)


def _compute(
    frame: nw.LazyFrame[Any], rules: AqiRules, items: Mapping[str, str], call: Call
) -> nw.LazyFrame[Any]:
    exempt = call.params.get("exempt", ())
    job = aqi.Job(rules, items, call.decimals, exempt)
    return aqi.compute(frame, job, trace=call.trace)


def _exempt(items: Sequence[str], text: str) -> tuple[str, ...]:
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    for name in names:
        if name not in items:
            raise BadInput(f"exempt: '{name}' is no item; the items are {', '.join(items)}")
    return names


def _outputs(report: str, editions: Sequence[Edition], trace: bool) -> tuple[Column, ...]:
    reports: list[Mapping[str, str]] = [
        getattr(AqiRules.from_edition(edition), report) for edition in editions
    ]
    items = max(reports, key=len)
    found = [
        Column(f"iaqi_{c}", f"{ITEMS[c].zh}分指数", f"individual index of {c}", "integer")
        for c in items
    ]
    found += VERDICT
    if trace:
        found += [column for c in items for column in words.trace(c)]
    return tuple(found)


def _exempt_param(items: Sequence[str]) -> Param:
    return Param(
        "exempt",
        "豁免项目，逗号分隔（HJ 633-2026 5.3.2）",
        "items outside the monitoring plan whose absence has no effect (HJ633-2026, 5.3.2), "
        "joined by commas",
        "",
        partial(_exempt, items),
    )


_HOURLY = ("so2", "no2", "co", "o3", "pm10", "pm25")
_DAILY = ("so2", "no2", "co", "o3_8h", "pm10", "pm25", "o3_1h")

AQI_HOURLY = Method(
    id="air.aqi_hourly",
    zh="小时空气质量指数",
    en="Hourly air quality index with primary pollutants",
    standard="HJ633",
    inputs=(
        Column("station", "站点", "station, as the file names it"),
        Column("time", "时间", "end of the hour, Beijing time", "time"),
        *(ITEMS[name] for name in _HOURLY),
    ),
    outputs=partial(_outputs, "hourly"),
    evaluate=hourly,
    rounding=INDEX_ROUNDING,
    missing=INDEX_MISSING,
    day=("time", "time"),
    params=(_exempt_param(_HOURLY),),
)

AQI_DAILY = Method(
    id="air.aqi_daily",
    zh="日空气质量指数",
    en="Daily air quality index with primary pollutants",
    standard="HJ633",
    inputs=(
        Column("area", "区域", "site, county or city, as the file names it"),
        Column("date", "日期", "Beijing day", "date"),
        *(ITEMS[name] for name in _DAILY),
    ),
    outputs=partial(_outputs, "daily"),
    evaluate=daily,
    rounding=INDEX_ROUNDING,
    missing=INDEX_MISSING,
    day=("date", "date"),
    params=(_exempt_param(_DAILY),),
)
