"""The live board: connections and feeds as they stand this moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from fenhe.base.instants import utc_now
from fenhe.platform import owner
from fenhe.platform.gateway import live
from fenhe.platform.monitoring import sources
from fenhe.platform.registry import door
from fenhe.platform.registry.dated import known
from fenhe.platform.registry.devices import folded
from fenhe.platform.registry.models import Channel, Device, Site
from fenhe.platform.web import feedview, liveview, outletlist, outletwords, page

SECTION = "live"
HOURS_SHOWN = 24  # of receipts


@page.view("gateway.view")
@require_safe
def show_live(request: HttpRequest) -> HttpResponse:
    """Answer the board, its moving part when asked for a fragment, or a table as a twin."""
    whole = bool(door.may(request.user, "gateway.view"))
    at, state = utc_now(), live.state(connections=whole)
    rows = liveview.device_rows(devices(request.user, whole), state, at)
    refused = liveview.refused_rows(state, at) if whole else []
    links = liveview.connection_rows(state, at) if whole else []
    form = page.wanted_twin(request)
    if form:
        return page.twin(_twin(request, rows, refused, links), form, "fenhe-live")
    board = liveview.facts(state, at)
    context = {
        "board": board,
        "totals": liveview.totals(state),
        "sentence": liveview.sentence(board, rows),
        "rows": rows,
        "refused": refused,
        "connections": links,
        "feeds": [feedview.source_row(one) for one in sources.status()] if whole else [],
        "receipts": liveview.receipt_rows(owner.store().frame_receipts(), HOURS_SHOWN)
        if whole else [],
        "whole": whole,
        "simulated": any(row["simulated"] for row in rows),
        "at": outletwords.clock(at),
        "twins": {
            name: page.twin_links(request, f"table={name}")
            for name in ("devices", "refused", "connections", "receipts")
        },
    }  # fmt: skip
    if page.is_fragment(request):
        return render(request, "web/parts/live_board.html", context)
    return page.show(request, "web/live.html", context, section=SECTION)


def _twin(request: HttpRequest, rows: Any, refused: Any, links: Any) -> pl.DataFrame:
    table = request.GET.get("table", "devices")
    if table == "refused":
        return liveview.refused_frame(refused)
    if table == "connections":
        return liveview.connections_frame(links)
    if table == "receipts" and door.may(request.user, "gateway.view"):
        return owner.store().frame_receipts()
    return liveview.devices_frame(rows)


def devices(user: Any, whole: bool) -> dict[str, Mapping[str, Any]]:
    """Return the devices a person may see, by folded MN, with their outlets. Three queries.

    A device is seen where all its outlets are; one without outlets by who sees all.
    """
    sites = door.visible_sites(user, "gateway.view", Site.Kind.OUTLET)
    seen = set(sites.values_list("pk", flat=True))
    pairs: dict[int, list[str]] = {}
    standing = Channel.objects.filter(known()).order_by("site_id")
    for device, site in standing.values_list("device_id", "site_id").distinct():
        pairs.setdefault(device, []).append(site)
    names = outletlist.called(seen)
    found: dict[str, Mapping[str, Any]] = {}
    for one in Device.objects.all():
        mine = pairs.get(one.pk, [])
        if not (whole or (mine and all(site in seen for site in mine))):
            continue
        found[folded(one.mn)] = {
            "mn": one.mn,
            "simulated": one.simulated,
            "enabled": one.enabled,
            "outlets": [
                {"name": names.get(site, site), "url": outletlist.outlet_url(site)} for site in mine
            ],
        }
    return found
