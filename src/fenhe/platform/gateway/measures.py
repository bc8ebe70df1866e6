"""The gateway's part of the metrics."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from fenhe.platform.gateway import live

FATES = ("accepted", "rejected", "incomplete")


def families() -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
    """Yield connections, frames by fate, answers, delay and what the store has not taken yet.

    Nothing where this process has no gateway.
    """
    state = live.state(connections=False)
    if not state["running"]:
        return
    totals = state["totals"]
    yield GaugeMetricFamily("fenhe_gateway_connections", "Open connections.", state["open"])
    frames = CounterMetricFamily(
        "fenhe_gateway_frames", "Frames received, by what became of them.", labels=["fate"]
    )
    for fate in FATES:
        frames.add_metric([fate], totals[fate])
    yield frames
    yield CounterMetricFamily("fenhe_gateway_answers", "Frames answered.", totals["answers"])
    yield GaugeMetricFamily(
        "fenhe_gateway_behind_entries",
        "Entries of the raw log the store has not taken.",
        state["behind"]["entries"],
    )
    delay = GaugeMetricFamily(
        "fenhe_gateway_disk_seconds", "From arrival to the disk.", labels=["quantile"]
    )
    for quantile, part in (("0.5", "p50"), ("0.99", "p99")):
        if state["acknowledged_ms"][part] is not None:
            delay.add_metric([quantile], state["acknowledged_ms"][part] / 1000)
    yield delay
