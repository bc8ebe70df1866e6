"""Imports through the real store: previews, refusals, receipts, stations nobody knows, replay."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.platform.monitoring import imports, queries
from fenhe.platform.monitoring.acts import ImportFile, Replay
from fenhe.platform.monitoring.models import Import
from fenhe.platform.registry.door import Denied
from fenhe.platform.registry.models import Site, SiteCode, SiteName
from fenhe.platform.workflow.acts import Actor, local_actor
from fenhe.platform.workflow.models import AuditLog
from fenhe.store import Store
from tests.platform.conftest import World, hours, load, tidy

FEEDS = Path(__file__).parents[2] / "data" / "feeds"


def test_a_file_becomes_values_with_their_place_in_the_file(store: Store, tmp_path: Path) -> None:
    record = load(tidy(tmp_path / "a.csv", hours("in")))
    assert (record.state, record.received, record.stored) == (Import.State.LOADED, 144, 144)
    rows = store.observations(["in"], ["pm25"])
    assert rows.height == 24
    first = rows.row(0, named=True)
    assert (first["start"], first["value"]) == (datetime(2026, 3, 1, 16), 41.0)
    assert first["raw_sha256"] == record.sha256
    assert first["raw_row"] == 2
    entry = AuditLog.objects.get(event="monitoring.import")
    assert entry.after["stored"] == 144
    assert store.receipts("import")["actor"].to_list() == [entry.actor]


def test_the_same_file_again_is_no_news(store: Store, tmp_path: Path) -> None:
    path = tidy(tmp_path / "a.csv", hours("in"))
    load(path)
    again = load(path)
    assert (again.received, again.stored, again.duplicate) == (144, 0, 144)
    assert store.observations().height == 144


def test_a_correction_keeps_the_former_value(store: Store, tmp_path: Path) -> None:
    load(tidy(tmp_path / "a.csv", hours("in")))
    rows = hours("in")
    rows[4] = (*rows[4][:7], 99)
    again = load(tidy(tmp_path / "b.csv", rows))
    assert (again.stored, again.duplicate) == (1, 143)
    former = store.history("in", "pm25", "1h", datetime(2026, 3, 1, 20))
    assert former["value"].to_list() == [45.0]
    assert former["actor"].to_list() == [local_actor().name]


def test_a_mislabelled_file_is_refused_with_its_reasons(store: Store) -> None:
    trap = FEEDS / "trap_taiyuan_daily_2025_mislabelled.csv"
    with pytest.raises(imports.ImportRefused) as caught:
        load(trap, "taiyuan-daily")
    assert len(caught.value.reasons) >= 2
    assert all(reason.zh for reason in caught.value.reasons)
    assert store.observations(statistic="24h").is_empty()
    assert not [path for path in store.raw.folder.rglob("*") if path.is_file()]
    record = Import.objects.get()
    assert record.state == Import.State.REFUSED
    assert AuditLog.objects.get().event == "monitoring.import_refused"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "", "empty"),
        ("a.csv", "station,time\nin,2026-03-02 01:00\n", "needs column"),
        ("a.xls", "x", "old Excel"),
        ("a.xlsx", "station,time\n", "the content is text"),
    ],
)
def test_an_unreadable_file_is_refused_in_words(
    store: Store, tmp_path: Path, name: str, text: str, says: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(BadInput, match=says):
        load(path)
    assert Import.objects.get().state == Import.State.FAILED
    assert store.last_commit == 0


def test_a_file_written_to_meanwhile_is_not_loaded(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tidy(tmp_path / "a.csv", hours("in"))
    found = imports.look(path, "tidy-hourly")
    keep = store.raw.keep

    def grows(source: Path, name: str) -> Any:
        with path.open("a") as file:
            file.write("in,2026-03-03 01:00,1,1,1,1,1,1\n")
        return keep(source, name)

    monkeypatch.setattr(store.raw, "keep", grows)
    with pytest.raises(BadInput, match="being written to"):
        imports.load(store, path, found, "someone")
    assert store.observations().is_empty()


def test_every_cell_is_accounted_for(store: Store, tmp_path: Path) -> None:
    rows = hours("in") + hours("nobody")
    rows[0] = ("in", "2026-03-02 01:00", -999, "abc", "", 90, 80, 41)
    record = load(tidy(tmp_path / "a.csv", rows))
    assert record.received == record.stored + record.duplicate + record.rejected == 287
    assert record.rejected == 2 + 144
    found = queries.quarantine()
    assert found["reasons"] == {"unknown_station": 144, "not_a_number": 1, "sentinel": 1}
    lost = [r for r in found["rows"] if r["raw_row"] == 26]
    assert {r["reason"] for r in lost} == {"unknown_station:nobody"}
    assert ("so2", "12") in {(r["column"], r["text"]) for r in lost}
    assert record.message == "unknown_station:nobody (144)"


def test_a_station_entered_later_gets_its_values_by_replay(
    store: Store, world: World, tmp_path: Path
) -> None:
    record = load(tidy(tmp_path / "a.csv", hours("in") + hours("N1")))
    assert record.rejected == 144
    Site.objects.create(key="new", region=world.county)
    SiteCode.objects.create(site_id="new", code="N1")
    origin = imports.Origin(record.feed, record.sha256, record.file_name)
    again = Replay(origin).run(local_actor())
    assert (again.stored, again.duplicate, again.rejected) == (144, 144, 0)
    assert store.observations(["new"]).height == 144
    assert queries.quarantine()["total"] == 0  # what was mended is no longer shown as open
    assert store.quarantine().height == 144  # and is kept all the same
    assert AuditLog.objects.filter(event="monitoring.replay").count() == 1


def test_a_code_is_read_by_the_day_it_held(store: Store, world: World, tmp_path: Path) -> None:
    SiteCode.objects.create(site=world.inside, code="X1", valid_to=date(2026, 3, 2))
    SiteCode.objects.create(site=world.outside, code="X1", valid_from=date(2026, 3, 4))
    rows = [r for day in range(2, 5) for r in hours("X1", f"2026-03-{day:02d}")]
    record = load(tidy(tmp_path / "a.csv", rows))
    assert record.rejected == 144
    assert record.message == "station_outside_dates:X1 (144)"
    days = store.observations(items=["so2"]).group_by("site").agg(pl.len(), pl.col("start").min())
    assert dict(days.select("site", "start").iter_rows()) == {
        "in": datetime(2026, 3, 1, 16),
        "out": datetime(2026, 3, 3, 16),
    }


def test_one_name_in_two_cities_needs_the_city(store: Store, world: World, tmp_path: Path) -> None:
    for site in (world.inside, world.outside):
        SiteName.objects.create(site=site, name_zh="市政府")
    record = load(tidy(tmp_path / "a.csv", hours("市政府(停运)")))
    assert record.message.startswith("ambiguous_station:市政府(停运)")
    path = tmp_path / "b.csv"
    lines = [f"{h[0]},大同,{','.join(map(str, h[1:]))}" for h in hours("市政府(停运)")]
    header = "station,city,time,so2,no2,co,o3,pm10,pm25"
    path.write_text("\n".join([header, *lines]), encoding="utf-8")
    assert load(path).stored == 144
    assert store.observations(["out"]).height == 144


def test_only_those_who_may_import(world: World, data: Path, tmp_path: Path) -> None:
    path = tidy(tmp_path / "a.csv", hours("in"))
    for role in ("public", "firm", "county", "analyst"):  # this analyst has one city, not all
        with pytest.raises(Denied):
            ImportFile(path, "tidy-hourly").run(Actor(world.people[role], role, "web"))
    assert not Import.objects.exists()


def test_published_aqi_is_held_against_the_recomputed_one() -> None:
    found = imports.look(FEEDS / "cnemc_station_hour_shanxi.parquet", "cnemc-station-hour")
    assert found.ok
    assert found.feed.published_aqi


def test_wrong_values_beside_a_published_aqi_are_doubted(tmp_path: Path) -> None:
    frame = pl.read_parquet(FEEDS / "cnemc_station_hour_shanxi.parquet")
    shifted = frame.with_columns(pl.col("so2").shift(7), pl.col("pm10").shift(11) * 3)
    path = tmp_path / "shifted.parquet"
    shifted.write_parquet(path)
    found = imports.look(path, "cnemc-station-hour")
    assert "aqi_differs" in {reason.code for reason in found.reasons}
