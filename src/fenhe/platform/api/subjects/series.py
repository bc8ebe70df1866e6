"""Which series there are."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, Field

from fenhe.platform import owner
from fenhe.platform.api import cursors, reach, words
from fenhe.platform.api.frame import Asked, Listed, get

ACT = "monitoring.view"
router = Router()


class SeriesRow(BaseModel):
    """One item of one site under one statistic."""

    site: str
    item: str
    statistic: str = Field(description="1h, 8h, 24h, mda8, instant: what one value stands for")
    unit: str


class Series(Listed):
    """A page of series."""

    data: list[SeriesRow]


class SeriesAsked(Asked):
    """Which series."""

    site: list[str] = Field([], description="may be repeated")
    item: list[str] = Field([], description="may be repeated")
    statistic: str | None = None
    region: str | None = Field(None, description="only sites within this region")


@get(router, "/series", ACT, Series, fails=(404,), table=True, cached=True)
def list_series(request: HttpRequest, asked: Query[SeriesAsked]) -> Any:
    """Series that hold any value, by site, item and statistic."""
    sites = set(reach.keys(reach.sites(request, ACT, asked.region), asked.site))
    rows = [
        {**row, "unit": words.unit_of(row["item"], row["statistic"])}
        for row in owner.store().series().select("site", "item", "statistic").to_dicts()
        if row["site"] in sites
        and (not asked.item or row["item"] in asked.item)
        and asked.statistic in (None, row["statistic"])
    ]
    return cursors.page(
        request, rows, lambda row: [row["site"], row["item"], row["statistic"]], asked.limit
    )
