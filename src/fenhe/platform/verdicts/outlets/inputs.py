"""The values an outlet's hours are judged from: minute records, else the logger's own hour."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from fenhe.base.instants import naive_utc
from fenhe.platform.registry.models import Outlet
from fenhe.platform.verdicts.outlets import basis, keys
from fenhe.quality.flags import Quality
from fenhe.store import Store

MINUTES = re.compile(r"([0-9]+)min$")
LOGGER, LOGGER_CONVERTED = "1h", "1h.zs"
PATTERN = f"^([0-9]+min|{LOGGER}|1h[.]zs)$"  # the statistics a verdict looks at
GAP = 48  # hours of nothing wanted that part one read of the store from the next
PREFIXES = {Outlet.Medium.GAS: "a", Outlet.Medium.WATER: "w"}
COLUMNS = {
    "site": pl.String(), "item": pl.String(), "statistic": pl.String(), "hour": pl.Int64(),
    "start": pl.Datetime("us"), "value": pl.Float64(), "decimals": pl.Int64(), "void": pl.Boolean(),
}  # fmt: skip


def wanted(pairs: Sequence[tuple[str, int]]) -> pl.DataFrame:
    """Return outlet-hours as a frame: site, hour."""
    return pl.DataFrame(pairs, {"site": pl.String(), "hour": pl.Int64()}, orient="row")


def read(
    store: Store, hours: pl.DataFrame, facts: basis.Facts, as_of: int | None = None
) -> pl.DataFrame:
    """Return every value of exactly the wanted outlet-hours: the columns of ``COLUMNS``.

    Minute records, the logger's hours and its converted hours, of the items of the outlet's
    medium. ``void``: by a flag, or by a mark of the instrument that touches the record.
    """
    if hours.is_empty():
        return pl.DataFrame(schema=COLUMNS)
    ordered = hours.sort("hour")
    far = (pl.col("hour").diff() > GAP).fill_null(value=False)
    parts = ordered.with_columns(run=far.cum_sum()).partition_by("run")
    rows = pl.concat([_of_run(store, part, as_of) for part in parts])
    return _of_medium(rows, facts).with_columns(void=pl.col("void") | _marked(facts))


def _of_run(store: Store, part: pl.DataFrame, as_of: int | None) -> pl.DataFrame:
    sites = part["site"].unique().to_list()
    start = keys.start_of(part["hour"].to_list()[0])  # they come in order
    end = keys.start_of(part["hour"].to_list()[-1] + 1)
    found = [pl.DataFrame(schema=COLUMNS)]
    for statistic in _statistics(store, sites):
        rows = store.observations(sites, None, statistic, start, end, as_of).with_columns(
            statistic=pl.lit(statistic),
            hour=keys.hour_number("start"),
            void=pl.col("quality") >= int(Quality.VOID),
            decimals=pl.col("decimals").cast(pl.Int64),
        )
        mine = rows.join(part, on=["site", "hour"], how="semi")
        found.append(mine.select(pl.col(name).cast(kind) for name, kind in COLUMNS.items()))
    return pl.concat(found)


def _statistics(store: Store, sites: Sequence[str]) -> list[str]:
    known = store.series().filter(pl.col("site").is_in(list(sites)))
    return sorted(name for name in known["statistic"].unique() if re.match(PATTERN, name))


def _of_medium(rows: pl.DataFrame, facts: basis.Facts) -> pl.DataFrame:
    letters = {key: PREFIXES[Outlet.Medium(one.medium)] for key, one in facts.outlets.items()}
    schema = {"site": pl.String(), "medium": pl.String()}
    media = pl.DataFrame(list(letters.items()), schema, orient="row")
    mine = rows.join(media, on="site").filter(pl.col("item").str.starts_with(pl.col("medium")))
    return mine.drop("medium")


def _marked(facts: basis.Facts) -> pl.Expr:
    """Say whether a mark of the instrument covers any part of a record."""
    minutes = pl.col("statistic").str.extract(r"^([0-9]+)min$").cast(pl.Int64).fill_null(60)
    end = pl.col("start") + pl.duration(minutes=minutes)
    found: pl.Expr = pl.lit(value=False)
    for site in facts.outlets:
        for mark in facts.voiding(site):
            begins, ends = naive_utc(mark.start), naive_utc(mark.end)
            mine = (pl.col("site") == site) & (pl.col("start") < ends) & (end > begins)
            if mark.items:
                mine = mine & pl.col("item").is_in(mark.items)
            found = found | mine
    return found


def steps(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the minute records of each outlet-hour in its finest step, with ``step`` (seconds)."""
    minutes = pl.col("statistic").str.extract(r"^([0-9]+)min$").cast(pl.Int64)
    records = rows.with_columns(step=minutes * 60).drop_nulls("step")
    return records.filter(pl.col("step") == pl.col("step").min().over("site", "hour"))


def logged(rows: pl.DataFrame, statistic: str) -> pl.DataFrame:
    """Return the logger's hours that are not void: site, item, hour, value."""
    mine = rows.filter(pl.col("statistic") == statistic, ~pl.col("void"))
    return mine.select("site", "item", "hour", "value").unique(["site", "item", "hour"])
