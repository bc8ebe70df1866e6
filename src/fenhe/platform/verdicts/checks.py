"""Checks between the items of an hour, kept true as values are corrected.

Run by the engine on dirty days, so that the flags follow the values that stand: a flag whose
condition no longer holds is lifted by Fenhe; one that a person lifted is not raised again
for the same values.
"""

from __future__ import annotations

import polars as pl

from fenhe.base import beijing
from fenhe.quality import rows as row_checks
from fenhe.quality.flags import Quality, word
from fenhe.store import Store

ACTOR = "fenhe"
KEYS = ["site", "item", "statistic", "start", "reason"]
STATISTIC = "1h"
COUNTING = word(row_checks.PM25_ABOVE_PM10).quality < Quality.VOID  # the value still counts


def apply(store: Store, values: pl.DataFrame, wanted: pl.DataFrame) -> None:
    """Bring the flags of the checks in line with ``values`` on the wanted site-days."""
    counting = values.filter(pl.col("quality") < int(Quality.VOID))
    due = row_checks.pm25_above_pm10(counting.with_columns(statistic=pl.lit(STATISTIC)))
    standing = _standing(store, wanted)
    by_person = pl.col("cleared_by").is_not_null() & (pl.col("cleared_by") != ACTOR)
    settled = standing.filter(pl.col("cleared_commit").is_null() | by_person)
    fresh = due.join(settled, on=KEYS, how="anti")
    if fresh.height:
        _add(store, fresh)
    open_flags = standing.filter(pl.col("cleared_commit").is_null())
    gone = open_flags.join(due, on=KEYS, how="anti")
    for flag in gone["flag"].to_list():
        commit = store.clear_flag(flag, ACTOR, "the values no longer cross")
        if COUNTING:
            store.cells.settle(commit)


def _add(store: Store, fresh: pl.DataFrame) -> None:
    """Raise flags. Those that leave a value counting change no cell: their commit is settled.

    Which commit is theirs is known only if nobody else wrote meanwhile; else it is looked at.
    """
    before = store.last_commit
    store.add_flags(fresh, ACTOR)
    if COUNTING and store.last_commit == before + 1:
        store.cells.settle(before + 1)


def _standing(store: Store, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return the flags of the checks, lifted ones too, on exactly the wanted site-days."""
    found = store.flags(wanted["site"].unique().to_list())
    day = (pl.col("start") + beijing.OFFSET).dt.date()
    return (
        found.filter(pl.col("check") == row_checks.PM25_ABOVE_PM10)
        .with_columns(day=day)
        .join(wanted, on=["site", "day"], how="semi")
    )
