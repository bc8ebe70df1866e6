"""Raw logs at the command line; a backup holds them, and a restore ends them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.platform.server import fenhe
from tests.platform.test_rawlogs import old_log


def test_the_command_line_backup_and_restore(data: Path, tmp_path: Path) -> None:
    old_log(data)
    assert "main: holds; 5 segments" in fenhe("rawlog", "verify", data=data).stdout
    assert "5 segments, 5 entries" in fenhe("rawlog", "list", data=data).stdout
    fenhe("backup", str(tmp_path / "backup"), data=data)
    fenhe("restore", str(tmp_path / "backup"), str(tmp_path / "again"), data=data)
    again = tmp_path / "again"
    rows = json.loads(fenhe("rawlog", "list", "--json", data=again).stdout)
    before = json.loads(fenhe("rawlog", "list", "--json", data=data).stdout)
    assert [row["id"] for row in rows] == [row["id"] for row in before]
    assert [row["sealed"] for row in rows] == [True] * 5  # what comes now is another log
    assert "restored" in (again / "raw" / "stream" / "main" / "00000005.seg").read_text("latin-1")
    path = again / "raw" / "stream" / "main" / "00000003.seg"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-600])
    done = fenhe("rawlog", "verify", data=again, check=False)
    assert done.returncode == 1
    assert "stream/main/00000003.seg" in done.stdout
    done = fenhe("backup", str(tmp_path / "second"), data=again, check=False)
    assert done.returncode == 1
    assert "raw/stream/main/00000003.seg" in done.stderr
    target = tmp_path / "out.zip"
    done = fenhe("rawlog", "export", str(target), "--segment", "1", "--reason", "x", data=data)
    assert "segments 1 of main, 1 entries" in done.stdout
    assert target.is_file()
