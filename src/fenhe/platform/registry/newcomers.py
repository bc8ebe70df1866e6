"""Stations a file of measurements names and the registry does not know yet."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from fenhe.platform.registry.models import Region, Site, SiteCode, SiteName
from fenhe.platform.registry.stations import Outcome
from fenhe.protocols.tables.station_names import clean_name


@dataclass(frozen=True)
class Stranger:
    """A station as a file calls it: by code or by name, in a city when one is given."""

    text: str
    city: str = ""
    by_code: bool = True


def enter(strangers: list[Stranger], region: Region, commit: int, source: str) -> Outcome:
    """Enter each as a site of its own, unpublished, without a place; return the counts.

    The site lies in the city the file names when that city lies within ``region``, else in
    ``region``. The key is the text itself, led by the city where two cities share a name.
    Nothing is guessed about moves and re-issued codes: those are facts for a station table.
    """
    cities = _cities(region)
    outcome = Outcome()
    with transaction.atomic():
        for stranger in strangers:
            home = cities.get(_plain(stranger.city), region)
            name, note = clean_name(stranger.text)
            key = stranger.text
            if Site.objects.filter(pk=key).exists():
                key = f"{home.code}-{stranger.text}"
            site = Site.objects.create(key=key, region=home)
            fact = {"site": site, "commit": commit, "source": source}
            SiteName.objects.create(name_zh=name, note=note, **fact)
            if stranger.by_code:
                SiteCode.objects.create(code=stranger.text, **fact)
            outcome.rows += 1
            outcome.created["sites"] += 1
    return outcome


def _cities(region: Region) -> dict[str, Region]:
    inside = Region.objects.filter(path__startswith=region.path, level=Region.Level.CITY)
    return {_plain(city.name_zh): city for city in inside.defer("shape")}


def _plain(city: str) -> str:
    return city.strip().removesuffix("市")
