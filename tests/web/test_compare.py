"""The page of two editions side by side: numbers, rights, twins, both languages."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.test import Client

from tests.platform.conftest import World
from tests.web.published import HIDDEN, SHOWN, cities  # noqa: F401  found by being here

PAGE = "/en/compare/?from=2016-11&to=2016-11"


@pytest.fixture
def analyst_of_city(cities: World) -> Client:  # noqa: F811
    client = Client(HTTP_HOST="localhost")
    client.force_login(cities.people["analyst"])
    return client


def rows(client: Client, table: str, page: str = PAGE) -> list[dict[str, Any]]:
    return list(json.loads(client.get(f"{page}&table={table}&format=json").content)["rows"])


def test_sentence_counts_days_and_good_days(cities: World, visitor: Client) -> None:  # noqa: F811
    page = html.unescape(visitor.get(PAGE).content.decode())
    # PM2.5 51 … 80: 61 … 75 are level 2 by 75 at IAQI 100 and level 3 by 60
    assert (
        "All cities, 2016-11: of 30 days of 1 cities 15 change their level from HJ 633-2012 to "
        "HJ 633-2026, all for the worse. Good days: 83.3 % by the former, 33.3 % by the new one."
    ) in page
    assert "choose January to December" in page
    assert "PM2.5" in page


def test_matrix_causes_and_days_agree(cities: World, visitor: Client) -> None:  # noqa: F811
    counts = {(r["level_old"], r["level_new"]): r["n"] for r in rows(visitor, "matrix")}
    assert counts == {(2, 2): 10, (2, 3): 15, (3, 3): 5}
    assert rows(visitor, "causes") == [{"cause": "pm25", "way": "worse", "n": 15}]
    days = rows(visitor, "days")
    assert [r["day"] for r in days] == [f"2016-11-{day}" for day in range(11, 26)]
    assert {r["site"] for r in days} == {SHOWN}
    assert rows(visitor, "places")[0]["good_share_new"] == 33.3
    assert {r["after"] for r in rows(visitor, "reasons")} == {"120", "60", "30"}


def test_a_count_leads_to_its_days_and_a_day_to_both_evidences(
    cities: World,  # noqa: F811
    visitor: Client,
) -> None:
    page = html.unescape(visitor.get(PAGE).content.decode())
    link = re.search(r'href="(\?[^"]*pick=2-3[^"]*)#days"', page)
    assert link is not None
    found = html.unescape(visitor.get(f"/en/compare/{link[1]}").content.decode())
    table = found.partition('id="days-table"')[2]
    assert table.count("<tr>") == 16
    for edition in ("HJ633-2012", "HJ633-2026"):
        why = f"/en/evidence/aqi-daily-published-{edition}/city%3A140100/2016-11-11/"
        assert why in table
        assert visitor.get(why).status_code == 200
    beyond = visitor.get(f"{PAGE}&pick=2-3&start=950").content.decode()
    assert beyond.partition('id="days-table"')[2].count("<tr>") == 16
    unchanged = rows(visitor, "days", f"{PAGE}&pick=2-2")
    assert len(unchanged) == 10


def test_days_without_an_index_are_told(cities: World) -> None:  # noqa: F811
    cities.people["analyst"].memberships.update(region=cities.other_city)
    client = Client(HTTP_HOST="localhost")
    client.force_login(cities.people["analyst"])
    page = html.unescape(client.get(PAGE).content.decode())
    assert "1 days lose their AQI because an item is missing (5.3.1)." in page
    (held,) = rows(client, "days", f"{PAGE}&pick=withheld")
    assert (held["site"], held["cause"], held["day"]) == (HIDDEN, "pm10", "2016-11-05")
    assert held["status_new"] == "not_published"
    assert "PM10 missing" in html.unescape(client.get(f"{PAGE}&pick=withheld").content.decode())


def test_everybody_sees_their_own_cities(
    cities: World,  # noqa: F811
    visitor: Client,
    analyst_of_city: Client,
) -> None:
    for client in (visitor, analyst_of_city):
        assert {r["site"] for r in rows(client, "places")} == {SHOWN}
    assert visitor.get(f"{PAGE}&place=140200").status_code == 400
    assert visitor.get(f"{PAGE}&place=140100").status_code == 200
    cities.people["analyst"].memberships.update(region=cities.province)
    again = Client(HTTP_HOST="localhost")
    again.force_login(cities.people["analyst"])
    assert {r["site"] for r in rows(again, "places")} == {SHOWN, HIDDEN}


@pytest.mark.parametrize("table", ["days", "places", "matrix", "causes", "years", "reasons"])
def test_every_table_has_its_twins(cities: World, visitor: Client, table: str) -> None:  # noqa: F811
    for form in ("json", "csv", "xlsx"):
        reply = visitor.get(f"/en/compare/?from=2016-01&to=2016-12&table={table}&format={form}")
        assert reply.status_code == 200
        assert reply.content


@pytest.mark.parametrize(
    "query",
    [
        "from=soon", "from=2016-11&to=2015-11", "from=2010-01&to=2016-11", "subject=weather",
        "pick=8-9", "pick=worst", "place=nowhere", "format=json&table=none", "to=9999-12",
    ],
)  # fmt: skip
def test_what_can_not_be_read_is_refused(cities: World, visitor: Client, query: str) -> None:  # noqa: F811
    assert visitor.get(f"/en/compare/?{query}").status_code == 400


def test_chinese_first_and_the_year_by_default(cities: World, visitor: Client) -> None:  # noqa: F811
    page = html.unescape(visitor.get("/compare/").content.decode())
    assert "全部城市，2016：1 个城市共 30 个城市日，由 HJ 633-2012 改按 HJ 633-2026 评价" in page
    assert "2016 年没有可作全年评价的城市。" in page
    assert "达标" in page


def test_without_days_the_page_says_so(cities: World, visitor: Client) -> None:  # noqa: F811
    page = visitor.get("/en/compare/?subject=city&from=2016-11&to=2016-11")
    assert page.status_code == 200
    assert "no day has an AQI under either edition" in page.content.decode()
    assert "IAQI" in page.content.decode()  # what differs is told all the same


def test_queries_do_not_grow_with_the_days(
    cities: World,  # noqa: F811
    visitor: Client,
    django_assert_max_num_queries: Any,
) -> None:
    with django_assert_max_num_queries(14):
        visitor.get(PAGE)
    with django_assert_max_num_queries(14):
        visitor.get("/en/compare/?from=2015-11&to=2016-11")
