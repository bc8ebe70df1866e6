"""The list of stations, found by name or code."""

from __future__ import annotations

from datetime import datetime

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import ngettext

from fenhe.base import beijing
from fenhe.platform import clock, owner
from fenhe.platform.registry import door
from fenhe.platform.registry.queries import sites_on
from fenhe.platform.web import page

HOUR = beijing.HOUR
ROWS_SHOWN = 300


@page.view("registry.view")
def list_stations(request: HttpRequest) -> HttpResponse:
    """Answer the list of the stations a person may see, narrowed by ``q``."""
    wanted = request.GET.get("q", "").strip().casefold()
    today = beijing.day_of(clock.now() - HOUR)
    found = sites_on(door.visible_sites(request.user, "registry.view"), today)
    if wanted:
        found = [
            site
            for site in found
            if any(wanted in str(site[k]).casefold() for k in ("name", "code", "site", "city_name"))
        ]
    newest = _newest()
    rows = [
        {
            "site": site,
            "url": reverse("web:station", args=[site["site"]]),
            "newest": newest.get(site["site"], ""),
        }
        for site in found[:ROWS_SHOWN]
    ]
    said = ngettext("%(n)d station.", "%(n)d stations.", len(found)) % {"n": len(found)}
    context = {"rows": rows, "q": request.GET.get("q", ""), "sentence": said}
    return page.show(request, "web/stations.html", context, section="stations")


def _newest() -> dict[str, str]:
    """Return site -> label of its newest hour."""
    newest = owner.store().latest("1h").group_by("site").agg(pl.col("start").max())
    return {site: _label(start) for site, start in newest.iter_rows()}


def _label(start: datetime) -> str:
    return beijing.hour_label(start, start + HOUR)
