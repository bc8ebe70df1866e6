"""Flags are intervals; a value carries the code of the flags that cover it, at every commit."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.quality.flags import Quality
from fenhe.store import Store
from tests.store.conftest import Import, flag, hour


def codes(store: Store, as_of: int | None = None) -> list[int]:
    return store.observations(["a"], as_of=as_of)["quality"].to_list()


def test_a_void_covers_its_hours_and_no_others(store: Store, load: Import) -> None:
    load("a.csv", [(site, at, at) for site in "ab" for at in range(5)])
    (number,) = store.add_flags(flag("a", 1, 3), "ann")
    assert codes(store) == [0, 3, 3, 0, 0]
    assert store.observations(["b"])["quality"].to_list() == [0] * 5
    (row,) = store.flags().rows(named=True)
    assert row["flag"] == number
    assert (row["site"], row["item"], row["statistic"]) == ("a", "so2", "1h")
    assert (row["check"], row["quality"], row["who"]) == ("void", Quality.VOID, "ann")
    assert row["commit"] == store.last_commit
    assert row["cleared_commit"] is None


def test_the_larger_code_wins_and_clearing_uncovers_the_smaller(store: Store, load: Import) -> None:
    load("a.csv", [("a", at, at) for at in range(4)])
    note = flag("a", 0, 3, "note", version="1", limit="as told by phone")
    ids = store.add_flags(pl.concat([note, flag("a", 2, 4)], how="diagonal"), "ann")
    assert codes(store) == [2, 2, 3, 3]
    known = store.last_commit
    store.clear_flag(ids[1], "ben", "the pump was fine")
    assert codes(store) == [2, 2, 2, 0]
    assert codes(store, known) == [2, 2, 3, 3]
    lifted = store.flags().filter(pl.col("flag") == ids[1]).row(0, named=True)
    assert (lifted["cleared_by"], lifted["cleared_reason"]) == ("ben", "the pump was fine")
    assert store.flags(cleared=False)["flag"].to_list() == [ids[0]]
    assert store.flags(as_of=known)["cleared_commit"].to_list() == [None, None]


def test_a_value_that_comes_after_the_flag_carries_it(store: Store, load: Import) -> None:
    store.add_flags(flag("a", 1, 3), "ann")
    load("a.csv", [("a", at, at) for at in range(4)])
    assert codes(store) == [0, 3, 3, 0]
    load("b.csv", [("a", 1, 9.0), ("a", 3, 9.0)])
    assert codes(store) == [0, 3, 3, 0]


def test_flags_are_found_by_site_and_period(store: Store, load: Import) -> None:
    load("a.csv", [("a", 0, 1.0)])
    store.add_flags(flag("a", 1, 3), "ann")
    store.add_flags(flag("b", 5, 7), "ann")
    assert store.flags(["b"])["flag"].to_list() == [2]
    assert store.flags(start=hour(2), end=hour(5))["flag"].to_list() == [1]
    assert store.flags(start=hour(3), end=hour(6))["flag"].to_list() == [2]
    assert store.flags(start=hour(7)).is_empty()
    assert store.flags(end=hour(1)).is_empty()


def test_ids_go_on_after_reopening(store: Store, load: Import) -> None:
    load("a.csv", [("a", 0, 1.0)])
    store.add_flags(flag("a", 0, 1, "note"), "ann")
    folder = store.folder
    store.close()
    with Store.open(folder) as again:
        assert again.add_flags(flag("a", 0, 1), "ann") == [2]
        assert codes(again) == [3]
        again.clear_flag(2, "ann", "no")
        assert codes(again) == [2]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (flag("a", 0, 1).drop("reason"), "needs the columns"),
        (flag("a", 0, 0), "must end after it starts"),
        (flag("a", 0, 1, "unheard_of"), "unknown flag 'unheard_of'"),
        (flag("a", 0, 1).with_columns(pl.lit(None).alias("reason")), "has no reason"),
    ],
)
def test_a_flag_that_says_too_little_is_refused(
    store: Store, bad: pl.DataFrame, message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        store.add_flags(bad, "ann")
    assert store.last_commit == 0


def test_clearing_what_is_not_there_is_refused(store: Store, load: Import) -> None:
    load("a.csv", [("a", 0, 1.0)])
    (number,) = store.add_flags(flag("a", 0, 1), "ann")
    with pytest.raises(BadInput, match="no flag 99"):
        store.clear_flag(99, "ann", "why not")
    store.clear_flag(number, "ben", "mistake")
    with pytest.raises(BadInput, match="cleared by ben already"):
        store.clear_flag(number, "ann", "again")


def test_no_flags_is_no_commit(store: Store) -> None:
    assert store.add_flags(flag("a", 0, 1).clear(), "ann") == []
    assert store.last_commit == 0


def test_one_flag_may_end_within_an_hour(store: Store, load: Import) -> None:
    load("a.csv", [("a", at, at) for at in range(3)])
    short = flag("a", 1, 2).with_columns(pl.col("start") + timedelta(minutes=10))
    store.add_flags(short, "ann")
    assert codes(store) == [0, 0, 0]
    assert store.flags().height == 1
