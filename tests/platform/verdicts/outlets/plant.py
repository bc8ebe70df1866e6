"""A small plant: a boiler's stack and a drain, and minute records written straight to the store."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import polars as pl

from fenhe.platform.registry.models import Outlet, OutletFact, PermitLimit, Site
from fenhe.store import Store
from tests.platform.conftest import World

STACK, DRAIN = "outlet:DA001", "outlet:DW001"
SIX = datetime(2026, 3, 2, 6)  # naive UTC: 14:00 in Beijing
MINUTE = timedelta(minutes=1)
SO2, NOX, O2, FLOW = "a21026", "a21002", "a19001", "a00000"
BOILER = "GB13271-2014/coal_boiler.new"
_number = itertools.count(1)
REJECTED = pl.DataFrame(
    schema={"raw_row": pl.Int64, "raw_column": pl.String, "text": pl.String, "reason": pl.String}
)
Row = tuple[str, str, str, datetime, float]


def build(world: World, key: str = STACK, medium: str = "gas", **fact: Any) -> Site:
    """Enter an outlet with one fact and an hourly permit limit of 200 mg/m³ for SO2."""
    site = Site.objects.create(
        key=key, kind=Site.Kind.OUTLET, region=world.county, organisation=world.firm
    )
    outlet = Outlet.objects.create(site=site, medium=medium)
    OutletFact.objects.create(outlet=outlet, **fact)
    if medium == "gas":
        PermitLimit.objects.create(
            site=site, item=SO2, averaging="hour", limit="200", unit="mg/m3", document="P1"
        )
    return site


def minutes(
    value: float,
    item: str = SO2,
    site: str = STACK,
    start: datetime = SIX,
    count: int = 60,
) -> list[Row]:
    """Return minute records of one value."""
    return [(site, item, "1min", start + n * MINUTE, value) for n in range(count)]


def write(store: Store, rows: Iterable[Row], decimals: int = 2) -> None:
    """Store records by an import of their own; a value told again is a correction."""
    told = list(rows)
    frame = pl.DataFrame(
        [
            (n, site, item, statistic, start, start + _length(statistic), value, decimals)
            for n, (site, item, statistic, start, value) in enumerate(told, start=1)
        ],
        {
            "raw_row": pl.Int64, "site": pl.String, "item": pl.String, "statistic": pl.String,
            "start": pl.Datetime("us"), "end": pl.Datetime("us"), "value": pl.Float64,
            "decimals": pl.Int64,
        },
        orient="row",
    )  # fmt: skip
    kept = store.raw.keep(BytesIO(f"{next(_number)} {told}".encode()), "records.txt")
    load = store.begin_import("test", kept, "test")
    load.write(frame, REJECTED, frame.height)
    load.finish()


def this_hour() -> datetime:
    """Return the start of the hour that runs, or will in a moment: one that is not over."""
    return datetime.now(UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0) + timedelta(
        hours=1
    )


def _length(statistic: str) -> timedelta:
    return timedelta(hours=1) if statistic.startswith("1h") else MINUTE
