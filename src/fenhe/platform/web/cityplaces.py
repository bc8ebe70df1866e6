"""The cities a person may see, by source: means of their stations, or values published for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _

from fenhe.base.errors import BadInput
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Region, Site, SiteName
from fenhe.platform.registry.queries import holding, in_english

CITY, PUBLISHED = "city", "published"
SOURCES = (CITY, PUBLISHED)


@dataclass(frozen=True)
class City:
    """One city of a source: the key of its cells, its name, its region and the path to it."""

    key: str
    name: str
    subject: str
    region: str
    path: str


@dataclass(frozen=True)
class Area:
    """A region that holds some of the cities."""

    code: str
    name: str
    cities: int


class Regions:
    """Every region, read once: level, path and name by code."""

    def __init__(self) -> None:
        rows = Region.objects.values_list("code", "level", "path", "name_zh", "name_en")
        english = in_english()
        self.names: dict[str, str] = {}
        self.paths: dict[str, str] = {}
        self._levels: dict[str, str] = {}
        for code, level, path, zh, en in rows:
            self.names[code] = en if english and en else zh
            self.paths[code], self._levels[code] = path, level

    def city_of(self, code: str) -> str:
        """Return the city a region is or lies in; a province stands for itself."""
        chain = [part for part in self.paths.get(code, "").split("/") if part]
        return next((c for c in chain if self._levels.get(c) == Region.Level.CITY), code)

    def above(self, city: City) -> tuple[str, ...]:
        """Return the regions a city lies in, the widest first, itself not among them."""
        return tuple(part for part in city.path.split("/") if part and part != city.key)


def subject_of(key: str) -> str:
    """Return the source a city's key belongs to."""
    return PUBLISHED if key.startswith("city:") else CITY


def cities(
    user: Any, subject: str, day: date, act: str = "verdicts.view", regions: Regions | None = None
) -> dict[str, City]:
    """Return key -> city of the cities of a source that a person may see.

    A city shows when one of its stations does, a published series when it does itself.
    Names are those of ``day``.
    """
    known = regions or Regions()
    if subject == CITY:
        held = door.visible_sites(user, act).order_by().values_list("region_id", flat=True)
        codes = {known.city_of(code) for code in held.distinct()}
        return {c: City(c, known.names[c], CITY, c, known.paths[c]) for c in sorted(codes)}
    sites = door.visible_sites(user, act, kind=Site.Kind.CITY)
    names = holding(SiteName.objects.filter(site__in=sites), day, "name_zh", "name_en")
    english, found = in_english(), {}
    for key, region in sites.order_by("key").values_list("key", "region_id"):
        zh, en = names.get(key, (key, ""))
        name = en if english and en else zh
        found[key] = City(key, name, PUBLISHED, region, known.paths[region])
    return found


def areas(user: Any, found: Iterable[City], regions: Regions) -> list[Area]:
    """Return the widest regions of some cities and the person's own, most cities first."""
    counts: Counter[str] = Counter()
    wide = set()
    for city in found:
        chain = [part for part in city.path.split("/") if part]
        counts.update(chain)
        wide.update(chain[:1])
    own = {m.region_id for m in door.memberships(user) if m.region_id}
    codes = sorted(wide | (own & set(counts)), key=lambda code: (-counts[code], code))
    return [Area(code, regions.names[code], counts[code]) for code in codes]


def within(found: dict[str, City], place: str, regions: Regions) -> dict[str, City]:
    """Return the cities inside a region; ``BadInput`` for a region that holds none of them."""
    if not place:
        return found
    path = regions.paths.get(place)
    inside = {k: c for k, c in found.items() if path and c.path.startswith(path)}
    if not inside:
        raise BadInput(f"'{place}' is not a region with cities shown to you")
    return inside


def city(user: Any, key: str, day: date) -> City:
    """Return one city; 404 when there is none, ``Denied`` when it is not shown to the person."""
    found = cities(user, subject_of(key), day).get(key)
    if found is not None:
        return found
    if not _exists(key):
        raise Http404(key)
    raise door.Denied(_("no station of this place is shown to you"))


def _exists(key: str) -> bool:
    if subject_of(key) == CITY:
        return Region.objects.filter(pk=key).exclude(level=Region.Level.COUNTY).exists()
    return Site.objects.filter(pk=key, kind=Site.Kind.CITY).exists()
