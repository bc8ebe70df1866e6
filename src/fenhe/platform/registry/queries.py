"""Sites as they stood on a day, for maps and lists; few queries, plain dictionaries."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import get_language

from fenhe.platform.registry.models import (
    Region,
    Site,
    SiteCode,
    SiteName,
    SitePlace,
)

Fact = tuple[Any, ...]


def in_english() -> bool:
    """Say whether the reader reads English."""
    return (get_language() or "").startswith("en")


def city_codes() -> dict[str, str]:
    """Return region code -> code of the city it is or lies in; a province stands for itself."""
    found = {}
    levels = dict(Region.objects.values_list("code", "level"))
    for code, path in Region.objects.values_list("code", "path"):
        chain = [part for part in path.split("/") if part]
        found[code] = next((c for c in chain if levels.get(c) == Region.Level.CITY), code)
    return found


def region_names() -> dict[str, str]:
    """Return region code -> name in the reader's language."""
    rows = Region.objects.values_list("code", "name_zh", "name_en")
    english = in_english()
    return {code: en if english and en else zh for code, zh, en in rows}


def sites_on(sites: QuerySet[Site], day: date) -> list[dict[str, Any]]:
    """Return the sites as they stood on ``day``, by key. Six queries, whatever their number.

    Keys: ``site``, ``name``, ``code``, ``region`` (code), ``region_name``, ``city`` (code),
    ``city_name``, ``lon``, ``lat`` (WGS-84 degrees), ``datum``. A fact that did not hold that
    day is taken from the nearest span in time; one never known is empty or None.
    """
    rows = list(sites.order_by("key").values_list("key", "region_id"))
    english, cities, names = in_english(), city_codes(), region_names()
    kept = Site.objects.filter(pk__in=sites.values("pk"))
    called = nearest(
        SiteName.objects.filter(site__in=kept).values_list(
            "site_id", "valid_from", "valid_to", "name_zh", "name_en"
        ),
        day,
    )
    coded = nearest(
        SiteCode.objects.filter(site__in=kept).values_list(
            "site_id", "valid_from", "valid_to", "code"
        ),
        day,
    )
    placed = nearest(
        SitePlace.objects.filter(site__in=kept).values_list(
            "site_id", "valid_from", "valid_to", "lon", "lat", "datum"
        ),
        day,
    )
    found = []
    for key, region in rows:
        zh, en = called.get(key, (key, ""))
        lon, lat, datum = placed.get(key, (None, None, ""))
        city = cities.get(region, region)
        found.append(
            {
                "site": key,
                "name": en if english and en else zh,
                "code": coded.get(key, ("",))[0],
                "region": region,
                "region_name": names.get(region, region),
                "city": city,
                "city_name": names.get(city, city),
                "lon": lon,
                "lat": lat,
                "datum": datum,
            }
        )
    return found


def nearest(facts: Iterable[Fact], day: date) -> dict[str, Fact]:
    """Return site -> the values of the fact that held on ``day``, else of the nearest in time.

    ``facts`` are tuples of site, first day, last day, values; of two that held, the later wins.
    """
    best: dict[str, tuple[int, Fact]] = {}
    for site, first, last, *values in facts:
        held = first <= day <= last
        away = 0 if held else min(abs((first - day).days), abs((last - day).days))
        if site not in best or away <= best[site][0]:
            best[site] = (away, tuple(values))
    return {site: values for site, (_, values) in best.items()}


def site_facts(site: Site) -> dict[str, list[dict[str, Any]]]:
    """Return all dated facts of a site, oldest first.

    Keys ``names`` (``name_zh, name_en, note``), ``codes`` (``code``), ``places`` (``lon, lat,
    datum``); each row also has ``valid_from``, ``valid_to``, ``source``, ``commit``.
    """
    span = ("valid_from", "valid_to", "source", "commit")
    return {
        "names": list(site.names.values("name_zh", "name_en", "note", *span)),
        "codes": list(site.codes.values("code", *span)),
        "places": list(site.places.values("lon", "lat", "datum", *span)),
    }
