"""The list of cities and the page of one: calendar, months, years, trend, sources, rights."""

from __future__ import annotations

import html
import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.test import Client

from fenhe.platform import owner
from fenhe.platform.registry.models import Site, SiteName
from fenhe.platform.verdicts import engine
from fenhe.platform.web import calendarview
from tests.platform.conftest import World, load
from tests.web.published import HIDDEN, SHOWN, cities, correct  # noqa: F401  found by being here
from tests.web.tables import table, text_of, twins

PAGE = f"/en/cities/{SHOWN}/?year=2016&limits=GB3095-2012"


def page_of(client: Client, address: str = PAGE) -> str:
    reply = client.get(address)
    assert reply.status_code == 200
    return html.unescape(reply.content.decode())


def test_sentence_says_the_newest_day_and_its_month(cities: World, visitor: Client) -> None:  # noqa: F811
    page = page_of(visitor)
    # PM2.5 of the 30th is 80: (150 - 100) / (115 - 75) × 5 + 100 = 106.25, rounded up
    assert (
        "Taiyuan, 2016-11-30: light pollution, AQI 107, primary pollutant PM2.5. "
        "November 2016: 25 of 30 days good, PM2.5 66 µg/m³ on average (a year before: 66)."
    ) in page


def test_calendar_shows_levels_and_what_is_missing(cities: World, visitor: Client) -> None:  # noqa: F811
    page = page_of(visitor)
    calendar = page.partition('class="calendar"')[2].partition("</div>")[0]
    days = re.findall(r'class="lv lv-(\w+)" href="([^"]+)" title="([^"]+)"', calendar)
    assert [level for level, _, _ in days] == ["2"] * 25 + ["3"] * 5
    assert days[-1][2] == "2016-11-30 · AQI 107 · light pollution · PM2.5"
    assert visitor.get(days[-1][1]).status_code == 200
    assert calendar.count("lv-none") == 366 - 30
    assert "2016-12-01 · no data" in calendar
    assert "25 good, 5 light pollution, 336 without an index" in page


def test_days_as_table_are_those_of_the_calendar(cities: World, visitor: Client) -> None:  # noqa: F811
    rows = twins(visitor, f"{PAGE}&table=days")
    assert len(rows) == 366
    judged = [row for row in rows if row["level"]]
    assert [row["day"] for row in judged] == [f"2016-11-{day:02d}" for day in range(1, 31)]
    assert judged[-1]["aqi"] == 107
    assert judged[-1]["primary"] == "pm25"
    assert rows[0]["reason"] == "no data"


def test_months_hold_statistics_limits_index_and_rank(cities: World, visitor: Client) -> None:  # noqa: F811
    shown = table(page_of(visitor), "months-table")
    assert shown[0][4:10] == ["60", "40", "4", "160", "70", "35"]
    assert shown[1][:3] == ["November 2016", "1 /1", "5.40"]
    assert shown[1][4:10] == ["30", "45", "1.2", "80", "76", "66"]
    assert shown[1][10:12] == ["30/30", "25/30"]
    rows = twins(visitor, f"{PAGE}&table=months")
    assert [(r["month"], r["rank"], r["index"]) for r in rows] == [("2016-11", 1, 5.4)]
    items = ("so2", "no2", "co", "o3", "pm10", "pm25")
    assert [str(rows[0][name]).removesuffix(".0") for name in items] == shown[1][4:10]
    assert (rows[0]["days_2"], rows[0]["days_3"], rows[0]["days_missing"]) == (25, 5, 0)


