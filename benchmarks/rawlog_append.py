"""Append rate of the raw log: entries made durable, chained and checksummed, per second.

Beside it, in the same run, the plainest thing that could keep the same bytes: one write and one
sync to disk for each batch of the same size, into a file without checksums, numbers or chain;
first with one batch under way, as a program without group commit does, then with as much in one
write as the log puts together. Then the latency of single appends when nothing else is under
way, reading, following and verifying. Run: ``python benchmarks/rawlog_append.py [--entries N]``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from common import Report, Watch, watch

from fenhe.store.rawlog import NewEntry, StreamLog, Written
from fenhe.store.rawlog.log import GROUP
from fenhe.store.rawlog.verify import verify

PAYLOAD = (
    b"##0318QN=20260301040000000;ST=31;CN=2011;PW=123456;MN=88888880000001;Flag=5;"
    b"CP=&&DataTime=20260301040000;"
    + b";".join(b"a%05d-Rtd=12.345,a%05d-Flag=N" % (n, n) for n in range(21001, 21007))
    + b"&&1C80\r\n"
)
PEER = "192.168.100.100:50123"
SINGLES = 200  # appends whose latency is measured


def appended(log: StreamLog, batches: int, size: int, senders: int) -> Watch:
    """Append batches from several threads as fast as they are taken; until all are durable."""
    entries = [NewEntry("in", number, PAYLOAD, PEER) for number in range(size)]
    left, ended = [batches], threading.Event()

    def done(outcome: Written | Exception) -> None:
        assert isinstance(outcome, Written)
        left[0] -= 1
        if not left[0]:
            ended.set()

    def send(count: int) -> None:
        for _ in range(count):
            while log.backlog > 200_000:
                time.sleep(0.001)
            log.append(entries, done)

    threads = [threading.Thread(target=send, args=(batches // senders,)) for _ in range(senders)]
    with watch() as taken:
        for thread in threads:
            thread.start()
        assert ended.wait(600)
    for thread in threads:
        thread.join(60)
    return taken


def plain(path: Path, batches: int, size: int) -> Watch:
    """Write the same bytes with a sync for each batch."""
    data = PAYLOAD * size
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    with watch() as taken:
        for _ in range(batches):
            os.write(handle, data)
            os.fdatasync(handle)
    os.close(handle)
    return taken


def latencies(log: StreamLog, count: int) -> list[float]:
    """Return the seconds of single appends, one after the other."""
    taken = []
    for _ in range(count):
        ended = threading.Event()
        began = time.perf_counter()
        log.append([NewEntry("in", 1, PAYLOAD, PEER)], lambda _, ended=ended: ended.set())
        assert ended.wait(60)
        taken.append(time.perf_counter() - began)
    return taken


def plain_latencies(path: Path, count: int) -> list[float]:
    """Return the seconds of a plain write and sync of one frame."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        os.write(handle, PAYLOAD)
        os.fdatasync(handle)
        taken.append(time.perf_counter() - began)
    os.close(handle)
    return taken


def followed(log: StreamLog) -> Watch:
    """Read all entries through a follower."""
    count, follower = 0, log.follow()
    with watch() as taken:
        while (found := follower.take(20_000)) is not None:
            count += len(found.entries)
    assert count == sum(segment.entries for segment in log.segments())
    return taken


def tell(report: Report, what: str, taken: Sequence[float]) -> float:
    """Note the median and the 99th percentile of latencies; return the median."""
    ordered = sorted(taken)
    report.time(f"{what}, p99", ordered[int(len(ordered) * 0.99)])
    return report.time(f"{what}, median", statistics.median(ordered))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--entries", type=int, default=400_000)
    count = arguments.parse_args().entries
    report = Report("rawlog_append")
    print(f"payload {len(PAYLOAD)} bytes")
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        log = StreamLog(folder / "main")
        ones = report.rate(
            "log: appends of 1 entry, 4 threads", count // 4, appended(log, count // 4, 1, 4)
        )
        tens = report.rate(
            "log: appends of 10 entries, 4 threads", count, appended(log, count // 10, 10, 4)
        )
        many = report.rate(
            "log: appends of 500 entries, 4 threads", count, appended(log, count // 500, 500, 4)
        )
        few = 400
        peer = report.rate(
            "peer: write + sync each 10 frames", few * 10, plain(folder / "a", few, 10)
        )
        group = GROUP // len(PAYLOAD)
        best = report.rate(
            f"peer: write + sync each {group} frames",
            group * (count // group),
            plain(folder / "b", count // group, group),
        )
        report.ratio("log, appends of 10 / peer that syncs each 10", tens / peer)
        report.ratio("log, appends of 500 / peer in writes as large as the log's", many / best)
        slowest = min(ones, tens, many)
        report.ratio("slowest / 30,000 a second", slowest / 3e4, "bar: >= 1", slowest >= 3e4)
        single = tell(report, "log: one append, idle", latencies(log, SINGLES))
        bare = tell(report, "peer: one write + sync", plain_latencies(folder / "c", SINGLES))
        report.ratio("latency: log / peer", single / bare)
        total = sum(segment.entries for segment in log.segments())
        report.rate("log: followed", total, followed(log))
        with watch() as taken:
            assert verify(log.shelf).ok
        report.rate("log: verified", total, taken)
        log.close()
        with watch() as taken:
            StreamLog(folder / "main").close()
        report.time("log: opened after that", taken.seconds)
    print(f"saved {report.save()}")


if __name__ == "__main__":
    main()
