"""The review workbench: what the checks flagged, one series, decisions and their undoing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform.monitoring.review import CloseReview, MakeEdit, OpenReview, UndoEdit
from fenhe.platform.monitoring.sessions import ReviewEdit, ReviewSession
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Site
from fenhe.platform.verdicts import queries as verdicts
from fenhe.platform.web import (
    addresses,
    page,
    reviewbench,
    revieweffect,
    reviewqueue,
    reviewwords,
)
from fenhe.platform.web.reviewbench import Bench
from fenhe.platform.web.views.review import rejudged
from fenhe.platform.web.words import sentences
from fenhe.platform.workflow.acts import web_actor
from fenhe.quality.review import Edit, Kind

SECTION = "review"
LOOK = "monitoring.annotate"  # who may look into data and their flags: no visitor
ALL_FORMS = "forms"


def place_of(_request: HttpRequest, key: str, **_kwargs: Any) -> Site:
    """Return the station or outlet an address names; 404 without one."""
    found = Site.objects.exclude(kind=Site.Kind.CITY).select_related("region__parent")
    site = found.filter(pk=key).first()
    if site is None:
        raise Http404(key)
    return site


@page.view(LOOK)
@require_safe
def show_queue(request: HttpRequest) -> HttpResponse:
    """Answer what the checks flagged at the places a person has, as stretches of series."""
    wanted = reviewqueue.read(request.GET)
    found, names = reviewqueue.found(wanted, request.user)
    form = page.wanted_twin(request)
    if form:
        rows = reviewqueue.shown(found, names)
        return page.twin(reviewqueue.frame(rows), form, f"fenhe-review-{wanted.last}")
    text = request.GET.get("offset", "")
    offset = int(text) if text.isdecimal() else 0
    part = found.slice(offset, reviewqueue.ROWS_SHOWN)
    until = offset + part.height
    context = {
        "rows": reviewqueue.shown(part, names),
        "sentence": reviewqueue.sentence(found, wanted),
        "chosen": wanted,
        "choices": reviewqueue.choices(),
        "stations_newest": reviewqueue.stations_newest(wanted),
        "shown": f"{min(offset + 1, until)}–{until} / {found.height}",
        "back": wanted.query(offset=max(offset - reviewqueue.ROWS_SHOWN, 0)) if offset else "",
        "on": wanted.query(offset=until) if until < found.height else "",
        "twins": page.twin_links(request, wanted.query()),
    }
    return page.show(request, "web/review_queue.html", context, section=SECTION)


@page.view(LOOK, target=place_of)
@require_safe
def show_bench(request: HttpRequest, key: str) -> HttpResponse:
    """Answer one series on the bench; its values and the edits of its place as twins."""
    site = place_of(request, key)
    bench = reviewbench.read(site, request.GET)
    form = page.wanted_twin(request)
    if form:
        return _twin(request, bench, form)
    return bench_page(request, bench)


def _twin(request: HttpRequest, bench: Bench, form: str) -> HttpResponse:
    key = bench.site.key
    name = f"fenhe-review-{key.replace(':', '-')}"
    if request.GET.get("table") == "edits":
        rows = reviewbench.sessions(bench.site)
        return page.twin(reviewbench.edits_frame(rows, key), form, f"{name}-edits")
    held = reviewbench.shown(bench, request.user)
    told = reviewbench.values_frame(bench, reviewbench.value_rows(bench, held))
    return page.twin(told, form, f"{name}-{bench.item}-{bench.statistic}")


def bench_page(
    request: HttpRequest,
    bench: Bench,
    given: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Answer the bench, with a decision that was refused or waits to be confirmed, if any."""
    user, site = request.user, bench.site
    held = reviewbench.shown(bench, user)
    rows = reviewbench.value_rows(bench, held)
    may = {name: bool(door.may(user, f"monitoring.{name}", site))
           for name in ("review", "review_undo", "review_close")}  # fmt: skip
    form = _form(bench, given or {})
    context = {
        "bench": bench,
        "simulated": reviewbench.simulated(site),
        "sentence": _sentence(bench, held.flags.filter(item=bench.item).height, len(rows)),
        "label": reviewwords.item_label(site.key, bench.item),
        "unit": reviewwords.unit_of(site.key, bench.item, bench.statistic),
        "chart": reviewbench.chart(bench, held),
        "rows": rows,
        "most": reviewbench.ROWS if len(rows) == reviewbench.ROWS else 0,
        "flags": [reviewwords.flag_row(site.key, one) for one in held.flags.to_dicts()
                  if one["item"] == bench.item],
        "edits": reviewbench.sessions(site),
        "open": reviewbench.open_sessions(site),
        "items": [(one, reviewwords.item_label(site.key, one)) for one in bench.items],
        "statistics": _statistics(bench),
        "kinds": _kinds(),
        "may": may,
        "form": form,
        "site_url": _site_url(site),
        "twins": {
            "values": page.twin_links(request, bench.url().partition("?")[2]),
            "edits": page.twin_links(request, "table=edits"),
        },
    }  # fmt: skip
    return page.show(request, "web/review_bench.html", context, section=SECTION, status=status)


