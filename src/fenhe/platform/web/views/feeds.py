"""The page of standing feeds: how each stands, its runs, what was refused; run, pause, resume."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from fenhe.platform.monitoring import sources
from fenhe.platform.monitoring.models import Source
from fenhe.platform.monitoring.sourceacts import PauseSource, RunSource
from fenhe.platform.registry import door
from fenhe.platform.web import feedview, page
from fenhe.platform.workflow.acts import web_actor

SECTION = "data"
RUNS_SHOWN = 100


@page.view("monitoring.feeds")
@require_safe
def list_feeds(request: HttpRequest) -> HttpResponse:
    """Answer the standing feeds and how each stands."""
    rows = [feedview.source_row(one) for one in sources.status()]
    form = page.wanted_twin(request)
    if form:
        return page.twin(feedview.sources_frame(rows), form, "fenhe-feeds")
    context = {
        "rows": rows,
        "sentence": feedview.sentence(rows),
        "may": _may(request.user),
        "twins": page.twin_links(request, ""),
    }
    return page.show(request, "web/feeds.html", context, section=SECTION)


@page.view("monitoring.feeds")
@require_safe
def show_feed(request: HttpRequest, key: str) -> HttpResponse:
    """Answer one standing feed: its runs, newest first, and what is refused and why."""
    source = _source(key)
    runs = [feedview.run_row(run) for run in sources.runs(source, RUNS_SHOWN)]
    form = page.wanted_twin(request)
    if form:
        return page.twin(feedview.runs_frame(runs), form, f"fenhe-feed-{key}")
    refused = [
        {**one, "when": feedview.clock(one["at"]), "lines": one["why"].splitlines()}
        for one in sources.refused(source)
    ]
    context = {
        "row": feedview.source_row(sources.status_of(source)),
        "runs": runs,
        "refused": refused,
        "pruned": source.pruned,
        "may": _may(request.user),
        "twins": page.twin_links(request, ""),
    }
    return page.show(request, "web/feed.html", context, section=SECTION)


@page.view("monitoring.run_source")
@require_POST
def run_feed(request: HttpRequest, key: str) -> HttpResponse:
    """Have a feed tried at once."""
    source = _source(key)
    RunSource(source, wait=False).run(web_actor(request))
    return _back(request, _("%(key)s is tried within seconds; look again then.") % {"key": key})


@page.view("monitoring.pause_source")
@require_POST
def pause_feed(request: HttpRequest, key: str) -> HttpResponse:
    """Pause a feed, or with ``active`` in the form let it go on."""
    active = request.POST.get("active") == "1"
    PauseSource(_source(key), active).run(web_actor(request))
    said = _("%(key)s goes on.") if active else _("%(key)s is paused.")
    return _back(request, said % {"key": key})


def _back(request: HttpRequest, said: str) -> HttpResponse:
    messages.success(request, said, extra_tags="done")
    return redirect("web:feeds")


def _source(key: str) -> Source:
    source = Source.objects.filter(pk=key).first()
    if source is None:
        raise Http404(key)
    return source


def _may(user: Any) -> dict[str, bool]:
    acts = {"run": "monitoring.run_source", "pause": "monitoring.pause_source"}
    return {name: bool(door.may(user, act)) for name, act in acts.items()}
