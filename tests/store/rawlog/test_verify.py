"""Whatever is done to a log afterwards is found, and segment and entry are named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fenhe.store import RawDamaged, Store
from fenhe.store.raw import RawLog, of_segment
from fenhe.store.rawlog import Rotation, StreamLog
from fenhe.store.rawlog.examine import examine
from fenhe.store.rawlog.shelf import Shelf
from fenhe.store.rawlog.verify import Verified, verify
from tests.store.conftest import rejected, values
from tests.store.rawlog import forged
from tests.store.rawlog.conftest import Open
from tests.store.rawlog.support import everything, write

Found = list[tuple[str, int | None, str]]


def seg(number: int) -> str:
    return f"stream/main/{number:08d}.seg"


def found(verified: Verified) -> Found:
    return [(p.segment, p.entry, p.code) for p in verified.problems]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder whose log has three sealed segments and an open one, four entries each."""
    root = tmp_path / "data"
    log = StreamLog(log_of(root), rotation=Rotation(size=1200))
    for number in range(16):
        write(log, b"payload %02d " % number + b"." * 200)
    assert [s.entries for s in log.segments()] == [4, 4, 4, 4]
    log.close()
    return root


def log_of(folder: Path) -> Path:
    return folder / "raw" / "stream" / "main"


def path_of(folder: Path, number: int) -> Path:
    return log_of(folder) / f"{number:08d}.seg"


def verified(folder: Path) -> Verified:
    """Verify without the store, as a copy of the folder would be."""
    return verify(Shelf(log_of(folder)))


def test_a_sound_log_holds(folder: Path) -> None:
    done = verified(folder)
    assert done.ok
    assert (done.segments, done.entries, done.removed) == (4, 16, 0)
    assert done.plain()["problems"] == []


def test_any_flipped_byte_of_a_segment_is_found(folder: Path) -> None:
    path = path_of(folder, 2)
    whole = path.read_bytes()
    ends = [0]
    for record in forged.records(path):
        ends.append(ends[-1] + len(record))
    path.chmod(0o644)
    raw = RawLog(folder / "raw")
    segment = Shelf(log_of(folder)).segments()[1]
    for place in range(0, len(whole), 7):
        changed = bytearray(whole)
        changed[place] ^= 0x10
        path.write_bytes(bytes(changed))
        hit = next(n for n, end in enumerate(ends[1:]) if place < end)
        proof = examine(path, segment.name)
        assert proof.problems[0].entry == (None if hit == 0 else hit)
        if hit:
            with pytest.raises(RawDamaged, match=r"stream/main/00000002.seg"):
                raw.verify(segment.id)
    path.write_bytes(whole)
    assert raw.verify(segment.id) == path


def edit(parts: list[bytes]) -> list[bytes]:
    return [*parts[:3], forged.edited(parts[3], b"payload", b"PAYLOAD"), *parts[4:]]


def edit_and_chain_on(parts: list[bytes]) -> list[bytes]:
    """Make the chain value of the edited entry right, and leave those after it."""
    whole = forged.chained(edit(parts))
    return [*whole[:4], *parts[4:]]


def drop(parts: list[bytes]) -> list[bytes]:
    return [*parts[:3], *parts[4:]]


def drop_and_number(parts: list[bytes]) -> list[bytes]:
    left = drop(parts)
    return [left[0], *(forged.numbered(part, n) for n, part in enumerate(left[1:], 1))]


def exchange(parts: list[bytes]) -> list[bytes]:
    return [*parts[:2], parts[3], parts[2], *parts[4:]]


def twice(parts: list[bytes]) -> list[bytes]:
    return [*parts[:3], parts[2], *parts[3:]]


def cut(parts: list[bytes]) -> list[bytes]:
    return parts[:4]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (edit, [(seg(2), 3, "changed")]),
        (edit_and_chain_on, [(seg(2), 4, "changed")]),
        (drop, [(seg(2), 3, "missing"), (seg(2), None, "seal")]),
        (exchange, [(seg(2), 2, "missing"), (seg(2), 4, "order"), (seg(2), 3, "missing")]),
        (twice, [(seg(2), 3, "order"), (seg(2), None, "seal")]),
        (cut, [(seg(3), None, "former"), (seg(2), None, "unsealed")]),
    ],
)
def test_what_is_done_to_entries_is_named(
    folder: Path, change: forged.Change, expected: Found
) -> None:
    path = path_of(folder, 2)
    forged.write(path, change(forged.records(path)))
    assert set(expected) <= set(found(verified(folder)))


def test_an_entry_dropped_and_the_rest_numbered_anew(folder: Path) -> None:
    path = path_of(folder, 2)
    forged.write(path, drop_and_number(forged.records(path)))
    assert found(verified(folder))[0] == (seg(2), 3, "changed")


def test_a_segment_forged_whole_no_longer_fits_the_next(folder: Path) -> None:
    path = path_of(folder, 2)
    forged.write(path, forged.chained(edit(forged.records(path))))
    assert found(verified(folder)) == [(seg(3), None, "former")]


