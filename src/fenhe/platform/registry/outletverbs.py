"""What the command line asks about outlets, devices and marks: plain data in, plain data out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform import owner
from fenhe.platform.monitoring.frames import quantities, recent
from fenhe.platform.registry import listrows, marks, outletacts
from fenhe.platform.registry.models import (
    ALWAYS,
    END_OF_TIME,
    Channel,
    Device,
    PermitLimit,
    Site,
    SiteName,
)
from fenhe.platform.registry.queries import holding
from fenhe.platform.workflow.acts import Actor

Args = dict[str, Any]
Verb = Callable[[Args, Actor, Any], Any]


def import_outlets(args: Args, actor: Actor, _progress: Any) -> Any:
    """Take the lists of ``path``; returns rows read and what changed, by kind."""
    commit = owner.store().last_commit
    act = outletacts.ImportOutlets(Path(args["path"]), commit, args.get("source") or "")
    found = act.run(actor)
    return {"rows": dict(found.rows), "changed": dict(found.changed)}


def outlets(_args: Args, _actor: Actor, _progress: Any) -> Any:
    """Return the outlets with name, firm, medium, devices, channels and limits."""
    sites = Site.objects.filter(kind=Site.Kind.OUTLET).select_related("organisation", "outlet")
    names = holding(SiteName.objects.filter(site__in=sites), date.max, "name_zh")
    standing = {"withdrawn_commit__isnull": True}
    return [
        {
            "site": site.pk,
            "name": str(names.get(site.pk, (site.pk,))[0]),
            "firm": site.organisation.name_zh if site.organisation else "",
            "region": site.region_id,
            "medium": site.outlet.medium,
            "simulated": site.outlet.simulated,
            "devices": sorted(
                set(
                    Channel.objects.filter(site=site, **standing).values_list(
                        "device__mn", flat=True
                    )
                )
            ),
            "channels": Channel.objects.filter(site=site, **standing).count(),
            "limits": PermitLimit.objects.filter(site=site, **standing).count(),
        }
        for site in sites
    ]


def devices(_args: Args, _actor: Actor, _progress: Any) -> Any:
    """Return the devices, secrets masked, with the moment of their last frame in this process."""
    found = []
    for device in Device.objects.select_related("organisation"):
        last = next(iter(recent.of(device.mn, 1)), None)
        found.append(
            {**outletacts.plain(device), "last_frame": last.at.isoformat() if last else None}
        )
    return found


def add_device(args: Args, actor: Actor, _progress: Any) -> Any:
    """Register a device: ``mn``, ``firm`` and any of ``CHANGEABLE``, ``password``."""
    told = {name: args[name] for name in outletacts.CHANGEABLE if args.get(name) is not None}
    one = Device(mn=args["mn"], organisation=outletacts.firm(args["firm"]), **told)
    return outletacts.plain(outletacts.AddDevice(one, args.get("password") or "").run(actor))


def change_device(args: Args, actor: Actor, _progress: Any) -> Any:
    """Change the device ``mn``: any of ``CHANGEABLE``, ``password``."""
    told = {name: args[name] for name in outletacts.CHANGEABLE if args.get(name) is not None}
    device = outletacts.find(args["mn"])
    act = outletacts.ChangeDevice(device, told, args.get("password"), args.get("reason") or "")
    return outletacts.plain(act.run(actor))


def add_key(args: Args, actor: Actor, _progress: Any) -> Any:
    """Enter an SM4 ``key`` (hex) of the device ``mn``; returns its number."""
    key = outletacts.AddKey(outletacts.find(args["mn"]), args["key"]).run(actor)
    return {"mn": key.device.mn, "number": key.pk}


def keys(args: Args, _actor: Actor, _progress: Any) -> Any:
    """Return the keys of the device ``mn`` without the keys themselves."""
    return [
        {"number": key.pk, "valid": key.valid, "created_at": key.created_at.isoformat()}
        for key in outletacts.find(args["mn"]).keys.all()
    ]


def end_key(args: Args, actor: Actor, _progress: Any) -> Any:
    """End the key ``number`` of the device ``mn``."""
    act = outletacts.EndKey(
        outletacts.find(args["mn"]), int(args["number"]), args.get("reason", "")
    )
    return {"mn": args["mn"], "number": act.run(actor).pk}


def channels(args: Args, _actor: Actor, _progress: Any) -> Any:
    """Return the standing channels of the device ``mn``, with the unit each is kept in."""
    rows = outletacts.standing(outletacts.find(args["mn"])).select_related("device")
    return [
        {**outletacts.plain_channel(one), "kept_in": quantities.unit_of(one.item)} for one in rows
    ]


def map_channel(args: Args, actor: Actor, _progress: Any) -> Any:
    """Map ``code`` of the device ``mn`` to ``outlet`` and ``item``."""
    act = outletacts.MapChannel(
        outletacts.find(args["mn"]),
        args["code"],
        _outlet(args["outlet"]),
        args.get("item") or "",
        args.get("st") or "",
        args.get("unit") or "",
        args.get("unit_sum") or "",
        _day(args.get("since"), ALWAYS),
        _day(args.get("until"), END_OF_TIME),
        owner.store().last_commit,
        args.get("reason") or "",
    )
    return outletacts.plain_channel(act.run(actor))


def end_channel(args: Args, actor: Actor, _progress: Any) -> Any:
    """Withdraw the channel ``code`` of the device ``mn``."""
    act = outletacts.EndChannel(
        outletacts.find(args["mn"]),
        args["code"],
        args.get("st") or "",
        owner.store().last_commit,
        args.get("reason") or "",
    )
    return {"withdrawn": act.run(actor)}


def _outlet(text: str) -> Site:
    key = listrows.site_key(text)
    found = Site.objects.filter(pk=key, kind=Site.Kind.OUTLET).first()
    if found is None:
        raise BadInput(f"there is no outlet '{key}'; 'fenhe outlets list' shows them")
    return found


def _day(text: str | None, default: date) -> date:
    try:
        return date.fromisoformat(text) if text else default
    except ValueError:
        raise BadInput(f"'{text}' is not a day; write 2026-03-01") from None


def _moment(text: str) -> datetime:
    return beijing.to_utc(beijing.parse_label(text))


def submit_mark(args: Args, actor: Actor, _progress: Any) -> Any:
    """File a mark of ``outlet``: ``kind``, ``code``, ``start`` and ``end`` (Beijing) and more."""
    former = marks.find(int(args["former"])) if args.get("former") else None
    act = marks.SubmitMark(
        _outlet(args["outlet"]),
        args["kind"],
        args["code"],
        _moment(args["start"]),
        _moment(args["end"]),
        tuple(args.get("items") or ()),
        args.get("reason") or "",
        bool(args.get("planned")),
        attachments=[_kept(Path(one)) for one in args.get("attachments") or ()],
        former=former,
        commit=owner.store().last_commit,
    )
    return marks.plain(act.run(actor))


def _kept(path: Path) -> dict[str, Any]:
    raw = owner.store().raw.keep(path)
    return {"name": raw.name, "sha256": raw.sha256, "size": raw.size}


def withdraw_mark(args: Args, actor: Actor, _progress: Any) -> Any:
    """Withdraw the mark ``mark`` for a ``reason``."""
    commit = owner.store().last_commit
    act = marks.WithdrawMark(marks.find(int(args["mark"])), args.get("reason") or "", commit)
    return marks.plain(act.run(actor))


def list_marks(args: Args, _actor: Actor, _progress: Any) -> Any:
    """Return the marks of ``outlet``, those that stand or as of a commit."""
    found = marks.standing(_outlet(args["outlet"]), as_of=args.get("as_of"))
    return [marks.plain(one) for one in found]


VERBS: dict[str, Verb] = {
    "import_outlets": import_outlets,
    "outlets": outlets,
    "devices": devices,
    "add_device": add_device,
    "change_device": change_device,
    "add_key": add_key,
    "device_keys": keys,
    "end_key": end_key,
    "channels": channels,
    "map_channel": map_channel,
    "end_channel": end_channel,
    "submit_mark": submit_mark,
    "withdraw_mark": withdraw_mark,
    "marks": list_marks,
}
