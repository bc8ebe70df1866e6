"""The latest values follow writes, corrections and flags, and equal those read from the files."""

from __future__ import annotations

import polars as pl

from fenhe.store import Store
from tests.store.conftest import Import, flag, hour


def from_files(store: Store) -> pl.DataFrame:
    found = store.observations().sort("site", "item", "start").unique(["site", "item"], keep="last")
    columns = ["site", "item", "start", "end", "value", "decimals", "quality"]
    return found.sort("site", "item").select(columns)


def test_latest_is_the_newest_start_of_each_series(store: Store, load: Import) -> None:
    assert store.latest().is_empty()
    load("a.csv", [("a", 3, 1.0), ("a", 1, 9.0), ("b", 2, 4.0)])
    assert store.latest().select("site", "start", "value").rows() == [
        ("a", hour(3), 1.0),
        ("b", hour(2), 4.0),
    ]
    assert store.latest("24h").is_empty()


def test_latest_follows_every_kind_of_write(store: Store, load: Import) -> None:
    assert store.latest().is_empty()
    steps = [
        lambda: load("a.csv", [("a", 1, 1.0), ("b", 1, 2.0)]),
        lambda: load("b.csv", [("a", 2, 3.0)]),
        lambda: load("c.csv", [("a", 0, 7.0), ("c", 0, 8.0)]),
        lambda: load("d.csv", [("a", 2, 3.5), ("b", 1, 2.0), ("b", 2, 1.0), ("b", 2, 1.5)]),
        lambda: store.add_flags(flag("a", 0, 9), "ann"),
        lambda: load("e.csv", [("a", 3, 5.0)]),
        lambda: store.clear_flag(store.flags(cleared=False)["flag"].max(), "ann", "fine"),
    ]
    for step in steps:
        step()
        assert store.latest().equals(from_files(store))
    assert store.latest().select("site", "value", "quality").rows() == [
        ("a", 5.0, 0),
        ("b", 1.5, 2),
        ("c", 8.0, 0),
    ]


def test_latest_is_rebuilt_after_reopening(store: Store, load: Import) -> None:
    load("a.csv", [("a", 1, 1.0), ("b", 1, 2.0)])
    store.add_flags(flag("b", 1, 2, "note"), "ann")
    before, folder = store.latest(), store.folder
    store.close()
    with Store.open(folder) as again:
        assert again.latest().equals(before)
        assert again.latest()["quality"].to_list() == [0, 2]


def test_latest_keeps_statistics_apart(store: Store, load: Import) -> None:
    load("a.csv", [("a", 1, 1.0)])
    assert store.latest("1h").height == 1
    assert store.latest("8h").is_empty()
