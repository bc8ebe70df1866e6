"""What was judged of an outlet's hours, if anything: one look at the standing cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fenhe.base import beijing
from fenhe.platform import owner
from fenhe.platform.verdicts.models import Assessment
from fenhe.platform.web import addresses

METHOD = "sources.exceedance"
Key = tuple[str, datetime]  # item, start


@dataclass(frozen=True)
class Verdict:
    """One hour of one item: ``state`` is a word of the method: over, within, exempt, none …"""

    state: str
    value: float | None
    limit: float | None
    multiple: float | None
    reason: str
    provisional: bool
    evidence: str


def hours(site: str, items: Iterable[str], start: datetime, end: datetime) -> dict[Key, Verdict]:
    """Return (item, start) -> verdict of the hours of a site; nothing where none was judged.

    Cells of every standing hourly assessment of exceedance are read; the later key wins.
    """
    cells = owner.store().cells
    books = cells.assessments()
    objects = {_object(site, item): item for item in items}
    found: dict[Key, Verdict] = {}
    asked = Assessment.objects.filter(method=METHOD, grain=Assessment.Grain.HOUR, active=True)
    for key in asked.values_list("key", flat=True):
        if key not in books:
            continue
        for row in cells.read(key, objects, start, end).iter_rows(named=True):
            found[objects[row["site"]], row["start"]] = _verdict(key, row)
    return found


def _object(site: str, item: str) -> str:
    return f"{site}/{item}"


def _verdict(assessment: str, row: Mapping[str, Any]) -> Verdict:
    label = beijing.hour_label(row["start"], row["end"]).replace(" ", "T")
    return Verdict(
        state=str(row.get("verdict") or "none"),
        value=row.get("value"),
        limit=row.get("limit_used"),
        multiple=row.get("multiple"),
        reason=str(row.get("reason") or ""),
        provisional=row.get("provisional") == "yes",
        evidence=addresses.evidence(assessment, row["site"], label),
    )
