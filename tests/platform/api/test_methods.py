"""Judging a small table gives what the command line and the Python interface give."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from fenhe import air
from fenhe.methods import registry
from fenhe.platform.api import judging
from tests.platform.api.conftest import Caller

HOUR = {
    "station": "A", "time": "2026-03-02 07:00", "so2": 12, "no2": 40, "co": 1.15, "o3": 90,
    "pm10": 80, "pm25": "60.5",
}  # fmt: skip


def judged(who: Caller, method: str, status: int = 200, **asked: Any) -> Any:
    reply = who.post(f"/methods/{method}", asked)
    assert reply.status_code == status, reply.content.decode()
    return reply.json()


def test_an_hour_is_judged_by_the_edition_of_its_day(visitor: Caller) -> None:
    before = {**HOUR, "time": "2026-02-28 24:00"}
    told = judged(visitor, "air.aqi_hourly", rows=[HOUR, before])
    assert [row["edition"] for row in told["data"]] == ["HJ633-2026", "HJ633-2012"]
    frame = pl.DataFrame([{**HOUR, "pm25": 60.5}])
    expected = air.aqi_hourly(frame, edition="HJ633-2026")
    assert told["data"][0]["aqi"] == expected["aqi"][0]
    units = {column["name"]: column["kind"] for column in told["columns"]}
    assert units["aqi"] == "integer"


def test_numbers_are_read_as_written(visitor: Caller) -> None:
    rows = [{"item": "CO_24h", "conc": text} for text in ("1.05", "1.15", "1.25", 1.35)]
    told = judged(visitor, "air.iaqi", rows=rows, edition="HJ633-2012", trace=True)
    assert [row["rounded"] for row in told["data"]] == ["1.0", "1.2", "1.2", "1.4"]


def test_every_method_answers_its_contract_and_rows(visitor: Caller) -> None:
    known = visitor.pages("/methods", 3)
    assert [row["method"] for row in known] == sorted(m.id for m in registry.methods())
    samples = {"number": "40", "date": "2026-03-02", "time": "2026-03-02 07:00", "integer": "1",
               "hour": "490000", "start": "2026-03-02 07:00", "text": "a"}  # fmt: skip
    for row in known:
        contract = visitor.json(f"/methods/{row['method']}")["data"]
        assert contract["rounding"]
        cells = {
            c["name"]: "pm25" if c["kind"] == "code" else samples[c["kind"]]
            for c in contract["inputs"]
        }
        asked = {"rows": [cells]} | ({} if row["day"] else {"edition": row["editions"][-1]})
        reply = visitor.post(f"/methods/{row['method']}", asked)
        assert reply.status_code in (200, 422), (row["method"], reply.content.decode())


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"rows": []}, "rows"),
        ({"rows": [1]}, "rows[0]"),
        ({"rows": [{**HOUR, "co": [1]}]}, "rows[0].co"),
        ({"rows": [{**HOUR, "co": "x"}]}, "rows[0].co"),
        ({"rows": [{"station": "A"}]}, "rows"),
        ({"rows": [HOUR], "edition": "none"}, None),
        ({"rows": [HOUR], "edition": 5}, "edition"),
        ({"rows": [HOUR], "on": "soon"}, "on"),
        ({"rows": [HOUR], "params": {"a": 1}}, "params"),
        ({"rows": [HOUR], "params": {"a": "1"}}, None),
        ({"rows": [HOUR], "trace": "yes"}, "trace"),
        ({"rows": [HOUR], "colour": 1}, "colour"),
        ({"rows": [{**HOUR, "aqi": 1}]}, None),
        ({"rows": [{**HOUR, "_fenhe_day": 1}]}, "rows"),
        ({"rows": [{**HOUR, "time": "soon"}]}, None),
        ({"rows": [HOUR] * (judging.ROWS + 1)}, "rows"),
    ],
)
def test_what_can_not_be_judged(visitor: Caller, asked: Any, where: str | None) -> None:
    error = judged(visitor, "air.aqi_hourly", 422, **asked)["error"]
    assert error.get("where") == where


def test_a_body_of_another_kind(visitor: Caller) -> None:
    assert visitor.post("/methods/air.iaqi", "{}", "text/plain").status_code == 415
    assert visitor.post("/methods/air.iaqi", "{").status_code == 400
    assert visitor.post("/methods/air.iaqi", b"\xff").status_code == 400
    half = b'{"rows": [{"item": "\\ud800"}]}'
    assert visitor.post("/methods/air.iaqi", half).status_code == 400
    assert visitor.post("/methods/none", {"rows": []}).status_code == 404
