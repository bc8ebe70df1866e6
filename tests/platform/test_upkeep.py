"""Upkeep comes when small files have gathered, and rests after it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fenhe.platform import upkeep
from fenhe.platform.upkeep import Upkeep
from fenhe.store import Store
from tests.store.conftest import rejected, values


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "data") as store:
        yield store


def commit(store: Store, number: int) -> None:
    path = store.folder.parent / f"{number}.csv"
    path.write_text(str(number))
    load = store.begin_import("tidy", store.raw.keep(path), "ann")
    load.write(values([("a", number, 1.0)]), rejected(), 1)
    load.finish()


def test_new_files_call_for_a_round(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "FILES", 30)
    thread = Upkeep(opened)
    assert not thread.is_due()
    for number in range(5):
        commit(opened, number)
    assert opened.live_files() > 30
    assert thread.is_due()
    thread.work()
    assert opened.live_files() < 20
    assert not thread.is_due()  # nothing has come since


def test_few_commits_wait_for_a_quiet_while(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    thread = Upkeep(opened)
    for number in range(7):
        commit(opened, number)
    assert opened.last_commit >= upkeep.QUIET_COMMITS
    assert not thread.is_due()
    monkeypatch.setattr(upkeep, "QUIET_EVERY", 0.0)
    assert thread.is_due()
    monkeypatch.setattr(upkeep, "QUIET_COMMITS", 1_000)
    assert not thread.is_due()


def test_a_round_is_followed_by_rest(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "FILES", 1)
    monkeypatch.setattr(upkeep, "SHARE", 1e9)
    thread = Upkeep(opened)
    commit(opened, 0)
    thread.work()
    commit(opened, 1)
    assert not thread.is_due()


def test_the_thread_works_by_itself_and_outlives_an_error(
    opened: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "FILES", 10)
    monkeypatch.setattr(upkeep, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(upkeep, "QUIET_EVERY", 0.05)
    failures = iter([RuntimeError("disk asleep")])
    real = opened.live_files

    def live_files() -> int:
        for error in failures:
            raise error
        return real()

    monkeypatch.setattr(opened, "live_files", live_files)
    for number in range(4):
        commit(opened, number)
    thread = Upkeep(opened)
    thread.start()
    until = time.monotonic() + 60
    while opened.commits()["actor"].to_list()[-1] != "maintenance" and time.monotonic() < until:
        time.sleep(0.05)
    thread.stop()
    assert "maintenance" in opened.commits()["actor"].to_list()
    assert real() < 20
