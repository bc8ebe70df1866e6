"""Imports of segments: another value is a correction, frames are counted, cells are taken up."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.store import RawFile, Store
from tests.store.conftest import HOUR, hour, rejected, values

SEGMENT = RawFile("a" * 64, 0, Path("x"), "stream/main/00000001.seg")
LATER = RawFile("b" * 64, 0, Path("x"), "stream/main/00000002.seg")
FEED, REPLAY = "hj212:main", "hj212-replay:main"
CAME = datetime(2026, 1, 1, 5)


def frames(rows: list[tuple[int, bool, bool]], at: datetime = CAME) -> pl.DataFrame:
    """Return frames: entry, whether it holds values, whether it is refused."""
    return pl.DataFrame(
        [(row, at, has, refused) for row, has, refused in rows],
        {
            "raw_row": pl.Int64,
            "hour": pl.Datetime("us"),
            "values": pl.Boolean,
            "refused": pl.Boolean,
        },
        orient="row",
    )


def standing(store: Store) -> dict[tuple[str, datetime], float]:
    rows = store.observations(statistic="1h").select("site", "start", "value").iter_rows()
    return {(site, start): value for site, start, value in rows}


def history(store: Store, site: str, number: int) -> list[float]:
    return store.history(site, "so2", "1h", hour(number))["value"].to_list()


@pytest.mark.parametrize("apart", [False, True])
def test_another_value_of_a_record_is_a_correction_without_a_flag(
    store: Store, apart: bool
) -> None:
    with store.begin_import(FEED, SEGMENT, "test") as load:
        if apart:
            load.write(values([("a", 0, 10)], 1), rejected(), 1)
            receipt = load.write(values([("a", 0, 20)], 5), rejected(), 1)
        else:
            both = pl.concat([values([("a", 0, 10)], 1), values([("a", 0, 20)], 5)])
            receipt = load.write(both, rejected(), 2)
    assert receipt.corrected == 1
    assert standing(store) == {("a", hour(0)): 20.0}
    assert history(store, "a", 0) == [10.0]
    assert store.flags().is_empty()


def test_a_file_still_has_its_conflicts_flagged(store: Store, tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("x")
    raw = store.raw.keep(tmp_path / "f.csv")
    with store.begin_import("tidy", raw, "test") as load:
        both = pl.concat([values([("a", 0, 10)], 1), values([("a", 0, 20)], 5)])
        load.write(both, rejected(), 2)
    assert store.flags()["check"].to_list() == ["repeated_hour"]


def test_frames_are_counted_by_the_hour_they_came(store: Store) -> None:
    with store.begin_import(FEED, SEGMENT, "test") as load:
        load.write(
            values([("a", 0, 10), ("a", 1, 11)], 1),
            rejected([(3, "##", "reject_crc")]),
            3,
            frames=frames(
                [(1, True, False), (2, True, False), (3, False, True), (4, False, False)]
            ),
        )
        again = pl.concat([values([("a", 0, 10)], 5), values([("a", 2, 12), ("a", 1, 11)], 6)])
        load.write(
            again, rejected(), 3,
            frames=pl.concat([
                frames([(5, True, False), (6, True, False)]),
                frames([(7, True, False)], CAME + HOUR),
            ]),
        )  # fmt: skip
    told = store.frame_receipts(FEED)
    assert told.select("hour", "received", "accepted", "duplicate", "rejected").rows() == [
        (CAME, 6, 4, 1, 1),
        (CAME + HOUR, 1, 0, 1, 0),
    ]
    assert store.frame_receipts("other").is_empty()


def test_frames_without_values_move_the_position(store: Store) -> None:
    with store.begin_import(FEED, SEGMENT, "test") as load:
        load.write(values([]), rejected(), 0, frames=frames([(3, False, False)]), upto=4)
        assert load.total.last_row == 4
    with store.begin_import(FEED, SEGMENT, "test") as load:
        assert load.resume_row == 4
        load.write(values([]), rejected(), 0, frames=frames([(3, False, False)]), upto=4)
    assert store.frame_receipts()["received"].sum() == 1


def test_a_refused_cell_is_no_longer_open_once_it_is_taken_up(store: Store) -> None:
    with store.begin_import(FEED, SEGMENT, "test") as load:
        cells = rejected([(1, "10", "unknown_code:x"), (2, "?", "not_a_number")])
        load.write(values([]), cells, 2)
    cells = pl.DataFrame({"raw_row": [1], "raw_column": ["so2"]})
    with store.begin_import(REPLAY, SEGMENT, "test") as load:
        load.write(values([("a", 0, 10)], 1), rejected(), 1, mended=cells)
        load.finish()
    assert store.quarantine(standing=True)["raw_row"].to_list() == [2]
    assert store.quarantine()["raw_row"].to_list() == [1, 2]
    assert standing(store) == {("a", hour(0)): 10.0}


def test_a_cell_refused_again_when_taken_up_stays_open_with_its_new_reason(store: Store) -> None:
    with store.begin_import(FEED, SEGMENT, "test") as load:
        load.write(values([]), rejected([(1, "9999.99", "unknown_code:x")]), 1)
    with store.begin_import(REPLAY, SEGMENT, "test") as load:
        cells = pl.DataFrame({"raw_row": [1], "raw_column": ["so2"]})
        load.write(values([]), rejected([(1, "9999.99", "sentinel")]), 1, mended=cells)
    assert store.quarantine(standing=True)["reason"].to_list() == ["sentinel"]


def told_at(frame: pl.DataFrame, commit: int) -> pl.DataFrame:
    return frame.with_columns(told=pl.lit(commit, dtype=pl.Int64))


def test_what_came_in_before_what_stands_becomes_history(store: Store) -> None:
    with store.begin_import(FEED, SEGMENT, "test") as load:
        first = load.write(values([]), rejected([(1, "10", "unknown_code:x")]), 1)
        load.write(values([("a", 0, 20)], 5), rejected(), 1)
    with store.begin_import(REPLAY, SEGMENT, "test") as load:
        receipt = load.write(told_at(values([("a", 0, 10)], 1), first.commit), rejected(), 1)
    assert (receipt.stored, receipt.corrected, receipt.duplicate) == (1, 0, 0)
    assert standing(store) == {("a", hour(0)): 20.0}
    assert history(store, "a", 0) == [10.0]


def test_what_came_in_after_what_stands_corrects_it(store: Store) -> None:
    with store.begin_import(FEED, SEGMENT, "test") as load:
        load.write(values([("a", 0, 20)], 1), rejected(), 1)
        second = load.write(values([]), rejected([(2, "10", "unknown_code:x")]), 1)
    with store.begin_import(REPLAY, SEGMENT, "test") as load:
        receipt = load.write(told_at(values([("a", 0, 10)], 2), second.commit), rejected(), 1)
    assert receipt.corrected == 1
    assert standing(store) == {("a", hour(0)): 10.0}
    assert history(store, "a", 0) == [20.0]


def test_the_same_value_taken_up_late_is_a_duplicate(store: Store) -> None:
    with store.begin_import(FEED, SEGMENT, "test") as load:
        first = load.write(values([]), rejected([(1, "20", "unknown_code:x")]), 1)
        load.write(values([("a", 0, 20)], 5), rejected(), 1)
    with store.begin_import(REPLAY, SEGMENT, "test") as load:
        receipt = load.write(told_at(values([("a", 0, 20)], 1), first.commit), rejected(), 1)
    assert (receipt.stored, receipt.duplicate) == (0, 1)
    assert history(store, "a", 0) == []


def test_the_whole_segment_read_again_changes_nothing(store: Store) -> None:
    rows: Any = [values([("a", 0, v)], n) for n, v in ((1, 10), (2, 20), (3, 10), (4, 30))]
    with store.begin_import(FEED, SEGMENT, "test") as load:
        for row in rows:
            load.write(row, rejected(), 1)
        load.finish()
    before = history(store, "a", 0)
    with store.begin_import(REPLAY, SEGMENT, "test") as load:
        receipt = load.write(pl.concat(rows), rejected(), 4)
    assert (receipt.stored, receipt.duplicate) == (0, 4)
    assert standing(store) == {("a", hour(0)): 30.0}
    assert history(store, "a", 0) == before == [10.0, 20.0, 10.0]


def test_a_later_segment_corrects_an_earlier_one(store: Store) -> None:
    for segment, value in ((SEGMENT, 10), (LATER, 20)):
        with store.begin_import(FEED, segment, "test") as load:
            load.write(values([("a", 0, value)], 1), rejected(), 1)
            load.finish()
    assert standing(store) == {("a", hour(0)): 20.0}


def test_what_goes_with_the_values_names_its_row(store: Store) -> None:
    with (
        store.begin_import(FEED, SEGMENT, "test") as load,
        pytest.raises(BadInput, match="needs the column raw_row"),
    ):
        load.write(values([]), rejected(), 0, frames=pl.DataFrame({"hour": [CAME]}))
    assert store.frame_receipts().is_empty()
