"""Void, annotate, clear a flag: acts from the station page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from fenhe.base.errors import BadInput
from fenhe.platform import owner
from fenhe.platform.monitoring.acts import Annotate, ClearFlag, Span, VoidSpan
from fenhe.platform.registry.models import Site
from fenhe.platform.verdicts import dirty, engine
from fenhe.platform.verdicts.models import DirtyDay
from fenhe.platform.web import page, state, words
from fenhe.platform.web.state import HOUR
from fenhe.platform.web.views.station import station_page
from fenhe.platform.workflow.acts import web_actor

DAYS_AT_ONCE = 500  # dirty site-days a person is made to wait for


@page.view("monitoring.annotate", target=page.site_of)
def review(request: HttpRequest, key: str) -> HttpResponse:
    """Void the hours chosen on a station's page, or write a note about them."""
    site = page.site_of(request, key)
    if request.method != "POST":
        return redirect("web:station", key)
    try:
        said = _act(request, site)
    except BadInput as error:
        given = {name: request.POST.get(name, "") for name in ("start", "end", "item", "reason")}
        return station_page(request, site, {**given, "error": str(error)}, status=400)
    messages.success(request, said, extra_tags="done")
    return back(request, site)


def _act(request: HttpRequest, site: Site) -> str:
    span = _span(request, site)
    reason = request.POST.get("reason", "")
    actor = web_actor(request)
    if request.POST.get("act") == "void":
        VoidSpan(span, reason).run(actor)
        return words.sentences(_("The hours are void. To undo, clear the flag below."), rejudged())
    Annotate(span, reason).run(actor)
    return _("The note is kept.")


def rejudged() -> str:
    """Have the verdicts made anew at once where that is little work; say how it stands."""
    store = owner.store()
    dirty.mark(store)
    if DirtyDay.objects.count() > DAYS_AT_ONCE:
        return _("Their verdicts are being made anew in the background.")
    engine.catch_up(store)
    return _("Their verdicts are made anew; the former ones stay readable in the evidence.")


def _span(request: HttpRequest, site: Site) -> Span:
    """Return the span of a form: labels of its first and last hour, both included."""
    first = state.read_hour(request.POST.get("start"))
    last = state.read_hour(request.POST.get("end"))
    if first is None or last is None:
        raise BadInput(_("choose the first and the last hour"))
    return Span(site, request.POST.get("item", ""), first, last + HOUR)


@page.view("monitoring.clear_flag", target=page.site_of)
@require_POST
def clear_flag(request: HttpRequest, key: str) -> HttpResponse:
    """Lift the flags of one act; their hours count again as their other flags say."""
    site = page.site_of(request, key)
    numbers = [int(n) for n in request.POST.get("flags", "").split(",") if n.isdigit()]
    if not numbers:
        raise BadInput(_("no flag was named"))
    reason = request.POST.get("reason", "")
    for number in numbers:
        ClearFlag(site, number, reason).run(web_actor(request))
    said = ngettext("The flag is cleared.", "%(n)d flags are cleared.", len(numbers))
    said = words.sentences(said % {"n": len(numbers)}, rejudged())
    messages.success(request, said, extra_tags="done")
    return back(request, site)


def back(request: HttpRequest, site: Site) -> HttpResponseRedirect:
    """Return to the page the form was on, or to the station."""
    wanted = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
        wanted = reverse("web:station", args=[site.key])
    return HttpResponseRedirect(wanted)
