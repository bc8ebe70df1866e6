"""The work that tests kill: writers that note what was acknowledged, and a reader into a store."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import polars as pl

from fenhe.store import Load, Store
from fenhe.store.raw import of_segment
from fenhe.store.rawlog import Entry, NewEntry, Position, Rotation, StreamLog, Written
from tests.store.conftest import rejected, values

ROTATION = Rotation(size=60_000)
FEED = "hj212:main"


class Notes:
    """An append-only file of what was acknowledged; a line is there once ``say`` returns."""

    def __init__(self, path: str) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def say(self, *words: object) -> None:
        os.write(self._handle, (" ".join(map(str, words)) + "\n").encode())


def writers(
    log: StreamLog, notes: Notes, run: int, stop: threading.Event, pause: float = 0.0
) -> list[threading.Thread]:
    """Start three threads that append as fast as answers come and ``pause`` (seconds) allows."""

    def write(thread: int) -> None:
        free = threading.Semaphore(8)
        count = 0
        while not stop.is_set():
            if not free.acquire(timeout=0.1):
                continue
            texts = [f"{run}/{thread}/{count + at}" for at in range(1 + count % 7)]
            count += len(texts)

            def done(outcome: Written | Exception, texts: list[str] = texts) -> None:
                if isinstance(outcome, Written):
                    notes.say("kept", outcome.segment, outcome.first, *texts)
                free.release()

            log.append([NewEntry("in", thread, frame(text)) for text in texts], done)
            time.sleep(pause)

    threads = [threading.Thread(target=write, args=(n,), daemon=True) for n in range(3)]
    for thread in threads:
        thread.start()
    return threads


def frame(text: str) -> bytes:
    """Return what is sent: the text, and as many bytes more as it says."""
    return text.encode() + b" " + b"#" * (len(text) * 37 % 200)


def append(folder: str, notes: str, run: int) -> None:
    """Write into a log until killed."""
    said = Notes(notes)
    log = StreamLog(Path(folder), rotation=ROTATION)
    said.say("open", run)
    for thread in writers(log, said, run, threading.Event()):
        thread.join(120)


def read_value(entry: Entry) -> tuple[str, int, float]:
    """Return site, hour and value of a frame ``run/thread/count``: an hour of its own for each."""
    run, thread, count = (int(part) for part in entry.payload.split()[0].split(b"/"))
    return f"{run:03d}-{thread}", count, float(count % 100)


def decoded(entries: Sequence[Entry]) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Return what a batch of entries says; every ninth frame is refused."""
    frames = [entry for entry in entries if entry.kind == "in"]
    bad = [entry for entry in frames if read_value(entry)[1] % 9 == 8]
    good = [entry for entry in frames if read_value(entry)[1] % 9 != 8]
    told = values([read_value(entry) for entry in good])
    told = told.with_columns(pl.Series("raw_row", [e.number for e in good], dtype=pl.Int64))
    return told, rejected([(e.number, "9999.99", "sentinel") for e in bad]), len(frames)


def flagged(told: pl.DataFrame) -> pl.DataFrame:
    """Return the flags the logger itself gave: every fifth value."""
    part = told.filter(pl.col("value") % 5 == 0)
    return part.select(
        "site",
        "item",
        "statistic",
        "start",
        (pl.col("start") + timedelta(hours=1)).alias("end"),
        pl.lit("logger_fault").alias("check"),
        pl.lit("D").alias("reason"),
        "raw_row",
    )


def follow(store: Store, stop: threading.Event, most: int = 400, wait: float = 0.05) -> None:
    """Bring what is durable into the store, exactly once, until ``stop`` is set and all is read."""
    log = store.stream("main", ROTATION)
    closed = store.receipts("import", feed=FEED).filter("closed")["raw_sha256"].to_list()
    first = next((s for s in log.segments() if s.id not in closed), None)
    follower = log.follow(None if first is None else Position(first.id, 0))
    load: Load | None = None
    while True:
        last = stop.is_set()
        taken = follower.take(most, wait)
        if taken is None:
            if last:
                break
            continue
        if load is None:
            load = store.begin_import(FEED, of_segment(taken.segment), "reader")
        told, refused, count = decoded(taken.entries)
        load.write(told, refused, count, flags=flagged(told), upto=taken.upto)
        if taken.ended:
            load.finish()
            load = None
    if load is not None:
        load.release()


def serve(folder: str, notes: str, run: int) -> None:
    """Write and read until killed."""
    said = Notes(notes)
    with Store.open(folder) as store:
        said.say("open", run)
        log = store.stream("main", ROTATION)
        writers(log, said, run, threading.Event(), pause=0.005)
        follow(store, threading.Event())
