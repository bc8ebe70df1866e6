"""One city over its days, months and years: what the page shows, as texts and as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import polars as pl
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from fenhe import standards
from fenhe.base.errors import FenheError
from fenhe.methods.air.evaluation import Statistic
from fenhe.platform.verdicts import daily, kept, ranking, standing
from fenhe.platform.web import (
    addresses,
    calendarview,
    numbers,
    periodwords,
    rankview,
    spansteps,
    words,
)
from fenhe.platform.web.calendarview import Series
from fenhe.platform.web.cityplaces import City

GRADE = "II"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class CityPage:
    """What the page of a city is made of."""

    city: City
    limits: str
    year: int
    item: str
    today: date
    series: Series
    values: pl.DataFrame  # the day cells evaluated under the limits, of the year
    months: list[dict[str, Any]]  # every month cell of the city, oldest first
    years: list[dict[str, Any]]

    @cached_property
    def days(self) -> list[dict[str, Any]]:
        """The days of the year."""
        return self.series.days(self.year, self.today)

    @cached_property
    def month_rows(self) -> list[dict[str, Any]]:
        """The months of the year as they are shown."""
        heads = periodwords.heads(self.limits, "month")
        return [_month(self, row, heads) for row in self.of_year()]

    def of_year(self) -> list[dict[str, Any]]:
        """Return the month cells of the year shown."""
        return [row for row in self.months if row["first"].year == self.year]

    def why(self, grain: str, first: date) -> str:
        """Return the address of the evidence of a period."""
        key = standing.air_key(grain, self.city.subject, self.limits)
        return addresses.evidence(key, self.city.key, _label(first, grain))


def _label(first: date, grain: str) -> str:
    from fenhe.platform.web.rankstate import label

    return label(first, grain)


# ---- sentence -----------------------------------------------------------------------------


def sentence(page: CityPage) -> str:
    """Say how the newest day was, and the month it lies in so far."""
    judged = [day for day in sorted(page.series.cells) if page.series.cells[day]["aqi"] is not None]
    if not judged:
        return _("%(name)s has no daily index yet.") % {"name": page.city.name}
    day = page.series.day(judged[-1])
    facts = {"name": page.city.name, "day": judged[-1], "aqi": day["aqi"], "level": day["name"]}
    if day["primary"]:
        first = _("%(name)s, %(day)s: %(level)s, AQI %(aqi)d, primary pollutant %(primary)s.")
        first %= {**facts, "primary": day["primary"]}
    else:
        first = _("%(name)s, %(day)s: %(level)s, AQI %(aqi)d.") % facts
    return words.sentences(first, _month_said(page, judged[-1]))


def _month_said(page: CityPage, newest: date) -> str:
    first = newest.replace(day=1)
    now = next((row for row in page.months if row["first"] == first), None)
    if now is None or now["pm25_mean"] is None:
        return ""
    before = first.replace(year=first.year - 1)
    was = next((row for row in page.months if row["first"] == before), None)
    in_month = [d for d in page.series.cells if d.replace(day=1) == first]
    told = [page.series.cells[d]["category"] for d in in_month]
    judged = [level for level in told if level is not None]
    facts = {
        "month": periodwords.period(first, "month"),
        "good": sum(level <= 2 for level in judged),
        "days": len(judged),
        "mean": _mean(now, page.limits),
        "was": _mean(was, page.limits) if was else "",
    }
    if was and was["pm25_mean"] is not None:
        return (
            _("%(month)s: %(good)d of %(days)d days good, PM2.5 %(mean)s µg/m³ on average "
              "(a year before: %(was)s).") % facts
        )  # fmt: skip
    return _("%(month)s: %(good)d of %(days)d days good, PM2.5 %(mean)s µg/m³ on average.") % facts


def _mean(row: Row, limits: str) -> str:
    told = {s.name: s.told for s in statistics(limits, "month")}
    return numbers.fixed(row["pm25_mean"], told["pm25"])


def statistics(limits: str, grain: str) -> Sequence[Statistic]:
    """Return the figures of a period under an edition of limits."""
    return daily.rules_of(limits).statistics[grain]


# ---- months -------------------------------------------------------------------------------


def _month(page: CityPage, row: Row, heads: Sequence[periodwords.Head]) -> dict[str, Any]:
    first = row["first"]
    last = rankview_last(first)
    inside = [day for day in page.days if first <= day["day"] <= last]
    counted = calendarview.counted(inside, page.series.edition)
    days = {f"days_{x['number']}": x["n"] for x in counted["levels"]}
    judged = sum(days.values())
    given = {h.code: row[ranking.statistic(h.code)] for h in heads}
    return {
        "first": first,
        "label": _label(first, "month"),
        "name": periodwords.period(first, "month"),
        "why": page.why("month", first),
        "rank": row["rank"],
        "ranked": row["ranked"],
        "rank_url": f"{addresses.ranking()}?grain=month&period={_label(first, 'month')}"
        f"&subject={page.city.subject}&limits={page.limits}",
        "index": numbers.fixed(row["i_sum"], rankview.INDEX_PLACES),
        "index_value": numbers.plain(row["i_sum"], rankview.INDEX_PLACES),
        "largest": words.items_text(row["max_item"]),
        "largest_codes": row["max_item"],
        "statistics": [
            {
                "code": h.code,
                "label": h.label,
                "text": numbers.fixed(given[h.code], h.places),
                "value": numbers.plain(given[h.code], h.places),
                "few": given[h.code] is not None and row[f"{h.code}_valid"] is False,
                "n": row[f"{h.code}_n_valid"],
                "due": row[f"{h.code}_n_due"],
            }
            for h in heads
        ],
        "n": row["n_valid"],
        "due": row["n_due"],
        "counts": days,
        "missing": counted["none"],
        "judged": judged,
        "good": days["days_1"] + days["days_2"],
        "bar": rankview.bar({**days, "n_missing": counted["none"]}),
        "said": counted["said"],
        "reason": "" if row["rank"] else rankview.unranked({**row, **given}, heads),
        "unverified": row["unverified"] or "",
    }


def rankview_last(first: date) -> date:
    """Return the last day of the month that begins on a day."""
    from fenhe.platform.web.rankstate import last_day

    return last_day(first, "month")


def months_frame(page: CityPage) -> pl.DataFrame:
    """Return the months as a table: exactly what is shown."""
    rows = [
        {
            "city": page.city.key,
            "month": row["label"],
            "rank": row["rank"],
            "ranked": row["ranked"],
            "index": row["index_value"],
            "largest": row["largest_codes"],
            **{s["code"]: s["value"] for s in row["statistics"]},
            **{f"{s['code']}_n_valid": s["n"] for s in row["statistics"]},
            "days": row["n"],
            "days_due": row["due"],
            **row["counts"],
            "days_missing": row["missing"],
            "not_ranked_because": row["reason"] or None,
            "unverified": row["unverified"] or None,
            "limits": page.limits,
        }
        for row in page.month_rows
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def limit_cells(page: CityPage) -> list[dict[str, str]]:
    """Return what the index divides each statistic by, with the row of its edition."""
    edition = standards.catalogue().edition(spansteps.index_edition(page.limits))
    table = edition.table("items")
    rows = {item: table.one(item=item) for item in words.HOURLY_ITEMS}
    return [
        {
            "text": f"{Decimal(row['limit']).normalize():f}",
            "id": row.id,
            "label": words.item_label(item),
            "url": addresses.value(row.id),
        }
        for item, row in rows.items()
    ]


# ---- years --------------------------------------------------------------------------------


def year_rows(page: CityPage) -> list[dict[str, Any]]:
    """Return the years, newest first: every mean and percentile with its verdict."""
    figures = statistics(page.limits, "year")
    return [_year(page, row, figures) for row in reversed(page.years)]


def _year(page: CityPage, row: Row, figures: Sequence[Statistic]) -> dict[str, Any]:
    heads = periodwords.heads(page.limits, "year")
    given = {h.code: row[ranking.statistic(h.code)] for h in heads}
    return {
        "year": row["first"].year,
        "why": page.why("year", row["first"]),
        "rank": row["rank"],
        "ranked": row["ranked"],
        "index": numbers.fixed(row["i_sum"], rankview.INDEX_PLACES),
        "index_value": numbers.plain(row["i_sum"], rankview.INDEX_PLACES),
        "compliant": row["compliant"],
        "n": row["n_valid"],
        "due": row["n_due"],
        "cells": [_figure(row, s) for s in figures],
        "reason": "" if row["rank"] else rankview.unranked({**row, **given}, heads),
        "unverified": row["unverified"] or "",
    }


def column_of(figure: Statistic) -> str:
    """Return the column of a cell that holds a figure."""
    return figure.name if figure.percentile else f"{figure.name}_mean"


def _figure(row: Row, figure: Statistic) -> dict[str, Any]:
    value = row[column_of(figure)]
    multiple = row[f"{figure.name}_multiple"]
    return {
        "name": figure.name,
        "label": f"{words.item_label(figure.item)} {periodwords.what(figure.name)}",
        "text": numbers.fixed(value, figure.told),
        "value": numbers.plain(value, figure.told),
        "few": value is not None and row[f"{figure.item}_valid"] is False,
        "compliant": row[f"{figure.name}_compliant"],
        "multiple": None if multiple is None else numbers.fixed(multiple, 2),
        "multiple_value": multiple,
    }


def year_heads(page: CityPage) -> list[dict[str, str]]:
    """Return the heads of the years' table: figure, unit and, where there is one, the limit."""
    return [
        {
            "label": words.item_label(s.item),
            "what": periodwords.what(s.name),
            "unit": words.unit_of(s.item),
            "limit": "" if s.limit is None else f"{s.limit.normalize():f}",
        }
        for s in statistics(page.limits, "year")
    ]


