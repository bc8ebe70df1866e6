"""The standards: every edition and value, on a day, side by side, and where each is used."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

import polars as pl
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fenhe import standards
from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform import clock
from fenhe.platform.verdicts import whereused
from fenhe.platform.web import addresses, levels, page, standardsview, state, words
from fenhe.platform.web import standardstables as tables
from fenhe.standards import Edition, export
from fenhe.standards.compare import differences

SECTION = "standards"
HITS_SHOWN = 100


@page.view("standards.view")
def list_standards(request: HttpRequest) -> HttpResponse:
    """Answer the list of editions, what holds on a day, and what a word is found in."""
    known = standards.catalogue().all_editions
    asked = state.read_day(request.GET.get("on"))
    day = asked or today()
    text = request.GET.get("q", "").strip()
    hits = standardsview.hits(known, text) if text else []
    form = page.wanted_twin(request)
    if form:
        return page.twin(_list_twin(request, day, hits), form, f"fenhe-standards-{day}")
    shown = [e for e in known if not text or _fits(e, text)]
    query = urlencode({"on": day.isoformat(), "q": text})
    scale = standardsview.Scale.over(known, day)
    context = {
        "sentence": _list_sentence(known, day),
        "q": text,
        "on": day.isoformat(),
        "groups": standardsview.listing(shown or known, day) if not text or shown else [],
        "scale": scale,
        "hits": hits[:HITS_SHOWN],
        "hits_said": _hits_said(len(hits)),
        "limits": tables.limits_on(known, day),
        "limits_title": _limits_title(known, day),
        "compare_url": reverse("web:standards_compare"),
        "methods_url": reverse("web:methods"),
        "twins": {
            name: page.twin_links(request, f"{query}&table={name}")
            for name in ("editions", "limits", "found")
        },
    }
    return page.show(request, "web/standards.html", context, section=SECTION, when=str(day))


def today() -> date:
    """Return the Beijing day it is."""
    return beijing.day_of(clock.now())


def _fits(edition: Edition, text: str) -> bool:
    folded = text.casefold()
    told = (edition.id, edition.code, edition.title_zh, edition.title_en)
    return any(folded in part.casefold() for part in told)


def _list_sentence(known: Sequence[Edition], day: date) -> str:
    held = sum(e.in_force(day) for e in known)
    parts = {"standards": len(standards.catalogue().standards()), "day": day, "n": held}
    return (
        ngettext(
            "%(n)d edition of %(standards)d standards is in force on %(day)s.",
            "%(n)d editions of %(standards)d standards are in force on %(day)s.",
            held,
        )
        % parts
    )


def _hits_said(n: int) -> str:
    if n > HITS_SHOWN:
        return _("%(n)d values, the first %(shown)d shown") % {"n": n, "shown": HITS_SHOWN}
    return ngettext("%(n)d value", "%(n)d values", n) % {"n": n}


def _limits_title(known: Sequence[Edition], day: date) -> str:
    found = [e for e in known if e.in_force(day) and tables.has_limits(e)]
    return words.joined(standardsview.code(e) for e in found)


def _list_twin(request: HttpRequest, day: date, hits: list[dict[str, Any]]) -> pl.DataFrame:
    known = standards.catalogue().all_editions
    wanted = request.GET.get("table", "editions")
    if wanted == "limits":
        return tables.limits_frame(known, day)
    if wanted == "found":
        return tables.hits_frame(hits)
    return tables.editions_frame(known, day)


@page.view("standards.view")
def show_edition(request: HttpRequest, edition: str) -> HttpResponse:
    """Answer the page of one edition: its head, every value and table, where it is used."""
    known = standards.catalogue().all_editions
    found = next((e for e in known if e.id == edition), None)
    if found is None:
        raise Http404(edition)
    form = page.wanted_twin(request)
    if form:
        return _edition_twin(request, found, form)
    context = {
        "edition": found,
        "code": standardsview.code(found),
        "sentence": f"{standardsview.code(found)} {standardsview.title(found)}",
        "state": _state(found),
        "head": standardsview.head(found, known),
        "counts": export.counts(found),
        "values": standardsview.value_rows(found),
        "tables": [
            {**standardsview.table_view(t), "twins": _table_twins(request, t.name)}
            for t in found.tables.values()
        ],
        "local_limits": [tables.local_limit(part) for part in found.local_limits],
        "methods": [_method(one) for one in whereused.methods(found)],
        "assessments": [_assessment(one) for one in whereused.assessments(found)],
        "others": [e for e in known if e.standard == found.standard and e.id != found.id],
        "compare_url": reverse("web:standards_compare"),
        "json_url": f"{request.path}?format=json",
        "value_twins": _table_twins(request, "values"),
        "use_twins": _table_twins(request, "where-used"),
    }
    return page.show(request, "web/standard.html", context, section=SECTION)


def _table_twins(request: HttpRequest, name: str) -> dict[str, str]:
    return page.twin_links(request, urlencode({"table": name}))


def _state(edition: Edition) -> str:
    day = today()
    n = export.counts(edition)
    marks = ngettext("%(n)d value or row", "%(n)d values and rows", n["values"]) % {
        "n": n["values"]
    }
    until = edition.in_force_to
    parts = {"since": edition.in_force_from, "until": until, "marks": marks}
    if until is None and edition.in_force(day):
        return _("In force since %(since)s. %(marks)s.") % parts
    if until is None:
        return _("In force from %(since)s on. %(marks)s.") % parts
    return _("In force from %(since)s to %(until)s. %(marks)s.") % parts


def _method(found: dict[str, Any]) -> dict[str, Any]:
    title = found["en"] if levels.english() else found["zh"]
    return {**found, "title": title, "url": addresses.method(found["id"])}


def _assessment(found: dict[str, Any]) -> dict[str, Any]:
    how = {
        whereused.BY: _("judged by this edition"),
        whereused.DAY: _("edition chosen by the day"),
        whereused.PARAMETER: _("parameter %(name)s") % {"name": found["name"]},
        whereused.READ: _("reads values of it"),
    }
    return {**found, "how": how[found["how"]], "title": found["assessment"].title}


def _edition_twin(request: HttpRequest, found: Edition, form: str) -> HttpResponse:
    wanted = request.GET.get("table", "")
    name = f"{found.id}-{wanted}".replace(":", "-").strip("-")
    if not wanted:
        if form != "json":
            raise BadInput(_("name a table with table="))
        text = json.dumps(export.full(found), ensure_ascii=False, indent=1)
        return HttpResponse(text, content_type="application/json; charset=utf-8")
    if wanted == "where-used":
        return page.twin(_use_frame(found), form, name)
    if wanted == "values":
        return page.twin(tables.values_frame(found), form, name)
    return page.twin(tables.table_frame(found.table(wanted)), form, name)


def _use_frame(found: Edition) -> pl.DataFrame:
    rows = [
        {"kind": "method", "id": m["id"], "title": m["en"], "how": m["refused"] or "reads",
         "values": m["values"], "cells": None}
        for m in whereused.methods(found)
    ] + [
        {"kind": "assessment", "id": a["assessment"].key, "title": a["assessment"].title_en,
         "how": a["how"], "values": None, "cells": a["cells"]}
        for a in whereused.assessments(found)
    ]  # fmt: skip
    schema = {"kind": pl.String, "id": pl.String, "title": pl.String, "how": pl.String}
    return pl.DataFrame(rows, schema={**schema, "values": pl.Int64, "cells": pl.Int64})


@page.view("standards.view")
def compare(request: HttpRequest) -> HttpResponse:
    """Answer what the second of two editions changes, adds and removes."""
    known = standards.catalogue()
    chosen = [request.GET.get(name, "").strip() for name in ("a", "b")]
    if not all(chosen):
        chosen = _last_change(known.all_editions, chosen[0] or chosen[1])
    old, new = (known.edition(name) for name in chosen)
    found = differences(old, new)
    form = page.wanted_twin(request)
    if form:
        name = f"{old.id}-{new.id}".replace(":", "-")
        return page.twin(tables.differences_frame(found), form, name)
    rows = [tables.difference(part, old, new) for part in found]
    counts = {what: sum(d.what == what for d in found) for what in ("changed", "added", "removed")}
    context = {
        "old": {"edition": old, "code": standardsview.code(old), "url": addresses.edition(old.id)},
        "new": {"edition": new, "code": standardsview.code(new), "url": addresses.edition(new.id)},
        "sentence": _(
            "%(old)s → %(new)s: %(changed)d changed, %(added)d added, %(removed)d removed."
        )
        % {"old": standardsview.code(old), "new": standardsview.code(new), **counts},
        "parts": [
            {"title": words_, "rows": [row for row in rows if row["what"] == what]}
            for what, words_ in _parts().items()
        ],
        "choices": [{"id": e.id, "code": standardsview.code(e)} for e in known.all_editions],
        "twins": page.twin_links(request, urlencode({"a": old.id, "b": new.id})),
    }
    return page.show(request, "web/standards_compare.html", context, section=SECTION)


def _parts() -> dict[str, str]:
    return {"changed": _("Changed"), "added": _("Added"), "removed": _("Removed")}


def _last_change(known: Sequence[Edition], named: str) -> list[str]:
    """Return two editions to compare when the address does not name both."""
    base = next((e for e in known if e.id == named), None)
    same = [e for e in known if e.standard == (base.standard if base else known[0].standard)]
    if base and len(same) > 1:
        other = next(e for e in reversed(same) if e.id != base.id)
        pair = sorted((base, other), key=lambda e: e.in_force_from)
    else:
        pair = [same[0], same[min(1, len(same) - 1)]]
    return [e.id for e in pair]
