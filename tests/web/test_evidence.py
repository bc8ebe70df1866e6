"""The evidence panel: steps with numbers down to the file row, versions, and who may see it."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from tests.platform.conftest import World
from tests.web.test_station import review

SITE = "/en/evidence/aqi-hourly-site-HJ633-2026/in/2026-03-02T12:00/"
CITY = "/en/evidence/aqi-hourly-city-HJ633-2026/140100/2026-03-02T12:00/"


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_steps_lead_from_the_row_to_the_verdict(judged: World, visitor: Client) -> None:
    text = text_of(visitor.get(SITE).content.decode())
    assert "晋源, 2026-03-02 12:00: AQI 84, good, primary pollutant PM2.5." in text
    assert "hours.csv, row 13" in text
    assert re.search(r"SHA-256 [0-9a-f]{64}", text)
    assert "in 2026-03-02 12:00 12 52 0.8 90 92 52" in text
    assert "(100 - 50) / (60 - 35) × (52 - 35) + 50 = 84 → 84" in text
    assert "AQI = max(4, 26, 8, 29, 80, 84) = 84" in text
    assert "4.2.6" in text
    assert "gives the same" in text


def test_fragment_is_a_part_and_the_address_is_a_page(judged: World, visitor: Client) -> None:
    part = visitor.get(SITE, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith("<article")
    whole = visitor.get(SITE).content.decode()
    assert whole.startswith("<!doctype html>")
    assert "<article" in whole


def test_json_twin_holds_the_recipe(judged: World, visitor: Client) -> None:
    found = json.loads(visitor.get(f"{SITE}?format=json").content)
    assert found["verdict"]["aqi"] == 84
    assert found["reproduced"] is True
    assert {row["site"] for row in found["inputs"]} == {"in"}


def test_former_version_stays_readable(judged: World, analyst: Client) -> None:
    review(analyst, item="pm25")
    page = analyst.get(SITE).content.decode()
    assert "AQI" in page
    assert "void" in text_of(page)
    former = re.search(rf'href="{re.escape(SITE)}\?as_of=(\d+)"', page)
    assert former is not None
    text = text_of(analyst.get(f"{SITE}?as_of={former[1]}").content.decode())
    assert "AQI 84, good, primary pollutant PM2.5." in text
    assert f"As it was known at commit {former[1]}." in text


def test_not_published_says_why(judged: World, analyst: Client) -> None:
    review(analyst, item="pm25")
    text = text_of(analyst.get(SITE).content.decode())
    assert "the AQI is not published, because PM2.5 missing; that of the rest would be 80." in text
    assert "5.3.1" in text


def test_city_shows_its_mean_and_only_the_stations_shown(
    judged: World, visitor: Client, analyst: Client
) -> None:
    text = text_of(visitor.get(CITY).content.decode())
    assert "Mean of the city's stations" in text
    assert "1 / 1" in text
    assert visitor.get(CITY.replace("140100", "140200")).status_code == 403


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/en/evidence/nothing/in/2026-03-02T12:00/", 404),
        ("/en/evidence/aqi-hourly-site-HJ633-2026/nowhere/2026-03-02T12:00/", 404),
        ("/en/evidence/aqi-hourly-site-HJ633-2026/in/2031-03-02T12:00/", 400),
        ("/en/evidence/aqi-hourly-site-HJ633-2026/in/soon/", 400),
        ("/en/evidence/aqi-hourly-site-HJ633-2026/out/2026-03-02T12:00/", 403),
    ],
)
def test_what_is_not_there_or_not_shown(
    judged: World, visitor: Client, address: str, status: int
) -> None:
    assert visitor.get(address).status_code == status
    part = visitor.get(address, headers={"HX-Request": "true"})
    assert part.status_code == status
    assert b"<html" not in part.content


def test_shortened_address_leads_to_the_map(db: None, visitor: Client) -> None:
    assert visitor.get("/en/evidence/")["Location"] == "/en/"
