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
from fenhe.quality.flags import name as quality_name
from fenhe.store import Store

WHAT = ("observations", "cells")


@dataclass(frozen=True)
class Wanted:
    """What to export: kind, sites (none: all), Beijing days (inclusive), assessment of cells."""

    what: str
    sites: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    assessment: str = ""
    as_of: int | None = None
    items: tuple[str, ...] = field(default=())

    def plain(self) -> dict[str, Any]:
        """What was asked, for the audit log."""
        return {
            "what": self.what,
            "sites": list(self.sites),
            "first": str(self.first or ""),
            "last": str(self.last or ""),
            "assessment": self.assessment,
            "as_of": self.as_of,
        }


def read(store: Store, wanted: Wanted, within: QuerySet[Site]) -> pl.DataFrame:
    """Return the rows, only of sites ``within`` reach, by site and time.

    ``time`` is the Beijing label of the end of the hour; ``start_utc`` and ``end_utc`` are
    naive UTC. Raises ``BadInput`` for a site out of reach or an unknown assessment.
    """
    if wanted.what not in WHAT:
        raise BadInput(f"'{wanted.what}' can not be exported; known: {', '.join(WHAT)}")
    reach = set(within.values_list("pk", flat=True))
    if beyond := [site for site in wanted.sites if site not in reach]:
        raise BadInput(f"no site {', '.join(beyond)} that you may export")
    sites = list(wanted.sites) or sorted(reach)
    start, end = _bounds(wanted)
    rows = (
        store.observations(sites, wanted.items or None, start=start, end=end, as_of=wanted.as_of)
        if wanted.what == "observations"
        else _cells(store, wanted, sites, within)
    )
    return _labelled(rows)


def _cells(store: Store, wanted: Wanted, sites: list[str], within: QuerySet[Site]) -> pl.DataFrame:
    found = Assessment.objects.filter(key=wanted.assessment).first()
    if found is None:
        known = ", ".join(Assessment.objects.values_list("key", flat=True))
        raise BadInput(f"'{wanted.assessment}' is not an assessment; known: {known}")
    objects = sites
    if found.subject == Assessment.Subject.CITY:
        cities = city_codes()
        chosen = within.filter(pk__in=sites) if wanted.sites else within
        objects = sorted({cities[r] for r in chosen.values_list("region_id", flat=True)})
    return store.cells.read(found.key, objects, *_bounds(wanted), wanted.as_of)


def _bounds(wanted: Wanted) -> tuple[datetime | None, datetime | None]:
    start = beijing.start_of(wanted.first) if wanted.first else None
    end = beijing.days(wanted.last, wanted.last)[1] if wanted.last else None
    return start, end


def _labelled(rows: pl.DataFrame) -> pl.DataFrame:
    local, end = pl.col("start") + beijing.OFFSET, pl.col("end") + beijing.OFFSET
    midnight = (end.dt.hour() == 0) & (end.dt.date() > local.dt.date())
    label = (
        pl.when(midnight)
        .then(local.dt.strftime("%Y-%m-%d 24:00"))
        .otherwise(end.dt.strftime("%Y-%m-%d %H:%M"))
    )
    shown = rows.with_columns(time=label).rename({"start": "start_utc", "end": "end_utc"})
    if "quality" in shown.columns:
        words = pl.col("quality").map_elements(quality_name, return_dtype=pl.String)
        shown = shown.with_columns(quality=words)
    return shown.select("site", "time", pl.exclude("site", "time"))
