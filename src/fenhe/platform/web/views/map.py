"""The map: one hour, one item, one edition; as page, as fragment, as JSON, CSV and xlsx."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import polars as pl
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fenhe.base import beijing
from fenhe.platform import clock, owner
from fenhe.platform.monitoring import queries as monitoring
from fenhe.platform.registry import door
from fenhe.platform.verdicts import queries as verdicts
from fenhe.platform.web import (
    addresses,
    editions,
    hourview,
    levels,
    page,
    shapes,
    state,
    stationview,
    words,
)
from fenhe.platform.web.hourview import Mark
from fenhe.platform.web.places import Places, places
from fenhe.platform.web.state import HOUR, MapState

ROWS_SHOWN = 150
_SEARCHED = (timedelta(days=1), timedelta(days=40), timedelta(days=1500))


@dataclass(frozen=True)
class Scene:
    """What one request for the map came to: state, place, edition, stations and cities."""

    user: Any
    now: MapState
    chosen: Places
    edition: editions.Choice
    city_assessment: str
    marks: list[Mark]
    cities: list[Mark]
    everything: bool  # all rows of the table, not only the worst

    @property
    def query(self) -> str:
        """The query string of this scene."""
        return _query(self.now, self.chosen)


@page.view("verdicts.view")
def show_map(request: HttpRequest) -> HttpResponse:
    """Answer the map page of the hour in the address."""
    chosen = places(request.user, request.GET.get("place"))
    choices = editions.choices()
    latest = latest_hour(request.user, chosen)
    asked = request.GET.dict()
    if not asked.get("edition"):
        day = beijing.day_of(state.read_hour(asked.get("t")) or latest)
        asked["edition"] = editions.default(choices, day)
    now = state.read(asked, latest, [choice.id for choice in choices])
    scene = _scene(request, now, chosen, choices)
    form = page.wanted_twin(request)
    if form:
        name = f"fenhe-{now.label_param.replace(':', '')}"
        return page.twin(table(scene.marks, now), form, name)
    context = {
        "state": now,
        "places": chosen,
        "hour": _hour(scene),
        **_controls(now, choices, chosen, latest),
        "twins": page.twin_links(request, scene.query),
    }
    return page.show(request, "web/map.html", context, section="map", when=now.label)


def _scene(
    request: HttpRequest, now: MapState, chosen: Places, choices: Sequence[editions.Choice]
) -> Scene:
    found = verdicts.map_state(now.start, now.item, now.edition, request.user)
    inside = chosen.codes()
    return Scene(
        user=request.user,
        now=now,
        chosen=chosen,
        edition=next(choice for choice in choices if choice.id == now.edition),
        city_assessment=verdicts.assessment(now.edition, "city").key,
        marks=hourview.stations((s for s in found["stations"] if s["region"] in inside), now),
        cities=hourview.cities((c for c in found["cities"] if c["city"] in inside), now),
        everything=request.GET.get("all") == "1",
    )


def latest_hour(user: Any, chosen: Places) -> datetime:
    """Return the start of the newest hour any station of the place has; by the clock without."""
    newest = owner.store().latest("1h").filter(pl.col("item").is_in(words.HOURLY_ITEMS))
    keys = list(chosen.narrow(door.visible_sites(user)).values_list("pk", flat=True))
    start = newest.filter(pl.col("site").is_in(keys))["start"].max()
    if isinstance(start, datetime):
        return start
    return clock.now().replace(minute=0, second=0, microsecond=0) - HOUR


def table(marks: Sequence[Mark], now: MapState) -> pl.DataFrame:
    """Return the rows of the page as a table: one row a station, worst first."""
    rows = [
        {
            "station": mark.who.key,
            "name": mark.who.name,
            "city": mark.who.city,
            "lon": mark.who.place[0] if mark.who.place else None,
            "lat": mark.who.place[1] if mark.who.place else None,
            "time": now.label,
            "item": now.item,
            "value": mark.value,
            "unit": "" if now.item == "aqi" else words.unit_of(now.item),
            hourview.index_name(now.item).lower(): mark.index,
            "level": mark.level,
            "category": mark.category,
            "primary": mark.primary,
            "reason": mark.reason,
            "unverified": mark.unverified,
            "edition": now.edition,
        }
        for mark in marks
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _hour(scene: Scene) -> dict[str, Any]:
    now, marks = scene.now, scene.marks
    shown = marks if scene.everything else marks[:ROWS_SHOWN]
    empty = not any(mark.index is not None or mark.value is not None for mark in marks)
    cities = [_city(mark, scene) for mark in scene.cities]
    return {
        "sentence": hourview.sentence(marks, scene.cities, scene.chosen.name, now),
        "basis": editions.basis(now.edition),
        "rescored": editions.rescoring(now.edition, now.day),
        "legend_title": _legend(now.item, scene.edition.label),
        "item_label": words.item_label(now.item),
        "unit": words.unit_of(now.item),
        "index_name": hourview.index_name(now.item),
        "rows": [_row(mark, now, scene.edition.assessment.key) for mark in shown],
        "cities": cities,
        "features": {
            "stations": hourview.features(marks, now.item),
            "cities": {row["mark"].who.key: _city_feature(row) for row in cities},
        },
        "more": _more(len(marks) - len(shown)),
        "more_url": f"?{scene.query}&all=1",
        "nearest": _nearest(scene.user, now, scene.chosen) if empty else [],
    }


def _city(mark: Mark, scene: Scene) -> dict[str, Any]:
    url = addresses.evidence(scene.city_assessment, mark.who.key, scene.now.label_param)
    return {"mark": mark, "evidence_url": url}


def _city_feature(row: dict[str, Any]) -> dict[str, Any]:
    mark = row["mark"]
    return {"level": mark.level, "text": str(mark.index), "why": row["evidence_url"]}


def _legend(item: str, edition: str) -> str:
    if item == "aqi":
        return f"AQI · {edition}"
    return f"{words.item_label(item)} · IAQI · {edition}"


def _more(count: int) -> str:
    if count <= 0:
        return ""
    return ngettext("%(n)d more station", "%(n)d more stations", count) % {"n": count}


def _row(mark: Mark, now: MapState, assessment: str) -> dict[str, Any]:
    label = now.label_param
    return {
        "mark": mark,
        "station_url": addresses.station(mark.who.key, now.day),
        "evidence_url": addresses.evidence(assessment, mark.who.key, label) if mark.judged else "",
    }


def _nearest(user: Any, now: MapState, chosen: Places) -> list[dict[str, str]]:
    """Return links to the nearest hours before and after that have any value."""
    keys = list(chosen.narrow(door.visible_sites(user)).values_list("pk", flat=True))
    found = []
    for sign in (-1, 1):
        start = _next_with_data(keys, now.start, sign)
        if start is not None:
            there = now.at(start)
            found.append({"label": there.label, "url": f"?{_query(there, chosen)}"})
    return found


def _next_with_data(keys: list[str], start: datetime, sign: int) -> datetime | None:
    for reach in _SEARCHED:
        first, last = (start - reach, start) if sign < 0 else (start + HOUR, start + reach)
        seen = owner.store().observations(keys, words.HOURLY_ITEMS, "1h", first, last)
        if not seen.is_empty():
            found = seen["start"].max() if sign < 0 else seen["start"].min()
            return found if isinstance(found, datetime) else None
    return None


@lru_cache(maxsize=1)
def _first_hour(_folder: str, _commit: int) -> datetime | None:
    """Return the start of the first hour there is; asked once a commit."""
    available = monitoring.hours_available()
    return available["first"] if available else None


def _query(now: MapState, chosen: Places) -> str:
    return now.query() + (f"&place={chosen.chosen.code}" if chosen.chosen else "")


def _controls(
    now: MapState, choices: Sequence[editions.Choice], chosen: Places, latest: datetime
) -> dict[str, Any]:
    """Return what the choosers and the time bar offer."""
    first = min(_first_hour(str(settings.FENHE_DATA), owner.store().last_commit) or latest, latest)
    step = {"day_back": -24, "hour_back": -1, "hour_on": 1, "day_on": 24}
    links = {
        name: "?" + _query(now.at(min(max(now.start + HOUR * n, first), latest)), chosen)
        for name, n in step.items()
    }
    return {
        "items": state.item_choices(),
        "editions": choices,
        "levels": levels.levels(now.edition),
        "steps": {**links, "latest": "?" + _query(now.at(latest), chosen)},
        "span": {
            "first": stationview.label(first),
            "last": stationview.label(latest),
            "first_day": beijing.day_of(first),
            "last_day": beijing.day_of(latest),
        },
        "words": {
            "failed": _("The hour could not be read. Check the connection and try again."),
            "play": _("Play"),
            "stop": _("Stop"),
            "no_shapes": _("no boundaries registered"),
            "cluster": _("{n} stations close together"),
            "worst": _("worst level: {level}"),
            "map": {
                "NavigationControl.ZoomIn": _("Zoom in"),
                "NavigationControl.ZoomOut": _("Zoom out"),
                "Map.Title": _("Map"),
            },
        },
    }


@page.view("registry.view")
def show_shapes(request: HttpRequest) -> HttpResponse:
    """Answer the shapes under the map; unchanged ones are not sent twice."""
    body, tag = shapes.document()
    etag = f'"{tag}"'
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(body, content_type="application/geo+json")
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response