def _form(bench: Bench, given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": Kind.ACCEPT.value,
        "start": reviewwords.field_text(bench.start),
        "end": reviewwords.field_text(bench.end),
        "items": [bench.item],
        "forms": ALL_FORMS,
        "reason": "",
        "error": "",
        "effect": None,
        **given,
    }


def _kinds() -> list[tuple[str, str, str]]:
    return [
        (Kind.ACCEPT.value, _("Accept"), _("the values are right; what checks raised is lifted")),
        (Kind.VOID.value, _("Void"), _("the values count nowhere; they stay stored")),
        (Kind.RESTORE.value, _("Restore"), _("what a person declared void counts again")),
        (Kind.ANNOTATE.value, _("Annotate"), _("a note; the values count as before")),
    ]


def _statistics(bench: Bench) -> list[tuple[str, str]]:
    found = bench.series["statistic"].unique().sort().to_list()
    return [(one, reviewwords.statistic_text(one)) for one in found]


def _sentence(bench: Bench, flags: int, rows: int) -> str:
    key = bench.site.key
    facts = {
        "name": bench.name,
        "item": reviewwords.item_label(key, bench.item),
        "kind": reviewwords.statistic_text(bench.statistic),
        "n": rows,
        "flags": flags,
    }
    return (
        ngettext(
            "%(name)s, %(item)s (%(kind)s): %(n)d value, flags on this window: %(flags)d.",
            "%(name)s, %(item)s (%(kind)s): %(n)d values, flags on this window: %(flags)d.",
            rows,
        )
        % facts
    )


def _site_url(site: Site) -> str:
    name = "web:outlet" if site.kind == Site.Kind.OUTLET else "web:station"
    return reverse(name, args=[site.key])


@page.view("monitoring.review", target=place_of)
@require_POST
def decide(request: HttpRequest, key: str) -> HttpResponse:
    """Show what a decision would change, or make it when it is confirmed."""
    site = place_of(request, key)
    bench = reviewbench.read(site, request.POST)
    given: dict[str, Any] = {
        "kind": request.POST.get("kind", ""),
        "items": request.POST.getlist("items"),
        "forms": request.POST.get("forms", ""),
        "reason": request.POST.get("reason", ""),
    }
    try:
        edit = _edit(request, bench)
        effect = revieweffect.of(edit)
        if request.POST.get("step") == "do":
            if effect.nothing:
                raise BadInput(effect.nothing)
            return _do(request, bench, edit)
    except BadInput as error:
        return bench_page(request, bench, {**given, "error": str(error)}, status=400)
    told = {**given, "effect": effect, "told": revieweffect.edit_text(edit)}
    return bench_page(request, bench, told)


def _edit(request: HttpRequest, bench: Bench) -> Edit:
    if bench.start is None or bench.end is None:
        raise BadInput(_("choose from when to when"))
    text = request.POST.get("kind", "")
    if text not in [one.value for one in Kind]:
        raise BadInput(_("choose what to decide"))
    items = tuple(one for one in request.POST.getlist("items") if one in bench.items)
    if not items:
        raise BadInput(_("choose at least one item"))
    if not request.POST.get("reason", "").strip():
        raise BadInput(_("say why"))
    forms = request.POST.get("forms") == ALL_FORMS
    statistics = tuple(bench.forms(items)) if forms else (bench.statistic,)
    reason = request.POST.get("reason", "")[:2000]
    return Edit(Kind(text), bench.site.key, items, statistics, bench.start, bench.end, reason)


