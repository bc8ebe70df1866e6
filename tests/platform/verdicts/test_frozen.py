"""A frozen bulletin: the same bytes again, whatever was corrected since; what it is made of."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from django.db import IntegrityError

from fenhe.base.errors import BadInput
from fenhe.platform.documents import bulletin, pdf
from fenhe.platform.registry.models import Site, SiteName
from fenhe.platform.verdicts import engine, frozen, ranking
from fenhe.platform.verdicts.models import FrozenRun
from fenhe.platform.workflow.acts import local_actor
from fenhe.platform.workflow.models import AuditLog
from fenhe.store import Store
from tests.platform.conftest import World, load

LIMITS = "GB3095-2012"


def published(world: World, tmp_path: Path, name: str, pm25: int) -> None:
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
            "pm10": 150.0 + day,
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
