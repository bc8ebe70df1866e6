"""Why a verdict is what it is: the panel, the page, the JSON of one cell's evidence."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Region, Site
from fenhe.platform.registry.queries import sites_on
from fenhe.platform.verdicts import evidence
from fenhe.platform.verdicts.models import Assessment
from fenhe.platform.web import evidenceview, page, state


@page.view("web.open")
def root(request: HttpRequest) -> HttpResponse:
    """Send someone who shortened an address of evidence to the map."""
    return redirect("web:map")


@page.view("verdicts.evidence")
def show_evidence(request: HttpRequest, assessment: str, key: str, label: str) -> HttpResponse:
    """Answer the evidence of one cell: a fragment for the panel, a page, or JSON.

    The object's own place is asked of the door here, since it may be a station or a city.
    """
    start = state.read_hour(label)
    if start is None:
        raise BadInput(_("an hour is needed"))
    asked = Assessment.objects.filter(key=assessment, active=True).first()
    if asked is None:
        raise Http404(assessment)
    name, seen = _object(request.user, asked, key)
    as_of = request.GET.get("as_of", "")
    found = evidence.evidence(assessment, key, start, int(as_of) if as_of.isdecimal() else None)
    if request.GET.get("format") == "json":
        return _json(found, set(seen))
    names = {row["site"]: row["name"] for row in sites_on(_sites(seen), beijing.day_of(start))}
    context = {
        **evidenceview.context(found, name or names.get(key, key), names),
        "self_url": request.path,
        "back_url": _back(asked, key, label),
    }
    if page.is_fragment(request):
        return render(request, "web/parts/evidence.html", context)
    return page.show(request, "web/evidence.html", context, section="map", when=found["label"])


def _object(user: Any, asked: Assessment, key: str) -> tuple[str, list[str]]:
    """Return the object's name ('' for a station) and the sites whose values may be shown.

    A station must be within the person's reach. A city shows when one of its stations does,
    with the values of those that do.
    """
    within = door.visible_sites(user, "verdicts.evidence")
    if asked.subject != Assessment.Subject.CITY:
        site = Site.objects.select_related("region", "organisation").filter(pk=key).first()
        if site is None:
            raise Http404(key)
        door.ask(user, "verdicts.evidence", site)
        return "", [key]
    region = Region.objects.defer("shape").filter(pk=key).first()
    if region is None:
        raise Http404(key)
    seen = list(within.filter(region__path__startswith=region.path).values_list("pk", flat=True))
    if not seen:
        raise PermissionDenied(_("no station of this place is shown to you"))
    return region.name, seen


def _sites(keys: list[str]) -> Any:
    return Site.objects.filter(pk__in=keys)


def _back(asked: Assessment, key: str, label: str) -> str:
    if asked.subject == Assessment.Subject.CITY:
        return f"{reverse('web:map')}?t={label}&edition={asked.fixed_edition or ''}"
    return f"{reverse('web:station', args=[key])}?to={label[:10]}"


def _json(found: dict[str, Any], seen: set[str]) -> HttpResponse:
    kept = {**found, "inputs": [row for row in found["inputs"] if row["site"] in seen]}
    text = json.dumps(kept, ensure_ascii=False, default=str, indent=1)
    return HttpResponse(text, content_type="application/json; charset=utf-8")
