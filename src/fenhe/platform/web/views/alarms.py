"""Alarms: the list, and one with its history and who was told."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from fenhe.base.errors import BadInput
from fenhe.platform.notices import kinds, queries, wording
from fenhe.platform.notices.acts import Acknowledge
from fenhe.platform.notices.models import Episode, Topic
from fenhe.platform.registry import door
from fenhe.platform.web import alarmview, page
from fenhe.platform.workflow.acts import web_actor

SECTION = "alarms"
ROWS_SHOWN = 100
ROWS_TAKEN = 10_000


@page.view("notices.view")
@require_safe
def list_alarms(request: HttpRequest) -> HttpResponse:
    """Answer the alarms a person may see, those that stand first."""
    chosen = {name: request.GET.get(name, "") for name in ("topic", "kind", "state")}
    found = queries.wanted(request.user, chosen)
    form = page.wanted_twin(request)
    if form:
        rows = [alarmview.row(one) for one in found[:ROWS_TAKEN]]
        return page.twin(alarmview.frame(rows), form, "fenhe-alarms")
    start = _number(request.GET.get("start"))
    rows = [alarmview.row(one) for one in found[start : start + ROWS_SHOWN + 1]]
    standing = queries.visible(request.user).filter(topic="system", closed_at__isnull=True)
    critical = standing.filter(severity="critical").count()
    context = {
        "rows": rows[:ROWS_SHOWN],
        "sentence": alarmview.sentence(rows, standing.count(), critical),
        "chosen": chosen,
        "choices": _choices(),
        "may": _may(request.user),
        "twins": page.twin_links(request, urlencode(chosen)),
        "pages": {
            "back": _link(chosen, start - ROWS_SHOWN) if start else "",
            "on": _link(chosen, start + ROWS_SHOWN) if len(rows) > ROWS_SHOWN else "",
        },
    }
    return page.show(request, "web/alarms.html", context, section=SECTION)


def _choices() -> dict[str, list[tuple[str, str]]]:
    own = alarmview.language()
    states = [(state, alarmview.state_text(state)) for state in queries.STATES]
    return {
        "topics": [(str(topic.value), str(topic.label)) for topic in Topic],
        "kinds": [(kind, wording.title(kind, own)) for kind in kinds.all_kinds()],
        "states": [("standing", _("open or acknowledged")), *states],
    }


@page.view("notices.view")
@require_safe
def show_alarm(request: HttpRequest, number: int) -> HttpResponse:
    """Answer one alarm: what is wrong, what to do, what happened, who was told."""
    return _alarm_page(request, _episode(request, number))


def _alarm_page(
    request: HttpRequest, episode: Episode, error: str = "", status: int = 200
) -> HttpResponse:
    notices = [alarmview.notice_row(one) for one in queries.notices_of(episode)]
    form = page.wanted_twin(request)
    if form:
        name = f"fenhe-alarm-{episode.pk}-notices"
        return page.twin(alarmview.notices_frame(notices), form, name)
    context = {
        "row": alarmview.row(episode),
        "history": alarmview.history(episode),
        "notices": notices,
        "may": _may(request.user, episode.region),
        "error": error,
        "given": request.POST.get("note", ""),
        "twins": page.twin_links(request, ""),
    }
    return page.show(request, "web/alarm.html", context, section=SECTION, status=status)


@page.view("notices.acknowledge")
@require_POST
def acknowledge(request: HttpRequest, number: int) -> HttpResponse:
    """Say that somebody sees to an alarm."""
    episode = _episode(request, number)
    try:
        Acknowledge(episode, request.POST.get("note", "")).run(web_actor(request))
    except BadInput as error:
        return _alarm_page(request, _episode(request, number), str(error), 400)
    said = _("Alarm %(n)d is acknowledged; its reminders end.") % {"n": number}
    messages.success(request, said, extra_tags="done")
    return redirect("web:alarm", number)


def _may(user: Any, place: door.Target = None) -> dict[str, bool]:
    return {
        "acknowledge": bool(door.may(user, "notices.acknowledge", place)),
        "configure": bool(door.may(user, "notices.configure")),
    }


def _episode(request: HttpRequest, number: int) -> Episode:
    found = queries.visible(request.user).filter(pk=number).first()
    if found is None:
        raise Http404(str(number))
    return found


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


def _link(chosen: dict[str, str], start: int) -> str:
    return "?" + urlencode({**chosen, "start": max(start, 0)})
