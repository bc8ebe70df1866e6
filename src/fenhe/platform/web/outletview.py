"""One outlet as its page shows it: the sentence, values, limits, facts, devices, packets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from django.urls import reverse
from django.utils.translation import gettext as _

from fenhe.base import beijing
from fenhe.base.instants import naive_utc
from fenhe.platform.gateway.models import Command
from fenhe.platform.monitoring.frames import recent
from fenhe.platform.registry.dated import known
from fenhe.platform.registry.marks import standing
from fenhe.platform.registry.models import (
    ALWAYS,
    END_OF_TIME,
    Channel,
    DeviceParameter,
    PermitLimit,
    Site,
)
from fenhe.platform.web import deviceview, outletlist, outletwords, words
from fenhe.platform.web.outletlist import Limit, Outlet

MARKS_BACK = timedelta(days=30)
PACKETS, COMMANDS, PARAMETERS = 15, 10, 400
SAID_AT_MOST = 4  # items the sentence names


def sentence(one: Outlet, verdicts: Mapping[Any, Any], at: datetime) -> str:
    """Say what stands now: the last hour against its limits, the condition, how fresh."""
    name = one.name + (_(" (simulated)") if one.simulated else "")
    newest = one.newest
    if newest is None:
        return _("%(name)s: no data yet.") % {"name": name}
    fresh = _("newest data %(age)s") % {"age": outletwords.ago(newest, at)}
    if at - newest > outletlist.SILENT_AFTER:
        fresh = _("no data since %(time)s") % {"time": outletwords.clock(newest, seconds=False)}
    condition = outletlist.condition_text(one.marks)
    told = _("marked: %(condition)s") % {"condition": condition} if condition else ""
    parts = [part for part in (_hour(one, verdicts), told, fresh) if part]
    return _("%(name)s: %(parts)s.") % {"name": name, "parts": _("; ").join(parts)}


def _hour(one: Outlet, verdicts: Mapping[Any, Any]) -> str:
    """Say how the last hour of the limited items stands to their limits."""
    judged = one.judged()
    if not judged:
        return ""
    newest = max(value["start"] for value, _limit, _passed in judged.values())
    span = outletwords.span_text(newest, newest + outletwords.HOUR)
    told: dict[str, list[str]] = {}
    for value, limit, passed in judged.values():
        if value["start"] == newest:
            state = outletlist.hour_state(value, passed, verdicts)
            told.setdefault(state, []).append(_against(value, limit))
    over, within = told.pop("over", []), told.pop("within", [])
    parts = [_("%(items)s above the limit") % {"items": words.joined(over)}] if over else []
    if within:
        parts.append(_within(within, short=bool(over)))
    for state, items in told.items():  # exempt, stopped, not valid
        parts.append(f"{words.joined(items)} {outletwords.verdict_text(state)}")
    return f"{span} {words.joined(parts)}"


def _within(items: list[str], *, short: bool) -> str:
    if short:
        return _("%(n)d within") % {"n": len(items)}
    shown = words.joined(items[:SAID_AT_MOST])
    more = len(items) - SAID_AT_MOST
    if more > 0:
        shown = _("%(items)s and %(n)d more") % {"items": shown, "n": more}
    return _("%(items)s within the limits") % {"items": shown}


def _against(value: Mapping[str, Any], limit: Limit) -> str:
    return _("%(item)s %(value)s of %(limit)s %(unit)s") % {
        "item": outletwords.item_label(value["item"]),
        "value": outletwords.number(value["value"], value["decimals"]),
        "limit": outletlist.limit_text(limit),
        "unit": limit.unit,
    }


def now_rows(one: Outlet, at: datetime, frame_url: Any = None) -> list[dict[str, Any]]:
    """Return the newest value of every item: the instant, the minutes, the hour, converted."""
    items = sorted({item for item, _statistic in one.latest})
    rows = []
    for item in sorted(items, key=lambda code: (code not in one.limits, code)):
        mine = {stat: row for (code, stat), row in one.latest.items() if code == item}
        minutes = [row for stat, row in mine.items() if outletlist.is_minutes(stat)]
        newest = max(mine.values(), key=lambda row: row["end"])
        limit = one.limits.get(item)
        rows.append(
            {
                "item": item,
                "label": outletwords.item_label(item),
                "name": outletwords.item_name(item),
                "unit": outletwords.unit_of(item),
                "live": _text(mine.get("rtd")),
                "minute": _text(max(minutes, key=lambda row: row["end"], default=None)),
                "hour": _text(mine.get("1h")),
                "converted": _text(mine.get("1h.zs")),
                "limit": outletlist.limit_text(limit) if limit else "",
                "passed": item in one.judged() and one.judged()[item][2],
                "age": outletwords.ago(newest["end"], at),
                "at": outletwords.clock(newest["end"]),
            }
        )
    return rows


def _text(row: Mapping[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {"text": "—", "void": False}
    text = outletwords.number(row["value"], row["decimals"])
    return {"text": text, "void": row["quality"] >= outletlist.VOID}


def limit_rows(key: str) -> list[dict[str, Any]]:
    """Return the permit limits of an outlet that stand, those of the past too."""
    rows = PermitLimit.objects.filter(known(), site=key).order_by("item", "averaging", "valid_from")
    return [
        {
            "item": one.item,
            "label": outletwords.item_label(one.item),
            "name": outletwords.item_name(one.item),
            "quantity": one.get_quantity_display(),
            "averaging": outletwords.averaging_text(one.averaging),
            "limit": f"{one.limit:f}" if one.low is None else f"{one.low:f}–{one.limit:f}",
            "unit": outletwords.unit_text(one.unit),
            "o2": "" if one.reference_o2 is None else f"{one.reference_o2:f}",
            **_days(one),
            "document": one.document,
            "source": one.source,
        }
        for one in rows
    ]


def _days(fact: Any) -> dict[str, str]:
    return {
        "from": "" if fact.valid_from == ALWAYS else fact.valid_from.isoformat(),
        "to": "" if fact.valid_to == END_OF_TIME else fact.valid_to.isoformat(),
    }


def fact_rows(site: Site, at: datetime) -> list[tuple[str, str]]:
    """Return what is known of an outlet today, as name and text; what is not known is left out."""
    outlet = site.outlet
    told: list[tuple[str, Any]] = [
        (_("Number in the permit"), outlet.number),
        (_("Permit"), outlet.permit),
        (_("Medium"), outletwords.medium_text(outlet.medium)),
    ]
    fact = outlet.fact_on(beijing.day_of(at))
    if fact is not None:
        load = "" if fact.rated_load is None else f"{fact.rated_load:f} {fact.rated_unit}"
        told += [
            (_("Sector"), fact.sector),
            (_("Comes from"), fact.source_type),
            (_("Way of discharge"), fact.discharge),
            (_("Receiver"), fact.receiver),
            (_("Reference O₂ (%)"), fact.reference_o2),
            (_("Excess air"), fact.excess_air),
            (_("Stack area (m²)"), fact.stack_area),
            (_("Stack height (m)"), fact.stack_height),
            (_("Velocity factor"), fact.velocity_factor),
            (_("Rated load"), load),
            (_("Source"), fact.source),
        ]
    return [(name, str(text)) for name, text in told if text not in (None, "")]


def mark_rows(key: str, at: datetime) -> list[dict[str, Any]]:
    """Return the marks of the last days and those to come, newest first."""
    found = standing(key, at - MARKS_BACK, None)
    rows = [
        {
            "name": outletwords.mark_name(one.kind, one.code),
            "kind": one.get_kind_display(),
            "span": outletwords.span_text(naive_utc(one.start), naive_utc(one.end)),
            "items": words.joined(outletwords.item_label(item) for item in one.items)
            or _("all items"),
            "reason": one.reason,
            "planned": one.planned,
            "submitter": one.submitter,
            "submitted": outletwords.clock(one.submitted_at, seconds=False),
            "channel": one.get_channel_display(),
            "findings": words.joined(_finding(one) for one in one.findings),
            "stands": naive_utc(one.start) <= at < naive_utc(one.end),
        }
        for one in found
    ]
    return rows[::-1]


def _finding(one: Mapping[str, Any]) -> str:
    told = {
        "late": _("filed too late"),
        "not_prompt": _("filed more than six hours after"),
        "ahead": _("filed before it began, not planned"),
        "overlap": _("overlaps another of its kind"),
        "contradiction": _("contradicts another"),
    }
    return told.get(str(one.get("code")), str(one.get("code")))


def channel_rows(key: str) -> list[dict[str, Any]]:
    """Return what the codes on the wire stand for at an outlet."""
    rows = Channel.objects.filter(known(), site=key).select_related("device")
    return [
        {
            "mn": one.device.mn,
            "url": outletlist.device_url(one.device.mn),
            "st": one.st,
            "code": one.code,
            "item": one.item,
            "label": outletwords.item_label(one.item),
            "unit": outletwords.unit_text(one.unit),
            "kept": outletwords.unit_of(one.item),
            **_days(one),
        }
        for one in rows
    ]


def parameter_rows(mns: Sequence[str]) -> list[dict[str, Any]]:
    """Return the parameters and states of devices as they told them last, with the value before."""
    told = DeviceParameter.objects.filter(device__mn__in=mns).select_related("device")
    found: dict[tuple[Any, ...], list[DeviceParameter]] = {}
    for one in told.order_by("-since", "-id")[:PARAMETERS]:
        found.setdefault((one.device.mn, one.of, one.kind, one.name), []).append(one)
    return [deviceview.parameter_row(rows) for _key, rows in sorted(found.items())]


def packet_rows(key: str, mns: Iterable[str]) -> list[dict[str, Any]]:
    """Return the last frames of the outlet's devices, newest first."""
    seen = [one for mn in mns for one in recent.of(mn, PACKETS)]
    seen.sort(key=lambda one: (one.at, one.raw_row), reverse=True)
    return [deviceview.packet_row(one, frame_url(key)) for one in seen[:PACKETS]]


def frame_url(key: str) -> Any:
    """Return what makes the address of a frame of an outlet from segment and row."""

    def made(sha256: str, row: int) -> str:
        return reverse("web:outlet_frame", args=[key, sha256, row])

    return made


def command_rows(mns: Sequence[str]) -> list[dict[str, Any]]:
    """Return the last commands of the outlet's devices, newest first."""
    found = Command.objects.filter(mn__in=mns)[:COMMANDS]
    return [deviceview.command_row(one) for one in found]


def limits_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return permit limits as a table."""
    names = ("item", "name", "quantity", "averaging", "limit", "unit", "o2", "from", "to",
             "document", "source")  # fmt: skip
    return _frame(rows, names)


def marks_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return marks as a table; times in Beijing."""
    names = ("name", "kind", "span", "items", "reason", "planned", "submitter", "submitted",
             "channel", "findings")  # fmt: skip
    return _frame(rows, names)


def channels_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return channels as a table."""
    return _frame(rows, ("mn", "st", "code", "item", "label", "unit", "kept", "from", "to"))


def _frame(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame(
        [{name: row[name] for name in names} for row in rows],
        schema=None if rows else dict.fromkeys(names, pl.String),
        infer_schema_length=None,
    )
