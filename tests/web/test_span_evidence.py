"""The evidence of days and periods as pages show it: steps, what it rests on, rights, JSON."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
from django.test import Client

from fenhe.platform import owner
from fenhe.platform.registry.models import Site, SiteName
from fenhe.platform.verdicts import engine
from tests.platform.conftest import World, hours, load, tidy
from tests.web.published import HIDDEN, SHOWN, cities, correct  # noqa: F401  found by being here
from tests.web.tables import text_of
from tests.web.test_station import review

ROOT = "/en/evidence/"
MONTH = f"{ROOT}air-month-published-GB3095-2012/{SHOWN}/2016-11/"
DAY = f"{ROOT}air-day-published-GB3095-2012/{SHOWN}/2016-11-30/"
INDEX = f"{ROOT}aqi-daily-published-HJ633-2012/{SHOWN}/2016-11-30/"
YEAR = f"{ROOT}air-year-published-GB3095-2012/{SHOWN}/2016/"
QUARTER = f"{ROOT}air-quarter-published-GB3095-2012/{SHOWN}/2016-Q4/"
LIMITS = "GB3095-2026:transitional"
SITE_DAY = f"{ROOT}air-day-site-{LIMITS}/in/2026-03-02/"
CITY_DAY = f"{ROOT}air-day-city-{LIMITS}/140100/2026-03-02/"


def said(client: Client, address: str) -> str:
    reply = client.get(address)
    assert reply.status_code == 200
    return text_of(reply.content.decode().partition("<article")[2])


def test_month_shows_each_figure_with_its_steps(cities: World, visitor: Client) -> None:  # noqa: F811
    text = said(visitor, MONTH)
    assert "Taiyuan, November 2016: composite index 5.40, 30 valid days of 30." in text
    assert "1965 / 30 = 65.5 → 66" in text
    assert (
        "k = 1 + (30 - 1) × 95 % = 28.55; X(28), X(29): 78 + (79 - 78) × 0.55 = 78.55 → 79" in text
    )
    assert "PM2.5 66 / 35 1.89" in text
    assert "0.50 + 1.12 + 0.30 + 0.50 + 1.09 + 1.89 = 5.40" in text
    assert "none for this figure" in text
    assert "The days it rests on 30" in text
    assert "gives the same" in text


def test_month_opens_down_to_the_row_of_the_file(cities: World, visitor: Client) -> None:  # noqa: F811
    page = visitor.get(MONTH).content.decode()
    down = re.search(r'<a data-why href="([^"]+)">2016-11-30</a>', page)
    assert down is not None
    text = said(visitor, html.unescape(down[1]))
    assert "Taiyuan, 2016-11-30: above the limit are PM2.5 24 h mean." in text
    assert "Limit, grade II 75 µg/m³" in text
    assert "Multiple above the limit 0.07" in text
    assert re.search(r"PM2\.5 80\.0 80\.0 µg/m³ days\.csv, row \d+", text)
    assert re.search(r"SHA-256 [0-9a-f]{64}", text)


def test_daily_index_shows_the_steps_of_each_item(cities: World, visitor: Client) -> None:  # noqa: F811
    text = said(visitor, INDEX)
    assert "Taiyuan, 2016-11-30: AQI 107, light pollution, primary pollutant PM2.5." in text
    assert "(150 - 100) / (115 - 75) × (80 - 75) + 100 = 106.25 → 107" in text
    assert "AQI = max(30, 57, 30, 40, 70, 107) = 107" in text
    assert "The day values it rests on 1" in text


def test_year_and_quarter_say_why_they_are_not_judged(cities: World, visitor: Client) -> None:  # noqa: F811
    assert "2016: not judged, because too few valid values of SO₂, NO₂" in said(visitor, YEAR)
    text = said(visitor, QUARTER)
    assert "because the value HJ663-2013/quarter_minimum is unknown." in text
    assert "validity not known" in text


def test_json_twin_holds_the_recipe(cities: World, visitor: Client) -> None:  # noqa: F811
    found = json.loads(visitor.get(f"{MONTH}?format=json").content)
    assert (found["grain"], found["label"], found["reproduced"]) == ("month", "2016-11", True)
    assert len(found["lower"]) == 30
    assert {row["item"] for row in found["statistics"]} == {
        "so2", "no2", "co", "o3", "pm10", "pm25",
    }  # fmt: skip
    index = json.loads(visitor.get(f"{INDEX}?format=json").content)
    assert next(i["iaqi"] for i in index["items"] if i["item"] == "pm25") == 107


def test_fragment_is_a_part_and_the_address_is_a_page(cities: World, visitor: Client) -> None:  # noqa: F811
    part = visitor.get(MONTH, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith("<article")
    whole = visitor.get(MONTH).content.decode()
    assert f'href="/en/cities/{SHOWN}/?year=2016"' in whole


def test_former_version_stays_readable(cities: World, visitor: Client, tmp_path: Path) -> None:  # noqa: F811
    before = owner.store().last_commit
    correct(tmp_path, 40)
    page = visitor.get(MONTH).content.decode()
    assert "composite index 5.11" in page
    former = re.search(rf'href="{re.escape(MONTH)}\?as_of=(\d+)"', page)
    assert former is not None
    assert int(former[1]) >= before
    then = said(visitor, f"{MONTH}?as_of={before}")
    assert "composite index 5.40" in then
    assert f"As it was known at commit {before}." in then


def test_station_day_shows_its_hours_as_received(judged: World, visitor: Client) -> None:
    page = visitor.get(SITE_DAY).content.decode()
    text = text_of(page)
    # 41 … 64 have the mean 52.5, NO2 and PM10 alike: 52.5 and 92.5
    assert "The hours, as received" in text
    assert "01:00 12 41 0.8 90 81 41" in text
    assert "24:00 12 64 0.8 90 104 64" in text
    hour = re.search(r'<a data-why href="([^"]+)">12:00</a>', page)
    assert hour is not None
    assert hour[1] == f"{ROOT}aqi-hourly-site-HJ633-2026/in/2026-03-02T12:00/"
    assert visitor.get(hour[1]).status_code == 200
    assert "hours.csv" in text
    assert 'href="/en/stations/in/?to=2026-03-02"' in page


def test_a_void_hour_is_struck_and_counts_no_more(judged: World, analyst: Client) -> None:
    review(analyst, item="pm25")
    page = analyst.get(SITE_DAY).content.decode()
    assert page.count('class="struck"') >= 1
    assert "until" in page.partition("Versions of this verdict")[2]


def test_city_day_shows_only_stations_shown_to_the_reader(
    judged: World, visitor: Client, tmp_path: Path
) -> None:
    other = Site.objects.create(key="more", region=judged.county)
    SiteName.objects.create(site=other, name_zh="小店")
    load(tidy(tmp_path / "more.csv", hours("more")))
    engine.catch_up(owner.store())
    text = said(visitor, CITY_DAY)
    assert "The stations it is the mean of 1" in text
    assert "晋源 12" in text
    assert "小店 12" not in text
    assert "1 station that is not shown to you took part." in text
    found = json.loads(visitor.get(f"{CITY_DAY}?format=json").content)
    assert [row["target"] for row in found["lower"]] == ["in"]
    client = Client(HTTP_HOST="localhost")
    client.force_login(judged.people["analyst"])
    assert "小店 12" in said(client, CITY_DAY)


def test_evidence_is_shown_to_whom_the_object_is(cities: World, visitor: Client) -> None:  # noqa: F811
    assert visitor.get(MONTH.replace(SHOWN, HIDDEN)).status_code == 403
    assert visitor.get(MONTH.replace(SHOWN, "city:none")).status_code == 404
    hidden = f"{ROOT}air-month-city-GB3095-2012/140100/2016-11/"
    assert visitor.get(hidden).status_code == 403


@pytest.mark.parametrize(
    "label", ["2016-11-03", "2016-13", "2016", "2016-Q4", "soon", "2016-11-03T12:00", "2014-01"]
)
def test_labels_of_another_kind_are_refused(cities: World, visitor: Client, label: str) -> None:  # noqa: F811
    reply = visitor.get(MONTH.replace("2016-11", label))
    assert reply.status_code == 400
    assert "'" in html.unescape(reply.content.decode()) or "no cell" in reply.content.decode()


def test_evidence_speaks_chinese(cities: World, visitor: Client) -> None:  # noqa: F811
    text = text_of(visitor.get(MONTH.removeprefix("/en")).content.decode())
    assert "太原市2016年11月：综合指数5.40，30天中有效30天。" in text.replace("太原市 ", "太原市")
    assert "所依据的各日" in text
