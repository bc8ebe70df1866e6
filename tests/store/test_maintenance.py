"""Upkeep changes files, never answers; the clock of knowledge never runs back; threads agree."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fenhe.store import Store, lake
from tests.store.conftest import Import, flag, hour, rejected, values


def test_many_small_files_become_few_and_answers_stay(store: Store, load: Import) -> None:
    for at in range(6):
        load(f"{at}.csv", [("a", at, at), ("b", at, at), ("a", max(at - 1, 0), at)])
    store.add_flags(flag("b", 0, 9), "ann")
    last = store.last_commit
    before = [store.observations(as_of=commit) for commit in range(last + 1)]
    standing = store.observations()
    done = store.maintain(keep=timedelta(0))
    assert done.files_after < done.files_before
    assert done.commit == store.last_commit == last + 1
    assert store.observations().equals(standing)
    for commit, known in enumerate(before):
        assert store.observations(as_of=commit).equals(known)
    assert store.commits()["actor"].to_list()[-1] == "maintenance"
    receipt = store._lake.read("SELECT * FROM maintenance").row(0, named=True)
    assert (receipt["files_before"], receipt["files_after"]) == (
        done.files_before,
        done.files_after,
    )


def test_files_of_running_reads_are_kept(store: Store, load: Import) -> None:
    for at in range(4):
        load(f"{at}.csv", [("a", at, at)])
    before = set((store.folder / "lake" / "data").rglob("*.parquet"))
    store.maintain()
    assert before <= set((store.folder / "lake" / "data").rglob("*.parquet"))
    store.maintain(keep=timedelta(0))
    assert not before <= set((store.folder / "lake" / "data").rglob("*.parquet"))
    assert store.observations()["value"].to_list() == [0.0, 1.0, 2.0, 3.0]


def test_known_at_does_not_run_backwards(tmp_path: Path) -> None:
    moments = iter([datetime(2026, 3, 1, 5), datetime(2026, 3, 1, 4)])
    with Store.open(tmp_path, clock=lambda: next(moments)) as store:
        store.add_flags(flag("a", 0, 1), "ann")
        store.add_flags(flag("a", 1, 2), "ann")
        known = store.commits()["known_at"].to_list()
    assert known == [datetime(2026, 3, 1, 5)] * 2
    with Store.open(tmp_path, clock=lambda: datetime(2026, 2, 1)) as store:
        store.add_flags(flag("a", 2, 3), "ann")
        assert store.commits()["known_at"].to_list() == [datetime(2026, 3, 1, 5)] * 3
        assert store.commits()["commit"].to_list() == [1, 2, 3]


def test_threads_write_in_turn_and_readers_see_whole_commits(store: Store, tmp_path: Path) -> None:
    def write(worker: int) -> None:
        (tmp_path / f"{worker}.csv").write_text(str(worker))
        kept = store.raw.keep(tmp_path / f"{worker}.csv")
        running = store.begin_import("tidy", kept, f"w{worker}")
        for at in range(4):
            rows = [(f"{worker}{site}", at, 1.0) for site in "abc"]
            running.write(values(rows, first_row=2 + at * 3), rejected(), 3)
        running.finish()

    def read(_: int) -> bool:
        found = store.observations(start=hour(0))
        return all(count == 3 for _, count in found.group_by("commit").len().iter_rows())

    with ThreadPoolExecutor(6) as pool:
        writers = [pool.submit(write, worker) for worker in range(3)]
        assert all(pool.map(read, range(20)))
        for writer in writers:
            writer.result()
    assert store.observations().height == 3 * 4 * 3
    assert store.commits()["commit"].to_list() == list(range(1, store.last_commit + 1))
    assert store.receipts("import")["stored"].to_list() == [12, 12, 12]


def test_a_light_round_changes_no_answer_and_leaves_large_files(
    store: Store, load: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake, "_LARGE", 1_000)  # bytes: every file counts as large
    for at in range(4):
        load(f"{at}.csv", [("a", at, at), ("b", at, at), ("a", max(at - 1, 0), at)])
    known = [store.observations(as_of=commit) for commit in range(store.last_commit + 1)]
    files = store._lake.files("observation")
    store.maintain(keep=timedelta(0), thorough=False)
    assert store._lake.files("observation") >= files // 2
    monkeypatch.setattr(lake, "_FEW", 2)
    store.maintain(keep=timedelta(0), thorough=False)
    assert store._lake.files("observation") < files
    for commit, frame in enumerate(known):
        assert store.observations(as_of=commit).equals(frame)


def test_a_writer_comes_in_between_the_steps_of_a_round(
    store: Store, load: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(5):
        load(f"{at}.csv", [("a", at, at)])
    real, free = lake.Lake._step, []

    def step(self: lake.Lake, call: str, *, removes: bool = False) -> None:
        with ThreadPoolExecutor(1) as other:  # another thread can have the writer lock now
            taken = other.submit(self.writer.acquire, timeout=60)
            free.append(taken.result())
            other.submit(self.writer.release).result()
        real(self, call, removes=removes)

    monkeypatch.setattr(lake.Lake, "_step", step)
    store.maintain(keep=timedelta(0))
    assert len(free) > 3
    assert all(free)
