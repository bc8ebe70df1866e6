"""Counters and gauges for Prometheus. Counters begin at zero with the process, as is usual."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from fenhe.platform import owner
from fenhe.platform.gateway import measures
from fenhe.platform.notices import queries as alarms
from fenhe.platform.operations import backlog, lateness, running
from fenhe.store import Store, tally

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
CELLS = Counter("fenhe_cells_written", "Verdict cells written.", ["kind"], registry=REGISTRY)
SECONDS = Histogram(
    "fenhe_request_seconds",
    "Time to answer a request, by view.",
    ["view", "method", "status"],
    registry=REGISTRY,
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30),
)
Family = CounterMetricFamily | GaugeMetricFamily
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _State(Collector):
    """What is read at the moment of the question."""

    def collect(self) -> Iterator[Family]:
        """Yield the state of the store, the verdicts and the disk."""
        store = owner.store()
        yield CounterMetricFamily("fenhe_commits", "Commits of the store.", store.last_commit)
        yield GaugeMetricFamily("fenhe_store_files", "Data files of the store.", store.live_files())
        yield _observations()
        left = backlog.of(store)
        yield GaugeMetricFamily("fenhe_dirty_days", "Days of sites and cities to judge.", left.days)
        yield GaugeMetricFamily(
            "fenhe_commits_behind", "Commits the worker has not looked at.", left.commits
        )
        yield from _rawlogs(store)
        yield from measures.families()
        yield _lags()
        yield _failures()
        yield _alarms()
        thread = running.now.worker
        if thread is not None:
            yield GaugeMetricFamily(
                "fenhe_worker_behind_seconds",
                "Seconds since the verdicts were last up to date.",
                time.monotonic() - thread.level_at,
            )
        free = shutil.disk_usage(settings.FENHE_DATA).free
        yield GaugeMetricFamily("fenhe_disk_free_bytes", "Room on the data folder's disk.", free)


def _rawlogs(store: Store) -> Iterator[Family]:
    written = CounterMetricFamily(
        "fenhe_rawlog_entries", "Entries made durable in a raw log.", labels=["gateway"]
    )
    waiting = GaugeMetricFamily(
        "fenhe_rawlog_waiting", "Entries of a raw log not yet durable.", labels=["gateway"]
    )
    failed = GaugeMetricFamily(
        "fenhe_rawlog_failed", "1 while a raw log can not be written.", labels=["gateway"]
    )
    for log in store.streams.opened():
        written.add_metric([log.gateway], log.written)
        waiting.add_metric([log.gateway], log.backlog)
        failed.add_metric([log.gateway], int(log.failed is not None))
    yield from (written, waiting, failed)


def _lags() -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "fenhe_feed_lag_seconds", "Seconds since the newest value of a feed.", labels=["feed"]
    )
    for lag in lateness.lags():
        family.add_metric([lag.feed], lag.seconds)
    return family


def _failures() -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "fenhe_feed_failures", "Failed tries of a feed in a row, 0 is not told.", labels=["feed"]
    )
    for feed, failures in lateness.failing().items():
        family.add_metric([feed], failures)
    return family


def _alarms() -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "fenhe_alarms_open", "Alarms that stand open.", labels=["topic", "kind", "severity"]
    )
    for topic, kind, severity, number in alarms.standing_counts():
        family.add_metric([topic, kind, severity], number)
    return family


def _observations() -> CounterMetricFamily:
    family = CounterMetricFamily(
        "fenhe_observations",
        "Values received; received = stored + duplicate + rejected.",
        labels=["feed", "outcome"],
    )
    for feed, counts in sorted(tally.counts().items()):
        for outcome, count in counts.items():
            family.add_metric([feed, outcome], count)
    return family


REGISTRY.register(_State())


def text() -> bytes:
    """Return everything in the text format of Prometheus."""
    return generate_latest(REGISTRY)


class Durations:
    """Times every request, by the name of its view, in sync and async stacks."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Answer the request and note how long that took."""
        if iscoroutinefunction(self):
            return self._later(request)
        began = time.perf_counter()
        return _noted(request, self.get_response(request), began)

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        return _noted(request, await self.get_response(request), began)


def _noted(request: HttpRequest, response: HttpResponseBase, began: float) -> HttpResponseBase:
    match = request.resolver_match
    view = match.view_name if match else "static" if request.path.startswith("/static/") else "none"
    method = request.method if request.method in METHODS else "other"
    SECONDS.labels(view, method, response.status_code).observe(time.perf_counter() - began)
    return response
