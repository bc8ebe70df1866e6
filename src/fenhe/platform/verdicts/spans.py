"""The stages after the hours: days of stations and cities, then months, quarters and years.

A day is judged once it is over; until then it waits in its queue. What a city or a longer
period rests on are the day cells of the assessment its parameters name.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

import polars as pl
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from fenhe.base import beijing
from fenhe.methods.air import stages
from fenhe.platform import clock
from fenhe.platform.verdicts import daily, dirty
from fenhe.platform.verdicts.hours import (
    CITY_DAYS,
    DAYS,
    city_members,
    day_spans,
    forget,
    of_scope,
    question_of,
    regions_within,
    site_days,
    standing_questions,
    values_of,
    write,
)
from fenhe.platform.verdicts.judge import VALUES
from fenhe.platform.verdicts.models import Assessment, Due
from fenhe.store import Store
from fenhe.store.cellframes import Batch

Subject, Stage, Grain = Assessment.Subject, Due.Stage, Assessment.Grain
PERIODS = (Grain.MONTH, Grain.QUARTER, Grain.YEAR)
MONTHS = 4_000  # months of places computed at a time, of one year
Done = tuple[int, int, int]


def waiting() -> int:
    """Return how many days and periods can be computed now; running days are not among them."""
    return _over().count() + Due.objects.filter(stage=Stage.PERIOD).count()


def _over() -> QuerySet[Due]:
    """Return the due days that are over."""
    days = Due.objects.filter(stage=Stage.DAY)
    return days.filter(day__lt=beijing.day_of(clock.now())) if days.exists() else days


def days_of_sites(store: Store) -> Done:
    """Judge the newest days of stations and of published values that are over."""
    rows = list(_over().exclude(subject=Subject.CITY).order_by("-day", "subject", "target")[:DAYS])
    if not rows:
        return 0, 0, 0
    batches: list[Batch] = []
    for subject in (Subject.SITE, Subject.PUBLISHED):
        wanted = site_days((row.target, row.day) for row in rows if row.subject == subject)
        if wanted.height:
            batches += _of_days(store, subject, wanted)
    new, changed = write(store, batches)
    _done(rows)
    return len(rows), new, changed


def _of_days(store: Store, subject: Assessment.Subject, wanted: pl.DataFrame) -> list[Batch]:
    if subject is Subject.SITE:
        values, judge = values_of(store, wanted), daily.site_days
    else:
        values, judge = _published(store, wanted), daily.published_days
    found: dict[str, pl.DataFrame] = {}
    for assessment in _evaluations(subject):
        mine = of_scope(assessment, values)
        cells = judge(mine, question_of(assessment)) if mine.height else pl.DataFrame()
        found[assessment.key] = cells
    return _with_indices(subject, found, wanted)


def _evaluations(subject: Assessment.Subject) -> list[Assessment]:
    """Return the assessments of days that are evaluated by GB 3095: the partials of the rest."""
    return [one for one in _days(subject) if "period" in one.parameters]


def _with_indices(
    subject: Assessment.Subject, found: dict[str, pl.DataFrame], wanted: pl.DataFrame
) -> list[Batch]:
    """Return the evaluated days and the daily indices that rest on them, to be written."""
    spans = day_spans(wanted)
    batches = []
    for assessment in _days(subject):
        question = question_of(assessment)
        cells = found.get(assessment.key)
        if cells is None and (question.rests_on or "") in found:
            days = found[question.rests_on or ""]
            cells = daily.aqi_days(days, question) if days.height else pl.DataFrame()
        if cells is not None:
            batches.append(Batch(assessment.key, assessment.method, cells, spans))
    return batches


def _days(subject: Assessment.Subject) -> list[Assessment]:
    return standing_questions(Grain.DAY, subject)


def _published(store: Store, wanted: pl.DataFrame) -> pl.DataFrame:
    first, last = wanted.select(pl.col("day").min(), pl.col("day").max().alias("last")).row(0)
    start, end = beijing.days(first, last)
    sites = wanted["site"].unique().to_list()
    parts = [
        store.observations(sites, statistic=statistic, start=start, end=end).select(VALUES)
        for statistic in dirty.DAILY
    ]
    day = (pl.col("start") + beijing.OFFSET).dt.date()
    rows = pl.concat(parts).with_columns(day=day)
    return rows.join(wanted, on=["site", "day"], how="semi").drop("day")


def days_of_cities(store: Store) -> Done:
    """Judge the newest days of cities that are over and whose stations are all judged."""
    unready = Due.objects.filter(stage=Stage.DAY, subject=Subject.SITE, day=OuterRef("day"))
    ready = _over().filter(~Exists(unready), subject=Subject.CITY)
    rows = list(ready.order_by("-day", "target")[:CITY_DAYS])
    if not rows:
        return 0, 0, 0
    wanted = site_days((row.target, row.day) for row in rows)
    members = _members(wanted)
    found: dict[str, pl.DataFrame] = {}
    for assessment in _evaluations(Subject.CITY):
        key = question_of(assessment).rests_on or ""
        days = _day_cells(store, key, members.select("site", "day"))
        found[assessment.key] = _of_cities(days, members, assessment)
    new, changed = write(store, _with_indices(Subject.CITY, found, wanted))
    _done(rows)
    return len(rows), new, changed


def _members(wanted: pl.DataFrame) -> pl.DataFrame:
    """Return the stations that counted for the wanted city-days: area, site, day."""
    cities = wanted.rename({"site": "area"})
    joined = cities.join(city_members(), on="area")
    counted = joined.filter(pl.col("day").is_between("since", "until"))
    return counted.select("area", "site", "day").unique()


def _of_cities(days: pl.DataFrame, members: pl.DataFrame, assessment: Assessment) -> pl.DataFrame:
    inside = regions_within(assessment.scope)
    if inside is not None:
        members = members.filter(pl.col("area").is_in(inside))
    if days.is_empty() or members.is_empty():
        return pl.DataFrame()
    return daily.city_days(days, members, question_of(assessment))


def _day_cells(store: Store, key: str, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return the day cells of exactly the wanted site-days."""
    if wanted.is_empty():
        return pl.DataFrame()
    first, last = wanted.select(pl.col("day").min(), pl.col("day").max().alias("last")).row(0)
    start, end = beijing.days(first, last)
    sites = wanted["site"].unique().to_list()
    cells = store.cells.read(key, sites, start, end, columns=daily.READ)
    since = pl.col("day").cast(pl.Datetime("us")) - beijing.OFFSET
    keys = wanted.select("site", start=since)
    return cells.join(keys, on=["site", "start"], how="semi")


