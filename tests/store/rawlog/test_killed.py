"""kill -9 at random moments: what was acknowledged is there, once, and everything balances.

``FENHE_RAWLOG_KILLS`` says how many times each of the two is killed; without it the one that
opens a whole store each time is killed less often.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from fenhe.store import Store
from fenhe.store.rawlog import StreamLog
from fenhe.store.rawlog.verify import verify
from tests.store.rawlog import killed
from tests.store.rawlog.support import WAIT, payloads

KILLS = int(os.environ.get("FENHE_RAWLOG_KILLS", "20"))
KILLS_OF_A_STORE = int(os.environ.get("FENHE_RAWLOG_KILLS", "6"))
UPKEEP = 20  # kills between two rounds of upkeep, as a server would make
Work = Callable[[str, str, int], None]


def kill(work: Work, folder: Path, notes: Path, run: int, seconds: float) -> None:
    """Run the work in a process of its own and kill it so many seconds after it has opened."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.store.rawlog.killed", "pyarrow"])
    child = context.Process(target=work, args=(str(folder), str(notes), run))
    child.start()
    until = time.monotonic() + WAIT
    while f"open {run}\n" not in lines_of(notes) and time.monotonic() < until:
        time.sleep(0.002)
    assert child.is_alive()
    time.sleep(seconds)
    child.kill()
    child.join(WAIT)
    assert child.exitcode == -9


def lines_of(notes: Path) -> str:
    return notes.read_text() if notes.exists() else ""


def acknowledged(notes: Path) -> dict[tuple[str, int], str]:
    """Return (segment, number) -> text of everything that was acknowledged."""
    found = {}
    for line in lines_of(notes).splitlines():
        word, *rest = line.split()
        if word == "kept":
            segment, first, *texts = rest
            for at, text in enumerate(texts):
                found[segment, int(first) + at] = text
    return found


def check_kept(log: StreamLog, notes: Path) -> int:
    """Assert that every acknowledged entry is in its place, and that nothing is there twice."""
    there = {(s.id, e.number): e.payload for s in log.segments() for e in log.read(s.id)}
    kept = acknowledged(notes)
    for place, text in kept.items():
        assert there[place] == killed.frame(text)
    frames = [entry for segment in log.segments() for entry in log.read(segment.id)]
    assert max(Counter(payloads(frames)).values()) == 1
    return len(kept)


@pytest.mark.slow
def test_kills_lose_nothing_acknowledged(tmp_path: Path) -> None:
    folder, notes = tmp_path / "main", tmp_path / "notes"
    chance = random.Random(20261125)
    for run in range(KILLS):
        kill(killed.append, folder, notes, run, chance.uniform(0, 0.15))
        if run % 10 == 9 or run == KILLS - 1:
            log = StreamLog(folder, rotation=killed.ROTATION)
            try:
                assert log.failed is None
                assert check_kept(log, notes) > run
                assert verify(log.shelf).problems == []
            finally:
                log.close()
    assert "open" in lines_of(notes)


@pytest.mark.slow
def test_kills_store_every_value_once(tmp_path: Path) -> None:
    folder, notes = tmp_path / "data", tmp_path / "notes"
    chance = random.Random(20261126)
    Store.open(folder).close()
    for run in range(KILLS_OF_A_STORE):
        kill(killed.serve, folder, notes, run, chance.uniform(0, 0.4))
        if run % UPKEEP == UPKEEP - 1:
            with Store.open(folder) as store:
                assert store.unbalanced().is_empty()
                store.maintain(timedelta(0))
    stop = threading.Event()
    stop.set()
    with Store.open(folder) as store:
        killed.follow(store, stop)
        log = store.stream("main", killed.ROTATION)
        assert check_kept(log, notes) > KILLS_OF_A_STORE
        assert store.verify_stream("main").problems == []
        check_stored(store, log)


def check_stored(store: Store, log: StreamLog) -> None:
    """Hold the store against the log: every frame once, nothing else, receipts balance."""
    entries = {s.id: [e for e in log.read(s.id) if e.kind == "in"] for s in log.segments()}
    receipts = {row["raw_sha256"]: row for row in store.receipts("import").iter_rows(named=True)}
    assert set(receipts) == {segment for segment, frames in entries.items() if frames}
    for segment, row in receipts.items():
        told, refused, count = killed.decoded(entries[segment])
        counts = (row["received"], row["stored"], row["duplicate"], row["rejected"])
        assert counts == (count, told.height, 0, refused.height)
    assert store.unbalanced().is_empty()
    every = [entry for frames in entries.values() for entry in frames]
    told, refused, _ = killed.decoded(every)
    columns = ["site", "item", "start", "value"]
    stored = store.observations()
    assert stored.select(columns).equals(told.sort("site", "item", "start").select(columns))
    rows = dict(stored.select("raw_sha256", "raw_row").rows_by_key("raw_sha256"))
    for segment, frames in entries.items():
        there = {row[0] if isinstance(row, tuple) else row for row in rows.get(segment, [])}
        assert there <= {entry.number for entry in frames}
    assert store.quarantine().height == refused.height
    assert store.flags().height == killed.flagged(told).height
    flagged = stored.filter(pl.col("quality") > 0)
    assert flagged.height == killed.flagged(told).height
