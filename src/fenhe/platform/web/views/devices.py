"""One device: how it stands, what it told of itself, commands and their end, its keys."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from fenhe.base.errors import BadInput
from fenhe.base.instants import utc_now
from fenhe.platform.gateway import acts, catalogue, live
from fenhe.platform.gateway.models import Command
from fenhe.platform.monitoring.frames import recent
from fenhe.platform.registry import door
from fenhe.platform.registry.dated import known
from fenhe.platform.registry.devices import folded
from fenhe.platform.registry.models import Channel, Device, DeviceKey, Site
from fenhe.platform.web import (
    deviceview,
    liveview,
    outletlist,
    outletview,
    outletwords,
    page,
)
from fenhe.platform.workflow.acts import web_actor

SECTION = "live"
COMMANDS_SHOWN = 50
PACKETS_SHOWN = 30


@page.view("gateway.view")
@require_safe
def show_device(request: HttpRequest, mn: str) -> HttpResponse:
    """Answer one device; its moving part alone when asked for a fragment; tables as twins."""
    device, sites = _seen(request, mn)
    return _page(request, device, sites)


def _page(
    request: HttpRequest,
    device: Device,
    sites: list[Site],
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    found = Command.objects.filter(mn=device.mn)[:COMMANDS_SHOWN]
    commands = [deviceview.command_row(one) for one in found]
    form = page.wanted_twin(request)
    if form:
        return _twin(request, device, commands, form)
    context = _now(request, device, sites, commands)
    if page.is_fragment(request):
        return render(request, "web/parts/device_now.html", context)
    edition = device.edition or context["row"]["edition"]
    context |= {
        "device": {
            "mn": device.mn,
            "name": device.name,
            "firm": device.organisation.name if device.organisation else "",
            "firm_url": outletlist.firm_url(device.organisation.code)
            if device.organisation else "",
            "edition": device.get_edition_display() if device.edition else "",
            "model": device.model,
            "minutes": device.minutes,
            "password": device.password is not None,
        },
        "parameters": outletview.parameter_rows([device.mn]),
        "channels": _channels(device),
        "frame_key": sites[0].pk if sites else "",
        "keys": _keys(device),
        "forms": deviceview.forms(edition, utc_now()),
        "items": _items(device),
        "error": error,
        "given": request.POST,
    }  # fmt: skip
    return page.show(request, "web/device.html", context, section=SECTION, status=status)


def _now(
    request: HttpRequest, device: Device, sites: list[Site], commands: list[dict[str, Any]]
) -> dict[str, Any]:
    at, state = utc_now(), live.state(connections=False)
    names = outletlist.called([site.pk for site in sites])
    told = {
        "mn": device.mn,
        "simulated": device.simulated,
        "enabled": device.enabled,
        "outlets": [
            {"name": names.get(site.pk, site.pk), "url": outletlist.outlet_url(site.pk)}
            for site in sites
        ],
    }
    (row,) = liveview.device_rows({folded(device.mn): told}, state, at)
    url = outletview.frame_url(sites[0].pk) if sites else None
    own = outletlist.device_url(device.mn)
    return {
        "row": row,
        "mn": device.mn,
        "running": state["running"],
        "commands": [
            {**one, "own": one["asked_by"] == request.user.get_username()} for one in commands
        ],
        "packets": [
            deviceview.packet_row(one, url or (lambda _sha, _row: ""))
            for one in recent.of(device.mn, PACKETS_SHOWN)
        ],
        "may": _may(request.user, sites),
        "at": outletwords.clock(at),
        "own_url": own,
        "twins": {
            name: {form: f"{own}?table={name}&format={form}" for form in page.TWINS}
            for name in ("commands", "parameters", "channels", "packets")
        },
    }


def _may(user: Any, sites: list[Site]) -> dict[str, bool]:
    """Return which acts a person may do on a device: on all its outlets, as the acts ask."""
    wanted = {
        "ask": "gateway.command",
        "change": "gateway.command_change",
        "rotate": "gateway.rotate_key",
        "approve": "gateway.approve_command",
        "withdraw": "gateway.withdraw_command",
    }
    targets: list[door.Target] = [*sites] or [None]
    return {
        name: all(door.may(user, act, target) for target in targets) for name, act in wanted.items()
    }


def _twin(
    request: HttpRequest, device: Device, commands: list[dict[str, Any]], form: str
) -> HttpResponse:
    table = request.GET.get("table", "commands")
    made = {
        "commands": lambda: deviceview.commands_frame(commands),
        "parameters": lambda: deviceview.parameters_frame(outletview.parameter_rows([device.mn])),
        "channels": lambda: outletview.channels_frame(_channels(device)),
        "packets": lambda: deviceview.packets_frame(
            [deviceview.packet_row(one, lambda _s, _r: "") for one in recent.of(device.mn)]
        ),
    }
    if table not in made:
        raise BadInput(f"a device has no table '{table}'")
    told = outletlist.marked(made[table](), device.simulated)
    return page.twin(told, form, f"fenhe-device-{table}")


def _seen(request: HttpRequest, mn: str) -> tuple[Device, list[Site]]:
    """Return a device and its outlets. 404 without one; 403 unless all outlets may be seen."""
    device = Device.objects.filter(mn__iexact=mn.strip()).select_related("organisation").first()
    if device is None:
        raise Http404(mn)
    sites = Site.objects.filter(
        channels__device=device, channels__withdrawn_commit__isnull=True
    ).distinct()
    found = list(sites.select_related("region", "organisation").order_by("key"))
    targets: list[door.Target] = [*found] or [None]
    for target in targets:
        door.ask(request.user, "gateway.view", target)
    return device, found


def _channels(device: Device) -> list[dict[str, Any]]:
    rows = Channel.objects.filter(known(), device=device)
    keys = rows.order_by("site_id").values_list("site_id", flat=True).distinct()
    names = outletlist.called(keys)
    return [
        {**one, "site": key, "site_name": names.get(key, key), "url": outletlist.outlet_url(key)}
        for key in keys
        for one in outletview.channel_rows(key)
        if one["mn"] == device.mn
    ]


def _keys(device: Device) -> list[dict[str, Any]]:
    """Return the keys without the keys themselves."""
    return [
        {
            "number": one.pk,
            "valid": one.valid,
            "made": one.made_at,
            "created": outletwords.clock(one.created_at),
            "ended": outletwords.clock(one.ended_at),
        }
        for one in DeviceKey.objects.filter(device=device).defer("key")
    ]


def _items(device: Device) -> list[dict[str, str]]:
    codes = Channel.objects.filter(known(), device=device).order_by("code")
    pairs = dict(codes.values_list("code", "item"))
    return [{"code": code, "label": outletwords.item_label(item)} for code, item in pairs.items()]


@page.view("gateway.command")
@require_POST
def send(request: HttpRequest, mn: str) -> HttpResponse:
    """Enter a command of a form; the act asks the door for the right it needs."""
    device, sites = _seen(request, mn)
    cn = str(request.POST.get("cn", ""))
    reason = str(request.POST.get("reason", ""))[:500]
    try:
        fields = deviceview.fields_of(cn, request.POST.dict())
        command = acts.act_for(device.mn, cn, fields, reason).run(web_actor(request))
    except BadInput as error:
        return _page(request, device, sites, str(error), 400)
    live.look_now()
    said = _("Command %(n)d, %(name)s: %(state)s.") % {
        "n": command.pk,
        "name": deviceview.command_name(command.cn),
        "state": command.get_state_display(),
    }
    messages.success(request, said, extra_tags="done")
    return redirect(f"{outletlist.device_url(device.mn)}#commands")


@page.view("gateway.rotate_key")
@require_POST
def rotate(request: HttpRequest, mn: str) -> HttpResponse:
    """Ask for a new key; a second person must approve it."""
    device, sites = _seen(request, mn)
    reason = str(request.POST.get("reason", ""))[:500]
    try:
        command = acts.act_for(device.mn, catalogue.NEW_KEY, (), reason).run(web_actor(request))
    except BadInput as error:
        return _page(request, device, sites, str(error), 400)
    said = _("Command %(n)d asks for a new key; somebody else must approve it.")
    messages.success(request, said % {"n": command.pk}, extra_tags="done")
    return redirect(f"{outletlist.device_url(device.mn)}#commands")


@page.view("gateway.approve_command")
@require_POST
def approve(request: HttpRequest, number: int) -> HttpResponse:
    """Approve a command somebody else asked for."""
    return _decide(request, number, acts.ApproveCommand, _("Command %(n)d is approved."))


@page.view("gateway.withdraw_command")
@require_POST
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """Take back a command that was not sent yet."""
    return _decide(request, number, acts.Decide, _("Command %(n)d is withdrawn."))


def _decide(request: HttpRequest, number: int, act: type[acts.Decide], said: str) -> HttpResponse:
    command = Command.objects.filter(pk=number).first()
    if command is None:
        raise Http404(str(number))
    device, sites = _seen(request, command.mn)
    try:
        act(command, str(request.POST.get("reason", ""))[:500]).run(web_actor(request))
    except BadInput as error:
        return _page(request, device, sites, str(error), 400)
    live.look_now()
    messages.success(request, said % {"n": number}, extra_tags="done")
    return redirect(f"{outletlist.device_url(device.mn)}#commands")
