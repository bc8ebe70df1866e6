"""Checks that follow the data give what a full run over everything would give."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from fenhe.platform.monitoring import checking
from fenhe.platform.monitoring.acts import ClearFlag, Span, VoidSpan
from fenhe.platform.monitoring.windows import step_of
from fenhe.platform.registry.models import Site
from fenhe.platform.workflow.acts import local_actor
from fenhe.quality import checks
from fenhe.quality.flags import Quality
from fenhe.store import Store
from tests.platform.conftest import World

START = datetime(2026, 4, 1, 10)
Row = tuple[str, str, str, datetime, float]
Mark = tuple[str, str, str, datetime, str]


@pytest.fixture
def put(store: Store, tmp_path: Path) -> object:
    """Import values (site, item, statistic, start, value) as a file of their own."""

    def run(rows: Sequence[Row]) -> None:
        path = tmp_path / f"{store.last_commit}.csv"
        path.write_text(str(rows))
        load = store.begin_import("tidy", store.raw.keep(path), "ann")
        frame = pl.DataFrame(
            [(*row[:4], row[3] + step_of(row[2]), row[4], 1, n) for n, row in enumerate(rows, 2)],
            schema={
                "site": pl.String,
                "item": pl.String,
                "statistic": pl.String,
                "start": pl.Datetime("us"),
                "end": pl.Datetime("us"),
                "value": pl.Float64,
                "decimals": pl.UInt8,
                "raw_row": pl.Int64,
            },
            orient="row",
        )
        load.write(frame, pl.DataFrame(), frame.height)
        load.finish()

    return run


def hours(
    values: Sequence[float], first: int = 0, site: str = "in", item: str = "no2"
) -> list[Row]:
    return [(site, item, "1h", START + timedelta(hours=first + n), v) for n, v in enumerate(values)]


def minutes(values: Sequence[float], first: int = 0, item: str = "a21026") -> list[Row]:
    return [
        ("outlet:1", item, "1min", START + timedelta(minutes=first + n), v)
        for n, v in enumerate(values)
    ]


def everything(store: Store) -> pl.DataFrame:
    """Return all values with their series."""
    parts = [
        store.observations(statistic=statistic).with_columns(statistic=pl.lit(statistic))
        for statistic in store.series()["statistic"].unique().to_list()
    ]
    return pl.concat(parts)


def covered(values: pl.DataFrame, intervals: pl.DataFrame) -> set[Mark]:
    """Return the values that lie in intervals of a check; gaps are left to the other test."""
    keys = ["site", "item", "statistic"]
    crossed = values.select(*keys, pl.col("start").alias("at")).join(
        intervals.filter(pl.col("check") != "gap").select(*keys, "start", "end", "check"), on=keys
    )
    inside = crossed.filter(pl.col("at") >= pl.col("start"), pl.col("at") < pl.col("end"))
    return set(inside.select(*keys, "at", "check").iter_rows())


def gaps(intervals: pl.DataFrame) -> dict[tuple[str, str], list[tuple[datetime, datetime]]]:
    """Return the time that gaps take up of each series, touching ones joined."""
    found: dict[tuple[str, str], list[tuple[datetime, datetime]]] = {}
    mine = intervals.filter(pl.col("check") == "gap").sort("site", "item", "start")
    for site, item, start, end in mine.select("site", "item", "start", "end").iter_rows():
        spans = found.setdefault((site, item), [])
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return found


def full(store: Store) -> checks.Result:
    """Check everything at once, as if nothing had been checked before."""
    values = everything(store)
    kinds = dict(Site.objects.values_list("key", "kind"))
    parts = []
    for kind in set(kinds.values()):
        rules = checking.rules_of(kind)
        sites = [key for key, other in kinds.items() if other == kind]
        if rules is not None:
            parts.append(checks.run(values.filter(pl.col("site").is_in(sites)), rules))
    return checks.Result(
        pl.concat([part.flags for part in parts]), pl.concat([part.coverage for part in parts])
    )


def assert_true(store: Store) -> None:
    """The standing flags and the coverage are those of a full run."""
    values, whole = everything(store), full(store)
    open_flags = store.flags(cleared=False).filter(pl.col("who") == checking.ACTOR)
    assert covered(values, open_flags) == covered(values, whole.flags)
    assert gaps(open_flags) == gaps(whole.flags)
    assert covered(values, whole.coverage) <= covered(values, store.coverage())


@pytest.mark.parametrize("seed", range(4))
def test_any_history_of_imports_ends_where_a_full_run_does(
    store: Store, put: object, seed: int
) -> None:
    draw = random.Random(seed)
    cursor = checking.Cursor(store)
    usual = [40.0] * 6 + [41.0, 45.0, 120.0, 300.0, 200.0]
    for _ in range(7):
        rows = [
            row
            for site in ("in", "out")
            if draw.random() < 0.8
            for row in hours(
                [draw.choice(usual) for _ in range(draw.randint(1, 12))], draw.randint(0, 60), site
            )
        ]
        if rows:
            put(rows)  # type: ignore[operator]
        if rows and draw.random() < 0.7:
            checking.step(store, cursor)
            assert_true(store)
    checking.step(store, cursor)
    assert_true(store)
    assert store.flags().height > 3


@pytest.mark.parametrize("seed", range(3))
def test_minutes_with_long_flat_lines_and_late_values(
    store: Store, put: object, world: World, seed: int
) -> None:
    Site.objects.create(key="outlet:1", region=world.county, kind="outlet")
    draw = random.Random(seed)
    cursor = checking.Cursor(store)
    at, late = 0, []
    for _ in range(6):
        calm = draw.random() < 0.6
        values = [
            30.0 if calm else float(draw.randint(20, 40)) for _ in range(draw.randint(60, 200))
        ]
        rows = minutes(values, at)
        lost = {n for n in range(len(rows)) if draw.random() < 0.004}
        late += [rows[n] for n in sorted(lost)]
        put([row for n, row in enumerate(rows) if n not in lost])  # type: ignore[operator]
        at += len(rows) + (draw.choice([0, 0, 45]))
        checking.step(store, cursor)
        assert_true(store)
    put([*late, *minutes([31.0], at // 2), *minutes([-1.0], at // 3)])  # type: ignore[operator]
    checking.step(store, cursor)
    assert_true(store)


def test_a_line_that_grows_raises_its_new_part_only(
    store: Store, put: object, world: World
) -> None:
    Site.objects.create(key="outlet:1", region=world.county, kind="outlet")
    cursor = checking.Cursor(store)
    put(minutes([30.0] * 250))  # type: ignore[operator]
    assert checking.step(store, cursor).raised == 1
    put(minutes([30.0] * 3, 250))  # type: ignore[operator]
    assert checking.step(store, cursor) == checking.Step(1, 253, 1, 0)
    spans = store.flags(cleared=False).select("start", "end").rows()
    assert spans == [
        (START, START + timedelta(minutes=250)),
        (START + timedelta(minutes=250), START + timedelta(minutes=253)),
    ]


def test_nothing_new_is_no_round_and_a_restart_repeats_nothing(store: Store, put: object) -> None:
    put(hours([40, 41, 300, 42]))  # type: ignore[operator]
    first = checking.catch_up(store)
    assert first.raised > 0
    before = store.last_commit
    assert store.checked_until(checking.ACTOR) == before - 1
    assert checking.catch_up(store).raised == 0
    assert store.flags().height == first.raised


def test_a_flag_whose_condition_is_gone_is_lifted(store: Store, put: object) -> None:
    put(hours([40, 41, 300, 42]))  # type: ignore[operator]
    checking.catch_up(store)
    put(hours([43], 2))  # type: ignore[operator]
    done = checking.catch_up(store)
    assert done.lifted == store.flags().height > 0
    assert set(store.flags()["cleared_reason"]) == {checking.GONE}
    assert store.observations(["in"])["quality"].to_list() == [0, 0, 0, 0]


def test_what_a_person_lifted_stays_lifted_until_the_value_is_another(
    store: Store, put: object, world: World
) -> None:
    put(hours([40, 41, 300, 42]))  # type: ignore[operator]
    checking.catch_up(store)
    number = store.flags().filter(pl.col("check") == "range")["flag"].item()
    ClearFlag(world.inside, number, "checked with the station").run(local_actor())
    put(hours([44], 4))  # type: ignore[operator]
    checking.catch_up(store)
    assert store.flags(cleared=False).filter(pl.col("check") == "range").is_empty()
    put(hours([310], 2))  # type: ignore[operator]
    checking.catch_up(store)
    again = store.flags(cleared=False).filter(pl.col("check") == "range")
    assert again["reason"].to_list() == ["310"]


def test_a_void_value_is_no_longer_judged(store: Store, put: object, world: World) -> None:
    put(hours([40, 41, 300, 42]))  # type: ignore[operator]
    checking.catch_up(store)
    at = START + timedelta(hours=2)
    VoidSpan(Span(world.inside, "no2", at, at + timedelta(hours=1)), "span gas").run(local_actor())
    checking.catch_up(store)
    open_flags = store.flags(cleared=False)
    assert open_flags["check"].to_list() == ["void"]
    assert_true(store)


def test_a_late_value_in_a_gap_counts_at_once(store: Store, put: object) -> None:
    put(hours([40, 41]) + hours([42], 8))  # type: ignore[operator]
    checking.catch_up(store)
    assert store.flags(cleared=False)["check"].to_list() == ["gap"]
    put(hours([43], 5))  # type: ignore[operator]
    assert store.observations(["in"])["quality"].max() == Quality.NOT_CHECKED
    checking.catch_up(store)
    assert_true(store)


def test_flags_of_checks_ask_for_no_new_verdict(store: Store, put: object) -> None:
    put(hours([40, 41, 300, 42]))  # type: ignore[operator]
    before = store.last_commit
    checking.catch_up(store)
    assert store.last_commit == before + 1
    assert store.cells.settled(before, before + 1)


def test_places_and_statistics_without_rules_are_left_alone(
    store: Store, put: object, world: World
) -> None:
    Site.objects.create(key="city:x", region=world.county, kind="city")
    put(  # type: ignore[operator]
        [("city:x", "no2", "1h", START, 900.0), ("in", "no2", "24h", START, 900.0)]
    )
    assert checking.catch_up(store).values == 0
    assert store.flags().is_empty()


def test_the_thread_takes_up_where_the_last_round_ended(store: Store, put: object) -> None:
    put(hours([40, 41, 300, 42]))  # type: ignore[operator]
    checker = checking.Checker(store)
    assert checker.behind == store.last_commit
    checking.step(store, checker.cursor)
    assert checker.behind <= 1
    again = checking.Checker(store)
    assert again.behind <= 1


@pytest.mark.parametrize(
    ("statistic", "seconds"),
    [("1min", 60), ("10min.max", 600), ("1h.zs", 3600), ("1d.sum", 86_400), ("rtd", 60)],
)
def test_the_step_of_a_statistic(statistic: str, seconds: int) -> None:
    assert step_of(statistic) == timedelta(seconds=seconds)
