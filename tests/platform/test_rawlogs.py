"""Raw logs from outside the store: verbs, acts with their rights, doctor, evidence, restore."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fenhe.base.errors import BadInput
from fenhe.platform import verbs
from fenhe.platform.operations import inside
from fenhe.platform.operations.findings import Level
from fenhe.platform.registry.door import Denied
from fenhe.platform.verdicts import sources
from fenhe.platform.workflow.acts import Actor
from fenhe.platform.workflow.models import AuditLog
from fenhe.store import Store
from fenhe.store.raw import of_segment
from fenhe.store.rawlog import Rotation, StreamLog
from tests.platform.conftest import World
from tests.store.conftest import rejected, values
from tests.store.rawlog.support import Clock, write

FRAME = b"##0080QN=20200301000000;ST=31;CN=2011;PW=123456;MN=M1;CP=&&a21026-Rtd=1.0&&ABCD\r\n"
OLD = datetime(2020, 3, 1)


def old_log(folder: Path) -> None:
    """Write a log of 2020: five segments, a day between them, the last one open."""
    clock = Clock(OLD)
    log = StreamLog(folder / "raw" / "stream" / "main", clock, Rotation(size=300))
    for number in range(5):
        write(log, FRAME + b"%d" % number + b" " * 300)
        clock.move(days=1)
    log.close()


def take(store: Store) -> None:
    """Bring a value of each segment into the store."""
    for segment in store.streams.shelf("main").segments():
        with store.begin_import("hj212:main", of_segment(segment), "reader") as load:
            load.write(values([("a", segment.number, 1.0)], first_row=1), rejected(), 1)
            if segment.sealed:
                load.finish()


@pytest.fixture
def filled(store: Store) -> Store:
    old_log(store.folder)
    take(store)
    return store


def asked(verb: str, **args: Any) -> Any:
    return verbs.run(verb, args)


def doctor(store: Store, *, every: bool) -> dict[str, tuple[Level, str]]:
    found = inside.look(store, every=every, progress=lambda _: None)
    return {one.check: (one.level, one.message) for one in found}


@pytest.mark.django_db
def test_list_and_verify(filled: Store) -> None:
    rows = asked("rawlog_list")
    assert [(row["number"], row["sealed"]) for row in rows][-2:] == [(4, True), (5, False)]
    told: list[dict[str, Any]] = []
    [found] = verbs.run("rawlog_verify", {"gateway": "main"}, progress=told.append)
    assert (found["ok"], found["entries"], found["segments"]) == (True, 5, 5)
    assert told[-1]["rows"] == told[-1]["of"] == found["bytes"]
    with pytest.raises(BadInput, match="no raw log of a gateway 'east'"):
        asked("rawlog_list", gateway="east")


@pytest.mark.django_db
def test_the_doctor_looks_at_raw_logs(filled: Store) -> None:
    for every in (False, True):
        found = doctor(filled, every=every)
        assert found["raw logs"][0] is Level.OK
        assert found["raw files"][0] is Level.OK
    path = filled.streams.shelf("main").segments()[1].path
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content.replace(b"PW=123456", b"PW=654321"))
    level, message = doctor(filled, every=True)["raw logs"]
    assert level is Level.FAIL
    assert "stream/main/00000002.seg, entry 1" in message
    path.unlink()
    level, message = doctor(filled, every=False)["raw logs"]
    assert level is Level.FAIL
    assert "00000002.seg: it is missing" in message


@pytest.mark.django_db
def test_an_export_is_an_act(filled: Store, tmp_path: Path) -> None:
    made = asked("rawlog_export", target=str(tmp_path / "out"), segments=[2], reason="case 12")
    assert (made["segments"], made["problems"]) == ([2], [])
    row = AuditLog.objects.get(event="operations.rawlog_export")
    assert row.after["segments"] == [2]
    assert row.reason == "case 12"
    proof = json.loads((tmp_path / "out" / "proof.json").read_text())
    assert [noted["number"] for noted in proof["noted_by_the_store"]] == [1, 2, 3, 4]
    done = subprocess.run(
        [sys.executable, "-I", str(tmp_path / "out" / "check.py")], check=False, timeout=60
    )
    assert done.returncode == 0


@pytest.mark.django_db
def test_days_of_an_export_are_beijing_days(filled: Store, tmp_path: Path) -> None:
    """The entries are of 00:00 UTC: 08:00 in Beijing, of the same day."""
    made = asked("rawlog_export", target=str(tmp_path / "a"), first="2020-03-02", last="2020-03-03")
    assert made["segments"] == [2, 3]
    with pytest.raises(BadInput, match="is not a day"):
        asked("rawlog_export", target=str(tmp_path / "b"), first="2020-3-2x")


@pytest.mark.django_db
def test_the_rule_is_of_the_law(filled: Store, settings: Any) -> None:
    with pytest.raises(BadInput, match="no rule says"):
        asked("rawlog_retain")
    with pytest.raises(BadInput, match=r"at least 5 years .国务院令第820号 第二十六条"):
        asked("rawlog_retain", years=4)
    settings.FENHE_RAWLOG_YEARS = 5
    found = asked("rawlog_retain")
    assert (found["removed"], len(found["segments"])) == (False, 4)
    assert asked("rawlog_retain", years=200)["segments"] == []
    assert len(filled.streams.shelf("main").segments()) == 5


@pytest.mark.django_db
def test_a_removal_is_an_act_and_evidence_is_told_to_be_gone(filled: Store) -> None:
    found = asked("rawlog_retain", years=5, remove=True)
    assert [row["number"] for row in found["segments"]] == [1, 2, 3, 4]
    row = AuditLog.objects.get(event="operations.rawlog_retain")
    assert [gone["number"] for gone in row.after["removed"]] == [1, 2, 3, 4]
    [verified] = asked("rawlog_verify")
    assert (verified["ok"], verified["removed"]) == (True, 4)
    assert [row["removed_at"] is None for row in asked("rawlog_list")][:5] == [False] * 4 + [True]
    assert doctor(filled, every=True)["raw files"][0] is Level.OK
    rows = sources.with_bytes(filled, filled.observations())
    assert [row["raw_text"] is None for row in rows] == [True] * 4 + [False]


@pytest.mark.django_db
def test_what_the_store_has_not_taken_is_not_removed(store: Store) -> None:
    old_log(store.folder)
    assert asked("rawlog_retain", years=5, remove=True)["segments"] == []


@pytest.mark.django_db
def test_only_an_administrator_exports_and_removes(
    filled: Store, world: World, tmp_path: Path
) -> None:
    for role in ("firm", "county", "analyst"):
        actor = Actor(world.people[role], role, "web")
        with pytest.raises(Denied):
            verbs.run("rawlog_export", {"target": str(tmp_path / "out")}, actor)
        with pytest.raises(Denied):
            verbs.run("rawlog_retain", {"years": 5, "remove": True}, actor)
    assert not (tmp_path / "out").exists()
    assert len(filled.streams.shelf("main").segments()) == 5


@pytest.mark.django_db
def test_evidence_shows_the_frame_without_its_password(filled: Store) -> None:
    rows = sources.with_bytes(filled, filled.observations())
    assert rows[0]["raw_name"] == "stream/main/00000001.seg"
    for number, row in enumerate(rows):
        entry, received, connection, frame = row["raw_cells"]
        assert (entry, connection) == ("1", "1")
        moment = OLD + timedelta(days=number, hours=8)
        assert received == moment.isoformat(sep=" ", timespec="milliseconds")
        assert "PW=******;MN=M1" in frame
        assert "123456" not in json.dumps(row, default=str)
        assert row["raw_columns"][row["raw_cells"].index(frame)] == row["raw_column"]
