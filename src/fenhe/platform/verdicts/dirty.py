"""From the store's commits and the registry to what has to be looked at again, and no more."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import date

import polars as pl
from django.db import transaction

from fenhe.platform.registry import homes
from fenhe.platform.registry.homes import Span
from fenhe.platform.registry.models import OUTLET_PREFIX, Setting, Site
from fenhe.platform.registry.queries import version
from fenhe.platform.verdicts.models import (
    Assessment,
    Begin,
    Cursor,
    DataDay,
    DirtyCity,
    DirtyDay,
    Due,
    Member,
)
from fenhe.protocols.tables.feeds.model import WEATHER
from fenhe.store import Store

CURSOR = "changed"
STATISTIC = "1h"
DAILY = ("24h", "mda8")  # statistics of the daily values somebody else published
SEEN = "members_version"
Pair = tuple[str, date]


def mark(store: Store) -> int:
    """Turn the commits and registry changes since the last call into dirty days.

    Returns how many site-days the commits touched.
    """
    until = store.last_commit
    cursor, _ = Cursor.objects.get_or_create(name=CURSOR)
    quiet = store.cells.settled(cursor.commit, until)
    found = None if quiet else store.changed(cursor.commit, until, WEATHER)
    if until == cursor.commit and not _registry_changed():
        return 0
    with transaction.atomic():
        if found is not None:
            _enter_changes(found)
        if until > cursor.commit:
            cursor.commit = until
            cursor.save()
        _enter_members()
    return 0 if found is None else found.height


def mark_everything() -> None:
    """Have every day looked at again."""
    Cursor.objects.filter(name=CURSOR).update(commit=0)


def city_days(cities: Iterable[Pair]) -> None:
    """Note days of cities whose hours are to be computed."""
    rows = (DirtyCity(area=area, day=day) for area, day in cities)
    DirtyCity.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1_000)


def due(stage: str, subject: str, pairs: Iterable[Pair]) -> None:
    """Note day cells, or the periods around months, that are to be computed."""
    rows = (Due(stage=stage, subject=subject, target=target, day=day) for target, day in pairs)
    Due.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1_000)


def _enter_changes(changes: pl.DataFrame) -> None:
    found = changes.filter(~pl.col("site").str.starts_with(OUTLET_PREFIX))  # no air, no city
    hourly = found.filter(pl.col("statistic") == STATISTIC)
    held = (DataDay(day) for day in hourly["day"].unique())
    DataDay.objects.bulk_create(held, ignore_conflicts=True, batch_size=1_000)
    rows = (DirtyDay(site=site, day=day) for site, day in _pairs(hourly))
    DirtyDay.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1_000)
    _enter_begins(hourly)
    daily = found.filter(pl.col("statistic").is_in(DAILY))
    if daily.height:
        due(Due.Stage.DAY, Assessment.Subject.PUBLISHED, _pairs(daily.unique(["site", "day"])))


def _pairs(found: pl.DataFrame) -> Iterator[Pair]:
    return found.select("site", "day").iter_rows()


def _enter_begins(found: pl.DataFrame) -> None:
    """Keep the first day of each site: since when it counts where no fact says so."""
    known = dict(Begin.objects.values_list("site", "day"))
    for site, day in found.group_by("site").agg(pl.col("day").min()).iter_rows():
        if site not in known or day < known[site]:
            Begin.objects.update_or_create(site=site, defaults={"day": day})
            Setting.objects.filter(pk=SEEN).delete()


def _registry_changed() -> bool:
    seen = Setting.objects.filter(pk=SEEN).values_list("value", flat=True).first()
    return seen is None or seen != _now()


def _now() -> str:
    """Return the registry's version; an empty registry has none yet."""
    return version() or ""


def _enter_members() -> None:
    """Find the days on which a city's stations are not those its cells were computed with.

    The former spans are kept, so that whatever changed the registry, by whatever way, is found
    by what it changed: a station that moves touches two cities on the days after the move.
    """
    if not _registry_changed():
        return
    now = homes.spans(begins())
    was = [Span(*row) for row in Member.objects.values_list("site", "area", "since", "until")]
    changed = set(now) ^ set(was)
    if changed:
        days = list(DataDay.objects.order_by("day").values_list("day", flat=True))
        city_days(_moved(days, changed, was, now))
        Member.objects.all().delete()
        Member.objects.bulk_create((Member(**vars(span)) for span in now), batch_size=1_000)
    Setting.objects.update_or_create(pk=SEEN, defaults={"value": _now()})


def _moved(days: list[date], changed: set[Span], was: list[Span], now: list[Span]) -> set[Pair]:
    """Return the days with data on which a station counted for a city before or now, not both."""
    touched = {(span.site, span.area) for span in changed}
    before, after = (_days(days, spans, touched) for spans in (was, now))
    none: set[date] = set()
    return {
        (key[1], day) for key in touched for day in before.get(key, none) ^ after.get(key, none)
    }


def _days(
    days: list[date], spans: list[Span], wanted: set[tuple[str, str]]
) -> dict[tuple[str, str], set[date]]:
    found: dict[tuple[str, str], set[date]] = {}
    for span in spans:
        key = (span.site, span.area)
        if key in wanted:
            inside = days[bisect_left(days, span.since) : bisect_right(days, span.until)]
            found.setdefault(key, set()).update(inside)
    return found


def begins() -> dict[str, date]:
    """Return the day of each site's first value."""
    return dict(Begin.objects.values_list("site", "day"))


def published_sites() -> list[str]:
    """Return the keys of the cities whose daily values somebody else publishes."""
    return list(Site.objects.filter(kind=Site.Kind.CITY).values_list("pk", flat=True))
