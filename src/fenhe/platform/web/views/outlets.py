"""Outlets: the list, and one from what stands now down to the bytes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from fenhe.base.instants import utc_now
from fenhe.platform import owner
from fenhe.platform.monitoring.frames import evidence
from fenhe.platform.registry import door
from fenhe.platform.registry.dated import known
from fenhe.platform.registry.models import Channel, Site
from fenhe.platform.web import (
    deviceview,
    outletlist,
    outletseries,
    outletview,
    outletwords,
    page,
)
from fenhe.platform.web.outletlist import Outlet

SECTION = "outlets"
HOURS_SHOWN = 24
INSIDE = "monitoring.annotate"  # who sees bytes, parameters and commands: no visitor


def outlet_of(request: HttpRequest, key: str, **_kwargs: Any) -> Site:
    """Return the outlet an address names; 404 without one."""
    found = Site.objects.filter(kind=Site.Kind.OUTLET, pk=key)
    site = found.select_related("region", "organisation", "outlet").first()
    if site is None:
        raise Http404(key)
    return site


@page.view("monitoring.view")
@require_safe
def list_outlets(request: HttpRequest) -> HttpResponse:
    """Answer the outlets a person may see, those that need a look first."""
    at = utc_now()
    sites = door.visible_sites(request.user, "monitoring.view", Site.Kind.OUTLET)
    rows = [outletlist.row(one, at) for one in outletlist.of(sites, at)]
    rows.sort(key=lambda row: row["order"])
    form = page.wanted_twin(request)
    if form:
        return page.twin(outletlist.frame(rows), form, "fenhe-outlets")
    context = {
        "rows": rows,
        "sentence": outletlist.sentence(rows),
        "simulated": any(row["simulated"] for row in rows),
        "at": outletwords.clock(at),
        "twins": page.twin_links(request, ""),
        "with_firm": True,
    }
    if page.is_fragment(request):
        return render(request, "web/parts/outlet_list.html", context)
    return page.show(request, "web/outlets.html", context, section=SECTION)


@page.view("monitoring.view", target=outlet_of)
@require_safe
def show_outlet(request: HttpRequest, key: str) -> HttpResponse:
    """Answer one outlet; its moving part alone when asked for a fragment; tables as twins."""
    at = utc_now()
    one = _outlet(key, at)
    inside = bool(door.may(request.user, INSIDE, one.site))
    form = page.wanted_twin(request)
    if form:
        return _twin(request, one, at, form, inside)
    context = _now(request, one, at, inside)
    if page.is_fragment(request):
        part = "hours" if request.GET.get("part") == "hours" else "now"
        return render(request, f"web/parts/outlet_{part}.html", context)
    context |= _standing(request, one, at, inside)
    return page.show(request, "web/outlet.html", context, section=SECTION)


def _outlet(key: str, at: datetime) -> Outlet:
    found = outletlist.of(Site.objects.filter(pk=key), at, counted=False)
    if not found:
        raise Http404(key)
    return found[0]


def _now(request: HttpRequest, one: Outlet, at: datetime, inside: bool) -> dict[str, Any]:
    """Return what moves: the sentence, newest values, the last hours, commands, packets."""
    key = one.site.key
    span = outletseries.read(key, "hour", at)
    verdicts = outletseries.verdicts_of(span, span.items)
    cells = outletseries.hours(span, verdicts)
    items = sorted(span.items, key=lambda item: (item not in one.limits, item))
    url = outletview.frame_url(key) if inside else None
    return {
        "outlet": outletlist.row(one, at, verdicts),
        "sentence": outletview.sentence(one, verdicts, at),
        "judged": bool(verdicts),
        "now_rows": outletview.now_rows(one, at),
        "heads": [_head(one, item) for item in items],
        "hours": outletseries.hour_rows(
            span, cells, items, one.limits, frame_url=url, most=HOURS_SHOWN
        ),
        "inside": inside,
        "packets": outletview.packet_rows(key, one.devices) if inside else [],
        "commands": outletview.command_rows(one.devices) if inside else [],
        "at": outletwords.clock(at),
        "twins": _twins(request),
    }


def _head(one: Outlet, item: str) -> dict[str, str]:
    limit = one.limits.get(item)
    return {
        "label": outletwords.item_label(item),
        "name": outletwords.item_name(item),
        "unit": outletwords.unit_of(item),
        "limit": outletlist.limit_text(limit) if limit else "",
    }


def _standing(request: HttpRequest, one: Outlet, at: datetime, inside: bool) -> dict[str, Any]:
    """Return what does not move by itself: the chart's first data, limits, facts, marks …"""
    key = one.site.key
    step = _step(request)
    span = outletseries.read(key, step, at)
    return {
        "chart": outletseries.chart(span, one.limits, one.name, one.simulated),
        "step": step,
        "limits": outletview.limit_rows(key),
        "facts": outletview.fact_rows(one.site, at),
        "marks": outletview.mark_rows(key, at),
        "channels": outletview.channel_rows(key),
        "parameters": outletview.parameter_rows(one.devices) if inside else [],
        "may_devices": bool(door.may(request.user, "gateway.view", one.site)),
    }


