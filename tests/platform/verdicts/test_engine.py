"""The engine: only what changed is computed anew, and the whole equals a full recomputation."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from fenhe.platform import owner
from fenhe.platform.monitoring.acts import ClearFlag, Span, VoidSpan
from fenhe.platform.registry.models import Region, Site, SiteName
from fenhe.platform.verdicts import daily, engine, judge, standing
from fenhe.platform.verdicts import hours as hours_
from fenhe.platform.verdicts.models import Assessment, DirtyDay
from fenhe.platform.workflow.acts import local_actor
from fenhe.store import Store
from tests.platform.conftest import World, hours, load, tidy

HOUR = timedelta(hours=1)
SITE_2012 = standing.key_of("site", "HJ633-2012")
SITE_2026 = standing.key_of("site", "HJ633-2026")
CITY_2026 = standing.key_of("city", "HJ633-2026")
DROPPED = ["commit", "assessment"]
Judged = Callable[[pl.DataFrame, judge.Question], pl.DataFrame]


def everything(store: Store, assessment: Assessment) -> pl.DataFrame:
    """Compute an assessment's cells from all values of the store, in one go."""
    question = hours_.question_of(assessment)
    if assessment.grain == "1h":
        return every_hour(store, assessment, question)
    if question.rests_on is None:
        values, judged = daily_values(store, assessment.subject)
        return judged(values, question) if values.height else pl.DataFrame()
    days = everything(store, Assessment.objects.get(key=question.rests_on))
    return rested(days, question) if days.height else days


def every_hour(store: Store, assessment: Assessment, question: judge.Question) -> pl.DataFrame:
    values = store.observations().select(judge.VALUES)
    if assessment.subject == Assessment.Subject.CITY:
        return judge.city_cells(values, hours_.city_members(), question)
    return judge.site_cells(values, question)


def rested(days: pl.DataFrame, question: judge.Question) -> pl.DataFrame:
    if "period" not in question.parameters:
        return daily.aqi_days(days, question)
    if question.parameters["period"] == "day":
        return daily.city_days(days, every_member(days), question)
    return daily.periods(days, question)


def daily_values(store: Store, subject: str) -> tuple[pl.DataFrame, Judged]:
    if subject == Assessment.Subject.SITE:
        return store.observations().select(judge.VALUES), daily.site_days
    parts = [store.observations(statistic=name).select(judge.VALUES) for name in ("24h", "mda8")]
    return pl.concat(parts), daily.published_days


def every_member(days: pl.DataFrame) -> pl.DataFrame:
    """Return area, site, day of every station that counted on any day with a cell."""
    day = (pl.col("start") + timedelta(hours=8)).dt.date()
    dates = days.select(day=day).unique()
    pairs = hours_.city_members().join(dates, how="cross")
    counted = pairs.filter(pl.col("day").is_between("since", "until"))
    return counted.select("area", "site", "day").unique()


def assert_cells_are_true(store: Store) -> None:
    for assessment in Assessment.objects.filter(active=True):
        stored = store.cells.read(assessment.key).drop(DROPPED, strict=False).sort("site", "start")
        full = everything(store, assessment)
        assert stored.height == full.height
        if assessment.subject != Assessment.Subject.PUBLISHED:
            assert full.height > 0, assessment.key
        full = full.sort("site", "start") if full.height else full
        for column in full.columns:
            assert stored[column].to_list() == full[column].to_list(), (assessment.key, column)


