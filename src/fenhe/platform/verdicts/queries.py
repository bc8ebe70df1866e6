"""What the pages ask of the verdicts: the map's hour, a station's span."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

import polars as pl

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform import owner
from fenhe.platform.monitoring import queries as monitoring
from fenhe.platform.registry.models import Site
from fenhe.platform.registry.queries import region_names, shown_on, site_facts
from fenhe.platform.verdicts.models import Assessment
from fenhe.quality.flags import Quality
from fenhe.store import Store

HOUR = beijing.HOUR


def assessments(subject: str | None = None, grain: str | None = "1h") -> list[Assessment]:
    """Return the active assessments of a grain (None: any), of sites, cities or all."""
    rows = Assessment.objects.filter(active=True)
    rows = rows.filter(grain=grain) if grain else rows
    return list(rows.filter(subject=subject) if subject else rows)


def assessment(edition: str, subject: str) -> Assessment:
    """Return the hourly assessment under a fixed edition; ``BadInput`` lists what there is."""
    for found in assessments(subject):
        if found.fixed_edition == edition:
            return found
    known = ", ".join(str(a.fixed_edition) for a in assessments(subject)) or "none"
    raise BadInput(f"no assessment of the {subject} kind under '{edition}'; there are: {known}")


def hour_cells(key: str, start: datetime, sites: list[str] | None = None) -> pl.DataFrame:
    """Return the cells of one hour of an assessment, one row a site or city.

    Columns: those of the method (``aqi aqi_of_available primary category status reason
    unverified edition iaqi_so2 … iaqi_pm25``), ``site start end in_force n_valid n_due
    input_digest method_version commit``. For a city ``site`` is the region code. No rows when
    nothing was judged yet.
    """
    if sites is not None:
        return owner.store().cells.read(key, sites=sites, start=start, end=start + HOUR)
    store = owner.store()
    return _whole_hour(store, key, start, store.last_commit)


@lru_cache(maxsize=32)
def _whole_hour(store: Store, key: str, start: datetime, _commit: int) -> pl.DataFrame:
    """Read an hour once per commit: a map that many look at is read from the files once."""
    return store.cells.read(key, start=start, end=start + HOUR)


def span_cells(key: str, site: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Return the cells of one site or city with ``start <= t < end``; columns as ``hour_cells``."""
    return owner.store().cells.read(key, sites=[site], start=start, end=end)


def map_state(hour: datetime, item: str, edition: str, user: Any) -> dict[str, Any]:
    """Return what the map shows in one hour (naive UTC start) under one edition.

    ``item`` is ``aqi`` or one of the six. ``stations``: rows of ``sites_on`` with ``value``,
    ``decimals``, ``quality`` (of the item; None for ``aqi`` or without a value; void values
    are None with their quality), ``iaqi`` (of the item), ``aqi``, ``category`` (1-6),
    ``primary``, ``status`` (None: no cell), ``reason``, ``unverified``, ``in_force``.
    ``cities``: ``city``, ``city_name``, ``aqi``, ``iaqi``, ``category``, ``primary``,
    ``status``, ``reason``, ``n_valid``. Also ``hour``, ``item``, ``edition``. Stations and
    cities are those the person may see; a city shows when one of its stations does.
    """
    day = beijing.day_of(hour)
    sites = shown_on(user, "monitoring.view", day)
    cells = _by_site(hour_cells(assessment(edition, "site").key, hour))
    values = _by_site(monitoring.hour_values(hour, item)) if item != "aqi" else {}
    cities = _by_site(hour_cells(assessment(edition, "city").key, hour))
    shown = {site["city"] for site in sites}
    names = region_names()
    return {
        "hour": hour,
        "item": item,
        "edition": edition,
        "stations": [
            {**site, **_value(values.get(site["site"])), **_verdict(cells.get(site["site"]), item)}
            for site in sites
        ],
        "cities": [
            {
                "city": code,
                "city_name": names.get(code, code),
                **_verdict(cell, item),
                "n_valid": cell["n_valid"],
            }
            for code, cell in sorted(cities.items())
            if code in shown
        ],
    }


def _by_site(frame: pl.DataFrame) -> dict[str, dict[str, Any]]:
    return {row["site"]: row for row in frame.iter_rows(named=True)}


def _value(row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {"value": None, "decimals": None, "quality": None}
    void = row["quality"] >= Quality.VOID
    return {
        "value": None if void else row["value"],
        "decimals": row["decimals"],
        "quality": row["quality"],
    }


def _verdict(cell: dict[str, Any] | None, item: str) -> dict[str, Any]:
    kept = ("aqi", "category", "primary", "status", "reason", "unverified", "in_force")
    found = {name: cell.get(name) if cell else None for name in kept}
    return {"iaqi": cell.get(f"iaqi_{item}") if cell else None, **found}


def station(site: Site, start: datetime, end: datetime) -> dict[str, Any]:
    """Return everything of one station over ``start <= t < end`` (naive UTC).

    Keys: ``site`` (key), ``values`` (frame, see ``monitoring.series``), ``flags``, ``notes``,
    ``verdicts`` (list of ``assessment``, ``edition``, ``title``, ``cells`` as a frame), ``facts``
    (``names``, ``codes``, ``places`` over time, see ``site_facts``).
    """
    return {
        "site": site.key,
        "values": monitoring.series(site.key, start, end),
        "flags": monitoring.flags(site.key, start, end),
        "notes": monitoring.notes(site, start, end),
        "verdicts": [
            {
                "assessment": found.key,
                "edition": found.fixed_edition,
                "title": found.title,
                "cells": span_cells(found.key, site.key, start, end),
            }
            for found in assessments("site")
        ],
        "facts": site_facts(site),
    }
