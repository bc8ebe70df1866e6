"""Which city a station counted for on which days, as known at a commit, and how that changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q

from fenhe.platform.registry.models import ALWAYS, END_OF_TIME, Site, SiteHome, SiteName
from fenhe.platform.registry.queries import city_codes, holding

ONE_DAY = timedelta(days=1)
Home = tuple[str, bool, date, date]  # region, whether it counts for the city, first and last day


@dataclass(frozen=True)
class Span:
    """One station counting for one city, first and last day included."""

    site: str
    area: str
    since: date
    until: date


def spans(begins: Mapping[str, date], as_of: int | None = None) -> list[Span]:
    """Return when each air station counted for which city.

    A station counts on the days for which the registry has a name of it, for the city its
    home of those days lies in. Where the registry does not know since when a station has been
    there, it counts from its first value on (``begins``, by site); one without a value does
    not count. ``as_of``: only what had been entered before that commit of the store.
    """
    cities, homes = city_codes(), _homes(as_of)
    named = SiteName.objects.filter(site__kind=Site.Kind.AIR)
    if as_of is not None:
        named = named.filter(commit__lt=as_of)
    rows = named.values_list(
        "site_id", "site__region_id", "site__counts_for_city", "valid_from", "valid_to"
    )
    found = set()
    for site, region, counts, first, last in rows:
        begin = begins.get(site) if first == ALWAYS else first
        if begin is None:
            continue
        whole: list[Home] = [(region, counts, ALWAYS, END_OF_TIME)]
        for home, enters, since, until in homes.get(site, whole):
            span = Span(site, cities[home], max(begin, since), min(last, until))
            if enters and span.since <= span.until:
                found.add(span)
    return sorted(found, key=lambda s: (s.site, s.since, s.area))


def _homes(as_of: int | None) -> dict[str, list[Home]]:
    rows = SiteHome.objects.all()
    if as_of is None:
        rows = rows.filter(withdrawn_commit__isnull=True)
    else:
        later = Q(withdrawn_commit__isnull=True) | Q(withdrawn_commit__gte=as_of)
        rows = rows.filter(later, commit__lt=as_of)
    found: dict[str, list[Home]] = {}
    for site, region, counts, since, until in rows.values_list(
        "site_id", "region_id", "counts_for_city", "valid_from", "valid_to"
    ):
        found.setdefault(site, []).append((region, counts, since, until))
    return found


def move(home: SiteHome) -> Iterator[SiteHome]:
    """Return the rows to save so that ``home`` holds in its span and all else stays as it was.

    The rows that stood and overlap are withdrawn at ``home.commit``; what is left of them
    before and after the span is entered anew. Nothing is saved here.
    """
    site = home.site
    standing = list(site.homes.filter(withdrawn_commit__isnull=True))
    if not standing:
        always = SiteHome(site=site, region=site.region, counts_for_city=site.counts_for_city)
        standing = [always]
    for row in standing:
        if row.valid_to < home.valid_from or row.valid_from > home.valid_to:
            continue
        if row.valid_from < home.valid_from:
            yield _rest(row, row.valid_from, home.valid_from - ONE_DAY, home.commit)
        if row.valid_to > home.valid_to:
            yield _rest(row, home.valid_to + ONE_DAY, row.valid_to, home.commit)
        row.withdrawn_commit = home.commit
        yield row
    yield home


def _rest(row: SiteHome, first: date, last: date, commit: int) -> SiteHome:
    return SiteHome(
        site=row.site,
        region=row.region,
        counts_for_city=row.counts_for_city,
        valid_from=first,
        valid_to=last,
        source=row.source,
        commit=commit,
    )


@dataclass(frozen=True)
class Station:
    """A station as it counted on one day."""

    site: str
    name: str
    region: str
    counts: bool


def stations_on(day: date) -> list[Station]:
    """Return every air station with its region of the day, and whether it counted for a city."""
    rows = SiteHome.objects.filter(
        withdrawn_commit__isnull=True, valid_from__lte=day, valid_to__gte=day
    )
    moved = {row[0]: row[1:] for row in rows.values_list("site_id", "region_id", "counts_for_city")}
    names = holding(SiteName.objects.all(), day, "name_zh")
    found = []
    for site, region, counts in Site.objects.filter(kind=Site.Kind.AIR).values_list(
        "pk", "region_id", "counts_for_city"
    ):
        home = moved.get(site, (region, counts))
        found.append(Station(site, str(names.get(site, (site,))[0]), home[0], home[1]))
    return found
