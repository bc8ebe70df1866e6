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
from fenhe.methods.contract import Call, Column, Evaluate, Method, Param
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


_ITEMS = {
    "hourly": ("so2", "no2", "co", "o3", "pm10", "pm25"),
    "daily": ("so2", "no2", "co", "o3_8h", "pm10", "pm25", "o3_1h"),
}


def _method(
    report: str, evaluate: Evaluate, titles: tuple[str, str], place: Column, day: Column
) -> Method:
    """Return one report; the kind of ``day`` says how the day of a row is known."""
    items = _ITEMS[report]
    return Method(
        id=f"air.aqi_{report}",
        zh=titles[0],
        en=titles[1],
        standard="HJ633",
        inputs=(place, day, *(ITEMS[name] for name in items)),
        outputs=partial(_outputs, report),
        evaluate=evaluate,
        rounding=INDEX_ROUNDING,
        missing=INDEX_MISSING,
        day=(day.name, "time" if day.kind == "time" else "date"),
        params=(_exempt_param(items),),
    )


AQI_HOURLY = _method(
    "hourly",
    hourly,
    ("小时空气质量指数", "Hourly air quality index with primary pollutants"),
    Column("station", "站点", "station, as the file names it"),
    Column("time", "时间", "end of the hour, Beijing time", "time"),
)

AQI_DAILY = _method(
    "daily",
    daily,
    ("日空气质量指数", "Daily air quality index with primary pollutants"),
    Column("area", "区域", "site, county or city, as the file names it"),
    Column("date", "日期", "Beijing day", "date"),
)
