"""The server is killed at random moments while programs push: nothing acknowledged is lost.

``FENHE_KILLS`` says how often; a hundred take about fifteen minutes.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fenhe.store import Store
from tests.platform.api import served
from tests.platform.server import start

KILLS = int(os.environ.get("FENHE_KILLS", "3"))
CLIENTS = 3
WAIT = 300.0  # seconds a loaded machine may take
ITEMS = {"so2": 10, "no2": 40, "o3": 90, "pm10": 80, "pm25": 40}


class Pusher(threading.Thread):
    """A program that pushes batch after batch, each until it is acknowledged, under one key."""

    def __init__(self, number: int, port: int, token: str, rng: random.Random) -> None:
        super().__init__(daemon=True)
        self.number, self.port, self.token, self.rng = number, port, token, rng
        self.acknowledged: dict[str, Any] = {}
        self.sent: dict[tuple[str, str], int] = {}
        self.tries: Counter[int] = Counter()
        self.wrong: list[Any] = []
        self.over = threading.Event()

    def run(self) -> None:
        """Push until told to stop; what is begun is finished."""
        batch = 0
        while not self.over.is_set():
            batch += 1
            key = f"{self.number}-{batch}"
            self._until_acknowledged(key, json.dumps(self._batch(batch)).encode())

    def _batch(self, batch: int) -> dict[str, Any]:
        day, hour = divmod(batch - 1, 24)
        month, date = divmod(day, 28)
        time_ = f"{2001 + self.number * 10 + month // 12:04d}-{month % 12 + 1:02d}-{date + 1:02d}"
        time_ += f" {hour + 1:02d}:00"
        rows: list[dict[str, Any]] = []
        for item, usual in ITEMS.items():
            value = usual + self.rng.randrange(5)
            self.sent[item, time_] = value
            rows.append({"station": "C1", "item": item, "time": time_, "value": value})
        rows.append({"station": "C1", "item": "co", "time": time_, "value": -1})
        return {"feed": "push-hourly", "observations": rows}

    def _until_acknowledged(self, key: str, body: bytes) -> None:
        tries = 0
        while True:
            tries += 1
            try:
                status, answer = served.push(self.port, self.token, key, body)
            except OSError:
                time.sleep(0.05)
                continue
            if status == 201:
                self.acknowledged[key] = answer["data"]
                self.tries[min(tries, 2)] += 1
                return
            self.wrong.append((status, answer))
            time.sleep(0.2)


def killed(data: Path, port: int, delay: float, clients: list[Pusher]) -> None:
    """Serve, wait for an acknowledgement and a moment more, and kill."""
    process = start("serve", "--port", str(port), data=data)
    before = sum(len(client.acknowledged) for client in clients)
    until = time.monotonic() + WAIT
    while sum(len(client.acknowledged) for client in clients) == before:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until, clients[0].wrong[-1:]
        time.sleep(0.01)
    time.sleep(delay)
    _end(process, signal.SIGKILL)


def _end(process: subprocess.Popen[str], how: signal.Signals) -> None:
    process.send_signal(how)
    process.communicate(timeout=WAIT)


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    data, token = served.prepare(tmp_path)
    seed = int(os.environ.get("FENHE_SEED", "20260301"))
    rng = random.Random(seed)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    clients = [Pusher(n, port, token, random.Random(seed + n)) for n in range(CLIENTS)]
    for client in clients:
        client.start()
    for _ in range(KILLS):
        killed(data, port, rng.uniform(0, 2.5), clients)
    process = start("serve", "--port", str(port), data=data)
    for client in clients:
        client.over.set()
    for client in clients:
        client.join(timeout=WAIT)
        assert not client.is_alive()
    _end(process, signal.SIGTERM)
    print({n: sum(client.tries[n] for client in clients) for n in (1, 2)}, "seed", seed)
    assert [client.wrong for client in clients] == [[]] * CLIENTS
    _check(data, clients)


def _check(data: Path, clients: list[Pusher]) -> None:
    with Store.open(data) as store:
        values = store.observations().filter(pl.col("start").dt.year() != 2026)
        receipts = store.receipts("import", "push-hourly")
        quarantine = store.quarantine("push-hourly")
    batches = sum(len(client.acknowledged) for client in clients)
    assert batches >= KILLS
    sent = {key: value for client in clients for key, value in client.sent.items()}
    label = (pl.col("end") + pl.duration(hours=8)).dt.strftime("%Y-%m-%d %H:%M")
    stored = values.select("item", label.alias("time"), "value").rows()
    assert sorted(stored) == sorted(
        (item, _midnight(time_), float(value)) for (item, time_), value in sent.items()
    )
    assert receipts["closed"].all()
    balance = receipts["stored"] + receipts["duplicate"] + receipts["rejected"]
    assert receipts["received"].to_list() == balance.to_list()
    assert receipts["stored"].sum() == len(sent)
    assert quarantine.height == receipts["rejected"].sum()
    known = {row["import"]: row for row in receipts.iter_rows(named=True)}
    told = [answer for client in clients for answer in client.acknowledged.values()]
    assert len({answer["receipt"] for answer in told}) == len(told) == receipts.height
    for answer in told:
        row = known[answer["receipt"]]
        names = ("received", "stored", "duplicate", "rejected")
        assert [answer[n] for n in names] == [row[n] for n in names] == [6, 5, 0, 1]


def _midnight(time_: str) -> str:
    """Return a label of hour 24 as the midnight it is."""
    if not time_.endswith("24:00"):
        return time_
    frame = pl.Series([time_[:10]]).str.to_date().dt.offset_by("1d")
    return f"{frame[0]} 00:00"
