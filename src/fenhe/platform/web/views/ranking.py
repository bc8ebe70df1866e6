"""The ranking of cities in a month, quarter or year."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from fenhe.base import beijing
from fenhe.methods.air.target import ITEMS as TARGET_ITEMS
from fenhe.platform import clock
from fenhe.platform.verdicts import kept
from fenhe.platform.web import cityplaces, editions, page, periodwords, rankstate, rankview, words
from fenhe.platform.web.cityplaces import City, Regions
from fenhe.platform.web.rankstate import Asked
from fenhe.platform.web.rankview import Ranking

SECTION = "ranking"


@page.view("verdicts.view")
def show_ranking(request: HttpRequest) -> HttpResponse:
    """Answer the ranking of the period in the address: as page, JSON, CSV or xlsx."""
    asked = rankstate.read(request.GET)
    regions = Regions()
    shown = cityplaces.cities(request.user, asked.subject, asked.days[1], regions=regions)
    found = _ranking(asked, cityplaces.within(shown, asked.place, regions))
    form = page.wanted_twin(request)
    if form:
        return page.twin(rankview.frame(found), form, f"fenhe-ranking-{asked.label}")
    held = kept.periods_held(asked.subject, asked.grain, asked.limits)
    context = {
        "asked": asked,
        "sentence": rankview.sentence(found),
        "basis": rankview.basis(found),
        "rescored": editions.rescoring(asked.limits, *asked.days),
        "running": asked.days[1] >= beijing.day_of(clock.now()),
        "heads": periodwords.heads(asked.limits, asked.grain),
        "rows": rankview.rows(found),
        "rules": rankview.rules(found) if found.table.height else [],
        "unverified": rankview.unverified(found),
        "steps": rankstate.steps(asked, held),
        "choices": _choices(asked, held),
        "areas": cityplaces.areas(request.user, shown.values(), regions),
        "shares_url": f"?{asked.query(shares=not asked.shares)}",
        "target_head": _target_head(asked) if asked.target else "",
        "twins": page.twin_links(request, asked.query()),
    }
    return page.show(request, "web/ranking.html", context, section=SECTION, when=asked.label)


def _ranking(asked: Asked, cities: dict[str, City]) -> Ranking:
    wanted = asked.wanted(tuple(cities))
    aims: dict[str, Any] = {}
    if asked.target:
        until = min(asked.days[1], beijing.day_of(clock.now()))
        table = kept.targets(wanted, asked.item, float(asked.target), until)
        aims = {row["site"]: row for row in table.iter_rows(named=True)}
    return Ranking(asked, kept.table(wanted), cities, aims)


def _target_head(asked: Asked) -> str:
    facts = {"item": words.item_label(asked.item), "target": asked.target}
    return _("%(item)s, target %(target)s") % facts


def _choices(asked: Asked, held: tuple[date, ...]) -> dict[str, Any]:
    """Return what the choosers offer; the period shown is among them even without cells."""
    shown = held if asked.first in held else sorted({*held, asked.first}, reverse=True)
    return {
        "grains": [{"code": g, "label": periodwords.grain(g)} for g in rankstate.GRAINS],
        "periods": [
            {"code": rankstate.label(first, asked.grain),
             "label": periodwords.period(first, asked.grain)}
            for first in shown
        ],
        "subjects": [
            {"code": s, "label": periodwords.source(s)} for s in cityplaces.SOURCES
        ],
        "limits": [
            {"code": name, "label": periodwords.edition_code(name)}
            for name in kept.limits_held(asked.subject, asked.grain)
        ],
        "items": [{"code": i, "label": words.item_label(i)} for i in TARGET_ITEMS],
    }  # fmt: skip
