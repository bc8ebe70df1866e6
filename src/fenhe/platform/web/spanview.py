"""The evidence of a day, month, quarter or year in words and steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from fenhe.base import beijing
from fenhe.methods.air.evaluation import EvaluationRules, Statistic
from fenhe.platform.verdicts import daily, ranking, standing
from fenhe.platform.web import (
    addresses,
    evidenceview,
    levels,
    numbers,
    periodwords,
    rankview,
    spansteps,
    words,
)
from fenhe.platform.web.editions import rescoring

HOUR = beijing.HOUR
Found = Mapping[str, Any]


def context(found: Found, name: str, names: Mapping[str, str]) -> dict[str, Any]:
    """Return what the template of a period's evidence shows.

    ``name``: of the object; ``names``: of the stations the reader may see. What is of another
    station is counted, not shown.
    """
    limits = found["edition"]["id"]
    is_index = not found["statistics"]
    level = levels.level_named(found["verdict"]["category"], limits) if is_index else None
    own = {found["target"], *names}
    lower = [row for row in found["lower"] if row["target"] in own]
    first = beijing.day_of(found["start"])
    rules = None if is_index else daily.rules_of(limits)
    index = _index(found, rules) if rules else None
    return {
        "found": found,
        "name": name,
        "label": found["label"],
        "is_index": is_index,
        "level": level,
        "verdict_text": verdict_text(found, name, level, rules, index),
        "basis": evidenceview.basis(found["edition"]),
        "rules_title": evidenceview.edition_title(found["area_edition"]),
        "rescored": rescoring(limits, first, beijing.day_of(found["end"] - HOUR)),
        "figures": figures(found, rules) if rules else [],
        "index": index,
        "items": [evidenceview.item_view(item, limits) for item in found["items"]],
        "maximum": evidenceview.maximum(found) if found["items"] else "",
        "lower": [_lower(row, found, names) for row in lower],
        "lower_heads": [words.item_label(i) for i in words.HOURLY_ITEMS],
        "lower_kind": _lower_kind(found),
        "hidden": len(found["lower"]) - len(lower),
        "hours": _hours(found) if found["subject"] == "site" else [],
        "published": _published(found) if found["subject"] == "published" else [],
        "files": _files(found),
        "clauses": [evidenceview.clause_view(clause) for clause in found["clauses"]],
        "unverified": evidenceview.unverified(found),
        "versions": [_version(row) for row in reversed(found["versions"])],
        "known_at": evidenceview.clock_text(found["known_at"]),
    }


def verdict_text(
    found: Found,
    name: str,
    level: levels.Level | None,
    rules: EvaluationRules | None,
    index: Mapping[str, Any] | None = None,
) -> str:
    """Say the verdict of a period as one sentence, or why there is none."""
    if rules is None:
        return evidenceview.verdict_text(found, name, level)
    when = periodwords.period(beijing.day_of(found["start"]), found["grain"])
    facts = {"name": name, "when": when, "valid": found["n_valid"], "due": found["n_due"]}
    if found["grain"] in ("month", "quarter"):
        if index:
            facts["index"] = index["sum"]
            return (
                _("%(name)s, %(when)s: composite index %(index)s, %(valid)d valid days of %(due)d.")
                % facts
            )
        if found["verdict"]["status"] == "judged":
            return _("%(name)s, %(when)s: %(valid)d valid days of %(due)d.") % facts
    elif found["compliant"] is True:
        return _("%(name)s, %(when)s: every limit is met.") % facts
    elif found["compliant"] is False:
        over = (f for f in figures(found, rules) if f["compliant"] is False)
        facts["over"] = words.joined(f"{f['label']} {f['what']}" for f in over)
        return _("%(name)s, %(when)s: above the limit are %(over)s.") % facts
    codes = [code for code in found["verdict"]["reason"] if code != "no_limit"]
    facts["reason"] = reasons(codes) or _("no data")
    return _("%(name)s, %(when)s: not judged, because %(reason)s.") % facts


def reasons(codes: Sequence[str]) -> str:
    """Say reason codes in words, those of the same kind in one."""
    kinds: dict[str, list[str]] = {}
    for code in codes:
        kind, _colon, what = code.partition(":")
        kinds.setdefault(kind, []).append(what)
    said = []
    for kind, items in kinds.items():
        named = words.joined(words.item_label(i) for i in items if i)
        if kind == "below_minimum" and named:
            said.append(_("too few valid values of %(items)s") % {"items": named})
        elif kind == "missing" and named:
            said.append(_("%(item)s missing") % {"item": named})
        else:
            said += [words.reason_text(f"{kind}:{i}" if i else kind) for i in items]
    return words.joined(said)


def figures(found: Found, rules: EvaluationRules) -> list[dict[str, Any]]:
    """Return the figures of a period: text, counts, limit, verdict, and how it came out."""
    told = {row["item"]: row for row in found["statistics"]}
    traced = spansteps.percentiles(found["lower"], rules) if found["grain"] != "day" else {}
    return [
        _figure(s, told[s.item], found, traced.get(s.item))
        for s in rules.statistics[found["grain"]]
    ]


def _figure(
    s: Statistic, row: Found, found: Found, trace: Mapping[str, Any] | None
) -> dict[str, Any]:
    value = row["percentile"] if s.percentile else row["mean"]
    multiple = row["percentile_multiple"] if s.percentile else row["multiple"]
    of_days = found["grain"] != "day"
    steps = (trace or {}).get("formula", "") if s.percentile else ""
    if not s.percentile and of_days:
        steps = spansteps.mean(found["lower"], s.item)
    return {
        "code": s.name,
        "label": words.item_label(s.item),
        "what": periodwords.what(s.name) if of_days else _day_figure(s.item),
        "unit": words.unit_of(s.item),
        "text": numbers.fixed(value, s.told),
        "n_valid": row["n_valid"],
        "n_due": row["n_due"],
        "valid": row["valid"],
        "limit": "" if s.limit is None else f"{s.limit.normalize():f}",
        "compliant": row["percentile_compliant"] if s.percentile else row["compliant"],
        "multiple": "" if multiple is None else numbers.fixed(multiple, 2),
        "told": s.told,
        "compared": s.compared,
        "steps": steps,
    }


def _day_figure(item: str) -> str:
    return _("largest 8 h mean") if item == "o3" else _("24 h mean")


def _index(found: Found, rules: EvaluationRules) -> dict[str, Any] | None:
    """Return the composite index a ranking makes of a city's period; None where it makes none."""
    if found["subject"] == "site" or found["grain"] == "day":
        return None
    told = {row["item"]: row for row in found["statistics"]}
    cell = {
        item: row["percentile" if item in ranking.OF_PERCENTILE else "mean"]
        if row["valid"]
        else None
        for item, row in told.items()
    }
    made = spansteps.index(cell, rules.edition)
    if made is None:
        return None
    parts = [{**part, "label": words.item_label(part["item"])} for part in made["parts"]]
    return {
        **made,
        "parts": parts,
        "code": periodwords.edition_code(made["edition"]),
        "url": addresses.edition(made["edition"]),
    }


