"""Two cities with published daily values of November 2015 and 2016, judged; one of them shown."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from fenhe.platform import owner
from fenhe.platform.registry.models import Site, SiteName
from fenhe.platform.verdicts import dirty, engine, standing
from fenhe.platform.verdicts.models import DirtyCity, DirtyDay, Due
from tests.platform.conftest import World, load

SHOWN, HIDDEN = "city:140100", "city:140200"


def write(path: Path, pm25: int) -> Path:
    """Write the days: PM2.5 of the shown city rises from ``pm25`` by one a day."""
    rows = [
        {
            "city": zh,
            "date": f"{year}-11-{day:02d}",
            "pm25": float(pm25 + day if zh == "太原" else 20 + day),
            "pm10": None if zh == "大同" and day == 5 else 60.0 + day,
            "so2": 30.0,
            "no2": 45.0,
            "co": 1.2,
            "o3_8h": 80.0,
        }
        for year in (2015, 2016)
        for day in range(1, 31)
        for zh in ("太原", "大同")
    ]
    pl.DataFrame(rows, infer_schema_length=None).write_csv(path)
    return path


@pytest.fixture
def cities(data: Path, world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The cities with their judged days; the first test judges, the others copy its folder."""
    for region, zh, en in (
        (world.city, "太原市", "Taiyuan"), (world.other_city, "大同市", "Datong"),
    ):  # fmt: skip
        key = f"city:{region.code}"
        site = Site.objects.create(
            key=key,
            kind=Site.Kind.CITY,
            region=region,
            counts_for_city=False,
            published=key == SHOWN,
        )
        SiteName.objects.create(site=site, name_zh=zh, name_en=en)
    standing.create()
    kept = tmp_path_factory.getbasetemp() / "published"
    if kept.exists():
        shutil.copytree(kept, data, dirs_exist_ok=True)
        dirty.mark(owner.store())
        for queue in (DirtyDay, DirtyCity, Due):
            queue.objects.all().delete()
        return world
    load(write(data.parent / "days.csv", 50), "city-daily")
    engine.catch_up(owner.store())
    owner.close()
    shutil.copytree(data, kept)
    return world


def correct(folder: Path, pm25: int) -> None:
    """Import other values of the same days, and judge them."""
    load(write(folder / "corrected.csv", pm25), "city-daily")
    engine.catch_up(owner.store())
