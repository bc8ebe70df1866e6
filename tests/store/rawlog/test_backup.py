"""A backup holds the segments as far as they were durable at its commit, while writers go on."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from fenhe.base.errors import BadInput
from fenhe.store import Store
from fenhe.store.backups import Pinned
from fenhe.store.rawlog import Rotation, StreamLog
from fenhe.store.rawlog.verify import verify
from tests.store.rawlog import killed
from tests.store.rawlog.support import WAIT, payloads, write


def nothing() -> None:
    """Do nothing in the pinned moment."""


def copied(pinned: Pinned, data: Path, target: Path) -> None:
    """Copy what a backup copies: so many bytes of each file."""
    for name, size in pinned.files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with (data / name).open("rb") as source:
            path.write_bytes(source.read(size))


def test_a_backup_under_load_holds_all_its_commit_knows(tmp_path: Path) -> None:
    data, stop = tmp_path / "data", threading.Event()
    with Store.open(data) as store:
        log = store.stream("main", killed.ROTATION)
        notes = killed.Notes(str(tmp_path / "notes"))
        writers = killed.writers(log, notes, 1, stop, pause=0.002)
        reader = threading.Thread(target=killed.follow, args=(store, stop))
        reader.start()
        try:
            for number in range(3):
                target = tmp_path / f"copy{number}"
                (target / "lake").mkdir(parents=True)
                before = store.last_commit
                while store.last_commit < before + 3 and reader.is_alive():
                    stop.wait(0.01)
                with store.pinned(target / "lake" / "catalogue.ducklake", nothing) as pinned:
                    stop.wait(0.2)  # the log grows and turns over meanwhile
                    copied(pinned, data, target)
                check_copy(target, pinned.commit)
        finally:
            stop.set()
            for thread in (*writers, reader):
                thread.join(WAIT)


def check_copy(target: Path, commit: int) -> None:
    """Open the copy: the log holds, and every value the store knows is in it."""
    with Store.open(target) as store:
        assert store.last_commit == commit
        assert store.verify_stream("main").problems == []
        stored = store.observations().select("raw_sha256", "raw_row").unique()
        assert stored.height > 0
        shelf = store.streams.shelf("main")
        there = {
            (segment.id, entry.number)
            for segment in shelf.segments()
            for entry in shelf.read(segment.id)
        }
        assert set(stored.iter_rows()) <= there
        write(store.stream("main", killed.ROTATION), b"after")
        assert store.verify_stream("main").problems == []


def test_an_open_segment_is_copied_to_its_durable_end(tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "copy"
    (target / "lake").mkdir(parents=True)
    with Store.open(data) as store:
        log = store.stream("main")
        write(log, b"before")
        size = log.segments()[0].bytes
        with store.pinned(target / "lake" / "catalogue.ducklake", nothing) as pinned:
            write(log, b"after")
            log.seal()
            write(log, b"later")
            assert pinned.files["raw/stream/main/00000001.seg"] == size
            assert pinned.segments == {"raw/stream/main/00000001.seg": ""}
            copied(pinned, data, target)
            # nothing is removed while it is copied
            with pytest.raises(BadInput, match="being backed up"), store.streams.kept():
                pass
    log = StreamLog(target / "raw" / "stream" / "main")
    assert payloads(list(log.read(log.segments()[0].id))) == [b"before"]
    log.close()


def test_logs_nobody_writes_are_in_a_backup_too(tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "copy"
    (target / "lake").mkdir(parents=True)
    with Store.open(data) as store:
        log = store.stream("old", Rotation(size=500))
        for _ in range(3):
            write(log, b"x" * 400)
        store.note_streams()
    log = StreamLog(data / "raw" / "stream" / "torn")
    write(log, b"whole")
    log.close()
    with log.segments()[0].path.open("ab") as file:
        file.write(b"torn")
    shutil.copytree(data / "raw" / "stream" / "torn", tmp_path / "apart")
    with Store.open(data) as store:
        with store.pinned(target / "lake" / "catalogue.ducklake", nothing) as pinned:
            copied(pinned, data, target)
            noted = store.noted_streams("old")["sha256"].to_list()
        assert [sha for sha in pinned.segments.values() if sha] == noted
        assert len(noted) == 2
    with Store.open(target) as store:
        assert store.streams.names() == ["old", "torn"]
        for gateway in store.streams.names():
            assert verify(store.streams.shelf(gateway)).ok
        assert (target / "raw" / "stream" / "torn" / "00000001.seg").stat().st_size == (
            (tmp_path / "apart" / "00000001.seg").stat().st_size - len(b"torn")
        )
