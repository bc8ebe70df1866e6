"""The hourly stages: dirty days of stations, then of cities, become hourly cells."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl
from django.db import transaction
from django.db.models import Model

from fenhe.base import beijing
from fenhe.platform.registry import homes
from fenhe.platform.registry.models import Region, Site
from fenhe.platform.verdicts import checks, dirty
from fenhe.platform.verdicts.dirty import STATISTIC
from fenhe.platform.verdicts.judge import ITEMS, VALUES, Question, city_cells, site_cells
from fenhe.platform.verdicts.models import Assessment, DirtyCity, DirtyDay, Due
from fenhe.store import Store
from fenhe.store.cellframes import Batch

ACTOR = "fenhe"
DAYS = 4_000  # site-days computed at a time: some 600,000 values
CITY_DAYS = 500
GAP = 7  # days of nothing dirty that part one read of the store from the next
MEMBERS = {"site": pl.String(), "area": pl.String(), "since": pl.Date(), "until": pl.Date()}


def question_of(assessment: Assessment) -> Question:
    """Return what an assessment asks."""
    parameters = dict(assessment.parameters)
    area = parameters.pop("area_edition", None)
    rests_on = parameters.pop("rests_on", None)
    of_site = assessment.subject == Assessment.Subject.SITE
    return Question(
        assessment.method, assessment.fixed_edition, parameters, area, rests_on, of_site
    )


def standing_questions(grain: str, subject: str) -> list[Assessment]:
    """Return the active assessments of one grain and subject."""
    rows = Assessment.objects.filter(active=True, grain=grain, subject=subject)
    return list(rows.select_related("scope"))


def of_sites(store: Store) -> tuple[int, int, int]:
    """Judge the newest dirty days of stations; hand their cities and days to the next stages."""
    dirty_days = list(DirtyDay.objects.order_by("-day", "site")[:DAYS])
    if not dirty_days:
        return 0, 0, 0
    wanted = site_days((row.site, row.day) for row in dirty_days)
    values = values_of(store, wanted)
    checks.apply(store, values, wanted)
    batches = [
        Batch(one.key, one.method, _site_cells(one, values))
        for one in standing_questions("1h", Assessment.Subject.SITE)
    ]
    new, changed = write(store, batches)
    with transaction.atomic():
        dirty.city_days(counted(wanted, city_members()).select("area", "day").iter_rows())
        dirty.due(Due.Stage.DAY, Assessment.Subject.SITE, wanted.iter_rows())
        forget(DirtyDay, [row.pk for row in dirty_days])
    return len(dirty_days), new, changed


def of_cities(store: Store) -> tuple[int, int, int]:
    """Judge the newest dirty days of cities from the values of their stations."""
    dirty_days = list(DirtyCity.objects.order_by("-day", "area")[:CITY_DAYS])
    if not dirty_days:
        return 0, 0, 0
    pairs = [(row.area, row.day) for row in dirty_days]
    wanted = pl.DataFrame(pairs, {"area": pl.String, "day": pl.Date}, orient="row")
    members = city_members()
    values = values_of(store, stations_of(wanted, members))
    batches = [
        _city_batch(one, values, members, wanted)
        for one in standing_questions("1h", Assessment.Subject.CITY)
    ]
    new, changed = write(store, batches)
    with transaction.atomic():
        dirty.due(Due.Stage.DAY, Assessment.Subject.CITY, pairs)
        forget(DirtyCity, [row.pk for row in dirty_days])
    return len(dirty_days), new, changed


def write(store: Store, batches: list[Batch]) -> tuple[int, int]:
    """Write the cells of a stage in one commit; return how many are new and how many changed."""
    done = store.cells.write_all(batches, ACTOR)
    return sum(one.new for one in done), sum(one.changed + one.withdrawn for one in done)


def forget(model: type[Model], numbers: list[int]) -> None:
    """Take rows out of a queue."""
    for begin in range(0, len(numbers), 500):
        model._default_manager.filter(pk__in=numbers[begin : begin + 500]).delete()


def site_days(pairs: Iterator[tuple[str, date]]) -> pl.DataFrame:
    """Return site-days as a frame."""
    return pl.DataFrame(list(pairs), {"site": pl.String, "day": pl.Date}, orient="row")


def of_scope(assessment: Assessment, values: pl.DataFrame) -> pl.DataFrame:
    """Return the values of the sites an assessment looks at."""
    if assessment.scope is None:
        return values
    inside = Site.objects.filter(region__path__startswith=assessment.scope.path)
    return values.filter(pl.col("site").is_in(list(inside.values_list("pk", flat=True))))


def _site_cells(assessment: Assessment, values: pl.DataFrame) -> pl.DataFrame:
    mine = of_scope(assessment, values)
    return site_cells(mine, question_of(assessment)) if mine.height else pl.DataFrame()


def _city_batch(
    assessment: Assessment, values: pl.DataFrame, members: pl.DataFrame, wanted: pl.DataFrame
) -> Batch:
    """Return the cells of the wanted city-days: one that is not there is to be withdrawn."""
    mine = members.join(wanted.select("area").unique(), on="area", how="semi")
    inside = regions_within(assessment.scope)
    if inside is not None:
        mine = mine.filter(pl.col("area").is_in(inside))
    cells = city_cells(values, mine, question_of(assessment))
    if inside is not None:
        wanted = wanted.filter(pl.col("area").is_in(inside))
    spans = day_spans(wanted.rename({"area": "site"}))
    return Batch(assessment.key, assessment.method, cells, spans)


def day_spans(wanted: pl.DataFrame) -> pl.DataFrame:
    """Return site-days as spans of starts: site, since, until (naive UTC)."""
    since = pl.col("day").cast(pl.Datetime("us")) - beijing.OFFSET
    return wanted.select("site", since=since, until=since + beijing.DAY)


def regions_within(scope: Region | None) -> list[str] | None:
    """Return the codes of a scope's regions; None means everywhere."""
    if scope is None:
        return None
    return list(Region.objects.filter(path__startswith=scope.path).values_list("pk", flat=True))


