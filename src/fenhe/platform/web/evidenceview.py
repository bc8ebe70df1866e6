"""The evidence of one cell in words and steps, from what ``verdicts.evidence`` gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from fenhe.base import beijing
from fenhe.platform.web import levels, words
from fenhe.platform.web.editions import rescoring


def context(found: Mapping[str, Any], name: str, names: Mapping[str, str]) -> dict[str, Any]:
    """Return what the evidence template shows.

    ``name`` is the station's or city's name; ``names`` calls the sites of the inputs, and an
    input of a site that is not in it is left out, as the reader may not see that site.
    """
    verdict = found["verdict"]
    edition = verdict["edition"] or (found["edition"] or {}).get("id", "")
    level = levels.level_named(verdict["category"], edition) if edition else None
    order = {item: n for n, item in enumerate(words.HOURLY_ITEMS)}
    inputs = [row for row in found["inputs"] if row["site"] in names]
    inputs.sort(key=lambda row: (order.get(row["item"], len(order)), row["site"]))
    return {
        "found": found,
        "name": name,
        "label": found["label"],
        "verdict": verdict,
        "level": level,
        "verdict_text": verdict_text(found, name, level),
        "is_city": found["subject"] == "city",
        "sources": sources(inputs, names),
        "hidden": len(found["inputs"]) - len(inputs),
        "values": [_value(row, names) for row in inputs],
        "items": [item_view(item, edition) for item in found["items"]],
        "maximum": maximum(found),
        "basis": basis(found["edition"]),
        "area_edition_title": edition_title(found["area_edition"]),
        "rescored": rescoring(edition, beijing.day_of(found["start"])) if edition else "",
        "clauses": [clause_view(clause) for clause in found["clauses"]],
        "unverified": unverified(found),
        "versions": [_version(row, edition) for row in reversed(found["versions"])],
        "known_at": clock_text(found["known_at"]),
    }


def verdict_text(found: Mapping[str, Any], name: str, level: levels.Level | None) -> str:
    """Return the verdict as one sentence, or why there is none."""
    verdict = found["verdict"]
    facts = {"name": name, "time": found["label"]}
    if verdict["aqi"] is None:
        reason = words.reason_text(";".join(verdict["reason"])) or _("no data")
        if verdict["status"] == "not_published":
            said = _(
                "%(name)s, %(time)s: the AQI is not published, because %(reason)s; "
                "that of the rest would be %(rest)d."
            )
            return said % {**facts, "reason": reason, "rest": verdict["aqi_of_available"]}
        return _("%(name)s, %(time)s: not judged, because %(reason)s.") % {
            **facts,
            "reason": reason,
        }
    facts |= {"aqi": verdict["aqi"], "category": level.name if level else ""}
    primary = words.items_text(";".join(verdict["primary"]))
    if primary:
        said = _("%(name)s, %(time)s: AQI %(aqi)d, %(category)s, primary pollutant %(primary)s.")
        return said % {**facts, "primary": primary}
    return _("%(name)s, %(time)s: AQI %(aqi)d, %(category)s.") % facts


def maximum(found: Mapping[str, Any]) -> str:
    """Return the maximum with its numbers: ``max(12, 40, 133) = 133``."""
    scores = [str(item["iaqi"]) for item in found["items"] if item["iaqi"] is not None]
    if not scores:
        return ""
    return f"max({', '.join(scores)}) = {found['verdict']['aqi_of_available']}"


def sources(inputs: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the file rows the inputs came from, each once, with the cells that were used."""
    rows: dict[tuple[Any, Any], dict[str, Any]] = {}
    for row in inputs:
        key = (row["raw_sha256"], row["raw_row"])
        entry = rows.setdefault(
            key,
            {
                "name": row["raw_name"],
                "sha256": row["raw_sha256"],
                "row": row["raw_row"],
                "site": names[row["site"]],
                "columns": row["raw_columns"] or [],
                "cells": row["raw_cells"] or [],
                "used": set(),
            },
        )
        entry["used"].add(row["raw_column"])
    for entry in rows.values():
        pairs = zip(entry["columns"], entry["cells"], strict=False)
        entry["pairs"] = [
            {
                "column": column,
                "cell": "" if cell is None else cell,
                "used": column in entry["used"],
            }
            for column, cell in pairs
        ]
    return list(rows.values())


