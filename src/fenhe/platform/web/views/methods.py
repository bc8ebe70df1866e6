"""The methods: what each reads, gives, rounds, does with missing data, and by which editions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.utils.translation import ngettext

from fenhe.methods import registry, usage
from fenhe.methods.contract import Column, Method
from fenhe.platform.web import addresses, levels, page, standardsview


@page.view("standards.view")
def list_methods(request: HttpRequest) -> HttpResponse:
    """Answer the contracts of all methods."""
    known = registry.methods()
    form = page.wanted_twin(request)
    if form == "json":
        text = json.dumps([_contract(m) for m in known], ensure_ascii=False, indent=1)
        return HttpResponse(text, content_type="application/json; charset=utf-8")
    if form:
        return page.twin(_columns_frame(known), form, "fenhe-methods")
    said = ngettext("%(n)d method.", "%(n)d methods.", len(known)) % {"n": len(known)}
    context = {
        "sentence": said,
        "methods": [_shown(method) for method in known],
        "twins": page.twin_links(request, ""),
    }
    return page.show(request, "web/methods.html", context, section="standards")


def _shown(method: Method) -> dict[str, Any]:
    editions = list(usage.judged_by(method))
    english = levels.english()
    return {
        "id": method.id,
        "title": method.en if english else method.zh,
        "editions": [
            {"code": standardsview.code(e), "url": addresses.edition(e.id)} for e in editions
        ],
        "day": method.day[0] if method.day else "",
        "default": method.default_edition or "",
        "inputs": [_column(c) for c in method.inputs],
        "outputs": [_column(c) for c in method.outputs(editions, False)],
        "adds": method.adds_columns,
        "params": [
            {"name": p.name, "title": p.en if english else p.zh, "default": p.default}
            for p in method.params
        ],
        "rounding": method.rounding,
        "missing": method.missing,
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "title": column.en if levels.english() else column.zh,
        "unit": column.unit,
        "kind": column.kind,
        "optional": column.optional,
    }


def _contract(method: Method) -> dict[str, Any]:
    editions = list(usage.judged_by(method))
    return {
        "id": method.id,
        "zh": method.zh,
        "en": method.en,
        "standard": method.standard,
        "also": list(method.also),
        "editions": [e.id for e in editions],
        "default_edition": method.default_edition,
        "day": method.day[0] if method.day else None,
        "inputs": [_told(c) for c in method.inputs],
        "outputs": [_told(c) for c in method.outputs(editions, False)],
        "params": [
            {"name": p.name, "zh": p.zh, "en": p.en, "default": p.default} for p in method.params
        ],
        "rounding": method.rounding,
        "missing": method.missing,
    }


def _told(column: Column) -> dict[str, Any]:
    names = ("name", "zh", "en", "kind", "unit", "optional")
    return {name: getattr(column, name) for name in names}


def _columns_frame(known: Iterable[Method]) -> pl.DataFrame:
    """Return every column of every method: one row a column."""
    rows = [
        {"method": told["id"], "side": side, **column}
        for told in map(_contract, known)
        for side in ("inputs", "outputs")
        for column in told[side]
    ]
    return pl.DataFrame(rows, infer_schema_length=None)
