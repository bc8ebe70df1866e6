"""The audit log, for those who may read it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import ngettext

from fenhe.platform.registry import door
from fenhe.platform.web import page
from fenhe.platform.workflow.models import AuditLog

ROWS_SHOWN = 100


@page.view("workflow.audit")
def show_audit(request: HttpRequest) -> HttpResponse:
    """Answer the acts in the places a person may audit, newest first."""
    chosen = {name: request.GET.get(name, "") for name in ("event", "actor")}
    within = AuditLog.objects.filter(_reach(request.user))
    events = list(within.order_by("event").values_list("event", flat=True).distinct())
    found = within
    if chosen["event"]:
        found = found.filter(event=chosen["event"])
    if chosen["actor"]:
        found = found.filter(actor__icontains=chosen["actor"])
    start = max(_number(request.GET.get("start")), 0)
    rows = list(found[start : start + ROWS_SHOWN + 1])
    total = found.count()
    context = {
        "rows": [_row(entry) for entry in rows[:ROWS_SHOWN]],
        "events": events,
        "chosen": chosen,
        "sentence": ngettext("%(n)d act.", "%(n)d acts.", total) % {"n": total},
        "pages": {
            "back": _link(chosen, start - ROWS_SHOWN) if start else "",
            "on": _link(chosen, start + ROWS_SHOWN) if len(rows) > ROWS_SHOWN else "",
        },
    }
    return page.show(request, "web/audit.html", context, section="audit")


def _reach(user: Any) -> Q:
    """Return the condition on rows within the places a person may audit."""
    where = door.scope(user, "workflow.audit")
    if where.everywhere:
        return Q()
    condition = Q(pk__in=[])
    for region in where.regions:
        condition |= Q(region_path__startswith=region.path)
    return condition


def _row(entry: AuditLog) -> dict[str, Any]:
    plain = ("at", "event", "actor", "via", "address", "target_kind", "target", "reason")
    parts = {"before": entry.before, "after": entry.after}
    change = {name: part for name, part in parts.items() if part is not None}
    text = json.dumps(change, ensure_ascii=False, indent=1) if change else ""
    return {**{name: getattr(entry, name) for name in plain}, "change": text}


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


def _link(chosen: dict[str, str], start: int) -> str:
    return "?" + urlencode({**chosen, "start": max(start, 0)})
