"""Files are kept whole, once, and a changed byte is found out."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from fenhe.base.errors import BadInput
from fenhe.store import RawDamaged
from fenhe.store.raw import RawLog


def test_a_file_is_kept_under_its_hash(tmp_path: Path) -> None:
    content = b"station,so2\n1001A,7\n" * 200_000
    (tmp_path / "in.csv").write_bytes(content)
    kept = RawLog(tmp_path / "raw").keep(tmp_path / "in.csv")
    assert kept.sha256 == hashlib.sha256(content).hexdigest()
    assert kept.path == tmp_path / "raw" / kept.sha256[:2] / kept.sha256
    assert kept.path.read_bytes() == content
    assert (kept.size, kept.name) == (len(content), "in.csv")


def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    log = RawLog(tmp_path / "raw")
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(b"the same")
    first, second = log.keep(tmp_path / "a.csv"), log.keep(tmp_path / "b.csv")
    assert first.path == second.path
    assert second.name == "b.csv"
    assert [path.name for path in log.folder.rglob("*") if path.is_file()] == [first.sha256]


def test_a_stream_is_kept_too(tmp_path: Path) -> None:
    kept = RawLog(tmp_path / "raw").keep(io.BytesIO(b"upload"), name="upload.csv")
    assert kept.path.read_bytes() == b"upload"
    assert kept.name == "upload.csv"


def test_verify_finds_changed_and_missing_bytes(tmp_path: Path) -> None:
    log = RawLog(tmp_path / "raw")
    kept = log.keep(io.BytesIO(b"evidence"), name="e")
    assert log.verify(kept.sha256) == kept.path
    kept.path.chmod(0o644)
    kept.path.write_bytes(b"evidencE")
    with pytest.raises(RawDamaged, match="the bytes have changed"):
        log.verify(kept.sha256)
    kept.path.unlink()
    with pytest.raises(RawDamaged, match="missing"):
        log.verify(kept.sha256)


def test_keeping_again_mends_a_damaged_copy(tmp_path: Path) -> None:
    log = RawLog(tmp_path / "raw")
    kept = log.keep(io.BytesIO(b"evidence"), name="e")
    kept.path.chmod(0o644)
    kept.path.write_bytes(b"evidencE")
    log.keep(io.BytesIO(b"evidence"), name="e")
    assert log.verify(kept.sha256).read_bytes() == b"evidence"


def test_a_copy_cut_short_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "incoming-x").write_bytes(b"half of it")
    RawLog(tmp_path / "raw")
    assert list((tmp_path / "raw").iterdir()) == []


def test_what_is_not_there_or_not_a_hash_is_refused(tmp_path: Path) -> None:
    log = RawLog(tmp_path / "raw")
    with pytest.raises(BadInput, match="can not be read"):
        log.keep(tmp_path / "nowhere.csv")
    with pytest.raises(BadInput, match="not a SHA-256"):
        log.path("../../etc/passwd")
