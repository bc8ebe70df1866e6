"""What the next edition changes: the same days and years judged by two editions side by side.

Everything is read from the standing cells, so that what is compared is what was judged. A day
may fall into another level, or lose its level because an item is missing (HJ 633-2026, 5.3.1);
a year may meet the limits of one edition of GB 3095 and not those of the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

import polars as pl

from fenhe.base import beijing
from fenhe.methods.air.evaluation import EVALUATION, Statistic
from fenhe.platform.verdicts import daily, standing
from fenhe.platform.verdicts.judge import ITEMS
from fenhe.standards import Edition, catalogue
from fenhe.store import Store

OLD, NEW = "old", "new"
SIDES = (OLD, NEW)
#: What became of a day: another level, none any more, one it had not, the same, none in both.
WORSE, BETTER, WITHHELD, GAINED, SAME, NONE = (
    "worse", "better", "withheld", "gained", "same", "none",
)  # fmt: skip
WAYS = (WORSE, BETTER, WITHHELD, GAINED)
GOOD = 2  # days up to this level are good ones
AQI_ITEMS = ("so2", "no2", "co", "o3_8h", "o3_1h", "pm10", "pm25")
_TOLD = ("aqi", "aqi_of_available", "category", "primary", "status", "reason", "unverified")
_TYPES = {
    **dict.fromkeys((f"iaqi_{i}" for i in AQI_ITEMS), pl.Int64()),
    **dict.fromkeys(("aqi", "aqi_of_available", "category"), pl.Int64()),
    **dict.fromkeys(("primary", "status", "reason", "unverified"), pl.String()),
}


@dataclass(frozen=True)
class Pair:
    """Two editions of HJ 633, each with the edition of GB 3095 in force when it began."""

    old: Edition
    new: Edition
    old_limits: Edition
    new_limits: Edition

    def index(self, side: str) -> Edition:
        """Return the edition of the index of a side."""
        return self.old if side == OLD else self.new

    def limits(self, side: str) -> Edition:
        """Return the edition of the limits of a side."""
        return self.old_limits if side == OLD else self.new_limits


def pair() -> Pair:
    """Return the two newest editions of the index, whose daily assessments stand."""
    old, new = catalogue().editions(standing.STANDARD)[-2:]
    limits = [catalogue().on(standing.LIMITS, one.in_force_from) for one in (old, new)]
    return Pair(old, new, *limits)


@dataclass(frozen=True)
class Asked:
    """Whose days: ``subject`` city or published, over whole Beijing days, both included."""

    subject: str
    first: date
    last: date

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The days as naive UTC, the end exclusive."""
        return beijing.days(self.first, self.last)


def days(store: Store, asked: Asked, targets: Sequence[str] | None = None) -> pl.DataFrame:
    """Return one row a place and day under both editions, by place and day.

    Columns: ``site start``; for each side ``aqi aqi_of_available level primary status reason
    unverified`` with ``_old`` or ``_new``; ``way`` (see ``WAYS``, ``same``, ``none``); ``cause``,
    the items that made the change. ``targets``: only these places. Read once per commit.
    """
    found = _all_days(store, asked, pair(), store.last_commit)
    return found if targets is None else found.filter(pl.col("site").is_in(list(targets)))


@lru_cache(maxsize=8)
def _all_days(store: Store, asked: Asked, both: Pair, _commit: int) -> pl.DataFrame:
    start, end = asked.span
    wanted = [*_TOLD, *(f"iaqi_{item}" for item in AQI_ITEMS)]
    sides = []
    for side in SIDES:
        key = standing.daily_key(asked.subject, both.index(side).id)
        sides.append(store.cells.read(key, start=start, end=end, columns=wanted))
    return compare_days(sides[0], sides[1], both)


def compare_days(old: pl.DataFrame, new: pl.DataFrame, both: Pair) -> pl.DataFrame:
    """Return the days of two frames of daily indices beside each other; see ``days``."""
    beside = _side(old, OLD, both.old).join(
        _side(new, NEW, both.new), on=["site", "start"], how="full", coalesce=True
    )
    before, after = pl.col("level_old"), pl.col("level_new")
    way = (
        pl.when(before.is_null() & after.is_null())
        .then(pl.lit(NONE))
        .when(after.is_null())
        .then(pl.lit(WITHHELD))
        .when(before.is_null())
        .then(pl.lit(GAINED))
        .when(after > before)
        .then(pl.lit(WORSE))
        .when(after < before)
        .then(pl.lit(BETTER))
        .otherwise(pl.lit(SAME))
    )
    told = beside.with_columns(way=way).with_columns(cause=_cause())
    return told.select(pl.exclude("^_level_.*$")).sort("site", "start")


