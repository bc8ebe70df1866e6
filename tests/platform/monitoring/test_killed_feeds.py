"""kill -9 at random moments while feeds run: nothing offered is lost, nothing is doubled.

``FENHE_FEED_KILLS`` says how often (12 without it).
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import sqlite3
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fenhe.store import Store
from tests.platform.monitoring import feed_load
from tests.platform.monitoring.offers import BACK, HOUR, Offers, beijing_now, of, offered
from tests.platform.server import fenhe

KILLS = int(os.environ.get("FENHE_FEED_KILLS", "12"))
LONGEST = 2.5  # seconds until the kill, from the opening of the store
WAIT = 120.0  # seconds a loaded machine may take for one more of what was offered
TO_UTC = timedelta(hours=-8)
REGIONS = "code,name\n140000,山西省\n140100,太原市\n140105,小店区\n"
STATIONS = "site,name,region,code\na,甲,140105,C1\nb,乙,140105,C2\nc,丙,140105,C3\n"
SITES = {"C1": "a", "C2": "b", "C3": "c"}


class Feeding:
    """The data folder and the process on it, started and killed again and again."""

    def __init__(self, data: Path) -> None:
        self.data, self.log = data, data.parent / "log"
        # a server that has imported everything forks each child: many starts stay cheap
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(
            ["tests.platform.monitoring.feed_load", "fenhe.store", "httpx", "django.db.models"]
        )

    def start(self, *, opened: bool) -> Any:
        before = self._times_open()
        args = (str(self.data), str(self.log))
        child = self.context.Process(target=feed_load.feed, args=args, daemon=True)
        child.start()
        while opened and child.is_alive() and self._times_open() == before:
            time.sleep(0.005)
        return child

    def _times_open(self) -> int:
        return self.log.read_text().count("open") if self.log.exists() else 0

    def records(self, query: str) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self.data / "records.sqlite3", 20)) as link:
            return link.execute(query).fetchall()

    def live(self) -> str:
        """Return the hash of what the live source took last."""
        query = "SELECT remembered FROM monitoring_source WHERE key = 'live'"
        return str(json.loads(self.records(query)[0][0]).get("sha256", ""))

    def place(self) -> datetime:
        """Return up to which hour (UTC) the dated source has asked."""
        query = "SELECT place FROM monitoring_source WHERE key = 'dated'"
        return datetime.fromisoformat(self.records(query)[0][0])

    def imports(self) -> int:
        """Return how many imports there were so far."""
        return int(self.records("SELECT count(*) FROM monitoring_import")[0][0])

    def is_level(self, files: int, live: str) -> bool:
        """Say whether everything offered is taken."""
        taken = "SELECT count(*) FROM monitoring_sourcefile WHERE state = 'taken'"
        dated = "SELECT remembered, place FROM monitoring_source WHERE key = 'dated'"
        remembered, place = self.records(dated)[0]
        done = self.records(taken)[0][0] == files and self.live() == live
        newest = f"{beijing_now() + TO_UTC:%Y-%m-%d %H}"
        return done and not json.loads(remembered).get("owed") and place >= newest


def prepared(folder: Path, address: str) -> Path:
    """Make a data folder with three sources by the command line, the dated one hours behind."""
    data = folder / "data"
    fenhe("init", data=data)
    for kind, text in (("regions", REGIONS), ("stations", STATIONS)):
        (folder / f"{kind}.csv").write_text(text, encoding="utf-8")
        fenhe("import", kind, str(folder / f"{kind}.csv"), data=data)
    for key, location in (
        ("files", f"{folder}/in/**/*.csv"),
        ("live", f"{address}/live.csv"),
        ("dated", f"{address}/dated/{{date:%Y%m%d%H}}.csv"),
    ):
        words = ("sources", "add", key, location, "--feed", "tidy-hourly", "--interval", "1")
        assert "waiting" in fenhe(*words, data=data).stdout
    place = beijing_now() + TO_UTC - HOUR * BACK
    with contextlib.closing(sqlite3.connect(data / "records.sqlite3")) as link, link:
        link.execute(
            "UPDATE monitoring_source SET place = ? WHERE key = 'dated'", [f"{place:%F %T}"]
        )
    return data


@pytest.mark.slow
def test_feeds_killed_at_any_moment_lose_and_double_nothing(tmp_path: Path) -> None:
    offers, chance = Offers(tmp_path / "in"), random.Random(7)
    offers.folder.mkdir()
    offers.dated(beijing_now())
    offers.spoil()
    with offered(offers) as address:
        feeding = Feeding(prepared(tmp_path, address))
        live = offers.new_live()
        for number in range(KILLS):
            child = feeding.start(opened=chance.random() < 0.9)
            offers.new_file()
            until = time.monotonic() + chance.uniform(0, LONGEST)
            if number % 2:
                offers.correction()
            if number % 4 == 3:
                offers.back_again()
            if number == KILLS // 2:
                offers.mend()
            while time.monotonic() < until:
                if feeding.live() == live:  # only what was taken may be replaced
                    live = offers.new_live()
                time.sleep(0.02)
            assert child.exitcode is None, "it ended by itself"
            child.kill()
            child.join(timeout=300)
        finish(feeding, offers, live)
    offers.hours_up_to(feeding.place() - TO_UTC)
    check_values(feeding.data, offers)
    check_records(feeding)


def finish(feeding: Feeding, offers: Offers, live: str) -> None:
    """Let everything be taken, then ask the process to end."""
    child = feeding.start(opened=True)
    until, imports = time.monotonic() + WAIT, 0
    while not feeding.is_level(offers.files, live):
        if feeding.imports() > imports:  # after many kills much is left to do
            until, imports = time.monotonic() + WAIT, feeding.imports()
        assert time.monotonic() < until, feeding.records("SELECT * FROM monitoring_source")
        assert child.is_alive()
        time.sleep(0.1)
    child.terminate()
    child.join(30)
    assert child.exitcode == 0


def check_values(data: Path, offers: Offers) -> None:
    """Every value once, every correction in the history once, every receipt in balance."""
    with Store.open(data) as store:
        found = {
            (site, start, item): value
            for site, start, item, value in store.observations()
            .select("site", "start", "item", "value")
            .iter_rows()
        }
        assert len(found) == store.observations().height
        expected = {
            (SITES[code], end - HOUR + TO_UTC, item): value
            for (code, end), pm25 in offers.stands.items()
            for item, value in of(pm25).items()
        }
        assert found == expected
        for code, end in offers.stands:
            former = store.history(SITES[code], "pm25", "1h", end - HOUR + TO_UTC)
            assert former["value"].to_list() == offers.former.get((code, end), [])
        corrections = sum(len(one) for one in offers.former.values())
        assert corrections > 0
        receipts = store.receipts("import")
        assert receipts["closed"].all()
        assert receipts["corrected"].sum() == corrections
        assert receipts["stored"].sum() == len(expected) + corrections
        assert receipts["rejected"].sum() == store.quarantine().height == 0
        assert store.unbalanced().is_empty()
        assert set(receipts["feed"]) == {"tidy-hourly"}
        for row in receipts.select(pl.col("raw_sha256").unique()).iter_rows():
            store.raw.verify(row[0])


def check_records(feeding: Feeding) -> None:
    """No run or import hangs, no source has failed for good, nothing was refused."""
    open_ones = (
        "SELECT count(*) FROM monitoring_sourcerun WHERE outcome = 'running' "
        "UNION ALL SELECT count(*) FROM monitoring_import WHERE state = 'running' "
        "UNION ALL SELECT count(*) FROM monitoring_import WHERE state = 'refused' "
        "UNION ALL SELECT count(*) FROM monitoring_sourcefile WHERE state = 'refused'"
    )
    assert [row[0] for row in feeding.records(open_ones)] == [0, 0, 0, 0]
    states = feeding.records("SELECT key, failures, alarm FROM monitoring_source ORDER BY key")
    assert [row[0] for row in states] == ["dated", "files", "live"]
    assert all(alarm == "" for _, _, alarm in states)
