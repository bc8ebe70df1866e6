"""A frozen bulletin as a page shows it: sentence, tables of the paper, what changed since."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import polars as pl
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fenhe.base import beijing
from fenhe.platform.documents import bulletin, bulletin_tables, wording
from fenhe.platform.documents.model import DASH, Column, Table
from fenhe.platform.documents.monthly import ITEMS, MonthlyReport
from fenhe.platform.documents.monthly_plain import name_of
from fenhe.platform.verdicts import frozen, runs, standing
from fenhe.platform.verdicts.models import FrozenRun
from fenhe.platform.verdicts.runs import Change, Since
from fenhe.platform.web import addresses, levels, periodwords, words

PAPERS = (("zh", "pdf"), ("en", "pdf"), ("zh", "docx"), ("en", "docx"))
SHOWN = 60  # changes listed


def listed(run: FrozenRun) -> dict[str, Any]:
    """Return a run as the list shows it."""
    asked = run.parameters
    return {
        "run": run,
        "url": reverse("web:bulletin", args=[run.key]),
        "title": run.title,
        "month": asked["month"],
        "source": periodwords.source(asked["subject"]),
        "limits": periodwords.edition_code(asked["limits"]),
        "when": moment(run),
        "papers": papers(run),
    }


def moment(run: FrozenRun) -> str:
    """Return when a run was frozen, in Beijing time."""
    frozen_at = run.created_at.replace(tzinfo=None)
    return f"{beijing.to_beijing(frozen_at):%Y-%m-%d %H:%M}"


def papers(run: FrozenRun) -> list[dict[str, str]]:
    """Return the files of a run: PDF and Word in both languages, and the kept result."""
    names = {"zh": _("Chinese"), "en": _("English")}
    kinds = {"pdf": "PDF", "docx": "Word"}
    found = [
        {
            "label": f"{kinds[ending]} · {names[language]}",
            "url": reverse("web:bulletin_paper", args=[run.key, f"{language}.{ending}"]),
        }
        for language, ending in PAPERS
    ]
    url = reverse("web:bulletin_paper", args=[run.key, "result.json"])
    return [*found, {"label": "JSON", "url": url}]


def answer(report: MonthlyReport) -> str:
    """Return the sentence of the bulletin, with the place it is about."""
    region = wording.said(report.region)
    return words.sentences(_("%(region)s:") % {"region": region}, bulletin.answer(report))


def tables(run: FrozenRun, report: MonthlyReport) -> list[dict[str, Any]]:
    """Return the tables of the paper; the numbers of the first lead to the cells they are of."""
    keys = {name_of(place["name"]): place["key"] for place in _plain(run)["places"]}
    order = [keys.get(place.name, "") for place in bulletin_tables.in_order(report)]
    why = [_why(run, key) for key in order]
    pages = [addresses.city(key) if key else "" for key in order]
    found = [_table(bulletin_tables.statistics(report), why, pages)]
    if report.aqi_edition is not None:
        level_keys = bulletin_tables.level_keys(report.aqi_edition)
        found.append(_table(bulletin_tables.days(report, level_keys), [], pages))
    if any(item.days_above is not None for p in report.places for item in p.items.values()):
        # the first row holds the limits
        found.append(_table(bulletin_tables.days_above(report), ["", *why], ["", *pages]))
    return found


def _why(run: FrozenRun, key: str) -> str:
    """Return the evidence of a city's month as it was known when the bulletin was frozen."""
    if not key:
        return ""
    asked = run.parameters
    assessment = standing.air_key("month", asked["subject"], asked["limits"])
    return f"{addresses.evidence(assessment, key, asked['month'])}?as_of={run.commit}"


def _table(found: Table, why: Sequence[str], pages: Sequence[str]) -> dict[str, Any]:
    """Return a table of the paper; numbers of a row lead to its evidence, its name to its page."""
    rows = []
    for number, row in enumerate(found.rows):
        to = [urls[number] if number < len(urls) else "" for urls in (why, pages)]
        cells = zip(found.columns, found.texts(row), strict=True)
        rows.append(
            {
                "cells": [_cell(column, text, *to) for column, text in cells],
                "strong": number in found.strong,
            }
        )
    return {
        "caption": found.caption,
        "columns": found.columns,
        "rows": rows,
        "notes": found.notes,
    }


def _cell(column: Column, text: str, why: str, page: str) -> dict[str, Any]:
    judged = column.align == "right" and text != DASH
    return {
        "text": text,
        "url": why if judged else "",
        "page": page,
        "number": column.align == "right",
        "head": column.header,
        "name": column.align == "left",
    }


def notes(report: MonthlyReport) -> list[str]:
    """Return what is said of the data: source, validity, what is absent, who has no index."""
    said = [report.source] if report.source else []
    told = [wording.said(one) for one in (*said, *report.validity, *report.notes)]
    return told + [note.text for note in bulletin.without_verdict(report)]


def facts(run: FrozenRun, *, everything: bool) -> list[dict[str, Any]]:
    """Return what a run is made of; who froze it only to those who may see more than visitors."""
    asked = run.parameters
    limits = asked["limits"]
    told = [
        (_("Frozen"), moment(run), ""),
        (_("By"), run.created_by if everything else "", ""),
        (_("Source"), periodwords.source(asked["subject"]), ""),
        (
            _("Limits"),
            periodwords.edition_code(limits),
            addresses.edition(limits),
        ),
        (_("Commit number"), str(run.commit), ""),
        (_("Release"), f"Fenhe {run.version}", ""),
        (_("SHA-256 of the recipe"), run.recipe_sha256, ""),
        (_("SHA-256 of the result"), run.result_sha256, ""),
    ]
    hashes = {run.recipe_sha256, run.result_sha256}
    return [
        {"name": name, "text": text, "url": url, "mono": text in hashes}
        for name, text, url in told
        if text
    ]