def test_both_editions_are_judged_side_by_side(store: Store, tmp_path: Path) -> None:
    row = ("in", "2026-03-02 01:00", 12, 40, "0.8", 90, 100, 70)
    load(tidy(tmp_path / "a.csv", [row, *hours("in")[1:]]))
    engine.catch_up(store)
    old = store.cells.read(SITE_2012).row(0, named=True)
    new = store.cells.read(SITE_2026).row(0, named=True)
    # PM2.5 70: (100-50)/(75-35)·(70-35)+50 = 93.75 → 94 under 2012, and
    # (150-100)/(115-60)·(70-60)+100 = 109.1 → 110 under 2026
    assert (old["aqi"], old["category"], old["primary"]) == (94, 2, "pm25")
    assert (new["aqi"], new["category"], new["primary"]) == (110, 3, "pm25")
    assert (old["in_force"], new["in_force"]) == (False, True)
    assert (new["n_valid"], new["n_due"]) == (6, 6)


def test_a_cell_says_whether_its_edition_was_in_force(store: Store, tmp_path: Path) -> None:
    rows = [r for day in ("2026-02-28", "2026-03-01") for r in hours("in", day)]
    load(tidy(tmp_path / "a.csv", rows))
    engine.catch_up(store)
    for key, told in ((SITE_2012, [True, False]), (SITE_2026, [False, True])):
        cells = store.cells.read(key).sort("start")
        # the label 24:00 of 28 February is the last hour judged by the former edition
        assert cells["in_force"].to_list() == [told[0]] * 24 + [told[1]] * 24


def test_void_values_count_as_missing(store: Store, world: World, tmp_path: Path) -> None:
    load(tidy(tmp_path / "a.csv", hours("in")))
    engine.catch_up(store)
    start = datetime(2026, 3, 1, 16)
    VoidSpan(Span(world.inside, "pm25", start, start + HOUR), "test").run(local_actor())
    engine.catch_up(store)
    cell = store.cells.read(SITE_2026, start=start, end=start + HOUR).row(0, named=True)
    assert (cell["iaqi_pm25"], cell["n_valid"], cell["reason"]) == (None, 5, "missing:pm25")
    VoidSpan(Span(world.inside, "", start, start + HOUR), "all").run(local_actor())
    engine.catch_up(store)
    cell = store.cells.read(SITE_2026, start=start, end=start + HOUR).row(0, named=True)
    assert (cell["aqi"], cell["status"], cell["reason"]) == (None, "not_judged", "no_data")


def test_one_corrected_hour_touches_one_cell_per_assessment(store: Store, tmp_path: Path) -> None:
    load(tidy(tmp_path / "a.csv", hours("in") + hours("out") + hours("in", "2026-03-03")))
    engine.catch_up(store)
    before = {a.key: store.cells.read(a.key) for a in Assessment.objects.all()}
    commit = store.last_commit
    rows = hours("in")
    rows[6] = (*rows[6][:7], 85)
    load(tidy(tmp_path / "b.csv", rows))
    done = engine.catch_up(store)
    assert (done.days, done.new) == (1, 0)
    first = {
        "1h": datetime(2026, 3, 1, 22),
        "day": datetime(2026, 3, 1, 16),
        "month": datetime(2026, 2, 28, 16),
        "quarter": datetime(2025, 12, 31, 16),
        "year": datetime(2025, 12, 31, 16),
    }
    for assessment in Assessment.objects.filter(active=True).exclude(subject="published"):
        key, cells = assessment.key, before[assessment.key]
        now = store.cells.read(key)
        changed = now.filter(pl.col("commit") != cells["commit"])
        expected = "140100" if assessment.subject == "city" else "in"
        start = first[assessment.grain]
        assert changed.select("site", "start").rows() == [(expected, start)], key
        versions = store.cells.versions(key, expected, start)
        assert versions.height == 2
        assert versions["superseded_commit"][0] == versions["commit"][1]
        assert store.cells.read(key, as_of=commit).equals(cells)


def test_nothing_new_computes_nothing(store: Store, tmp_path: Path) -> None:
    path = tidy(tmp_path / "a.csv", hours("in"))
    load(path)
    engine.catch_up(store)
    cells = store.cells.read(SITE_2026)
    load(path)
    assert engine.catch_up(store).days == 0
    assert store.cells.read(SITE_2026).equals(cells)


