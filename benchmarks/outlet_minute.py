"""What one new minute of every outlet costs the engine, beside an hour that is over.

Outlets with their closed hours judged. Then a minute of the running hour arrives for each; then
one minute of one closed hour is corrected; then a whole closed hour arrives. Printed: the hours
computed, cells written and seconds of each, and the ratio to the hour.
Run: ``python benchmarks/outlet_minute.py [--outlets 200] [--hours 3]``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ITEMS = {"a21026": 30.5, "a21002": 80.5, "a34013": 5.25, "a19001": 9.5, "a00000": 20.0}
NONE = pl.DataFrame(
    schema={"raw_row": pl.Int64, "raw_column": pl.String, "text": pl.String, "reason": pl.String}
)


def key_of(number: int) -> str:
    return f"outlet:B{number:04d}"


def enter(data: Path, outlets: int) -> None:
    """Make the data folder and its outlets."""
    from fenhe.platform import boot

    boot.prepare(data)
    from fenhe.platform.registry.models import Outlet, OutletFact, Region, Site

    region = Region.objects.create(code="140000", level="province", name_zh="省")
    for number in range(outlets):
        site = Site.objects.create(key=key_of(number), kind=Site.Kind.OUTLET, region=region)
        outlet = Outlet.objects.create(site=site, medium="gas")
        OutletFact.objects.create(outlet=outlet, limit_set="GB13271-2014/coal_boiler.new")


def records(outlets: int, start: datetime, minutes: int) -> pl.DataFrame:
    """Return minute records of every outlet and item."""
    starts = pl.DataFrame({"start": [start + n * MINUTE for n in range(minutes)]})
    sites = pl.DataFrame({"site": [key_of(n) for n in range(outlets)]})
    items = pl.DataFrame({"item": list(ITEMS), "value": list(ITEMS.values())})
    rows = sites.join(items, how="cross").join(starts, how="cross")
    return rows.select(
        "site", "item", pl.lit("1min").alias("statistic"), pl.col("start").cast(pl.Datetime("us")),
        (pl.col("start") + MINUTE).cast(pl.Datetime("us")).alias("end"), "value",
        pl.lit(2, pl.UInt8).alias("decimals"),
    ).with_row_index("raw_row", 1).with_columns(pl.col("raw_row").cast(pl.Int64))  # fmt: skip


def step(store: Any, what: str, rows: pl.DataFrame) -> dict[str, Any]:
    """Store records and let the engine catch up; return what it did."""
    from fenhe.platform.verdicts import engine

    load = store.begin_import("bench", store.raw.keep(BytesIO(what.encode()), what), "bench")
    load.write(rows, NONE, rows.height)
    load.finish()
    began = time.perf_counter()
    done = engine.catch_up(store)
    seconds = round(time.perf_counter() - began, 3)
    written = {"outlet_hours": done.done, "new": done.new, "changed": done.changed}
    return {"what": what, "records": rows.height, **written, "seconds": seconds}


def main() -> None:
    """Run and print one JSON object a step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outlets", type=int, default=200)
    parser.add_argument("--hours", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        enter(Path(folder), asked.outlets)
        from fenhe.platform import owner

        store = owner.store()
        now = datetime.now(UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0)
        first = now - (asked.hours + 1) * HOUR
        before = records(asked.outlets, first, 60 * asked.hours)
        told = [step(store, "hours before", before)]
        told.append(step(store, "a minute of the running hour", records(asked.outlets, now, 1)))
        corrected = records(1, first, 1).with_columns(value=pl.col("value") + 1)
        told.append(step(store, "a minute corrected", corrected.head(1)))
        told.append(step(store, "an hour that is over", records(asked.outlets, now - HOUR, 60)))
        whole = told[-1]["seconds"]
        for one in told:
            print(json.dumps({**one, "ratio_to_hour": round(one["seconds"] / whole, 4)}))
        owner.close()


if __name__ == "__main__":
    main()
