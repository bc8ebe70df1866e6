"""Verdict cells: versions by commit, nothing written when nothing changed."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.store import Store
from fenhe.store.cellframes import Batch
from tests.store.conftest import hour

METHOD = "air.aqi_hourly"


def cells(rows: Sequence[tuple[str, int, int | None, str]], **more: object) -> pl.DataFrame:
    """Return cells: (site, hour, aqi, digest)."""
    return pl.DataFrame(
        [
            {
                "site": site,
                "start": hour(at),
                "end": hour(at + 1),
                "aqi": aqi,
                "primary": None if aqi is None else "o3",
                "input_digest": digest,
                "n_valid": 6,
                "n_due": 6,
                "method_version": "1",
            }
            | more
            for site, at, aqi, digest in rows
        ],
        schema_overrides={"aqi": pl.Int64, "primary": pl.String},
    )


def test_cells_come_back_by_assessment_site_and_period(store: Store) -> None:
    rows = [(site, at, 50 + at, f"{site}{at}") for site in "ba" for at in range(4)]
    written = store.cells.write("2026", METHOD, cells(rows), "engine")
    assert (written.new, written.changed, written.same) == (8, 0, 0)
    assert written.commit == store.last_commit
    found = store.cells.read("2026", ["a"], hour(1), hour(3))
    assert found.select("site", "start", "aqi", "primary", "commit").rows() == [
        ("a", hour(1), 51, "o3", 1),
        ("a", hour(2), 52, "o3", 1),
    ]
    assert store.cells.read("2026")["site"].to_list() == ["a"] * 4 + ["b"] * 4
    assert store.cells.read("2012").is_empty()
    assert store.cells.assessments() == {"2026": METHOD}


def test_only_what_changed_is_written(store: Store) -> None:
    first = store.cells.write("x", METHOD, cells([("a", 0, 50, "p"), ("a", 1, 60, "q")]), "engine")
    again = store.cells.write("x", METHOD, cells([("a", 0, 50, "p"), ("a", 1, 61, "r")]), "ben")
    assert (again.new, again.changed, again.same) == (0, 1, 1)
    assert store.cells.read("x")["commit"].to_list() == [first.commit, again.commit]
    assert store.cells.read("x", as_of=first.commit)["aqi"].to_list() == [50, 60]
    former, now = store.cells.versions("x", "a", hour(1)).rows(named=True)
    assert (former["aqi"], former["superseded_commit"], former["actor"]) == (
        60,
        again.commit,
        "ben",
    )
    assert (now["aqi"], now["superseded_commit"], now["superseded_at"]) == (61, None, None)


def test_the_same_cells_again_are_no_commit(store: Store) -> None:
    rows = cells([("a", 0, None, "p")])
    store.cells.write("x", METHOD, rows, "engine")
    again = store.cells.write("x", METHOD, rows.with_columns(method_version=pl.lit("2")), "engine")
    assert (again.same, again.commit) == (1, None)
    assert store.last_commit == 1


def test_another_digest_or_a_value_lost_is_a_new_version(store: Store) -> None:
    store.cells.write("x", METHOD, cells([("a", 0, 50, "p"), ("b", 0, 50, "p")]), "engine")
    again = store.cells.write(
        "x", METHOD, cells([("a", 0, 50, "q"), ("b", 0, None, "p")]), "engine"
    )
    assert again.changed == 2
    assert store.cells.read("x")["aqi"].to_list() == [50, None]
    assert store.cells.read("x", as_of=1)["aqi"].to_list() == [50, 50]


def test_assessments_share_the_table_of_their_method(store: Store) -> None:
    store.cells.write("2012", METHOD, cells([("a", 0, 50, "p")]), "engine")
    store.cells.write("2026", METHOD, cells([("a", 0, 70, "p")]), "engine")
    store.cells.write("2026", METHOD, cells([("a", 0, 71, "q")]), "engine")
    assert store.cells.read("2012")["aqi"].to_list() == [50]
    assert store.cells.read("2026")["aqi"].to_list() == [71]
    assert store.cells.versions("2012", "a", hour(0)).height == 1


def test_a_method_may_gain_a_column(store: Store) -> None:
    store.cells.write("x", METHOD, cells([("a", 0, 50, "p")]), "engine")
    wider = cells([("a", 0, 50, "p"), ("a", 1, 60, "p")], note="new")
    again = store.cells.write("x", METHOD, wider, "engine")
    assert (again.new, again.changed) == (1, 1)
    assert store.cells.read("x")["note"].to_list() == ["new", "new"]
    assert store.cells.read("x", as_of=1)["note"].to_list() == [None]
    narrow = store.cells.write("x", METHOD, cells([("a", 0, 50, "p")]), "engine")
    assert narrow.changed == 1
    assert store.cells.read("x")["note"].to_list() == [None, "new"]


def test_cells_survive_reopening(store: Store) -> None:
    store.cells.write("x", METHOD, cells([("a", 0, 50, "p")]), "engine")
    store.cells.write("x", METHOD, cells([("a", 0, 51, "q")]), "engine")
    before, folder = store.cells.read("x"), store.folder
    store.close()
    with Store.open(folder) as again:
        assert again.cells.read("x").equals(before)
        assert again.cells.versions("x", "a", hour(0))["aqi"].to_list() == [50, 51]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (cells([("a", 0, 1, "p")]).drop("n_due"), "need the columns n_due"),
        (cells([("a", 0, 1, "p")]).with_columns(extra=pl.lit(None)), "extra have no type"),
        (cells([("a", 0, 1, "p"), ("a", 0, 2, "p")]), "told twice"),
        (cells([("a", 0, 1, "p")]).with_columns(commit=pl.lit(1)), "belong to the store"),
    ],
)
def test_cells_without_their_origin_are_refused(
    store: Store, bad: pl.DataFrame, message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        store.cells.write("x", METHOD, bad, "engine")
    assert store.last_commit == 0


def test_the_method_of_an_assessment_does_not_change(store: Store) -> None:
    store.cells.write("x", METHOD, cells([("a", 0, 50, "p")]), "engine")
    with pytest.raises(BadInput, match=f"of method {METHOD}"):
        store.cells.write("x", "air.aqi_daily", cells([("a", 0, 50, "p")]), "engine")
    with pytest.raises(BadInput, match="not a method id"):
        store.cells.write("y", "air; drop", cells([("a", 0, 50, "p")]), "engine")
    wrong = cells([("a", 1, 50, "p")]).with_columns(aqi=pl.lit("fifty"))
    with pytest.raises(BadInput, match="do not fit"):
        store.cells.write("x", METHOD, wrong, "engine")


def test_cells_of_several_assessments_are_one_commit(store: Store) -> None:
    first = Batch("a", METHOD, cells([("s", 0, 50, "x"), ("s", 1, 60, "x")]))
    wider = Batch("b", METHOD, cells([("s", 0, 70, "x")], note="told"))
    other = Batch("c", "air.other", cells([("s", 0, 80, "x")]))
    done = store.cells.write_all([first, wider, other], "engine")
    assert [(one.new, one.commit) for one in done] == [(2, 1), (1, 1), (1, 1)]
    assert store.cells.read("a")["note"].to_list() == [None, None]
    assert store.cells.read("b")["note"].to_list() == ["told"]
    again = Batch("a", METHOD, cells([("s", 0, 50, "x"), ("s", 1, 61, "y")]))
    done = store.cells.write_all([again, wider, Batch("none", METHOD, pl.DataFrame())], "engine")
    assert [(one.changed, one.same, one.commit) for one in done] == [
        (1, 1, 2),
        (0, 1, None),
        (0, 0, None),
    ]
    assert store.cells.read("a", as_of=1)["aqi"].to_list() == [50, 60]


def test_cells_missing_in_the_spans_named_are_withdrawn(store: Store) -> None:
    rows = [(site, at, 50, "x") for site in "st" for at in range(6)]
    store.cells.write_all([Batch(key, METHOD, cells(rows)) for key in "ab"], "engine")
    spans = pl.DataFrame(
        [("s", hour(1), hour(2)), ("s", hour(2), hour(4)), ("t", hour(5), hour(9))],
        {"site": pl.String, "since": pl.Datetime("us"), "until": pl.Datetime("us")},
        orient="row",
    )
    # the cell at 0 lies outside of the spans: compared, and its neighbours are left alone
    told = cells([("s", 0, 55, "y"), ("s", 3, 50, "x")])
    done = store.cells.write("a", METHOD, told, "engine", spans)
    assert (done.changed, done.same, done.withdrawn) == (1, 1, 3)
    left = store.cells.read("a").select("site", pl.col("start").dt.hour())
    kept = [("s", at) for at in (0, 3, 4, 5)] + [("t", at) for at in range(5)]
    assert left.rows() == [(site, hour(at).hour) for site, at in kept]
    assert store.cells.read("b").height == 12
    done = store.cells.write("b", METHOD, pl.DataFrame(), "engine", spans)
    assert done.withdrawn == 4


def test_which_commits_ask_for_no_cell_is_known(store: Store) -> None:
    store.cells.write("a", METHOD, cells([("s", 0, 50, "x")]), "engine")
    assert store.cells.settled(0, 1)
    assert store.cells.settled(1, 1)
    assert not store.cells.settled(0, 2)
    store.cells.settle(2)
    assert store.cells.settled(1, 2)
