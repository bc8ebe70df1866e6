"""The ranking of cities in a month, quarter or year: statistics, index, rank, change, days.

Read from the standing cells of the period, so that what is ranked is what was judged. A city
whose statistic misses the minimum of days has the value shown but neither index nor rank: how
the rule treats such a city is in no source at hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import polars as pl

from fenhe.base import beijing
from fenhe.methods import registry as methods
from fenhe.methods.air import stages
from fenhe.methods.frames import apply
from fenhe.platform.verdicts import standing
from fenhe.platform.verdicts.judge import ITEMS
from fenhe.standards import catalogue
from fenhe.store import Store

#: What the composite index takes of each item: the mean, or for these the percentile.
OF_PERCENTILE = {"co": "co_p95", "o3": "o3_p90"}
LEVELS = range(1, 7)
INDEX, CHANGE, DAYS = "air.composite_index", "air.change_rank", "air.days_by_category"


@dataclass(frozen=True)
class Wanted:
    """What is ranked: ``subject`` city or published, the period's first day, the limits.

    ``targets``: only these cities, ranked among themselves; None: all that have cells.
    ``index``: edition of the index; without it the one that goes with the limits.
    """

    subject: str
    grain: str
    first: date
    limits: str
    targets: tuple[str, ...] | None = None
    index: str | None = None
    as_of: int | None = None

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The period as naive UTC, its end exclusive."""
        first, last = stages.period_of(int(f"{self.first:%Y%m%d}"), self.grain)
        return beijing.days(_date(first), _date(last))

    def year_before(self) -> Wanted:
        """Return the same period of the year before."""
        return replace(self, first=self.first.replace(year=self.first.year - 1, day=1))


def _date(number: int) -> date:
    return date(number // 10_000, number // 100 % 100, number % 100)


def statistic(item: str) -> str:
    """Return the column of a period cell that is ranked by."""
    return OF_PERCENTILE.get(item, f"{item}_mean")


def table(store: Store, wanted: Wanted) -> pl.DataFrame:
    """Return one row a city, by rank, then by key; unranked ones last.

    Columns: ``site``; per item ``<item>`` (the statistic), ``_n_valid _n_due _valid _multiple
    _compliant``; ``compliant``; ``i_<item> i_sum i_max max_item share_<item> rank``;
    ``i_prev rate rank_improved rank_worsened good_share_prev``; ``days_1 … days_6
    n_missing good_share``; ``status reason unverified edition index_edition commit``. No rows
    without cells.
    """
    now = _indexed(store, wanted)
    if now.is_empty():
        return now
    before = _indexed(store, wanted.year_before())
    table = _with_change(now, before)
    table = table.join(_levels(store, wanted), on="site", how="left")
    prev = _levels(store, wanted.year_before()).select("site", good_share_prev="good_share")
    return table.join(prev, on="site", how="left").sort("rank", "site", nulls_last=True)


def _indexed(store: Store, wanted: Wanted) -> pl.DataFrame:
    """Return the period's cells with the composite index of those that are valid."""
    key = standing.air_key(wanted.grain, wanted.subject, wanted.limits)
    start, _ = wanted.span
    cells = store.cells.read(key, wanted.targets, start, start + beijing.HOUR, wanted.as_of)
    if cells.is_empty():
        return cells
    judged = _parts(cells)
    method = methods.method(INDEX)
    usable = [pl.when(pl.col(f"{item}_valid")).then(pl.col(item)).alias(item) for item in ITEMS]
    given = judged.select(*usable, area="site")
    found = apply(method, given, edition=wanted.index or wanted.limits)
    index = found.select(
        pl.col("area").alias("site"),
        pl.col("^(i|share)_.*$|^max_item$|^rank$"),
        index_status="status",
        index_reason="reason",
        index_unverified="unverified",
        index_edition="edition",
    )
    return _joined(judged.join(index, on="site", how="left"))


def _parts(cells: pl.DataFrame) -> pl.DataFrame:
    kept = [f"{item}_{part}" for item in ITEMS for part in ("n_valid", "n_due", "valid")]
    statistics = [pl.col(statistic(item)).alias(item) for item in ITEMS]
    judged = [
        pl.col(f"{OF_PERCENTILE.get(item, item)}_{part}").alias(f"{item}_{part}")
        for item in ITEMS
        for part in ("multiple", "compliant")
    ]
    told = ["compliant", "status", "reason", "unverified", "edition", "commit", "input_digest"]
    return cells.select("site", *statistics, *kept, *judged, *told)


def _joined(rows: pl.DataFrame) -> pl.DataFrame:
    """Join the reasons and unverified ids of cell and index."""
    texts = [
        pl.concat_str(name, f"index_{name}", separator=";", ignore_nulls=True).alias(name)
        for name in ("reason", "unverified")
    ]
    rows = rows.with_columns(status="index_status").with_columns(texts)
    empty = [pl.when(pl.col(n) != "").then(pl.col(n)).alias(n) for n in ("reason", "unverified")]
    return rows.with_columns(empty).drop("index_status", "index_reason", "index_unverified")


def _with_change(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Add the former index, the rate of change and the two ranks by it."""
    none = pl.lit(None, pl.Float64)
    if before.is_empty():
        whole = pl.lit(None, pl.Int64)
        return now.with_columns(i_prev=none, rate=none, rank_improved=whole, rank_worsened=whole)
    both = now.join(before.select("site", i_prev="i_sum"), on="site", how="left")
    told = both.select(area="site", i_now="i_sum", i_prev="i_prev", compliant="compliant")
    found = apply(methods.method(CHANGE), told)
    kept = found.select("rate", "rank_improved", "rank_worsened", site="area")
    return both.join(kept, on="site", how="left")


def _levels(store: Store, wanted: Wanted) -> pl.DataFrame:
    """Return the days of each level by the daily AQI, and the share of good ones, in percent.

    Columns: site, ``days_1 … days_6 n_missing good_share``.
    """
    edition = catalogue().on(standing.STANDARD, catalogue().edition(wanted.limits).in_force_from)
    key = standing.daily_key(wanted.subject, edition.id)
    start, end = wanted.span
    cells = store.cells.read(key, wanted.targets, start, end, wanted.as_of, columns=["category"])
    kept = [*(f"days_{n}" for n in LEVELS), "n_missing", "good_share"]
    if cells.is_empty():
        whole = dict.fromkeys(kept[:-1], pl.Int64())
        return pl.DataFrame(schema={"site": pl.String(), **whole, "good_share": pl.Float64()})
    given = cells.select("category", area="site", date=(pl.col("start") + beijing.OFFSET).dt.date())
    counted = apply(
        methods.method(DAYS), given, edition=edition.id, params={"period": wanted.grain}
    )
    return counted.select("area", *kept).rename({"area": "site"})


def periods_held(store: Store, subject: str, grain: str, limits: str) -> Sequence[date]:
    """Return the first days of the periods that have cells, newest first."""
    key = standing.air_key(grain, subject, limits)
    cells = store.cells.read(key, columns=["start"])
    starts = cells["start"].unique().sort(descending=True)
    return [beijing.day_of(start) for start in starts.to_list()]