def test_years_hold_percentiles_and_say_when_days_are_too_few(
    cities: World,  # noqa: F811
    visitor: Client,
) -> None:
    shown = table(page_of(visitor), "years-table")
    assert [row[0] for row in shown] == ["2016", "2015"]
    assert shown[0][3] == "30 few"
    assert "not ranked: too few valid days" in shown[0][-1]
    rows = twins(visitor, f"{PAGE}&table=years")
    # k = 1 + 29 × 0.95 = 28.55 of 51 … 80
    assert rows[0]["pm25_p95"] == 79
    assert rows[0]["compliant"] is None
    trend = table(page_of(visitor), "trend-table")
    assert trend[0] == ["SO₂ mean", "0", "—", "—", "too few years: 0 of at least 5"]
    assert {row["years"] for row in twins(visitor, f"{PAGE}&table=trend")} == {0}


def years_of(cell: dict[str, Any], values: list[float]) -> list[dict[str, Any]]:
    """Return year cells like one that stands, valid, with these means of PM2.5."""
    found = []
    for year, value in zip(range(2010, 2010 + len(values)), values, strict=True):
        start = datetime(year - 1, 12, 31, 16)
        found.append(
            cell | {"start": start, "end": datetime(year, 12, 31, 16), "pm25_mean": value,
                    "pm25_valid": True, "input_digest": f"y{year}"}
        )  # fmt: skip
    return found


def test_trend_is_told_from_five_years_on(cities: World, visitor: Client) -> None:  # noqa: F811
    key = "air-year-published-GB3095-2012"
    store = owner.store()
    cell = store.cells.read(key, [SHOWN]).drop("assessment", "commit")
    made = years_of(cell.to_dicts()[0], [70.0, 66.0, 61.0, 55.0, 48.0])
    store.cells.write(key, "air.evaluate", pl.DataFrame(made, schema=cell.schema), "test")
    row = table(page_of(visitor), "trend-table")[5]
    assert row == ["PM2.5 mean", "5", "-1.000", "0.900", "falling"]


def test_chart_has_the_days_and_the_limit_with_its_edition(cities: World, visitor: Client) -> None:  # noqa: F811
    found = re.search(r'id="city-data">(.*?)</script>', visitor.get(PAGE).content.decode(), re.S)
    assert found is not None
    chart = json.loads(found[1])
    assert len(chart["days"]) == len(chart["values"]) == 366
    assert [v for v in chart["values"] if v is not None] == [float(v) for v in range(51, 81)]
    assert chart["limits"] == [{"value": 75.0, "text": "GB 3095-2012 grade II, 24 h: 75"}]
    assert (chart["index"], chart["ranks"]) == ([5.4], ["1/1"])


def test_two_sources_of_one_city_stand_side_by_side(
    cities: World,  # noqa: F811
    visitor: Client,
    tmp_path: Path,
) -> None:
    cities.inside.published = True
    cities.inside.save()
    lines = [
        f"in,2016-11-{day:02d} {hour:02d}:00,28,44,1.0,70,70,60"
        for day in range(1, 31)
        for hour in range(1, 25)
    ]
    path = tmp_path / "stations.csv"
    path.write_text("\n".join(["station,time,so2,no2,co,o3,pm10,pm25", *lines]) + "\n", "utf-8")
    load(path, "tidy-hourly")
    engine.catch_up(owner.store())
    shown = table(page_of(visitor), "compared-table")
    assert shown[0] == ["November 2016", "30 / 28", "45 / 44", "1.2 / 1.0", "80 / 70", "76 / 70",
                        "66 / 60", "30/30 · 30/30"]  # fmt: skip
    rows = twins(visitor, f"{PAGE}&table=compared")
    assert (rows[0]["pm25_published"], rows[0]["pm25_city"]) == (66, 60)
    other = page_of(visitor, "/en/cities/140100/?year=2016")
    assert "means of the stations" in other
    assert 'href="/en/cities/city:140100/"' in other
    assert table(other, "compared-table")[0][1] == "28 / 30"
    assert "晋源" in other.partition("Stations")[2]
    assert {r["city"] for r in twins(visitor, "/en/cities/")} == {"140100", SHOWN}


