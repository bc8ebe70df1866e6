"""What pages ask of days and periods, read once per commit of the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache

import polars as pl

from fenhe.base import beijing
from fenhe.methods import registry as methods
from fenhe.methods.frames import apply
from fenhe.platform import owner
from fenhe.platform.verdicts import daily, ranking, standing
from fenhe.platform.verdicts.judge import ITEMS
from fenhe.platform.verdicts.models import Assessment
from fenhe.platform.verdicts.ranking import Wanted
from fenhe.standards import catalogue
from fenhe.store import Store

TARGET, TREND = "air.target_daily", "air.trend"
#: Columns of a period cell that pages show beside its statistics.
_TOLD = ("compliant", "status", "reason", "unverified", "edition", "in_force", "commit")


def limits_held(subject: str, grain: str) -> list[str]:
    """Return the editions of limits that a subject's periods are judged by, oldest first."""
    found = Assessment.objects.filter(
        active=True, subject=subject, grain=grain, method=standing.PERIOD_METHOD
    )
    ids = {one.fixed_edition for one in found if one.fixed_edition}
    return sorted(ids, key=lambda name: catalogue().edition(name).in_force_from)


def table(wanted: Wanted) -> pl.DataFrame:
    """Return ``ranking.table``: do not change it, others are given the same."""
    store = owner.store()
    return _table(store, wanted, store.last_commit)


@lru_cache(maxsize=64)
def _table(store: Store, wanted: Wanted, _commit: int) -> pl.DataFrame:
    return ranking.table(store, wanted)


def periods_held(subject: str, grain: str, limits: str) -> tuple[date, ...]:
    """Return the first days of the periods that have cells, newest first."""
    store = owner.store()
    return _periods_held(store, subject, grain, limits, store.last_commit)


@lru_cache(maxsize=64)
def _periods_held(
    store: Store, subject: str, grain: str, limits: str, _commit: int
) -> tuple[date, ...]:
    return tuple(ranking.periods_held(store, subject, grain, limits))


def targets(wanted: Wanted, item: str, target: float, until: date) -> pl.DataFrame:
    """Return ``air.target_daily`` of the year of a period, for its cities, up to a day.

    Columns: ``site target mean_to_date days_done gap meets days_rest allowed_mean_rest status
    reason unverified edition``. The days are those of the standing day cells; a day without a
    valid value up to ``until`` is left out of the mean, days after it are to come.
    """
    store = owner.store()
    return _targets(store, wanted, item, target, until, store.last_commit)


@lru_cache(maxsize=32)
def _targets(
    store: Store, wanted: Wanted, item: str, target: float, until: date, _commit: int
) -> pl.DataFrame:
    first = date(wanted.first.year, 1, 1)
    start, end = beijing.days(first, until)
    key = standing.air_key("day", wanted.subject, wanted.limits)
    columns = [f"{item}_e6", f"{item}_ok"]
    cells = store.cells.read(key, wanted.targets, start, end, wanted.as_of, columns=columns)
    sites = cells["site"].unique(maintain_order=True)
    if cells.is_empty():
        return pl.DataFrame()
    value = pl.when(pl.col(f"{item}_ok")).then(pl.col(f"{item}_e6") / daily.MILLION)
    days = pl.date_range(first, until, eager=True).alias("date")
    grid = sites.to_frame().join(days.to_frame(), how="cross")
    held = cells.select("site", date=_day("start"), value=value)
    given = grid.join(held, on=["site", "date"], how="left").select(
        "date", "value", area="site", item=pl.lit(item), target=pl.lit(target)
    )
    found = apply(methods.method(TARGET), given, edition=wanted.limits, decimals={"value": 6})
    return found.rename({"area": "site"}).drop("item", "year")


def _day(column: str) -> pl.Expr:
    return (pl.col(column) + beijing.OFFSET).dt.date()


def days(
    key: str, target: str, start: datetime, end: datetime, columns: Sequence[str] | None = None
) -> pl.DataFrame:
    """Return the day cells of one site or city, with their Beijing ``day``; no rows without any."""
    found = owner.store().cells.read(key, [target], start, end, columns=columns)
    return found.with_columns(day=_day("start"))


def spans(subject: str, grain: str, limits: str, targets: Iterable[str]) -> pl.DataFrame:
    """Return every period cell of some cities with its composite index and rank among them.

    Columns: those of the cell, ``first`` (the first day), ``i_<item> i_sum max_item rank
    ranked`` (how many have a rank in the period) and ``index_edition``.
    """
    store = owner.store()
    return _spans(store, subject, grain, limits, tuple(sorted(targets)), store.last_commit)


@lru_cache(maxsize=32)
def _spans(
    store: Store, subject: str, grain: str, limits: str, targets: tuple[str, ...], _commit: int
) -> pl.DataFrame:
    cells = store.cells.read(standing.air_key(grain, subject, limits), targets)
    if cells.is_empty():
        return cells
    cells = cells.with_columns(first=_day("start"))
    usable = [
        pl.when(pl.col(f"{item}_valid")).then(pl.col(ranking.statistic(item))).alias(item)
        for item in ITEMS
    ]
    given = cells.select(*usable, area="site", period=pl.col("first").cast(pl.String))
    found = apply(methods.method(ranking.INDEX), given, edition=limits)
    index = found.select(
        pl.col("^i_.*$|^max_item$|^rank$"),
        site="area",
        first=pl.col("period").str.to_date("%Y-%m-%d"),
        index_edition="edition",
    )
    both = cells.join(index, on=["site", "first"], how="left")
    return both.with_columns(ranked=pl.col("rank").count().over("first"))


def trend(values: pl.DataFrame, limits: str) -> pl.DataFrame:
    """Return ``air.trend`` of annual values: area, year, value."""
    return apply(methods.method(TREND), values, edition=limits)
