"""Why a cell says so: its inputs down to the bytes, the computation, the clauses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, Field

from fenhe.platform import owner
from fenhe.platform.api import reach, times
from fenhe.platform.api.frame import get
from fenhe.platform.registry.models import Site
from fenhe.platform.verdicts.evidence import evidence
from fenhe.platform.verdicts.models import Assessment

ACT = "verdicts.evidence"
INSTANT = timedelta(microseconds=1)
router = Router()


class Found(BaseModel):
    """Everything one cell rests on; hours have items and inputs, periods the cells below them."""

    model_config = ConfigDict(extra="allow")

    assessment: str
    method: str
    target: str
    start: str = Field(description="naive UTC")
    end: str = Field(description="naive UTC")
    label: str = Field(description="in Beijing time")
    as_of: int | None
    verdict: dict[str, Any]
    reproduced: bool = Field(description="the run of now gives the cell that stands")
    inputs: list[dict[str, Any]] = Field(description="values with unit, decimals, file and row")
    lower: list[dict[str, Any]] = Field([], description="cells it rests on")
    edition: dict[str, Any] | None
    clauses: list[dict[str, Any]]
    versions: list[dict[str, Any]] = Field(description="former and standing cells, oldest first")
    withheld: int = Field(description="inputs of sites that are not shown to you")


class OneEvidence(BaseModel):
    """The evidence of one cell."""

    data: Found


class EvidenceAsked(BaseModel):
    """Which cell."""

    assessment: str = Field(description="key of an assessment")
    object: str = Field(description="site key, or region code of a city")
    start: str = Field(description="the cell's start: an ISO time (UTC), or a Beijing day")
    as_of: int | None = Field(None, ge=0, le=2**62, description="as known at this commit")


@get(router, "/evidence", ACT, OneEvidence, fails=(404, 422))
def show_evidence(request: HttpRequest, asked: Query[EvidenceAsked]) -> Any:
    """The evidence of one cell, computed anew as of the commit asked for."""
    found = reach.assessment(asked.assessment)
    known = reach.objects(request, ACT, found)
    reach.chosen([asked.object], known, "object")
    start = times.read(asked.start, "start")
    if asked.as_of is not None:
        reach.commit(asked.as_of)
    rows = owner.store().cells.read(
        found.key, [asked.object], start, start + INSTANT, asked.as_of, columns=["start"]
    )
    if rows.is_empty():
        raise Http404(f"{found.key} has no cell of {asked.object} that starts then")
    told = evidence(found.key, asked.object, start, asked.as_of)
    return {"data": times.plain(_shown(request, found, told))}


def _shown(request: HttpRequest, asked: Assessment, told: dict[str, Any]) -> dict[str, Any]:
    """Leave out what comes from stations that are not shown to the asker, and count it."""
    if asked.subject != Assessment.Subject.CITY:
        return {**told, "withheld": 0}
    within = reach.sites(request, ACT).filter(kind=Site.Kind.AIR)
    seen = {*within.values_list("pk", flat=True), told["target"]}
    inputs = [row for row in told["inputs"] if row["site"] in seen]
    lower = [row for row in told.get("lower", []) if row["target"] in seen]
    hidden = len(told["inputs"]) - len(inputs) + len(told.get("lower", [])) - len(lower)
    return {**told, "inputs": inputs, "lower": lower, "withheld": hidden}
