"""The cities: the list, and the page of one with its calendar, months, years and trend."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform import clock, owner
from fenhe.platform.registry.queries import shown_on
from fenhe.platform.verdicts import kept, standing
from fenhe.platform.web import (
    addresses,
    calendarview,
    cityplaces,
    cityview,
    editions,
    numbers,
    page,
    periodwords,
    rankview,
    spansteps,
    words,
)
from fenhe.platform.web.cityplaces import CITY, PUBLISHED, City, Regions
from fenhe.platform.web.cityview import CityPage

SECTION = "ranking"
TABLES: dict[str, Callable[[CityPage], pl.DataFrame]] = {
    "months": cityview.months_frame,
    "years": cityview.years_frame,
    "trend": cityview.trend_frame,
    "days": lambda shown: calendarview.frame(shown.city.key, shown.days, shown.series.edition),
}


def _today() -> date:
    """Return the newest Beijing day that is over."""
    return beijing.day_of(clock.now()) - timedelta(days=1)


@page.view("verdicts.view")
def list_cities(request: HttpRequest) -> HttpResponse:
    """Answer the list of the cities a person may see, narrowed by ``q``."""
    regions, wanted = Regions(), request.GET.get("q", "").strip().casefold()
    rows = []
    for subject in cityplaces.SOURCES:
        found = cityplaces.cities(request.user, subject, _today(), regions=regions)
        newest = _newest(subject, found)
        rows += [
            _listed(city, regions, newest.get(city.key))
            for city in found.values()
            if not wanted or wanted in f"{city.key} {city.name}".casefold()
        ]
    rows.sort(key=lambda row: (row["above"], row["name"], row["subject"]))
    form = page.wanted_twin(request)
    if form:
        return page.twin(_list_frame(rows), form, "fenhe-cities")
    said = ngettext("%(n)d city series.", "%(n)d city series.", len(rows)) % {"n": len(rows)}
    context = {
        "rows": rows,
        "q": request.GET.get("q", ""),
        "sentence": said,
        "ranking_url": addresses.ranking(),
        "twins": page.twin_links(request, urlencode({"q": request.GET.get("q", "")})),
    }
    return page.show(request, "web/cities.html", context, section=SECTION)


def _newest(subject: str, found: dict[str, City]) -> dict[str, dict[str, Any]]:
    """Return key -> newest month cell with its index, under the oldest edition of limits."""
    held = kept.limits_held(subject, "month")
    cells = kept.spans(subject, "month", held[0], found) if held else pl.DataFrame()
    if cells.is_empty():
        return {}
    newest = cells.sort("first").unique("site", keep="last").select("site", "first", "i_sum")
    return {row["site"]: row for row in newest.iter_rows(named=True)}


def _listed(city: City, regions: Regions, row: dict[str, Any] | None) -> dict[str, Any]:
    above = [regions.names[code] for code in regions.above(city) if code != city.region]
    index = row["i_sum"] if row else None
    return {
        "key": city.key,
        "name": city.name,
        "above": words.joined(above),
        "subject": city.subject,
        "source": periodwords.source(city.subject),
        "url": addresses.city(city.key),
        "newest": f"{row['first']:%Y-%m}" if row else "",
        "index": numbers.fixed(index, rankview.INDEX_PLACES),
        "index_value": numbers.plain(index, rankview.INDEX_PLACES),
    }


def _list_frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    names = {"key": "city", "name": "name", "above": "region", "subject": "source",
             "newest": "newest_month", "index_value": "index"}  # fmt: skip
    return pl.DataFrame(
        [{to: row[name] for name, to in names.items()} for row in rows], infer_schema_length=None
    )


@page.view("verdicts.view")
def show_city(request: HttpRequest, key: str) -> HttpResponse:
    """Answer the page of one city, or one of its tables as JSON, CSV or xlsx."""
    regions, today = Regions(), _today()
    city = cityplaces.city(request.user, key, today)
    shown = _page(request, city, regions, today)
    twin_of = _twin_of(request.user, city, shown, regions, today)
    form = page.wanted_twin(request)
    if form:
        return _twin(request, shown, twin_of, form)
    query = f"year={shown.year}&limits={shown.limits}"
    days = shown.days
    context = {
        "city": city,
        "crumbs": [regions.names[code] for code in regions.above(city) if code != city.region],
        "source": periodwords.source(city.subject),
        "shown": shown,
        "sentence": cityview.sentence(shown),
        "basis": _basis(shown),
        "rescored": editions.rescoring(shown.limits, date(shown.year, 1, 1), days[-1]["day"])
        if days else "",
        "choices": _choices(shown),
        "days": days,
        "months": calendarview.months(days),
        "counted": calendarview.counted(days, shown.series.edition),
        "month_rows": shown.month_rows,
        "month_heads": periodwords.heads(shown.limits, "month"),
        "limit_cells": cityview.limit_cells(shown),
        "year_rows": cityview.year_rows(shown),
        "year_heads": cityview.year_heads(shown),
        "trend_rows": cityview.trend_rows(shown),
        "compared": twin_of,
        "stations": _stations(request.user, city, today),
        "chart": cityview.chart(shown),
        "twins": {
            name: page.twin_links(request, f"{query}&table={name}")
            for name in (*TABLES, "compared")
        },
        "ranking_url": addresses.ranking(),
        "limits_code": periodwords.edition_code(shown.limits),
        "index_code": periodwords.edition_code(spansteps.index_edition(shown.limits)),
    }  # fmt: skip
    return page.show(request, "web/city.html", context, section=SECTION, when=str(shown.year))


def _page(request: HttpRequest, city: City, regions: Regions, today: date) -> CityPage:
    limits = _limits(request, city)
    edition = rankview.standing_levels(limits)
    key = standing.daily_key(city.subject, edition)
    cells = owner.store().cells.read(key, [city.key], columns=calendarview.READ)
    day = (pl.col("start") + beijing.OFFSET).dt.date()
    cells = cells.with_columns(day=day)
    series = calendarview.series(key, city.key, edition, cells if "aqi" in cells else cells.clear())
    year = _year(request, series, today)
    among = cityplaces.cities(request.user, city.subject, today, regions=regions)
    start, end = beijing.days(date(year, 1, 1), date(year, 12, 31))
    values = kept.days(standing.air_key("day", city.subject, limits), city.key, start, end)
    return CityPage(
        city=city,
        limits=limits,
        year=year,
        item=_item(request),
        today=today,
        series=series,
        values=values,
        months=_spans(city, "month", limits, among),
        years=_spans(city, "year", limits, among),
    )


def _spans(city: City, grain: str, limits: str, among: dict[str, City]) -> list[dict[str, Any]]:
    cells = kept.spans(city.subject, grain, limits, among)
    if cells.is_empty():
        return []
    return cells.filter(pl.col("site") == city.key).sort("first").to_dicts()


def _limits(request: HttpRequest, city: City) -> str:
    known = kept.limits_held(city.subject, "month")
    wished = request.GET.get("limits")
    if wished and wished not in known:
        raise BadInput(f"'{wished}' is not an edition of limits shown here; known: {known}")
    return wished or known[0]


def _item(request: HttpRequest) -> str:
    item = request.GET.get("item") or "pm25"
    if item not in words.HOURLY_ITEMS:
        raise BadInput(f"'{item}' is not an item; known: {', '.join(words.HOURLY_ITEMS)}")
    return item


def _year(request: HttpRequest, series: calendarview.Series, today: date) -> int:
    text = request.GET.get("year", "")
    if not text:
        return next(iter(series.years), today.year)
    if not (text.isascii() and text.isdecimal() and 1900 < int(text) <= today.year + 1):
        raise BadInput(f"'{text}' is not a year; write 2016")
    return int(text)


def _twin_of(
    user: Any, city: City, shown: CityPage, regions: Regions, today: date
) -> dict[str, Any] | None:
    """Return the other source of the same city with the months both have; None without one."""
    key = f"city:{city.key}" if city.subject == CITY else city.region
    other = PUBLISHED if city.subject == CITY else CITY
    among = cityplaces.cities(user, other, today, regions=regions)
    if key not in among or key == city.key:
        return None
    rows = cityview.compared(shown, _spans(among[key], "month", shown.limits, among))
    return {
        "city": among[key],
        "url": addresses.city(key),
        "source": periodwords.source(other),
        "rows": rows,
    }


def _twin(
    request: HttpRequest, shown: CityPage, twin_of: dict[str, Any] | None, form: str
) -> HttpResponse:
    table = request.GET.get("table", "months")
    name = f"fenhe-{shown.city.key}-{table}-{shown.year}".replace(":", "-")
    if table == "compared" and twin_of is not None:
        other = twin_of["city"].subject
        frame = cityview.compared_frame(twin_of["rows"], shown.city.subject, other)
        return page.twin(frame, form, name)
    if table not in TABLES:
        raise BadInput(f"'{table}' is not a table of this page; known: {', '.join(TABLES)}")
    return page.twin(TABLES[table](shown), form, name)


def _basis(shown: CityPage) -> list[dict[str, str]]:
    parts = ((_("limits"), shown.limits), (_("levels of days"), shown.series.edition))
    return [
        {"part": part, "code": periodwords.edition_code(name), "url": addresses.edition(name)}
        for part, name in parts
    ]


def _choices(shown: CityPage) -> dict[str, Any]:
    years = shown.series.years or [shown.year]
    later = [year for year in years if year > shown.year]
    earlier = [year for year in years if year < shown.year]
    kept_part = f"limits={shown.limits}&item={shown.item}"

    def to(found: list[int]) -> str:
        return f"?year={found[0]}&{kept_part}" if found else ""

    return {
        "years": years,
        "back": to(earlier),
        "on": to(later[::-1]),
        "limits": [
            {"code": name, "label": periodwords.edition_code(name)}
            for name in kept.limits_held(shown.city.subject, "month")
        ],
        "items": [{"code": i, "label": words.item_label(i)} for i in words.HOURLY_ITEMS],
    }


def _stations(user: Any, city: City, today: date) -> list[dict[str, Any]]:
    found = [s for s in shown_on(user, "registry.view", today) if s["city"] == city.region]
    return [{**s, "url": addresses.station(s["site"], today)} for s in found]
