"""The published national index through the whole chain: file, store, engine, cell, evidence."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from fenhe.platform.registry.models import Region, Site, SiteCode, SiteName
from fenhe.platform.verdicts import engine, standing
from fenhe.platform.verdicts.evidence import evidence
from fenhe.store import Store
from tests.platform.conftest import World, load

NATIONAL = Path(__file__).parents[2] / "data" / "air" / "cnemc_station_hour_national.parquet"
KEY = standing.key_of("site", "HJ633-2012")
CODES = {
    "二氧化硫": "so2",
    "二氧化氮": "no2",
    "一氧化碳": "co",
    "臭氧1小时": "o3",
    "颗粒物(PM10)": "pm10",
    "细颗粒物(PM2.5)": "pm25",
}


def _register(stations: pl.DataFrame, nation: Region) -> None:
    cities = {
        name: Region.objects.create(
            code=f"9{number:05d}", level="city", name_zh=name, parent=nation
        )
        for number, name in enumerate(stations["city"].unique().sort())
    }
    rows = stations.group_by("station_code").agg(pl.col("city").last()).sort("station_code")
    pairs = list(rows.iter_rows())
    Site.objects.bulk_create(Site(key=code, region=cities[city]) for code, city in pairs)
    SiteCode.objects.bulk_create(SiteCode(site_id=code, code=code) for code, _ in pairs)
    SiteName.objects.bulk_create(SiteName(site_id=code, name_zh=code) for code, _ in pairs)


def _codes(published: str | None) -> set[str]:
    return {CODES[name] for name in published.split(",")} if published else set()


@pytest.mark.slow
def test_every_published_index_and_primary_pollutant_is_the_cell(
    store: Store, world: World
) -> None:
    told = pl.read_parquet(NATIONAL)
    _register(told, world.province)
    record = load(NATIONAL, "cnemc-station-hour")
    assert record.rejected == 0
    engine.catch_up(store)
    rows = told.filter(pl.col("aqi_published").is_not_null()).with_columns(
        start=(pl.col("ts") - pl.duration(hours=9)).cast(pl.Datetime("us"))
    )
    cells = store.cells.read(KEY)
    both = rows.join(
        cells, left_on=["station_code", "start"], right_on=["site", "start"], how="left"
    )
    assert both.height == 5712
    assert both["aqi"].to_list() == [int(value) for value in both["aqi_published"]]
    named = both.select("primary", "primary_published").rows()
    assert [set((ours or "").split(";")) - {""} for ours, _ in named] == [
        _codes(theirs) for _, theirs in named
    ]
    assert both["in_force"].all()
    worst = both.sort("aqi", descending=True).row(0, named=True)
    panel = evidence(KEY, worst["station_code"], worst["start"])
    assert panel["reproduced"]
    assert panel["verdict"]["aqi"] == worst["aqi_published"]
    assert worst["station_code"] in panel["inputs"][0]["raw_cells"]
