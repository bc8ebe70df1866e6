"""The frozen bulletins: the list, the page of one, its papers; freeze, verify, publish."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from fenhe.base.errors import BadInput, FenheError
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Region
from fenhe.platform.verdicts import frozen, kept, monthly, papers, runs
from fenhe.platform.verdicts.frozen import FreezeMonth, PublishRun
from fenhe.platform.verdicts.models import FrozenRun
from fenhe.platform.web import bulletinview, cityplaces, page, periodwords
from fenhe.platform.web.cityplaces import PUBLISHED, SOURCES, Regions
from fenhe.platform.workflow.acts import web_actor

SECTION = "bulletins"
FREEZE, PUBLISH = "verdicts.freeze", "verdicts.publish_run"
LANGUAGES = ("zh", "en")


def region_of(request: HttpRequest, key: str, **_kwargs: Any) -> door.Target:
    """Return the region of the bulletin an address names; 404 without one."""
    return _run(request, key).region


def _run(request: HttpRequest, key: str) -> FrozenRun:
    """Return a bulletin the person may see; a hidden one is refused to them, not to a visitor."""
    found = runs.visible(request.user).filter(key=key).first()
    if found is not None:
        return found
    if request.user.is_authenticated and FrozenRun.objects.filter(key=key).exists():
        raise PermissionDenied(_("this bulletin is not published, and not of your place"))
    raise Http404(key)


@page.view(runs.ACT)
def list_bulletins(request: HttpRequest) -> HttpResponse:
    """Answer the list of the frozen bulletins a person may see."""
    return _list(request)


def _list(
    request: HttpRequest, error: str = "", given: Mapping[str, str] | None = None
) -> HttpResponse:
    user = request.user
    found = list(runs.visible(user).defer("result"))
    everything = bool(door.may_anywhere(user, FREEZE))
    form = page.wanted_twin(request)
    if form:
        frame = bulletinview.list_frame(found, everything=everything)
        return page.twin(frame, form, "fenhe-bulletins")
    context = {
        "rows": [bulletinview.listed(run) for run in found],
        "sentence": _sentence(found),
        "everything": everything,
        "form": _form(request, given or {}) if everything else None,
        "error": error,
        "twins": {form: f"{reverse('web:bulletins')}?format={form}" for form in page.TWINS},
    }
    status = 400 if error else 200
    return page.show(request, "web/bulletins.html", context, section=SECTION, status=status)


def _sentence(found: list[FrozenRun]) -> str:
    if not found:
        return _("No bulletin is frozen and shown to you yet.")
    newest = max(found, key=lambda run: (run.parameters["month"], run.created_at))
    said = ngettext(
        "%(n)d bulletin; the newest month: %(title)s.",
        "%(n)d bulletins; the newest month: %(title)s.",
        len(found),
    )
    return said % {"n": len(found), "title": newest.title}


def _form(request: HttpRequest, given: Mapping[str, str]) -> dict[str, Any]:
    """Return what the form for freezing offers: only regions and months there are."""
    regions = Regions()
    limits = sorted({x for s in SOURCES for x in kept.limits_held(s, "month")})
    months: dict[str, None] = {}
    shown: dict[str, cityplaces.City] = {}
    for subject in reversed(SOURCES):
        for edition in limits:
            held = kept.periods_held(subject, "month", edition)
            months |= dict.fromkeys(f"{month:%Y-%m}" for month in held)
        if months:
            last = monthly.first_of(max(months))
            shown |= cityplaces.cities(request.user, subject, last, regions=regions)
    areas = cityplaces.areas(request.user, shown.values(), regions)
    allowed = Region.objects.defer("shape").in_bulk([area.code for area in areas])
    return {
        "regions": [a for a in areas if door.may(request.user, FREEZE, allowed[a.code])],
        "months": sorted(months, reverse=True),
        "subjects": [{"code": s, "label": periodwords.source(s)} for s in reversed(SOURCES)],
        "limits": [{"code": x, "label": periodwords.edition_code(x)} for x in limits],
        "given": {"subject": PUBLISHED, "month": _newest(limits), **given},
    }


def _newest(limits: list[str]) -> str:
    """Return the newest month of published values, else of stations: what is frozen most often."""
    for subject in reversed(SOURCES):
        held = [kept.periods_held(subject, "month", edition) for edition in limits]
        if newest := max((months[0] for months in held if months), default=None):
            return f"{newest:%Y-%m}"
    return ""


@page.view(FREEZE)
@require_POST
def freeze(request: HttpRequest) -> HttpResponse:
    """Freeze the bulletin of a month; what is wrong is said on the list beside the form."""
    given = {
        name: request.POST.get(name, "").strip()
        for name in ("region", "month", "subject", "limits", "reason")
    }
    try:
        made = _freeze(request, given)
    except FenheError as error:
        return _list(request, str(error), given)
    messages.success(
        request, _("Frozen from commit %(commit)d.") % {"commit": made.commit}, extra_tags="done"
    )
    return redirect("web:bulletin", made.key)


def _freeze(request: HttpRequest, given: Mapping[str, str]) -> FrozenRun:
    region = Region.objects.filter(pk=given["region"]).first()
    if region is None:
        raise BadInput(_("choose the place of the bulletin"))
    if given["subject"] not in SOURCES:
        raise BadInput(_("choose the source of the values"))
    if given["limits"] not in kept.limits_held(given["subject"], "month"):
        raise BadInput(_("choose the limits to judge by"))
    act = FreezeMonth(
        region, given["month"], given["subject"], given["limits"], reason=given["reason"]
    )
    return act.run(web_actor(request))


@page.view(runs.ACT)
def show_bulletin(request: HttpRequest, key: str) -> HttpResponse:
    """Answer the page of one frozen bulletin."""
    run = _run(request, key)
    form = page.wanted_twin(request)
    if form:
        return page.twin(bulletinview.frame(run), form, run.key)
    report = frozen.report_of(run)
    since = runs.since(run)
    may = {
        "freeze": bool(door.may(request.user, FREEZE, run.region)),
        "publish": bool(door.may(request.user, PUBLISH, run.region)),
    }
    context = {
        "run": run,
        "title": run.title,
        "sentence": bulletinview.answer(report),
        "tables": bulletinview.tables(run, report),
        "notes": bulletinview.notes(report),
        "unverified": report.unverified,
        "facts": bulletinview.facts(run, everything=may["freeze"]),
        "since": since,
        "since_text": bulletinview.since_text(since),
        "changes": bulletinview.changes(since),
        "more_changes": max(len(since.changes) - bulletinview.SHOWN, 0),
        "papers": bulletinview.papers(run),
        "may": may,
        "twins": page.twin_links(request, ""),
    }
    when = run.parameters["month"]
    return page.show(request, "web/bulletin.html", context, section=SECTION, when=when)


@page.view(runs.ACT)
def paper(request: HttpRequest, key: str, name: str) -> HttpResponse:
    """Answer a bulletin as a file: ``zh.pdf``, ``en.docx``, ``result.json``."""
    run = _run(request, key)
    language, _dot, ending = name.partition(".")
    if ending not in papers.KINDS or (ending != "json" and language not in LANGUAGES):
        raise Http404(name)
    content = papers.kept(run, ending, language == "en")
    response = HttpResponse(content, content_type=papers.KINDS[ending])
    suffix = ending if ending == "json" else f"{language}.{ending}"
    response["Content-Disposition"] = f'attachment; filename="{run.key}.{suffix}"'
    response["Cache-Control"] = "private, no-cache"
    return response


@page.view(FREEZE, target=region_of)
@require_POST
def verify(request: HttpRequest, key: str) -> HttpResponse:
    """Compute a bulletin again and say whether it comes out the same."""
    run = _run(request, key)
    said, same = bulletinview.verified_text(frozen.verify(run), run)
    if same:
        messages.success(request, said, extra_tags="done")
    else:
        messages.error(request, said)
    return redirect("web:bulletin", key)


@page.view(PUBLISH, target=region_of)
@require_POST
def publish(request: HttpRequest, key: str) -> HttpResponse:
    """Show a bulletin to visitors, or take it back."""
    published = request.POST.get("published") == "1"
    run = _run(request, key)
    PublishRun(run, published, reason=request.POST.get("reason", "").strip()).run(
        web_actor(request)
    )
    said = _("Visitors can see it now.") if published else _("Visitors can not see it any more.")
    messages.success(request, said, extra_tags="done")
    return redirect("web:bulletin", key)
