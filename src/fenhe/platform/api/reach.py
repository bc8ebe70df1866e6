"""Which sites and cities an asker may see, narrowed by what was asked."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from fenhe.platform import owner
from fenhe.platform.api.access import asker_of
from fenhe.platform.api.errors import ApiError
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Region, Site
from fenhe.platform.registry.queries import city_codes
from fenhe.platform.verdicts.models import Assessment
from fenhe.platform.verdicts.outlets.keys import objects_of


def sites(request: HttpRequest, act: str, region: str | None = None) -> QuerySet[Site]:
    """Return the sites of every kind the asker may do an act on, within a region if one is named.

    Raises 404 for a region there is not.
    """
    found = door.visible_sites(asker_of(request).user, act, kind=None)
    if region is None:
        return found
    return found.filter(region__path__startswith=path_of(region))


def path_of(code: str) -> str:
    """Return the path of a region. Raises 404 when there is none."""
    path = Region.objects.filter(pk=code).values_list("path", flat=True).first()
    if path is None:
        raise Http404(f"there is no region {code}")
    return path


def keys(found: QuerySet[Site], wanted: list[str]) -> list[str]:
    """Return the keys of sites in order, of those wanted if any are.

    Outlets have to be asked for by name: who asks for everything means stations and cities.
    Raises 404 for a wanted site that is not among them: unknown and not shown look alike.
    """
    if not wanted:
        return sorted(found.exclude(kind=Site.Kind.OUTLET).values_list("pk", flat=True))
    known = set(found.values_list("pk", flat=True))
    beyond = sorted(set(wanted) - known)
    if beyond:
        raise Http404(f"there is no site {', '.join(beyond[:5])} that is shown to you")
    return sorted(set(wanted))


def site(request: HttpRequest, act: str, key: str) -> Site:
    """Return one site within reach. Raises 404 else."""
    found = sites(request, act).select_related("region", "organisation").filter(pk=key).first()
    if found is None:
        raise Http404(f"there is no site {key} that is shown to you")
    return found


def assessment(key: str) -> Assessment:
    """Return an active assessment. Raises 404 when there is none."""
    found = Assessment.objects.filter(key=key, active=True).first()
    if found is None:
        raise Http404(f"there is no assessment {key}")
    return found


def objects(
    request: HttpRequest, act: str, found: Assessment, region: str | None = None
) -> list[str]:
    """Return what an assessment's cells are of, as far as the asker may see.

    Sites, items of outlets (``outlet:DA001/a21026``), or cities.

    A city shows when one of its stations does.
    """
    within = sites(request, act, region)
    if found.subject == Assessment.Subject.OUTLET:
        outlets = within.filter(kind=Site.Kind.OUTLET).values_list("pk", flat=True)
        return objects_of(owner.store(), outlets)
    if found.subject == Assessment.Subject.PUBLISHED:
        return sorted(within.filter(kind=Site.Kind.CITY).values_list("pk", flat=True))
    stations = within.filter(kind=Site.Kind.AIR)
    if found.subject == Assessment.Subject.SITE:
        return sorted(stations.values_list("pk", flat=True))
    cities = city_codes()
    return sorted({cities[code] for code in stations.values_list("region_id", flat=True)})


def commit(as_of: int | None) -> int:
    """Return the commit to read as of: the one asked for, or the last. Raises 422 beyond it."""
    last = owner.store().last_commit
    if as_of is None:
        return last
    if as_of > last:
        raise ApiError(422, f"the last commit is {last}", where="as_of")
    return as_of


def chosen(wanted: list[str], known: list[str], what: str) -> list[str]:
    """Return those wanted of what is in reach, or all. Raises 404 for one that is not."""
    beyond = sorted(set(wanted) - set(known))
    if beyond:
        raise Http404(f"there is no {what} {', '.join(beyond[:5])} that is shown to you")
    return sorted(set(wanted)) or known


def plain_region(row: Region) -> dict[str, Any]:
    """Return a region as the interface tells it."""
    return {
        "region": row.code,
        "level": row.level,
        "parent": row.parent_id,
        "name": row.name,
        "name_zh": row.name_zh,
        "name_en": row.name_en,
    }
