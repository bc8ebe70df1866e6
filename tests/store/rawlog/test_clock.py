"""A clock set back: moments never decrease, and the log says so."""

from __future__ import annotations

from datetime import timedelta

from fenhe.store.rawlog import Rotation
from tests.store.rawlog.conftest import Open
from tests.store.rawlog.support import T0, Clock, everything, notes, payloads, write


def test_moments_never_decrease_and_it_is_noted(open_log: Open, clock: Clock) -> None:
    log = open_log()
    write(log, b"a")
    clock.move(hours=-1)
    done = write(log, b"b")
    assert done.at == T0
    clock.move(seconds=10)
    write(log, b"c")
    clock.move(hours=2)
    assert write(log, b"d").at == clock.now
    entries = everything(log)
    moments = [entry.at for entry in entries]
    assert moments == sorted(moments)
    assert payloads(entries) == [b"a", b"b", b"c", b"d"]
    [note] = notes(entries)
    assert note == {
        "note": "clock_set_back",
        "clock": (T0 - timedelta(hours=1)).isoformat(),
        "held_at": T0.isoformat(),
    }


def test_a_clock_that_stays_behind_is_told_every_minute(open_log: Open, clock: Clock) -> None:
    """So the true moments can be told, however far ahead the clock once was."""
    log = open_log()
    clock.move(days=365)
    write(log, b"a")
    clock.move(days=-365)
    for _ in range(10):
        write(log, b"b")
        clock.move(seconds=20)
    told = [note["clock"] for note in notes(everything(log))]
    assert told == [(T0 + timedelta(seconds=s)).isoformat() for s in (0, 60, 120, 180)]


def test_set_back_twice_is_noted_twice(open_log: Open, clock: Clock) -> None:
    log = open_log()
    for _ in range(3):
        write(log, b"a")
        clock.move(minutes=-5)
    write(log, b"b")
    assert len(notes(everything(log))) == 3


def test_a_step_of_less_than_a_millisecond_is_held_and_not_noted(
    open_log: Open, clock: Clock
) -> None:
    log = open_log()
    write(log, b"a")
    clock.move(microseconds=-900)
    assert write(log, b"b").at == T0
    assert notes(everything(log)) == []


def test_set_back_while_nobody_wrote(open_log: Open, clock: Clock) -> None:
    write(open_log(), b"a")
    clock.move(days=-2)
    log = open_log()
    assert write(log, b"b").at == T0
    assert [note["note"] for note in notes(everything(log))] == ["clock_set_back"]


def test_moments_do_not_decrease_from_one_segment_to_the_next(open_log: Open, clock: Clock) -> None:
    log = open_log(Rotation(size=500))
    for _ in range(20):
        write(log, b"x" * 200)
        clock.move(seconds=-7)
    segments = log.segments()
    assert len(segments) > 3
    moments = [entry.at for entry in everything(log)]
    assert moments == sorted(moments)
    log = open_log(Rotation(size=500))
    write(log, b"y")
    assert [entry.at for entry in everything(log)] == [T0] * len(everything(log))