def years_frame(page: CityPage) -> pl.DataFrame:
    """Return the years as a table: exactly what is shown."""
    rows = []
    for row in year_rows(page):
        told: dict[str, Any] = {"city": page.city.key, "year": row["year"], "rank": row["rank"],
                                "ranked": row["ranked"], "index": row["index_value"],
                                "days": row["n"], "days_due": row["due"]}  # fmt: skip
        for cell in row["cells"]:
            told |= {cell["name"]: cell["value"], f"{cell['name']}_compliant": cell["compliant"],
                     f"{cell['name']}_multiple": cell["multiple_value"]}  # fmt: skip
        rows.append(told | {"compliant": row["compliant"],
                            "not_ranked_because": row["reason"] or None,
                            "unverified": row["unverified"] or None,
                            "limits": page.limits})  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)


# ---- trend --------------------------------------------------------------------------------


def trend_rows(page: CityPage) -> list[dict[str, Any]]:
    """Return the trend of each statistic over the years with a valid one, or why there is none."""
    heads = periodwords.heads(page.limits, "year")
    values = [
        {"area": h.code, "year": row["first"].year, "value": row[ranking.statistic(h.code)]}
        for h in heads
        for row in page.years
        if row[f"{h.code}_valid"]
    ]
    schema = {"area": pl.String, "year": pl.Int64, "value": pl.Float64}
    given = pl.DataFrame(values, schema=schema)
    found = {}
    if given.height:
        found = {row["area"]: row for row in kept.trend(given, page.limits).to_dicts()}
    least = _trend_rules(page.limits).value("trend_years_min").integer
    return [_trend(h, found.get(h.code), least) for h in heads]


