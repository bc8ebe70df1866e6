"""Regions and sites, with their dated facts."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, Field

from fenhe.base import beijing
from fenhe.platform import clock
from fenhe.platform.api import cursors, reach, times
from fenhe.platform.api.frame import Asked, Listed, get
from fenhe.platform.registry.acts import homes_of
from fenhe.platform.registry.models import Region, Site
from fenhe.platform.registry.queries import site_facts, sites_on

ACT = "registry.view"
router = Router()


class RegionRow(BaseModel):
    """An administrative division."""

    region: str = Field(description="code of GB/T 2260, or of a zone an agency adds")
    level: str
    parent: str | None
    name: str = Field(description="in the language asked for")
    name_zh: str
    name_en: str


class Regions(Listed):
    """A page of regions."""

    data: list[RegionRow]


class RegionsAsked(Asked):
    """Which regions."""

    level: str | None = Field(None, description="province, city or county")
    within: str | None = Field(None, description="only this region and what lies below it")


@get(router, "/regions", ACT, Regions, fails=(404,), table=True, cached=True)
def list_regions(request: HttpRequest, asked: Query[RegionsAsked]) -> Any:
    """Regions, by code."""
    rows = Region.objects.defer("shape")
    if asked.level is not None:
        rows = rows.filter(level=asked.level)
    if asked.within is not None:
        rows = rows.filter(path__startswith=reach.path_of(asked.within))
    told = [reach.plain_region(row) for row in rows]
    return cursors.page(request, told, lambda row: [row["region"]], asked.limit)


class OneRegion(BaseModel):
    """One region."""

    data: RegionRow


@get(router, "/regions/{region}", ACT, OneRegion, fails=(404,), cached=True)
def show_region(request: HttpRequest, region: str) -> Any:
    """One region."""
    found = Region.objects.defer("shape").filter(pk=region).first()
    if found is None:
        raise Http404(f"there is no region {region}")
    return {"data": reach.plain_region(found)}


class SiteRow(BaseModel):
    """A site as it stood on a day."""

    site: str = Field(description="the stable key")
    kind: str = Field(
        description="air: a station; city: values published of a city as a whole; "
        "outlet: an outlet of a firm"
    )
    name: str
    code: str = Field(description="the network's code of the day; empty when not known")
    region: str
    region_name: str
    city: str
    city_name: str
    lon: float | None = Field(description="degrees, WGS-84")
    lat: float | None = Field(description="degrees, WGS-84")
    datum: str = Field(description="what the source said of the coordinates")


class Sites(Listed):
    """A page of sites."""

    on: str = Field(description="the Beijing day the facts are of")
    data: list[SiteRow]


class SitesAsked(Asked):
    """Which sites, on which day."""

    region: str | None = Field(None, description="only within this region")
    kind: str | None = Field(None, description="air, city or outlet; air and city without it")
    on: str | None = Field(None, description="Beijing day, 2026-03-01; today without it")


@get(router, "/sites", ACT, Sites, fails=(404,), table=True)
def list_sites(request: HttpRequest, asked: Query[SitesAsked]) -> Any:
    """Sites that are shown to the asker, as they stood on a day, by key.

    A fact that did not hold that day is taken from the nearest span in time.
    """
    day = times.read_day(asked.on, "on") if asked.on else _today()
    found = reach.sites(request, ACT, asked.region)
    if asked.kind is not None:
        found = found.filter(kind=asked.kind)
    else:
        found = found.exclude(kind=Site.Kind.OUTLET)
    kinds = dict(found.values_list("pk", "kind"))
    rows = [{**row, "kind": kinds[row["site"]]} for row in sites_on(found, day)]
    return {
        "on": day.isoformat(),
        **cursors.page(request, rows, lambda row: [row["site"]], asked.limit),
    }


def _today() -> date:
    return beijing.day_of(clock.now())


class Fact(BaseModel):
    """What held from a first to a last day, where it came from, at which commit it was known."""

    valid_from: str
    valid_to: str = Field(description="last day; 9999-12-31 where it still holds")
    source: str | None = None
    commit: int | None = None


class NameFact(Fact):
    """A name."""

    name_zh: str
    name_en: str
    note: str


class CodeFact(Fact):
    """A code of a network."""

    code: str


class PlaceFact(Fact):
    """Where it stood, WGS-84 degrees."""

    lon: float
    lat: float
    datum: str


class HomeFact(Fact):
    """The region it counted for."""

    region: str
    counts_for_city: bool


class SiteFacts(BaseModel):
    """A site with everything dated."""

    site: str
    kind: str
    region: str
    organisation: str | None
    published: bool
    counts_for_city: bool
    names: list[NameFact]
    codes: list[CodeFact]
    places: list[PlaceFact]
    homes: list[HomeFact] = Field(description="empty: it has always been in `region`")


class OneSite(BaseModel):
    """One site."""

    data: SiteFacts


@get(router, "/sites/{site}", ACT, OneSite, fails=(404,), cached=True)
def show_site(request: HttpRequest, site: str) -> Any:
    """One site with its dated names, codes, places and regions."""
    return {"data": _facts(reach.site(request, ACT, site))}


def _facts(found: Site) -> dict[str, Any]:
    return {
        "site": found.key,
        "kind": found.kind,
        "region": found.region_id,
        "organisation": found.organisation.code if found.organisation else None,
        "published": found.published,
        "counts_for_city": found.counts_for_city,
        **times.plain(site_facts(found)),
        "homes": homes_of(found),
    }