def _step(request: HttpRequest) -> str:
    step = request.GET.get("step", "hour")
    return step if step in outletseries.SPANS else "hour"


def _twins(request: HttpRequest) -> dict[str, Mapping[str, str]]:
    names = ("values", "limits", "marks", "channels", "parameters", "commands", "packets")
    found: dict[str, Mapping[str, str]] = {
        name: page.twin_links(request, f"table={name}") for name in names
    }
    found["values"] = page.twin_links(request, f"table=values&step={_step(request)}")
    return found


def _twin(request: HttpRequest, one: Outlet, at: datetime, form: str, inside: bool) -> HttpResponse:
    key, table = one.site.key, request.GET.get("table", "values")
    name = f"fenhe-{key.replace(':', '-')}-{table}"
    public: dict[str, Any] = {
        "limits": lambda: outletview.limits_frame(outletview.limit_rows(key)),
        "marks": lambda: outletview.marks_frame(outletview.mark_rows(key, at)),
        "channels": lambda: outletview.channels_frame(outletview.channel_rows(key)),
    }
    within: dict[str, Any] = {
        "parameters": lambda: deviceview.parameters_frame(outletview.parameter_rows(one.devices)),
        "commands": lambda: deviceview.commands_frame(outletview.command_rows(one.devices)),
        "packets": lambda: deviceview.packets_frame(outletview.packet_rows(key, one.devices)),
    }
    known_tables = {**public, **(within if inside else {})}
    if table in known_tables:
        told = known_tables[table]()
        return page.twin(outletlist.marked(told, one.simulated), form, name)
    span = outletseries.read(key, _step(request), at)
    verdicts = outletseries.verdicts_of(span, span.items) if span.step == "hour" else {}
    cells = outletseries.hours(span, verdicts)
    told = outletseries.table(span, cells, one.limits, one.simulated)
    return page.twin(told, form, f"{name}-{span.step}")


@page.view("monitoring.view", target=outlet_of)
@require_safe
def chart(request: HttpRequest, key: str) -> HttpResponse:
    """Answer the chart's data; 204 when it is still as the page has it (``seen``)."""
    at = utc_now()
    one = _outlet(key, at)
    span = outletseries.read(key, _step(request), at)
    told = outletseries.chart(span, one.limits, one.name, one.simulated)
    if told["version"] == request.GET.get("seen"):
        return HttpResponse(status=204)
    response = JsonResponse(told, json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "private, no-store"
    return response


@page.view(INSIDE, target=outlet_of)
@require_safe
def show_frame(request: HttpRequest, key: str, sha256: str, row: int) -> HttpResponse:
    """Answer one received frame of an outlet's device: bytes, fields, what became of each."""
    found = evidence.frame_of(sha256, row)
    channels = Channel.objects.filter(known(), device__mn=found["device"] or "")
    sites = {one.site for one in channels.select_related("site__region", "site__outlet")}
    if key not in {site.pk for site in sites}:
        raise Http404(f"{sha256}/{row}")
    for site in sites:
        door.ask(request.user, INSIDE, site)
    if page.wanted_twin(request) == "json":
        return JsonResponse(found, json_dumps_params={"ensure_ascii": False, "default": str})
    context = {
        "frame_": deviceview.frame_facts(found, _payload(sha256, row)),
        "key": key,
        "name": outletlist.called([key]).get(key, key),
        "simulated": any(site.outlet.simulated for site in sites if hasattr(site, "outlet")),
        "json_url": f"{request.path}?format=json",
    }
    if page.is_fragment(request):
        return render(request, "web/parts/frame.html", context)
    return page.show(request, "web/frame.html", context, section=SECTION)


def _payload(sha256: str, row: int) -> bytes:
    streams = owner.store().streams
    segment = streams.find(sha256)
    if segment is None:
        raise Http404(sha256)
    entries = streams.shelf(segment.gateway).read(sha256, row - 1, row)
    return next(iter(entries)).payload
