"""The quality report: what every place's hours of a month are worth."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fenhe.platform import owner
from fenhe.platform.monitoring import checking
from fenhe.platform.web import qualityreport
from tests.platform.conftest import World, load, tidy
from tests.web.outletworks import STACK, made

PAGE = "/en/quality/?kind=air&month=2026-03"
HOUR = timedelta(hours=1)
AT = datetime(2026, 3, 1)


@pytest.fixture
def flagged(judged: World, tmp_path: Path) -> World:
    """A day of hours, and five of the next one, of which the checks flag one."""
    rows = [
        ("in", f"2026-03-03 {hour:02d}:00", 12, no2, "0.8", 90, 80, 40)
        for hour, no2 in enumerate([40, 41, 300, 42, 44], start=1)
    ]
    load(tidy(tmp_path / "flagged.csv", rows))
    return judged


def values(*qualities: int) -> pl.DataFrame:
    rows = [("a", "x", AT + n * HOUR, quality) for n, quality in enumerate(qualities)]
    return pl.DataFrame(rows, schema=["site", "item", "start", "quality"], orient="row")


def seen(*spans: tuple[int, int]) -> pl.DataFrame:
    rows = [("a", "x", AT + first * HOUR, AT + last * HOUR) for first, last in spans]
    kinds = {"site": pl.String, "item": pl.String,
             "start": pl.Datetime("us"), "end": pl.Datetime("us")}  # fmt: skip
    return pl.DataFrame(rows, schema=kinds, orient="row")


@pytest.mark.parametrize(
    ("qualities", "spans", "expected"),
    [
        ((0, 0, 0), [(0, 2)], {"passed": 2, "not_checked": 1, "missing": 2, "valid": 3}),
        ((0, 0, 0), [], {"passed": 0, "not_checked": 3}),
        ((0, 1, 2, 3, 9), [(0, 5)],
         {"passed": 2, "suspect": 1, "void": 1, "missing": 1, "valid": 3, "received": 5}),
        ((1, 1), [], {"passed": 2, "not_checked": 0}),
        ((0, 0, 0, 0), [(0, 4), (1, 2)], {"passed": 4, "not_checked": 0}),
        ((0, 0, 0, 0), [(0, 1), (3, 4)], {"passed": 2, "not_checked": 2}),
    ],
)  # fmt: skip
def test_hours_are_counted(
    qualities: tuple[int, ...], spans: list[tuple[int, int]], expected: dict[str, int]
) -> None:
    row = qualityreport.counted(values(*qualities), seen(*spans), 5).row(0, named=True)
    assert row["due"] == 5
    assert {name: row[name] for name in expected} == expected
    parts = ("passed", "suspect", "void", "not_checked")
    coded = sum(1 for one in qualities if one == 9)
    assert sum(row[name] for name in parts) + coded == row["received"]


def test_no_values_give_no_rows() -> None:
    none = values().cast({"site": pl.String, "item": pl.String, "quality": pl.UInt8,
                          "start": pl.Datetime("us")})  # fmt: skip
    assert qualityreport.counted(none, seen(), 5).is_empty()


def test_what_no_check_looked_at_is_told_apart(flagged: World, analyst: Client) -> None:
    (row,) = analyst.get(f"{PAGE}&format=json").json()["rows"]
    assert (row["site"], row["received"], row["passed"]) == ("in", 29 * 6, 0)
    assert row["not_checked"] > 0
    checking.catch_up(owner.store())
    (row,) = analyst.get(f"{PAGE}&format=json").json()["rows"]
    assert row["not_checked"] == 0
    assert row["passed"] > 0
    assert row["suspect"] > 0
    assert row["due"] == 31 * 24 * 6
    assert row["missing"] == row["due"] - row["received"]
    assert "range=1" in row["checks"]


def test_the_page_leads_to_the_review(flagged: World, analyst: Client) -> None:
    checking.catch_up(owner.store())
    page = analyst.get(PAGE).content.decode()
    assert "of the hours due are valid" in page
    assert "晋源" in page
    assert "平城" not in page
    assert "/en/review/in/?item=" in page
    assert "/en/review/?from=2026-03-01&amp;to=2026-03-31&amp;q=in" in page
    assert "有效" in analyst.get("/quality/?kind=air&month=2026-03").content.decode()


def test_it_has_its_twins(flagged: World, analyst: Client) -> None:
    assert "not_checked" in analyst.get(f"{PAGE}&format=csv").content.decode("utf-8-sig")
    assert analyst.get(f"{PAGE}&format=xlsx").content.startswith(b"PK")


def test_an_outlet_is_due_until_now(judged: World, analyst: Client) -> None:
    plant = made(judged, "30", "31")
    month = f"{plant.newest + timedelta(hours=8):%Y-%m}"
    rows = analyst.get(f"/en/quality/?month={month}&format=json").json()["rows"]
    assert [row["site"] for row in rows] == [STACK]
    assert rows[0]["simulated"] == "模拟 simulated"
    assert rows[0]["due"] >= rows[0]["received"] > 0
    assert "simulated" in analyst.get(f"/en/quality/?month={month}").content.decode()


def test_an_empty_month_says_so(judged: World, analyst: Client) -> None:
    page = analyst.get("/en/quality/?kind=air&month=2020-01").content.decode()
    assert "No hourly values in 2020-01." in page


@pytest.mark.parametrize("query", ["month=2026-13", "month=x", "kind=city"])
def test_what_can_not_be_is_told(judged: World, analyst: Client, query: str) -> None:
    assert analyst.get(f"/en/quality/?{query}").status_code == 400


def test_who_may_look(flagged: World, visitor: Client) -> None:
    assert visitor.get(PAGE).status_code == 302
    client = Client(HTTP_HOST="localhost")
    client.force_login(flagged.people["firm"])
    rows: list[Any] = client.get(f"{PAGE}&format=json").json()["rows"]
    assert [row["site"] for row in rows] == ["in"]


def test_queries_are_few(flagged: World, analyst: Client) -> None:
    with CaptureQueriesContext(connection) as asked:
        analyst.get(PAGE)
    assert len(asked) <= 16
