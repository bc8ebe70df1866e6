"""The quality report: a month's hours by place, down to the review bench."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from fenhe.platform.registry.models import Site
from fenhe.platform.web import page, qualityreport


@page.view("monitoring.annotate")
@require_safe
def show_report(request: HttpRequest) -> HttpResponse:
    """Answer the report of one month and one kind of place; its rows as twins."""
    month = qualityreport.read(request.GET)
    rows = qualityreport.rows(month, qualityreport.series(month, request.user))
    form = page.wanted_twin(request)
    if form:
        name = f"fenhe-quality-{month.kind}-{month.label}"
        return page.twin(qualityreport.frame(rows, month), form, name)
    before = f"{month.first - timedelta(days=1):%Y-%m}"
    after = f"{qualityreport.following(month.first):%Y-%m}"
    context = {
        "rows": rows,
        "month": month,
        "sentence": qualityreport.sentence(rows, month),
        "back": urlencode({"kind": month.kind, "month": before}),
        "on": urlencode({"kind": month.kind, "month": after}),
        "kinds": [(Site.Kind.OUTLET, _("outlets")), (Site.Kind.AIR, _("stations"))],
        "simulated": any(row["simulated"] for row in rows),
        "twins": page.twin_links(request, urlencode({"kind": month.kind, "month": month.label})),
    }
    return page.show(request, "web/quality.html", context, section="review")
