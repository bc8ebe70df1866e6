"""Evidence: from a cell back to the row of the file, and the computation run again."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fenhe.base.errors import BadInput
from fenhe.platform.monitoring.acts import Span, VoidSpan
from fenhe.platform.verdicts import engine, queries, standing
from fenhe.platform.verdicts.evidence import evidence
from fenhe.platform.workflow.acts import local_actor
from fenhe.store import Store
from tests.platform.conftest import World, hours, load, tidy

HOUR = timedelta(hours=1)
START = datetime(2026, 3, 1, 16)
SITE = standing.key_of("site", "HJ633-2026")
CITY = standing.key_of("city", "HJ633-2026")


@pytest.fixture
def judged(store: Store, tmp_path: Path) -> Store:
    first = ("in", "2026-03-02 01:00", 12, 40, "0.8", 90, 100, 70)
    load(tidy(tmp_path / "a.csv", [first, *hours("in")[1:], *hours("out")]))
    engine.catch_up(store)
    return store


def test_every_step_down_to_the_row_of_the_file(judged: Store) -> None:
    told = evidence(SITE, "in", START)
    assert told["reproduced"]
    assert told["label"] == "2026-03-02 01:00"
    assert told["verdict"]["primary"] == ["pm25"]
    assert told["in_force"]
    pm25 = next(item for item in told["items"] if item["item"] == "pm25")
    # by hand: (150 - 100) / (115 - 60) × (70 - 60) + 100 = 109.0909…, up to 110
    assert pm25["trace"]["formula"] == "(150 - 100) / (115 - 60) × (70 - 60) + 100"
    assert pm25["trace"]["quotient"] == "109.090909"
    assert (pm25["text"], pm25["iaqi"], pm25["is_primary"]) == ("70", 110, True)
    source = next(row for row in told["inputs"] if row["item"] == "pm25")
    assert source["raw_name"] == "a.csv"
    assert source["raw_row"] == 2
    assert source["raw_column"] == "pm25"
    assert source["raw_text"] == "70"
    assert source["raw_cells"] == ["in", "2026-03-02 01:00", "12", "40", "0.8", "90", "100", "70"]
    assert judged.raw.verify(source["raw_sha256"]).is_file()
    clause = {row["id"]: row for row in told["clauses"]}
    assert clause["HJ633-2026/index_rounding"]["clause"] == "4.2.6"
    assert clause["HJ633-2026/zero_index"]["mark"] == "C"


def test_former_versions_and_as_of(judged: Store, world: World, tmp_path: Path) -> None:
    before = judged.last_commit
    first = ("in", "2026-03-02 01:00", 12, 40, "0.8", 90, 100, 80)
    load(tidy(tmp_path / "b.csv", [first]))
    engine.catch_up(judged)
    now, then = evidence(SITE, "in", START), evidence(SITE, "in", START, as_of=before)
    assert (then["verdict"]["aqi"], now["verdict"]["aqi"]) == (110, 119)
    assert then["reproduced"]
    assert now["reproduced"]
    assert then["inputs"][-2]["raw_name"] == "a.csv"
    assert [version["aqi"] for version in now["versions"]] == [110, 119]
    assert now["versions"][0]["superseded_commit"] == now["commit"]
    with pytest.raises(BadInput, match="as of commit 1"):
        evidence(SITE, "in", START, as_of=1)


def test_void_inputs_are_shown_and_do_not_count(judged: Store, world: World) -> None:
    VoidSpan(Span(world.inside, "pm25", START, START + HOUR), "power cut").run(local_actor())
    engine.catch_up(judged)
    told = evidence(SITE, "in", START)
    source = next(row for row in told["inputs"] if row["item"] == "pm25")
    assert source["void"]
    assert source["flags"][0]["reason"] == "power cut"
    pm25 = next(item for item in told["items"] if item["item"] == "pm25")
    assert (pm25["value"], pm25["iaqi"], pm25["trace"]) == (None, None, None)
    assert told["verdict"]["reason"] == ["missing:pm25"]
    assert told["reproduced"]


def test_a_city_shows_its_mean_and_the_edition_that_rules_it(judged: Store) -> None:
    told = evidence(CITY, "140100", START)
    assert told["reproduced"]
    pm25 = next(item for item in told["items"] if item["item"] == "pm25")
    assert (pm25["mean"], pm25["n_valid"], pm25["n_due"]) == (70.0, 1, 1)
    assert told["area_edition"]["id"] == "HJ663-2026"
    assert {row["site"] for row in told["inputs"]} == {"in"}


def test_a_file_that_went_missing_is_said_not_guessed(judged: Store) -> None:
    row = judged.observations(["in"], ["pm25"]).row(0, named=True)
    path = judged.raw.path(row["raw_sha256"])
    path.unlink()
    told = evidence(SITE, "in", START)
    assert {source["raw_cells"] for source in told["inputs"]} == {None}
    assert told["reproduced"]  # the values stand in the store


def test_there_is_no_evidence_of_what_was_never_judged(judged: Store) -> None:
    with pytest.raises(BadInput, match="no assessment"):
        evidence("nothing", "in", START)
    with pytest.raises(BadInput, match="has no cell of in at 2026-02-01"):
        evidence(SITE, "in", datetime(2026, 2, 1))


def test_the_map_shows_what_the_person_may_see(judged: Store, world: World) -> None:
    shown = queries.map_state(START, "pm25", "HJ633-2026", world.people["county"])
    (station,) = shown["stations"]
    assert (station["site"], station["value"], station["iaqi"], station["aqi"]) == (
        "in",
        70.0,
        110,
        110,
    )
    assert [(city["city"], city["aqi"]) for city in shown["cities"]] == [("140100", 110)]
    nobody = queries.map_state(START, "aqi", "HJ633-2026", world.people["public"])
    assert (nobody["stations"], nobody["cities"]) == ([], [])


def test_a_void_value_is_not_shown_as_a_number(judged: Store, world: World) -> None:
    VoidSpan(Span(world.inside, "pm25", START, START + HOUR), "power cut").run(local_actor())
    engine.catch_up(judged)
    shown = queries.map_state(START, "pm25", "HJ633-2026", world.people["county"])
    assert shown["stations"][0]["value"] is None
    assert shown["stations"][0]["quality"] == 3


def test_the_map_asks_few_questions_of_the_records(
    judged: Store, world: World, django_assert_max_num_queries: object
) -> None:
    for most in (16, 5):  # the first time, and from then on
        with django_assert_max_num_queries(most):  # type: ignore[operator]
            queries.map_state(START, "pm25", "HJ633-2026", world.people["county"])


def test_the_newest_and_an_older_hour_give_the_values_of_that_hour(judged: Store) -> None:
    from fenhe.platform.monitoring.queries import hour_values, hours_available

    span = hours_available()
    assert span is not None
    assert (span["first"], span["last"]) == (START, START + HOUR * 23)
    for start in (span["first"], START + HOUR * 9, span["last"]):
        stored = judged.observations(start=start, end=start + HOUR)
        found = hour_values(start).sort("site", "item")
        assert found.rows() == stored.select(found.columns).sort("site", "item").rows()
    assert hour_values(span["last"] + HOUR).is_empty()


def test_a_station_with_everything_of_a_day(judged: Store, world: World) -> None:
    told = queries.station(world.inside, START, START + HOUR * 24)
    assert told["values"].height == 144
    assert [v["edition"] for v in told["verdicts"]] == ["HJ633-2012", "HJ633-2026"]
    assert all(v["cells"].height == 24 for v in told["verdicts"])
    assert told["facts"]["names"][0]["name_zh"] == "晋源"
