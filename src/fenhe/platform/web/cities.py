"""The cities a person may see, by source: means of their stations, or values published for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from fenhe.base.errors import BadInput
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Site
from fenhe.platform.registry.queries import shown_on, sites_on
from fenhe.platform.web.places import Places, regions_with

CITY, PUBLISHED = "city", "published"
SUBJECTS = (CITY, PUBLISHED)
WHOLE = "all"


@dataclass(frozen=True)
class Cities:
    """The cities of a source inside the chosen region: key of their cells -> name."""

    subject: str
    places: Places
    names: dict[str, str]

    @property
    def place(self) -> str:
        """The chosen region as the address carries it."""
        return self.places.chosen.code if self.places.chosen else WHOLE


def subject_of(user: Any, wanted: str | None, act: str) -> str:
    """Return the source wanted; without a wish published values where there are any.

    Raises ``BadInput`` for a source that is not one.
    """
    if wanted:
        if wanted not in SUBJECTS:
            raise BadInput(f"'{wanted}' is no source; known: {', '.join(SUBJECTS)}")
        return wanted
    return PUBLISHED if door.visible_sites(user, act, Site.Kind.CITY).exists() else CITY


def cities(user: Any, subject: str, wanted: str | None, day: date, act: str) -> Cities:
    """Return the cities of a region (``all``: every one) as they were called on a day.

    A city of stations shows when one of its stations does. Raises ``BadInput`` for a region
    without any.
    """
    kind = Site.Kind.CITY if subject == PUBLISHED else Site.Kind.AIR
    choices = regions_with(user, act, kind)
    chosen = None
    if wanted and wanted != WHOLE:
        chosen = next((region for region in choices if region.code == wanted), None)
        if chosen is None:
            raise BadInput(f"'{wanted}' is not a region with cities shown to you")
    places = Places(choices, chosen)
    return Cities(subject, places, _names(user, subject, places, day, act))


def _names(user: Any, subject: str, places: Places, day: date, act: str) -> dict[str, str]:
    if subject == PUBLISHED:
        found = places.narrow(door.visible_sites(user, act, Site.Kind.CITY))
        return {row["site"]: row["name"] for row in sites_on(found, day)}
    within = None if places.chosen is None else places.codes()
    return {
        row["city"]: row["city_name"]
        for row in shown_on(user, act, day)
        if within is None or row["city"] in within
    }
