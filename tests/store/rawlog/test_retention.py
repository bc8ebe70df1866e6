"""The rule: never too early, never what the store has not taken, and the chain still holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fenhe.base.errors import BadInput
from fenhe.store.rawlog import Rotation, StreamLog, court, retention
from fenhe.store.rawlog.court import Origin, Wanted
from fenhe.store.rawlog.verify import verify
from tests.store.rawlog import forged
from tests.store.rawlog.support import T0, Clock, everything, notes, payloads, write
from tests.store.rawlog.test_court import check

RULE = retention.rule(5, 5, "the regulation")
LATER = datetime(2031, 3, 1, 4)


@pytest.fixture
def log(tmp_path: Path, clock: Clock) -> Iterator[StreamLog]:
    """Ten segments, the last open, one a day."""
    log = StreamLog(tmp_path / "main", clock, Rotation(size=300))
    for number in range(10):
        write(log, b"%d" % number + b"." * 300)
        clock.move(days=1)
    assert len(log.segments()) == 10
    yield log
    log.close()


def done(log: StreamLog) -> set[str]:
    return {segment.id for segment in log.segments()}


def remove(log: StreamLog, now: datetime, count: int) -> None:
    found = retention.due(log.segments(), RULE, now, done(log))
    assert len(found) == count
    for segment in found:
        retention.remove(log, segment, RULE, now, "ann")


def test_no_rule_may_keep_less_than_the_least() -> None:
    with pytest.raises(BadInput, match="at least 5 years"):
        retention.rule(4, 5, "the regulation")
    assert retention.rule(6, 5, "x").before(LATER) == datetime(2025, 3, 1, 4)
    assert RULE.before(datetime(2032, 2, 29, 12)) == datetime(2027, 2, 28, 12)


@pytest.mark.parametrize(("late", "count"), [(-1, 0), (0, 0), (1, 1), (86_400 * 3 + 1, 4)])
def test_what_is_due_is_older_to_the_second(log: StreamLog, late: int, count: int) -> None:
    found = retention.due(log.segments(), RULE, LATER + timedelta(seconds=late), done(log))
    assert [segment.number for segment in found] == list(range(1, count + 1))


def test_the_open_segment_and_what_the_store_has_not_taken_stay(log: StreamLog) -> None:
    far = LATER + timedelta(days=4000)
    assert len(retention.due(log.segments(), RULE, far, done(log))) == 9
    third = log.segments()[2].id
    found = retention.due(log.segments(), RULE, far, done(log) - {third})
    assert [segment.number for segment in found] == [1, 2]


def test_heads_stay_and_the_chain_holds(log: StreamLog) -> None:
    before = log.segments()
    remove(log, LATER + timedelta(days=2, seconds=1), 3)
    assert [segment.number for segment in log.segments()][:7] == [4, 5, 6, 7, 8, 9, 10]
    assert [(left.id, left.head) for left in log.removed()] == [(s.id, s.head) for s in before[:3]]
    found = verify(log.shelf)
    assert (found.problems, found.removed) == ([], 3)
    told = [note for note in notes(everything(log)) if note["note"] == "removed"]
    assert [note["segment"] for note in told] == [segment.id for segment in before[:3]]
    assert {note["rule"] for note in told} == {"kept for 5 years (the regulation)"}
    follower, rest = log.follow(), []
    while (taken := follower.take()) is not None:
        rest += payloads(taken.entries)
    assert rest[0].startswith(b"3")


def test_everything_sealed_may_go_and_numbers_go_on(log: StreamLog, clock: Clock) -> None:
    remove(log, LATER + timedelta(days=4000), 9)
    log.seal()
    clock.now = LATER + timedelta(days=9000)
    last = max(segment.number for segment in log.segments())
    assert all(segment.sealed for segment in log.segments())
    remove(log, clock.now + timedelta(days=4000), len(log.segments()))
    log.close()
    again = StreamLog(log.shelf.folder, clock)
    write(again, b"after")
    assert again.segments()[-1].number >= last
    assert verify(again.shelf).problems == []
    again.close()


def test_a_log_of_which_only_heads_are_left_goes_on(tmp_path: Path, clock: Clock) -> None:
    log = StreamLog(tmp_path / "main", clock)
    write(log, b"a")
    log.seal()
    [segment] = log.segments()
    write(log, b"b")
    retention.remove(log, segment, RULE, LATER, "ann")
    log.close()
    (tmp_path / "main" / "00000002.seg").unlink()
    again = StreamLog(tmp_path / "main", clock)
    write(again, b"c")
    [found] = again.segments()
    assert (found.number, found.former) == (2, segment.head)
    again.close()


def test_a_removal_no_entry_tells_of_is_found(log: StreamLog) -> None:
    segment = log.segments()[0]
    left = retention.remove(log, segment, RULE, LATER, "ann")
    assert verify(log.shelf).problems == []
    victim = log.segments()[0]
    copied = dict(vars(left), id=victim.id, number=victim.number)
    copied |= {"former": victim.former, "head": victim.head}
    retention.removed.write(log.shelf.folder, retention.Removed(**copied))
    victim.path.unlink()
    assert [(p.code, p.segment[-12:]) for p in verify(log.shelf).problems] == [
        ("removed", "00000002.seg")
    ]


def test_what_is_not_as_it_was_stays(log: StreamLog) -> None:
    segment = log.segments()[0]
    parts = forged.records(segment.path)
    forged.write(segment.path, [parts[0], forged.edited(parts[1], b"0..", b"0,.")])
    with pytest.raises(BadInput, match="it was not removed"):
        retention.remove(log, segment, RULE, LATER, "ann")
    assert segment.path.exists()
    assert log.removed() == []


def test_a_removal_cut_short_is_ended_by_the_next_one(log: StreamLog) -> None:
    segment = log.segments()[0]
    content = segment.path.read_bytes()
    retention.remove(log, segment, RULE, LATER, "ann")
    segment.path.write_bytes(content)  # the head was on disk, the file not yet gone
    assert verify(log.shelf).problems == []
    retention.remove(log, log.segments()[0], RULE, LATER, "ann")
    assert not segment.path.exists()
    assert verify(log.shelf).problems == []


def test_an_export_tells_of_what_was_removed(log: StreamLog, tmp_path: Path) -> None:
    remove(log, LATER + timedelta(seconds=1), 1)
    origin = Origin("ann", T0, "1.2.3")
    with pytest.raises(BadInput, match="was removed on 2031-03-01, kept for 5 years"):
        court.export(log.shelf, tmp_path / "out", Wanted(numbers=frozenset({1})), origin)
    court.export(log.shelf, tmp_path / "out", Wanted(numbers=frozenset({2})), origin)
    assert check(tmp_path / "out").returncode == 0
