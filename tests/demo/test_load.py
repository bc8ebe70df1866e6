"""The demonstration as it is loaded: complete, judged as published, loaded once."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.contrib.auth import authenticate

from fenhe.base import beijing
from fenhe.platform import clock, owner, paths
from fenhe.platform.demo import load, scene
from fenhe.platform.demo.boundaries import data_folder
from fenhe.platform.monitoring.models import Import
from fenhe.platform.registry import directory, door
from fenhe.platform.registry.models import Region, Site
from fenhe.platform.verdicts import standing
from fenhe.platform.workflow.models import AuditLog

HOUR = timedelta(hours=1)
pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(scope="module")
def loaded(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any
) -> Iterator[list[str]]:
    """Load the demonstration once for the module, in a transaction that is undone."""
    from django.conf import settings
    from django.db import transaction

    folder = tmp_path_factory.mktemp("demo")
    paths.prepare(folder)
    former, settings.FENHE_DATA = settings.FENHE_DATA, folder
    said: list[str] = []
    with django_db_blocker.unblock():
        atomic = transaction.atomic()
        atomic.__enter__()
        try:
            load.load(said.append)
            yield said
        finally:
            owner.close()
            settings.FENHE_DATA = former
            transaction.set_rollback(True)
            atomic.__exit__(None, None, None)


def published(name: str) -> pl.DataFrame:
    """Return the rows of a packaged file that have a published AQI, with their site."""
    with (data_folder() / name).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["aqi_published"]]
    frame = pl.DataFrame(
        {
            "station": [row.get("station_code") or row["station_name"] for row in rows],
            "city": [row["city"] for row in rows],
            "start": [beijing.to_utc(beijing.parse_label(row["ts"])) - HOUR for row in rows],
            "published": [int(row["aqi_published"]) for row in rows],
        }
    ).with_columns(day=(pl.col("start") + beijing.OFFSET).dt.date())
    asked = frame.select("station", "city", "day").unique()
    return frame.join(directory.load().resolve(asked), on=["station", "city", "day"])


@pytest.mark.parametrize(
    ("name", "rows", "unknown"),
    [("shanxi_station_hour_2018-2019.csv", 229, 0), ("shanxi_station_hour_2020-04.csv", 4286, 73)],
)
def test_verdicts_are_those_that_were_published(
    loaded: list[str], name: str, rows: int, unknown: int
) -> None:
    told = published(name)
    assert told.height == rows
    assert told["site"].is_null().sum() == unknown
    known = told.filter(pl.col("site").is_not_null())
    cells = owner.store().cells.read(standing.key_of("site", "HJ633-2012"))
    judged = known.join(cells, on=["site", "start"])
    assert judged.height == known.height
    assert judged.filter(pl.col("aqi") != pl.col("published")).height == 0


def test_receipts_balance_and_nothing_is_lost(loaded: list[str]) -> None:
    receipts = owner.store().receipts()
    assert receipts["received"].sum() == 431_282
    parts = receipts["stored"] + receipts["duplicate"] + receipts["rejected"]
    assert (receipts["received"] == parts).all()
    reasons = set(owner.store().quarantine()["reason"].to_list())
    assert reasons == {"station_outside_dates:南机场"}


def test_loading_again_changes_nothing(loaded: list[str]) -> None:
    before = owner.store().commits().height, AuditLog.objects.count(), Import.objects.count()
    said: list[str] = []
    load.load(said.append)
    after = owner.store().commits().height, AuditLog.objects.count(), Import.objects.count()
    assert said == []
    assert after == before


def test_the_clock_stands_at_the_last_hour(loaded: list[str]) -> None:
    label = beijing.to_beijing(clock.now())
    assert f"{label:%Y-%m-%d %H:%M}" == "2020-04-06 02:00"


@pytest.mark.parametrize("person", scene.PEOPLE, ids=lambda person: person.name)
def test_people_can_log_in_and_see_their_own(loaded: list[str], person: scene.Person) -> None:
    user = authenticate(username=person.name, password=scene.PASSWORD)
    assert user is not None
    sites = set(door.visible_sites(user).values_list("pk", flat=True))
    stations = Site.objects.filter(kind=Site.Kind.AIR)
    everything = set(stations.values_list("pk", flat=True))
    hidden = set(stations.filter(published=False).values_list("pk", flat=True))
    assert len(hidden) == 6
    wanted = everything if person.role in {"admin", "analyst"} else everything - hidden
    assert sites == wanted


def test_places_are_entered(loaded: list[str]) -> None:
    assert Region.objects.filter(level="city", parent="140000").count() == 11
    assert Region.objects.filter(level="county").count() == 117
    stations = Site.objects.filter(kind=Site.Kind.AIR)
    assert stations.filter(region__path__startswith="140000/").count() == 85
    assert stations.filter(region="110000").count() == 4
    cities = Site.objects.filter(kind=Site.Kind.CITY, published=True, counts_for_city=False)
    assert cities.count() == 84
    assert cities.filter(region__path__startswith="140000/").count() == 11
    assert cities.filter(region="elsewhere").count() == 72


def test_the_days_of_the_cities_are_theirs(loaded: list[str]) -> None:
    ozone = owner.store().observations(["city:140100"], statistic="mda8")
    assert (ozone["item"].unique().to_list(), ozone.height) == (["o3"], 700)
    means = owner.store().observations(["city:140100"], statistic="24h")
    assert sorted(means["item"].unique()) == ["co", "no2", "pm10", "pm25", "so2"]
    table = pl.read_parquet(data_folder() / "city_daily_2015-2016.parquet")
    taiyuan = table.filter(pl.col("city") == "太原")["o3_8h"].cast(pl.Float64)
    assert ozone.sort("start")["value"].to_list() == pytest.approx(taiyuan.to_list())


def test_every_step_is_in_the_log(loaded: list[str]) -> None:
    events = AuditLog.objects.values_list("event", flat=True)
    assert {
        "registry.import_boundaries",
        "registry.import_stations",
        "registry.create_user",
        "registry.create_membership",
        "monitoring.import",
    } <= set(events)


def test_the_files_are_kept_whole(loaded: list[str]) -> None:
    for record in Import.objects.all():
        kept = owner.store().raw.verify(record.sha256)
        original = next(data_folder().glob(record.file_name))
        assert Path(kept).read_bytes() == original.read_bytes()