def _trend_rules(limits: str) -> standards.Edition:
    known = standards.catalogue()
    return known.on(standing.AREA_STANDARD, known.edition(limits).in_force_from)


def _trend(head: periodwords.Head, row: Row | None, least: int) -> dict[str, Any]:
    n = row["n"] if row else 0
    said = {
        "up": pgettext("trend", "rising"),
        "down": pgettext("trend", "falling"),
        "none": pgettext("trend", "no trend"),
    }
    reason = ""
    if row is None or row["trend"] is None:
        reason = _("too few years: %(n)d of at least %(least)d") % {"n": n, "least": least}
        if n >= least and row is not None:
            reason = words.reason_text(row["reason"])
    return {
        "code": head.code,
        "label": f"{head.label} {head.what}",
        "n": n,
        "rs": None if row is None or row["rs"] is None else numbers.fixed(row["rs"], 3),
        "critical": None if row is None or row["critical"] is None
        else numbers.fixed(row["critical"], 3),
        "trend": said.get(row["trend"] or "", "") if row else "",
        "trend_code": row["trend"] if row else None,
        "reason": reason,
    }  # fmt: skip


def trend_frame(page: CityPage) -> pl.DataFrame:
    """Return the trends as a table."""
    rows = [
        {
            "city": page.city.key,
            "statistic": row["code"],
            "years": row["n"],
            "rs": None if row["rs"] is None else float(row["rs"]),
            "critical": None if row["critical"] is None else float(row["critical"]),
            "trend": row["trend_code"],
            "reason": row["reason"] or None,
        }
        for row in trend_rows(page)
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


# ---- chart --------------------------------------------------------------------------------


def chart(page: CityPage) -> dict[str, Any]:
    """Return what the charts draw: days of one item with its limit, the index month by month."""
    figure = next(s for s in statistics(page.limits, "day") if s.item == page.item)
    column = f"{page.item}_mean"
    held = {row["day"]: row for row in page.values.iter_rows(named=True)}
    days = [day["day"] for day in page.days]
    cells = [held.get(day) for day in days]
    months = page.month_rows
    return {
        "name": f"{page.city.key}-{page.year}".replace(":", "-"),
        "days": [day.isoformat() for day in days],
        "item": words.item_label("o3_8h" if page.item == "o3" else page.item),
        "unit": words.unit_of(page.item),
        "places": figure.told,
        "values": [
            numbers.plain(c[column], figure.told) if c and c[f"{page.item}_valid"] else None
            for c in cells
        ],
        "limits": _chart_limits(page),
        "months": [row["label"] for row in months],
        "index": [row["index_value"] for row in months],
        "ranks": [f"{row['rank']}/{row['ranked']}" if row["rank"] else "" for row in months],
        "words": {
            "index": _("composite index"),
            "rank": _("rank"),
            "none": _("no data"),
        },
    }


def _chart_limits(page: CityPage) -> list[dict[str, Any]]:
    edition = standards.catalogue().edition(page.limits)
    averaging = "mda8" if page.item == "o3" else "24h"
    try:
        limit = edition.limit(page.item, averaging, GRADE)
    except FenheError:
        return []
    what = _("8 h") if page.item == "o3" else _("24 h")
    text = _("%(code)s grade II, %(what)s: %(value)s") % {
        "code": periodwords.edition_code(page.limits),
        "what": what,
        "value": f"{limit.number.normalize():f}",
    }
    return [{"value": float(limit.number), "text": text}]


# ---- two sources --------------------------------------------------------------------------


def compared(page: CityPage, other: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the months of the year that both sources have, each statistic of both.

    ``other``: month cells of the other source of the same city. Only valid figures stand here.
    """
    heads = periodwords.heads(page.limits, "month")
    there = {row["first"]: row for row in other}
    found = []
    for row in page.of_year():
        twin = there.get(row["first"])
        if twin is None:
            continue
        pairs = [
            {"label": h.label, "code": h.code, "mine": _valid(row, h), "other": _valid(twin, h)}
            for h in heads
        ]
        found.append(
            {
                "label": _label(row["first"], "month"),
                "name": periodwords.period(row["first"], "month"),
                "pairs": pairs,
                "days": f"{row['n_valid']}/{row['n_due']}",
                "other_days": f"{twin['n_valid']}/{twin['n_due']}",
            }
        )
    return found


def _valid(row: Row, head: periodwords.Head) -> str:
    value = row[ranking.statistic(head.code)] if row[f"{head.code}_valid"] else None
    return numbers.fixed(value, head.places)


def compared_frame(rows: Sequence[Row], subject: str, other: str) -> pl.DataFrame:
    """Return the comparison as a table."""
    made = []
    for row in rows:
        told: dict[str, Any] = {"month": row["label"], f"days_{subject}": row["days"],
                                f"days_{other}": row["other_days"]}  # fmt: skip
        for pair in row["pairs"]:
            for name, text in ((subject, pair["mine"]), (other, pair["other"])):
                told[f"{pair['code']}_{name}"] = None if text == numbers.DASH else float(text)
        made.append(told)
    return pl.DataFrame(made, infer_schema_length=None)
