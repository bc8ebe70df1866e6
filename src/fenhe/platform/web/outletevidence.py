"""The evidence of an outlet's hour as a page: verdict, steps, records with their frames, limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language

from fenhe.base import beijing
from fenhe.methods import registry as methods
from fenhe.methods.contract import Method
from fenhe.platform.web import addresses, page

_HIDDEN = {"clauses", "unverified", "edition", "method_version", "site", "start", "end", "item"}


def shown(request: HttpRequest, found: dict[str, Any]) -> HttpResponse:
    """Answer the page, or its fragment for a panel."""
    context = {
        "found": found,
        "label": found["label"],
        "name": found["target"],
        "steps": [
            _steps(found[part], method)
            for part, method in (("judged", "sources.exceedance"), ("hour", "sources.hourly"))
            if found[part] is not None
        ],
        "records": [_record(found["site"], row) for row in found["inputs"]],
        "clauses": [{**one, "url": addresses.value(one["id"])} for one in found["clauses"]],
        "json_url": f"{request.path}?format=json",
        "back_url": reverse("web:outlet", args=[found["site"]]),
    }
    part = "web/parts/outlet_evidence.html"
    if page.is_fragment(request):
        return render(request, part, context)
    return page.show(
        request, "web/evidence.html", {**context, "part": part}, section="outlets",
        when=found["label"],
    )  # fmt: skip


def _steps(cell: Mapping[str, Any], method_id: str) -> dict[str, Any]:
    """Return what a method says of the hour: its title, then title, unit and value a column."""
    method = methods.method(method_id)
    english = (get_language() or "").startswith("en")
    titles = _titles(method, english)
    rows = [
        (titles.get(name, (name, "")), value)
        for name, value in cell.items()
        if name not in _HIDDEN and value not in {None, ""}
    ]
    return {
        "title": method.en if english else method.zh,
        "rows": [{"title": title, "unit": unit, "value": value} for (title, unit), value in rows],
    }


def _titles(method: Method, english: bool) -> dict[str, tuple[str, str]]:
    columns = (*method.inputs, *method.outputs((), True))
    return {one.name: (one.en if english else one.zh, one.unit) for one in columns}


def _record(site: str, row: Mapping[str, Any]) -> dict[str, Any]:
    frame = ""
    if row.get("raw_column") == "frame":
        frame = reverse("web:outlet_frame", args=[site, row["raw_sha256"], row["raw_row"]])
    return {**row, "at": f"{beijing.to_beijing(row['start']):%H:%M}", "frame_url": frame}
