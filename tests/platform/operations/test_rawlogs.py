"""Raw logs at the command line; a backup holds them, and a restore ends them."""

from __future__ import annotations

from pathlib import Path

from fenhe.store.rawlog.shelf import Shelf
from tests.platform.server import fenhe
from tests.platform.test_rawlogs import old_log


def shelf(data: Path) -> Shelf:
    return Shelf(data / "raw" / "stream" / "main")


def test_the_command_line_backup_and_restore(data: Path, tmp_path: Path) -> None:
    old_log(data)
    target = tmp_path / "out.zip"
    done = fenhe("rawlog", "export", str(target), "--segment", "1", "--reason", "x", data=data)
    assert "segments 1 of main, 1 entries" in done.stdout
    assert target.is_file()
    fenhe("backup", str(tmp_path / "backup"), data=data)
    again = tmp_path / "again"
    fenhe("restore", str(tmp_path / "backup"), str(again), data=data)
    before, after = shelf(data).segments(), shelf(again).segments()
    assert [segment.id for segment in after][:5] == [segment.id for segment in before]
    assert all(segment.sealed for segment in after)  # what comes now is another log
    [restored] = [e for e in shelf(again).read(after[-1].id) if b"restored" in e.payload]
    assert restored.kind == "note"
    path = after[2].path
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-600])
    done = fenhe("rawlog", "verify", data=again, check=False)
    assert done.returncode == 1
    assert "stream/main/00000003.seg" in done.stdout
    done = fenhe("backup", str(tmp_path / "second"), data=again, check=False)
    assert done.returncode == 1
    assert "raw/stream/main/00000003.seg" in done.stderr
