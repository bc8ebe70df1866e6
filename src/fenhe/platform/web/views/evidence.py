"""Why a verdict is what it is: the panel, the page, the JSON of one cell's evidence."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from fenhe.platform.web import page


@page.view("web.open")
def root(request: HttpRequest) -> HttpResponse:
    """Send someone who shortened an address of evidence to the map."""
    return redirect("web:map")


@page.view("verdicts.evidence", target=page.site_of)
def show_evidence(request: HttpRequest, assessment: str, key: str, label: str) -> HttpResponse:
    """Answer the evidence of one cell."""
    from fenhe.platform.verdicts import evidence

    return HttpResponse(str(evidence))
