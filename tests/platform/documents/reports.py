"""Reports for the document tests: Shanxi in November 2016, and what may go wrong with one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from fenhe.platform.documents import bulletin
from fenhe.platform.documents.monthly import (
    Days,
    Dust,
    DustDay,
    ItemMonth,
    MonthlyReport,
    Name,
    Origin,
    PlaceMonth,
)

NUMBERS = Path(__file__).parents[2] / "data" / "air" / "bulletin_shanxi_2016-11.json"


def decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def item(found: dict[str, Any]) -> ItemMonth:
    return ItemMonth(
        value=decimal(found["value"]),
        valid_days=found["valid_days"],
        due_days=found["due_days"],
        index=decimal(found["index"]),
        days_above=found["days_above"],
        daily_limit=decimal(found["daily_limit"]),
    )


def place(found: dict[str, Any]) -> PlaceMonth:
    days = found["days"]
    return PlaceMonth(
        name=Name(**found["name"]),
        items={code: item(values) for code, values in found["items"].items()},
        index=decimal(found["index"]),
        largest=tuple(found["largest"]),
        rank=found["rank"],
        previous_index=decimal(found["previous_index"]),
        change=decimal(found["change"]),
        change_rank=found["change_rank"],
        days=Days(tuple(days["of_level"]), days["unjudged"], decimal(days["good_share"])),
        previous_good_share=decimal(found["previous_good_share"]),
    )


def shanxi() -> MonthlyReport:
    """Return the report of the eleven cities, as a frozen run would fill it."""
    found = json.loads(NUMBERS.read_text(encoding="utf-8"))
    return MonthlyReport(
        region=Name("山西省", "Shanxi Province"),
        year=found["year"],
        month=found["month"],
        places=tuple(place(one) for one in found["places"]),
        aqi_edition="HJ633-2012",
        editions=(
            bulletin.edition_use("GB3095-2012", Name("限值", "limits")),
            bulletin.edition_use("HJ633-2012", Name("空气质量指数与级别", "AQI and its levels")),
            bulletin.edition_use("HJ663-2013", Name("月统计值", "statistics of the month")),
            bulletin.edition_use("RANK-2018", Name("综合指数与排名", "composite index and rank")),
        ),
        origin=Origin("air-month-city", datetime(2016, 12, 13, 1, 30), 1234, "ab" * 32, "0.1.0"),
        source=Name(
            "城市日均值来自第三方汇总表，不是发布机构审核后的数据。",
            "Daily city values come from a third-party table, not from audited data.",
        ),
        validity=(
            Name(
                "一个月内某项目有效日均值不少于 27 天（2 月不少于 25 天）时，该月统计值有效。",
                "A statistic of the month is valid with at least 27 valid days (25 in February).",
            ),
        ),
        dust=Dust("list", (DustDay(Name("大同市", "Datong"), date(2016, 11, 10), kept=False),)),
        unverified=bulletin.unverified_values(
            ["HJ663-2013/month_minimum", "HJ633-2012/cap", "HJ663-2013/percentile_validity"]
        ),
        method=(
            Name(
                "单项指数为统计值与二级限值之比，四舍六入五成双至两位小数；综合指数为六个单项指数之和。",
                "An item's index is its statistic over the grade II limit, half-even to two "
                "decimals; the composite index is the sum of the six.",
            ),
        ),
    )


def with_names(report: MonthlyReport, *names: str) -> MonthlyReport:
    """Return the report with its first places renamed."""
    renamed = [replace(p, name=Name(n)) for p, n in zip(report.places, names, strict=False)]
    return replace(report, places=(*renamed, *report.places[len(renamed) :]))


def without_values(report: MonthlyReport) -> MonthlyReport:
    """Return the report with a first place of which nothing is known."""
    empty = PlaceMonth(Name("太原市", "Taiyuan"), {}, reason=("no_data",))
    return replace(report, places=(empty, *report.places[1:]))


def many(report: MonthlyReport, count: int) -> MonthlyReport:
    """Return the report with ``count`` places, each with a name of its own."""
    places = tuple(
        replace(
            report.places[n % len(report.places)], name=Name(f"第{n + 1}县", f"County {n + 1}"),
            rank=n + 1,
        )
        for n in range(count)
    )  # fmt: skip
    return replace(report, places=places)


def judged(report: MonthlyReport) -> MonthlyReport:
    """Return the report with every item compared with a limit, as a year would be."""
    limits = {"pm25": 35, "pm10": 70, "so2": 60, "no2": 40, "co": 4, "o3": 160}

    def compared(code: str, found: ItemMonth) -> ItemMonth:
        limit = Decimal(limits[code])
        above = found.value is not None and found.value > limit
        multiple = Decimal("0.50") if above else None
        return replace(found, limit=limit, complies=not above, multiple=multiple)

    places = tuple(
        replace(p, items={code: compared(code, found) for code, found in p.items.items()})
        for p in report.places
    )
    return replace(report, places=places, limits_of=Name("限值：二级", "Limits: grade II"))
