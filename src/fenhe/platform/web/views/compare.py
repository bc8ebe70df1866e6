"""2012 against 2026: what the new edition changes for the days and years of the cities shown."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform import clock, owner
from fenhe.platform.verdicts import editions_compare
from fenhe.platform.web import comparestate, comparetwins, compareview, levels, page, standardsview
from fenhe.platform.web.cities import cities, subject_of
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
    user, store = request.user, owner.store()
    subject = subject_of(user, request.GET.get("source"), ACT)
    months = editions_compare.spans(store, subject)
    day = months[-1] if months else beijing.day_of(clock.now())
    found = cities(user, subject, request.GET.get("place"), day, ACT)
    state = comparestate.read(request.GET.dict(), subject, found.place, months)
    targets = tuple(found.names)
    years = None
    if state.year:
        years = editions_compare.years(store, subject, state.year, targets)
    return Scene(
        state,
        found,
        editions_compare.pair(),
        editions_compare.days(store, state.asked, targets),
        years,
    )


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