def _side(cells: pl.DataFrame, side: str, edition: Edition) -> pl.DataFrame:
    """Return the cells of one edition with the level of each item, all named by the side."""
    known = [
        pl.col(name).cast(kind) if name in cells.columns else pl.lit(None, kind).alias(name)
        for name, kind in _TYPES.items()
    ]
    levels = [
        _level_of(pl.col(f"iaqi_{item}"), edition).alias(f"_level_{item}_{side}")
        for item in AQI_ITEMS
    ]
    frame = cells.select("site", "start", *known).with_columns(levels)
    renamed = {name: f"{name}_{side}" for name in _TOLD if name != "category"}
    return (
        frame.rename({**renamed, "category": f"level_{side}"})
        .select("site", "start", pl.col(f"^.*_{side}$"))
        .select(pl.exclude("^iaqi_.*$"))
    )


def _level_of(index: pl.Expr, edition: Edition) -> pl.Expr:
    """Return the level an individual index lies in."""
    rows = sorted(edition.table("categories"), key=lambda row: int(row["level"]))
    found: pl.Expr = pl.lit(rows[-1]["level"], pl.Int64)
    for row in reversed(rows[:-1]):
        found = pl.when(index <= int(row["upper"])).then(int(row["level"])).otherwise(found)
    return pl.when(index.is_not_null()).then(found)


def _cause() -> pl.Expr:
    """Name the items that made the change, joined by ``;``.

    Worse: those that reach the new level, which none did before. Better: those that held the
    old level. Withheld or gained: those that are missing on the side without a level.
    """

    def items(side: str) -> pl.Expr:
        at = [
            pl.when(pl.col(f"_level_{item}_{side}") == pl.col(f"level_{side}")).then(pl.lit(item))
            for item in AQI_ITEMS
        ]
        return pl.concat_str(at, separator=";", ignore_nulls=True)

    def absent(side: str) -> pl.Expr:
        return pl.col(f"reason_{side}").fill_null("").str.extract_all(r"missing:(\w+)")

    def names(side: str) -> pl.Expr:
        return absent(side).list.eval(pl.element().str.strip_prefix("missing:")).list.join(";")

    way = pl.col("way")
    return (
        pl.when(way == WORSE)
        .then(items(NEW))
        .when(way == BETTER)
        .then(items(OLD))
        .when(way == WITHHELD)
        .then(names(NEW))
        .when(way == GAINED)
        .then(names(OLD))
    )


def matrix(found: pl.DataFrame) -> pl.DataFrame:
    """Count the days by both levels: ``level_old level_new n``; null is no level."""
    counted = found.group_by("level_old", "level_new").agg(n=pl.len().cast(pl.Int64))
    return counted.sort("level_old", "level_new", nulls_last=True)


def causes(found: pl.DataFrame) -> pl.DataFrame:
    """Count the changed days by what made the change and which way: ``cause way n``."""
    changed = found.filter(pl.col("way").is_in(WAYS))
    counted = changed.group_by("cause", "way").agg(n=pl.len().cast(pl.Int64))
    return counted.sort(["n", "cause", "way"], descending=[True, False, False])


def places(found: pl.DataFrame) -> pl.DataFrame:
    """Return one row a place, the most changed first, then by key.

    Columns: ``site n``, per side ``judged_<side> good_<side>`` (days), ``changed`` and a count
    for each of ``WAYS``.
    """
    counts = {
        "n": pl.len(),
        **{f"judged_{s}": pl.col(f"level_{s}").is_not_null().sum() for s in SIDES},
        **{f"good_{s}": (pl.col(f"level_{s}") <= GOOD).sum() for s in SIDES},
        "changed": pl.col("way").is_in(WAYS).sum(),
        **{way: (pl.col("way") == way).sum() for way in WAYS},
    }
    told = found.group_by("site").agg(e.cast(pl.Int64).alias(n) for n, e in counts.items())
    return told.sort(["changed", "site"], descending=[True, False])


def share(part: int, whole: int, edition: Edition) -> Decimal | None:
    """Return a share in percent at the decimals HJ 663 has for one; None of nothing."""
    if not whole:
        return None
    how = catalogue().on(standing.AREA_STANDARD, edition.in_force_from)
    unit = Decimal(1).scaleb(-how.value("compliance_rate_decimals").integer)
    return (Decimal(part * 100) / whole).quantize(unit, ROUND_HALF_EVEN)


