"""Hours of outlets: judged from minutes, only what changed again, equal to a full recomputation."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from fenhe.platform.registry import facts, marks
from fenhe.platform.registry.models import Outlet, OutletFact, PermitLimit, Site
from fenhe.platform.verdicts import engine
from fenhe.platform.verdicts.models import Assessment, OutletHour
from fenhe.platform.verdicts.outlets import stage, standing
from fenhe.platform.verdicts.outlets.inputs import wanted
from fenhe.platform.verdicts.outlets.keys import object_of, parts
from fenhe.platform.workflow.acts import local_actor
from fenhe.store import Store
from tests.platform.conftest import World
from tests.platform.verdicts.outlets import plant
from tests.platform.verdicts.outlets.plant import NOX, O2, SIX, SO2, STACK, minutes, write

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
KEYS = (standing.HOURS_GAS, standing.HOURS_WATER, standing.VERDICTS)


@pytest.fixture
def stack(world: World) -> Site:
    return plant.build(world, limit_set=plant.BOILER, sector="coal_boiler")


def cell(
    store: Store, key: str, item: str = SO2, at: Any = SIX, site: str = STACK
) -> dict[str, Any]:
    found = store.cells.read(key, [object_of(site, item)], at, at + HOUR)
    assert found.height == 1, found
    return found.row(0, named=True)


def every(store: Store) -> dict[str, pl.DataFrame]:
    return {key: store.cells.read(key).sort("site", "start") for key in KEYS}


def assert_true(store: Store) -> None:
    """Hold the standing cells against a computation of everything there is."""
    rows = pl.concat(
        store.observations(None, None, s).select("site", hour=pl.col("start").dt.epoch("s") // 3600)
        for s in ("1min", "1h", "1h.zs")
    ).unique()
    rows = rows.filter(pl.col("site").str.starts_with("outlet:"))
    full = {b.assessment: b.frame for b in stage.batches(store, wanted(list(rows.iter_rows())))}
    for key, cells in every(store).items():
        told = full[key].sort("site", "start") if full[key].height else full[key]
        assert cells.height == told.height, key
        for column in told.columns:
            assert cells[column].to_list() == told[column].to_list(), (key, column)


def test_a_key_names_outlet_and_item() -> None:
    assert object_of(STACK, SO2) == "outlet:DA001/a21026"
    assert parts("outlet:DA001/a21026") == (STACK, SO2)
    assert parts("in") == ("in", "")


def test_minutes_become_a_valid_hour_and_a_verdict(store: Store, stack: Site) -> None:
    write(store, minutes(250) + minutes(9, O2) + minutes(10, plant.FLOW))
    engine.catch_up(store)
    hour = cell(store, standing.HOURS_GAS)
    # (21 - 9) / (21 - 9) leaves the value; 250 mg/m³ · 36000 m³/h = 9 kg
    assert (hour["n_valid"], hour["valid"], hour["value"], hour["o2_ref"]) == (60, "yes", 250, 9)
    assert (hour["converted"], hour["mass"], hour["source"]) == (250, 9, "minutes:1min")
    judged = cell(store, standing.VERDICTS)
    assert (judged["verdict"], judged["limit_used"], judged["limit_from"]) == (
        "over",
        200,
        "permit",
    )
    assert (judged["value"], judged["multiple"]) == (250, 0.25)
    assert "permit" in judged["clauses"].split(";")


def test_too_few_minutes_are_not_judged(store: Store, stack: Site) -> None:
    write(store, minutes(250, count=44) + minutes(9, O2))
    engine.catch_up(store)
    judged = cell(store, standing.VERDICTS)
    assert (judged["verdict"], judged["status"]) == ("invalid", "not_judged")
    assert judged["hour_reason"] == "below_minimum"


def test_without_minutes_the_loggers_hour_is_judged_and_said(store: Store, stack: Site) -> None:
    logged = [(STACK, item, "1h", SIX, value) for item, value in ((SO2, 100.0), (O2, 15.0))]
    write(store, [*minutes(80, NOX), *minutes(9, O2), *logged, (STACK, SO2, "1h.zs", SIX, 199.0)])
    engine.catch_up(store)
    hour = cell(store, standing.HOURS_GAS)
    assert hour["source"] == "logger_hour"
    # converted by the logger's own oxygen, not by that of the minutes: 100 · 12 / (21 - 15)
    assert (hour["converted"], hour["logger"], hour["logger_converted"]) == (200, 100, 199)
    assert cell(store, standing.HOURS_GAS, NOX)["source"] == "minutes:1min"
    assert cell(store, standing.VERDICTS)["source"] == "logger_hour"


def test_a_limit_nobody_gives_is_not_judged(store: Store, world: World) -> None:
    plant.build(world, "outlet:X")
    write(store, minutes(30, NOX, "outlet:X"))
    engine.catch_up(store)
    judged = cell(store, standing.VERDICTS, NOX, site="outlet:X")
    assert (judged["verdict"], judged["status"]) == ("none", "not_judged")
    assert judged["reason"] == "no_limit_set"


def test_a_void_minute_does_not_count(store: Store, stack: Site) -> None:
    write(store, minutes(30) + minutes(9, O2))
    flag = pl.DataFrame({
        "site": [STACK], "item": [SO2], "statistic": ["1min"], "start": [SIX],
        "end": [SIX + 20 * plant.MINUTE], "check": ["logger_fault"], "version": ["1"],
        "limit": [None], "reason": ["D"],
    }, schema_overrides={"limit": pl.String})  # fmt: skip
    store.add_flags(flag, "test")
    engine.catch_up(store)
    assert cell(store, standing.HOURS_GAS)["n_valid"] == 40
    assert cell(store, standing.VERDICTS)["verdict"] == "invalid"


def test_one_corrected_minute_touches_one_hour_of_one_item(store: Store, stack: Site) -> None:
    rows = [r for n in range(3) for i in (SO2, NOX) for r in minutes(30, i, start=SIX + n * HOUR)]
    write(store, rows)
    engine.catch_up(store)
    before, last = every(store), store.last_commit
    write(store, [(STACK, SO2, "1min", SIX + HOUR, 90.0)])
    done = engine.catch_up(store)
    assert (done.done, done.new) == (1, 0)
    for key in (standing.HOURS_GAS, standing.VERDICTS):
        now = store.cells.read(key).sort("site", "start")
        moved = now.filter(pl.col("commit") > last)
        assert moved.select("site", "start").rows() == [(object_of(STACK, SO2), SIX + HOUR)]
        assert store.cells.read(key, as_of=last).sort("site", "start").equals(before[key])
    assert_true(store)


def test_a_new_permit_limit_judges_its_days_again(store: Store, stack: Site) -> None:
    early = SIX - timedelta(days=2)
    write(store, minutes(150) + minutes(9, O2) + minutes(150, start=early))
    engine.catch_up(store)
    last = store.last_commit
    stricter = PermitLimit(
        site=stack, item=SO2, averaging="hour", limit="100", unit="mg/m3",
        valid_from=SIX.date(), commit=last,
    )  # fmt: skip
    facts.enter(stricter, PermitLimit.objects.filter(site=stack, item=SO2))
    engine.catch_up(store)
    assert cell(store, standing.VERDICTS)["verdict"] == "over"
    assert cell(store, standing.VERDICTS, at=early)["commit"] <= last
    was = store.cells.read(standing.VERDICTS, [object_of(STACK, SO2)], SIX, SIX + HOUR, last)
    assert was["verdict"].to_list() == ["within"]
    assert_true(store)


def test_marks_are_conditions(store: Store, stack: Site) -> None:
    rows = [r for n in range(4) for r in minutes(500, NOX, start=SIX + n * HOUR)]
    write(store, rows + [r for n in range(4) for r in minutes(9, O2, start=SIX + n * HOUR)])
    engine.catch_up(store)
    assert cell(store, standing.VERDICTS, NOX)["verdict"] == "over"
    mark = marks.SubmitMark(
        stack, "facility", "shutdown", SIX, SIX + 2 * HOUR, reason="x", submitted_at=SIX + 3 * HOUR
    ).run(local_actor())
    engine.catch_up(store)
    # a shut-down of a boiler exempts its first hour, the second is judged
    told = [cell(store, standing.VERDICTS, NOX, SIX + n * HOUR)["verdict"] for n in range(3)]
    assert told == ["exempt", "over", "over"]
    assert_true(store)
    marks.WithdrawMark(mark, "wrong").run(local_actor())
    engine.catch_up(store)
    assert cell(store, standing.VERDICTS, NOX)["verdict"] == "over"
    assert_true(store)


def test_instrument_marks_void_minutes(store: Store, stack: Site) -> None:
    write(store, minutes(30) + minutes(9, O2))
    engine.catch_up(store)
    end = SIX + 20 * plant.MINUTE
    marks.SubmitMark(stack, "instrument", "calibration", SIX, end, submitted_at=end).run(
        local_actor()
    )
    engine.catch_up(store)
    assert cell(store, standing.HOURS_GAS)["n_valid"] == 40
    assert_true(store)


def test_an_hour_that_runs_waits(
    store: Store, stack: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = plant.this_hour()
    write(store, minutes(30, start=now, count=3))
    assert engine.catch_up(store).done == 0
    assert OutletHour.objects.count() == 1
    assert engine.waiting() == 0
    assert not Assessment.objects.filter(key=standing.VERDICTS).exists()


def test_water_is_weighted_by_flow(store: Store, world: World) -> None:
    plant.build(world, plant.DRAIN, "water")
    PermitLimit.objects.create(
        site_id=plant.DRAIN, item="w01018", averaging="hour", limit="50", unit="mg/L"
    )
    tens = [SIX + n * timedelta(minutes=10) for n in range(6)]
    cod = [(plant.DRAIN, "w01018", "10min", t, 60.0 if n else 0.0) for n, t in enumerate(tens)]
    flow = [(plant.DRAIN, "w00000", "10min", t, 1.0 if n else 5.0) for n, t in enumerate(tens)]
    write(store, cod + flow)
    engine.catch_up(store)
    hour = cell(store, standing.HOURS_WATER, "w01018", site=plant.DRAIN)
    assert (hour["value"], hour["source"]) == (30, "minutes:10min")  # 5 · 60 / (5 + 5)
    judged = cell(store, standing.VERDICTS, "w01018", site=plant.DRAIN)
    assert (judged["verdict"], judged["limit_used"]) == ("within", 50)


@pytest.mark.parametrize("seed", [1, 2])
def test_random_changes_equal_a_full_recomputation(
    store: Store, world: World, stack: Site, seed: int
) -> None:
    drawn = random.Random(seed)
    plant.build(world, "outlet:B", sector="waste_incinerator")
    sites = (STACK, "outlet:B")

    def some() -> tuple[str, str, Any]:
        return (
            drawn.choice(sites),
            drawn.choice((SO2, NOX, O2, "a34013")),
            SIX + drawn.randrange(6) * HOUR,
        )

    def values() -> None:
        site, item, start = some()
        write(
            store,
            minutes(drawn.choice((8, 150, 250)), item, site, start, drawn.choice((1, 40, 60))),
        )

    def logged() -> None:
        site, item, start = some()
        write(store, [(site, item, "1h", start, drawn.choice((10.0, 300.0)))])

    def mark() -> None:
        site, item, start = some()
        kind, code = drawn.choice(
            (("facility", "startup"), ("facility", "fault"), ("instrument", "fault"))
        )
        items = (item,) if kind == "instrument" else ()
        end = start + drawn.choice((HOUR, 3 * HOUR))
        marks.SubmitMark(
            Site.objects.get(pk=site), kind, code, start, end, items=items, submitted_at=end,
            commit=store.last_commit,
        ).run(local_actor())  # fmt: skip

    def fact() -> None:
        told = OutletFact(
            outlet=Outlet.objects.get(pk=STACK), commit=store.last_commit,
            limit_set=drawn.choice(("", plant.BOILER)), reference_o2=drawn.choice((None, "8")),
        )  # fmt: skip
        facts.enter(told, OutletFact.objects.filter(outlet=STACK))

    for _ in range(4):
        for act in drawn.sample([values, values, values, logged, mark, fact], 3):
            act()
        engine.catch_up(store)
    assert_true(store)
    assert store.cells.read(standing.VERDICTS).height > 0


def test_a_set_there_is_none_of_stops_nobody(store: Store, world: World) -> None:
    plant.build(world, "outlet:X", limit_set="GB0-1900/nothing")
    write(store, minutes(250, SO2, "outlet:X"))
    engine.catch_up(store)
    judged = cell(store, standing.VERDICTS, site="outlet:X")
    assert (judged["basis"], judged["limit_from"], judged["verdict"]) == (
        "unknown_limit_set", "permit", "over",
    )  # fmt: skip
