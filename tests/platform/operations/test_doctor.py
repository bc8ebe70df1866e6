"""The doctor finds what is broken, says what to do, and ends with 0, 1 or 2."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.utils import timezone

from fenhe.platform.monitoring.models import Source
from fenhe.platform.operations import findings, inside, lateness, outside
from fenhe.platform.operations.findings import Level
from fenhe.store import Store
from tests.platform.server import fenhe, serving


def silent(_: dict[str, Any]) -> None:
    """Hear nothing."""


def asked(data: Path, *words: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = fenhe("doctor", "--json", *words, data=data, check=False)
    return done.returncode, {one["check"]: one for one in json.loads(done.stdout)}


def test_all_is_well_served_or_not(data: Path) -> None:
    code, alone = asked(data, "--all")
    assert code == 0
    assert {one["level"] for one in alone.values()} == {"ok"}
    with serving(data) as server:
        code, served = asked(data)
        assert served["owner"]["message"] == f"served by process {server.process.pid}"
    assert code == 0
    assert set(alone) == set(served)
    assert {"disk", "records", "files", "receipts", "raw files", "verdicts", "clock"} <= set(alone)
    assert "FAIL" not in fenhe("doctor", data=data).stdout


def test_a_damaged_folder_is_told_with_what_to_do(data: Path) -> None:
    next((data / "lake" / "data" / "main" / "quarantine").parent.rglob("*.parquet")).unlink()
    raw = next(path for path in (data / "raw").rglob("*") if path.is_file())
    raw.chmod(0o600)
    raw.write_bytes(b"other")
    stray = data / "lake" / "data" / "main" / "stray.parquet"
    stray.touch()
    os.utime(stray, (0, 0))
    data.chmod(0o755)
    code, found = asked(data)
    assert code == 2
    assert found["files"]["level"] == "fail"
    assert "restore" in found["files"]["remedy"]
    assert raw.name in found["raw files"]["message"]
    assert found["permissions"]["level"] == "warn"
    assert f"chmod 700 {data}" in found["permissions"]["remedy"]
    said = fenhe("doctor", data=data, check=False).stdout
    assert "FAIL  files" in said
    assert "do: " in said


def test_files_of_nobody_are_a_warning(data: Path) -> None:
    stray = data / "lake" / "data" / "main" / "stray.parquet"
    stray.touch()
    with Store.open(data) as store:
        assert store.astray().orphaned == ()  # young: perhaps being written
        os.utime(stray, (0, 0))
        assert store.astray().orphaned == ("main/stray.parquet",)
        assert next(inside.files(store)).level is Level.WARN


def test_damaged_records_are_told(data: Path) -> None:
    path = data / "records.sqlite3"
    content = bytearray(path.read_bytes())
    content[8192:12288] = b"\xff" * 4096
    path.write_bytes(content)
    found = list(outside.run("records", lambda: outside.sound_records(data)))
    assert [one.level for one in found] == [Level.FAIL]
    assert "backup" in found[0].remedy


def test_an_older_folder_is_told_to_upgrade(data: Path) -> None:
    with closing(sqlite3.connect(data / "records.sqlite3")) as link:
        link.execute("DELETE FROM django_migrations WHERE app = 'verdicts' AND name > '0002'")
        link.commit()
    code, found = asked(data)
    assert code == 2
    assert "fenhe upgrade" in found["version"]["message"]
    assert "files" not in found


def test_a_store_held_elsewhere_is_told(data: Path) -> None:
    program = "import sys; from fenhe.store import Store; s = Store.open(sys.argv[1])\n"
    program += "print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(data)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        code, found = asked(data)
        assert holder.stdin is not None
        holder.stdin.close()
    assert code == 2
    assert f"process {holder.pid}" in found["owner"]["message"]
    assert f"process {holder.pid}" in found["store"]["message"]


def test_a_clock_set_back_is_told(tmp_path: Path) -> None:
    flag = {"site": "a", "item": "so2", "statistic": "1h", "start": datetime(2026, 1, 1)}
    flag |= {"end": datetime(2026, 1, 2), "check": "void", "reason": "pump"}
    with Store.open(tmp_path, clock=lambda: datetime(2999, 1, 1)) as store:
        assert next(inside.clock(store)).message == "nothing is stored yet"
        store.add_flags(pl.DataFrame([flag]), "ann")
        found = next(inside.clock(store))
    assert found.level is Level.WARN
    assert "set back" in found.message


def test_a_receipt_that_does_not_balance_is_told(data: Path) -> None:
    with Store.open(data) as store:
        assert next(inside.receipts(store)).level is Level.OK
        with store._lake.transaction() as session:
            session.execute("UPDATE receipt SET stored = stored + 1")
        found = next(inside.receipts(store))
    assert found.level is Level.FAIL
    assert "import 1 batch 1" in found.message


def test_raw_files_are_sampled_unless_all_are_asked_for(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inside, "SAMPLE", 2)
    with Store.open(data) as store:
        for number in range(4):
            path = tmp_path / f"{number}.csv"
            path.write_text(str(number))
            store.begin_import("tidy", store.raw.keep(path), "ann").finish()
        some = next(inside.raws(store, every=False, progress=silent))
        every = next(inside.raws(store, every=True, progress=silent))
    assert some.message.startswith("2 of 5")
    assert every.message.startswith("5 read")


@pytest.mark.django_db
def test_a_late_feed_is_told(settings: Any) -> None:
    settings.FENHE_CLOCK = "real"
    assert next(inside.feeds()).message == "none is running here"
    now = timezone.now()
    for key, minutes, active in (("daily", 1, True), ("hourly", 125, True), ("old", 9999, False)):
        moment = now - timedelta(minutes=minutes)
        Source.objects.create(key=key, kind="folder", last_data=moment, active=active)
    found = next(inside.feeds())
    assert found.level is Level.WARN
    assert found.message == "late: hourly (125 min)"
    Source.objects.filter(pk="hourly").update(last_data=None)
    assert next(inside.feeds()).message == "late: hourly (no data yet)"
    Source.objects.filter(pk="hourly").delete()
    assert next(inside.feeds()).message == "1 running, none late"
    assert [lag.feed for lag in lateness.lags()] == ["daily"]


def test_little_room_is_told(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "LOW_DISK", 1 << 60)
    assert next(outside.disk(data)).level is Level.WARN
    monkeypatch.setattr(outside, "NO_DISK", 1 << 60)
    assert next(outside.disk(data)).level is Level.FAIL


def test_a_check_that_breaks_is_a_finding() -> None:
    def breaks() -> Any:
        raise OSError("no such disk")

    found = list(outside.run("disk", breaks))
    assert [(one.check, one.level) for one in found] == [("disk", Level.FAIL)]
    assert "no such disk" in found[0].message
    assert findings.worst(found) == 2
    assert findings.worst([]) == 0
    assert findings.from_plain(found[0].plain()) == found[0]
