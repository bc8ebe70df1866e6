"""A frozen bulletin: the same bytes again, whatever was corrected since; what it is made of."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from django.db import IntegrityError

from fenhe.base.errors import BadInput
from fenhe.platform.documents import bulletin, pdf
from fenhe.platform.documents.monthly import Origin
from fenhe.platform.registry.models import Site, SiteName
from fenhe.platform.verdicts import engine, frozen, monthly, ranking
from fenhe.platform.verdicts.models import FrozenRun
from fenhe.platform.workflow.acts import local_actor
from fenhe.platform.workflow.models import AuditLog
from fenhe.store import Store
from tests.platform.conftest import World, load

LIMITS = "GB3095-2012"


def published(world: World, tmp_path: Path, name: str, pm25: int, pm10_days: int = 30) -> None:
    """Import November 2016 (and 2015) of two cities as published daily values."""
    for region, zh in ((world.city, "太原市"), (world.other_city, "大同市")):
        site, new = Site.objects.get_or_create(
            key=f"city:{region.code}",
            defaults={"kind": Site.Kind.CITY, "region": region, "counts_for_city": False},
        )
        if new:
            SiteName.objects.create(site=site, name_zh=zh)
    rows = [
        {
            "city": zh,
            "date": f"{year}-11-{day:02d}",
            "pm25": float(pm25 + day if zh == "太原" else 20 + day),
            "pm10": 150.0 + day if zh == "太原" or day <= pm10_days else None,
            "so2": 30.0,
            "no2": 45.0,
            "co": 1.2,
            "o3_8h": 80.0 + day,
        }
        for year in (2015, 2016)
        for day in range(1, 31)
        for zh in ("太原", "大同")
    ]
    path = tmp_path / name
    pl.DataFrame(rows).write_csv(path)
    load(path, "city-daily")


@pytest.fixture
def run(store: Store, world: World, tmp_path: Path) -> FrozenRun:
    published(world, tmp_path, "a.csv", 60)
    engine.catch_up(store)
    return frozen.FreezeMonth(world.province, "2016-11", "published", LIMITS).run(local_actor())


def test_a_frozen_run_gives_its_bytes_again_after_a_correction(
    store: Store, world: World, tmp_path: Path, run: FrozenRun
) -> None:
    wanted = ranking.Wanted("published", "month", date(2016, 11, 1), LIMITS)
    before = ranking.table(store, wanted)
    published(world, tmp_path, "b.csv", 90)
    engine.catch_up(store)
    assert not ranking.table(store, wanted)["pm25"].equals(before["pm25"])
    told = frozen.verify(run)
    assert (told.kept, told.recipe, told.same) == (True, True, True)
    later = frozen.FreezeMonth(world.province, "2016-11", "published", LIMITS).run(local_actor())
    assert later.commit > run.commit
    assert later.result_sha256 != run.result_sha256
    SiteName.objects.update(name_zh="改名")
    assert frozen.verify(run).same


def test_a_changed_result_is_found_out(run: FrozenRun) -> None:
    FrozenRun.objects.filter(pk=run.pk).update(result=run.result.replace("太原", "大原"))
    told = frozen.verify(FrozenRun.objects.get(pk=run.pk))
    assert (told.kept, told.recipe, told.same) == (False, True, False)


def test_the_numbers_are_those_of_the_rule(run: FrozenRun) -> None:
    places = {place["key"]: place for place in json.loads(run.result)["places"]}
    taiyuan = places["city:140100"]
    # mean of 61 … 90 is 75.5, half-even to 76; 76/35 = 2.171 → 2.17
    assert taiyuan["items"]["pm25"] | {"multiple": None, "complies": None} == {
        "value": "76",
        "n_valid": 30,
        "n_due": 30,
        "multiple": None,
        "complies": None,
        "index": "2.17",
        "days_above": 15,  # 76 … 90 are above the daily limit of 75
        "daily_limit": "75",
    }
    # 95th percentile of a constant 1.2 is 1.2; 90th of 81 … 110 is 107.1, 107/160 = 0.67
    assert taiyuan["items"]["co"]["index"] == "0.30"
    assert (taiyuan["items"]["o3"]["value"], taiyuan["items"]["o3"]["index"]) == ("107", "0.67")
    # 30/60 + 45/40 + 166/70 + 2.17 + 0.30 + 0.67 = 0.50 + 1.12 + 2.37 + 2.17 + 0.30 + 0.67
    assert taiyuan["index"] == "7.13"
    assert (taiyuan["rank"], places["city:140200"]["rank"]) == (2, 1)
    assert taiyuan["change"] == "0.0"


def test_the_bulletin_is_the_same_paper_every_time(run: FrozenRun) -> None:
    first = pdf.render(bulletin.monthly(frozen.report_of(run), "zh-CN"))
    again = pdf.render(bulletin.monthly(frozen.report_of(FrozenRun.objects.get()), "zh-CN"))
    assert first == again
    assert first.startswith(b"%PDF-")


def test_freezing_waits_for_the_verdicts_and_is_logged(
    store: Store, world: World, tmp_path: Path
) -> None:
    published(world, tmp_path, "a.csv", 60)
    engine.dirty.mark(store)
    with pytest.raises(BadInput, match="still being computed"):
        frozen.FreezeMonth(world.province, "2016-11", "published", LIMITS).run(local_actor())
    engine.catch_up(store)
    made = frozen.FreezeMonth(world.province, "2016-11", "published", LIMITS).run(local_actor())
    entry = AuditLog.objects.get(event="verdicts.freeze")
    assert entry.after["result_sha256"] == made.result_sha256
    with pytest.raises(BadInput, match="no city"):
        frozen.FreezeMonth(world.province, "2014-11", "published", LIMITS).run(local_actor())
    with pytest.raises(IntegrityError):
        FrozenRun.objects.create(key=made.key, commit=0)


def test_a_statistic_below_its_minimum_and_a_city_without_days_are_told(
    store: Store, world: World, tmp_path: Path
) -> None:
    published(world, tmp_path, "a.csv", 60, pm10_days=20)
    empty = Site.objects.create(
        key="city:空", kind=Site.Kind.CITY, region=world.province, counts_for_city=False
    )
    SiteName.objects.create(site=empty, name_zh="空城市")
    engine.catch_up(store)
    made = frozen.FreezeMonth(world.province, "2016-11", "published", LIMITS).run(local_actor())
    result = json.loads(made.result)
    datong = next(p for p in result["places"] if p["key"] == "city:140200")
    assert (datong["items"]["pm10"]["value"], datong["items"]["pm10"]["n_valid"]) == (None, 20)
    assert (datong["index"], datong["rank"]) == (None, None)
    assert datong["reason"] == ["below_minimum:pm10"]
    assert datong["items"]["pm10"]["days_above"] == 20
    assert result["absent"] == [{"zh": "空城市", "en": ""}]
    assert "HJ663-2013/month_minimum" in result["unverified"]
    document = bulletin.monthly(frozen.report_of(made), "zh-CN")
    texts = list(document.texts())
    assert any("本月无数据：空城市。" in text for text in texts)
    assert any(text.startswith("大同市无综合指数") and "PM10" in text for text in texts)
    assert frozen.verify(made).same


def test_a_province_is_no_city_of_its_own(world: World) -> None:
    assert set(monthly.places("city", world.province)) == {"140100", "140200"}
    assert set(monthly.places("city", world.city)) == {"140100"}


def test_a_result_of_an_older_release_is_still_read(run: FrozenRun) -> None:
    old = json.loads(run.result)
    del old["absent"]
    for place in old["places"]:
        for item in place["items"].values():
            del item["days_above"], item["daily_limit"]
    report = monthly.report(old, Origin("old", datetime(2016, 12, 13), 1, "ab" * 32))
    assert report.places[0].items["pm25"].days_above is None
    assert report.notes == ()
    texts = list(bulletin.monthly(report, "en").texts())
    assert "No item was compared with a limit." in texts
