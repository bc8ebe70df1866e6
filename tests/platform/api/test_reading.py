"""What may be read, by whom, in which shape."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from fenhe.platform import owner
from fenhe.platform.api import walk
from fenhe.platform.verdicts.models import Assessment
from tests.platform.api.conftest import Caller, Holder

HOURLY = "aqi-hourly-site-HJ633-2026"
DAY = "start=2026-03-02&end=2026-03-02"


def test_visitors_see_what_is_published_and_others_their_own(
    visitor: Caller, holder: Holder
) -> None:
    def seen(who: Caller) -> set[str]:
        sites = {row["site"] for row in who.json("/sites")["data"]}
        latest = {row["site"] for row in who.json("/latest")["data"]}
        values = {row["site"] for row in who.json(f"/observations?{DAY}")["data"]}
        cells = who.json(f"/cells?assessment={HOURLY}&{DAY}")["data"]
        assert sites == latest == values == {row["object"] for row in cells}
        return sites

    assert seen(visitor) == {"in"}
    assert seen(holder("firm")) == {"in"}
    assert seen(holder("county")) == {"in"}
    assert seen(holder("analyst")) == {"in"}


def test_what_is_not_shown_looks_like_what_is_not_there(visitor: Caller) -> None:
    for path in ("/sites/out", "/sites/nowhere", f"/observations?site=out&{DAY}"):
        assert visitor.json(path, 404)["error"]["code"] == "not_found"
    asked = f"/evidence?assessment={HOURLY}&object=out&start=2026-03-02T00:00:00"
    assert visitor.json(asked, 404)["error"]["code"] == "not_found"


def test_a_value_says_what_it_is(visitor: Caller) -> None:
    row = visitor.json(f"/observations?item=co&{DAY}&limit=1")["data"][0]
    assert row["start_utc"] == "2026-03-01T16:00:00"
    assert row["end_utc"] == "2026-03-01T17:00:00"
    assert row["time"] == "2026-03-02 01:00"
    assert (row["value"], row["decimals"], row["unit"]) == (0.8, 1, "mg/m³")
    assert len(row["raw_sha256"]) == 64


def test_void_values_are_told_apart(visitor: Caller, judged: Any) -> None:
    from datetime import date

    from fenhe.base import beijing
    from fenhe.platform.monitoring.acts import Span, VoidSpan
    from fenhe.platform.workflow.acts import local_actor

    start, end = beijing.days(date(2026, 3, 2), date(2026, 3, 2))
    VoidSpan(Span(judged.inside, "co", start, end), reason="calibration").run(local_actor())
    row = visitor.json(f"/observations?item=co&{DAY}&limit=1")["data"][0]
    assert (row["value"], row["voided"], row["quality"]) == (None, 0.8, "void")
    former = visitor.json(f"/observations?item=co&{DAY}&limit=1&as_of=3")["data"][0]
    assert former["value"] == 0.8


@pytest.mark.parametrize("limit", [1, 5, 7, 144, 5000])
def test_paging_gives_each_row_once(visitor: Caller, limit: int) -> None:
    path = f"/observations?{DAY}"
    rows = visitor.pages(path, limit)
    keys = [(row["site"], row["item"], row["start_utc"]) for row in rows]
    assert keys == sorted(set(keys))
    assert len(keys) == 144


def test_pages_are_of_one_commit(visitor: Caller, pusher: Caller) -> None:
    path = f"/observations?site=in&item=pm25&{DAY}&limit=10"
    first = visitor.json(path)
    push = {"station": "C1", "item": "pm25", "time": "2026-03-02 20:00", "value": 199}
    told = pusher.post(
        "/observations", {"feed": "push-hourly", "observations": [push]}, Idempotency_Key="a"
    )
    assert told.status_code == 201
    second = visitor.json(f"{path}&cursor={first['next']}")
    assert second["as_of"] == first["as_of"]
    assert [row["value"] for row in second["data"] if row["time"] == "2026-03-02 20:00"] == [60]
    now = visitor.pages(f"/observations?site=in&item=pm25&{DAY}", 100)
    assert [row["value"] for row in now if row["time"] == "2026-03-02 20:00"] == [199]


def test_a_cursor_belongs_to_its_question(visitor: Caller) -> None:
    cursor = visitor.json(f"/observations?{DAY}&limit=3")["next"]
    for path in (f"/observations?{DAY}&item=co", "/latest?x=1".replace("?x=1", "?item=co")):
        error = visitor.json(f"{path}&cursor={cursor}", 400)["error"]
        assert (error["code"], error["where"]) == ("bad_cursor", "cursor")
    assert visitor.json(f"/observations?{DAY}&cursor=abc", 400)["error"]["code"] == "bad_cursor"


def test_cells_of_every_assessment(visitor: Caller) -> None:
    read = 0
    for row in visitor.json("/assessments")["data"]:
        path = f"/cells?assessment={row['assessment']}&start=2026-01-01&end=2026-12-31"
        if row["grain"] == "year":
            path = f"/cells?assessment={row['assessment']}&start=2025-06-01&end=2026-12-31"
        page = visitor.json(path)
        assert (page["edition"], page["grain"]) == (row["edition"], row["grain"])
        for cell in page["data"]:
            assert cell["edition"] in (row["edition"], None)
            assert isinstance(cell["reason"], list)
        read += len(page["data"])
    assert read > 24


def test_columns_of_cells_carry_units(visitor: Caller) -> None:
    page = visitor.json(f"/cells?assessment=air-day-site-GB3095-2026:transitional&{DAY}")
    units = {column["name"]: column["unit"] for column in page["columns"]}
    assert units["pm25_mean"] == "µg/m³"
    assert page["data"][0]["time"] == "2026-03-02"


def test_evidence_opens_down_to_the_file(visitor: Caller) -> None:
    asked = f"/evidence?assessment={HOURLY}&object=in&start=2026-03-02T00:00:00Z"
    found = visitor.json(asked)["data"]
    assert found["reproduced"] is True
    assert found["edition"]["id"] == "HJ633-2026"
    assert {row["raw_text"] for row in found["inputs"] if row["item"] == "co"} == {"0.8"}
    assert visitor.json(f"{asked}&as_of=1", 404)["error"]["code"] == "not_found"


def test_a_day_rests_on_its_hours_or_stations(visitor: Caller, holder: Holder) -> None:
    city = "air-day-city-GB3095-2026:transitional"
    found = visitor.json(f"/evidence?assessment={city}&object=140100&start=2026-03-02")["data"]
    assert [row["target"] for row in found["lower"]] == ["in"]
    assert found["withheld"] == 0


def test_times_are_read_with_and_without_a_zone(visitor: Caller) -> None:
    def count(start: str, end: str) -> int:
        return len(visitor.json(f"/observations?item=co&start={start}&end={end}")["data"])

    assert count("2026-03-01T16:00:00", "2026-03-01T18:00:00") == 2
    assert count("2026-03-01T16:00:00Z", "2026-03-01T18:00:00Z") == 2
    assert count("2026-03-02T00:00:00%2B08:00", "2026-03-02T02:00:00+08:00") == 2
    assert count("2026-03-02", "2026-03-02") == 24


@pytest.mark.parametrize(
    ("path", "status", "code", "where"),
    [
        ("/observations?start=soon", 400, "bad_request", "start"),
        ("/observations?limit=0", 400, "bad_request", "query.limit"),
        ("/observations?items=co", 400, "bad_request", "items"),
        ("/observations?start=2026-03-02&end=2026-03-01T00:00:00Z", 422, "unusable", "end"),
        ("/observations?start=2020-01-01&end=2026-01-01", 422, "unusable", "start"),
        ("/observations?as_of=999999", 422, "unusable", "as_of"),
        ("/observations?format=xml", 400, "bad_request", "format"),
        ("/cells", 400, "bad_request", "query.assessment"),
        ("/cells?assessment=none", 404, "not_found", None),
        ("/standards/HJ1", 404, "not_found", None),
        ("/standards/limit?standard=GB3095&item=pm25&averaging=annual", 422, "unusable", "on"),
        (
            "/standards/limit?standard=GB3095&item=pm25&averaging=annual&on=1950-01-01",
            422, "no_edition", None,
        ),
        ("/methods/air.nothing", 404, "not_found", None),
        ("/feeds", 401, "unauthorized", None),
        ("/receipts", 401, "unauthorized", None),
        ("/nothing", 404, "not_found", None),
    ],
)  # fmt: skip
def test_errors_have_one_shape(
    visitor: Caller, path: str, status: int, code: str, where: str | None
) -> None:
    error = visitor.json(path, status)["error"]
    assert (error["code"], error.get("where")) == (code, where)
    assert error["message"]


def test_a_wrong_method_has_the_shape_too(visitor: Caller) -> None:
    reply = visitor.client.delete("/api/v1/sites")
    assert reply.status_code == 405
    assert reply.json()["error"]["code"] == "method_not_allowed"
    assert reply["Allow"] == "GET"


def test_an_unchanged_answer_is_not_sent_twice(visitor: Caller, pusher: Caller) -> None:
    reply = visitor.get("/latest")
    again = visitor.get("/latest", If_None_Match=reply["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    owner.store().add_flags(_flag(), "test")
    assert visitor.get("/latest", If_None_Match=reply["ETag"]).status_code == 200
    assert pusher.get("/latest", If_None_Match=reply["ETag"]).status_code == 200


def _flag() -> Any:
    from datetime import datetime

    import polars as pl

    return pl.DataFrame(
        {
            "site": ["in"], "item": ["co"], "statistic": ["1h"], "check": ["note"],
            "start": [datetime(2026, 3, 1, 16)], "end": [datetime(2026, 3, 1, 17)],
            "reason": ["x"],
        }
    )  # fmt: skip


def test_a_table_as_csv(visitor: Caller) -> None:
    reply = visitor.get(f"/observations?item=co&{DAY}&format=csv&limit=5")
    assert reply["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(reply.content.decode())))
    assert [row["value"] for row in rows] == ["0.8"] * 5
    link = reply["Link"].partition(">")[0].lstrip("<")
    more = visitor.client.get(link)
    assert more.status_code == 200
    assert b"2026-03-02 06:00" in more.content
    for path in ("/standards", "/standards/HJ633-2026/tables/breakpoints", "/methods", "/regions"):
        reply = visitor.get(f"{path}?format=csv")
        assert reply.status_code == 200
        assert reply.content.count(b"\n") > 2


def test_titles_follow_the_language_and_codes_do_not(visitor: Caller) -> None:
    zh = visitor.get("/assessments").json()["data"][0]
    en = visitor.get("/assessments", Accept_Language="en-GB,en;q=0.9,zh;q=0.5").json()["data"][0]
    assert zh["title"] == zh["title_zh"] == en["title_zh"]
    assert en["title"] == en["title_en"]
    assert zh["assessment"] == en["assessment"]


def test_standards_answer_with_mark_and_clause(visitor: Caller) -> None:
    asked = "/standards/limit?standard=GB3095&item=pm25&averaging=annual&grade=II"
    before = visitor.json(f"{asked}&on=2026-02-28")["data"][0]
    after = visitor.json(f"{asked}&on=2026-03-01")["data"][0]
    assert (before["edition"], before["value"]) == ("GB3095-2012", 35)
    assert after["edition"] == "GB3095-2026:transitional"
    assert {"unit", "mark", "clause", "source"} <= set(after)
    found = visitor.json("/standards/compare?first=GB3095-2012&second=GB3095-2026:final")
    assert any(row["what"] == "changed" for row in found["data"])
    assert visitor.json("/standards/GB3095-2012")["data"]["tables"]["limits"]["rows"]


def test_every_assessment_grain_is_known() -> None:
    from fenhe.platform.api.subjects.cells import HOURS

    assert set(HOURS) == set(Assessment.Grain.values)


LISTS = (
    "/regions", "/sites", "/series", f"/observations?{DAY}", "/latest", "/assessments",
    f"/cells?assessment={HOURLY}&{DAY}", "/standards", "/methods", "/feeds", "/receipts",
)  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [1, 3, 50])
def test_every_list_gives_each_row_once(pusher: Caller, path: str, limit: int) -> None:
    whole = pusher.pages(path, 5000)
    assert whole
    if len(whole) / limit > 100:
        limit = len(whole) // 40
    assert pusher.pages(path, limit) == whole
    assert len({json.dumps(row, sort_keys=True) for row in whole}) == len(whole)


@pytest.mark.parametrize("rows_read", [1, 100, 400])
@pytest.mark.parametrize("reads", [1, 2])
def test_short_pages_lose_nothing(
    pusher: Caller, monkeypatch: pytest.MonkeyPatch, rows_read: int, reads: int
) -> None:
    whole = pusher.pages(f"/observations?{DAY}", 5000)
    assert {row["site"] for row in whole} == {"in", "out"}
    monkeypatch.setattr(walk, "ROWS_READ", rows_read)
    monkeypatch.setattr(walk, "READS", reads)
    for limit in (10, 144, 200):
        assert pusher.pages(f"/observations?{DAY}", limit) == whole
    nothing = "/observations?start=2020-01-01&end=2020-02-01"
    assert pusher.pages(nothing, 5) == []
