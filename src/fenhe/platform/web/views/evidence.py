"""Why a verdict is what it is: the panel, the page, the JSON of one cell's evidence."""

from __future__ import annotations

import json
from datetime import datetime
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
from fenhe.platform.verdicts import evidence, span_evidence
from fenhe.platform.verdicts.models import Assessment
from fenhe.platform.verdicts.outlets import keys
from fenhe.platform.web import addresses, evidenceview, outletevidence, page, spanview, state

PART, SPAN_PART = "web/parts/evidence.html", "web/parts/span_evidence.html"
EXAMPLES = {"day": "2016-11-03", "month": "2016-11", "quarter": "2016-Q4", "year": "2016"}


@page.view("web.open")
def root(request: HttpRequest) -> HttpResponse:
    """Send someone who shortened an address of evidence to the map."""
    return redirect("web:map")


@page.view("verdicts.evidence")
def show_evidence(request: HttpRequest, assessment: str, key: str, label: str) -> HttpResponse:
    """Answer the evidence of one cell: a fragment for the panel, a page, or JSON.

    ``label``: the hour, or the period as ``2016-11-03``, ``2016-11``, ``2016-Q4``, ``2016``.

    The object's own place is asked of the door here, since it may be a station or a city.
    """
    asked = Assessment.objects.filter(key=assessment, active=True).first()
    if asked is None:
        raise Http404(assessment)
    start = _start(asked, label)
    name, seen = _object(request.user, asked, key)
    as_of = request.GET.get("as_of", "")
    found = evidence.evidence(assessment, key, start, int(as_of) if as_of.isdecimal() else None)
    if request.GET.get("format") == "json":
        return _json(found, {key, *seen})
    if asked.subject == Assessment.Subject.OUTLET:
        return outletevidence.shown(request, found)
    names = {row["site"]: row["name"] for row in sites_on(_sites(seen), beijing.day_of(start))}
    of_hour = asked.grain == Assessment.Grain.HOUR
    view = evidenceview.context if of_hour else spanview.context
    context = {
        **view(found, name or names.get(key, key), names),
        "part": PART if of_hour else SPAN_PART,
        "self_url": request.path,
        "back_url": _back(asked, key, label),
    }
    if page.is_fragment(request):
        return render(request, context["part"], context)
    of_site = asked.subject == Assessment.Subject.SITE
    section = "map" if of_hour else "stations" if of_site else "ranking"
    return page.show(request, "web/evidence.html", context, section=section, when=found["label"])


def _start(asked: Assessment, label: str) -> datetime:
    """Return the start of the period a label names; ``BadInput`` for one of another kind."""
    if asked.grain == Assessment.Grain.HOUR:
        start = state.read_hour(label)
        if start is None:
            raise BadInput(_("an hour is needed"))
        return start
    start = span_evidence.start_of(label, asked.grain)
    if start is None:
        raise BadInput(f"'{label}' is not a {asked.grain}; write {EXAMPLES[asked.grain]}")
    return start


def _object(user: Any, asked: Assessment, key: str) -> tuple[str, list[str]]:
    """Return the object's name ('' for a station) and the sites whose values may be shown.

    A station must be within the person's reach. A city shows when one of its stations does,
    with the values of those that do.
    """
    within = door.visible_sites(user, "verdicts.evidence")
    if asked.subject == Assessment.Subject.OUTLET:
        key = keys.parts(key)[0]
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
    if asked.subject == Assessment.Subject.SITE:
        root = reverse("web:station", args=[key])
        return f"{root}?to={label[:10]}" if len(label) >= len(EXAMPLES["day"]) else root
    if asked.grain == Assessment.Grain.HOUR:
        return f"{reverse('web:map')}?t={label}&edition={asked.fixed_edition or ''}"
    return addresses.city(key, f"year={label[:4]}")


def _json(found: dict[str, Any], seen: set[str]) -> HttpResponse:
    kept = {**found, "inputs": [row for row in found["inputs"] if row["site"] in seen]}
    if "lower" in found:
        kept["lower"] = [row for row in found["lower"] if row["target"] in seen]
    text = json.dumps(kept, ensure_ascii=False, default=str, indent=1)
    return HttpResponse(text, content_type="application/json; charset=utf-8")
