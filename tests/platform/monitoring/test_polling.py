"""Polled addresses, a real server: what changed, what hangs, what is owed, what is secret."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from fenhe.platform.feeder import Feeder
from fenhe.platform.monitoring import fetching, polling, sources, standing
from fenhe.platform.monitoring.models import Import, Source
from fenhe.platform.monitoring.sourceacts import AddSource
from fenhe.platform.workflow.acts import local_actor
from fenhe.platform.workflow.models import AuditLog
from fenhe.store import Store
from tests.platform.conftest import HEADER, hours, tidy
from tests.platform.monitoring.asked import Asked, asked

HOUR = timedelta(hours=1)
DATED = "/{date:%Y%m%d%H}.csv"


@pytest.fixture
def server() -> Iterator[Asked]:
    with asked() as one:
        yield one


@pytest.fixture
def body(tmp_path: Path) -> bytes:
    return tidy(tmp_path / "body.csv", hours("in")).read_bytes()


def source(location: str, key: str = "s", **more: Any) -> Source:
    told = {"feeds": ["tidy-hourly"], "kind": "http", "title_zh": key, **more}
    return AddSource(Source(key=key, location=location, **told)).run(local_actor())


def tried(one: Source) -> Any:
    return standing.try_source(one, threading.Event())


def test_what_the_server_marks_as_unchanged_is_not_sent_again(
    store: Store, server: Asked, body: bytes
) -> None:
    server.csv("/a.csv", body, ETag='"one"', Last_Modified="Mon, 02 Mar 2026 00:00:00 GMT")
    one = source(f"{server.url}/a.csv")
    assert [tried(one).outcome for _ in range(2)] == ["ok", "unchanged"]
    first, second = (headers for _, headers in server.seen)
    assert "If-None-Match" not in first
    assert second["If-None-Match"] == '"one"'
    assert second["If-Modified-Since"] == "Mon, 02 Mar 2026 00:00:00 GMT"
    assert one.runs.count() == 2
    assert tried(one).outcome == "unchanged"
    assert one.runs.count() == 2  # tries in a row without news are one line


def test_a_redirect_is_followed_on_the_same_host_alone(
    store: Store, server: Asked, body: bytes
) -> None:
    server.csv("/b.csv", body)
    server.answers["/a.csv"] = (302, {"Location": "/b.csv"}, b"")
    assert tried(source(f"{server.url}/a.csv")).stored == 144
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    server.answers["/a.csv"] = (302, {"Location": f"{elsewhere}/b.csv"}, b"")
    done = tried(source(f"{server.url}/a.csv", "t"))
    assert done.outcome == "failed"
    assert "redirects elsewhere" in done.message
    server.answers["/a.csv"] = (302, {"Location": "/a.csv"}, b"")
    assert "without end" in tried(source(f"{server.url}/a.csv", "u")).message


def test_a_server_that_hangs_fails_and_holds_up_nobody(
    store: Store, server: Asked, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "WAITS", httpx.Timeout(0.3))
    server.hanging.add("/a.csv")
    one = source(f"{server.url}/a.csv")
    done = tried(one)
    assert (done.outcome, one.failures) == ("failed", 1)
    assert "no whole answer" in done.message
    assert one.next_due > datetime.now(UTC)


@pytest.mark.django_db(transaction=True)
def test_a_stop_does_not_wait_for_a_server_that_hangs(
    store: Store, server: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fenhe.platform.feeder.PATIENCE", 0.2)
    feeder = Feeder()
    hanging = threading.Thread(target=server.hang.wait, args=(30,), daemon=True)
    hanging.start()
    feeder._running["s"] = hanging
    began = time.monotonic()
    feeder.stop()
    assert hanging.is_alive()
    assert time.monotonic() - began < 10


def test_the_headers_are_sent_and_never_shown(
    store: Store, server: Asked, body: bytes, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (data / "secrets").mkdir()
    (data / "secrets" / "key.txt").write_text("Authorization: Bearer hush-hush\n")
    server.csv("/a.csv", body)
    one = source(f"{server.url}/a.csv?key=in-the-query", headers="key.txt")
    assert tried(one).outcome == "ok"
    assert server.seen[0][1]["Authorization"] == "Bearer hush-hush"
    (data / "secrets" / "key.txt").write_text("Authorization: hush-hush\x00\n")
    assert tried(one).outcome == "failed"
    server.answers.clear()
    (data / "secrets" / "key.txt").write_text("Authorization: Bearer hush-hush\n")
    assert tried(one).outcome == "failed"
    told = [json.dumps(sources.status()), caplog.text, *one.runs.values_list("message", flat=True)]
    told += [f"{row.before} {row.after} {row.reason}" for row in AuditLog.objects.all()]
    assert not [text for text in told if "hush-hush" in text or "in-the-query" in text]


def test_of_several_descriptions_the_one_that_fits_is_taken(
    store: Store, server: Asked, body: bytes
) -> None:
    server.csv("/a.csv", body)
    one = source(f"{server.url}/a.csv", feeds=["taiyuan-daily", "tidy-hourly"])
    assert tried(one).stored == 144
    assert Import.objects.get().feed == "tidy-hourly"
    other = source(f"{server.url}/a.csv", "t", feeds=["taiyuan-daily", "pm25in-api"])
    assert "0 of the descriptions" in tried(other).message


def test_two_sources_with_the_same_data_store_it_once(
    store: Store, server: Asked, body: bytes, tmp_path: Path
) -> None:
    server.csv("/a.csv", body)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_bytes(body)
    watched = source(f"{folder}/*.csv", "files", kind="folder")
    assert tried(source(f"{server.url}/a.csv")).stored == 144
    tried(watched)
    done = tried(watched)
    assert (done.received, done.stored, done.duplicate) == (144, 0, 144)
    assert store.observations().height == 144


def hour_page(moment: datetime, value: int = 40) -> bytes:
    """Return the file of one hour; ``moment`` is naive UTC, its start."""
    local = moment + 8 * HOUR
    label = f"{local:%Y-%m-%d} {local.hour + 1:02d}:00"
    return f"{HEADER}\nin,{label},12,40,0.8,90,80,{value}\n".encode()


def dated(server: Asked, back: int) -> tuple[Source, list[str]]:
    """Return a source that is ``back`` hours behind, and the paths it has to ask, all served."""
    now = datetime.now(UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0)
    one = source(f"{server.url}{DATED}")
    one.place = (now - HOUR * back).replace(tzinfo=UTC)
    one.save()
    paths = []
    for step in range(-back, 1):
        moment = now + HOUR * step
        paths.append(fetching.address(DATED, moment))
        server.csv(paths[-1], hour_page(moment - HOUR))
    return one, paths


def due_again(one: Source) -> None:
    """Let the owed addresses be due now."""
    past = (datetime.now(UTC).replace(tzinfo=None) - HOUR).isoformat()
    owed = {url: {**told, "next": past} for url, told in one.remembered["owed"].items()}
    Source.objects.filter(pk=one.pk).update(remembered={**one.remembered, "owed": owed})


def test_hours_missed_are_asked_for_later(store: Store, server: Asked) -> None:
    one, paths = dated(server, back=5)
    done = tried(one)
    assert server.paths() == paths
    assert (done.files, done.stored) == (6, 36)
    server.seen.clear()
    tried(one)
    assert server.paths() == paths[-1:]


def test_what_is_refused_or_not_there_is_owed_and_stops_nothing(
    store: Store, server: Asked
) -> None:
    one, paths = dated(server, back=5)
    good = {path: server.answers[path] for path in paths}
    server.csv(paths[1], b"what,ever\n1,2\n")
    del server.answers[paths[2]]
    server.answers[paths[3]] = (500, {}, b"")
    done = tried(one)
    assert (done.outcome, done.files, done.stored) == ("refused", 3, 18)
    assert sources.status_of(one)["refused"] == 3
    server.seen.clear()
    tried(one)
    assert server.paths() == paths[-1:]  # not due yet
    due_again(one)
    tried(one)
    assert Import.objects.exclude(state="loaded").count() == 1  # the same bytes: not again
    server.answers.update(good)
    due_again(one)
    assert tried(one).files == 3
    assert one.remembered["owed"] == {}
    assert store.observations().height == 36


def test_what_never_comes_is_given_up_and_said(store: Store, server: Asked) -> None:
    one, paths = dated(server, back=2)
    del server.answers[paths[0]]
    tried(one)
    (url,) = one.remembered["owed"]
    long_ago = datetime.now(UTC).replace(tzinfo=None) - polling.GIVE_UP - HOUR
    owed = {**one.remembered["owed"][url], "moment": long_ago.isoformat()}
    one.remembered = {**one.remembered, "owed": {url: owed}}
    one.save()
    due_again(one)
    assert "is given up" in tried(one).message
    assert one.remembered["owed"] == {}


def test_a_server_that_is_down_loses_no_place(store: Store, server: Asked) -> None:
    one, paths = dated(server, back=8)
    good = dict(server.answers)
    server.answers.update(dict.fromkeys(paths, (503, {}, b"")))
    done = tried(one)
    assert done.outcome == "failed"
    assert len(server.seen) == polling.IN_A_ROW
    server.answers = good
    tried(one)
    due_again(one)
    tried(one)
    assert store.observations().height == 9 * 6
    assert one.failures == 0


def test_the_newest_may_not_be_there_yet(store: Store, server: Asked) -> None:
    one, paths = dated(server, back=0)
    good = server.answers.pop(paths[0])
    done = tried(one)
    assert (done.outcome, one.failures) == ("unchanged", 0)
    assert "not there yet" in done.message
    server.answers[paths[0]] = good
    assert tried(one).stored == 6


def test_the_same_body_again_after_another_stands_again(store: Store, server: Asked) -> None:
    start = datetime(2026, 3, 1, 16)
    one = source(f"{server.url}/a.csv")
    for value in (40, 41, 40):
        server.csv("/a.csv", hour_page(start, value))
        assert tried(one).files == 1
    assert store.observations(items=["pm25"])["value"].to_list() == [40]
    assert store.history("in", "pm25", "1h", start)["value"].to_list() == [40, 41]


def test_an_import_done_before_a_crash_is_not_done_again(store: Store, server: Asked) -> None:
    start = datetime(2026, 3, 1, 16)
    server.csv("/a.csv", hour_page(start))
    one = source(f"{server.url}/a.csv")
    tried(one)
    sha256 = one.remembered["sha256"]
    one.remembered = {"taking": {"sha256": sha256, "after": 0, "anew": False}}
    one.save()
    assert tried(one).outcome == "unchanged"
    assert store.receipts("import").height == 1
    assert one.remembered["sha256"] == sha256
