"""Every value of a file is accounted for: stored, duplicate, corrected, in conflict, rejected."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.store import ReceiptUnbalanced, Store
from tests.store.conftest import Import, hour, rejected, values


def standing(store: Store, as_of: int | None = None) -> list[tuple[str, int, float]]:
    found = store.observations(as_of=as_of)
    first = hour(0)
    return [
        (row["site"], int((row["start"] - first).total_seconds() // 3600), row["value"])
        for row in found.iter_rows(named=True)
    ]


def test_values_come_back_as_they_went_in(store: Store, load: Import, tmp_path: Path) -> None:
    receipt = load("a.csv", [("b", 3, 2.5), ("a", 4, 7.0), ("a", 3, 1.1)])
    assert (receipt.received, receipt.stored, receipt.duplicate) == (3, 3, 0)
    assert receipt.closed
    found = store.observations()
    kept = store.raw.keep(tmp_path / "a.csv")
    assert found.drop("commit").rows() == [
        ("a", "so2", hour(3), hour(4), 1.1, 1, 0, kept.sha256, 4),
        ("a", "so2", hour(4), hour(5), 7.0, 1, 0, kept.sha256, 3),
        ("b", "so2", hour(3), hour(4), 2.5, 1, 0, kept.sha256, 2),
    ]


def test_reads_pick_sites_items_and_period(store: Store, load: Import) -> None:
    load("a.csv", [(site, at, at) for site in "abc" for at in range(6)])
    found = store.observations(["a", "c"], ["so2"], start=hour(2), end=hour(4))
    assert found.select("site", "value").rows() == [("a", 2), ("a", 3), ("c", 2), ("c", 3)]
    assert store.observations(["nobody"]).is_empty()
    assert store.observations(items=["no2"]).is_empty()
    assert store.observations(statistic="24h").is_empty()
    assert store.extent() == (hour(0), hour(6))
    assert store.extent("24h") is None


def test_many_series_are_picked_by_a_frame(store: Store, load: Import) -> None:
    names = [f"{number:03d}" for number in range(150)]
    load("a.csv", [(name, 0, 1.0) for name in names])
    assert store.observations(names[20:120])["site"].to_list() == names[20:120]


def test_identical_values_are_duplicates_within_and_across_files(
    store: Store, load: Import
) -> None:
    first = load("a.csv", [("a", 0, 1.0), ("a", 0, 1.0), ("a", 1, 2.0)])
    again = load("b.csv", [("a", 0, 1.0), ("a", 1, 2.0), ("a", 2, 3.0)])
    assert (first.stored, first.duplicate) == (2, 1)
    assert (again.stored, again.corrected, again.duplicate) == (1, 0, 2)
    assert standing(store) == [("a", 0, 1.0), ("a", 1, 2.0), ("a", 2, 3.0)]
    assert store.flags().is_empty()


def test_a_correction_keeps_the_former_value(store: Store, load: Import) -> None:
    first = load("a.csv", [("a", 0, 1.0), ("a", 1, 2.0)])
    second = load("b.csv", [("a", 0, 1.5), ("a", 1, 2.0)], actor="ben")
    assert (second.stored, second.corrected, second.duplicate) == (1, 1, 1)
    assert standing(store) == [("a", 0, 1.5), ("a", 1, 2.0)]
    assert standing(store, first.commit) == [("a", 0, 1.0), ("a", 1, 2.0)]
    (former,) = store.history("a", "so2", "1h", hour(0)).rows(named=True)
    known_at = dict(store.commits().select("commit", "known_at").iter_rows())
    assert (former["value"], former["actor"]) == (1.0, "ben")
    assert former["superseded_at"] == known_at[former["superseded_commit"]]
    assert store.history("a", "so2", "1h", hour(1)).is_empty()


def test_an_hour_told_twice_keeps_both_and_is_flagged(store: Store, load: Import) -> None:
    receipt = load("a.csv", [("a", 0, 1.0), ("a", 0, 2.0), ("a", 0, 2.0), ("a", 1, 5.0)])
    assert (receipt.stored, receipt.corrected, receipt.duplicate) == (3, 0, 1)
    assert standing(store) == [("a", 0, 2.0), ("a", 1, 5.0)]
    assert store.history("a", "so2", "1h", hour(0))["value"].to_list() == [1.0]
    (mark,) = store.flags().rows(named=True)
    assert (mark["check"], mark["limit"]) == ("repeated_hour", "later row wins")
    assert mark["reason"] == "row 2 says 1.0, row 3 says 2.0"
    assert (mark["start"], mark["end"]) == (hour(0), hour(1))
    assert store.observations()["quality"].to_list() == [2, 0]


def test_an_hour_told_again_in_a_later_batch_is_the_same_conflict(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("a")
    with store.begin_import("tidy", store.raw.keep(tmp_path / "a.csv"), "ann") as running:
        running.write(values([("a", 0, 1.0)]), rejected(), 1)
        running.write(values([("a", 0, 2.0)], first_row=3), rejected(), 1)
        total = running.finish()
    assert (total.stored, total.corrected) == (2, 0)
    assert store.flags()["reason"].to_list() == ["row 2 says 1.0, row 3 says 2.0"]
    assert store.observations()["quality"].to_list() == [2]


def test_the_same_file_told_again_is_no_news(store: Store, load: Import) -> None:
    rows = [("a", 0, 1.0), ("a", 0, 2.0), ("a", 0, 1.0), ("a", 1, 3.0)]
    load("a.csv", rows)
    load("b.csv", [("a", 0, 9.0), ("a", 1, 9.5)])
    again = load("a.csv", rows)
    assert (again.stored, again.duplicate) == (0, 4)
    assert standing(store) == [("a", 0, 9.0), ("a", 1, 9.5)]
    assert store.flags().height == 1


def test_a_mended_reading_of_the_same_row_is_a_correction(store: Store, load: Import) -> None:
    load("a.csv", [("a", 0, 50.0)])
    mended = load("a.csv", [("a", 0, 5.0)])
    assert (mended.stored, mended.corrected) == (1, 1)
    back = load("a.csv", [("a", 0, 50.0)])
    assert (back.stored, back.corrected) == (1, 1)
    assert standing(store) == [("a", 0, 50.0)]
    assert store.flags().is_empty()


def test_a_changed_end_is_a_correction(store: Store, load: Import, tmp_path: Path) -> None:
    load("a.csv", [("a", 0, 1.0)])
    (tmp_path / "b.csv").write_text("b")
    running = store.begin_import("tidy", store.raw.keep(tmp_path / "b.csv"), "ann")
    longer = values([("a", 0, 1.0)]).with_columns(pl.lit(hour(2)).alias("end"))
    assert running.write(longer, rejected(), 1).corrected == 1
    assert store.observations()["end"].to_list() == [hour(2)]


def test_several_statistics_in_one_batch_are_one_commit(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a")
    hourly = values([("a", 0, 1.0), ("a", 0, 2.0)])
    daily = hourly.with_columns(pl.lit("24h").alias("statistic"))
    running = store.begin_import("tidy", store.raw.keep(tmp_path / "a.csv"), "ann")
    receipt = running.write(pl.concat([hourly, daily]), rejected(), 4)
    assert receipt.stored == 4
    assert store.flags()["flag"].to_list() == [1, 2]
    assert store.observations(statistic="24h")["commit"].to_list() == [receipt.commit]


def test_rejected_cells_are_kept_with_row_text_and_reason(store: Store, load: Import) -> None:
    receipt = load(
        "a.csv", [("a", 0, 1.0)], refused=[(3, "abc", "not a number"), (4, "-999", "sentinel")]
    )
    assert (receipt.received, receipt.stored, receipt.rejected) == (3, 1, 2)
    found = store.quarantine().select("feed", "name", "raw_row", "column", "text", "reason")
    assert found.rows() == [
        ("tidy", "a.csv", 3, "so2", "abc", "not a number"),
        ("tidy", "a.csv", 4, "so2", "-999", "sentinel"),
    ]
    assert store.quarantine(feed="other").is_empty()


def test_a_batch_that_does_not_balance_leaves_nothing(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a")
    running = store.begin_import("tidy", store.raw.keep(tmp_path / "a.csv"), "ann")
    before = store.last_commit
    with pytest.raises(ReceiptUnbalanced, match="received 3 is not stored 1"):
        running.write(values([("a", 0, 1.0)]), rejected(), 3)
    assert store.last_commit == before
    assert store.observations().is_empty()
    assert running.write(values([("a", 0, 1.0)]), rejected(), 1).stored == 1


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda rows: rows.drop("end"), "need the columns end"),
        (lambda rows: rows.with_columns(pl.lit(None).alias("site")), "have empty site"),
        (lambda rows: rows.with_columns(pl.lit(float("nan")).alias("value")), "not numbers"),
        (lambda rows: rows.with_columns(pl.lit("x").alias("value")), "wrong type"),
        (lambda rows: rows.with_columns(pl.lit(None).alias("raw_row")), "have empty raw_row"),
    ],
)
def test_values_that_are_no_values_are_refused(
    store: Store, tmp_path: Path, spoil: object, message: str
) -> None:
    (tmp_path / "a.csv").write_text("a")
    running = store.begin_import("tidy", store.raw.keep(tmp_path / "a.csv"), "ann")
    with pytest.raises(BadInput, match=message):
        running.write(spoil(values([("a", 0, 1.0)])), rejected(), 1)  # type: ignore[operator]
    assert store.observations().is_empty()


def test_batches_out_of_order_are_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a")
    running = store.begin_import("tidy", store.raw.keep(tmp_path / "a.csv"), "ann")
    running.write(values([("a", 0, 1.0), ("a", 1, 1.0)]), rejected(), 2)
    with pytest.raises(BadInput, match="row 3 comes after row 3"):
        running.write(values([("a", 2, 1.0)], first_row=3), rejected(), 1)


def test_an_import_cut_short_goes_on_where_it_stopped(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a")
    kept = store.raw.keep(tmp_path / "a.csv")
    parts = [values([("a", 0, 1.0), ("a", 1, 2.0)]), values([("a", 1, 3.0)], first_row=4)]
    with store.begin_import("tidy", kept, "ann") as first:
        first.write(parts[0], rejected(), 2)
    with pytest.raises(BadInput, match="no longer held"):
        first.write(parts[1], rejected(), 1)
    second = store.begin_import("tidy", kept, "ann")
    assert (second.import_id, second.resume_row) == (first.import_id, 3)
    assert second.write(parts[0], rejected(), 2).received == 0
    second.write(parts[1], rejected(), 1)
    total = second.finish()
    assert (total.received, total.stored, total.duplicate) == (3, 3, 0)
    receipts = store.receipts("import").rows(named=True)
    assert [(row["received"], row["stored"], row["closed"]) for row in receipts] == [(3, 3, True)]
    assert store.flags()["check"].to_list() == ["repeated_hour"]


def test_one_import_is_written_by_one_caller(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a")
    kept = store.raw.keep(tmp_path / "a.csv")
    running = store.begin_import("tidy", kept, "ann")
    with pytest.raises(BadInput, match="under way"):
        store.begin_import("tidy", kept, "ben")
    other = store.begin_import("another-feed", kept, "ben")
    assert other.import_id != running.import_id
    running.finish()
    with pytest.raises(BadInput, match="closed"):
        running.write(values([("a", 0, 1.0)]), rejected(), 1)
    assert store.begin_import("tidy", kept, "ben").import_id == 3


def test_receipts_add_up_by_batch_import_and_hour(store: Store, load: Import) -> None:
    load("a.csv", [("a", 0, 1.0)], refused=[(3, "x", "not a number")])
    load("b.csv", [("a", 0, 2.0), ("a", 1, 1.0)])
    for by in ("batch", "import", "hour"):
        found = store.receipts(by)
        balance = found["stored"] + found["duplicate"] + found["rejected"]
        assert found["received"].to_list() == balance.to_list()
        assert found["received"].sum() == 4
    assert store.receipts("import", import_id=2)["corrected"].to_list() == [1]
    assert store.receipts("import")["actor"].to_list() == ["ann", "ann"]
    with pytest.raises(BadInput, match="not by 'year'"):
        store.receipts("year")


def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a")
    with Store.open(tmp_path / "data") as store:
        running = store.begin_import("tidy", store.raw.keep(tmp_path / "a.csv"), "ann")
        running.write(values([("a", 0, 1.0), ("b", 0, 2.0)]), rejected(), 2)
        running.finish()
        before = (store.observations(), store.commits(), store.series(), store.last_commit)
    (tmp_path / "data").rename(tmp_path / "moved")
    with Store.open(tmp_path / "moved") as store:
        after = (store.observations(), store.commits(), store.series(), store.last_commit)
    assert all(
        one.equals(two) if isinstance(one, pl.DataFrame) else one == two
        for one, two in zip(before, after, strict=True)
    )
