"""Health tells whether the owner can work; metrics are for this machine or for a token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from fenhe.platform.notices.watcher import Watcher
from fenhe.platform.operations import health, metrics, running
from fenhe.platform.operations.views import PASSED_ON
from fenhe.platform.worker import Worker
from fenhe.store import Store
from tests.platform.conftest import hours, load, tidy


def figures(text: str) -> dict[str, float]:
    """Return the samples of a page of metrics."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_the_process_is_alive_and_says_no_more(client: Client) -> None:
    reply = client.get("/health/")
    assert (reply.status_code, reply.content) == (200, b"ok\n")
    assert client.post("/health/").status_code == 405


@pytest.mark.django_db(transaction=True)
def test_ready_means_store_worker_and_disk(store: Store, client: Client, settings: Any) -> None:
    found = client.get("/health/ready/")
    assert found.status_code == 503
    assert found.json() == {
        "store": "ok",
        "worker": "not running",
        "watcher": "not running",
        "disk": "ok",
        "alarms": "none",
    }
    worker = running.now.worker = Worker(store)
    watcher = running.now.watcher = Watcher(store)
    try:
        worker.start()
        watcher.start()
        assert client.get("/health/ready/").status_code == 200
        settings.FENHE_BEHIND = -1.0
        assert client.get("/health/ready/").json()["worker"] == "behind"
        settings.FENHE_DISK_LOW = 1 << 60
        assert client.get("/health/ready/").json()["disk"] == "low"
    finally:
        watcher.stop()
        worker.stop()
        running.now.worker = running.now.watcher = None
    assert health.worker() == "not running"


def test_a_store_that_does_not_answer_is_told(
    store: Store, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.close()
    reply = client.get("/health/ready/")
    assert reply.status_code == 503
    assert reply.json()["store"] == "unreadable"


def test_metrics_are_for_this_machine_or_a_token(
    store: Store, client: Client, settings: Any
) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.9").status_code == 403
    for header in PASSED_ON:
        assert client.get("/metrics", **{header: "127.0.0.1"}).status_code == 403
    settings.FENHE_METRICS_TOKEN = "long-enough"  # noqa: S105
    assert client.get("/metrics").status_code == 403
    told = {"HTTP_AUTHORIZATION": "Bearer long-enough"}
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.9", **told).status_code == 200
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer other").status_code == 403


def test_metrics_count_what_came_in_and_what_is_left(
    store: Store, client: Client, tmp_path: Path
) -> None:
    before = figures(client.get("/metrics").content.decode())
    load(tidy(tmp_path / "a.csv", hours("in", count=3)))
    after = figures(client.get("/metrics").content.decode())

    def more(name: str) -> float:
        return after[name] - before.get(name, 0)

    feed = 'feed="tidy-hourly"'
    received = more(f'fenhe_observations_total{{{feed},outcome="received"}}')
    assert received == 18
    assert received == sum(
        more(f'fenhe_observations_total{{{feed},outcome="{outcome}"}}')
        for outcome in ("stored", "duplicate", "rejected")
    )
    assert after["fenhe_commits_total"] == store.last_commit
    assert after["fenhe_commits_behind"] == store.last_commit
    assert after["fenhe_store_files"] > before["fenhe_store_files"]
    assert after["fenhe_disk_free_bytes"] > 0
    counted = 'fenhe_request_seconds_count{method="GET",status="200",view="operations:metrics"}'
    assert more(counted) == 1


def test_unknown_methods_and_addresses_do_not_make_new_series(store: Store, client: Client) -> None:
    for number in range(3):
        client.generic(f"MADEUP{number}", f"/nowhere{number}")
    views = {
        (sample.labels["view"], sample.labels["method"])
        for family in metrics.SECONDS.collect()
        for sample in family.samples
        if sample.labels["status"] in {"404", "405"}
    }
    assert ("none", "other") in views
    assert not any("MADEUP" in method or "nowhere" in view for view, method in views)
