"""A station's span of hours as the page shows it: chart data, rows, differences of editions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from django.utils.translation import gettext as _

from fenhe import standards
from fenhe.base import beijing
from fenhe.base.errors import FenheError
from fenhe.platform.web import levels, words

HOUR = beijing.HOUR
LIMIT_STANDARD, LIMIT_AVERAGING, LIMIT_GRADE = "GB3095", "1h", "II"


@dataclass(frozen=True)
class Verdicts:
    """One edition's cells of the span: assessment key, edition id, short label, start -> cell."""

    assessment: str
    edition: str
    label: str
    cells: Mapping[datetime, Mapping[str, Any]]


@dataclass(frozen=True)
class Hours:
    """Everything a station page shows of a span, on one complete hourly grid."""

    starts: Sequence[datetime]
    values: Mapping[str, Mapping[datetime, Mapping[str, Any]]]  # item -> start -> observation
    verdicts: Sequence[Verdicts]
    flags: Sequence[Mapping[str, Any]]

    @property
    def labels(self) -> list[str]:
        """The labels of the hours as addresses carry them."""
        return [label(start) for start in self.starts]


def label(start: datetime) -> str:
    """Return ``2018-02-20T07:00`` for the hour that starts at a naive UTC instant."""
    return beijing.hour_label(start, start + HOUR).replace(" ", "T")


def grid(start: datetime, end: datetime) -> list[datetime]:
    """Return every hour of ``start <= t < end``."""
    return [start + HOUR * n for n in range(round((end - start) / HOUR))]


def by_start(cells: pl.DataFrame) -> dict[datetime, dict[str, Any]]:
    """Return start -> row of a frame of one site."""
    return {row["start"]: row for row in cells.iter_rows(named=True)}


def by_item(values: pl.DataFrame) -> dict[str, dict[datetime, dict[str, Any]]]:
    """Return item -> start -> row of the observations of one site."""
    found: dict[str, dict[datetime, dict[str, Any]]] = {}
    for row in values.iter_rows(named=True):
        found.setdefault(row["item"], {})[row["start"]] = row
    return found


def differing(hours: Hours) -> list[datetime]:
    """Return the hours whose verdict is not the same under every edition shown."""
    return [start for start in hours.starts if len(set(_verdicts_at(hours, start))) > 1]


def _verdicts_at(hours: Hours, start: datetime) -> list[tuple[Any, Any, Any]]:
    found = []
    for verdict in hours.verdicts:
        cell = verdict.cells.get(start, {})
        found.append((cell.get("aqi"), cell.get("category"), cell.get("primary") or ""))
    return found


def spans(positions: Iterable[int]) -> list[list[int]]:
    """Join neighbouring positions: ``1 2 3 7`` is ``[[1, 3], [7, 7]]``."""
    found: list[list[int]] = []
    for at in positions:
        if found and at == found[-1][1] + 1:
            found[-1][1] = at
        else:
            found.append([at, at])
    return found


def chart(hours: Hours, name: str) -> dict[str, Any]:
    """Return what the chart draws: gaps are null, never zero."""
    position = {start: n for n, start in enumerate(hours.starts)}
    return {
        "name": name,
        "hours": hours.labels,
        "items": [_chart_item(hours, item) for item in words.HOURLY_ITEMS],
        "editions": [_chart_edition(hours.starts, verdict) for verdict in hours.verdicts],
        "flags": [f for flag in hours.flags if (f := _chart_flag(hours, flag)) is not None],
        "differs": spans(position[start] for start in differing(hours)),
        "words": {
            "flags": _("Flags"),
            "none": _("no data"),
            "hours": _("{n} hours"),
        },
    }


def _chart_item(hours: Hours, item: str) -> dict[str, Any]:
    rows = hours.values.get(item, {})
    seen = [rows.get(start) for start in hours.starts]
    return {
        "code": item,
        "label": words.item_label(item),
        "unit": words.unit_of(item),
        "decimals": max((row["decimals"] for row in seen if row), default=0),
        "values": [row["value"] if row else None for row in seen],
        "limits": limits_of(item, hours.starts),
    }