# ---- whole years against the limits ----

READINGS = ("all", "counted")


@dataclass(frozen=True)
class Count:
    """How many places meet, do not meet, or can not be judged."""

    met: int
    failed: int
    unknown: int


def years(
    store: Store, subject: str, year: int, targets: Sequence[str] | None = None
) -> pl.DataFrame:
    """Return one row a place with a cell of the year, under the limits of both editions.

    Columns: ``site``; per side ``all_<side>`` and ``counted_<side>``, whether the year complies
    in each reading of HJ 663, ``<item>_all_<side>``, ``<item>_counted_<side>`` the same of an
    item, ``<statistic>_<side>`` its value, ``reason_<side> unverified_<side>``. Null: not
    judged. Read once per commit.
    """
    found = _all_years(store, subject, year, pair(), store.last_commit)
    return found if targets is None else found.filter(pl.col("site").is_in(list(targets)))


@lru_cache(maxsize=8)
def _all_years(store: Store, subject: str, year: int, both: Pair, _commit: int) -> pl.DataFrame:
    sides = [_year(store, subject, year, both.limits(side), side) for side in SIDES]
    return sides[0].join(sides[1], on="site", how="full", coalesce=True).sort("site")


def _year(store: Store, subject: str, year: int, limits: Edition, side: str) -> pl.DataFrame:
    start, _ = beijing.days(date(year, 1, 1), date(year, 1, 1))
    key = standing.air_key("year", subject, limits.id)
    cells = store.cells.read(key, start=start, end=start + beijing.HOUR)
    figures = statistics(limits)
    columns: dict[str, pl.Expr] = {}
    for reading in READINGS:
        columns[reading] = _complies(figures, reading)
        for item in ITEMS:
            mine = [one for one in figures if one.item == item]
            columns[f"{item}_{reading}"] = _complies(mine, reading)
    for one in figures:
        columns[one.name] = pl.col(column_of(one))
    for name in ("reason", "unverified"):
        columns[name] = pl.col(name)
    if cells.is_empty():
        kinds = {n: pl.String() if n in ("reason", "unverified") else None for n in columns}
        texts = {f"{n}_{side}": kind or pl.Boolean() for n, kind in kinds.items()}
        return pl.DataFrame(schema={"site": pl.String(), **texts})
    return cells.select("site", *(e.alias(f"{n}_{side}") for n, e in columns.items()))


def statistics(limits: Edition) -> tuple[Statistic, ...]:
    """Return the figures of a year that have a limit in an edition."""
    found = daily.rules_of(limits.id).statistics["year"]
    return tuple(one for one in found if one.limit is not None)


def column_of(one: Statistic) -> str:
    """Return the column of a year's cell that holds a figure."""
    return f"{one.name}_mean" if one.percentile is None else one.name


def _complies(figures: Sequence[Statistic], reading: str) -> pl.Expr:
    """Tell whether all figures of a reading comply: false where one does not, else null."""
    held = [f"{f.name}_compliant" for f in figures if f.counted or reading == READINGS[0]]
    return pl.all_horizontal(pl.col(name) for name in held)


def counted(found: pl.DataFrame, column: str) -> Count:
    """Count the places of a column of ``years``."""
    told = found[column]
    return Count(int(told.sum()), int((~told).sum()), told.null_count())


def lost(found: pl.DataFrame, reading: str) -> list[str]:
    """Return the places that meet the old limits and not the new ones."""
    gone = pl.col(f"{reading}_old") & ~pl.col(f"{reading}_new")
    return found.filter(gone)["site"].to_list()


def reading_names() -> Mapping[str, str]:
    """Return what HJ 663 calls the two readings of a year that complies."""
    how = catalogue().editions(EVALUATION)[-1].value("city_year_compliance")
    return dict(zip(READINGS, (how.text, *how.alternatives), strict=True))


def spans(store: Store, subject: str) -> list[date]:
    """Return the first days of the months that have cells under both editions, oldest first."""
    return list(_spans(store, subject, pair(), store.last_commit))


@lru_cache(maxsize=8)
def _spans(store: Store, subject: str, both: Pair, _commit: int) -> tuple[date, ...]:
    found: list[set[date]] = []
    for side in SIDES:
        key = standing.air_key("month", subject, both.limits(side).id)
        starts = store.cells.read(key, columns=["start"])["start"].unique().to_list()
        found.append({beijing.day_of(start) for start in starts})
    return tuple(sorted(found[0] & found[1]))
