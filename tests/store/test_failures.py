"""A write that fails leaves nothing behind, and the next one works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from fenhe.store import Store, StoreError
from fenhe.store.lake import Session
from tests.store.conftest import Import, flag, hour, rejected, values


@pytest.mark.parametrize(
    "table", ["series", "history", "observation", "quarantine", "receipt", "commit_log"]
)
def test_a_full_disk_keeps_nothing_of_the_batch(
    store: Store, load: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    load("a.csv", [("a", 0, 1.0), ("a", 1, 2.0)])
    before = (store.observations(), store.receipts(), store.latest(), store.series())
    (tmp_path / "b.csv").write_text("b")
    running = store.begin_import("tidy", store.raw.keep(tmp_path / "b.csv"), "ann")
    opened = store.last_commit
    batch = (values([("a", 0, 9.0), ("a", 2, 3.0), ("z", 0, 1.0)]), rejected([(9, "x", "no")]), 4)
    real = Session.insert

    def full(self: Session, name: str, *rest: Any, **same: Any) -> int:
        if name == table:
            raise duckdb.IOException("No space left on device")
        return real(self, name, *rest, **same)

    monkeypatch.setattr(Session, "insert", full)
    with pytest.raises(StoreError, match=r"kept nothing of this write.*No space left"):
        running.write(*batch)
    monkeypatch.undo()
    after = (store.observations(), store.receipts(), store.latest(), store.series())
    assert all(one.equals(two) for one, two in zip(before, after, strict=True))
    assert store.last_commit == opened
    assert store.history("a", "so2", "1h", hour(0)).is_empty()
    assert running.write(*batch).stored == 3
    assert store.latest()["value"].to_list() == [3.0, 1.0]


def test_a_commit_that_fails_is_rolled_back(
    store: Store, load: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("a.csv", [("a", 0, 1.0)])

    class Refusing:
        """The connection of the writer, unable to commit."""

        def __init__(self, real: Any) -> None:
            self._real = real

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

        def commit(self) -> None:
            raise duckdb.IOException("disk gone")

    before = store.last_commit
    with monkeypatch.context() as patch:
        patch.setattr(store._lake, "_writing", Refusing(store._lake._writing))
        with pytest.raises(StoreError, match="disk gone"):
            store.add_flags(flag("a", 0, 1), "ann")
    assert store.last_commit == before
    assert store.flags().is_empty()
    assert store.observations()["quality"].to_list() == [0]
    store.add_flags(flag("a", 0, 1), "ann")
    assert store.observations()["quality"].to_list() == [3]


def test_a_read_that_fails_says_so(store: Store) -> None:
    with pytest.raises(StoreError, match="could not be read"):
        store._lake.read("SELECT * FROM nowhere")
    assert store.observations().is_empty()
