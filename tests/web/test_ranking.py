"""The ranking of cities: numbers, ties, change, who is not ranked, targets, rights, twins."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from fenhe.platform import owner
from fenhe.platform.registry.models import Site, SiteName
from fenhe.platform.verdicts import kept
from fenhe.store import Store
from tests.platform.conftest import World
from tests.web.published import HIDDEN, SHOWN, cities, correct  # noqa: F401  found by being here
from tests.web.tables import table, text_of, twins

PAGE = "/en/ranking/?subject=published&grain=month&period=2016-11&limits=GB3095-2012"


@pytest.fixture
def both(cities: World) -> World:  # noqa: F811
    """Both cities are shown to visitors."""
    Site.objects.filter(kind=Site.Kind.CITY).update(published=True)
    return cities


def page_of(client: Client, address: str = PAGE) -> str:
    reply = client.get(address)
    assert reply.status_code == 200
    return html.unescape(reply.content.decode())


def test_best_and_worst_come_first_in_words(both: World, visitor: Client) -> None:
    page = page_of(visitor)
    assert (
        "November 2016, 2 cities: best is Datong (4.54), last is Taiyuan (5.40). "
        "Against a year before: 0 improved, 0 worsened."
    ) in page
    assert "limits <a" in page
    for edition in ("GB3095-2012", "HJ663-2013", "RANK-2018", "CHANGE-2017", "HJ633-2012"):
        assert f'href="/en/standards/{edition}/"' in page
    assert "RANK-2018/index_rounding" in page


def test_table_holds_statistics_index_change_and_days(both: World, visitor: Client) -> None:
    rows = table(page_of(visitor), "ranking-table")
    assert [row[:4] for row in rows] == [
        ["Datong", "1", "4.54", "NO₂"],
        ["Taiyuan", "2", "5.40", "PM2.5"],
    ]
    # PM2.5 51 … 80 have the mean 65.5, rounded half-even
    assert rows[1][4:10] == ["30", "45", "1.2", "80", "76", "66"]
    # the fifth of Datong has no PM10: 29 of 30 days, told where it differs
    assert rows[0][4:11] == ["30", "45", "1.2", "80", "76 29/30", "36", "30/30"]
    # levels 2 up to 75, 3 above
    assert rows[1][11:17] == [
        "5.40",
        "0.0 %",
        "1",
        "83.3 %",
        "83.3",
        "25 good, 5 light pollution 25 5",
    ]


def test_twins_hold_exactly_what_is_shown(both: World, visitor: Client) -> None:
    shown = table(page_of(visitor, f"{PAGE}&shares=1"), "ranking-table")
    rows = twins(visitor, f"{PAGE}&shares=1")
    names = ("so2", "no2", "co", "o3", "pm10", "pm25")
    assert [[r["name"], str(r["rank"])] for r in rows] == [row[:2] for row in shown]
    for row, told in zip(shown, rows, strict=True):
        assert float(row[2]) == told["index"]
        assert [float(cell.split()[0]) for cell in row[4:10]] == [told[name] for name in names]
        assert [float(cell) for cell in row[11:17]] == [told[f"share_{name}"] for name in names]
        assert row[17:21] == ["5.40" if told["city"] == SHOWN else "4.54", "0.0 %", "1",
                              f"{told['good_share']} %"]  # fmt: skip
        days = [str(told[f"days_{n}"]) for n in range(1, 7) if told[f"days_{n}"]]
        assert row[22].split()[-len(days) :] == days
    assert "share_so2" not in twins(visitor, PAGE)[0]


def test_every_number_leads_to_its_evidence_and_every_city_to_its_page(
    both: World, visitor: Client
) -> None:
    page = page_of(visitor)
    links = set(re.findall(r'<a data-why href="([^"]+)"', page))
    assert len(links) == 2
    for link in links:
        assert visitor.get(link).status_code == 200
    pages = set(re.findall(r'href="(/en/cities/city:\d+/[^"#]*)"', page))
    assert len(pages) == 2
    assert all(visitor.get(link).status_code == 200 for link in pages)


def test_equal_indices_share_a_rank(both: World, visitor: Client, tmp_path: Path) -> None:
    correct(tmp_path, 20)
    rows = table(page_of(visitor), "ranking-table")
    assert [row[:3] for row in rows] == [
        ["Taiyuan", "1 tied", "4.54"],
        ["Datong", "1 tied", "4.54"],
    ]
    assert [(row["rank"], row["tied"]) for row in twins(visitor, PAGE)] == [(1, True), (1, True)]


def test_as_of_a_commit_gives_the_former_ranking(
    both: World, visitor: Client, tmp_path: Path
) -> None:
    before = owner.store().last_commit
    correct(tmp_path, 40)
    assert [row["index"] for row in twins(visitor, PAGE)] == [4.54, 5.11]
    former = page_of(visitor, f"{PAGE}&as_of={before}")
    assert [row[2] for row in table(former, "ranking-table")] == ["4.54", "5.40"]
    assert f"As it was known at commit {before}." in former
    assert f"as_of={before}" in former.partition("data-why")[2][:300]


def test_months_and_years_are_stepped_through(both: World, visitor: Client) -> None:
    page = page_of(visitor)
    back = re.search(r'href="([^"]+)" data-step="back"', page)
    assert back is not None
    assert "period=2015-11" in back[1]
    assert 'data-step="on"' not in page
    assert 'data-step="year_back"' in page
    earlier = page_of(visitor, f"/en/ranking/{back[1]}")
    assert "November 2015" in earlier
    assert "GB 3095-2012 is in force from 2016-01-01: this is a re-scoring." in earlier


def test_short_periods_say_why_nobody_is_ranked(both: World, visitor: Client) -> None:
    year = page_of(visitor, "/en/ranking/?subject=published&grain=year&period=2016")
    assert "2016: none of 2 cities can be ranked, because too few valid days." in year
    rows = table(year, "ranking-table")
    assert [row[1] for row in rows] == ["—", "—"]
    assert rows[0][4] == "30 few"
    assert "not ranked: too few valid days" in rows[0][-1]
    quarter = page_of(visitor, "/en/ranking/?subject=published&grain=quarter&period=2016-Q4")
    assert re.search(r"because no source says: [^()]+ \(HJ663-2013/quarter_minimum\)\.", quarter)
    assert "few" not in table(quarter, "ranking-table")[0][4]


def test_new_limits_score_again_and_say_so(both: World, visitor: Client) -> None:
    page = page_of(visitor, PAGE.replace("GB3095-2012", "GB3095-2026:transitional"))
    assert "GB 3095-2026 is in force from 2026-03-01: this is a re-scoring." in page
    assert 'href="/en/standards/EQUAL-2026/"' in page
    assert table(page, "ranking-table")[1][9] == "65.5"  # one decimal by HJ 663-2026


def test_a_target_says_gap_and_what_is_still_allowed(both: World, visitor: Client) -> None:
    address = f"{PAGE}&item=pm25&target=50"
    page = page_of(visitor, address)
    assert "PM2.5, target 50" in page
    told = {row["city"]: row for row in twins(visitor, address)}
    # 30 days of 65.5, 31 to come; 50.5 still rounds to 50: (50.5 · 61 - 1965) / 31 = 35.98
    assert (told[SHOWN]["mean_to_date"], told[SHOWN]["gap"]) == (65.5, 15.5)
    assert (told[SHOWN]["days_rest"], told[SHOWN]["allowed_mean_rest"]) == (31, 35.9)
    assert told[HIDDEN]["gap"] == -14.5
    shown = table(page, "ranking-table")
    assert shown[1][17:21] == ["65.5", "+15.5", "31", "35.9"]
    over = page_of(visitor, f"{PAGE}&item=pm25&target=10")
    assert "out of reach" in table(over, "ranking-table")[1][20]


def test_people_see_and_rank_the_cities_shown_to_them(
    cities: World,  # noqa: F811
    visitor: Client,
    admin_of_province: Client,
) -> None:
    assert [row["city"] for row in twins(visitor, PAGE)] == [SHOWN]
    assert "Datong" not in page_of(visitor)
    assert visitor.get(f"{PAGE}&place=140200").status_code == 400
    assert [row["city"] for row in twins(admin_of_province, PAGE)] == [HIDDEN, SHOWN]
    inside = twins(admin_of_province, f"{PAGE}&place=140100")
    assert [(row["city"], row["rank"]) for row in inside] == [(SHOWN, 1)]


@pytest.fixture
def admin_of_province(cities: World) -> Client:  # noqa: F811
    """An administrator of the whole province."""
    cities.people["admin"].memberships.update(region=cities.province)
    client = Client(HTTP_HOST="localhost")
    client.force_login(cities.people["admin"])
    return client


@pytest.mark.parametrize(
    "wrong",
    [
        "grain=week", "period=soon", "period=2016-13", "period=0001", "period=9999",
        "subject=villages", "limits=GB9", "place=999999", "target=much", "target=-5",
        "target=50&item=co", "as_of=then",
    ],
)  # fmt: skip
def test_addresses_that_can_not_be_read_say_what_is_wrong(
    both: World, visitor: Client, wrong: str
) -> None:
    reply = visitor.get(f"/en/ranking/?{wrong}")
    assert reply.status_code == 400
    assert re.search(r"'[^']+' (is|has)", html.unescape(reply.content.decode()))


def test_a_period_of_another_kind_leads_into_it(both: World, visitor: Client) -> None:
    assert "2016-Q4" in page_of(visitor, "/en/ranking/?grain=quarter&period=2016-11")
    assert "November 2015" in page_of(visitor, "/en/ranking/?grain=month&period=2015")


def test_nothing_judged_is_said(store: Store, visitor: Client) -> None:
    page = page_of(visitor, "/en/ranking/?period=2016-11")
    assert "November 2016: no city is judged." in page
    assert twins_empty(visitor, "/en/ranking/?period=2016-11") == []


def twins_empty(client: Client, address: str) -> Any:
    return client.get(f"{address}&format=json").json()["rows"]


def test_names_are_escaped(both: World, visitor: Client) -> None:
    SiteName.objects.filter(site=SHOWN).update(name_en='<script>"x"</script>', name_zh="=1+1")
    page = visitor.get(PAGE).content.decode()
    assert "<script>&quot;" not in page
    assert "&lt;script&gt;" in page
    assert "=1+1" in visitor.get(PAGE.removeprefix("/en")).content.decode()


def test_both_languages_are_whole(both: World, visitor: Client) -> None:
    page = visitor.get(PAGE.removeprefix("/en")).content.decode()
    assert "2016年11月 2个城市中，大同市最好（4.54），太原市最差（5.40）。" in page
    assert "环办监测" in page
    assert not re.search(r"[A-Za-z]{4,} [a-z]{3,} [a-z]{3,}", text_of(page.partition("<h1")[2]))


def test_few_queries_and_one_reading_a_commit(
    both: World, visitor: Client, django_assert_max_num_queries: Any
) -> None:
    visitor.get(PAGE)
    read = kept._table.cache_info().misses
    with django_assert_max_num_queries(16):
        assert visitor.get(PAGE).status_code == 200
    assert kept._table.cache_info().misses == read
