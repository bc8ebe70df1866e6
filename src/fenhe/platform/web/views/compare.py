"""2012 against 2026: what the new edition changes for the days and years of the cities shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from fenhe.base.errors import BadInput
from fenhe.platform import owner
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Site
from fenhe.platform.verdicts import editions_compare
from fenhe.platform.web import (
    cityplaces,
    comparestate,
    comparetwins,
    compareview,
    levels,
    page,
    standardsview,
)
from fenhe.platform.web.cityplaces import CITY, PUBLISHED, SOURCES, Regions
from fenhe.platform.web.comparestate import ROWS
from fenhe.platform.web.compareview import Scene

ACT = "verdicts.view"


@page.view(ACT)
def show_compare(request: HttpRequest) -> HttpResponse:
    """Answer the comparison of the two newest editions over the months of the address."""
    scene = _scene(request)
    form = page.wanted_twin(request)
    if form:
        table = request.GET.get("table") or comparetwins.TABLES[0]
        if table not in comparetwins.TABLES:
            raise BadInput(f"'{table}' is no table here; known: {', '.join(comparetwins.TABLES)}")
        name = f"fenhe-compare-{table}-{scene.state.first:%Y-%m}-{scene.state.last:%Y-%m}"
        return page.twin(comparetwins.twin(scene, table), form, name)
    context = {**_parts(scene), "twins": _twins(request, scene)}
    return page.show(
        request, "web/compare.html", context, section="compare", when=scene.state.label
    )


def _scene(request: HttpRequest) -> Scene:
    store, regions = owner.store(), Regions()
    subject = _subject(request)
    months = editions_compare.spans(store, subject)
    state = comparestate.read(request.GET.dict(), subject, months)
    shown = cityplaces.cities(request.user, subject, state.last, ACT, regions)
    found = cityplaces.within(shown, state.place, regions)
    years = None
    if state.year:
        years = editions_compare.years(store, subject, state.year, tuple(found))
    days = editions_compare.days(store, state.asked, tuple(found))
    areas = cityplaces.areas(request.user, shown.values(), regions)
    name = regions.names.get(state.place, "")
    scene = Scene(state, found, name, areas, editions_compare.pair(), days, years)
    if state.start >= max(scene.listed.height, 1):  # the list has become shorter than the address
        return replace(scene, state=replace(state, start=0))
    return scene


def _subject(request: HttpRequest) -> str:
    """Return the source asked for; without a wish published values where any are shown."""
    wanted = request.GET.get("subject")
    if wanted and wanted not in SOURCES:
        raise BadInput(f"'{wanted}' is not a source shown here; known: {', '.join(SOURCES)}")
    there = door.visible_sites(request.user, ACT, Site.Kind.CITY).exists
    return wanted or (PUBLISHED if there() else CITY)


def _parts(scene: Scene) -> dict[str, Any]:
    both, state = scene.both, scene.state
    sides = [both.old, both.new]
    return {
        "scene": scene,
        "state": state,
        "month_first": f"{state.first:%Y-%m}",
        "month_last": f"{state.last:%Y-%m}",
        "where": compareview.where(scene),
        "sentence": compareview.sentence(scene),
        "yearly_sentence": compareview.yearly_sentence(scene),
        "sources": compareview.sources(),
        "heads": [{"code": standardsview.code(one), "id": one.id} for one in sides],
        "limit_heads": [
            {"code": standardsview.code(one), "id": one.id}
            for one in (both.old_limits, both.new_limits)
        ],
        "levels": levels.levels(both.new.id),
        "years_there": _years(scene),
        **_tables(scene),
    }


def _tables(scene: Scene) -> dict[str, Any]:
    there = bool(scene.days.height)
    return {
        "matrix": compareview.matrix(scene) if there else None,
        "bars": compareview.bars(scene) if there else [],
        "causes": compareview.causes(scene),
        "ways": compareview.ways(scene),
        "yearly": compareview.yearly(scene),
        "rows": compareview.place_rows(scene),
        "day_rows": compareview.day_rows(scene),
        "pages": _pages(scene),
        "reasons": compareview.reasons(scene.both),
        "rules": compareview.rule_changes(scene.both),
        "other_state": there and compareview.states_differ(scene.both, scene.state.first),
        "listed": scene.listed.height,
    }


def _years(scene: Scene) -> list[dict[str, Any]]:
    """Return the years there are, each with its address."""
    months = editions_compare.spans(owner.store(), scene.state.subject)
    return [
        {
            "year": year,
            "url": "?"
            + scene.state.query(
                first=scene.state.first.replace(year=year, month=1, day=1),
                last=scene.state.first.replace(year=year, month=12, day=31),
                start=0,
            ),
            "shown": scene.state.year == year,
        }
        for year in sorted({month.year for month in months})
    ]


def _pages(scene: Scene) -> dict[str, str]:
    """Return the addresses of the rows before and after, and which rows are shown."""
    start, height = scene.state.start, scene.listed.height
    found = {"first": start + 1, "last": min(start + ROWS, height)}
    urls = {}
    if start > 0:
        urls["back"] = f"?{scene.state.query(start=max(start - ROWS, 0))}#days"
    if start + ROWS < height:
        urls["on"] = f"?{scene.state.query(start=start + ROWS)}#days"
    said = _("%(first)d–%(last)d of %(all)d") % {**found, "all": height} if height else ""
    return {**urls, "said": said}


def _twins(request: HttpRequest, scene: Scene) -> dict[str, dict[str, str]]:
    query = scene.state.query()
    return {
        table: page.twin_links(request, f"{query}&table={table}") for table in comparetwins.TABLES
    }
