"""The station page: both editions side by side, review as acts, undone by clearing."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from fenhe.platform.monitoring.models import Note
from fenhe.platform.workflow.models import AuditLog
from tests.platform.conftest import World

PAGE = "/en/stations/in/?from=2026-03-02&to=2026-03-02"
HOUR = "2026-03-02T12:00"


def chart_of(page: str) -> dict[str, Any]:
    found = re.search(r'id="station-data">(.*?)</script>', page, re.S)
    assert found is not None
    return dict(json.loads(found[1]))


def review(client: Client, **form: str) -> Any:
    given = {"act": "void", "start": HOUR, "end": HOUR, "item": "pm10", "reason": "calibration"}
    return client.post("/en/stations/in/review/", {**given, **form}, follow=True)


def cell(page: str, label: str) -> str:
    """Return the table row of one hour as text."""
    row = re.search(rf'id="h\d+">\s*<th[^>]*>{label}.*?</tr>', page, re.S)
    assert row is not None
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row[0]))


def test_answer_chart_and_table_say_the_same(judged: World, visitor: Client) -> None:
    page = visitor.get(PAGE).content.decode()
    assert "晋源, 2026-03-02 24:00: AQI 104, light pollution, primary pollutant PM2.5" in page
    chart = chart_of(page)
    assert len(chart["hours"]) == 24
    assert chart["hours"][-1] == "2026-03-02T24:00"
    old, new = chart["editions"]
    assert (old["label"], new["label"]) == ("HJ 633-2012", "HJ 633-2026")
    assert new["values"][-1] == 104  # 100 + 4 x 50 / 55, rounded up
    assert old["values"][-1] == 87  # 50 + 29 x 50 / 40, rounded up
    assert chart["differs"] == [[0, 23]]
    assert "104" in cell(page, "2026-03-02 24:00")


def test_gap_is_null_and_never_zero(judged: World, analyst: Client) -> None:
    judged.outside.published = True
    judged.outside.save()
    page = analyst.get("/en/stations/out/?from=2026-03-02&to=2026-03-02").content.decode()
    values = {i["code"]: i["values"] for i in chart_of(page)["items"]}
    assert values["pm25"][20:] == [None] * 4
    assert "— — — — — —" in cell(page, "2026-03-02 24:00")


def test_limits_carry_their_edition_and_pm_has_none(judged: World, visitor: Client) -> None:
    limits = {i["code"]: i["limits"] for i in chart_of(visitor.get(PAGE).content.decode())["items"]}
    assert limits["so2"] == [{"value": 500.0, "text": "GB 3095-2026 grade II, 1 h: 500"}]
    assert limits["pm25"] == []


def test_void_changes_the_verdict_and_clearing_brings_it_back(
    judged: World, analyst: Client
) -> None:
    before = cell(analyst.get(PAGE).content.decode(), "2026-03-02 12:00")
    page = review(analyst, item="").content.decode()
    assert "The hours are void." in page
    assert "no data" in cell(page, "2026-03-02 12:00")
    assert "all six" in page
    numbers = re.search(r'name="flags" value="([\d,]+)"', page)
    assert numbers is not None
    assert len(numbers[1].split(",")) == 6
    form = {"flags": numbers[1], "reason": "wrong day", "next": PAGE}
    page = analyst.post("/en/stations/in/clear/", form, follow=True).content.decode()
    assert "6 flags are cleared." in page
    assert cell(page, "2026-03-02 12:00") == before
    assert "cleared by analyst: wrong day" in page


def test_acts_are_in_the_audit_log_with_their_reason(judged: World, analyst: Client) -> None:
    review(analyst)
    entry = AuditLog.objects.get(event="monitoring.void")
    assert (entry.actor, entry.reason, entry.target) == ("analyst", "calibration", "in")


def test_note_is_kept_and_shown(judged: World, analyst: Client) -> None:
    page = review(analyst, act="annotate", reason="<b>dust</b> from the road").content.decode()
    assert Note.objects.get().text == "<b>dust</b> from the road"
    assert "&lt;b&gt;dust&lt;/b&gt; from the road" in page


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"reason": " "}, "say why"),
        ({"start": ""}, "choose the first and the last hour"),
        ({"start": "2026-03-02T13:00"}, "must end after it starts"),
        ({"start": "soon"}, "is not a time"),
        ({"item": "gold"}, "is not an item"),
    ],
)
def test_refused_review_brings_the_form_back(
    judged: World, analyst: Client, form: dict[str, str], why: str
) -> None:
    reply = review(analyst, **form)
    page = reply.content.decode()
    assert reply.status_code == 400
    assert why in page
    assert form.get("reason", "calibration").strip() in page
    assert not AuditLog.objects.filter(event="monitoring.void").exists()


def test_visitor_may_look_but_not_review(judged: World, visitor: Client) -> None:
    page = visitor.get(PAGE).content.decode()
    assert "span-form" not in page
    reply = visitor.post("/en/stations/in/review/", {"act": "void"})
    assert reply.status_code == 302
    assert "/en/login/" in reply["Location"]


def test_county_officer_may_note_but_not_void(judged: World) -> None:
    client = Client(HTTP_HOST="localhost")
    client.force_login(judged.people["county"])
    page = client.get(PAGE).content.decode()
    assert 'value="annotate"' in page
    assert 'value="void"' not in page
    assert review(client).status_code == 403
    assert review(client, act="annotate").status_code == 200


def test_clearing_leads_back_only_within_the_site(judged: World, analyst: Client) -> None:
    page = review(analyst).content.decode()
    numbers = re.search(r'name="flags" value="([\d,]+)"', page)
    assert numbers is not None
    form = {"flags": numbers[1], "reason": "x", "next": "https://elsewhere.example/"}
    reply = analyst.post("/en/stations/in/clear/", form)
    assert reply["Location"] == "/en/stations/in/"


@pytest.mark.parametrize(
    "query", ["from=2026-03-05&to=2026-03-02", "from=2025-01-01&to=2026-03-02", "from=spring"]
)
def test_span_that_can_not_be_is_refused(judged: World, visitor: Client, query: str) -> None:
    assert visitor.get(f"/en/stations/in/?{query}").status_code == 400


def test_station_not_shown_leads_to_the_login_and_unknown_is_404(
    judged: World, visitor: Client
) -> None:
    assert visitor.get("/en/stations/out/").status_code == 302
    reply = visitor.get("/en/stations/nowhere/")
    assert reply.status_code == 404
    assert "There is no such page" in reply.content.decode()


def test_twin_holds_both_editions(judged: World, visitor: Client) -> None:
    rows = json.loads(visitor.get(f"{PAGE}&format=json").content)["rows"]
    assert len(rows) == 24
    assert rows[-1]["time"] == "2026-03-02 24:00"
    assert rows[-1]["pm25"] == 64.0
    assert rows[-1]["aqi HJ633-2026"] == 104
    assert rows[-1]["aqi HJ633-2012"] == 87


def test_list_finds_by_name_and_code(judged: World, visitor: Client) -> None:
    assert "晋源" in visitor.get("/en/stations/?q=晋").content.decode()
    assert "晋源" in visitor.get("/en/stations/?q=小店").content.decode()
    assert "No station fits" in visitor.get("/en/stations/?q=平城").content.decode()


def test_queries_of_a_station_page_are_bounded(
    judged: World, visitor: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(24):
        assert visitor.get(PAGE).status_code == 200
