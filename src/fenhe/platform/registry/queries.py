"""Sites as they stood on a day, for maps and lists; few queries, plain dictionaries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.utils.translation import get_language

from fenhe.platform.registry import door
from fenhe.platform.registry.models import (
    DatedFact,
    Region,
    Setting,
    Site,
    SiteCode,
    SiteHome,
    SiteName,
    SitePlace,
)

Fact = Sequence[Any]
AnyFact = TypeVar("AnyFact", bound=DatedFact)


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


def version() -> str | None:
    """Return what changes with every change of regions, sites and their facts.

    The database sets it by trigger, anew at random, so that no write can be missed and a
    version undone never comes back with other content. None before the first change.
    """
    found = Setting.objects.filter(pk="registry_version").values_list("value", flat=True)
    return next(iter(found), None)


def shown_on(user: Any, act: str, day: date) -> list[dict[str, Any]]:
    """Return ``sites_on`` of the stations on which a person may do an act.

    Kept per registry version, language, day and scope: do not change what it returns.
    """
    where, now = door.scope(user, act), version()
    if now is None:
        return sites_on(_stations(where), day)
    return _kept(now, where, day, get_language())


@lru_cache(maxsize=64)
def _kept(
    _version: str, where: door.Scope, day: date, _language: str | None
) -> list[dict[str, Any]]:
    return sites_on(_stations(where), day)


def _stations(where: door.Scope) -> QuerySet[Site]:
    return Site.objects.filter(where.sites(), kind=Site.Kind.AIR)


def sites_on(sites: QuerySet[Site], day: date) -> list[dict[str, Any]]:
    """Return the sites as they stood on ``day``, by key. Ten queries, whatever their number.

    Keys: ``site``, ``name``, ``code``, ``region`` (code), ``region_name``, ``city`` (code),
    ``city_name``, ``lon``, ``lat`` (WGS-84 degrees), ``datum``. A fact that did not hold that
    day is taken from the nearest span in time; one never known is empty or None.
    """
    rows = list(sites.order_by("key").values_list("key", "region_id"))
    english, cities, names = in_english(), city_codes(), region_names()
    kept = Site.objects.filter(pk__in=sites.values("pk"))
    called = holding(SiteName.objects.filter(site__in=kept), day, "name_zh", "name_en")
    coded = holding(SiteCode.objects.filter(site__in=kept), day, "code")
    moved = _homes_on(day)
    placed = holding(SitePlace.objects.filter(site__in=kept), day, "lon", "lat", "datum")
    found = []
    for key, today in rows:
        region = moved.get(key, today)
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


def _homes_on(day: date) -> dict[str, str]:
    """Return site -> region code of the day, for the sites that have ever been moved."""
    held = SiteHome.objects.filter(
        withdrawn_commit__isnull=True, valid_from__lte=day, valid_to__gte=day
    )
    return dict(held.values_list("site_id", "region_id"))


def holding(facts: QuerySet[AnyFact], day: date, *fields: str) -> dict[str, Fact]:
    """Return site -> the fields of the fact that held on ``day``, else of the nearest in time.

    Of two that held, the later one wins. The dates are compared in the database: turning
    thousands of them into objects is what a map would wait for.
    """
    held = facts.filter(valid_from__lte=day, valid_to__gte=day).order_by("valid_from")
    found: dict[str, Fact] = {
        site: values for site, *values in held.values_list("site_id", *fields)
    }
    others = facts.exclude(valid_from__lte=day, valid_to__gte=day)
    away: dict[str, int] = {}
    for site, first, last, *values in others.values_list(
        "site_id", "valid_from", "valid_to", *fields
    ):
        distance = min(abs((first - day).days), abs((last - day).days))
        if (site in away or site not in found) and distance <= away.get(site, distance):
            away[site], found[site] = distance, values
    return found


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
