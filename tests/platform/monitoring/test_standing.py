"""Standing feeds against a real folder and a real HTTP server."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fenhe.base.errors import BadInput
from fenhe.platform.feeder import Feeder
from fenhe.platform.monitoring import alarms, queries, sources, standing
from fenhe.platform.monitoring.models import Import, Source, SourceRun
from fenhe.platform.monitoring.sourceacts import AddSource, ChangeSource, PauseSource, RunSource
from fenhe.platform.monitoring.sources import find
from fenhe.platform.workflow.acts import local_actor
from fenhe.store import Store
from tests.platform.conftest import hours, tidy


def source(location: str, kind: str, key: str = "s") -> Source:
    made = Source(key=key, title_zh=key, kind=kind, feeds=["tidy-hourly"], location=location)
    return AddSource(made).run(local_actor())


def tried(one: Source) -> Any:
    return standing.try_source(one, threading.Event())


@pytest.fixture
def server() -> Iterator[Any]:
    class Handler(BaseHTTPRequestHandler):
        body, status, kind, missing = b"", 200, "text/csv", 0

        def do_GET(self) -> None:
            self.send_response(self.status)
            self.send_header("Content-Type", self.kind)
            self.send_header("Content-Length", str(len(self.body) + self.missing))
            self.end_headers()
            self.wfile.write(self.body)

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as one:
        threading.Thread(target=one.serve_forever, daemon=True).start()
        Handler.url = f"http://127.0.0.1:{one.server_port}/a.csv"  # type: ignore[attr-defined]
        yield Handler
        one.shutdown()


def test_a_file_is_taken_once_it_stands_still(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    one = source(f"{folder}/*.csv", "folder")
    path = tidy(folder / "a.csv", hours("in", count=12))
    assert tried(one).outcome == "unchanged"
    tidy(path, hours("in"))
    assert (tried(one).outcome, store.observations().height) == ("unchanged", 0)
    done = tried(one)
    assert (done.outcome, done.received, done.stored) == ("ok", 144, 144)
    assert tried(one).outcome == "unchanged"
    assert path.exists()
    assert Import.objects.count() == 1


def test_a_refused_file_waits_until_it_changes(store: Store, tmp_path: Path) -> None:
    one = source(f"{tmp_path}/*.csv", "folder")
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    outcomes = [tried(one).outcome for _ in range(3)]
    assert outcomes == ["unchanged", "refused", "unchanged"]
    assert one.files.get().message


def test_the_same_body_is_unchanged(store: Store, server: Any, tmp_path: Path) -> None:
    server.body = tidy(tmp_path / "a.csv", hours("in")).read_bytes()
    one = source(server.url, "http")
    assert [tried(one).outcome for _ in range(2)] == ["ok", "unchanged"]
    assert (store.observations().height, Import.objects.count()) == (144, 1)
    other = tried(source(server.url, "http", "t"))
    assert (other.stored, other.duplicate) == (0, 144)


@pytest.mark.parametrize("fault", [{"status": 500}, {"missing": 9}, {"kind": "text/html"}])
def test_a_fault_imports_nothing(
    store: Store, server: Any, tmp_path: Path, fault: dict[str, Any]
) -> None:
    server.body = tidy(tmp_path / "a.csv", hours("in")).read_bytes()
    for name, value in fault.items():
        setattr(server, name, value)
    one = source(server.url, "http")
    done = tried(one)
    assert (done.outcome, one.failures, store.observations().height) == ("failed", 1, 0)
    assert done.message


def test_files_of_subfolders_are_known_by_their_place(store: Store, tmp_path: Path) -> None:
    one = source(f"{tmp_path}/in/**/*.csv", "folder")
    for folder, day in (("in", 1), ("in/x", 2), ("in/y", 3), ("in/.hidden", 4)):
        (tmp_path / folder).mkdir()
        tidy(tmp_path / folder / "a.csv", hours("in", f"2026-03-0{day}"))
    tried(one)
    assert tried(one).stored == 3 * 144
    assert set(one.files.values_list("path", flat=True)) == {"a.csv", "x/a.csv", "y/a.csv"}


def test_the_same_bytes_after_others_are_news(store: Store, tmp_path: Path) -> None:
    one = source(f"{tmp_path}/in/*.csv", "folder")
    (tmp_path / "in").mkdir()
    for name, value in (("a", 40), ("b", 41), ("c", 40), ("d", 40)):
        tidy(
            tmp_path / "in" / f"{name}.csv",
            [("in", "2026-03-02 01:00", 12, 40, "0.8", 90, 80, value)],
        )
        os.utime(tmp_path / "in" / f"{name}.csv", (value, ord(name)))
    tried(one)
    assert tried(one).files == 3  # the last is the one before it once more
    start = store.observations()["start"][0]
    assert store.observations(items=["pm25"])["value"].to_list() == [40]
    assert store.history("in", "pm25", "1h", start)["value"].to_list() == [40, 41]
    assert not one.files.exclude(state="taken").exists()


def test_a_passing_collision_refuses_nothing(store: Store, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = tidy(tmp_path / "in" / "a.csv", hours("in"))
    one = source(f"{tmp_path}/in/*.csv", "folder")
    tried(one)
    with store.begin_import("tidy-hourly", store.raw.keep(path), "somebody"):
        done = tried(one)
    assert done.outcome == "failed"
    assert "under way" in done.message
    assert one.files.get().state == "seen"
    assert tried(one).stored == 144


def test_an_import_ends_with_the_process_and_is_finished_at_the_start(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    tidy(tmp_path / "in" / "a.csv", hours("in"))
    one = source(f"{tmp_path}/in/*.csv", "folder")
    tried(one)
    stop = threading.Event()
    looks = iter([False])  # the folder is looked at, then the process is to end
    stop.is_set = lambda: next(looks, True)  # type: ignore[method-assign]
    done = standing.try_source(one, stop)
    assert done.outcome == "failed"
    assert "ended" in done.message
    assert (one.failures, one.next_due) == (0, None)
    assert store.receipts("import")["closed"].to_list() == [False]
    SourceRun.objects.create(source=one, started=datetime.now(UTC))
    assert standing.go_on(threading.Event(), datetime.now(UTC)) == 1
    assert store.receipts("import")["closed"].to_list() == [True]
    assert not SourceRun.objects.filter(outcome="running").exists()
    assert not Import.objects.filter(state="running").exists()
    tried(one)
    assert one.files.get().state == "taken"
    receipt = store.receipts("import")
    assert (receipt.height, receipt["stored"].sum()) == (1, 144)


def test_runs_are_kept_as_long_as_is_said(store: Store, tmp_path: Path, settings: Any) -> None:
    settings.FENHE_SOURCE_RUNS = 2
    (tmp_path / "in").mkdir()
    one = source(f"{tmp_path}/in/*.csv", "folder")
    for day in range(1, 5):
        tidy(tmp_path / "in" / f"{day}.csv", hours("in", f"2026-03-0{day}"))
        tried(one)
        tried(one)
    assert one.runs.count() == 2
    listed = sum(one.runs.values_list("received", flat=True))
    assert listed + one.pruned["received"] == 4 * 144


def test_a_paused_source_is_left_alone(store: Store, tmp_path: Path) -> None:
    one = PauseSource(source(f"{tmp_path}/*.csv", "folder")).run(local_actor())
    feeder = Feeder()
    feeder._start_due()
    assert feeder._running == {}
    assert sources.status_of(one)["state"] == "paused"
    with pytest.raises(BadInput, match="paused"):
        RunSource(one, wait=False).run(local_actor())


def test_what_a_source_is_can_be_changed(store: Store, tmp_path: Path) -> None:
    one = source(f"{tmp_path}/*.csv", "folder")
    changed = ChangeSource(one, {"interval": 7, "location": f"{tmp_path}/x/*.csv"})
    assert changed.run(local_actor()).interval == 7
    one.refresh_from_db()
    assert (one.interval, one.location) == (7, f"{tmp_path}/x/*.csv")
    for wrong in ({"key": "t"}, {"feeds": []}, {"interval": 0}, {"location": "x/*.csv"}, {}):
        with pytest.raises(BadInput):
            ChangeSource(find("s"), wrong).run(local_actor())
    with pytest.raises(BadInput, match="fenhe sources status"):
        find("nothing")


def test_the_log_hears_once_of_a_late_source(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = source(f"{tmp_path}/*.csv", "folder")
    one.last_data = datetime.now(UTC) - timedelta(days=2)
    one.save()
    alarms.look()
    alarms.look()
    assert [r.message for r in caplog.records] == ["source s is late: 2880 min"]
    one.last_data = datetime.now(UTC)
    one.save()
    caplog.set_level("INFO")
    alarms.look()
    assert "in time again" in caplog.text


def test_receipts_that_do_not_balance_raise_an_alarm(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = source(f"{tmp_path}/*.csv", "folder")
    real = queries.feeds()
    broken = [{**feed, "balanced": feed["id"] != "tidy-hourly"} for feed in real]
    monkeypatch.setattr(queries, "feeds", lambda: broken)
    alarms.look()
    one.refresh_from_db()
    assert "tidy-hourly do not balance" in one.alarm
    monkeypatch.setattr(queries, "feeds", lambda: real)
    alarms.look()
    one.refresh_from_db()
    assert one.alarm == ""


def test_a_clock_set_back_does_not_put_a_source_off() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    one = Source(next_due=now + timedelta(days=300), interval=60)
    assert standing.is_due(one, now)
    one.next_due = now + timedelta(seconds=30)
    assert not standing.is_due(one, now)
