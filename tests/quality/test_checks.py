"""Checks over all series at once, against the same checks value by value."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings

from fenhe.base.errors import BadInput
from fenhe.quality import checks
from fenhe.quality.config import Config, Rule
from tests.quality import plain

HOUR = timedelta(hours=1)
RULES = (
    Rule("range", {"low": 2, "high": 8}),
    Rule("rate", {"per_hour": 3}),
    Rule("spike", {"above": 2.5}),
    Rule("flat", {"minutes": 180, "tolerance": 0}),
    Rule("gap", {"steps": 1.5}),
    Rule("low_variance", {"minutes": 240, "below": 0.9}),
    Rule("repeat", {"values": 3, "distinct": 2}),
)
CONFIG = Config("TEST-1", RULES, reach=1.5)


def config(*rules: Rule) -> Config:
    return Config("TEST-1", rules, reach=1.5)


def one(values: list[float | None], site: str = "a", item: str = "so2") -> pl.DataFrame:
    """Return an hourly series; None leaves the hour out."""
    points = [(plain.START + n * HOUR, v) for n, v in enumerate(values) if v is not None]
    return plain.frame({(site, item): points}, HOUR)


def hours(found: pl.DataFrame, check: str) -> list[tuple[int, int]]:
    """Return the intervals of a check as hours since the start."""
    mine = found.filter(pl.col("check") == check)
    spans = mine.select(pl.col("start", "end") - plain.START).iter_rows()
    return [(start // HOUR, end // HOUR) for start, end in spans]


points = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 10) | st.integers(4, 6)), max_size=40)
many = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["so2", "no2"])), points, max_size=5
)


def laid(
    series: dict[tuple[str, str], list[tuple[int, int]]],
) -> dict[tuple[str, str], plain.Series]:
    """Turn (hours since the last, value) into points."""
    found = {}
    for key, steps in series.items():
        at, mine = plain.START, []
        for ahead, value in steps:
            at += (1 if ahead < 4 else 3) * HOUR
            mine.append((at, float(value)))
        found[key] = mine
    return found


@settings(max_examples=100, deadline=None)
@given(many, st.sampled_from([0, 1, 2]), st.booleans(), st.sampled_from([3, 400_000]))
def test_every_check_agrees_with_the_plain_one(series, tolerance, shuffled, part):
    known = laid(series)
    rows = plain.frame(known, HOUR)
    given_rows = rows.sample(fraction=1.0, shuffle=True, seed=1) if shuffled else rows
    rules = tuple(
        Rule("flat", {"minutes": 180, "tolerance": tolerance}) if r.check == "flat" else r
        for r in RULES
    )
    former, checks.PART = checks.PART, part
    try:
        flags, _ = checks.run(given_rows, config(*rules))
    finally:
        checks.PART = former
    most = 1.5 * HOUR
    expected = {
        "range": lambda p: plain.beyond(p, 2, 8),
        "rate": lambda p: plain.fast(p, 3),
        "spike": lambda p: plain.spiky(p, 2.5, most),
        "flat": lambda p: plain.flat(p, 3 * HOUR, tolerance, most),
        "low_variance": lambda p: plain.steady(p, 4, 0.9, most),
        "repeat": lambda p: plain.repeated(p, 3, 2, most),
    }
    for check, plainly in expected.items():
        mine = plain.flagged(rows, flags.filter(pl.col("check") == check))
        assert mine == {(*key, at) for key, p in known.items() for at in plainly(p)}, check
    gaps = flags.filter(pl.col("check") == "gap").select("site", "item", "start", "end")
    assert set(gaps.iter_rows()) == {
        (*key, before + HOUR, after)
        for key, p in known.items()
        for (before, _), (after, _) in pairwise(p)
        if after - before > most
    }


@settings(max_examples=30, deadline=None)
@given(many)
def test_the_other_reading_of_a_spike(series):
    known = laid(series)
    rows = plain.frame(known, HOUR)
    flags, _ = checks.run(rows, config(Rule("spike", {"mean": 2.5})))
    expected = {
        (*key, at) for key, p in known.items() for at in plain.off_middle(p, 2.5, 1.5 * HOUR)
    }
    assert plain.flagged(rows, flags) == expected
    assert set(flags["limit"]) <= {"2.5"}


def test_neither_a_step_nor_the_neighbours_of_a_spike_are_spikes():
    flags, _ = checks.run(one([1, 1, 9, 9, 1, 1, 9, 1, 1]), config(RULES[2]))
    assert hours(flags, "spike") == [(6, 7)]
    assert flags["reason"].to_list() == ["8"]


def test_an_interval_holds_neighbouring_failures_and_names_the_worst():
    flags, _ = checks.run(one([5, 9, 12, 9, 5, 1, 5]), config(RULES[0]))
    assert hours(flags, "range") == [(1, 4), (5, 6)]
    assert flags["reason"].to_list() == ["12", "1"]
    assert flags["limit"].to_list() == ["2 .. 8"] * 2
    assert flags["version"].to_list() == ["TEST-1"] * 2


def test_coverage_tells_passed_from_not_run():
    _, seen = checks.run(one([5, 5.5, 6, None, None, 6, 5, 5.5, 6]), CONFIG)
    assert hours(seen, "range") == [(0, 3), (5, 9)]
    assert hours(seen, "rate") == [(1, 3), (5, 9)]
    assert hours(seen, "spike") == [(1, 2), (6, 8)]
    assert hours(seen, "flat") == [(0, 3), (5, 9)]
    assert hours(seen, "gap") == [(0, 9)]
    assert hours(seen, "low_variance") == [(5, 9)]
    assert hours(seen, "repeat") == [(0, 3), (5, 9)]


def test_a_gap_says_how_many_values_lack():
    flags, _ = checks.run(one([5, None, None, None, 6]), config(RULES[4]))
    assert hours(flags, "gap") == [(1, 4)]
    assert flags["reason"].to_list() == ["3 missing"]


def test_values_that_count_nowhere_are_no_neighbours_but_no_gap_either():
    rows = one([5, 5, 90, 5, 5]).with_columns(quality=pl.Series([0, 0, 3, 0, 0], dtype=pl.UInt8))
    flags, seen = checks.run(rows, CONFIG)
    assert flags.filter(pl.col("check") != "flat").is_empty()
    assert hours(seen, "range") == [(0, 2), (3, 5)]
    assert hours(seen, "gap") == [(0, 5)]


def test_a_missing_value_is_a_gap():
    rows = one([5, 6, 5]).with_columns(value=pl.Series([5.0, float("nan"), None]))
    flags, seen = checks.run(pl.concat([rows, one([None, None, None, 4])]), CONFIG)
    assert hours(flags, "gap") == [(1, 3)]
    assert hours(seen, "range") == [(0, 1), (3, 4)]


def test_a_source_at_rest_is_not_a_flat_line():
    rule = Rule("flat", {"minutes": 180, "tolerance": 0, "floor": 0})
    flags, _ = checks.run(one([0, 0, 0, 0, 3, 3, 3, 3]), config(rule))
    assert hours(flags, "flat") == [(4, 8)]
    assert flags["reason"].to_list() == ["3 × 4"]


def test_instants_take_the_median_time_between_them_as_step():
    minutes = [0, 1, 2, 3, 7, 8]
    rows = pl.DataFrame(
        {
            "site": "a",
            "item": "a21026",
            "statistic": "rtd",
            "start": [plain.START + timedelta(minutes=m) for m in minutes],
            "value": [5.0, 9.0, 9.0, 5.0, 5.0, 9.0],
        }
    ).with_columns(end=pl.col("start"))
    flags, _ = checks.run(rows, config(RULES[0], RULES[4]))
    second = timedelta(seconds=1)
    spans = flags.select("check", pl.col("start", "end") - plain.START).rows()
    minute = timedelta(minutes=1)
    assert spans == [
        ("range", minute, 2 * minute + second),
        ("range", 8 * minute, 8 * minute + second),
        ("gap", 4 * minute, 7 * minute),
    ]


def test_the_most_particular_rule_is_used():
    rows = pl.concat([one([5, 50]), one([5, 50], "b"), one([5, 50], "a", "no2")])
    rules = (
        Rule("range", {"low": 0, "high": 10}),
        Rule("range", {"low": 0, "high": 60}, parameter="so2"),
        Rule("range", {"low": 0, "high": 20}, site="b"),
    )
    flags, _ = checks.run(rows, config(*rules))
    assert flags.select("site", "item", "limit").rows() == [
        ("b", "so2", "0 .. 20"),
        ("a", "no2", "0 .. 10"),
    ]


def test_the_method_of_the_instrument_chooses_the_rule():
    rows = one([5, 50]).with_columns(method=pl.lit("doas"))
    rules = (
        Rule("range", {"low": 0, "high": 100}),
        Rule("range", {"low": 0, "high": 20}, method="doas"),
    )
    assert checks.run(rows, config(*rules)).flags.height == 1
    assert checks.run(rows.drop("method"), config(*rules)).flags.height == 0


def test_what_no_rule_fits_is_not_checked():
    flags, seen = checks.run(one([5, 50]), config(Rule("range", {"low": 0, "high": 9}, "no2")))
    assert flags.is_empty()
    assert seen.is_empty()
    assert flags.columns == list(checks.FLAG)


def test_frames_of_other_libraries_are_taken():
    rows = one([5, 9, 5])
    answers = [
        checks.run(kind, CONFIG).flags.rows()
        for kind in (rows, rows.to_pandas(), rows.to_arrow(), rows.lazy())
    ]
    assert isinstance(rows.to_pandas(), pd.DataFrame)
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]


def test_bad_input_is_named():
    with pytest.raises(BadInput, match="needs the columns value"):
        checks.run(one([5]).drop("value"), CONFIG)
    with pytest.raises(BadInput, match="unknown check 'odd'; known are range, rate"):
        checks.run(one([5]), CONFIG, only=["odd"])


def test_an_empty_table_gives_nothing():
    flags, seen = checks.run(one([]), CONFIG)
    assert flags.is_empty()
    assert seen.is_empty()


def test_one_thread_and_several_tell_the_same():
    rng = np.random.default_rng(3)
    rows = pl.concat([one(list(rng.integers(0, 12, 200)), site) for site in "abcdef"])
    former, checks.PART = checks.PART, 150
    try:
        answers = [checks.run(rows, CONFIG, threads=n) for n in (1, 4)]
    finally:
        checks.PART = former
    assert answers[0].flags.equals(answers[1].flags)
    assert answers[0].coverage.equals(answers[1].coverage)
    assert answers[0].flags.height > 100


def test_a_time_told_twice_counts_with_its_last_row():
    rows = pl.concat([one([5, 5]), one([None, 50])])
    flags, _ = checks.run(rows, config(RULES[0]))
    assert flags["reason"].to_list() == ["50"]
    assert flags["start"].to_list() == [datetime(2026, 4, 1, 1)]
