"""kill -9 at 100 random moments of an import: nothing lost, nothing doubled, receipts balance."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import time
from pathlib import Path

import polars as pl
import pytest

from fenhe.store import Store
from tests.store import crash_load

KILLS = 100
LONGEST = 0.5  # seconds until the kill, from the start or from the opening of the store


def run(folder: Path, log: Path, seconds: float | None, *, opened: bool = False) -> bool:
    """Start the load in a process of its own, kill it after a while; True when it finished.

    ``opened``: the while begins when the store is open, so that most kills meet a write.
    """
    # a server that has imported everything forks each child: a hundred starts stay cheap
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.store.crash_load", "pyarrow"])
    child = context.Process(target=crash_load.load, args=(str(folder), str(log)))
    before = times_open(log)
    child.start()
    while opened and child.is_alive() and times_open(log) == before:
        time.sleep(0.005)
    child.join(seconds)
    if child.exitcode is None:
        child.kill()
    child.join(timeout=300)
    return child.exitcode == 0


def times_open(log: Path) -> int:
    return log.read_text().count("open") if log.exists() else 0


def account(folder: Path) -> dict[str, pl.DataFrame]:
    """Return all a store holds, without the numbers and times that depend on the kills."""
    with Store.open(folder / "data") as store:
        lake = store._lake
        return {
            "observations": store.observations(),
            "history": lake.read(
                "SELECT series, start, value, raw, raw_row, superseded_commit FROM history "
                "ORDER BY series, start, superseded_commit, raw_row"
            ),
            "receipts": store.receipts("batch").drop("hour"),
            "imports": store.receipts("import").drop("began_at", "known_at"),
            "quarantine": store.quarantine(),
            "flags": store.flags(),
            "commits": store.commits().filter(pl.col("actor") == "ann").drop("known_at"),
        }


def check_log(log: Path) -> None:
    """What was acknowledged before a kill is where the next run takes up, or before it."""
    written: dict[str, int] = {}
    for line in log.read_text().splitlines():
        word, _, rest = line.partition(" ")
        number, _, row = rest.partition(":")
        if word == "written":
            written[number] = int(row)
        elif word == "resume":
            assert int(row) >= written.get(number, 0), f"acknowledged rows lost: {line}"


def start(folder: Path, template: Path) -> Path:
    shutil.copytree(template, folder)
    for name in crash_load.FILES:
        (folder / name).write_text(f"bytes of {name}\n" * 20_000)
    return folder


@pytest.mark.slow
def test_a_hundred_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    Store.open(tmp_path / "template" / "data").close()
    whole = start(tmp_path / "whole", tmp_path / "template")
    assert run(whole, tmp_path / "whole.log", None)
    expected = account(whole)
    assert expected["imports"]["closed"].to_list() == [True, True]

    chance, kills, rounds = random.Random(20260301), 0, 0
    while kills < KILLS:
        folder = start(tmp_path / f"round{rounds}", tmp_path / "template")
        log = tmp_path / f"round{rounds}.log"
        while kills < KILLS:
            moment, opened = chance.uniform(0, LONGEST), chance.random() < 0.8
            if run(folder, log, moment, opened=opened):
                break
            kills += 1
        assert run(folder, log, None)
        check_log(log)
        for name, frame in account(folder).items():
            assert frame.equals(expected[name]), f"{name} differs in round {rounds}"
        check_raw(folder)
        shutil.rmtree(folder)
        rounds += 1


def check_raw(folder: Path) -> None:
    with Store.open(folder / "data") as store:
        hashes = store.receipts("import")["raw_sha256"].to_list()
        assert len(set(hashes)) == len(crash_load.FILES)
        for name, sha256 in zip(crash_load.FILES, hashes, strict=True):
            assert store.raw.verify(sha256).read_bytes() == (folder / name).read_bytes()
