"""From a year down to the bytes: every cell names what it rests on, and is computed again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from fenhe.base import beijing
from fenhe.platform.monitoring.acts import Span, VoidSpan
from fenhe.platform.verdicts import engine, evidence, span_evidence, standing
from fenhe.platform.workflow.acts import local_actor
from fenhe.store import Store
from tests.platform.conftest import World, hours, load, tidy
from tests.platform.verdicts.test_frozen import published

LIMITS = "GB3095-2026:transitional"
DAY = datetime(2026, 3, 1, 16)
YEAR = datetime(2025, 12, 31, 16)


@pytest.fixture
def judged(store: Store, world: World, tmp_path: Path) -> Store:
    load(tidy(tmp_path / "a.csv", hours("in") + hours("in", "2026-03-03")))
    engine.catch_up(store)
    return store


def test_a_year_opens_down_to_the_row_of_a_file(judged: Store) -> None:
    year = evidence.evidence(standing.air_key("year", "city", LIMITS), "140100", YEAR)
    assert (year["label"], year["reproduced"], len(year["lower"])) == ("2026", True, 2)
    day = year["lower"][0]
    assert (day["assessment"], day["label"]) == (
        standing.air_key("day", "city", LIMITS),
        "2026-03-02",
    )
    city = evidence.evidence(day["assessment"], day["target"], day["start"])
    assert (city["reproduced"], [one["target"] for one in city["lower"]]) == (True, ["in"])
    lower = city["lower"][0]
    site = evidence.evidence(lower["assessment"], lower["target"], lower["start"])
    assert site["reproduced"]
    assert len(site["inputs"]) == 24 * 6
    first = next(row for row in site["inputs"] if row["item"] == "pm25")
    assert (first["raw_name"], first["raw_row"], first["raw_text"]) == ("a.csv", 2, "41")
    # 41 … 64 have the mean 52.5: what the day keeps is exact
    assert lower["values"]["pm25"] == {"exact": "52.5", "ok": True, "n": 24, "due": 24}


def test_the_daily_index_rests_on_the_day(judged: Store) -> None:
    found = evidence.evidence(standing.daily_key("site", "HJ633-2026"), "in", DAY)
    assert found["reproduced"]
    assert found["verdict"]["aqi"] is not None
    assert [one["assessment"] for one in found["lower"]] == [
        standing.air_key("day", "site", LIMITS)
    ]
    assert found["edition"]["id"] == "HJ633-2026"


def test_evidence_as_of_a_commit_gives_the_former_verdict(judged: Store, world: World) -> None:
    key, commit = standing.air_key("day", "site", LIMITS), judged.last_commit
    span = Span(world.inside, "pm25", DAY, DAY + beijing.HOUR * 10)
    VoidSpan(span, "calibration").run(local_actor())
    engine.catch_up(judged)
    now = evidence.evidence(key, "in", DAY)
    then = evidence.evidence(key, "in", DAY, as_of=commit)
    counts = [
        next(row["n_valid"] for row in found["statistics"] if row["item"] == "pm25")
        for found in (then, now)
    ]
    assert counts == [24, 14]
    assert then["reproduced"]
    assert now["reproduced"]
    assert [row["superseded_commit"] is None for row in now["versions"]] == [False, True]


def test_published_days_open_down_to_their_file(store: Store, world: World, tmp_path: Path) -> None:
    published(world, tmp_path, "cities.csv", 60)
    engine.catch_up(store)
    key = standing.air_key("month", "published", "GB3095-2012")
    month = evidence.evidence(key, "city:140100", datetime(2016, 10, 31, 16))
    assert (month["label"], month["reproduced"], len(month["lower"])) == ("2016-11", True, 30)
    lower = month["lower"][0]
    day = evidence.evidence(lower["assessment"], lower["target"], lower["start"])
    assert day["reproduced"]
    assert sorted(row["item"] for row in day["inputs"]) == [
        "co",
        "no2",
        "o3",
        "pm10",
        "pm25",
        "so2",
    ]
    assert {row["raw_name"] for row in day["inputs"]} == {"cities.csv"}


@pytest.mark.parametrize(
    ("label", "grain", "start"),
    [
        ("2016-11-03", "day", datetime(2016, 11, 2, 16)),
        ("2016-11", "month", datetime(2016, 10, 31, 16)),
        ("2016-Q4", "quarter", datetime(2016, 9, 30, 16)),
        ("2016", "year", datetime(2015, 12, 31, 16)),
        ("2016-13", "month", None),
        ("2016-Q5", "quarter", None),
        ("16", "year", None),
        ("0001", "year", None),
        ("9999-12-31", "day", None),
        ("2016-11", "day", None),
    ],
)
def test_a_label_names_one_period(label: str, grain: str, start: datetime | None) -> None:
    assert span_evidence.start_of(label, grain) == start
    if start is not None:
        assert span_evidence.label_of(start, grain) == label
