"""The pollution rose of one station: one item by wind direction and speed over a span of days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from fenhe import standards
from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.methods.air.rose import ROSE
from fenhe.methods.frames import apply
from fenhe.platform.monitoring import wind
from fenhe.platform.registry.models import Site
from fenhe.platform.registry.queries import sites_on
from fenhe.platform.web import addresses, page, roseview, state, words

DAYS_SHOWN = 92
DAYS_AT_MOST = 1_830  # five years and a little
SHOW = ("frequency", "mean")
FIRST_ITEM = "pm25"


@page.view("monitoring.view", target=page.site_of)
def show_rose(request: HttpRequest, key: str) -> HttpResponse:
    """Answer the pollution rose of a station, or that no wind is measured there."""
    site = page.site_of(request, key)
    newest = wind.span(key)
    if newest is None:
        return _no_wind(request, site)
    item, show = (
        _choice(request, "item", FIRST_ITEM, words.HOURLY_ITEMS),
        _choice(request, "show", SHOW[0], SHOW),
    )
    first, last = _days(request, beijing.day_of(min(newest)))
    settings = _settings(request)
    rose = _rose(key, item, (first, last), settings)
    form = page.wanted_twin(request)
    if form:
        frame = roseview.table(rose, key, (first.isoformat(), last.isoformat()))
        return page.twin(frame, form, f"fenhe-rose-{item}-{first}-{last}")
    name = sites_on(Site.objects.filter(pk=site.pk), last)[0]["name"]
    query = {"item": item, "show": show, "from": first, "to": last, **_given(request)}
    context = {
        "station": {"name": name, "url": reverse("web:station", args=[key])},
        "sentence": roseview.sentence(rose, name, f"{first} – {last}"),
        "basis": roseview.basis(rose, settings),
        "items": [{"code": i, "label": words.item_label(i)} for i in words.HOURLY_ITEMS],
        "shows": [
            {"code": SHOW[0], "label": _("frequency")},
            {"code": SHOW[1], "label": _("mean")},
        ],
        "chosen": {"item": item, "show": show, "from": str(first), "to": str(last), **settings},
        "given": _given(request),
        "unit": words.unit_of(item),
        "item_label": words.item_label(item),
        "classes": roseview.bounds(rose),
        "rows": roseview.rows(rose),
        "chart": roseview.chart(rose) | {"show": show, "name": f"rose-{key}-{item}"},
        "edition_url": addresses.edition(_edition().id),
        "method_url": addresses.method(ROSE.id),
        "newest": beijing.day_of(min(newest)).isoformat(),
        "twins": page.twin_links(request, urlencode(query)),
    }
    when = f"{first} – {last}"
    return page.show(request, "web/rose.html", context, section="stations", when=when)


def _no_wind(request: HttpRequest, site: Site) -> HttpResponse:
    today = sites_on(Site.objects.filter(pk=site.pk), date.max)
    name = today[0]["name"] if today else site.key
    context = {"station": {"name": name, "url": reverse("web:station", args=[site.key])}}
    return page.show(request, "web/rose_none.html", context, section="stations")


def _choice(request: HttpRequest, name: str, default: str, known: tuple[str, ...]) -> str:
    chosen = request.GET.get(name) or default
    if chosen not in known:
        raise BadInput(f"'{chosen}' is no {name} of a rose; known: {', '.join(known)}")
    return chosen


def _days(request: HttpRequest, newest: date) -> tuple[date, date]:
    last = state.read_day(request.GET.get("to")) or newest
    first = state.read_day(request.GET.get("from")) or last - timedelta(days=DAYS_SHOWN - 1)
    if first > last:
        raise BadInput(f"the span from {first} to {last} runs backwards")
    if (last - first).days >= DAYS_AT_MOST:
        raise BadInput(f"a rose shows at most {DAYS_AT_MOST} days")
    return first, last


def _given(request: HttpRequest) -> dict[str, str]:
    """Return the settings the address names itself."""
    return {name: request.GET[name] for name in ("calm", "classes") if request.GET.get(name)}


def _edition() -> standards.Edition:
    return standards.catalogue().editions(ROSE.standard)[-1]


def _settings(request: HttpRequest) -> dict[str, str]:
    """Return calm and classes as they hold: of the address, else of the edition."""
    rows = _edition().table("speed_classes")
    edges = [f"{row['from']:f}" for row in rows if row["from"] is not None]
    usual = {"calm": f"{_edition().value('calm_below').number:f}", "classes": ",".join(edges)}
    return usual | _given(request)


def _rose(key: str, item: str, days: tuple[date, date], settings: dict[str, str]) -> roseview.Rose:
    hours, decimals = wind.hours(key, item, *state.day_bounds(*days))

    def run(classes: str) -> Any:
        params = {"calm": settings["calm"], "classes": classes}
        return apply(ROSE, hours, params=params, decimals=decimals)

    return roseview.Rose(item, run(settings["classes"]), run("all"))
