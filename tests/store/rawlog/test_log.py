"""A log keeps what it is given, in order, once it says so; readers see what is durable."""

from __future__ import annotations

import os
import threading
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

from fenhe.base.errors import BadInput
from fenhe.store.rawlog import NewEntry, Position, Rotation, StreamLog, Written
from fenhe.store.rawlog import log as module
from fenhe.store.rawlog.errors import StreamClosed, StreamOverrun, StreamOwned
from tests.store.rawlog.conftest import Open
from tests.store.rawlog.support import (
    T0,
    WAIT,
    Answers,
    Clock,
    everything,
    outcome,
    payloads,
    received,
    write,
)


def test_what_is_written_is_told_and_read_back(open_log: Open, folder: Path) -> None:
    log = open_log()
    entries = [
        NewEntry("open", 7, b"", "10.0.0.1:5001"),
        NewEntry("in", 7, b"##0003abc1C80\r\n"),
        NewEntry("in", 7, bytes(range(256))),
        NewEntry("out", 7, b"answer"),
        NewEntry("note", 7, "说明".encode()),
        NewEntry("close", 7, b""),
    ]
    done = outcome(log, entries)
    [segment] = log.segments()
    assert done == Written(segment.id, 1, 6, T0)
    found = list(log.read(segment.id))
    assert [(e.kind, e.connection, e.payload, e.peer) for e in found] == [tuple(e) for e in entries]
    assert [e.number for e in found] == [1, 2, 3, 4, 5, 6]
    assert {e.at for e in found} == {T0}
    assert segment.path == folder / "00000001.seg"
    assert (segment.entries, segment.sealed, segment.former) == (6, False, "0" * 64)
    assert segment.bytes == segment.path.stat().st_size


def test_a_segment_is_named_by_the_hash_of_its_header(open_log: Open) -> None:
    log = open_log()
    write(log, b"a")
    [segment] = log.segments()
    content = segment.path.read_bytes()
    size = int.from_bytes(content[4:8], "little")
    assert sha256(content[: size - 36]).hexdigest() == segment.id


def test_reading_a_part(open_log: Open) -> None:
    log = open_log()
    write(log, *(b"%d" % number for number in range(1, 2001)))
    [segment] = log.segments()
    for after, until in ((0, 3), (1990, None), (255, 258), (600, 600), (1500, 1502)):
        found = list(log.read(segment.id, after, until))
        assert [e.number for e in found] == list(range(after + 1, (until or 2000) + 1))
        assert payloads(found) == [b"%d" % e.number for e in found]
    assert list(log.read(segment.id, 2000)) == []
    with pytest.raises(BadInput, match="no segment"):
        list(log.read("0" * 64))