def _done(rows: list[Due]) -> None:
    """Take days out of the queue and note the months they lie in."""
    with transaction.atomic():
        months = {(row.subject, row.target, row.day.replace(day=1)) for row in rows}
        for subject in {row.subject for row in rows}:
            mine = ((target, day) for who, target, day in months if who == subject)
            dirty.due(Stage.PERIOD, subject, mine)
        forget(Due, [row.pk for row in rows])


def periods(store: Store) -> Done:
    """Judge the months, quarters and years around days that were judged, newest year first."""
    due = Due.objects.filter(stage=Stage.PERIOD).order_by("-day", "subject", "target")
    newest = due.first()
    if newest is None or _over().exists():
        return 0, 0, 0
    rows = list(due.filter(day__year=newest.day.year)[:MONTHS])
    batches: list[Batch] = []
    for subject in Subject.values:
        months = site_days((row.target, row.day) for row in rows if row.subject == subject)
        if months.height:
            batches += _of_periods(store, subject, months, newest.day.year)
    new, changed = write(store, batches)
    forget(Due, [row.pk for row in rows])
    return len(rows), new, changed


def _of_periods(store: Store, subject: str, months: pl.DataFrame, year: int) -> list[Batch]:
    """Return what rests on the days of one year: only the periods around the months."""
    sites = months["site"].unique().to_list()
    start, end = beijing.days(date(year, 1, 1), date(year, 12, 31))
    kept: dict[str, pl.DataFrame] = {}
    batches = []
    for grain in PERIODS:
        wanted = _around(months, "day", grain)
        spans = wanted.select("site", "since", "until").unique()
        for assessment in standing_questions(grain, subject):
            question = question_of(assessment)
            key = question.rests_on or ""
            if key not in kept:
                cells = store.cells.read(key, sites, start, end, columns=daily.READ)
                kept[key] = cells.with_columns(day=_beijing_day("start"))
            inside = _around(kept[key], "day", grain)
            days = inside.join(wanted, on=["site", "since"], how="semi").select(kept[key].columns)
            cells = daily.periods(days, question) if days.height else pl.DataFrame()
            batches.append(Batch(assessment.key, assessment.method, cells, spans))
    return batches


def _around(rows: pl.DataFrame, day: str, grain: str) -> pl.DataFrame:
    """Add the period each day lies in: since, until (naive UTC)."""
    bounds = [(one, *_bounds(one, grain)) for one in rows[day].unique().to_list()]
    schema = {day: pl.Date(), "since": pl.Datetime("us"), "until": pl.Datetime("us")}
    return rows.join(pl.DataFrame(bounds, schema, orient="row"), on=day)


@lru_cache(maxsize=4_096)
def _bounds(day: date, grain: str) -> tuple[datetime, datetime]:
    first, last = stages.period_of(int(f"{day:%Y%m%d}"), grain)
    return beijing.days(_date(first), _date(last))


def _date(number: int) -> date:
    text = str(number)
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def _beijing_day(column: str) -> pl.Expr:
    return (pl.col(column) + beijing.OFFSET).dt.date()
