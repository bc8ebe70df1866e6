"""The stage of the engine that judges hours of outlets."""

from __future__ import annotations

import polars as pl
from django.db import transaction

from fenhe.platform.registry.models import Outlet
from fenhe.platform.verdicts.hours import forget, write
from fenhe.platform.verdicts.models import OutletHour
from fenhe.platform.verdicts.outlets import basis, cells, inputs, keys, queue, standing
from fenhe.store import Store
from fenhe.store.cellframes import Batch

HOURS = 2_000  # outlet-hours judged at a time


def hours(store: Store) -> tuple[int, int, int]:
    """Judge the newest queued hours that are over: valid hours, then their verdicts.

    Both are written in one commit; then the hours leave the queue. A crash between the two
    repeats the work.
    """
    queue.mark(store)
    rows = list(queue.over()[:HOURS])
    if not rows:
        return 0, 0, 0
    pairs = [(row.site, row.hour) for row in rows]
    new, changed = write(store, batches(store, inputs.wanted(pairs)))
    with transaction.atomic():
        forget(OutletHour, [row.pk for row in rows])
    return len(rows), new, changed


def batches(store: Store, wanted: pl.DataFrame) -> list[Batch]:
    """Return the cells of outlet-hours (site, hour) as they are to be written.

    What is not there any more is withdrawn: the spans name every item the outlet has.
    """
    asked = standing.asked()
    facts = basis.read(wanted["site"].unique().to_list())
    values = inputs.read(store, wanted, facts)
    spans = _spans(store, wanted)
    gas, water = (
        cells.hours(values, facts, asked, m) for m in (Outlet.Medium.GAS, Outlet.Medium.WATER)
    )
    found = [one for one in (gas, water) if one.height]
    judged = cells.verdicts(pl.concat(found) if found else pl.DataFrame(), facts, asked)
    return [
        Batch(standing.HOURS_GAS, cells.HOURLY, gas, spans),
        Batch(standing.HOURS_WATER, cells.HOURLY, water, spans),
        Batch(standing.VERDICTS, cells.EXCEEDANCE, judged, spans),
    ]


def _spans(store: Store, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return the spans of every item of the outlet-hours: site (the object), since, until."""
    items = store.series().select("site", "item").unique()
    start = pl.lit(keys.EPOCH, dtype=pl.Datetime("us")) + pl.duration(hours=pl.col("hour"))
    return wanted.join(items, on="site").select(
        pl.concat_str("site", pl.lit("/"), "item").alias("site"),
        since=start,
        until=start + keys.HOUR,
    )
