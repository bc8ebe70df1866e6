"""What a crash leaves at the end of a log: cut at the last whole record, kept aside, noted."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from fenhe.store.rawlog import NewEntry, Rotation, StreamLog
from fenhe.store.rawlog.verify import verify
from tests.store.rawlog.conftest import Open
from tests.store.rawlog.support import Clock, everything, notes, payloads, write


@pytest.fixture
def left(folder: Path, open_log: Open) -> Path:
    """The one segment of a log with three entries, its writer gone."""
    log = open_log()
    for number in range(3):
        write(log, b"entry %d" % number)
    log.close()
    return folder / "00000001.seg"


def reopened(folder: Path, clock: Clock) -> StreamLog:
    log = StreamLog(folder, clock)
    assert log.failed is None
    return log


def test_a_tail_torn_at_any_byte_is_cut_and_noted(
    left: Path, folder: Path, clock: Clock, tmp_path: Path
) -> None:
    whole = left.read_bytes()
    size = len(whole) - whole.rindex(whole[-len(b"entry 2") - 71 :][:4])
    start = len(whole) - size
    assert size == 71 + len(b"entry 2")
    for length in range(size):
        place = tmp_path / f"at{length}" / "main"
        shutil.copytree(folder, place)
        (place / left.name).write_bytes(whole[: start + length])
        log = reopened(place, clock)
        done = write(log, b"after")
        entries = everything(log)
        assert payloads(entries) == [b"entry 0", b"entry 1", b"after"]
        if length:
            torn = whole[start : start + length]
            sha = sha256(torn).hexdigest()
            note = {"note": "torn_tail", "segment": left.name, "after": 2}
            assert notes(entries) == [note | {"cut": length, "sha256": sha}]
            [aside] = place.glob("*.torn")
            assert aside.read_bytes() == torn
        else:
            assert notes(entries) == []
        assert done.last == (4 if length else 3)
        log.close()
        assert verify(log.shelf).problems == []
        shutil.rmtree(place)


def test_zeros_and_garbage_after_the_last_record_are_cut(
    left: Path, folder: Path, clock: Clock
) -> None:
    for tail in (bytes(5000), b"\xff" * 300, left.read_bytes()[:200]):
        with left.open("ab") as file:
            file.write(tail)
        log = reopened(folder, clock)
        write(log, b"more")
        assert notes(everything(log))[-1]["cut"] == len(tail)
        assert verify(log.shelf).problems == []
        log.close()
    assert payloads(everything(log))[:3] == [b"entry 0", b"entry 1", b"entry 2"]


def test_a_header_cut_short_takes_its_file_out_of_the_chain(
    left: Path, folder: Path, clock: Clock, tmp_path: Path
) -> None:
    whole = left.read_bytes()
    header = int.from_bytes(whole[4:8], "little")
    for length in (0, 1, 3, 40, header - 1):
        place = tmp_path / f"at{length}" / "main"
        place.mkdir(parents=True)
        (place / left.name).write_bytes(whole[:length])
        log = reopened(place, clock)
        write(log, b"after")
        [segment] = log.segments()
        assert (segment.number, segment.former) == (1, "0" * 64)
        assert notes(everything(log))[0]["note"] == "no_header"
        [aside] = place.glob("*.torn")
        assert aside.read_bytes() == whole[:length]
        assert verify(log.shelf).problems == []
        log.close()


@pytest.mark.parametrize("place", [0, 5, 10, 100])
def test_a_damaged_header_before_entries_is_left_as_it_is(
    left: Path, folder: Path, clock: Clock, place: int
) -> None:
    content = bytearray(left.read_bytes())
    content[place] ^= 0xFF
    left.write_bytes(bytes(content))
    log = reopened(folder, clock)
    write(log, b"after")
    log.close()
    assert left.read_bytes() == bytes(content)
    assert [segment.number for segment in log.segments()] == [2]
    assert [note["note"] for note in notes(everything(log))] == ["damaged"]
    assert [(p.segment, p.code) for p in verify(log.shelf).problems] == [
        ("stream/main/00000001.seg", "header")
    ]


def test_a_segment_that_never_got_its_name_is_swept_away(
    left: Path, folder: Path, clock: Clock
) -> None:
    (folder / "00000002.new").write_bytes(left.read_bytes())
    log = reopened(folder, clock)
    assert [path.name for path in folder.iterdir() if path.suffix == ".new"] == []
    assert len(log.segments()) == 1
    log.close()


def test_damage_before_the_end_is_left_as_it_is_and_a_new_segment_follows(
    left: Path, folder: Path, clock: Clock
) -> None:
    content = bytearray(left.read_bytes())
    place = content.index(b"entry 1")
    content[place] ^= 1
    left.write_bytes(bytes(content))
    log = reopened(folder, clock)
    write(log, b"after")
    assert left.read_bytes() == bytes(content)
    first, second = log.segments()
    assert (second.number, second.former) == (2, first.head)
    [note] = notes(list(log.read(second.id)))
    assert (note["note"], note["segment"], note["gaps"][0]["after"]) == ("damaged", left.name, 1)
    found = verify(log.shelf)
    assert [(p.segment, p.entry, p.code) for p in found.problems] == [
        ("stream/main/00000001.seg", 2, "damaged"),
        ("stream/main/00000001.seg", None, "unsealed"),
    ]
    follower, rest = log.follow(), []
    while (taken := follower.take()) is not None:
        rest += payloads(taken.entries)
    assert rest == [b"entry 0", b"entry 2", b"after"]
    log.close()


def test_a_payload_that_looks_like_records_is_no_record(folder: Path, clock: Clock) -> None:
    """Whoever sends knows no mark: bytes sent can not pass for entries when a tail is torn."""
    other = StreamLog(folder.with_name("other"), clock)
    for number in range(5):
        write(other, b"forged %d" % number)
    other.close()
    forged = (folder.with_name("other") / "00000001.seg").read_bytes()
    log = reopened(folder, clock)
    write(log, b"honest")
    write(log, forged + forged)
    log.close()
    path = folder / "00000001.seg"
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    log = reopened(folder, clock)
    write(log, b"after")
    assert payloads(everything(log)) == [b"honest", b"after"]
    assert verify(log.shelf).problems == []
    log.close()


def test_a_crash_between_two_segments(folder: Path, clock: Clock, open_log: Open) -> None:
    log = open_log(Rotation(size=300))
    write(log, b"x" * 400)
    write(log, b"y")
    log.close()
    (folder / "00000002.seg").unlink()  # sealed the first, died before the second had its name
    log = reopened(folder, clock)
    write(log, b"z")
    first, second = log.segments()
    assert second.former == first.head
    assert payloads(everything(log)) == [b"x" * 400, b"z"]
    assert verify(log.shelf).problems == []
    log.close()


def test_the_last_entry_is_never_cut_when_it_is_whole(
    left: Path, folder: Path, clock: Clock
) -> None:
    for _ in range(3):
        log = reopened(folder, clock)
        assert payloads(everything(log)) == [b"entry 0", b"entry 1", b"entry 2"]
        log.close()
    assert list(folder.glob("*.torn")) == []
    assert json.loads(left.read_bytes()[35 : left.read_bytes().index(b"}") + 1])["number"] == 1


def test_notes_of_a_gateway_are_its_own(folder: Path, clock: Clock) -> None:
    log = reopened(folder, clock)
    said = NewEntry("note", 4, b'{"refused": "password"}')
    log.append([said], lambda _: None)
    write(log, b"frame")
    found = everything(log)
    assert [(e.kind, e.connection) for e in found] == [("note", 4), ("in", 1)]
    log.close()
