"""The engine: what changed in the store becomes dirty days, dirty days become true cells.

Dirty days come from the store's own commits, not from announcements: nothing that was
committed can be missed, whatever process died when. Only the cells of dirty days are
computed, and only those that differ are written; the others keep their commit.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl
from django.db import transaction

from fenhe.base import beijing
from fenhe.platform.registry.models import Region, Site
from fenhe.platform.registry.queries import city_codes
from fenhe.platform.verdicts import checks
from fenhe.platform.verdicts.judge import VALUES, Question, city_cells, site_cells
from fenhe.platform.verdicts.models import Assessment, Cursor, DirtyDay
from fenhe.store import Store

ACTOR = "fenhe"
CURSOR = "changed"
STATISTIC = "1h"
DAYS = 2_000  # site-days computed at a time: some 300,000 values
SPAN = 31  # … within so many days, so that one read of the store serves them
_turn = threading.Lock()


@dataclass(frozen=True)
class Step:
    """What one step did: site-days computed, cells new and changed, site-days still dirty."""

    days: int
    new: int
    changed: int
    left: int


def question_of(assessment: Assessment) -> Question:
    """Return what an assessment asks."""
    parameters = dict(assessment.parameters)
    area = parameters.pop("area_edition", None)
    return Question(assessment.method, assessment.fixed_edition, parameters, area)


def mark(store: Store) -> int:
    """Turn the commits since the last call into dirty days; return how many were read."""
    until = store.last_commit
    cursor, _ = Cursor.objects.get_or_create(name=CURSOR)
    if until <= cursor.commit:
        return 0
    found = store.changed(cursor.commit, until).filter(pl.col("statistic") == STATISTIC)
    with transaction.atomic():
        DirtyDay.objects.bulk_create(
            (DirtyDay(site=site, day=day) for site, day in found.select("site", "day").iter_rows()),
            ignore_conflicts=True,
            batch_size=1_000,
        )
        cursor.commit = until
        cursor.save()
    return found.height


def mark_everything() -> None:
    """Have every day looked at again, because the registry or the assessments changed."""
    Cursor.objects.filter(name=CURSOR).update(commit=0)


def step(store: Store) -> Step:
    """Compute the newest dirty days; the answer says what is left. One caller at a time."""
    with _turn:
        mark(store)
        dirty = list(_newest())
        if not dirty:
            return Step(0, 0, 0, 0)
        new, changed = _recompute(store, dirty)
        with transaction.atomic():
            for part in _parts([row.pk for row in dirty]):
                DirtyDay.objects.filter(pk__in=part).delete()
    return Step(len(dirty), new, changed, DirtyDay.objects.count())


def catch_up(store: Store, stop: threading.Event | None = None) -> Step:
    """Step until nothing is dirty, or until told to stop; return the sums."""
    days = new = changed = 0
    while stop is None or not stop.is_set():
        done = step(store)
        days, new, changed = days + done.days, new + done.new, changed + done.changed
        if done.days == 0:
            break
    return Step(days, new, changed, DirtyDay.objects.count())


def _newest() -> Iterator[DirtyDay]:
    rows = DirtyDay.objects.order_by("-day", "site")
    newest = rows.first()
    if newest is None:
        return
    since = newest.day - timedelta(days=SPAN)
    yield from rows.filter(day__gt=since)[:DAYS]


def _parts(numbers: list[int]) -> Iterator[list[int]]:
    for begin in range(0, len(numbers), 500):
        yield numbers[begin : begin + 500]


def _recompute(store: Store, dirty: list[DirtyDay]) -> tuple[int, int]:
    wanted = pl.DataFrame(
        [(row.site, row.day) for row in dirty],
        schema={"site": pl.String, "day": pl.Date},
        orient="row",
    )
    first, last = min(row.day for row in dirty), max(row.day for row in dirty)
    span = (_midnight(first), _midnight(last + timedelta(days=1)))
    values = _values(store, wanted["site"].unique().to_list(), span, wanted)
    checks.apply(store, values, wanted, span)
    members = city_members()
    cities = _dirty_cities(wanted, members)
    beside = _city_values(store, members, cities, span)
    new = changed = 0
    for assessment in Assessment.objects.filter(active=True).select_related("scope"):
        cells = _cells(assessment, values, beside, members)
        if cells.is_empty():
            continue
        written = store.cells.write(assessment.key, assessment.method, cells, ACTOR)
        new, changed = new + written.new, changed + written.changed
    return new, changed


def _cells(
    assessment: Assessment, values: pl.DataFrame, beside: pl.DataFrame, members: pl.DataFrame
) -> pl.DataFrame:
    question = question_of(assessment)
    if assessment.subject == Assessment.Subject.CITY:
        inside = _regions_within(assessment.scope)
        mine = members if inside is None else members.filter(pl.col("area").is_in(inside))
        kept = beside.join(mine.select("site"), on="site", how="semi")
        return city_cells(kept, mine, question) if kept.height else pl.DataFrame()
    if assessment.scope is not None:
        inside_sites = Site.objects.filter(region__path__startswith=assessment.scope.path)
        keys = list(inside_sites.values_list("pk", flat=True))
        values = values.filter(pl.col("site").is_in(keys))
    return site_cells(values, question) if values.height else pl.DataFrame()


def _regions_within(scope: Region | None) -> list[str] | None:
    if scope is None:
        return None
    inside = Region.objects.filter(path__startswith=scope.path)
    return list(inside.values_list("pk", flat=True))


def city_members() -> pl.DataFrame:
    """Return site, area: the stations that count for each city."""
    cities = city_codes()
    rows = Site.objects.filter(kind=Site.Kind.AIR, counts_for_city=True)
    return pl.DataFrame(
        [(site, cities[region]) for site, region in rows.values_list("pk", "region_id")],
        schema={"site": pl.String, "area": pl.String},
        orient="row",
    )


def _dirty_cities(wanted: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    return wanted.join(members, on="site").select("area", "day").unique()


def _city_values(
    store: Store, members: pl.DataFrame, cities: pl.DataFrame, span: tuple[datetime, datetime]
) -> pl.DataFrame:
    """Return the values of all stations of the dirty cities on their dirty days."""
    wanted = cities.join(members, on="area").select("site", "day").unique()
    return _values(store, wanted["site"].unique().to_list(), span, wanted)


def _values(
    store: Store, sites: list[str], span: tuple[datetime, datetime], wanted: pl.DataFrame
) -> pl.DataFrame:
    rows = store.observations(sites, statistic=STATISTIC, start=span[0], end=span[1])
    day = (pl.col("start") + beijing.OFFSET).dt.date()
    return (
        rows.select(VALUES)
        .with_columns(day=day)
        .join(wanted, on=["site", "day"], how="semi")
        .drop("day")
    )


def _midnight(day: date) -> datetime:
    return beijing.to_utc(datetime(day.year, day.month, day.day))  # noqa: DTZ001
