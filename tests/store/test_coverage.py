"""A round of checks in one commit, and what it says of values: passed, failed, not checked."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.quality.flags import Quality
from fenhe.store import Store
from tests.store.conftest import Import
from tests.store.conftest import hour as at

HOUR = timedelta(hours=1)
KEY = {"site": "a", "item": "so2", "statistic": "1h"}


def flags(*hours: int, check: str = "spike") -> pl.DataFrame:
    return pl.DataFrame(
        [
            {**KEY, "start": at(h), "end": at(h + 1), "check": check, "reason": "42", "limit": "9"}
            for h in hours
        ]
    )


def seen(*spans: tuple[int, int], check: str = "spike", version: str = "T-1") -> pl.DataFrame:
    return pl.DataFrame(
        [
            {**KEY, "start": at(a), "end": at(b), "check": check, "version": version}
            for a, b in spans
        ],
        schema_overrides={"start": pl.Datetime("us"), "end": pl.Datetime("us")},
    )


NOTHING = seen((0, 1)).clear()


def stretches(found: pl.DataFrame) -> list[tuple[str, datetime, datetime]]:
    return found.select("check", "start", "end").rows()


def test_one_commit_raises_lifts_and_notes(store: Store, load: Import) -> None:
    load("f.csv", [("a", h, 10.0 + h) for h in range(4)])
    first = store.write_checks(flags(1), seen((0, 4)), [], "fenhe-checks", "")
    assert first is not None
    assert store.observations()["quality"].to_list() == [0, int(Quality.ANNOTATED), 0, 0]
    second = store.write_checks(
        flags(2), seen((0, 4), check="range"), first.flags, "fenhe-checks", "gone"
    )
    assert second is not None
    assert second.commit == first.commit + 1 == store.last_commit
    assert store.observations()["quality"].to_list() == [0, 0, int(Quality.ANNOTATED), 0]
    lifted = store.flags(["a"]).filter(pl.col("flag") == first.flags[0])
    assert lifted.select("cleared_commit", "cleared_by", "cleared_reason").row(0) == (
        second.commit,
        "fenhe-checks",
        "gone",
    )


def test_checks_made_on_the_same_stretch_are_read_one_by_one(store: Store) -> None:
    both = pl.concat([seen((0, 4)), seen((0, 4), check="range"), seen((1, 3), check="rate")])
    assert store.add_coverage(both, "me") is not None
    assert stretches(store.coverage()) == [
        ("range", at(0), at(4)),
        ("rate", at(1), at(3)),
        ("spike", at(0), at(4)),
    ]
    assert stretches(store.coverage(["a"], at(3), at(4))) == [
        ("range", at(0), at(4)),
        ("spike", at(0), at(4)),
    ]
    assert store.coverage(["b"]).is_empty()


def test_what_was_not_yet_known_is_not_told(store: Store) -> None:
    first = store.add_coverage(seen((0, 2)), "me")
    store.add_coverage(seen((2, 4)), "me")
    assert first is not None
    assert stretches(store.coverage(as_of=first.commit)) == [("spike", at(0), at(2))]
    assert store.coverage(as_of=first.commit - 1).is_empty()


def test_nothing_to_write_is_no_commit(store: Store) -> None:
    before = store.last_commit
    assert store.write_checks(pl.DataFrame(), NOTHING, [], "me", "") is None
    assert store.last_commit == before


def test_a_flag_lifted_before_is_left_alone(store: Store, load: Import) -> None:
    load("f.csv", [("a", 0, 1.0)])
    written = store.write_checks(flags(0), NOTHING, [], "fenhe-checks", "")
    assert written is not None
    store.clear_flag(written.flags[0], "ann", "is right")
    assert store.write_checks(pl.DataFrame(), NOTHING, written.flags, "fenhe-checks", "x") is None
    assert store.flags(["a"])["cleared_by"].to_list() == ["ann"]


def test_bad_rounds_write_nothing(store: Store, load: Import) -> None:
    load("f.csv", [("a", 0, 1.0)])
    before = store.last_commit
    with pytest.raises(BadInput, match="must end after it starts"):
        store.write_checks(flags(0), seen((3, 3)), [], "me", "")
    with pytest.raises(BadInput, match="needs the columns check"):
        store.add_coverage(seen((0, 1)).drop("check"), "me")
    with pytest.raises(BadInput, match="unknown flag 'odd'"):
        store.write_checks(flags(0, check="odd"), NOTHING, [], "me", "")
    assert store.last_commit == before


def test_touched_tells_values_and_the_flags_of_others(store: Store, load: Import) -> None:
    load("f.csv", [("a", 0, 1.0), ("a", 5, 1.0), ("b", 1, 2.0)])
    begun = store.last_commit
    found = store.touched(0, begun, "fenhe-checks")
    assert found.select("site", "first", "last").rows() == [
        ("a", at(0), at(5)),
        ("b", at(1), at(1)),
    ]
    mine = store.write_checks(flags(0), NOTHING, [], "fenhe-checks", "")
    assert mine is not None
    assert store.touched(begun, mine.commit, "fenhe-checks").is_empty()
    cleared = store.clear_flag(mine.flags[0], "ann", "is right")
    touched = store.touched(mine.commit, cleared, "fenhe-checks")
    assert touched.select("site", "first", "last").rows() == [("a", at(0), at(1))]


def test_old_coverage_is_joined_and_says_the_same(store: Store) -> None:
    for hour in range(6):
        store.add_coverage(seen((hour, hour + 1)), "me")
    store.add_coverage(seen((8, 9)), "me")
    store.add_coverage(seen((3, 4), version="T-2"), "me")
    last = store.last_commit
    assert store.compact_coverage(at(5)) == 4
    assert stretches(store.coverage().filter(pl.col("version") == "T-1")) == [
        ("spike", at(0), at(5)),
        ("spike", at(5), at(6)),
        ("spike", at(8), at(9)),
    ]
    assert store.coverage().filter(pl.col("version") == "T-2").height == 1
    assert store.last_commit == last + 1
    assert store.compact_coverage(at(5)) == 0
