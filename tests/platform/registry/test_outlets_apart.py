"""Outlets are sites, and count nowhere in air: pages, ranking, map, verdicts, clock, interface."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest
from django.test import Client

from fenhe.platform import clock, owner
from fenhe.platform.api.acts import CreateToken
from fenhe.platform.monitoring import queries
from fenhe.platform.registry import directory, door, homes
from fenhe.platform.registry.models import Outlet, Setting, Site, SiteName
from fenhe.platform.registry.queries import shown_on
from fenhe.platform.verdicts import dirty, engine
from fenhe.platform.verdicts.models import Begin, DataDay, DirtyDay, Due
from fenhe.platform.workflow.acts import local_actor
from fenhe.protocols.tables.stations import STATIONS
from fenhe.store import Store
from tests.platform.conftest import World, hours, load, tidy

pytestmark = pytest.mark.django_db
OUTLET = "outlet:DA001"
HOUR_OF_OUTLET = datetime(2026, 5, 1, 3)


@pytest.fixture
def mixed(store: Store, world: World, tmp_path: Any) -> Store:
    """A day of one station, and a later hour of an outlet in the same county."""
    site = Site.objects.create(
        key=OUTLET, kind=Site.Kind.OUTLET, region=world.county, organisation=world.firm,
        published=True,
    )  # fmt: skip
    Outlet.objects.create(site=site, medium="gas")
    SiteName.objects.create(site=site, name_zh="一号焦炉烟囱")
    load(tidy(tmp_path / "a.csv", hours("晋源")))
    values = pl.DataFrame(
        {
            "site": OUTLET,
            "item": ["a21026", "so2"],
            "statistic": "1h",
            "start": HOUR_OF_OUTLET,
            "end": HOUR_OF_OUTLET.replace(hour=4),
            "value": [30.0, 900.0],
            "decimals": 1,
            "raw_row": [1, 2],
        }
    ).filter(pl.col("item") == "a21026")
    raw = store.raw.keep(io.BytesIO(b"frames"), "frames")
    with store.begin_import("hj212:main", raw, "test") as job:
        job.write(values, pl.DataFrame(), values.height)
    Site.objects.filter(pk="in").update(published=True)
    return store


def test_the_engine_does_not_look_at_outlets(mixed: Store) -> None:
    dirty.mark(mixed)
    assert set(DirtyDay.objects.values_list("site", flat=True)) == {"in"}
    assert set(DataDay.objects.values_list("day", flat=True)) == {date(2026, 3, 2)}
    assert not Begin.objects.filter(site=OUTLET).exists()
    engine.catch_up(mixed)
    assert not Due.objects.filter(target=OUTLET).exists()
    assert OUTLET not in dirty.published_sites()
    cells = mixed.cells.read("aqi-hourly-site-HJ633-2026")
    assert set(cells["site"]) == {"in"}


def test_days_of_an_outlet_are_no_published_days_of_a_city(mixed: Store) -> None:
    frame = pl.DataFrame(
        {"site": [OUTLET, "city:140100"], "statistic": "24h", "day": date(2026, 5, 1)}
    )
    dirty._enter_changes(frame)
    assert set(Due.objects.values_list("target", flat=True)) == {"city:140100"}


def test_no_list_of_stations_names_an_outlet(mixed: Store, world: World) -> None:
    day = date(2026, 5, 1)
    admin = world.people["admin"]
    assert OUTLET not in {row["site"] for row in shown_on(admin, "monitoring.view", day)}
    assert OUTLET not in {one.site for one in homes.stations_on(day)}
    assert OUTLET not in {one.site for one in homes.spans({OUTLET: day, "in": day})}
    assert not door.visible_sites(admin).filter(pk=OUTLET).exists()
    assert door.visible_sites(admin, kind=Site.Kind.OUTLET).filter(pk=OUTLET).exists()
    assert door.visible_sites(admin, kind=None).filter(pk=OUTLET).exists()


def test_a_file_of_stations_can_not_reach_an_outlet(mixed: Store) -> None:
    asked = pl.DataFrame(
        {"station": ["一号焦炉烟囱", OUTLET, "晋源"], "city": None, "day": date(2026, 5, 1)},
        {"station": pl.String, "city": pl.String, "day": pl.Date},
    )
    found = directory.load().resolve(asked, STATIONS)
    answers = dict(found.select("station", "site").iter_rows())
    assert answers == {"一号焦炉烟囱": None, OUTLET: None, "晋源": "in"}


def test_the_clock_of_the_data_and_the_hours_of_the_map_are_those_of_air(mixed: Store) -> None:
    Setting.objects.create(key="clock", value=clock.DATA)
    assert clock.now() == datetime(2026, 3, 2, 16)
    assert queries.hours_available() == {
        "first": datetime(2026, 3, 1, 16),
        "last": datetime(2026, 3, 2, 15),
    }
    banner = clock.banner()
    assert banner is not None
    assert (banner["first"], banner["last"]) == (date(2026, 3, 2), date(2026, 3, 2))


def test_an_older_file_moves_the_first_hour_back(mixed: Store, tmp_path: Any) -> None:
    assert mixed.extent("1h", queries.ITEMS) == (datetime(2026, 3, 1, 16), datetime(2026, 3, 2, 16))
    load(tidy(tmp_path / "b.csv", hours("晋源", "2026-02-01")))
    load(tidy(tmp_path / "c.csv", hours("晋源", "2026-02-20", 3)))
    assert mixed.extent("1h", queries.ITEMS) == (
        datetime(2026, 1, 31, 16),
        datetime(2026, 3, 2, 16),
    )
    assert mixed.extent("1h", ["a21026"]) == (HOUR_OF_OUTLET, datetime(2026, 5, 1, 4))
    assert mixed.extent("1h", ["no"]) is None


@pytest.mark.parametrize(
    "path", ["/stations/{}/", "/stations/{}/rose/", "/evidence/aqi-hourly-site-HJ633-2026/{}/"]
)
def test_an_outlet_has_no_page_of_a_station(
    client: Client, mixed: Store, world: World, path: str
) -> None:
    client.force_login(world.people["admin"])
    assert client.get(path.format(OUTLET)).status_code == 404


def test_the_pages_of_air_do_not_speak_of_outlets(
    client: Client, mixed: Store, world: World
) -> None:
    engine.catch_up(mixed)
    client.force_login(world.people["admin"])
    for path in ("/", "/stations/", "/ranking/", "/cities/"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        said = answer.content.decode()
        assert OUTLET not in said, path
        assert "一号焦炉烟囱" not in said, path


def asked(token: str, path: str) -> Any:
    answer = Client().get(f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_the_interface_tells_of_outlets_only_when_asked(mixed: Store, world: World) -> None:
    made = CreateToken(world.people["analyst"], "reader").run(local_actor())
    token = made[1]
    sites = {row["site"] for row in asked(token, "/sites")["data"]}
    assert sites == {"in"}
    assert [row["site"] for row in asked(token, "/sites?kind=outlet")["data"]] == [OUTLET]
    for path in ("/latest", "/series"):
        assert {row["site"] for row in asked(token, path)["data"]} == {"in"}
        told = asked(token, f"{path}?site={OUTLET}")["data"]
        assert {row["item"] for row in told} == {"a21026"}
        assert {row["unit"] for row in told} == {"mg/m³"}
    found = asked(token, f"/observations?site={OUTLET}&end=2026-05-02")["data"]
    assert [row["value"] for row in found] == [30.0]
    assert {row["site"] for row in asked(token, "/observations")["data"]} == {"in"}


def test_the_owner_holds_the_store(mixed: Store) -> None:
    assert owner.store() is mixed
