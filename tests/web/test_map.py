"""The map page: words, table, twins, what a person may see, and what it costs."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import openpyxl
import pytest
from django.test import Client

from tests.platform.conftest import World

T = "2026-03-02T12:00"


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'id="map-data">(.*?)</script>', page, re.S)
    assert found is not None
    return dict(json.loads(found[1]))


def get(client: Client, address: str) -> str:
    reply = client.get(address)
    assert reply.status_code == 200, reply.content[:500]
    return reply.content.decode()


def test_sentence_first_in_both_languages(judged: World, visitor: Client) -> None:
    english = get(visitor, f"/en/?t={T}")
    assert "2026-03-02 12:00, 山西省, 1 station: 1 good." in english
    assert "AQI 84 (good), primary pollutant PM2.5." in english  # 50 + 17 x 50 / 25
    chinese = get(visitor, f"/?t={T}")
    assert "2026-03-02 12:00，山西省 1 个站点：1 个良。" in chinese


def test_visitor_sees_published_stations_only(judged: World, visitor: Client) -> None:
    page = get(visitor, f"/en/?t={T}")
    assert 'data-key="in"' in page
    assert 'data-key="out"' not in page
    assert [f["properties"]["key"] for f in data_of(page)["stations"]["features"]] == ["in"]
    assert "140200" not in data_of(page)["cities"]


def test_missing_station_stays_in_sight(judged: World, analyst: Client) -> None:
    judged.outside.published = True
    judged.outside.save()
    page = get(analyst, "/en/?t=2026-03-02T23:00&place=140000")
    levels = {
        f["properties"]["key"]: f["properties"] for f in data_of(page)["stations"]["features"]
    }
    assert levels["out"]["level"] == 0
    assert levels["out"]["text"] == "no data"
    assert "1 without a verdict" in page


def test_each_number_links_to_its_evidence(judged: World, visitor: Client) -> None:
    page = get(visitor, f"/en/?t={T}&edition=HJ633-2026")
    address = f"/en/evidence/aqi-hourly-site-HJ633-2026/in/{T}/"
    assert f'data-why href="{address}"' in page
    assert visitor.get(address).status_code == 200


def test_edition_not_in_force_is_said_to_be_a_rescoring(judged: World, visitor: Client) -> None:
    assert "re-scoring" not in get(visitor, f"/en/?t={T}")
    page = get(visitor, f"/en/?t={T}&edition=HJ633-2012")
    assert "this is a re-scoring. What held then is HJ 633-2026." in page


def test_item_shows_value_and_its_index(judged: World, visitor: Client) -> None:
    page = get(visitor, f"/en/?t={T}&item=pm10")
    assert "PM10 at 1 station: 1 good." in page
    (feature,) = data_of(page)["stations"]["features"]
    assert feature["properties"]["text"] == "PM10 92 µg/m³ · IAQI 80 · good"


def test_twins_hold_the_numbers_of_the_page(judged: World, visitor: Client) -> None:
    rows = json.loads(get(visitor, f"/en/?t={T}&item=pm10&format=json"))["rows"]
    assert [(r["station"], r["value"], r["iaqi"], r["level"]) for r in rows] == [
        ("in", 92.0, 80, 2)
    ]
    text = visitor.get(f"/en/?t={T}&item=pm10&format=csv").content.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["station"], row["time"], row["iaqi"]) == ("in", "2026-03-02 12:00", "80")
    sheet = openpyxl.load_workbook(
        io.BytesIO(visitor.get(f"/en/?t={T}&item=pm10&format=xlsx").content)
    ).active
    assert sheet is not None
    assert sheet.cell(2, 1).value == "in"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("/en/?t=yesterday", "is not a time"),
        ("/en/?item=gold", "is not an item"),
        ("/en/?edition=none", "is not an edition"),
        ("/en/?place=999999", "is not a region"),
    ],
)
def test_address_that_can_not_be_read_is_answered_in_words(
    judged: World, visitor: Client, address: str, why: str
) -> None:
    reply = visitor.get(address)
    assert reply.status_code == 400
    assert why in reply.content.decode()


def test_empty_hour_leads_to_the_nearest_with_data(judged: World, visitor: Client) -> None:
    page = get(visitor, "/en/?t=2026-03-20T08:00")
    assert "no station has a verdict in this hour" in page
    assert "t=2026-03-02T24:00" in page


def test_map_without_any_data_or_boundary(store: object, visitor: Client) -> None:
    page = get(visitor, "/en/")
    assert "No station is registered here." in page
    assert json.loads(get(visitor, "/map/shapes.json")) == {}


def test_shapes_are_sent_once(judged: World, visitor: Client) -> None:
    square = [[[[112, 37], [113, 37], [113, 38], [112, 38], [112, 37]]]]
    judged.city.shape = {"type": "MultiPolygon", "coordinates": square}
    judged.city.shape_source = "drawn here"
    judged.city.save()
    reply = visitor.get("/map/shapes.json")
    found = json.loads(reply.content)
    assert found["source"] == "drawn here"
    (feature,) = found["city"]["features"]
    assert feature["properties"] == {"id": "140100", "name": "太原", "label": [112.5, 37.5]}
    again = visitor.get("/map/shapes.json", headers={"If-None-Match": reply["ETag"]})
    assert again.status_code == 304


def test_queries_do_not_grow_with_the_stations(
    judged: World, visitor: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(24):
        get(visitor, f"/en/?t={T}")
    judged.outside.published = True
    judged.outside.save()
    with django_assert_max_num_queries(24):
        get(visitor, f"/en/?t={T}")
