"""What every page shares: the frame around it, answers in words, twins of its numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

import polars as pl
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from fenhe.base.errors import FenheError
from fenhe.platform.notices import queries as alarms
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Region, Role, Setting, Site
from fenhe.platform.web.levels import english
from fenhe.platform.web.words import joined
from fenhe.protocols.tables import writer

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# of the list of sections; a phone has the others behind "more"
FIRST_SECTIONS = ("map", "ranking", "stations", "outlets", "alarms")


def is_fragment(request: HttpRequest) -> bool:
    """Say whether the page asks for a part of itself."""
    return request.headers.get("HX-Request") == "true"


def show(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    section: str,
    when: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render a page inside its frame. The answer depends on who asks and is never shared."""
    full = {**context, "frame": frame(request, section, when)}
    response = render(request, template, full, status=status)
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Cookie, HX-Request"
    return response


def frame(request: HttpRequest, section: str, when: str = "") -> dict[str, Any]:
    """Return what the frame of every page says: place, time, person's rights, notices."""
    user = request.user
    return {
        "section": section,
        "beyond": bool(section) and section not in FIRST_SECTIONS,
        "place": place_of(user),
        "when": when,
        "roles": roles_of(user),
        "may_data": bool(door.may_anywhere(user, "monitoring.feeds")),
        "may_review": bool(door.may_anywhere(user, "monitoring.annotate")),
        "may_live": bool(door.may_anywhere(user, "gateway.view")),
        "may_audit": bool(door.may_anywhere(user, "workflow.audit")),
        "notices": notices(),
        "may_alarms": bool(door.may_anywhere(user, "notices.view")),
        "alarms": alarms.open_system(user),
    }


def place_of(user: Any) -> str:
    """Return the place a person stands for: their regions, else the root regions shown."""
    own = [m.region for m in door.memberships(user) if m.region is not None]
    regions = own or list(Region.objects.filter(parent=None).defer("shape")[:3])
    return joined(region.name for region in regions)


def roles_of(user: Any) -> str:
    """Return a person's roles in words."""
    return joined(sorted({str(Role(m.role).label) for m in door.memberships(user)}))


def notices() -> list[str]:
    """Return what must be said on every page, such as whose data a demonstration shows."""
    setting = Setting.objects.filter(pk="demo").first()
    if setting is None or not isinstance(setting.value, dict):
        return []
    text = setting.value.get("notice_en" if english() else "notice_zh")
    return [str(text)] if text else []


def twin(frame: pl.DataFrame, form: str, name: str) -> HttpResponse:
    """Return a table as ``json``, ``csv`` or ``xlsx``; text that a sheet would run is disarmed."""
    if form == "json":
        return HttpResponse(_as_json(frame), content_type="application/json; charset=utf-8")
    content = writer.encoded(frame, f".{form}", bom=True)  # the mark makes Excel read UTF-8
    kind = XLSX if form == "xlsx" else "text/csv; charset=utf-8"
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


def _as_json(frame: pl.DataFrame) -> str:
    return json.dumps({"rows": frame.to_dicts()}, ensure_ascii=False, default=str)


TWINS: Sequence[str] = ("json", "csv", "xlsx")
View = Callable[..., HttpResponse]


def wanted_twin(request: HttpRequest) -> str | None:
    """Return which twin the address asks for with ``format``, if any."""
    form = request.GET.get("format")
    return form if form in TWINS else None


def twin_links(request: HttpRequest, query: str) -> dict[str, str]:
    """Return the addresses of the three twins of the page at ``query``."""
    return {form: f"{request.path}?{query}&format={form}" for form in TWINS}


def view(act: str, target: Callable[..., door.Target] | None = None) -> Callable[[View], View]:
    """Put a view behind the door, and answer its errors in words: 400, 403."""

    def wrap(function: View) -> View:
        @wraps(function)
        def talking(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return function(request, *args, **kwargs)
            except door.Denied as error:
                raise PermissionDenied(str(error)) from None
            except FenheError as error:
                if is_fragment(request):
                    return render(request, "web/parts/said.html", {"said": str(error)}, status=400)
                return show(request, "400.html", {"said": str(error)}, section="", status=400)

        return door.guard(act, target)(talking)

    return wrap


def site_of(request: HttpRequest, key: str, **_kwargs: Any) -> Site:
    """Return the station an address names; 404 without one. An outlet has pages of its own."""
    found = Site.objects.exclude(kind=Site.Kind.OUTLET).select_related("region", "organisation")
    site = found.filter(pk=key).first()
    if site is None:
        raise Http404(key)
    return site
