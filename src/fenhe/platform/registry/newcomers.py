"""Stations a file of measurements names and the registry does not know yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from fenhe.platform.registry.models import Region, Site, SiteCode, SiteName
from fenhe.platform.registry.stations import Outcome
from fenhe.protocols.tables.station_names import clean_name, plain_name

CITY_KEY = "city:"


@dataclass(frozen=True)
class Stranger:
    """A station as a file calls it: by code or by name, in a city when one is given.

    ``is_city``: the text names a city whose published values the file holds.
    """

    text: str
    city: str = ""
    by_code: bool = True
    is_city: bool = False


def enter(strangers: list[Stranger], region: Region, commit: int, source: str) -> Outcome:
    """Enter each as a site of its own, unpublished, without a place; return the counts.

    The site lies in the city the file names when that city lies within ``region``, else in
    ``region``. The key is the text itself, led by the city where two cities share a name.
    A city is a site of its own kind, which never counts for a mean of stations: its key is
    ``city:`` and the code of the region it is within ``region``, else its name.
    Nothing is guessed about moves and re-issued codes: those are facts for a station table.
    """
    cities = _cities(region)
    outcome = Outcome()
    with transaction.atomic():
        for stranger in strangers:
            fact = {"commit": commit, "source": source}
            if stranger.is_city:
                _enter_city(stranger.text, cities, region, fact)
            else:
                _enter_station(stranger, cities.get(plain_name(stranger.city), region), fact)
            outcome.rows += 1
            outcome.created["sites"] += 1
    return outcome


def _enter_station(stranger: Stranger, home: Region, fact: dict[str, Any]) -> None:
    name, note = clean_name(stranger.text)
    key = stranger.text
    if Site.objects.filter(pk=key).exists():
        key = f"{home.code}-{stranger.text}"
    site = Site.objects.create(key=key, region=home)
    SiteName.objects.create(site=site, name_zh=name, note=note, **fact)
    if stranger.by_code:
        SiteCode.objects.create(site=site, code=stranger.text, **fact)


def _enter_city(text: str, cities: dict[str, Region], region: Region, fact: dict[str, Any]) -> None:
    home = cities.get(plain_name(text))
    site = Site.objects.create(
        key=f"{CITY_KEY}{home.code if home else text}",
        kind=Site.Kind.CITY,
        region=home or region,
        counts_for_city=False,
    )
    names = (home.name_zh, home.name_en) if home else (text, "")
    SiteName.objects.create(site=site, name_zh=names[0], name_en=names[1], **fact)


def _cities(region: Region) -> dict[str, Region]:
    """Return the cities within a region by plain name; 北京市 is one as well as a province."""
    levels = (Region.Level.CITY, Region.Level.PROVINCE)
    inside = Region.objects.filter(path__startswith=region.path, level__in=levels)
    return {plain_name(city.name_zh): city for city in inside.defer("shape")}
