"""Editions as data: what each states, with mark, clause and source; limits by day; differences."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.http import Http404, HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, Field

from fenhe import standards
from fenhe.platform.api import cursors, times
from fenhe.platform.api.errors import ApiError
from fenhe.platform.api.frame import Asked, Listed, get
from fenhe.standards import Edition, export, limits
from fenhe.standards.compare import differences

ACT = "standards.view"
router = Router()


class Open(BaseModel):
    """A model that may say more."""

    model_config = ConfigDict(extra="allow")


class EditionRow(Open):
    """An edition in short."""

    id: str
    standard: str
    subject: str
    code: str
    stage: str | None
    title_zh: str
    title_en: str
    in_force_from: str
    in_force_to: str | None
    counts: dict[str, int] = Field(description="values by mark, unknown ones, unknown clauses")


class Editions(Listed):
    """A page of editions."""

    data: list[EditionRow]


class EditionsAsked(Asked):
    """Which editions."""

    standard: str | None = Field(None, description="HJ633, GB3095 …")
    on: str | None = Field(None, description="only those in force on this day")


@get(router, "/standards", ACT, Editions, table=True, cached=True)
def list_standards(request: HttpRequest, asked: Query[EditionsAsked]) -> Any:
    """Editions of all standards, by id."""
    day = times.read_day(asked.on, "on") if asked.on else None
    rows = [
        times.plain(export.summary(edition))
        for edition in standards.catalogue().all_editions
        if asked.standard in (None, edition.standard) and (day is None or edition.in_force(day))
    ]
    return cursors.page(request, rows, lambda row: [row["id"]], asked.limit)


class DifferenceRow(BaseModel):
    """One value or cell that differs."""

    what: str = Field(description="changed, added or removed")
    id: str
    cell: str
    before: Any
    after: Any
    unit: str


class Differences(BaseModel):
    """What the second edition changes, adds and removes."""

    first: str
    second: str
    data: list[DifferenceRow]


class CompareAsked(BaseModel):
    """Two editions."""

    first: str
    second: str


@get(router, "/standards/compare", ACT, Differences, fails=(404,), table=True, cached=True)
def compare_standards(request: HttpRequest, asked: Query[CompareAsked]) -> Any:
    """What the second of two editions changes, adds and removes."""
    old, new = _edition(asked.first), _edition(asked.second)
    found = [times.plain(dataclasses.asdict(part)) for part in differences(old, new)]
    return {"first": old.id, "second": new.id, "data": found}


class LimitRow(Open):
    """A limit with its mark, clause and source."""

    value: Any = Field(description="a whole number, or a decimal as text")
    unit: str
    item: str
    averaging: str
    grade: str
    edition: str
    mark: str
    clause: str
    source: str


class Limits(BaseModel):
    """The limits that answer the question, one a grade."""

    edition: str
    data: list[LimitRow]


class LimitAsked(BaseModel):
    """Of what, and on which day or in which edition."""

    standard: str = Field(description="GB3095 …")
    item: str
    averaging: str = Field(description="annual, 24h, mda8, 1h …")
    grade: str | None = Field(None, description="I or II; all without it")
    on: str | None = Field(None, description="monitoring day, 2026-07-01")
    edition: str | None = Field(None, description="instead of a day")


@get(router, "/standards/limit", ACT, Limits, fails=(404, 422), table=True, cached=True)
def find_limit(request: HttpRequest, asked: Query[LimitAsked]) -> Any:
    """The limit of an item on a monitoring day, or in one edition."""
    if (asked.on is None) == (asked.edition is None):
        raise ApiError(422, "give either on or edition", where="on")
    day = times.read_day(asked.on, "on") if asked.on else None
    known = standards.catalogue()
    edition = known.on(asked.standard, day) if day else _edition(asked.edition or "")
    if edition.standard != asked.standard:
        raise ApiError(422, f"{edition.id} is no edition of {asked.standard}", where="edition")
    if limits.TABLE not in edition.tables:
        raise ApiError(422, f"{edition.id} has no table of limits", where="standard")
    grades = limits.grades(edition, asked.item, asked.averaging)
    wanted = (asked.grade,) if asked.grade else grades
    found = [edition.limit(asked.item, asked.averaging, grade, day) for grade in wanted]
    return {"edition": edition.id, "data": [times.plain(export.limit(edition, f)) for f in found]}


class EditionFull(EditionRow):
    """Everything an edition states."""

    issuer_zh: str
    issuer_en: str
    issued: str
    source: str
    values: dict[str, dict[str, Any]]
    tables: dict[str, dict[str, Any]]


class OneEdition(BaseModel):
    """One edition."""

    data: EditionFull


@get(router, "/standards/{edition}", ACT, OneEdition, fails=(404,), cached=True)
def show_standard(request: HttpRequest, edition: str) -> Any:
    """One edition with every value and table."""
    return {"data": times.plain(export.full(_edition(edition)))}


class TableRows(BaseModel):
    """One table of an edition."""

    edition: str
    table: str
    title_zh: str
    title_en: str
    columns: dict[str, str]
    data: list[dict[str, Any]] = Field(description="cells, with unit, mark, clause, source each")


@get(
    router,
    "/standards/{edition}/tables/{table}",
    ACT,
    TableRows,
    fails=(404,),
    table=True,
    cached=True,
)
def show_table(request: HttpRequest, edition: str, table: str) -> Any:
    """One table of an edition, row by row."""
    found = _edition(edition)
    if table not in found.tables:
        known = ", ".join(found.tables)
        raise Http404(f"{found.id} has no table {table}; it has: {known}")
    told = times.plain(export.table(found.tables[table]))
    return {
        "edition": found.id,
        "table": table,
        "title_zh": told["title_zh"],
        "title_en": told["title_en"],
        "columns": told["columns"],
        "data": told["rows"],
    }


def _edition(name: str) -> Edition:
    found = next((e for e in standards.catalogue().all_editions if e.id == name), None)
    if found is None:
        raise Http404(f"there is no edition {name}")
    return found
