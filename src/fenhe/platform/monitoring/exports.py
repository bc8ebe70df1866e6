"""What leaves the store as a table: observations or verdict cells, with their times as labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl
from django.db.models import QuerySet

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform.registry.models import Site
from fenhe.platform.registry.queries import city_codes
from fenhe.platform.verdicts.models import Assessment
from fenhe.platform.verdicts.outlets.keys import objects_of
from fenhe.quality.flags import name as quality_name
from fenhe.store import Store

WHAT = ("observations", "cells")
HOURLY = "1h"


@dataclass(frozen=True)
class Wanted:
    """What to export: kind, sites (none: all), Beijing days (inclusive), assessment of cells.

    ``statistic`` of observations: hours of stations (``1h``), or the daily values published
    for cities (``24h``, ozone ``mda8``).
    """

    what: str
    sites: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    assessment: str = ""
    as_of: int | None = None
    items: tuple[str, ...] = field(default=())
    statistic: str = HOURLY

    def plain(self) -> dict[str, Any]:
        """What was asked, for the audit log."""
        return {
            "what": self.what,
            "sites": list(self.sites),
            "first": str(self.first or ""),
            "last": str(self.last or ""),
            "assessment": self.assessment,
            "as_of": self.as_of,
            "statistic": self.statistic if self.what == "observations" else "",
        }


def read(store: Store, wanted: Wanted, within: QuerySet[Site]) -> pl.DataFrame:
    """Return the rows, only of sites ``within`` reach, by site and time.

    ``time`` is the Beijing label of the end of the hour, or of the day, month, quarter or year
    of a cell; ``start_utc`` and ``end_utc`` are naive UTC. Raises ``BadInput`` for a site out of
    reach or an unknown assessment.
    """
    if wanted.what not in WHAT:
        raise BadInput(f"'{wanted.what}' can not be exported; known: {', '.join(WHAT)}")
    found = _assessment(wanted) if wanted.what == "cells" else None
    mine = within.filter(kind=_kind(found, wanted))
    sites = _within(wanted, mine)
    start, end = _bounds(wanted)
    if found is not None:
        objects = _objects(store, found, mine.filter(pk__in=sites) if wanted.sites else mine)
        rows = store.cells.read(found.key, objects, start, end, wanted.as_of)
        return _labelled(rows, found.grain)
    items = wanted.items or None
    rows = store.observations(sites, items, wanted.statistic, start, end, wanted.as_of)
    return _labelled(rows, HOURLY if wanted.statistic == HOURLY else Assessment.Grain.DAY)


def _kind(found: Assessment | None, wanted: Wanted) -> Site.Kind:
    """Return of which sites values or cells are."""
    kinds = {
        Assessment.Subject.PUBLISHED.value: Site.Kind.CITY,
        Assessment.Subject.OUTLET.value: Site.Kind.OUTLET,
    }
    if found is not None:
        return kinds.get(found.subject, Site.Kind.AIR)
    return Site.Kind.AIR if wanted.statistic == HOURLY else Site.Kind.CITY


def _assessment(wanted: Wanted) -> Assessment:
    found = Assessment.objects.filter(key=wanted.assessment).first()
    if found is None:
        known = ", ".join(Assessment.objects.values_list("key", flat=True))
        raise BadInput(f"'{wanted.assessment}' is not an assessment; known: {known}")
    return found


def _within(wanted: Wanted, mine: QuerySet[Site]) -> list[str]:
    """Return the sites asked for, or all there are; raise for one out of reach."""
    reach = set(mine.values_list("pk", flat=True))
    if beyond := [site for site in wanted.sites if site not in reach]:
        raise BadInput(f"no site {', '.join(beyond)} that you may export")
    return list(wanted.sites) or sorted(reach)


def _objects(store: Store, found: Assessment, chosen: QuerySet[Site]) -> list[str]:
    """Return what an assessment's cells are of: sites, items of outlets, cities they lie in."""
    if found.subject == Assessment.Subject.OUTLET:
        return objects_of(store, chosen.values_list("pk", flat=True))
    if found.subject != Assessment.Subject.CITY:
        return sorted(chosen.values_list("pk", flat=True))
    cities = city_codes()
    return sorted({cities[r] for r in chosen.values_list("region_id", flat=True)})


def _bounds(wanted: Wanted) -> tuple[datetime | None, datetime | None]:
    start = beijing.start_of(wanted.first) if wanted.first else None
    end = beijing.days(wanted.last, wanted.last)[1] if wanted.last else None
    return start, end


def _labelled(rows: pl.DataFrame, grain: str) -> pl.DataFrame:
    shown = rows.with_columns(time=_label(grain)).rename({"start": "start_utc", "end": "end_utc"})
    if "quality" in shown.columns:
        words = pl.col("quality").map_elements(quality_name, return_dtype=pl.String)
        shown = shown.with_columns(quality=words)
    return shown.select("site", "time", pl.exclude("site", "time"))


def _label(grain: str) -> pl.Expr:
    local, end = pl.col("start") + beijing.OFFSET, pl.col("end") + beijing.OFFSET
    year = local.dt.strftime("%Y")
    if grain == Assessment.Grain.QUARTER:
        return pl.concat_str(year, pl.lit("-Q"), local.dt.quarter())
    if grain != HOURLY:
        form = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}[grain]
        return local.dt.strftime(form)
    midnight = (end.dt.hour() == 0) & (end.dt.date() > local.dt.date())
    return (
        pl.when(midnight)
        .then(local.dt.strftime("%Y-%m-%d 24:00"))
        .otherwise(end.dt.strftime("%Y-%m-%d %H:%M"))
    )
