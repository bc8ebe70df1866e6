"""The station directory out of the registry: every site's dated codes, names and key."""

from __future__ import annotations

from datetime import date

import polars as pl

from fenhe.platform.registry.models import Region, Site, SiteCode, SiteName
from fenhe.protocols.tables.station_names import clean_name
from fenhe.protocols.tables.stations import ALIASES, Directory

STATIONS = (Site.Kind.AIR, Site.Kind.CITY)
_Alias = tuple[str, str, str, str, date | None, date | None]


def load(as_of: int | None = None) -> Directory:
    """Read the directory; ``as_of`` keeps only codes and names known at that commit."""
    cities = _cities()
    here = {"site__kind__in": STATIONS}  # no file of stations may name an outlet
    known = {} if as_of is None else {"commit__lte": as_of}
    span = ("site__region_id", "valid_from", "valid_to")
    aliases: list[_Alias] = [
        (site, "code", cities.get(region, ""), code, since, until)
        for site, code, region, since, until in SiteCode.objects.filter(
            **known, **here
        ).values_list("site_id", "code", *span)
    ]
    for site, what, zh, en, region, since, until in SiteName.objects.filter(
        **known, **here
    ).values_list("site_id", "site__kind", "name_zh", "name_en", *span):
        city, kind = cities.get(region, ""), "city" if what == Site.Kind.CITY else "name"
        for name in filter(None, (zh, en)):
            aliases.append((site, kind, city, clean_name(name).name, since, until))
    aliases += [
        (key, "key", cities.get(region, ""), key, None, None)
        for key, region in Site.objects.filter(kind__in=STATIONS).values_list("key", "region_id")
    ]
    return Directory(pl.DataFrame(aliases, schema=ALIASES, orient="row"))


def _cities() -> dict[str, str]:
    """Return region code -> name of the city it lies in (or is)."""
    regions = {region.code: region for region in Region.objects.defer("shape")}
    names: dict[str, str] = {}
    for code, region in regions.items():
        chain = [regions[part] for part in region.path.strip("/").split("/") if part in regions]
        city = next((r for r in chain if r.level == Region.Level.CITY), chain[0])
        names[code] = city.name_zh
    return names
