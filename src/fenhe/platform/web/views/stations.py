"""The list of stations, found by name or code."""

from __future__ import annotations

from datetime import datetime

import polars as pl
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import ngettext

from fenhe.base import beijing
from fenhe.platform import clock, owner
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Region, SiteCode, SiteName
from fenhe.platform.registry.queries import sites_on
from fenhe.platform.web import page

HOUR = beijing.HOUR
ROWS_SHOWN = 300


@page.view("registry.view")
def list_stations(request: HttpRequest) -> HttpResponse:
    """Answer the list of the stations a person may see, narrowed by ``q``."""
    wanted = request.GET.get("q", "").strip()
    today = beijing.day_of(clock.now() - HOUR)
    visible = door.visible_sites(request.user, "registry.view")
    found = sites_on(visible.filter(_fits(wanted)) if wanted else visible, today)
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


def _fits(text: str) -> Q:
    """Return the condition that a station's names, codes, key or places hold a text."""
    condition = Q(pk__icontains=text)
    condition |= Q(pk__in=SiteCode.objects.filter(code__icontains=text).values("site"))
    for field in ("name_zh", "name_en"):
        named = {f"{field}__icontains": text}
        condition |= Q(pk__in=SiteName.objects.filter(**named).values("site"))
        regions = Region.objects.filter(**named).values_list("path", flat=True)[:50]
        for path in regions:
            condition |= Q(region__path__startswith=path)
    return condition


def _newest() -> dict[str, str]:
    """Return site -> label of its newest hour."""
    newest = owner.store().latest("1h").group_by("site").agg(pl.col("start").max())
    return {site: _label(start) for site, start in newest.iter_rows()}


def _label(start: datetime) -> str:
    return beijing.hour_label(start, start + HOUR)
