"""Who is told of alarms, by what and when; and from when on something is an alarm."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from fenhe.base.errors import BadInput
from fenhe.platform.notices import kinds, queries
from fenhe.platform.notices.acts import (
    AddRoute,
    ChangeRoute,
    RemoveRoute,
    SetLimit,
    TryRoute,
    answer_of,
)
from fenhe.platform.notices.models import Route, Severity, Topic
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Region, Role
from fenhe.platform.web import alarmview, page
from fenhe.platform.workflow.acts import web_actor

SECTION = "alarms"


def whole(_request: HttpRequest, **_kwargs: Any) -> door.Target:
    """Return what these pages are about: the system as a whole."""
    return None


@page.view("notices.configure", target=whole)
@require_safe
def list_routes(request: HttpRequest) -> HttpResponse:
    """Answer the routes: who is told, by what, when."""
    return _routes_page(request)


def _routes_page(request: HttpRequest, error: str = "", status: int = 200) -> HttpResponse:
    rows = [alarmview.route_row(one) for one in queries.routes()]
    form = page.wanted_twin(request)
    if form:
        return page.twin(alarmview.routes_frame(rows), form, "fenhe-alarm-routes")
    context = {
        "rows": rows,
        "error": error,
        "given": {k: v for k, v in request.POST.items() if k != "address"},
        **_options(),
        "twins": page.twin_links(request, ""),
    }
    return page.show(request, "web/alarm_routes.html", context, section=SECTION, status=status)


@page.view("notices.configure", target=whole)
@require_POST
def add_route(request: HttpRequest) -> HttpResponse:
    """Add a route from the form."""
    try:
        told = {**_told(request), "topic": request.POST.get("topic", kinds.SYSTEM)}
        key, address = request.POST.get("key", "").strip(), request.POST.get("address", "")
        AddRoute(key, address, told).run(web_actor(request))
    except BadInput as error:
        return _routes_page(request, str(error), 400)
    said = _("Route %(key)s is added; send a test now.") % {"key": key}
    messages.success(request, said, extra_tags="done")
    return redirect("web:alarm_route", key)


@page.view("notices.configure", target=whole)
@require_safe
def show_route(request: HttpRequest, key: str) -> HttpResponse:
    """Answer one route: how it is, what it sent and what was answered; a form to change it."""
    return _route_page(request, _route(key))


def _route_page(
    request: HttpRequest, route: Route, error: str = "", status: int = 200
) -> HttpResponse:
    notices = [alarmview.notice_row(one) for one in queries.notices_by(route)]
    form = page.wanted_twin(request)
    if form:
        return page.twin(alarmview.notices_frame(notices), form, f"fenhe-notices-{route.pk}")
    row = alarmview.route_row(queries.route(route.pk))
    context = {
        "row": row,
        "given": {k: v for k, v in request.POST.items() if k != "address"} or _form_of(row),
        "notices": notices,
        "error": error,
        **_options(),
        "twins": page.twin_links(request, ""),
    }
    return page.show(request, "web/alarm_route.html", context, section=SECTION, status=status)


def _form_of(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "to": ", ".join(row["to"]), "reminders": row["hours"]}


@page.view("notices.configure", target=whole)
@require_POST
def change_route(request: HttpRequest, key: str) -> HttpResponse:
    """Change a route, pause it, let it go on, or take it away."""
    route, act = _route(key), request.POST.get("act", "")
    try:
        said = _changed(request, route, act)
    except BadInput as error:
        return _route_page(request, _route(key), str(error), 400)
    messages.success(request, said % {"key": key}, extra_tags="done")
    kept = Route.objects.filter(pk=key).exists()
    return redirect("web:alarm_route", key) if kept else redirect("web:alarm_routes")


def _changed(request: HttpRequest, route: Route, act: str) -> str:
    actor = web_actor(request)
    if act == "remove":
        RemoveRoute(route).run(actor)
        return _("Route %(key)s is taken away; what it sent stays on record.")
    if act in {"pause", "resume"}:
        ChangeRoute(route, {"active": act == "resume"}).run(actor)
        return _("Route %(key)s goes on.") if act == "resume" else _("Route %(key)s is paused.")
    told = _told(request)
    if request.POST.get("address"):
        told["url"] = request.POST["address"]
    ChangeRoute(route, told).run(actor)
    return _("Route %(key)s is changed.")


@page.view("notices.configure", target=whole)
@require_POST
def try_route(request: HttpRequest, key: str) -> HttpResponse:
    """Send a test by a route and say what was answered."""
    try:
        answers = [answer_of(one) for one in TryRoute(_route(key)).run(web_actor(request))]
    except BadInput as error:
        return _route_page(request, _route(key), str(error), 400)
    for one in answers:
        to = one["recipient"] or key
        if one["ok"]:
            messages.success(request, _("%(to)s: sent.") % {"to": to}, extra_tags="done")
        else:
            said = _("%(to)s: not sent. %(answer)s") % {"to": to, "answer": one.get("answer", "")}
            messages.error(request, said, extra_tags="error")
    return redirect("web:alarm_route", key)


@page.view("notices.configure", target=whole)
@require_safe
def list_limits(request: HttpRequest) -> HttpResponse:
    """Answer the limits in force with their reasons."""
    return _limits_page(request)


def _limits_page(request: HttpRequest, error: str = "", status: int = 200) -> HttpResponse:
    rows = alarmview.limit_rows()
    form = page.wanted_twin(request)
    if form:
        return page.twin(alarmview.limits_frame(rows), form, "fenhe-alarm-limits")
    context = {"rows": rows, "error": error, "twins": page.twin_links(request, "")}
    return page.show(request, "web/alarm_limits.html", context, section=SECTION, status=status)


@page.view("notices.configure", target=whole)
@require_POST
def set_limit(request: HttpRequest) -> HttpResponse:
    """Set a limit with its reason, or take it back to the default."""
    key = request.POST.get("limit", "")
    try:
        value = None if request.POST.get("act") == "reset" else _value(request)
        SetLimit(key, value, request.POST.get("reason", "")).run(web_actor(request))
    except BadInput as error:
        return _limits_page(request, str(error), 400)
    messages.success(request, _("%(key)s is set.") % {"key": key}, extra_tags="done")
    return redirect("web:alarm_limits")


def _value(request: HttpRequest) -> float:
    text = request.POST.get("value", "").strip()
    try:
        return float(text)
    except ValueError:
        raise BadInput(_("'%(text)s' is not a number") % {"text": text[:40]}) from None


def _told(request: HttpRequest) -> dict[str, Any]:
    given = {name: request.POST.get(name, "").strip() for name in request.POST}
    plain = ("title", "role", "region", "language", "least", "link", "quiet_from", "quiet_to")
    told: dict[str, Any] = {name: given[name] for name in plain if name in given}
    told["to"] = [one.strip() for one in given.get("to", "").split(",") if one.strip()]
    told["group_s"] = int(given["group_s"]) if given.get("group_s", "").isdecimal() else 30
    told["wakes"] = bool(given.get("wakes"))
    try:
        hours = given.get("reminders", "").replace("，", ",").split(",")
        told["reminders"] = [float(one) for one in hours if one.strip()]
    except ValueError:
        raise BadInput(_("reminders are hours such as 4, 24")) from None
    return told


def _options() -> dict[str, Any]:
    return {
        "topics": Topic.choices,
        "severities": Severity.choices,
        "languages": Route.Language.choices,
        "roles": [(value, label) for value, label in Role.choices if _sees(value)],
        "regions": list(Region.objects.defer("shape")),
    }


def _sees(role: str) -> bool:
    return door.POLICY[role, "notices.view"] is not door.Reach.NOWHERE


def _route(key: str) -> Route:
    found = Route.objects.filter(pk=key).first()
    if found is None:
        raise Http404(key)
    return found