def test_many_appends_share_a_sync(open_log: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    log = open_log()
    write(log, b"first")
    real, syncs, gate = os.fdatasync, [], threading.Event()

    def slow(handle: int) -> None:
        syncs.append(handle)
        assert gate.wait(WAIT)
        real(handle)

    monkeypatch.setattr(os, "fdatasync", slow)
    answers = Answers()
    for number in range(500):
        log.append(received(b"%d" % number), answers)
    assert log.backlog > 0
    assert answers.all == []
    gate.set()
    done = answers.wait(500)
    assert len(syncs) <= 3
    lasts = [one.last for one in done if isinstance(one, Written)]
    assert lasts == list(range(2, 502))
    assert log.backlog == 0


def test_nothing_is_told_or_read_before_it_is_on_disk(
    open_log: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log()
    write(log, b"before")
    follower = log.follow()
    gate, inside, real = threading.Event(), threading.Event(), os.fdatasync

    def slow(handle: int) -> None:
        inside.set()
        assert gate.wait(WAIT)
        real(handle)

    monkeypatch.setattr(os, "fdatasync", slow)
    answers = Answers()
    log.append(received(b"after"), answers)
    assert inside.wait(WAIT)
    assert answers.all == []
    assert payloads(everything(log)) == [b"before"]
    taken = follower.take()
    assert taken is not None
    assert payloads(taken.entries) == [b"before"]
    assert follower.take() is None
    gate.set()
    answers.wait(1)
    taken = follower.take(wait=WAIT)
    assert taken is not None
    assert payloads(taken.entries) == [b"after"]


def test_segments_turn_over_by_size_and_hold_together(open_log: Open) -> None:
    log = open_log(Rotation(size=1000))
    for number in range(10):
        write(log, b"%d" % number * 200)
    segments = log.segments()
    assert len(segments) > 2
    assert [s.number for s in segments] == list(range(1, len(segments) + 1))
    assert all(segment.sealed for segment in segments[:-1])
    for former, segment in pairwise(segments):
        assert segment.former == former.head
        assert former.path.stat().st_mode & 0o777 == 0o444
    assert sum(segment.entries for segment in segments) == 10
    assert payloads(everything(log)) == [b"%d" % number * 200 for number in range(10)]


def test_segments_turn_over_by_age(open_log: Open, clock: Clock) -> None:
    log = open_log()
    write(log, b"a")
    clock.move(hours=23)
    write(log, b"b")
    assert len(log.segments()) == 1
    clock.move(hours=1)
    write(log, b"c")
    first, second = log.segments()
    assert (first.entries, second.entries) == (2, 1)
    assert second.first_at == clock.now


def test_an_idle_segment_is_sealed_when_its_time_has_come(
    folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGEING", 0.02)
    log = StreamLog(folder, clock)
    try:
        write(log, b"a")
        follower = log.follow()
        assert follower.take() is not None
        clock.move(days=2)
        taken = follower.take(wait=WAIT)
        assert taken is not None
        assert taken.ended
        assert log.segments()[0].sealed
        assert log.live is None
    finally:
        log.close()


def test_the_next_process_goes_on_in_the_same_segment(open_log: Open) -> None:
    write(open_log(), b"a", b"b")
    log = open_log()
    done = write(log, b"c")
    assert (done.first, done.last) == (3, 3)
    assert payloads(everything(log)) == [b"a", b"b", b"c"]
    assert len(log.segments()) == 1


def test_a_follower_reads_all_segments_and_says_where_they_end(open_log: Open) -> None:
    log = open_log(Rotation(size=1000))
    for number in range(10):
        write(log, b"%d" % number * 200)
    follower, found, ended = log.follow(), [], []
    while (taken := follower.take(most=2)) is not None:
        found += payloads(taken.entries)
        if taken.ended:
            ended.append(taken.segment.id)
            assert taken.upto == taken.segment.entries
    assert found == [b"%d" % number * 200 for number in range(10)]
    segments = log.segments()
    assert ended == [segment.id for segment in segments[:-1]]
    assert follower.position == Position(segments[-1].id, segments[-1].entries)


def test_a_follower_goes_on_from_a_position(open_log: Open) -> None:
    log = open_log(Rotation(size=3000))
    for number in range(40):
        write(log, b"%d" % number * 100)
    whole = [(s.id, e.number, e.payload) for s in log.segments() for e in log.read(s.id)]
    for place in (0, 1, 7, len(whole) - 2):
        follower = log.follow(Position(*whole[place][:2]))
        rest = []
        while (taken := follower.take(most=3)) is not None:
            rest += [(taken.segment.id, e.number, e.payload) for e in taken.entries]
        assert rest == whole[place + 1 :]


def test_a_follower_is_woken(open_log: Open) -> None:
    log = open_log()
    follower = log.follow()
    found: list[bytes] = []

    def read() -> None:
        while len(found) < 200:
            taken = follower.take(wait=WAIT)
            assert taken is not None
            found.extend(payloads(taken.entries))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(200):
        write(log, b"%d" % number)
    reader.join(WAIT)
    assert found == [b"%d" % number for number in range(200)]


def test_an_append_is_whole_or_refused_and_others_are_not_touched(open_log: Open) -> None:
    log = open_log()
    answers = Answers()
    log.append(received(b"good"), answers)
    log.append([*received(b"half"), NewEntry("in", -1, b"no such connection")], answers)
    log.append([NewEntry("seal", 1, b"")], answers)  # type: ignore[arg-type]
    log.append(received(b"good too"), answers)
    done = answers.wait(4)
    assert [isinstance(one, Written) for one in done] == [True, False, False, True]
    assert payloads(everything(log)) == [b"good", b"good too"]
    assert log.failed is None
    with pytest.raises(BadInput, match="nothing to append"):
        log.append([], answers)


def test_a_receiver_that_fails_does_not_stop_the_log(open_log: Open) -> None:
    log = open_log()

    def fails(_: Written | Exception) -> None:
        raise RuntimeError("not my day")

    log.append(received(b"a"), fails)
    assert write(log, b"b").last == 2


def test_too_much_waiting_is_refused(open_log: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    log = open_log()
    write(log, b"first")
    monkeypatch.setattr(module, "MOST_WAITING", 10_000)
    gate, real = threading.Event(), os.fdatasync

    def slow(handle: int) -> None:
        assert gate.wait(WAIT)
        real(handle)

    monkeypatch.setattr(os, "fdatasync", slow)
    answers = Answers()
    for _ in range(9):
        log.append(received(bytes(1000)), answers)
    with pytest.raises(StreamOverrun, match="wait to be written"):
        log.append(received(bytes(1000)), answers)
    taken = len(payloads(everything(log)))
    gate.set()
    kept = [one for one in answers.wait(9) if isinstance(one, Written)]
    assert (taken, len(kept)) == (1, 9)


def test_one_process_writes_a_log(open_log: Open, folder: Path, clock: Clock) -> None:
    open_log()
    with pytest.raises(StreamOwned, match=f"written by process {os.getpid()}"):
        StreamLog(folder, clock)


def test_a_closed_log_takes_nothing_and_keeps_what_it_took(open_log: Open, folder: Path) -> None:
    log = open_log()
    answers = Answers()
    for number in range(100):
        log.append(received(b"%d" % number), answers)
    log.close()
    assert all(isinstance(one, Written) for one in answers.all)
    assert len(answers.all) == 100
    with pytest.raises(StreamClosed):
        log.append(received(b"late"), answers)
    assert len(payloads(everything(open_log()))) == 100