# ---- what changed since ----


def since_text(found: Since) -> str:
    """Say whether later data changed the numbers; the bulletin itself stays as it was."""
    facts_ = {"commit": found.commit, "count": len(found.changes)}
    if found.nothing_now:
        return _("As of commit %(commit)d no city of this month is judged any more.") % facts_
    if not found.changes:
        return _("Up to commit %(commit)d later data changed no number of this bulletin.") % facts_
    places = len({change.place["zh"] for change in found.changes})
    return ngettext(
        "Later data would change %(count)d number in %(places)d city (up to commit %(commit)d). "
        "The bulletin stays as it was published.",
        "Later data would change %(count)d numbers in %(places)d cities (up to commit %(commit)d). "
        "The bulletin stays as it was published.",
        len(found.changes),
    ) % {**facts_, "places": places}


def changes(found: Since) -> list[dict[str, str]]:
    """Return the first changes as rows: place, what, then, now, by how much."""
    return [
        {
            "place": wording.said(name_of(change.place)),
            "what": what_text(change),
            "then": change.then or DASH,
            "now": change.now or DASH,
            "difference": _difference(change.difference),
        }
        for change in found.changes[:SHOWN]
    ]


def _difference(value: Decimal | None) -> str:
    return DASH if value is None else wording.number(value, signed=True) or DASH


def what_text(change: Change) -> str:
    """Return what changed in words."""
    if change.kind == runs.GONE:
        return _("no data any more")
    if change.kind == runs.NEW:
        return _("has data now")
    kind, _dot, rest = change.what.partition(".")
    if kind == "items":
        item, _dot, part = rest.partition(".")
        parts = {
            "value": "%s",
            "n_valid": _("%s, valid days"),
            "days_above": _("%s, days above the daily limit"),
        }
        return parts[part] % words.item_label(item)
    if kind == "days":
        return _("days of level %(level)d") % {"level": int(rest) + 1}
    return {
        "index": _("Composite index"),
        "rank": _("Rank"),
        "change": _("Change"),
        "change_rank": _("Rank of change"),
        "good_share": _("Good-day share"),
        "n_missing": _("days without an AQI"),
    }[kind]


def verified_text(told: frozen.Verified, run: FrozenRun) -> tuple[str, bool]:
    """Say what came of computing a run again, and whether it is the same."""
    facts_ = {"commit": run.commit, "now": told.version, "then": run.version}
    if told.kept and told.recipe and told.same:
        return (
            _("Computed again from commit %(commit)d by Fenhe %(now)s: the same, byte for byte.")
            % facts_,
            True,
        )
    said = []
    if not told.kept:
        said.append(_("The kept result does not have the hash it was kept with."))
    if not told.recipe:
        said.append(_("The recipe does not have the hash it was kept with."))
    if not told.same:
        said.append(
            _(
                "Computed again from commit %(commit)d by Fenhe %(now)s the result is not the "
                "same; it was frozen by Fenhe %(then)s."
            )
            % facts_
        )
    return words.sentences(*said), False


# ---- twins ----


def frame(run: FrozenRun) -> pl.DataFrame:
    """Return the numbers of a run, one row a city."""
    rows = [dict(_row(place)) for place in _plain(run)["places"]]
    return pl.DataFrame(rows, infer_schema_length=None)


def _row(place: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from (("site", place["key"]), ("name_zh", place["name"]["zh"]))
    yield from (("name_en", place["name"]["en"]), ("rank", place["rank"]))
    for item in ITEMS:
        told = place["items"][item]
        yield item, _float(told["value"])
        yield f"{item}_valid_days", told["n_valid"]
        yield f"{item}_index", _float(told["index"])
        yield f"{item}_days_above", told.get("days_above")
    for name in ("index", "previous_index", "change"):
        yield name, _float(place[name])
    yield from (("change_rank", place["change_rank"]), ("largest", ";".join(place["largest"])))
    days = place["days"] or [None] * len(range(6))
    yield from ((f"days_{n}", count) for n, count in enumerate(days, start=1))
    yield "days_without_aqi", place["n_missing"]
    yield from ((name, _float(place[name])) for name in ("good_share", "previous_good_share"))
    yield "reason", ";".join(place["reason"])


def _float(text: str | None) -> float | None:
    return None if text is None else float(text)


def list_frame(found: Sequence[FrozenRun], *, everything: bool) -> pl.DataFrame:
    """Return the list of runs as a table."""
    rows = [
        {
            "key": run.key,
            "title": run.title_en if levels.english() else run.title_zh,
            "month": run.parameters["month"],
            "subject": run.parameters["subject"],
            "limits": run.parameters["limits"],
            "commit": run.commit,
            "release": run.version,
            "frozen_at": moment(run),
            "frozen_by": run.created_by if everything else "",
            "published": run.published,
            "recipe_sha256": run.recipe_sha256,
            "result_sha256": run.result_sha256,
        }
        for run in found
    ]
    return pl.DataFrame(rows, schema=_LIST)


_LIST = {
    **dict.fromkeys(("key", "title", "month", "subject", "limits"), pl.String()),
    "commit": pl.Int64(),
    **dict.fromkeys(("release", "frozen_at", "frozen_by"), pl.String()),
    "published": pl.Boolean(),
    **dict.fromkeys(("recipe_sha256", "result_sha256"), pl.String()),
}


def _plain(run: FrozenRun) -> dict[str, Any]:
    return dict(json.loads(run.result))
