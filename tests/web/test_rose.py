"""The page of the pollution rose: wind from a feed, rights, twins, and what has no wind."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.test import Client

from fenhe.platform import owner
from fenhe.platform.monitoring import imports, wind
from fenhe.platform.monitoring.acts import Replay
from fenhe.platform.registry.models import SiteName
from fenhe.platform.verdicts import engine
from fenhe.platform.workflow.acts import local_actor
from fenhe.protocols.tables import feeds
from tests.platform.conftest import World, load

HEAD = "No,year,month,day,hour,PM2.5,PM10,SO2,NO2,CO,O3,TEMP,PRES,DEWP,RAIN,wd,WSPM,station"
PAGE = "/en/stations/in/rose/?from=2016-12-01&to=2016-12-01"
#: direction and speed of 24 hours: eight from the north-west, eight calm, six east, two unknown
WIND = [("NW", 5.0)] * 8 + [("NW", 0.1)] * 8 + [("E", 1.5)] * 6 + [("NA", 3.0), ("E", "NA")]


def uci(folder: Path) -> Path:
    """Write a day of the feed: PM2.5 is 10 with north-west wind, 90 when calm, 60 with east."""
    lines = [HEAD]
    for hour, (wd, ws) in enumerate(WIND):
        pm25 = 10 if ws == 5.0 else 90 if ws == 0.1 else 60
        lines.append(f"{hour},2016,12,1,{hour},{pm25},100,5,40,800,60,1,1020,-5,0,{wd},{ws},Dongsi")
    path = folder / "PRSA.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def windy(judged: World, tmp_path: Path) -> World:
    """The published station holds a day with wind; 00:00 ends an hour of the day before."""
    SiteName.objects.filter(site=judged.inside).update(name_en="Dongsi", name_zh="东四")
    done = load(uci(tmp_path), "uci-beijing")
    assert done.stored == 24 * 6 + 23 + 23
    return judged


def rows(client: Client, query: str = "") -> list[dict[str, Any]]:
    return list(json.loads(client.get(f"{PAGE}&format=json{query}").content)["rows"])


def test_rose_says_where_the_wind_and_the_item_come_from(windy: World, visitor: Client) -> None:
    page = visitor.get(f"{PAGE.replace('2016-12-01&', '2016-11-30&', 1)}").content.decode()
    assert "wind most often from NW (36.4 % of hours)" in page  # 8 of 22
    assert "PM2.5 highest with wind from E: 60.0 µg/m³ on average of 6 hours" in page
    assert "calm (below 0.3 m/s) in 36.4 %" in page
    assert "Left out: 1 without wind speed, 1 without direction." in page


def test_table_chart_and_twin_hold_the_same(windy: World, visitor: Client) -> None:
    told = {(r["direction"], r["class"]): r for r in rows(visitor)}
    assert told["NW", 3]["n"] == 7  # the hour labelled 00:00 belongs to 30 November
    assert told["NW", 3]["mean"] == 10
    assert told["C", 0]["mean"] == 90
    page = visitor.get(PAGE).content.decode()
    found = re.search(r'id="rose-data">(.*?)</script>', page, re.S)
    assert found is not None
    chart = json.loads(found[1])
    assert chart["points"][14] == "NW"
    assert chart["means"][14] == 10
    assert sum(c["shares"][14] for c in chart["classes"]) == told["NW", 3]["share"]
    for form in ("csv", "xlsx"):
        assert visitor.get(f"{PAGE}&format={form}").status_code == 200


def test_settings_of_the_address_hold(windy: World, visitor: Client) -> None:
    told = rows(visitor, "&calm=2&classes=all")
    assert {r["direction"]: r["n"] for r in told}["C"] == 14
    assert {r["class"] for r in told} == {None, 0, 1}
    for wrong in ("item=gold", "show=gauge", "calm=soon", "classes=4,2", "to=2016-01-01"):
        assert visitor.get(f"/en/stations/in/rose/?from=2016-12-01&{wrong}").status_code == 400


def test_station_without_wind_says_so_and_has_no_link(judged: World, visitor: Client) -> None:
    assert (
        "no wind is known of this station" in visitor.get("/en/stations/in/rose/").content.decode()
    )
    assert "Pollution rose" not in visitor.get("/en/stations/in/").content.decode()


def test_rose_is_shown_to_whom_the_station_is(windy: World, visitor: Client) -> None:
    assert visitor.get("/en/stations/out/rose/").status_code == 302
    assert visitor.get("/en/stations/nowhere/rose/").status_code == 404
    page = visitor.get("/en/stations/in/?to=2016-12-01").content.decode()
    assert 'href="/en/stations/in/rose/"' in page
    assert "东北" in visitor.get(PAGE.removeprefix("/en")).content.decode()


def test_wind_is_judged_by_nothing(windy: World) -> None:
    """Cells rest on the six items alone: a void wind value makes nothing dirty."""
    store = owner.store()
    engine.catch_up(store)
    cells = store.cells.read("aqi-hourly-site-HJ633-2012", ["in"], end=datetime(2017, 1, 1))
    assert cells.height == 24
    assert cells["n_due"].unique().to_list() == [6]
    hour = cells["start"][3]
    flag = {
        "site": "in", "item": "wind_speed", "statistic": "1h", "start": hour,
        "end": hour + timedelta(hours=1), "check": "void", "version": "", "limit": "",
        "reason": "iced", "who": "t",
    }  # fmt: skip
    store.add_flags(pl.DataFrame([flag]), "t")
    assert engine.catch_up(store).days == 0
    assert wind.hours("in", "pm25", hour, hour + timedelta(hours=1))[0]["ws"].to_list() == [None]


def test_an_import_from_before_wind_was_read_replays_and_brings_it(
    judged: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SiteName.objects.filter(site=judged.inside).update(name_en="Dongsi", name_zh="东四")
    real = feeds.load
    kept = tuple(i for i in real("uci-beijing").items if not i.of_weather)
    with monkeypatch.context() as past:
        past.setattr(feeds, "load", lambda name: replace(real(name), items=kept))
        first = load(uci(tmp_path), "uci-beijing")
    assert first.stored == first.received == 24 * 6
    again = Replay(imports.Origin("uci-beijing", first.sha256, first.file_name)).run(local_actor())
    assert again.received == again.stored + again.duplicate + again.rejected
    assert (again.stored, again.duplicate, again.rejected) == (23 + 23, 24 * 6, 0)
