"""Segments as raw files of the store: every entry's values once, however often one starts over."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.store import Store
from fenhe.store.raw import of_segment
from fenhe.store.rawlog import NewEntry, Position, Rotation, StreamLog
from tests.store.conftest import flag, hour, rejected, values
from tests.store.rawlog import killed
from tests.store.rawlog.support import Answers, received, write
from tests.store.rawlog.test_killed import check_stored


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "data") as opened:
        yield opened


def filled(log: StreamLog, count: int, run: int = 1) -> None:
    """Append frames, some of them sent ones and notes, and wait for the last."""
    answers = Answers()
    for number in range(count):
        log.append([NewEntry("in", 1, killed.frame(f"{run}/0/{number}"))], answers)
        if number % 3 == 0:
            log.append([NewEntry("out", 1, b"answer"), NewEntry("note", 1, b"{}")], answers)
    answers.wait(count + (count + 2) // 3)


def test_whatever_the_batches_and_the_breaks_every_value_is_stored_once(store: Store) -> None:
    log = store.stream("main", killed.ROTATION)
    chance = random.Random(7)
    done = threading.Event()
    done.set()
    for run in range(1, 5):
        filled(log, 150, run)
        breaks(store, log, chance)
        if run % 2:
            killed.follow(store, done, most=chance.choice((3, 50, 7000)), wait=0.0)
    killed.follow(store, done, wait=0.0)
    frames = sum(segment.entries for segment in log.segments())
    assert store.receipts("import")["received"].sum() == 600 < frames
    check_stored(store, log)


def breaks(store: Store, log: StreamLog, chance: random.Random) -> None:
    """Take some batches and stop anywhere, leaving an import unfinished."""
    closed = store.receipts("import").filter("closed")["raw_sha256"].to_list()
    first = next(segment for segment in log.segments() if segment.id not in closed)
    follower = log.follow(Position(first.id, 0))
    with store.begin_import(killed.FEED, of_segment(first), "reader") as load:
        for _ in range(chance.randrange(4)):
            taken = follower.take(chance.choice((1, 10, 60)))
            if taken is None or taken.segment.id != first.id:
                break
            told, refused, count = killed.decoded(taken.entries)
            load.write(told, refused, count, flags=killed.flagged(told), upto=taken.upto)
            if taken.ended:
                load.finish()
                break


def test_evidence_is_the_entry(store: Store) -> None:
    log = store.stream("main")
    written = write(log, killed.frame("1/0/0"), killed.frame("1/0/1"))
    done = threading.Event()
    done.set()
    killed.follow(store, done, wait=0.0)
    [segment] = log.segments()
    for row in store.observations().iter_rows(named=True):
        assert row["raw_sha256"] == written.segment == segment.id
        assert store.raw.verify(row["raw_sha256"]) == segment.path
        [entry] = log.read(segment.id, row["raw_row"] - 1, row["raw_row"])
        site, at, value = killed.read_value(entry)
        assert (site, hour(at), value) == (row["site"], row["start"], row["value"])
    assert store.kept().row(0, named=True)["name"] == "stream/main/00000001.seg"


def test_the_same_segment_again_brings_what_could_not_be_read_before(store: Store) -> None:
    log = store.stream("main")
    write(log, *(killed.frame(f"1/0/{number}") for number in range(6)))
    log.seal()
    [segment] = log.segments()
    entries = list(log.read(segment.id))
    half, _, count = killed.decoded(entries[:3])
    with store.begin_import(killed.FEED, of_segment(segment), "reader") as load:
        load.write(half, rejected([(4, "1", "unknown_code"), (5, "1", "unknown_code")]), count + 2)
        load.finish()
    whole, none, count = killed.decoded(entries)
    with store.begin_import(killed.FEED, of_segment(segment), "ann") as load:
        receipt = load.write(whole, none, count)
        load.finish()
    assert (receipt.received, receipt.stored, receipt.duplicate) == (6, 3, 3)
    assert store.observations().height == 6


def test_flags_of_a_source_are_in_the_commit_of_its_values(store: Store) -> None:
    log = store.stream("main")
    write(log, b"x")
    told = values([("a", 0, 1.0), ("a", 1, 2.0), ("new", 1, 3.0)], first_row=1)
    marks = pl.concat(
        [flag("a", 1, 2, "logger_fault"), flag("other", 0, 1, "logger_fault")]
    ).with_columns(pl.Series("raw_row", [2, 3]))
    with store.begin_import(killed.FEED, of_segment(log.segments()[0]), "reader") as load:
        receipt = load.write(told, rejected(), 3, flags=marks)
        flags = store.flags()
        assert flags["commit"].to_list() == [receipt.commit] * 2
        assert flags["who"].to_list() == ["reader"] * 2
        assert [q > 0 for q in store.observations()["quality"]] == [False, True, False]
        assert sorted(store.series()["site"].unique()) == ["a", "new", "other"]
        assert store.series()["series"].n_unique() == 3


def test_a_flag_told_again_is_not_written_again_nor_resurrected(store: Store) -> None:
    log = store.stream("main")
    write(log, b"x")
    log.seal()
    told = values([("a", 0, 1.0)], first_row=1)
    mark = flag("a", 0, 1, "logger_fault").with_columns(pl.lit(1).alias("raw_row"))
    for number in range(3):
        with store.begin_import(killed.FEED, of_segment(log.segments()[0]), "reader") as load:
            load.write(told, rejected(), 1, flags=mark)
            load.finish()
        assert store.flags().height == 1
        if number == 1:
            store.clear_flag(store.flags()["flag"][0], "ann", "looked at it")
    assert store.flags(cleared=False).is_empty()
    assert store.observations()["quality"].to_list() == [0]


def test_a_flag_of_a_source_covers_values_that_stood_before(store: Store) -> None:
    log = store.stream("main")
    write(log, b"x")
    with store.begin_import(killed.FEED, of_segment(log.segments()[0]), "reader") as load:
        load.write(values([("a", 0, 1.0)], first_row=1), rejected(), 1)
        mark = flag("a", 0, 1, "logger_fault").with_columns(pl.lit(2).alias("raw_row"))
        load.write(values([]), rejected(), 0, flags=mark)
    assert store.observations()["quality"].item() > 0
    assert store.latest()["quality"].item() > 0
    with pytest.raises(BadInput, match="raw_row"):
        store.begin_import("x", of_segment(log.segments()[0]), "reader").write(
            values([]), rejected(), 0, flags=flag("a", 0, 1)
        )


def test_the_position_moves_over_entries_without_values(store: Store) -> None:
    log = store.stream("main")
    write(log, b"value", b"nothing", b"nothing")
    file = of_segment(log.segments()[0])
    with store.begin_import(killed.FEED, file, "reader") as load:
        load.write(values([("a", 0, 1.0)], first_row=1), rejected(), 1, upto=3)
    with store.begin_import(killed.FEED, file, "reader") as load:
        assert load.resume_row == 3


def test_sealed_segments_are_noted_by_upkeep(store: Store) -> None:
    log = store.stream("main", Rotation(size=500))
    for _ in range(4):
        write(log, b"x" * 400)
    assert store.noted_streams("main").is_empty()
    store.maintain()
    noted = store.noted_streams("main")
    sealed = [segment for segment in log.segments() if segment.sealed]
    assert noted["head"].to_list() == [segment.head for segment in sealed]
    assert noted["bytes"].to_list() == [segment.path.stat().st_size for segment in sealed]
    assert len(sealed) == 3


def test_a_log_and_a_store_are_closed_together(tmp_path: Path) -> None:
    answers = Answers()
    with Store.open(tmp_path / "data") as store:
        log = store.stream("main")
        for number in range(50):
            log.append(received(b"%d" % number), answers)
    assert len(answers.all) == 50
    with Store.open(tmp_path / "data") as store:
        assert store.stream("main").segments()[0].entries == 50
