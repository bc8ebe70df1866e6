"""The newest value of every series, from memory."""

from __future__ import annotations

from typing import Any

import polars as pl
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from fenhe.platform import owner
from fenhe.platform.api import cursors, reach
from fenhe.platform.api.frame import Asked, get
from fenhe.platform.api.subjects import observations

ACT = "monitoring.view"
router = Router()


class LatestAsked(Asked):
    """Which series."""

    site: list[str] = Field([], description="may be repeated")
    item: list[str] = Field([], description="may be repeated")
    statistic: str = Field("1h", description="1h, 8h, 24h, mda8 or instant")
    region: str | None = Field(None, description="only sites within this region")


@get(
    router,
    "/latest",
    ACT,
    observations.Observations,
    fails=(404,),
    table=True,
    cached=True,
)
def list_latest(request: HttpRequest, asked: Query[LatestAsked]) -> Any:
    """The newest value of every series, by site and item."""
    sites = reach.keys(reach.sites(request, ACT, asked.region), asked.site)
    store = owner.store()
    found = store.latest(asked.statistic).filter(pl.col("site").is_in(sites))
    if asked.item:
        found = found.filter(pl.col("item").is_in(asked.item))
    page = cursors.page(
        request,
        found.to_dicts(),
        lambda row: [row["site"], row["item"]],
        asked.limit,
    )
    told = pl.DataFrame(page["data"], schema=found.schema)
    return {
        **page,
        "as_of": store.last_commit,
        "data": list(observations.rows(told, asked.statistic)),
    }
