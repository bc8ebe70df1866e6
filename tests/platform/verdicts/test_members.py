"""A station that moves between cities: what is judged anew, what stays, what was known before."""

from __future__ import annotations

import itertools
import random
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from fenhe.base import beijing
from fenhe.platform.registry import homes
from fenhe.platform.registry.acts import MoveSite
from fenhe.platform.registry.models import Region, Site, SiteHome, SiteName
from fenhe.platform.registry.queries import sites_on
from fenhe.platform.verdicts import engine, hours, standing
from fenhe.platform.verdicts.models import Assessment, DirtyCity
from fenhe.platform.workflow.acts import local_actor
from fenhe.platform.workflow.models import AuditLog
from fenhe.store import Store
from tests.platform.conftest import World, load, tidy
from tests.platform.conftest import hours as rows_of
from tests.platform.verdicts.test_engine import assert_cells_are_true

CITY = standing.key_of("city", "HJ633-2026")
DAYS = ("2026-03-02", "2026-03-03", "2026-03-04")


def move(store: Store, site: Site, region: Region, since: date, **more: object) -> None:
    act = MoveSite(site, region, since, commit=store.last_commit, **more)  # type: ignore[arg-type]
    act.run(local_actor())


def two_cities(store: Store, world: World, tmp_path: Path) -> None:
    """Three days of a station in each city, and of a second one in the first."""
    site = Site.objects.create(key="s0", region=world.county)
    SiteName.objects.create(site=site, name_zh="站")
    rows = [row for day in DAYS for key in ("in", "out", "s0") for row in rows_of(key, day)]
    for number, row in enumerate(rows):
        if row[0] == "s0":
            rows[number] = (*row[:6], 300, 200)
    load(tidy(tmp_path / "a.csv", rows))
    engine.catch_up(store)


def days_since(store: Store, key: str, commit: int) -> set[tuple[str, date]]:
    cells = store.cells.read(key).filter(pl.col("commit") > commit)
    return {(site, beijing.day_of(start)) for site, start in cells.select("site", "start").rows()}


def test_a_move_touches_both_cities_from_its_day_on_and_nothing_else(
    store: Store, world: World, tmp_path: Path
) -> None:
    two_cities(store, world, tmp_path)
    before = {a.key: store.cells.read(a.key) for a in Assessment.objects.all()}
    commit = store.last_commit
    move(store, Site.objects.get(pk="s0"), world.other_county, date(2026, 3, 3))
    engine.catch_up(store)
    days = {date(2026, 3, 3), date(2026, 3, 4)}
    expected = {(city, day) for city in ("140100", "140200") for day in days}
    for assessment in Assessment.objects.filter(grain="1h"):
        touched = days_since(store, assessment.key, commit)
        assert touched == (expected if assessment.subject == "city" else set()), assessment.key
    for key, cells in before.items():
        assert store.cells.read(key, as_of=commit).equals(cells), key
    assert_cells_are_true(store)
    assert Site.objects.get(pk="s0").region == world.other_county
    entry = AuditLog.objects.get(event="registry.move_site")
    assert entry.before == []
    assert [row["valid_to"] for row in entry.after] == ["2026-03-02", "9999-12-31"]


def test_what_was_known_before_a_move_is_still_the_members_of_then(
    store: Store, world: World, tmp_path: Path
) -> None:
    two_cities(store, world, tmp_path)
    commit = store.last_commit
    was = hours.city_members()
    move(store, Site.objects.get(pk="s0"), world.other_county, date(2026, 3, 3))
    engine.catch_up(store)
    assert hours.city_members(commit).equals(was)
    assert not hours.city_members().equals(was)
    assert hours.city_members(store.last_commit).equals(hours.city_members())


def test_a_city_whose_last_station_left_has_no_cells_from_then_on(
    store: Store, world: World, tmp_path: Path
) -> None:
    two_cities(store, world, tmp_path)
    move(store, world.outside, world.county, date(2026, 3, 3))
    engine.catch_up(store)
    left = store.cells.read(CITY, ["140200"])
    assert left.height == 24
    gone = store.cells.versions(CITY, "140200", datetime(2026, 3, 2, 16))
    assert gone["superseded_commit"].null_count() == 0
    assert_cells_are_true(store)


def test_a_closed_station_is_not_due(store: Store, world: World, tmp_path: Path) -> None:
    """Two of four stations fall silent: the city is judged again once they are closed."""
    for number in range(3):
        site = Site.objects.create(key=f"s{number}", region=world.county)
        SiteName.objects.create(site=site, name_zh=f"站{number}", valid_from="2020-01-01")
    load(tidy(tmp_path / "a.csv", rows_of("in") + rows_of("s0")))
    engine.catch_up(store)
    assert store.cells.read(CITY)["status"].unique().to_list() == ["not_judged"]
    for key in ("s1", "s2"):
        site = Site.objects.get(pk=key)
        move(store, site, world.county, date(2026, 3, 2), counts_for_city=False, reason="closed")
    engine.catch_up(store)
    assert store.cells.read(CITY)["status"].unique().to_list() == ["judged"]


def test_a_corrected_move_leaves_the_former_belief_readable(store: Store, world: World) -> None:
    site = world.inside
    move(store, site, world.other_county, date(2026, 3, 3))
    move(store, site, world.other_county, date(2026, 3, 5))
    move(store, site, world.county, date(2026, 3, 3), until=date(2026, 3, 4))
    standing_rows = SiteHome.objects.filter(site=site, withdrawn_commit__isnull=True)
    spans = sorted((row.valid_from, row.valid_to, row.region_id) for row in standing_rows)
    assert [span[2] for span in spans] == ["140105", "140105", "140213"]
    assert all(
        later[0] - earlier[1] == timedelta(days=1) for earlier, later in itertools.pairwise(spans)
    )
    assert SiteHome.objects.filter(site=site, withdrawn_commit__isnull=False).count() >= 2


@pytest.mark.parametrize("seed", range(3))
def test_random_moves_equal_a_full_recomputation(
    store: Store, world: World, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    two_cities(store, world, tmp_path)
    for _ in range(4):
        site = Site.objects.get(pk=chance.choice(["in", "out", "s0"]))
        since = date(2026, 3, chance.randint(1, 5))
        until = chance.choice([date(9999, 12, 31), since + timedelta(days=chance.randint(0, 2))])
        region = chance.choice([world.county, world.other_county])
        counts = chance.random() < 0.8
        move(store, site, region, since, until=until, counts_for_city=counts)
        if chance.random() < 0.6:
            engine.catch_up(store)
    engine.catch_up(store)
    for assessment in Assessment.objects.filter(grain="1h", subject="city"):
        stored = store.cells.read(assessment.key).drop("commit", "assessment")
        members = hours.city_members()
        values = store.observations().select(engine.hours.VALUES)
        full = engine.hours.city_cells(values, members, hours.question_of(assessment))
        full = full.select(stored.columns).sort("site", "start")
        assert stored.sort("site", "start").equals(full)
    assert not DirtyCity.objects.exists()


def test_lists_and_maps_show_where_a_station_was_on_the_day(store: Store, world: World) -> None:
    move(store, world.inside, world.other_county, date(2026, 3, 3))
    sites = Site.objects.filter(pk="in")
    cities = [sites_on(sites, day)[0]["city"] for day in (date(2026, 3, 2), date(2026, 3, 3))]
    assert cities == ["140100", "140200"]
    assert [one.region for one in homes.stations_on(date(2026, 3, 2)) if one.site == "in"] == [
        "140105"
    ]
