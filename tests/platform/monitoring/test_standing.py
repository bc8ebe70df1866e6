"""Standing feeds against a real folder and a real HTTP server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fenhe.platform.monitoring import standing
from fenhe.platform.monitoring.models import Import, Source
from fenhe.platform.monitoring.sourceacts import AddSource
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


def test_a_clock_set_back_does_not_put_a_source_off() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    one = Source(next_due=now + timedelta(days=300), interval=60)
    assert standing.is_due(one, now)
    one.next_due = now + timedelta(seconds=30)
    assert not standing.is_due(one, now)
