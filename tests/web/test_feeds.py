"""The page of standing feeds: states in words, receipts, refusals; run, pause, go on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from django.test import Client

from fenhe.platform.monitoring import standing
from fenhe.platform.monitoring.models import Source
from fenhe.platform.registry.models import Membership
from fenhe.platform.workflow.models import AuditLog
from tests.platform.conftest import World, hours, tidy


@pytest.fixture
def feed(judged: World, tmp_path: Path) -> Source:
    """A watched folder with a good file and a bad one, tried until both are looked at."""
    made = Source.objects.create(
        key="files",
        title_zh="小时文件",
        title_en="Hourly files",
        kind="folder",
        feeds=["tidy-hourly"],
        location=f"{tmp_path}/*.csv",
    )
    tidy(tmp_path / "a.csv", hours("in", "2026-03-05"))
    (tmp_path / "b.csv").write_text("what,ever\n1,2\n")
    for _ in range(3):
        standing.try_source(made, threading.Event())
    return made


@pytest.fixture
def master(judged: World) -> Client:
    """An administrator of the whole system."""
    Membership.objects.create(user=judged.people["admin"], role="admin")
    client = Client(HTTP_HOST="localhost")
    client.force_login(judged.people["admin"])
    return client


def test_the_list_says_how_each_stands(feed: Source, analyst: Client) -> None:
    page = analyst.get("/en/feeds/").content.decode()
    assert "1 of 1 feed needs a look." in page
    assert "Hourly files" in page
    assert "late" in page
    assert "1 refused" in page
    assert "2026-03-06 00:00" in page
    assert "Run now" not in page  # an analyst of a city may not: a file may hold any station


def test_one_feed_has_its_runs_and_what_was_refused(feed: Source, analyst: Client) -> None:
    page = analyst.get("/en/feeds/files/").content.decode()
    assert "b.csv" in page
    assert feed.files.get(path="b.csv").message.splitlines()[0][:20] in page
    assert "144" in page
    assert "nothing new" in page
    assert "小时文件" in analyst.get("/feeds/files/").content.decode()
    assert analyst.get("/en/feeds/nowhere/").status_code == 404


@pytest.mark.parametrize("path", ["/en/feeds/", "/en/feeds/files/"])
def test_every_table_has_its_twins(feed: Source, analyst: Client, path: str) -> None:
    rows = analyst.get(f"{path}?format=json").json()["rows"]
    assert 144 in {row["received"] for row in rows}
    assert "144" in analyst.get(f"{path}?format=csv").content.decode("utf-8-sig")
    assert analyst.get(f"{path}?format=xlsx").content.startswith(b"PK")


def test_one_that_never_brought_anything_is_listed(feed: Source, analyst: Client) -> None:
    Source.objects.create(
        key="new",
        title_zh="新源",
        kind="http",
        feeds=["tidy-hourly"],
        location="http://h/a?key=secret",
    )
    page = analyst.get("/en/feeds/").content.decode()
    assert "waiting for its first data" in page
    assert "at once" in page
    one = analyst.get("/en/feeds/new/").content.decode()
    assert "It was not tried yet." in one
    assert "secret" not in page + one


def test_who_may_runs_pauses_and_lets_go_on(feed: Source, master: Client) -> None:
    assert "Run now" in master.get("/en/feeds/").content.decode()
    feed.refresh_from_db()
    assert feed.next_due is not None
    assert master.post("/en/feeds/files/run/").status_code == 302
    feed.refresh_from_db()
    assert feed.next_due is None
    master.post("/en/feeds/files/pause/")
    feed.refresh_from_db()
    assert not feed.active
    assert "Let it go on" in master.get("/en/feeds/").content.decode()
    assert master.post("/en/feeds/files/run/").status_code == 400
    master.post("/en/feeds/files/pause/", {"active": "1"})
    feed.refresh_from_db()
    assert feed.active
    events = set(AuditLog.objects.values_list("event", flat=True))
    assert {"monitoring.run_source", "monitoring.pause_source"} <= events


def test_others_may_not(feed: Source, analyst: Client, visitor: Client) -> None:
    assert visitor.get("/en/feeds/").status_code == 302
    assert analyst.post("/en/feeds/files/pause/").status_code == 403
    assert analyst.post("/en/feeds/files/run/").status_code == 403
    feed.refresh_from_db()
    assert feed.active
    strict = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    assert strict.post("/en/feeds/files/pause/").status_code == 403


def test_no_feed_says_how_to_add_one(judged: World, analyst: Client) -> None:
    page = analyst.get("/en/feeds/").content.decode()
    assert "No feed runs by itself yet." in page
    assert "fenhe sources add" in page


def test_the_data_page_leads_here_and_tells_the_newest_hour(feed: Source, analyst: Client) -> None:
    page = analyst.get("/en/data/").content.decode()
    assert "/en/feeds/" in page
    assert "2026-03-06 00:00" in page
