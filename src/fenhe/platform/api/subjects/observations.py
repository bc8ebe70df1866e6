"""Values as they were measured: read by span, pushed under an idempotency key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import BaseModel, Field

from fenhe.base import beijing
from fenhe.platform import owner
from fenhe.platform.api import push, reach, times, walk, words
from fenhe.platform.api.access import asker_of
from fenhe.platform.api.frame import Asked, Listed, get, headers_of, post
from fenhe.quality.flags import Quality
from fenhe.quality.flags import name as quality_name

ACT = "monitoring.view"
KEY = ("site", "item", "start")
HOURS = {"24h": 24, "mda8": 24}
router = Router()


class Observation(BaseModel):
    """One value. A void one is told apart: it counts nowhere."""

    site: str
    item: str
    statistic: str
    start_utc: str
    end_utc: str
    time: str = Field(description="Beijing label: end of the hour, 24:00 for a day's last")
    value: float | None = Field(description="null where it is void")
    voided: float | None = Field(description="the value that is void, else null")
    unit: str
    decimals: int = Field(description="as the source wrote; value·10^decimals is whole")
    quality: str = Field(description="not checked, passed, annotated, void, missing")
    commit: int | None = Field(description="the commit that brought it; null for the latest")
    raw_sha256: str | None = Field(description="the kept file it came from")
    raw_row: int | None = Field(description="its row there")


class Observations(Listed):
    """A page of values, all as known at one commit."""

    as_of: int
    data: list[Observation]


class ObservationsAsked(Asked):
    """Which values."""

    site: list[str] = Field([], description="may be repeated; all in reach without it")
    item: list[str] = Field([], description="may be repeated; all without it")
    statistic: str = Field("1h", description="1h, 8h, 24h, mda8 or instant")
    start: str | None = Field(None, description="first start: an ISO time (UTC) or a Beijing day")
    end: str | None = Field(None, description="starts before this; a Beijing day is included")
    region: str | None = Field(None, description="only sites within this region")
    as_of: int | None = Field(None, ge=0, le=2**62, description="as known at this commit")


@get(router, "/observations", ACT, Observations, fails=(404, 422), table=True, cached=True)
def list_observations(request: HttpRequest, asked: Query[ObservationsAsked]) -> Any:
    """Values by site, item and time.

    Without `start` and `end`: the last 7 days there are. All pages are as of one commit.
    """
    span = walk.span(request, asked.start, asked.end, asked.as_of)
    within = reach.keys(reach.sites(request, ACT, asked.region), asked.site)
    sites, each = _with_series(within, asked)

    def read(some: list[str]) -> pl.DataFrame:
        return owner.store().observations(
            some, asked.item or None, asked.statistic, span.start, span.end, span.as_of
        )

    hours = (span.end - span.start) // beijing.HOUR // HOURS.get(asked.statistic, 1)
    found = walk.page(request, walk.Walk(sites, each * max(hours, 1), read, KEY), span, asked.limit)
    return {**found, "data": list(rows(found["data"], asked.statistic))}


def _with_series(within: list[str], asked: ObservationsAsked) -> tuple[list[str], int]:
    """Return the sites that have any such series, and how many one has at most."""
    known = owner.store().series().filter(pl.col("statistic") == asked.statistic)
    if asked.item:
        known = known.filter(pl.col("item").is_in(asked.item))
    counts = known.filter(pl.col("site").is_in(within)).group_by("site").len()
    most = counts["len"].max()
    return sorted(counts["site"]), most if isinstance(most, int) else 1


def rows(found: pl.DataFrame, statistic: str) -> Iterator[dict[str, Any]]:
    """Yield values as the interface tells them."""
    for row in found.iter_rows(named=True):
        void = row["quality"] >= Quality.VOID
        yield {
            "site": row["site"],
            "item": row["item"],
            "statistic": statistic,
            "start_utc": times.iso(row["start"]),
            "end_utc": times.iso(row["end"]),
            "time": beijing.hour_label(row["start"], row["end"]),
            "value": None if void else row["value"],
            "voided": row["value"] if void else None,
            "unit": words.unit_of(row["item"], statistic),
            "decimals": row["decimals"],
            "quality": quality_name(row["quality"]),
            "commit": row.get("commit"),
            "raw_sha256": row.get("raw_sha256"),
            "raw_row": row.get("raw_row"),
        }


@post(
    router,
    "/observations",
    "monitoring.receive",
    {201: push.Pushed},
    fails=(409,),
    pushes=True,
    extra=push.BODY,
)
def push_observations(request: HttpRequest) -> Any:
    """Push values; answered when they are durable, with a receipt that balances.

    The header `Idempotency-Key` makes repeating safe: the same key with the same body gets the
    same answer, with another body 409. The body is kept byte by byte; evidence opens down to it.
    Send `{"feed": "push-hourly", "observations": [...]}`, or a file of any known feed with
    `?feed=`.
    """
    status, answer, again = push.take(request, asker_of(request))
    if again:
        headers_of(request)["Idempotency-Replayed"] = "true"
    return Status(status, answer)
