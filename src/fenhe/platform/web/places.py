"""The place a page is about: the regions a person may choose from, and the one chosen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from fenhe.base.errors import BadInput
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Region, Site


@dataclass(frozen=True)
class Places:
    """The regions with stations this person may see, and the chosen one (None: all of them)."""

    choices: tuple[Region, ...]
    chosen: Region | None

    @property
    def name(self) -> str:
        """The chosen region's name."""
        return self.chosen.name if self.chosen else ""

    def narrow(self, sites: QuerySet[Site]) -> QuerySet[Site]:
        """Keep the sites that lie in the chosen region."""
        if self.chosen is None:
            return sites
        return sites.filter(region__path__startswith=self.chosen.path)

    def codes(self) -> frozenset[str]:
        """Return the codes of the chosen region and all below it."""
        regions = Region.objects.all()
        if self.chosen is not None:
            regions = regions.filter(path__startswith=self.chosen.path)
        return frozenset(regions.values_list("code", flat=True))


def places(user: Any, wanted: str | None, act: str = "monitoring.view") -> Places:
    """Return the places of a person and the one wanted by code.

    Without a wish it is the person's own region, else the region of the root that holds most
    of the stations they may see. Raises ``BadInput`` for a region that is not among them.
    """
    choices = _with_sites(user, act)
    if wanted:
        chosen = next((region for region in choices if region.code == wanted), None)
        if chosen is None:
            raise BadInput(f"'{wanted}' is not a region with stations shown to you")
        return Places(choices, chosen)
    own = {m.region_id for m in door.memberships(user) if m.region_id}
    mine = [region for region in choices if region.code in own]
    return Places(choices, next(iter((*mine, *choices)), None))


def _with_sites(user: Any, act: str) -> tuple[Region, ...]:
    """Return roots (most stations first) each followed by its cities and the own regions."""
    held = door.visible_sites(user, act).order_by().values_list("region__path")
    counts: Counter[str] = Counter()
    for path, n in held.annotate(n=Count("pk")):
        counts.update({code: n for code in path.split("/") if code})
    own = {m.region_id for m in door.memberships(user)}
    regions = Region.objects.filter(pk__in=counts).defer("shape")
    shown = [r for r in regions if r.level != Region.Level.COUNTY or r.code in own]

    def order(region: Region) -> tuple[int, str, int, str]:
        root = region.path.split("/", 1)[0]
        return -counts[root], root, region.path.count("/"), region.code

    return tuple(sorted(shown, key=order))