def test_what_was_committed_before_a_crash_is_found_again(store: Store, tmp_path: Path) -> None:
    load(tidy(tmp_path / "a.csv", hours("in")))  # as if the process died before its next step
    assert not DirtyDay.objects.exists()
    assert engine.step(store).days == 1
    assert store.cells.read(SITE_2026).height == 24


def test_a_silent_station_weighs_on_its_city_until_it_closes(
    store: Store, world: World, tmp_path: Path
) -> None:
    for number in range(3):
        site = Site.objects.create(key=f"s{number}", region=world.county)
        SiteName.objects.create(site=site, name_zh=f"站{number}", valid_from="2020-01-01")
    load(tidy(tmp_path / "a.csv", hours("in") + hours("s0")))
    engine.catch_up(store)
    # four stations due, two valid: 50 %, and 75 % are needed of four or more
    cell = store.cells.read(CITY_2026).row(0, named=True)
    assert (cell["site"], cell["aqi"], cell["status"]) == ("140100", None, "not_judged")
    SiteName.objects.filter(site__in=["s1", "s2"]).update(valid_to="2026-03-01")
    engine.catch_up(store)
    cell = store.cells.read(CITY_2026).row(0, named=True)
    assert cell["status"] == "judged"


def _random_rows(chance: random.Random, sites: list[str]) -> list[tuple[object, ...]]:
    rows = []
    for site in chance.sample(sites, chance.randint(1, len(sites))):
        day = f"2026-0{chance.choice([2, 3])}-{chance.randint(1, 28):02d}"
        rows += [
            (
                site,
                f"{day} {hour:02d}:00",
                chance.choice([3, 12, 160, None]),
                chance.randint(1, 300),
                f"{chance.uniform(0.1, 6):.1f}",
                chance.choice([None, chance.randint(1, 350)]),
                chance.randint(90, 500),
                chance.randint(5, 150),
            )
            for hour in range(1, 25)
            if chance.random() < 0.8
        ]
    return rows


@pytest.mark.parametrize("seed", range(3))
def test_random_corrections_and_voids_equal_a_full_recomputation(
    store: Store, world: World, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    for number in range(3):
        parent = chance.choice([world.county, world.other_county])
        site = Site.objects.create(key=f"s{number}", region=Region.objects.get(pk=parent.pk))
        SiteName.objects.create(site=site, name_zh=f"站{number}")
    sites = ["in", "out", "s0", "s1", "s2"]
    flags: list[tuple[str, int]] = []
    for turn in range(6):
        load(
            tidy(tmp_path / f"{turn}.csv", hours("in", "2026-02-14") + _random_rows(chance, sites))
        )
        values = store.observations()
        row = values.row(chance.randrange(values.height), named=True)
        site = Site.objects.get(pk=row["site"])
        span = Span(site, row["item"], row["start"], row["start"] + HOUR * chance.randint(1, 30))
        flags += [(site.key, number) for number in VoidSpan(span, "test").run(local_actor())]
        if chance.random() < 0.5:
            key, number = flags.pop(chance.randrange(len(flags)))
            ClearFlag(Site.objects.get(pk=key), number, "test").run(local_actor())
        if chance.random() < 0.7:
            engine.catch_up(store)
    engine.catch_up(store)
    assert_cells_are_true(store)
    assert not DirtyDay.objects.exists()


def test_an_empty_registry_is_no_obstacle(data: Path, db: None) -> None:
    standing.create()
    done = engine.catch_up(owner.store())
    assert (done.done, done.left) == (0, 0)


def test_an_assessment_that_joins_later_judges_what_is_there(store: Store, tmp_path: Path) -> None:
    Assessment.objects.exclude(grain="1h").delete()
    load(tidy(tmp_path / "a.csv", hours("in")))
    engine.catch_up(store)
    standing.create()
    engine.catch_up(store)
    assert_cells_are_true(store)