def _chart_edition(starts: Sequence[datetime], verdict: Verdicts) -> dict[str, Any]:
    cells = [verdict.cells.get(start, {}) for start in starts]
    names = {level.number: level.name for level in levels.levels(verdict.edition)}
    return {
        "label": verdict.label,
        "values": [cell.get("aqi") for cell in cells],
        "names": [names.get(cell.get("category") or 0, "") for cell in cells],
    }


def _chart_flag(hours: Hours, flag: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a flag as positions on the grid; None when it lies outside or was cleared."""
    first, last = hours.starts[0], hours.starts[-1]
    begin = max(flag["start"], first)
    end = min(flag["end"] - HOUR, last)
    if flag["cleared"] or begin > end:
        return None
    return {
        "from": round((begin - first) / HOUR),
        "to": round((end - first) / HOUR),
        "item": flag["item"],
        "text": f"{flag['item_label']} · {flag['name']} · {flag['reason']}",
        "voids": flag["voids"],
    }


def limits_of(item: str, starts: Sequence[datetime]) -> list[dict[str, Any]]:
    """Return the hourly Grade II limits of the editions in force in the span, with their label.

    PM has no hourly limit (GB 3095, table 1) and so no line.
    """
    found: dict[float, list[str]] = {}
    for day in sorted({beijing.day_of(starts[0]), beijing.day_of(starts[-1])}):
        try:
            edition = standards.catalogue().on(LIMIT_STANDARD, day)
            limit = edition.limit(item, LIMIT_AVERAGING, LIMIT_GRADE, day)
        except FenheError:
            continue
        codes = found.setdefault(float(limit.number), [])
        if edition.code not in codes:
            codes.append(edition.code)
    return [
        {
            "value": value,
            "text": _("%(codes)s grade II, 1 h: %(value)g")
            % {"codes": " / ".join(codes), "value": value},
        }
        for value, codes in found.items()
    ]


def rows(hours: Hours, evidence_url: Any) -> list[dict[str, Any]]:
    """Return the table's rows, newest first; ``evidence_url`` takes an assessment and a start."""
    changed = set(differing(hours))
    found = []
    for at in range(len(hours.starts) - 1, -1, -1):
        start = hours.starts[at]
        found.append(
            {
                "index": at,
                "label": beijing.hour_label(start, start + HOUR),
                "differs": start in changed,
                "items": [_cell(hours, item, start) for item in words.HOURLY_ITEMS],
                "verdicts": [_verdict(v, start, evidence_url) for v in hours.verdicts],
            }
        )
    return found


def _cell(hours: Hours, item: str, start: datetime) -> dict[str, Any]:
    row = hours.values.get(item, {}).get(start)
    scores = [v.cells.get(start, {}).get(f"iaqi_{item}") for v in hours.verdicts]
    same = len(set(scores)) == 1
    text = "·".join("—" if s is None else str(s) for s in (scores[:1] if same else scores))
    marks = [
        flag
        for flag in hours.flags
        if not flag["cleared"]
        and flag["item"] in ("", item)
        and flag["start"] <= start < flag["end"]
    ]
    return {
        "label": words.item_label(item),
        "value": f"{row['value']:.{row['decimals']}f}" if row else "—",
        "iaqi": text if any(s is not None for s in scores) else "",
        "flags": words.joined(flag["name"] for flag in marks),
        "void": any(flag["voids"] for flag in marks),
    }


def _verdict(verdict: Verdicts, start: datetime, evidence_url: Any) -> dict[str, Any]:
    cell = verdict.cells.get(start)
    short = verdict.label.rsplit("-", 1)[-1]
    if cell is None:
        return {"short": short, "aqi": None, "reason": _("no data"), "url": ""}
    level = levels.level_named(cell.get("category"), verdict.edition)
    reason = ""
    if cell.get("aqi") is None:
        reason = words.reason_text(cell.get("reason")) or _("no data")
    return {
        "short": short,
        "aqi": cell.get("aqi"),
        "level": level.number if level else None,
        "category": level.name if level else "",
        "primary": words.items_text(cell.get("primary")),
        "reason": reason,
        "unverified": cell.get("unverified") or "",
        "url": evidence_url(verdict.assessment, start),
    }
