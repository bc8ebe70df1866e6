"""The review workbench: what waits, one series, decisions told before they are made, undoing."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fenhe.base import beijing
from fenhe.platform import owner
from fenhe.platform.monitoring import checking
from fenhe.platform.monitoring.sessions import ReviewEdit, ReviewSession
from fenhe.platform.registry.models import Site
from fenhe.platform.web import reviewqueue
from fenhe.quality.flags import Quality
from tests.platform.conftest import World, load, tidy
from tests.web.outletworks import MARKUP, STACK, made

DAYS = "from=2026-03-01&to=2026-03-05"
QUEUE = f"/en/review/?{DAYS}"
BENCH = "/en/review/in/?item=no2&stat=1h&start=2026-03-03T02:00&end=2026-03-03T03:00"
HOUR = timedelta(hours=1)


@pytest.fixture
def flagged(judged: World, tmp_path: Path) -> World:
    """A station with one hour of NO2 the checks flag, and one elsewhere."""
    rows = [
        (station, f"2026-03-03 {hour:02d}:00", 12, no2, "0.8", 90, 80, 40)
        for station in ("in", "out")
        for hour, no2 in enumerate([40, 41, 300, 42, 44], start=1)
    ]
    load(tidy(tmp_path / "flagged.csv", rows))
    checking.catch_up(owner.store())
    return judged


def client_of(world: World, role: str) -> Client:
    client = Client(HTTP_HOST="localhost")
    client.force_login(world.people[role])
    return client


def decision(kind: str = "void", step: str = "do", **other: Any) -> dict[str, Any]:
    return {
        "item": "no2", "stat": "1h", "start": "2026-03-03T02:00", "end": "2026-03-03T03:00",
        "kind": kind, "items": ["no2"], "forms": "forms", "reason": "analyser fault",
        "step": step, **other,
    }  # fmt: skip


def quality() -> int:
    start = beijing.to_utc(datetime(2026, 3, 3, 2))
    rows = owner.store().observations(["in"], ["no2"], start=start, end=start + HOUR)
    return int(rows["quality"].item())


def test_the_queue_shows_what_is_in_reach_and_says_how_much(
    flagged: World, analyst: Client
) -> None:
    page = analyst.get(QUEUE).content.decode()
    assert "wait for a decision (places: 1)" in page
    assert "晋源" in page
    assert "平城" not in page
    assert "beyond the plausible range" in page
    assert "等待" in analyst.get(f"/review/?{DAYS}").content.decode()


@pytest.mark.parametrize(
    ("query", "some"),
    [
        ("kind=air", True), ("kind=outlet", False), ("check=range", True), ("check=drift", False),
        ("stat=1h", True), ("stat=rtd", False), ("q=晋", True), ("q=nowhere", False),
        ("state=decided", False), ("state=all", True), ("order=gravest", True),
    ],
)  # fmt: skip
def test_filters(flagged: World, analyst: Client, query: str, some: bool) -> None:
    rows = analyst.get(f"{QUEUE}&{query}&format=json").json()["rows"]
    assert bool(rows) is some


@pytest.mark.parametrize(
    "query", ["from=2020-01-01&to=2026-01-01", "from=soon", "check=none", "state=x", "order=x"]
)
def test_filters_that_can_not_be_are_told(flagged: World, analyst: Client, query: str) -> None:
    assert analyst.get(f"/en/review/?{query}").status_code == 400


def test_the_queue_has_its_twins(flagged: World, analyst: Client) -> None:
    rows = analyst.get(f"{QUEUE}&check=range&format=json").json()["rows"]
    assert [(row["site"], row["item"], row["start"]) for row in rows] == [
        ("in", "no2", "2026-03-03 02:00:00")
    ]
    assert "range" in analyst.get(f"{QUEUE}&format=csv").content.decode("utf-8-sig")
    assert analyst.get(f"{QUEUE}&format=xlsx").content.startswith(b"PK")


def test_flags_close_together_are_one_stretch() -> None:
    at = datetime(2026, 3, 1)
    rows = [
        ("a", "x", at, at + HOUR, "spike"),
        ("a", "x", at + HOUR, at + 2 * HOUR, "range"),
        ("a", "x", at + 9 * HOUR, at + 10 * HOUR, "range"),
        ("b", "x", at, at + HOUR, "flat"),
        ("b", "x", at - HOUR, at + 2 * HOUR, "void"),
        ("b", "x", at, at + HOUR, "mark_fault"),
    ]
    flags = pl.DataFrame(
        [(n, *row[:2], "1h", *row[2:], "why") for n, row in enumerate(rows)],
        schema=["flag", "site", "item", "statistic", "start", "end", "check", "reason"],
        orient="row",
    )
    found = reviewqueue.stretches(flags).sort("site", "start")
    assert found["count"].to_list() == [2, 1, 1]
    assert sorted(found["checks"][0]) == ["range", "spike"]
    assert found["end"][0] == at + 2 * HOUR
    assert found["decided"].to_list() == [False, False, True]


def test_the_bench_shows_the_series_with_flags_and_what_is_beside(
    flagged: World, analyst: Client
) -> None:
    Site.objects.filter(pk="out").update(published=True, region=flagged.county)
    page = analyst.get(BENCH)
    body = page.content.decode()
    assert page.status_code == 200
    chart = page.context["chart"]
    assert chart["items"][0]["code"] == "no2"
    assert [one["code"] for one in chart["items"][1:]] != []
    assert [one["name"] for one in chart["items"][0]["near"]] == ["平城"]
    assert {one["item"] for one in chart["flags"]} >= {"no2"}
    assert "300" in body
    assert "beyond the plausible range" in body
    rows = analyst.get(f"{BENCH}&format=json").json()["rows"]
    assert [(row["value"], row["quality"]) for row in rows] == [(300.0, 2)]


def test_what_it_changes_is_told_and_nothing_is_done(flagged: World, analyst: Client) -> None:
    before = owner.store().last_commit
    page = analyst.post("/en/review/in/decide/", decision(step="look"))
    effect = page.context["form"]["effect"]
    assert (effect.values, effect.changed, effect.raised) == (1, 1, 1)
    assert effect.changes == [{"before": "annotated", "after": "void", "count": 1}]
    assert "Do it" in page.content.decode()
    assert owner.store().last_commit == before
    assert not ReviewSession.objects.exists()


def test_verdicts_that_would_be_touched_are_counted(judged: World, analyst: Client) -> None:
    span = {"start": "2026-03-02T05:00", "end": "2026-03-02T07:00"}
    page = analyst.post("/en/review/in/decide/", decision(step="look", **span))
    verdicts = page.context["form"]["effect"].verdicts
    assert {one["count"] for one in verdicts} >= {2, 1}
    assert "Standing verdicts" in page.content.decode()


def test_a_decision_is_recorded_and_taken_back(flagged: World, analyst: Client) -> None:
    assert quality() == Quality.ANNOTATED
    answer = analyst.post("/en/review/in/decide/", decision(), follow=True)
    assert answer.status_code == 200
    assert quality() == Quality.VOID
    edit = ReviewEdit.objects.get()
    assert (edit.actor, edit.kind, edit.reason) == ("analyst", "void", "analyser fault")
    page = answer.content.decode()
    assert "declared void" in page
    assert "analyst" in page
    assert analyst.get(f"{QUEUE}&check=range&format=json").json()["rows"] == []
    decided = analyst.get(f"{QUEUE}&check=range&state=decided&format=json").json()["rows"]
    assert len(decided) == 1
    undone = {"edit": edit.pk, "reason": "was right after all"}
    page = analyst.post("/en/review/in/undo/", undone, follow=True).content.decode()
    assert "undone by analyst" in page
    assert "was right after all" in page
    assert quality() == Quality.ANNOTATED
    rows = analyst.get("/en/review/in/?table=edits&format=json").json()["rows"]
    assert [(row["kind"], row["undone_by"]) for row in rows] == [("declared void", "analyst")]


def test_accepting_lifts_what_the_checks_raised(flagged: World, analyst: Client) -> None:
    page = analyst.post("/en/review/in/decide/", decision("accept", "look"))
    assert page.context["form"]["effect"].lifted
    analyst.post("/en/review/in/decide/", decision("accept"))
    assert quality() == Quality.PASS


def test_edits_of_one_sitting_are_one_session_until_it_is_closed(
    flagged: World, analyst: Client
) -> None:
    for kind in ("annotate", "void"):
        analyst.post("/en/review/in/decide/", decision(kind))
    session = ReviewSession.objects.get()
    assert session.edits.count() == 2
    closed = {"session": session.pk}
    other = client_of(flagged, "admin")
    page = other.post("/en/review/in/close/", closed, follow=True).content.decode()
    assert "is closed" in page
    session.refresh_from_db()
    assert (session.opened_by, session.closed_by) == ("analyst", "admin")
    edit = session.edits.all()[0]
    refused = analyst.post("/en/review/in/undo/", {"edit": edit.pk, "reason": "x"})
    assert refused.status_code == 400
    analyst.post("/en/review/in/decide/", decision("annotate"))
    assert ReviewSession.objects.count() == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": " "}, {"items": []}, {"kind": "delete"}, {"start": ""},
        {"end": "2026-03-03T01:00"}, {"end": "soon"}, {"kind": "restore"}, {"stat": "nothing"},
    ],
)  # fmt: skip
def test_a_decision_that_can_not_be_is_told_and_kept_in_the_form(
    flagged: World, analyst: Client, wrong: dict[str, Any]
) -> None:
    before = owner.store().last_commit
    answer = analyst.post("/en/review/in/decide/", decision(**wrong))
    assert answer.status_code == 400
    assert owner.store().last_commit == before
    assert quality() == Quality.ANNOTATED


@pytest.mark.parametrize("role", ["county", "firm"])
def test_others_may_look_and_not_decide(flagged: World, role: str) -> None:
    client = client_of(flagged, role)
    assert client.get(QUEUE).status_code == 200
    page = client.get(BENCH).content.decode()
    assert 'id="decide-form"' not in page
    assert "deciding is for analysts" in page
    for what in ("decide", "undo", "close"):
        assert client.post(f"/en/review/in/{what}/", decision()).status_code == 403
    assert not ReviewEdit.objects.exists()


def test_nobody_reaches_beyond_the_own_place(
    flagged: World, analyst: Client, visitor: Client
) -> None:
    assert analyst.get("/en/review/out/?item=no2").status_code == 403
    assert analyst.post("/en/review/out/decide/", decision()).status_code == 403
    assert visitor.get(QUEUE).status_code == 302
    assert visitor.get(BENCH).status_code == 302
    assert analyst.get("/en/review/nowhere/").status_code == 404


def test_an_edit_of_another_place_is_not_undone(flagged: World, analyst: Client) -> None:
    analyst.post("/en/review/in/decide/", decision())
    made(flagged, "30")
    edit = ReviewEdit.objects.get()
    wrong = analyst.post(f"/en/review/{STACK}/undo/", {"edit": edit.pk, "reason": "x"})
    assert wrong.status_code == 404
    edit.refresh_from_db()
    assert edit.undone_commit is None


def test_one_value_tells_its_past_and_where_it_is_written(
    flagged: World, analyst: Client, tmp_path: Path
) -> None:
    load(tidy(tmp_path / "again.csv", [("in", "2026-03-03 03:00", 12, 60, "0.8", 90, 80, 40)]))
    at = beijing.to_utc(datetime(2026, 3, 3, 2)).isoformat()
    page = analyst.get(f"/en/review/in/value/?item=no2&stat=1h&at={at}").content.decode()
    assert "NO₂ 60 µg/m³" in page
    assert "300" in page
    assert "beyond the plausible range" in page
    assert "/evidence/aqi-hourly-site-" in page
    none = analyst.get("/en/review/in/value/?item=no2&stat=1h&at=2020-01-01T00:00:00")
    assert none.status_code == 404
    assert analyst.get("/en/review/in/value/?item=no2&stat=1h&at=x").status_code == 400


def test_an_outlet_is_reviewed_with_all_its_forms(flagged: World, analyst: Client) -> None:
    plant = made(flagged, "30.5", "31")
    start = beijing.to_beijing(plant.newest)
    span: dict[str, Any] = {
        "item": "a21026", "stat": "1h", "items": ["a21026"],
        "start": f"{start:%Y-%m-%dT%H:%M}", "end": f"{start + HOUR:%Y-%m-%dT%H:%M}",
    }  # fmt: skip
    page = analyst.get(f"/en/review/{STACK}/?item=a21026&stat=1h").content.decode()
    assert "simulated" in page
    assert "31" in page
    analyst.post(f"/en/review/{STACK}/decide/", decision(**span))
    edit = ReviewEdit.objects.get()
    assert "1h" in edit.statistics
    rows = owner.store().observations([STACK], ["a21026"], start=plant.newest)
    assert rows["quality"].to_list() == [Quality.VOID]
    at = plant.newest.isoformat()
    value = analyst.get(f"/en/review/{STACK}/value/?item=a21026&stat=1h&at={at}")
    assert f"/outlets/{STACK}/frames/" in value.content.decode()


def test_reasons_show_as_text(flagged: World, analyst: Client) -> None:
    analyst.post("/en/review/in/decide/", decision("annotate", reason=MARKUP))
    for address in (BENCH, QUEUE):
        page = analyst.get(address).content.decode()
        assert MARKUP not in page
    assert "&lt;b&gt;MN&lt;/b&gt;" in analyst.get(BENCH).content.decode()


def test_the_number_of_queries_does_not_grow(flagged: World, analyst: Client) -> None:
    counts = []
    for count in (1, 6):
        for n in range(count):
            analyst.post("/en/review/in/decide/", decision("annotate", reason=f"{n}"))
        for address in (QUEUE, BENCH):
            with CaptureQueriesContext(
                connection,
            ) as asked:
                analyst.get(address)
            counts.append(len(asked))
    assert counts[:2] == counts[2:]
    assert max(counts) <= 30