def _do(request: HttpRequest, bench: Bench, edit: Edit) -> HttpResponse:
    actor = web_actor(request)
    mine = ReviewSession.objects.filter(
        site=bench.site, opened_by=actor.name, closed_at=None
    ).first()
    if mine is None:
        title = request.POST.get("title", "").strip()
        mine = OpenReview(bench.site, title).run(actor)
    made = MakeEdit(mine, edit).run(actor)
    said = _("Edit %(n)d: %(kind)s. It can be undone while its session is open.") % {
        "n": made.pk,
        "kind": reviewwords.kind_text(made.kind),
    }
    messages.success(request, sentences(said, rejudged()), extra_tags="done")
    return redirect(bench.url())


def _edit_of(site: Site, request: HttpRequest) -> ReviewEdit:
    text = request.POST.get("edit", "")
    found = ReviewEdit.objects.filter(session__site=site).select_related("session__site__region")
    edit = found.filter(pk=int(text)).first() if text.isdecimal() else None
    if edit is None:
        raise Http404(text)
    return edit


@page.view("monitoring.review_undo", target=place_of)
@require_POST
def undo(request: HttpRequest, key: str) -> HttpResponse:
    """Take one edit back, by a further one that is recorded with it."""
    edit = _edit_of(place_of(request, key), request)
    UndoEdit(edit, request.POST.get("reason", "")).run(web_actor(request))
    said = _("Edit %(n)d is undone; the flags of before stand again.") % {"n": edit.pk}
    messages.success(request, sentences(said, rejudged()), extra_tags="done")
    return redirect(reviewbench.edit_row(edit, key)["url"])


@page.view("monitoring.review_close", target=place_of)
@require_POST
def close(request: HttpRequest, key: str) -> HttpResponse:
    """Close a session: what was decided in it stands."""
    site, text = place_of(request, key), request.POST.get("session", "")
    found = ReviewSession.objects.filter(site=site).select_related("site__region")
    session = found.filter(pk=int(text)).first() if text.isdecimal() else None
    if session is None:
        raise Http404(text)
    CloseReview(session).run(web_actor(request))
    said = _("Session %(n)d is closed.") % {"n": session.pk}
    messages.success(request, said, extra_tags="done")
    return redirect("web:review_bench", key)


@page.view(LOOK, target=place_of)
@require_safe
def show_value(request: HttpRequest, key: str) -> HttpResponse:
    """Answer one value: how it stands, what it was before, every flag, the way to its bytes."""
    site = place_of(request, key)
    at = _moment(request.GET.get("at", ""))
    bench = reviewbench.read(site, request.GET)
    facts = reviewbench.value_facts(bench, at)
    if not facts["rows"]:
        raise Http404(request.GET.get("at", ""))
    context = {
        **facts,
        "bench": bench,
        "simulated": reviewbench.simulated(site),
        "label": reviewwords.item_label(key, bench.item),
        "unit": reviewwords.unit_of(key, bench.item, bench.statistic),
        "statistic": reviewwords.statistic_text(bench.statistic),
        "span": facts["rows"][0]["span"],
        "evidence": _evidence(site, bench.statistic, at),
        "site_url": _site_url(site),
    }
    return page.show(request, "web/review_value.html", context, section=SECTION)


def _moment(text: str) -> datetime:
    found: datetime | None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise BadInput(_("'%(text)s' is not a time; write 2026-11-25T07:00") % {"text": text})
    return found


def _evidence(site: Site, statistic: str, at: datetime) -> list[dict[str, str]]:
    """Return the evidence of the hour's verdicts of a station, down to the row of its file."""
    if site.kind == Site.Kind.OUTLET or statistic != "1h":
        return []
    label = beijing.hour_label(at, at + beijing.HOUR).replace(" ", "T")
    return [
        {"title": str(one), "url": addresses.evidence(one.key, site.key, label)}
        for one in verdicts.assessments("site")
    ]