def test_cities_are_shown_to_whom_they_are(cities: World, visitor: Client) -> None:  # noqa: F811
    assert visitor.get(f"/en/cities/{HIDDEN}/").status_code == 403
    assert visitor.get("/en/cities/140100/").status_code == 403  # none of its stations is shown
    assert visitor.get("/en/cities/140105/").status_code == 404
    assert visitor.get("/en/cities/city:nowhere/").status_code == 404
    assert [row["city"] for row in twins(visitor, "/en/cities/")] == [SHOWN]
    analyst = Client(HTTP_HOST="localhost")
    analyst.force_login(cities.people["analyst"])
    assert {row["city"] for row in twins(analyst, "/en/cities/")} == {SHOWN, "140100"}
    assert analyst.get("/en/cities/140100/").status_code == 200
    assert analyst.get(f"/en/cities/{HIDDEN}/").status_code == 403


def test_list_finds_by_name_and_key(cities: World, visitor: Client) -> None:  # noqa: F811
    assert len(twins(visitor, "/en/cities/?q=taiyuan")) == 1
    assert "No city fits." in page_of(visitor, "/en/cities/?q=gotham")
    page = page_of(visitor, "/en/cities/")
    assert "1 city series." in page
    assert "5.40" in page


@pytest.mark.parametrize(
    "wrong", ["year=soon", "year=1800", "limits=GB9", "item=gold", "table=x&format=json"]
)
def test_addresses_that_can_not_be_read_are_refused(
    cities: World,  # noqa: F811
    visitor: Client,
    wrong: str,
) -> None:
    assert visitor.get(f"/en/cities/{SHOWN}/?{wrong}").status_code == 400


def test_city_names_are_escaped(cities: World, visitor: Client) -> None:  # noqa: F811
    SiteName.objects.filter(site=SHOWN).update(name_en="<img src=x>")
    assert "<img" not in visitor.get(PAGE).content.decode()
    assert "<img" not in visitor.get("/en/cities/").content.decode()


def test_chinese_comes_first(cities: World, visitor: Client) -> None:  # noqa: F811
    page = visitor.get(PAGE.removeprefix("/en")).content.decode()
    assert "太原市 2016-11-30：轻度污染，AQI 107，首要污染物 PM2.5。" in page
    assert "2016年11月30天中优良25天，PM2.5平均66 µg/m³（上年同期66）。" in page
    words = text_of(page.partition("<h1")[2].partition("<script")[0])
    assert not re.search(r"[A-Za-z]{4,} [a-z]{3,} [a-z]{3,}", words)


def test_few_queries_whatever_the_number_of_cities(
    cities: World,  # noqa: F811
    visitor: Client,
    django_assert_max_num_queries: Any,
) -> None:
    for n in range(20):
        key = f"city:more{n}"
        Site.objects.create(key=key, kind=Site.Kind.CITY, region=cities.city, published=True)
    for address, most in ((PAGE, 18), ("/en/cities/", 14), ("/en/ranking/", 16)):
        visitor.get(address)
        with django_assert_max_num_queries(most):
            assert visitor.get(address).status_code == 200


def test_a_correction_is_seen_at_once(cities: World, visitor: Client, tmp_path: Path) -> None:  # noqa: F811
    assert "AQI 107" in page_of(visitor)
    correct(tmp_path, 40)
    assert "Taiyuan, 2016-11-30: good, AQI 94" in page_of(visitor)


def test_months_of_a_calendar_begin_on_monday() -> None:
    series = calendarview.Series("a", "k", "HJ633-2012", {})
    months = calendarview.months(series.days(2024, date(2024, 2, 29)))
    assert [month["number"] for month in months] == [1, 2]
    assert [day and day["day"].day for day in months[1]["weeks"][0]] == [None] * 3 + [1, 2, 3, 4]
    assert months[1]["weeks"][-1][3]["day"] == date(2024, 2, 29)
    assert months[1]["weeks"][-1][4] is None
