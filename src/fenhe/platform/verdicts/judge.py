"""From hourly values to the cells of an assessment: frames in, frames out; no database.

The engine writes what these functions return, the evidence panel runs them again for one
cell with ``trace=True``, and a full recomputation is the same call over everything.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from fenhe import __version__, standards
from fenhe.base import beijing
from fenhe.methods import prepared
from fenhe.methods import registry as methods
from fenhe.quality.flags import Quality
from fenhe.standards import Edition

ITEMS = ("so2", "no2", "co", "o3", "pm10", "pm25")
AREA_METHOD = "air.area_hourly"
EPOCH = datetime(1970, 1, 1)
DIGEST_BYTES = 16
VALUES = ["site", "item", "start", "end", "value", "decimals", "quality"]


@dataclass(frozen=True)
class Question:
    """What an assessment asks: method, edition (None: that of the day), city means or not."""

    method: str
    edition: str | None
    parameters: dict[str, str] = field(default_factory=dict)
    area_edition: str | None = None
    rests_on: str | None = None  # key of the assessment whose day cells it reads
    of_site: bool = True  # False: of cities

    @property
    def version(self) -> str:
        """What computed the cell: the method and the release of Fenhe."""
        return f"{self.method} {__version__}"

    @property
    def salt(self) -> str:
        """What makes equal values of different questions different inputs."""
        params = ",".join(f"{k}={v}" for k, v in sorted(self.parameters.items()))
        return f"{self.method}|{self.edition or 'by_day'}|{self.area_edition or ''}|{params}"


def site_cells(values: pl.DataFrame, question: Question, *, trace: bool = False) -> pl.DataFrame:
    """Return one cell per site and hour that holds any value, void ones too.

    ``values``: site, item, start, end, value, decimals, quality. A void value counts as
    missing; an hour of nothing but void values is a cell without data.
    """
    hours = values.select("site", "start", "end").unique(["site", "start"])
    usable = counting(values)
    wide = _wide(hours, usable)
    marked = wide.join(_digests(usable, question), on=["site", "start"], how="left")
    return _judged(marked, usable, question, trace=trace)


def city_cells(
    values: pl.DataFrame, members: pl.DataFrame, question: Question, *, trace: bool = False
) -> pl.DataFrame:
    """Return one cell per city and hour in which any member station holds a value.

    ``members``: site, area, since, until: the stations that count for a city and the days
    they did. The share of valid stations is taken of all that counted that day, silent ones
    too. ``site`` of the result is the city.
    """
    mine = _of_members(values, members, on="site")
    hours = mine.group_by("area", "start").agg(pl.col("end").max())
    usable = counting(mine)
    means = area_means(hours, usable, members, question)
    wide = _wide(hours.rename({"area": "site"}), means)
    marked = wide.join(_city_digests(usable, question), on=["site", "start"], how="left")
    return _judged(marked, means, question, trace=trace)


def counting(values: pl.DataFrame) -> pl.DataFrame:
    """Return the values that count: not void and not missing."""
    return values.filter(pl.col("quality") < int(Quality.VOID))


def area_means(
    hours: pl.DataFrame, usable: pl.DataFrame, members: pl.DataFrame, question: Question
) -> pl.DataFrame:
    """Return the hourly value of each city and item by HJ 663, where it is judged.

    Columns: site (the city), item, start, value, decimals, mean, n_valid, n_due, reason,
    unverified, edition.
    """
    items = pl.DataFrame({"item": list(ITEMS)})
    due = _of_members(hours, members, on="area").join(items, how="cross")
    due = due.join(
        usable.select("site", "start", "item", "value"), on=["site", "start", "item"], how="left"
    ).with_columns(start_hour=_hour_number(pl.col("start")), day=day_number(pl.col("start")))
    decimals = {"value": _top(usable)}
    method = methods.method(AREA_METHOD)
    found = prepared.apply(
        method,
        due.select("area", "site", "start_hour", "item", "value", "day"),
        edition=question.area_edition,
        decimals=decimals,
    )
    start = pl.lit(EPOCH, dtype=pl.Datetime("us")) + pl.duration(hours=pl.col("start_hour"))
    return found.with_columns(start=start).rename({"area": "site"})


def _of_members(rows: pl.DataFrame, members: pl.DataFrame, on: str) -> pl.DataFrame:
    """Return rows beside the members, on the days these counted."""
    day = (pl.col("start") + beijing.OFFSET).dt.date()
    joined = rows.join(members, on=on).filter(day.is_between("since", "until"))
    return joined.drop("since", "until").unique(maintain_order=True)


def day_number(start: pl.Expr) -> pl.Expr:
    """Return the Beijing day of a naive UTC start as the integer yyyymmdd."""
    local = start + beijing.OFFSET
    year, month, day = local.dt.year(), local.dt.month(), local.dt.day()
    return (year.cast(pl.Int64) * 100 + month) * 100 + day


def _hour_number(start: pl.Expr) -> pl.Expr:
    return start.dt.epoch("s") // 3600


def _top(values: pl.DataFrame) -> int:
    top = values["decimals"].max() if values.height else None
    return int(top) if isinstance(top, int) else 0


def _wide(hours: pl.DataFrame, usable: pl.DataFrame) -> pl.DataFrame:
    picked = [pl.col("value").filter(pl.col("item") == item).last().alias(item) for item in ITEMS]
    values = usable.group_by("site", "start").agg(picked)
    return hours.join(values, on=["site", "start"], how="left").sort("site", "start")


def _judged(
    wide: pl.DataFrame, usable: pl.DataFrame, question: Question, *, trace: bool
) -> pl.DataFrame:
    method = methods.method(question.method)
    dated = wide.with_columns(day=day_number(pl.col("start")))
    cells = prepared.apply(
        method,
        dated,
        edition=question.edition,
        params=question.parameters,
        decimals=most_decimals(usable),
        trace=trace,
    )
    empty = hashlib.blake2b(question.salt.encode(), digest_size=DIGEST_BYTES).hexdigest()
    return cells.with_columns(
        in_force=in_force(pl.col("day"), question.edition),
        input_digest=pl.col("input_digest").fill_null(empty),
        n_valid=pl.sum_horizontal(pl.col(item).is_not_null() for item in ITEMS).cast(pl.Int64),
        n_due=pl.lit(len(ITEMS), pl.Int64),
        method_version=pl.lit(question.version),
    ).drop(*ITEMS, "day")


def most_decimals(usable: pl.DataFrame) -> dict[str, int]:
    """Return item -> the most decimals any of its values was written with."""
    most = dict(usable.group_by("item").agg(pl.col("decimals").max()).iter_rows())
    return {item: int(most.get(item) or 0) for item in ITEMS}


def in_force(day: pl.Expr, edition_id: str | None) -> pl.Expr:
    """Say whether the edition was in force on a day (yyyymmdd); otherwise it is a re-scoring."""
    if edition_id is None:
        return pl.lit(value=True)
    edition: Edition = standards.catalogue().edition(edition_id)
    begun = day >= int(f"{edition.in_force_from:%Y%m%d}")
    if edition.in_force_to is None:
        return begun
    return begun & (day <= int(f"{edition.in_force_to:%Y%m%d}"))


def _digests(usable: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Return one digest per site and hour over the values that count, as they are written."""
    return _hashed(usable.with_columns(_said=said()), "site", question)


def _city_digests(usable: pl.DataFrame, question: Question) -> pl.DataFrame:
    told = pl.concat_str("site", pl.lit(":"), said())
    hashed = _hashed(usable.with_columns(_said=told), "area", question)
    return hashed.rename({"area": "site"})


def said() -> pl.Expr:
    """Return a value as it is written, for a digest."""
    return pl.concat_str(
        "item", pl.lit("="), pl.col("value").cast(pl.String), pl.lit("/"), "decimals"
    )


def _hashed(told: pl.DataFrame, by: str, question: Question) -> pl.DataFrame:
    salt = question.salt
    lines = told.group_by(by, "start").agg(pl.col("_said").sort().str.join(";"))

    def digest(text: str) -> str:
        return hashlib.blake2b(f"{salt}|{text}".encode(), digest_size=DIGEST_BYTES).hexdigest()

    return lines.select(
        by, "start", input_digest=pl.col("_said").map_elements(digest, return_dtype=pl.String)
    )
