"""An export for a court: whole bytes, and a proof a third party can check without Fenhe."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from fenhe.base.errors import BadInput
from fenhe.store.rawlog import Rotation, StreamLog, court
from fenhe.store.rawlog.court import Exported, Origin, Wanted
from tests.store.rawlog import forged
from tests.store.rawlog.support import T0, Clock, write

ORIGIN = Origin("ann", T0, "1.2.3", "case 12", [{"number": 1, "head": "ab"}])
PASSWORD = b"##0100QN=20260301;ST=31;CN=2011;PW=secret;MN=88888880000001;CP=&&a21026-Rtd=1.0&&"


@pytest.fixture
def log(tmp_path: Path, clock: Clock) -> StreamLog:
    """Three sealed segments and an open one, an hour between two entries."""
    log = StreamLog(tmp_path / "raw" / "stream" / "main", clock, Rotation(size=1200))
    for number in range(14):
        write(log, b"%02d " % number + PASSWORD + b"." * 120)
        clock.move(hours=1)
    log.close()
    assert [s.sealed for s in log.segments()] == [True, True, True, False]
    return log


def check(folder: Path, *more: str) -> subprocess.CompletedProcess[bytes]:
    """Run the program in the export, with nothing of this environment."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(folder / "check.py"), *more],
        check=False,
        capture_output=True,
        timeout=60,
        env={},
    )


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    assert done.stderr == b"", done.stderr
    return done.stdout.decode()


def exported(log: StreamLog, target: Path, *numbers: int) -> Exported:
    return court.export(log.shelf, target, Wanted(numbers=frozenset(numbers)), ORIGIN)


def test_bytes_are_whole_and_the_proof_holds(log: StreamLog, tmp_path: Path) -> None:
    made = exported(log, tmp_path / "out", 2, 4)
    assert made.problems == ()
    for segment in made.segments:
        copy = tmp_path / "out" / "segments" / segment.path.name
        assert copy.read_bytes() == segment.path.read_bytes()
        assert b"PW=secret" in copy.read_bytes()
    done = check(tmp_path / "out")
    assert done.returncode == 0
    assert said(done).splitlines()[-1] == "everything holds"
    assert "00000004.seg: 2 entries, open when it was exported" in said(done)
    sums = subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"],
        cwd=tmp_path / "out",
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert sums.returncode == 0


def test_the_proof_tells_of_every_segment(log: StreamLog, tmp_path: Path) -> None:
    exported(log, tmp_path / "out", 2)
    proof = json.loads((tmp_path / "out" / "proof.json").read_text())
    assert [link["number"] for link in proof["chain"]] == [1, 2, 3, 4]
    assert [link["head"] for link in proof["chain"]] == [s.head for s in log.segments()]
    assert [link["exported"] for link in proof["chain"]] == [False, True, False, False]
    assert (proof["made_by"], proof["reason"], proof["gateway"]) == ("ann", "case 12", "main")
    assert proof["noted_by_the_store"] == [{"number": 1, "head": "ab"}]
    assert "00000002.seg" in (tmp_path / "out" / "SHA256SUMS").read_text()


def test_entries_are_listed_and_written_out(log: StreamLog, tmp_path: Path) -> None:
    exported(log, tmp_path / "out", 1)
    lines = said(check(tmp_path / "out", str(tmp_path / "out"), "--list")).splitlines()
    assert [line.split("\t")[:3] for line in lines[1:5]] == [
        [str(number), (T0 + timedelta(hours=number - 1)).isoformat() + "Z", "in"]
        for number in range(1, 5)
    ]
    one = check(tmp_path / "out", str(tmp_path / "out"), "--entry", "1", "3")
    assert one.stdout == b"02 " + PASSWORD + b"." * 120
    none = check(tmp_path / "out", str(tmp_path / "out"), "--entry", "1", "30")
    assert (none.returncode, none.stdout) == (1, b"")
    assert b"no entry 30" in none.stderr


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_edit_of_the_export_is_found(log: StreamLog, tmp_path: Path, number: int) -> None:
    """Even where the list of hashes and the checksum are mended."""
    out = tmp_path / "out"
    exported(log, out, 2)
    path = out / "segments" / "00000002.seg"
    parts = forged.records(path)
    parts[number] = forged.edited(parts[number], b"PW=secret", b"PW=secreT")
    forged.write(path, parts)
    assert check(out).returncode == 1
    forget_sums(out)
    done = check(out)
    assert done.returncode == 1
    assert f"00000002.seg: entry {number}: its hash does not follow" in said(done)


