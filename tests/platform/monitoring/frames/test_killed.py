"""kill -9 at random moments while frames come into the store: each value once, all balanced.

``FENHE_INGEST_KILLS`` says how often (3 without it).
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import shutil
import sqlite3
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from fenhe.store import Store
from fenhe.store.rawlog import NewEntry, Rotation
from tests.platform.monitoring.frames import taking
from tests.platform.monitoring.frames.wire import MN, NOON, OTHER, frame
from tests.platform.server import fenhe

KILLS = int(os.environ.get("FENHE_INGEST_KILLS", "3"))
FRAMES = 40 + 50 * KILLS  # so that every kill finds something left to do
MOST = 2  # batches taken before a kill, and then …
LONGEST = 0.5  # … at most so many seconds
PATIENCE = 180.0 + 20 * KILLS  # seconds a loaded machine may take
SEED = random.Random(212)
REGIONS = "code,name\n140000,山西省\n140100,太原市\n140105,小店区\n"
LISTS = {
    "firms": ["firm,firm_name,region", "F1,某厂,140105"],
    "outlets": ["outlet,name,medium,firm,region", "DA001,烟囱,gas,F1,140105"],
    "devices": ["mn,firm,password,minutes", f"{MN},F1,123456,10"],
    "channels": [
        "mn,code,outlet,unit,unit_sum",
        f"{MN},a21026,DA001,mg/m3,kg",
        f"{MN},a21002,DA001,ug/m3,kg",
        f"{MN},sb1,DA001,,",
    ],
}
STATISTICS = ("1h", "1h.max", "rtd", "rtd.rs", "10min")


def payloads() -> list[bytes]:
    """Return frames of every sort: new, again, corrected, split, unknown, damaged, sayings."""
    made: list[bytes] = []
    for n in range(FRAMES):
        at = NOON - timedelta(hours=SEED.randrange(12))
        value = f"{SEED.randrange(400) / 10}"
        roll = SEED.randrange(12)
        if roll < 4:
            factors = [("a21026", "Avg", value), ("a21026", "Max", "50"), ("a21002", "Avg", "9")]
            letter = SEED.choice("NNNNND")
            made.append(frame("2061", [*factors, ("a21026", "Flag", letter)], at))
        elif roll < 6:
            made.append(frame("2011", [("a21026", "Rtd", value)], NOON - timedelta(seconds=30 * n)))
        elif roll == 6:
            part = {"pnum": 2, "qn": "20261125130000000"}
            made.append(frame("2051", [("a21026", "Avg", value)], at, pno=1, **part))
            made.append(frame("2051", [("a21002", "Avg", value)], at, pno=2, **part))
        elif roll == 7:
            made.append(SEED.choice(made) if made else b"noise")
        elif roll == 8:
            made.append(frame("2061", [("a24088", "Avg", value)], at))
        elif roll == 9:
            made.append(frame("3020", [("i13001", "Info", SEED.choice("123"))], at))
        elif roll == 10:
            made.append(frame("2021", [("SB1", "RS", SEED.choice("01"))], at))
        else:
            made.append(
                SEED.choice([b"noise", frame("2061", mn=OTHER), frame()[:-6] + b"FFFF\r\n"])
            )
    return made


def prepared(data: Path) -> None:
    """Make a data folder with a firm, its logger, and a raw log of many small segments."""
    fenhe("init", data=data)
    regions, lists = data.parent / "regions.csv", data.parent / "lists.xlsx"
    regions.write_text(REGIONS, encoding="utf-8")
    with xlsxwriter.Workbook(lists) as book:
        for name, lines in LISTS.items():
            sheet = book.add_worksheet(name)
            for row, line in enumerate(lines):
                sheet.write_row(row, 0, line.split(","))
    fenhe("import", "regions", str(regions), data=data)
    fenhe("outlets", "import", str(lists), data=data)
    with Store.open(data) as store:
        log = store.stream("main", Rotation(size=40_000))
        told = threading.Event()
        pieces = payloads()
        for begin in range(0, len(pieces), 10):
            batch = [NewEntry("in", 1, one) for one in pieces[begin : begin + 10]]
            told.clear()
            log.append([NewEntry("open", 1, b""), *batch], lambda _: told.set())
            assert told.wait(PATIENCE)


class Taking:
    """The process on a data folder, started again and again."""

    def __init__(self, data: Path) -> None:
        self.data, self.log = data, data.parent / f"{data.name}.log"
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(
            ["tests.platform.monitoring.frames.taking", "fenhe.store", "django.db.models",
             "fenhe.protocols.hj212"]
        )  # fmt: skip

    def noted(self, word: str) -> int:
        return self.log.read_text().count(word) if self.log.exists() else 0

    def start(self) -> Any:
        before = self.noted("open")
        args = (str(self.data), str(self.log))
        child = self.context.Process(target=taking.take, args=args, daemon=True)
        child.start()
        until = time.monotonic() + PATIENCE
        while child.is_alive() and self.noted("open") == before and time.monotonic() < until:
            time.sleep(0.005)
        return child

    def kill(self, batches: int, after: float) -> bool:
        """Kill it so many seconds after some batches; False when it came to its end before."""
        before, taken = self.noted("end"), self.noted("batch")
        child = self.start()
        until = time.monotonic() + PATIENCE
        while child.is_alive() and self.noted("batch") < taken + batches:
            assert time.monotonic() < until
            time.sleep(0.002)
        child.join(after)
        child.kill()
        child.join(PATIENCE)
        return self.noted("end") == before

    def finish(self) -> None:
        child = self.start()
        child.join(PATIENCE)
        assert child.exitcode == 0
        assert self.noted("end") > 0


def content(data: Path) -> dict[str, Any]:
    """Return what the store and the records hold, without numbers of commits and imports."""
    with Store.open(data) as store:
        found: dict[str, Any] = {}
        for statistic in STATISTICS:
            rows = store.observations(statistic=statistic).drop("commit")
            found[statistic] = rows.rows()
        flags = store.flags().select("site", "item", "statistic", "start", "end", "check", "reason")
        found["flags"] = sorted(flags.rows())
        found["refused"] = sorted(
            store.quarantine().select("raw_sha256", "raw_row", "column", "text", "reason").rows()
        )
        sums = ("received", "stored", "corrected", "duplicate", "rejected")
        imports = store.receipts("import")
        found["receipts"] = sorted(imports.select("raw_sha256", *sums).rows())
        batches = store.receipts("batch").select(*sums).rows()
        assert all(r == s + d + x for r, s, _, d, x in batches)
        frames = store.frame_receipts().select(
            pl.col("received", "accepted", "duplicate", "rejected").sum()
        )
        found["frames"] = frames.row(0)
        assert found["frames"][0] == sum(found["frames"][1:])
        found["history"] = sorted(_history(store))
        assert store.unbalanced().is_empty()
    with contextlib.closing(sqlite3.connect(data / "records.sqlite3")) as link:
        query = "SELECT name, value, since, raw_row FROM registry_deviceparameter ORDER BY 3, 4"
        found["sayings"] = link.execute(query).fetchall()
    return found


def _history(store: Store) -> list[Any]:
    """Return the former values of every hour, in their order."""
    hours = store.observations(statistic="1h").select("site", "item", "start").rows()
    rows: list[Any] = []
    for site, item, start in hours:
        former = store.history(site, item, "1h", start)
        rows += [(site, item, start, n, v) for n, v in enumerate(former["value"])]
    return rows


def test_killed_at_random_moments_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    data, calm = tmp_path / "killed", tmp_path / "calm"
    prepared(data)
    shutil.copytree(data, calm)
    Taking(calm).finish()
    expected = content(calm)
    assert expected["frames"][0] == len(payloads_of(calm))
    taking_it, killed = Taking(data), 0
    for _ in range(KILLS):
        killed += taking_it.kill(SEED.randrange(MOST + 1), SEED.uniform(0.0, LONGEST))
        with Store.open(data) as store:
            assert store.unbalanced().is_empty()
    taking_it.finish()
    assert killed > KILLS / 2
    assert content(data) == expected


def payloads_of(data: Path) -> list[bytes]:
    """Return the received pieces of the log, read by themselves."""
    with Store.open(data) as store:
        shelf = store.streams.shelf("main")
        return [
            entry.payload
            for segment in shelf.segments()
            for entry in shelf.read(segment.id)
            if entry.kind == "in"
        ]