def _value(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    language = "en" if levels.english() else "zh"
    return {
        "site": names[row["site"]],
        "item": words.item_label(row["item"]),
        "raw": "" if row["raw_text"] is None else row["raw_text"],
        "text": row["text"],
        "unit": row["unit"],
        "void": row["void"],
        "quality": row[f"quality_{language}"],
        "flags": [{**flag, "name": flag[language]} for flag in row["flags"]],
    }


def item_view(item: Mapping[str, Any], edition: str) -> dict[str, Any]:
    """Return one item of an index with its level and its steps."""
    level = levels.level_of(item["iaqi"], edition) if edition else None
    trace = item["trace"]
    return {
        **item,
        "label": words.item_label(item["item"]),
        "level": level.number if level else None,
        "category": level.name if level else "",
        "city_reason": words.reason_text(item.get("reason")),
        "beyond": trace is not None and trace["formula"] is None,
    }


def edition_title(edition: Mapping[str, Any] | None) -> str:
    """Return the code of an edition with its title in the reader's language."""
    if edition is None:
        return ""
    title = edition["title_en"] if levels.english() else edition["title_zh"]
    return f"{edition['code']} {title}"


def basis(edition: Mapping[str, Any] | None) -> str:
    """Name the edition and when it was or is in force."""
    if edition is None:
        return ""
    facts = {
        "edition": edition_title(edition),
        "since": edition["in_force_from"].isoformat(),
    }
    if edition["in_force_to"] is None:
        return _("By %(edition)s, in force from %(since)s.") % facts
    facts["until"] = edition["in_force_to"].isoformat()
    return _("By %(edition)s, in force from %(since)s to %(until)s.") % facts


def mark_text(mark: str) -> str:
    """Say what a mark means."""
    return {
        "A": _("A, firm"),
        "B": _("B, one source"),
        "C": _("C, unverified"),
    }.get(mark, _("unknown"))


def clause_view(clause: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule with its title, its clause and its mark in words."""
    title = clause["title_en"] if levels.english() else clause["title_zh"]
    return {
        **clause,
        "title": title or clause["id"],
        "mark_text": mark_text(clause["mark"]),
        "clause_text": clause_text(clause["clause"]),
    }


def clause_text(clause: str) -> str:
    """Return a clause, or that it is not known."""
    return clause if clause not in ("", "unknown") else _("clause not known")


def unverified(found: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what the result rests on that no second source confirms, each with its title."""
    titles = {clause["id"]: clause_view(clause)["title"] for clause in found["clauses"]}
    return [
        {"id": value_id, "title": titles.get(value_id, "")}
        for value_id in found["verdict"]["unverified"]
    ]


def _version(row: Mapping[str, Any], edition: str) -> dict[str, Any]:
    level = levels.level_named(row["category"], row["edition"] or edition)
    superseded = row["superseded_commit"]
    return {
        **row,
        "level": level.number if level else None,
        "category_name": level.name if level else "",
        "primary_text": words.items_text(row["primary"]),
        "reason_text": words.reason_text(row["reason"]) if row["aqi"] is None else "",
        "known": clock_text(row["known_at"]),
        "until": clock_text(row["superseded_at"]),
        "as_of": None if superseded is None else superseded - 1,
    }


def clock_text(moment: datetime | None) -> str:
    """Return an instant in Beijing time to the second; nothing for None."""
    return "" if moment is None else f"{beijing.to_beijing(moment):%Y-%m-%d %H:%M:%S}"
