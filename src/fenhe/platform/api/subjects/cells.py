"""Standing assessments and their cells: what an edition says of a place and a period."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import polars as pl
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, Field

from fenhe.base import beijing
from fenhe.base.errors import FenheError
from fenhe.methods import registry, usage
from fenhe.platform import owner
from fenhe.platform.api import cursors, reach, times, walk
from fenhe.platform.api.frame import Asked, Listed, get
from fenhe.platform.registry.queries import in_english
from fenhe.platform.verdicts.models import Assessment
from fenhe.platform.verdicts.span_evidence import label_of

ACT = "verdicts.view"
KEY = ("site", "start")
HOURS = {"1h": 1, "day": 24, "month": 28 * 24, "quarter": 90 * 24, "year": 365 * 24}
LONGEST = {"1h": walk.LONGEST, "day": timedelta(days=3700)}
LISTS = ("primary", "reason", "unverified")
router = Router()


class AssessmentRow(BaseModel):
    """A standing question: method, edition, subject, grain."""

    assessment: str
    title: str
    title_zh: str
    title_en: str
    method: str
    edition_policy: str
    edition: str | None = Field(description="the fixed edition; null where the day chooses")
    parameters: dict[str, Any]
    subject: str = Field(description="site, city (mean of its stations) or published")
    grain: str = Field(description="1h, day, month, quarter or year")
    scope: str | None = Field(description="region; null: all")


class Assessments(Listed):
    """A page of assessments."""

    data: list[AssessmentRow]


class AssessmentsAsked(Asked):
    """Which assessments."""

    subject: str | None = None
    grain: str | None = None


@get(router, "/assessments", ACT, Assessments, table=True)
def list_assessments(request: HttpRequest, asked: Query[AssessmentsAsked]) -> Any:
    """Active assessments, by key."""
    rows = Assessment.objects.filter(active=True)
    rows = rows.filter(subject=asked.subject) if asked.subject else rows
    rows = rows.filter(grain=asked.grain) if asked.grain else rows
    told = [_plain(row) for row in rows]
    return cursors.page(request, told, lambda row: [row["assessment"]], asked.limit)


def _plain(row: Assessment) -> dict[str, Any]:
    return {
        "assessment": row.key,
        "title": row.title,
        "title_zh": row.title_zh,
        "title_en": row.title_en,
        "method": row.method,
        "edition_policy": row.edition_policy,
        "edition": row.fixed_edition,
        "parameters": row.parameters,
        "subject": row.subject,
        "grain": row.grain,
        "scope": row.scope_id,
    }


class OneAssessment(BaseModel):
    """One assessment."""

    data: AssessmentRow


@get(router, "/assessments/{assessment}", ACT, OneAssessment, fails=(404,))
def show_assessment(request: HttpRequest, assessment: str) -> Any:
    """One assessment."""
    return {"data": _plain(reach.assessment(assessment))}


class CellColumn(BaseModel):
    """What a column of the cells is."""

    name: str
    title: str
    unit: str = Field(description="empty where there is none, or the method does not say")


class Cell(BaseModel):
    """One verdict: the columns of its method, and what every cell has."""

    model_config = ConfigDict(extra="allow")

    object: str = Field(description="site key, or region code of a city")
    start_utc: str
    end_utc: str
    time: str = Field(description="Beijing label of the hour's end, or of the period")
    status: str | None = Field(None, description="judged, not_published or not_judged")
    reason: list[str] = Field([], description="codes, such as missing:pm10")
    unverified: list[str] = Field([], description="ids of the unverified values it rests on")
    edition: str | None = None
    in_force: bool | None = Field(None, description="the edition was in force in the whole period")
    n_valid: int | None
    n_due: int | None
    input_digest: str
    method_version: str
    commit: int


class Cells(Listed):
    """A page of cells, all as known at one commit."""

    as_of: int
    assessment: str
    method: str
    edition: str | None
    grain: str
    columns: list[CellColumn] = Field(description="the method's own columns with their units")
    data: list[Cell]


class CellsAsked(Asked):
    """Which cells."""

    assessment: str = Field(description="key of an assessment")
    object: list[str] = Field([], description="site key or region code; may be repeated")
    region: str | None = Field(None, description="only what lies within this region")
    start: str | None = Field(None, description="first start: an ISO time (UTC) or a Beijing day")
    end: str | None = Field(None, description="starts before this; a Beijing day is included")
    as_of: int | None = Field(None, ge=0, le=2**62, description="as known at this commit")


@get(router, "/cells", ACT, Cells, fails=(404, 422), table=True, cached=True)
def list_cells(request: HttpRequest, asked: Query[CellsAsked]) -> Any:
    """Cells of an assessment, by object and start; hours, days, months, quarters or years."""
    found = reach.assessment(asked.assessment)
    grain = found.grain
    longest = LONGEST.get(grain, timedelta(days=36_600))
    span = walk.span(request, asked.start, asked.end, asked.as_of, longest)
    known = reach.objects(request, ACT, found, asked.region)
    wanted = reach.chosen(asked.object, known, "object")

    def read(some: list[str]) -> pl.DataFrame:
        rows = owner.store().cells.read(found.key, some, span.start, span.end, span.as_of)
        return rows.drop("assessment")

    each = max((span.end - span.start) // (HOURS[grain] * beijing.HOUR), 1) + 1
    page = walk.page(request, walk.Walk(wanted, each, read, KEY), span, asked.limit)
    return {
        **page,
        "data": [cell(row, grain) for row in page["data"].iter_rows(named=True)],
        "assessment": found.key,
        "method": found.method,
        "edition": found.fixed_edition,
        "grain": grain,
        "columns": list(columns(found, page["data"].columns)),
    }


def cell(row: dict[str, Any], grain: str) -> dict[str, Any]:
    """Return a cell as the interface tells it, whatever columns its method has."""
    own = {n: times.plain(v) for n, v in row.items() if n not in ("site", "start", "end")}
    lists = {n: (own[n] or "").split(";") if own[n] else [] for n in LISTS if n in own}
    hour = grain == Assessment.Grain.HOUR
    start, end = row["start"], row["end"]
    return {
        "object": row["site"],
        "start_utc": times.iso(start),
        "end_utc": times.iso(end),
        "time": beijing.hour_label(start, end) if hour else label_of(start, grain),
        **own,
        **lists,
    }


def columns(found: Assessment, present: list[str]) -> Iterator[dict[str, str]]:
    """Yield what the method says of its columns, of those that the cells have."""
    try:
        method = registry.method(found.method)
        told = method.outputs(list(usage.judged_by(method)), False)
    except FenheError:
        return
    english = in_english()
    for column in told:
        if column.name in present:
            title = column.en if english else column.zh
            yield {"name": column.name, "title": title, "unit": column.unit}
