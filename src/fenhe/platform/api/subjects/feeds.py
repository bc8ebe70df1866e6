"""The layouts data comes in, and how each feed stands."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, Field

from fenhe.platform.api import cursors, times
from fenhe.platform.api.access import asker_of
from fenhe.platform.api.frame import Asked, Listed, get
from fenhe.platform.monitoring import queries, sourceacts
from fenhe.protocols.tables import feeds

ACT = "monitoring.feeds"
router = Router()


class FeedRow(BaseModel):
    """A feed description with the sums of its receipts."""

    feed: str
    title_zh: str
    title_en: str
    source: str
    licence: str
    licence_zh: str
    public: bool
    simulated: bool
    notes: str
    imports: int
    received: int
    stored: int
    corrected: int
    duplicate: int
    rejected: int
    balanced: bool = Field(description="received = stored + duplicate + rejected")
    last_at_utc: str | None = Field(description="when the last receipt was written")


class Feeds(Listed):
    """A page of feeds."""

    data: list[FeedRow]


@get(router, "/feeds", ACT, Feeds, table=True)
def list_feeds(request: HttpRequest, asked: Query[Asked]) -> Any:
    """Feed descriptions, by id, with the sums of their receipts."""
    rows = [_plain(row) for row in queries.feeds()]
    return cursors.page(request, rows, lambda row: [row["feed"]], asked.limit)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in ("id", "last_at")}
    return {"feed": row["id"], **kept, "last_at_utc": times.iso(row["last_at"])}


class ItemRow(BaseModel):
    """One item of a description."""

    item: str
    statistic: str
    names: list[str] = Field(description="columns, or spellings of the item column")
    unit: str = Field(description="the unit the source writes")
    decimals: int


class FeedFull(FeedRow):
    """A feed description."""

    layout: str = Field(description="wide, long or by_station")
    time_columns: list[list[str]]
    time_label: str = Field(description="which end of the interval a label is: start or end")
    station_column: str | None
    items: list[ItemRow]


class OneFeed(BaseModel):
    """One feed."""

    data: FeedFull


@get(router, "/feeds/{feed}", ACT, OneFeed, fails=(404,))
def show_feed(request: HttpRequest, feed: str) -> Any:
    """One feed description: its columns, items and units."""
    found = next((row for row in queries.feeds() if row["id"] == feed), None)
    if found is None:
        raise Http404(f"there is no feed {feed}")
    told = feeds.load(feed)
    items = [
        {
            "item": item.item,
            "statistic": item.statistic,
            "names": list(item.names),
            "unit": item.unit,
            "decimals": item.decimals,
        }
        for item in told.items
    ]
    layout = {
        "layout": told.layout,
        "time_columns": [list(time.columns) for time in told.times],
        "time_label": told.times[0].label,
        "station_column": told.station.column,
        "items": items,
    }
    return {"data": {**_plain(found), **layout}}


class SourceRow(BaseModel):
    """A standing feed: a folder watched or an address polled."""

    source: str
    title_zh: str
    kind: str
    feeds: list[str]
    state: str = Field(description="ok, late, failing or paused")
    interval: int = Field(description="seconds between tries")
    expected_every: int = Field(description="seconds of the data's own rhythm")
    lag: float | None = Field(description="seconds since its newest hour; null without data")
    failures: int
    message: str
    alarm: str


class Sources(Listed):
    """A page of standing feeds."""

    data: list[SourceRow]


@get(router, "/sources", ACT, Sources, table=True)
def list_sources(request: HttpRequest, asked: Query[Asked]) -> Any:
    """Standing feeds and how late they are, by key."""
    found = sourceacts.status({}, asker_of(request).actor, None)
    told = [name for name in SourceRow.model_fields if name != "source"]
    rows = [{"source": row["key"], **{name: row[name] for name in told}} for row in found]
    return cursors.page(request, rows, lambda row: [row["source"]], asked.limit)
