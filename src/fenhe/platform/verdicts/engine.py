"""The engine: what changed in the store becomes dirty days, dirty days become true cells.

Dirty days come from the store's own commits, not from announcements: nothing that was
committed can be missed, whatever process died when. Only the cells of dirty days are
computed, and only those that differ are written; the others keep their commit.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import polars as pl
from django.db import transaction

from fenhe.base import beijing
from fenhe.platform.registry.models import ALWAYS, Region, Site, SiteName
from fenhe.platform.registry.queries import city_codes
from fenhe.platform.verdicts import checks
from fenhe.platform.verdicts.dirty import STATISTIC, mark
from fenhe.platform.verdicts.judge import VALUES, Question, city_cells, site_cells
from fenhe.platform.verdicts.models import Assessment, Begin, DirtyDay
from fenhe.store import Store

ACTOR = "fenhe"
DAYS = 4_000  # site-days computed at a time: some 600,000 values
GAP = 7  # days of nothing dirty that part one read of the store from the next
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


def step(store: Store) -> Step:
    """Compute the newest dirty days; the answer says what is left. One caller at a time."""
    with _turn:
        mark(store)
        dirty = _newest()
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


def _newest() -> list[DirtyDay]:
    return list(DirtyDay.objects.order_by("-day", "site")[:DAYS])


def _parts(numbers: list[int]) -> Iterator[list[int]]:
    for begin in range(0, len(numbers), 500):
        yield numbers[begin : begin + 500]


def _recompute(store: Store, dirty: list[DirtyDay]) -> tuple[int, int]:
    wanted = pl.DataFrame(
        [(row.site, row.day) for row in dirty],
        schema={"site": pl.String, "day": pl.Date},
        orient="row",
    )
    values = _values(store, wanted)
    checks.apply(store, values, wanted)
    members = city_members()
    beside = _values(store, _beside(wanted, members))
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


def city_members(as_of: int | None = None) -> pl.DataFrame:
    """Return site, area, since, until: the stations that count for each city, and when.

    A station counts on the days for which the registry has a name of it: a closed one does
    not drag its city below the least share of valid stations. Where the registry does not
    know since when, it counts from its first value on. ``as_of``: only facts that were
    entered before that commit of the store.
    """
    cities = city_codes()
    begins = dict(Begin.objects.values_list("site", "day"))
    spans = SiteName.objects.filter(site__kind=Site.Kind.AIR, site__counts_for_city=True)
    if as_of is not None:
        spans = spans.filter(commit__lt=as_of)
    rows = [
        (site, cities[region], begins.get(site) if since == ALWAYS else since, until)
        for site, region, since, until in spans.values_list(
            "site_id", "site__region_id", "valid_from", "valid_to"
        )
    ]
    return pl.DataFrame(
        [row for row in rows if row[2] is not None],
        schema={"site": pl.String, "area": pl.String, "since": pl.Date, "until": pl.Date},
        orient="row",
    )


def _beside(wanted: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Return the site-days that the cities of the wanted site-days need."""
    pairs = members.select("site", "area").unique()
    cities = wanted.join(pairs, on="site").select("area", "day").unique()
    return cities.join(pairs, on="area").select("site", "day").unique()


def _values(store: Store, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return the values of exactly the wanted site-days, one read per run of days."""
    if wanted.is_empty():  # a station that counts for no city
        return store.observations([], statistic=STATISTIC).select(VALUES)
    days = wanted.select("day").unique().sort("day")
    far = (pl.col("day").diff() > timedelta(days=GAP)).fill_null(value=False)
    runs = wanted.join(days.with_columns(run=far.cum_sum()), on="day")
    parts = [_read(store, part) for part in runs.partition_by("run")]
    return pl.concat(parts)


def _read(store: Store, wanted: pl.DataFrame) -> pl.DataFrame:
    first, last = wanted.select(pl.col("day").min(), pl.col("day").max().alias("last")).row(0)
    start, end = beijing.days(first, last)
    sites = wanted["site"].unique().to_list()
    rows = store.observations(sites, statistic=STATISTIC, start=start, end=end)
    day = (pl.col("start") + beijing.OFFSET).dt.date()
    return (
        rows.select(VALUES)
        .with_columns(day=day)
        .join(wanted, on=["site", "day"], how="semi")
        .drop("day")
    )
