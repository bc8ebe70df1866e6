"""A full disk and a disk that fails: nothing is acknowledged, the log says so, and it recovers."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fenhe.store.rawlog import Rotation, StreamFailed, StreamLog, Written
from fenhe.store.rawlog import log as module
from fenhe.store.rawlog.verify import verify
from tests.store.rawlog.conftest import Open
from tests.store.rawlog.support import (
    WAIT,
    Answers,
    Clock,
    everything,
    notes,
    outcome,
    payloads,
    received,
    write,
)

FULL = 2 << 20  # bytes of the small disk


def mounted(folder: Path) -> bool:
    """Mount a small disk on a folder; False where that is not allowed."""
    made = ["mount", "-t", "tmpfs", "-o", f"size={FULL}", "fenhe-test", str(folder)]
    done = subprocess.run(made, check=False, capture_output=True, timeout=60)
    return done.returncode == 0


def fill(ballast: Path) -> None:
    """Write until nothing more fits."""
    handle = os.open(ballast, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        while True:
            os.write(handle, bytes(4096))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
    finally:
        os.close(handle)


class Disk:
    """A folder that can be made full and given room again."""

    def __init__(self, folder: Path, *, real: bool) -> None:
        self.folder = folder
        self.real = real
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self, most: int | None = None) -> None:
        """Let nothing more be written; where only files are limited, to their size or ``most``."""
        if self.real:
            fill(self.folder / "ballast")
            return
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        size = max((path.stat().st_size for path in files), default=0) if most is None else most
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 200, self._limits[1]))

    def make_room(self) -> None:
        if self.real:
            (self.folder / "ballast").unlink(missing_ok=True)
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)


@pytest.fixture(params=["a small disk", "no file may grow"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A small disk where one may be mounted, else a limit on the size of files."""
    folder = tmp_path / "disk"
    folder.mkdir()
    real = request.param == "a small disk" and os.geteuid() == 0 and mounted(folder)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    made = Disk(folder, real=real)
    try:
        yield made
    finally:
        made.make_room()
        signal.signal(signal.SIGXFSZ, former)
        if real:
            subprocess.run(["umount", "-l", str(folder)], check=True, timeout=60)


@pytest.fixture
def log(disk: Disk, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[StreamLog]:
    monkeypatch.setattr(module, "RETRY", 0.02)
    opened = StreamLog(disk.folder / "main", clock, Rotation(size=200_000))
    yield opened
    disk.make_room()
    opened.close()


def until_it_works(log: StreamLog) -> None:
    until = time.monotonic() + WAIT
    while log.failed is not None:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_full_disk_acknowledges_nothing_and_recovers_by_itself(
    disk: Disk, log: StreamLog
) -> None:
    kept = [b"kept %d" % number + bytes(3000) for number in range(20)]
    for payload in kept:
        write(log, payload)
    disk.fill()
    for number in range(5):
        refused = outcome(log, received(*(b"lost %d" % number + bytes(9000) for _ in range(3))))
        assert isinstance(refused, StreamFailed)
        assert isinstance(log.failed, StreamFailed)
        assert payloads(everything(log)) == kept
    assert verify(log.shelf).problems == []
    disk.make_room()
    until_it_works(log)
    write(log, b"after")
    entries = everything(log)
    assert payloads(entries) == [*kept, b"after"]
    assert [entry.number for entry in entries] == list(range(1, 23))
    [note] = notes(entries)
    assert (note["note"], note["refused"]) == ("write_failed", 15)
    assert "No space" in note["reason"] or "File too large" in note["reason"]
    assert verify(log.shelf).problems == []


def test_a_disk_that_is_full_when_a_segment_turns_over(disk: Disk, log: StreamLog) -> None:
    kept = [b"%d" % number + bytes(20_000) for number in range(10)]
    for payload in kept:
        write(log, payload)
    assert log.live is not None
    assert log.live.bytes > 200_000
    disk.fill()
    assert isinstance(outcome(log, received(bytes(20_000))), StreamFailed)
    assert isinstance(outcome(log, received(bytes(20_000))), StreamFailed)
    disk.make_room()
    until_it_works(log)
    write(log, b"after")
    assert payloads(everything(log)) == [*kept, b"after"]
    assert len(log.segments()) == 2
    assert verify(log.shelf).problems == []


def test_a_log_opened_on_a_full_disk(disk: Disk, clock: Clock, log: StreamLog) -> None:
    write(log, b"kept")
    log.close()
    path = log.segments()[0].path
    path.chmod(0o600)
    with path.open("ab") as file:
        file.write(b"torn" * 5000)
    disk.fill(most=1000)
    again = StreamLog(disk.folder / "main", clock)
    try:
        assert isinstance(again.failed, StreamFailed)
        assert isinstance(outcome(again, received(bytes(9000))), StreamFailed)
        disk.make_room()
        until_it_works(again)
        write(again, b"after")
        assert payloads(everything(again)) == [b"kept", b"after"]
        told = [note["note"] for note in notes(everything(again))]
        assert told == ["torn_tail", "write_failed"]
    finally:
        disk.make_room()
        again.close()


@pytest.mark.parametrize("call", ["fdatasync", "pwrite"])
def test_a_disk_that_fails(call: str, open_log: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    log = open_log()
    write(log, b"kept")
    real, left = getattr(os, call), [3]

    def failing(*arguments: Any) -> Any:
        if left[0]:
            left[0] -= 1
            if call == "pwrite":
                real(arguments[0], bytes(arguments[1])[:50], arguments[2])  # half of it
            raise OSError(errno.EIO, "Input/output error")
        return real(*arguments)

    monkeypatch.setattr(os, call, failing)
    for _ in range(3):
        assert isinstance(outcome(log, received(b"lost")), StreamFailed)
    write(log, b"after")
    entries = everything(log)
    assert payloads(entries) == [b"kept", b"after"]
    assert [note["refused"] for note in notes(entries)] == [3]
    assert log.failed is None
    assert verify(log.shelf).problems == []


def test_a_disk_that_takes_a_little_at_a_time(
    open_log: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, real = open_log(), os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda h, data, at: real(h, bytes(data)[:13], at))
    write(log, b"slowly" * 100)
    assert payloads(everything(log)) == [b"slowly" * 100]


def test_a_mended_log_gives_the_numbers_of_refused_entries_anew(
    open_log: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, answers = open_log(), Answers()
    write(log, b"kept")
    real = os.fdatasync

    def once(handle: int) -> None:
        monkeypatch.setattr(os, "fdatasync", real)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", once)
    log.append(received(b"lost"), answers)
    answers.wait(1)
    log.append(received(b"after"), answers)
    last = answers.wait(2)[1]
    assert isinstance(last, Written)
    assert [entry.number for entry in everything(log)] == [1, 2, 3]
    assert last.last == 3