def test_a_segment_taken_out(folder: Path) -> None:
    path_of(folder, 2).unlink()
    assert found(verified(folder)) == [(seg(2), None, "missing")]


def test_segments_exchanged(folder: Path) -> None:
    forged.swap(path_of(folder, 2), path_of(folder, 3))
    assert found(verified(folder))[:2] == [(seg(2), None, "place"), (seg(3), None, "place")]


def test_a_segment_of_another_log(folder: Path, tmp_path: Path) -> None:
    log = StreamLog(tmp_path / "other" / "east", rotation=Rotation(size=1200))
    for number in range(12):
        write(log, b"other %02d " % number + b"." * 200)
    log.close()
    path = path_of(folder, 2)
    path.chmod(0o644)
    shutil.copy(tmp_path / "other" / "east" / path.name, path)
    assert (seg(2), None, "place") in found(verified(folder))


def noted(folder: Path) -> None:
    """Let the store note the sealed segments, and take the values of what there is."""
    with Store.open(folder) as store:
        log = store.stream("main", Rotation(size=1200))
        assert store.note_streams() == 3
        assert store.note_streams() == 0
        for segment in log.segments():
            load = store.begin_import("hj212:main", of_segment(segment), "ann")
            load.write(values([("a", segment.number, 1.0)], first_row=4), rejected(), 1)
            if segment.sealed:
                load.finish()


def forge_all(folder: Path) -> None:
    """Edit an entry and make every chain value after it right, over all segments."""
    head = ""
    for number in range(1, 5):
        path = path_of(folder, number)
        parts = forged.records(path)
        if number == 2:
            parts = edit(parts)
        if head:
            former = parts[0].split(b'"former":"')[1][:64]
            parts[0] = parts[0].replace(former, head.encode())
        made = forged.chained(parts)
        forged.write(path, made)
        head = made[-1][-36:-4].hex()


def test_a_log_forged_whole_is_held_against_the_store(folder: Path) -> None:
    noted(folder)
    forge_all(folder)
    assert found(verified(folder)) == []
    with Store.open(folder) as store:
        assert found(store.verify_stream("main")) == [
            (seg(2), None, "changed"),
            (seg(3), None, "unknown"),
            (seg(4), None, "unknown"),
        ]


@pytest.mark.parametrize("number", [4, 3])
def test_segments_taken_from_the_end(folder: Path, number: int) -> None:
    noted(folder)
    for gone in range(number, 5):
        path_of(folder, gone).unlink()
    assert found(verified(folder)) == []
    with Store.open(folder) as store:
        expected: Found = [(seg(gone), None, "missing") for gone in range(number, 5)]
        assert found(store.verify_stream("main")) == expected
        log = store.stream("main")  # its number is not given again
        write(log, b"after")
        assert log.segments()[-1].number == 5
        assert everything(log)[-2].payload.startswith(b'{"note":"entries_missing"')
        assert set(expected) <= set(found(store.verify_stream("main")))


def test_entries_cut_from_the_open_end(folder: Path) -> None:
    noted(folder)
    path = path_of(folder, 4)
    forged.write(path, forged.records(path)[:3])
    with Store.open(folder) as store:
        assert found(store.verify_stream("main")) == [(seg(4), 3, "missing")]
        log = store.stream("main")  # numbers the store knows are not given to other entries
        write(log, b"after")
        assert [s.entries for s in log.segments()][-2:] == [2, 2]


def test_a_log_taken_away_whole(folder: Path) -> None:
    noted(folder)
    shutil.rmtree(log_of(folder))
    with Store.open(folder) as store:
        assert store.gateways() == ["main"]
        expected = [(seg(number), None, "missing") for number in range(1, 5)]
        assert found(store.verify_stream("main")) == expected


def test_a_quick_look_finds_what_is_missing_and_of_another_size(folder: Path) -> None:
    noted(folder)
    path = path_of(folder, 2)
    parts = forged.records(path)

    def quick() -> Found:
        with Store.open(folder) as store:
            return found(store.verify_stream("main", thorough=False))

    assert quick() == []
    forged.write(path, drop(parts))
    assert quick() == [(seg(2), None, "changed")]
    path.unlink()
    assert quick() == [(seg(2), None, "missing")]


def test_logs_lie_side_by_side(tmp_path: Path) -> None:
    with Store.open(tmp_path / "data") as store:
        logs = {name: store.stream(name) for name in ("east", "west", "main-2")}
        for name, log in logs.items():
            write(log, name.encode())
        assert store.streams.names() == ["east", "main-2", "west"]
        assert store.stream("east") is logs["east"]
        for name, log in logs.items():
            [segment] = log.segments()
            assert store.streams.find(segment.id) == segment
            assert store.raw.path(segment.id) == segment.path
            assert segment.path.parent.name == name
            assert store.verify_stream(name).ok
        assert store.streams.find("0" * 64) is None


def test_verifying_reads_no_more_than_is_durable(open_log: Open) -> None:
    log = open_log()
    write(log, b"a")
    with log.segments()[0].path.open("ab") as file:
        file.write(b"being written")
    assert verify(log.shelf).ok