def forget_sums(folder: Path) -> None:
    sums = folder / "SHA256SUMS"
    lines = sums.read_text().splitlines(keepends=True)
    sums.write_text("".join(line for line in lines if ".seg" not in line))


def test_a_forged_segment_does_not_fit_the_chain(log: StreamLog, tmp_path: Path) -> None:
    out = tmp_path / "out"
    exported(log, out, 2)
    path = out / "segments" / "00000002.seg"
    parts = forged.records(path)
    parts[2] = forged.edited(parts[2], b"PW=secret", b"PW=secreT")
    forged.write(path, forged.chained(parts))
    forget_sums(out)
    done = check(out)
    assert done.returncode == 1
    assert "its hashes are not those of the chain" in said(done)
    proof = json.loads((out / "proof.json").read_text())
    proof["chain"][1]["head"] = forged.records(path)[-1][-36:-4].hex()
    (out / "proof.json").write_text(json.dumps(proof))
    assert "segment 3: it does not follow from the segment before" in said(check(out))


@pytest.mark.parametrize(
    ("first", "last", "numbers"),
    [(0, 1, [1]), (3, 5, [1, 2]), (4, 5, [2]), (-100, 100, [1, 2, 3, 4]), (13, 14, [4])],
)
def test_a_time_is_wanted(
    log: StreamLog, tmp_path: Path, first: int, last: int, numbers: list[int]
) -> None:
    span = Wanted(T0 + timedelta(hours=first), T0 + timedelta(hours=last))
    made = court.export(log.shelf, tmp_path / "out", span, ORIGIN)
    assert [segment.number for segment in made.segments] == numbers
    assert check(tmp_path / "out").returncode == 0


def test_what_is_not_there_is_refused(log: StreamLog, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="segment 9 of main is not there"):
        exported(log, tmp_path / "out", 1, 9)
    with pytest.raises(BadInput, match="no entries in that time"):
        court.export(log.shelf, tmp_path / "out", Wanted(T0 + timedelta(days=9)), ORIGIN)
    (tmp_path / "out").mkdir()
    with pytest.raises(BadInput, match="exists already"):
        exported(log, tmp_path / "out", 1)
    with pytest.raises(BadInput, match="can not be written"):
        exported(log, Path("/proc/nowhere/out"), 1)
    assert [path.name for path in tmp_path.iterdir() if "unfinished" in path.name] == []


def test_one_file(log: StreamLog, tmp_path: Path) -> None:
    exported(log, tmp_path / "case.zip", 1, 2, 3, 4)
    with zipfile.ZipFile(tmp_path / "case.zip") as packed:
        packed.extractall(tmp_path / "unpacked")
    done = check(tmp_path / "unpacked" / "case")
    assert (done.returncode, said(done).count(" entries, ")) == (0, 4)


def test_damage_is_exported_as_it_is_and_told(log: StreamLog, tmp_path: Path) -> None:
    path = log.segments()[2].path
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(content))
    made = exported(log, tmp_path / "out", 3)
    assert "00000003.seg" in str(made.problems[0])
    copy = tmp_path / "out" / "segments" / path.name
    assert copy.read_bytes() == bytes(content)
    proof = json.loads((tmp_path / "out" / "proof.json").read_text())
    assert proof["problems"] == [str(problem) for problem in made.problems]
    assert check(tmp_path / "out").returncode == 1


def test_an_open_segment_is_exported_to_its_durable_end(tmp_path: Path, clock: Clock) -> None:
    log = StreamLog(tmp_path / "main", clock)
    try:
        write(log, b"a", b"b")
        with log.segments()[0].path.open("ab") as file:
            file.write(b"being written")
        exported(log, tmp_path / "out", 1)
        done = check(tmp_path / "out")
        assert done.returncode == 0
        assert "2 entries, open when it was exported" in said(done)
    finally:
        log.close()


def test_what_was_received_is_not_changed_by_an_export(log: StreamLog, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in log.shelf.folder.iterdir()}
    exported(log, tmp_path / "out", 1, 2)
    assert {path.name: path.read_bytes() for path in log.shelf.folder.iterdir()} == before
