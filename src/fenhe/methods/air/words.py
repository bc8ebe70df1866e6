"""Words and units the air quality contracts share."""

from __future__ import annotations

from fenhe.methods.contract import Column

UG, MG = "µg/m³", "mg/m³"

#: How a file may say that something holds or does not.
YES, NO = ("yes", "true", "1"), ("no", "false", "0")


def _item(name: str, zh: str, en: str, unit: str = UG, *, optional: bool = False) -> Column:
    return Column(name, zh, en, "number", unit, optional)


ITEMS = {
    column.name: column
    for column in (
        _item("so2", "二氧化硫", "sulphur dioxide"),
        _item("no2", "二氧化氮", "nitrogen dioxide"),
        _item("co", "一氧化碳", "carbon monoxide", MG),
        _item("o3", "臭氧", "ozone"),
        _item("o3_8h", "臭氧日最大8小时平均", "ozone, largest 8-hour mean of the day"),
        _item("o3_1h", "臭氧日最大1小时平均", "ozone, largest 1-hour mean", optional=True),
        _item("pm10", "颗粒物（PM10）", "PM10"),
        _item("pm25", "细颗粒物（PM2.5）", "PM2.5"),
    )
}

STATUS = Column("status", "状态", "judged, not_published or not_judged")
REASON = Column("reason", "原因", "codes joined by ;, e.g. missing:pm10")
UNVERIFIED = Column("unverified", "未核实依据", "ids of the unverified values it rests on")
EDITION = Column("edition", "标准版本", "edition the row was judged by")

VERDICT = (
    Column("aqi", "空气质量指数", "index; empty unless published", "integer"),
    Column("aqi_of_available", "可用项目的指数", "index of the items at hand", "integer"),
    Column("primary", "首要污染物", "primary pollutants joined by ;"),
    Column("category", "级别", "category 1-6", "integer"),
    STATUS,
    REASON,
    UNVERIFIED,
    EDITION,
)

#: Trace columns of one item: name -> words. Concentrations are integers with ``scale`` decimals.
TRACE = {
    "rounded": ("修约后浓度", "rounded concentration"),
    "scale": ("小数位数", "decimals of the concentrations here"),
    "low": ("浓度下限", "lower concentration of the bracket"),
    "high": ("浓度上限", "upper concentration of the bracket"),
    "iaqi_low": ("分指数下限", "lower index of the bracket"),
    "iaqi_high": ("分指数上限", "upper index of the bracket"),
    "numerator": ("分子", "numerator: (iaqi_high - iaqi_low) · (rounded - low)"),
    "denominator": ("分母", "denominator: high - low; iaqi = iaqi_low + quotient, rounded up"),
}

#: Trace columns that are integers with ``scale`` decimals.
SCALED = ("rounded", "low", "high", "numerator", "denominator")

INDEX_ROUNDING = (
    "Concentrations half-even (GB/T 8170) to whole µg/m³, CO to 0.1 mg/m³ (HJ633-2012, "
    "hourly: 0.001, as published); then each index up to the next whole number. HJ633-2012 does "
    "not state the first step: where unrounded concentrations give another index or primary "
    "pollutant, its value id stands in unverified."
)
INDEX_MISSING = (
    "Empty cells, negative numbers and sentinels are missing. HJ633-2012: the index of the rest "
    "is published. HJ633-2026, 5.3.1: published only above 100, else not_published. Nothing at "
    "hand: not_judged, no_data."
)


def trace(item: str = "") -> tuple[Column, ...]:
    """Return the trace columns of one item, or those of a method with one item a row."""
    end = f"_{item}" if item else ""
    return tuple(
        Column(
            f"{name}{end}",
            f"{item}：{zh}" if item else zh,
            f"{item}: {en}" if item else en,
            "integer",
            scale=f"scale{end}" if name in SCALED else "",
        )
        for name, (zh, en) in TRACE.items()
    )
