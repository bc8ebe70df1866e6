"""Firms: the list, and one with its outlets, their state, what arrived, alarms."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from fenhe.base.instants import utc_now
from fenhe.platform.notices import queries as alarms
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Organisation, Site
from fenhe.platform.web import alarmview, outletlist, outletwords, page

SECTION = "outlets"
ALARMS_SHOWN = 20


@page.view("monitoring.view")
@require_safe
def list_firms(request: HttpRequest) -> HttpResponse:
    """Answer the firms that have an outlet the person may see."""
    mine = Q(sites__in=_visible(request.user))
    found = Organisation.objects.filter(mine).select_related("region")
    counted = found.annotate(outlets=Count("sites", filter=mine, distinct=True)).order_by("code")
    rows = [
        {
            "code": one.code,
            "name": one.name,
            "url": outletlist.firm_url(one.code),
            "region": one.region.name if one.region else "",
            "outlets": one.outlets,
        }
        for one in counted.distinct()
    ]
    form = page.wanted_twin(request)
    if form:
        return page.twin(outletlist.firms_frame(rows), form, "fenhe-firms")
    context = {"rows": rows, "twins": page.twin_links(request, "")}
    return page.show(request, "web/firms.html", context, section=SECTION)


@page.view("monitoring.view")
@require_safe
def show_firm(request: HttpRequest, code: str) -> HttpResponse:
    """Answer one firm: its outlets, the state of each, what arrived, what stands as alarm."""
    firm = Organisation.objects.filter(code=code).select_related("region").first()
    sites = _visible(request.user).filter(organisation=firm)
    if firm is None or not sites.exists():
        raise Http404(code)
    at = utc_now()
    outlets = outletlist.of(sites, at)
    rows = sorted((outletlist.row(one, at) for one in outlets), key=lambda row: row["order"])
    form = page.wanted_twin(request)
    if form:
        return page.twin(outletlist.frame(rows), form, "fenhe-firm")
    context = {
        "firm": {"name": firm.name, "code": firm.code,
                 "region": firm.region.name if firm.region else ""},
        "rows": rows,
        "sentence": _("%(firm)s: %(said)s")
        % {"firm": firm.name, "said": outletlist.sentence(rows)},
        "simulated": any(row["simulated"] for row in rows),
        "alarms": _alarms(request.user, outlets),
        "may_alarms": bool(door.may_anywhere(request.user, "notices.view")),
        "twins": page.twin_links(request, ""),
        "at": outletwords.clock(at),
    }  # fmt: skip
    if page.is_fragment(request):
        return render(request, "web/parts/outlet_list.html", context)
    return page.show(request, "web/firm.html", context, section=SECTION)


def _visible(user: Any) -> QuerySet[Site]:
    return door.visible_sites(user, "monitoring.view", Site.Kind.OUTLET)


def _alarms(user: Any, outlets: list[outletlist.Outlet]) -> list[dict[str, Any]]:
    """Return the alarms that stand about the outlets and their devices, of those a person sees."""
    if not door.may_anywhere(user, "notices.view"):
        return []
    objects = {one.site.key for one in outlets} | {mn for one in outlets for mn in one.devices}
    standing = alarms.visible(user).filter(object__in=objects, closed_at__isnull=True)
    return [alarmview.row(one) for one in standing[:ALARMS_SHOWN]]