def _lower_kind(found: Found) -> str:
    if not found["lower"]:
        return ""
    if found["grain"] != "day":
        return "days"
    return "stations" if found["lower"][0]["target"] != found["target"] else "day"


def _lower(row: Found, found: Found, names: Mapping[str, str]) -> dict[str, Any]:
    station = row["target"] != found["target"]
    url = addresses.evidence(row["assessment"], row["target"], row["label"])
    return {
        "name": names.get(row["target"], row["target"]) if station else row["label"],
        "url": f"{url}?as_of={found['as_of']}" if found["as_of"] else url,
        "cells": [_lower_cell(item, row["values"][item]) for item in words.HOURLY_ITEMS],
    }


def _lower_cell(item: str, cell: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "label": words.item_label(item),
        "text": cell["exact"] if cell["exact"] is not None else numbers.DASH,
        "ok": cell["ok"],
        "count": "" if cell["n"] == cell["due"] else f"{cell['n']}/{cell['due']}",
        "none": cell["exact"] is None,
    }


def _hours(found: Found) -> list[dict[str, Any]]:
    """Return the hours of a station's day, each with the cells as written and its own evidence."""
    rows: dict[datetime, dict[str, Found]] = {}
    for value in found["inputs"]:
        rows.setdefault(value["start"], {})[value["item"]] = value
    if not rows:
        return []
    key = standing.key_of("site", rankview.standing_levels(found["edition"]["id"]))
    made = []
    for at in range(24):
        start = found["start"] + HOUR * at
        label = beijing.hour_label(start, start + HOUR)
        held = rows.get(start, {})
        url = addresses.evidence(key, found["target"], label.replace(" ", "T")) if held else ""
        cells = [_hour_cell(item, held.get(item)) for item in words.HOURLY_ITEMS]
        made.append({"label": label[11:], "url": url, "cells": cells})
    return made


def _hour_cell(item: str, value: Found | None) -> dict[str, Any]:
    if value is None:
        return {"label": words.item_label(item), "text": numbers.DASH, "void": False, "title": ""}
    raw = value["raw_text"]
    text = raw if raw is not None else f"{value['value']:.{value['decimals']}f}"
    row = _("%(name)s, row %(row)s") % {"name": value["raw_name"], "row": value["raw_row"]}
    return {"label": words.item_label(item), "text": text, "void": value["void"], "title": row}


def _published(found: Found) -> list[dict[str, Any]]:
    """Return the values of a published day: as written, and the row of the file they stood in."""
    order = {item: n for n, item in enumerate(words.HOURLY_ITEMS)}
    rows = sorted(found["inputs"], key=lambda row: order.get(row["item"], len(order)))
    return [
        {
            "label": words.item_label("o3_8h" if row["item"] == "o3" else row["item"]),
            "raw": "" if row["raw_text"] is None else row["raw_text"],
            "value": f"{row['value']:.{row['decimals']}f}",
            "unit": row["unit"],
            "void": row["void"],
            "file": _("%(name)s, row %(row)s") % {"name": row["raw_name"], "row": row["raw_row"]},
        }
        for row in rows
    ]


def _files(found: Found) -> list[dict[str, str]]:
    """Return the kept files the values came from, each once."""
    names = {row["raw_sha256"]: row["raw_name"] or "" for row in found["inputs"]}
    return [{"sha256": sha256, "name": name} for sha256, name in sorted(names.items())]


def _version(row: Found) -> dict[str, Any]:
    superseded = row["superseded_commit"]
    level = None
    if row["category"] is not None and row["edition"]:
        level = levels.level_named(row["category"], row["edition"])
    status = _("judged") if row["status"] == "judged" else _("not judged")
    codes = [code for code in words.items_of(row["reason"]) if code != "no_limit"]
    return {
        "commit": row["commit"],
        "known": evidenceview.clock_text(row["known_at"]),
        "until": evidenceview.clock_text(row["superseded_at"]),
        "as_of": None if superseded is None else superseded - 1,
        "actor": row["actor"],
        "n_valid": row["n_valid"],
        "aqi": row["aqi"],
        "level": level.number if level else None,
        "category": level.name if level else "",
        "said": status if row["status"] == "judged" else f"{status}: {reasons(codes)}",
    }