def city_members(as_of: int | None = None) -> pl.DataFrame:
    """Return site, area, since, until: the stations that count for each city, and when.

    See ``homes.spans``. ``as_of``: only facts that were entered before that commit.
    """
    rows = [
        (span.site, span.area, span.since, span.until)
        for span in homes.spans(dirty.begins(), as_of)
    ]
    return pl.DataFrame(rows, MEMBERS, orient="row")


def counted(wanted: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Return the site-days beside the city they counted for: site, day, area."""
    joined = wanted.join(members, on="site").filter(pl.col("day").is_between("since", "until"))
    return joined.select("site", "day", "area").unique()


def stations_of(cities: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Return the site-days that counted for the city-days (area, day): site, day."""
    joined = cities.join(members, on="area").filter(pl.col("day").is_between("since", "until"))
    return joined.select("site", "day").unique()


def values_of(store: Store, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return the hourly values of exactly the wanted site-days, one read per run of days."""
    if wanted.is_empty():  # a station that counts for no city
        return store.observations([], statistic=STATISTIC).select(VALUES)
    days = wanted.select("day").unique().sort("day")
    far = (pl.col("day").diff() > timedelta(days=GAP)).fill_null(value=False)
    runs = wanted.join(days.with_columns(run=far.cum_sum()), on="day")
    return pl.concat([_read(store, part) for part in runs.partition_by("run")])


def _read(store: Store, wanted: pl.DataFrame) -> pl.DataFrame:
    first, last = wanted.select(pl.col("day").min(), pl.col("day").max().alias("last")).row(0)
    start, end = beijing.days(first, last)
    sites = wanted["site"].unique().to_list()
    rows = store.observations(sites, ITEMS, STATISTIC, start=start, end=end)
    day = (pl.col("start") + beijing.OFFSET).dt.date()
    return (
        rows.select(VALUES)
        .with_columns(day=day)
        .join(wanted, on=["site", "day"], how="semi")
        .drop("day")
    )
