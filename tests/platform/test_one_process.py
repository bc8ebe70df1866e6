"""One process under everything at once: pages, imports, exports, a feed, pushes, backups.

``FENHE_ONE_PROCESS_SECONDS`` says how long all of it goes on; the default is short.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import httpx
import polars as pl
import pytest

from fenhe.platform import wire
from fenhe.store import Store
from tests.platform.api.served import push
from tests.platform.conftest import hours, tidy
from tests.platform.server import Server, fenhe, serving

ROOT = Path(__file__).parents[2]
SECONDS = float(os.environ.get("FENHE_ONE_PROCESS_SECONDS", "20"))
FIRST = date(2026, 3, 2)
LOADED, FED = ("S1", "S2", "S3"), ("S4", "S5")  # stations the command line and the feed bring
PUSHED = "S6"  # the station a program pushes
KEY = "aqi-hourly-site-HJ633-2026"
SQUARE = [[112, 37], [113, 37], [113, 38], [112, 38], [112, 37]]
PLACES = (("140000", "山西省"), ("140100", "太原市"), ("140105", "小店区"), ("140200", "大同市"))
PAGES = (
    "/",
    "/?item=pm25&format=json",
    "/en/stations/",
    "/stations/S1/?from=2026-03-02&to=2026-03-03",
    "/data/",
    "/ranking/",
    "/cities/",
    "/standards/",
)
# what the cells are held against runs in a process that owns the folder after the server
CHECK = """
from pathlib import Path
from fenhe.platform import boot
boot.start(Path({data!r}))
from fenhe.platform import owner
from fenhe.platform.verdicts import engine
from fenhe.platform.verdicts.models import Assessment
from tests.platform.verdicts.test_engine import assert_cells_are_true
store = owner.store()
engine.catch_up(store)
assert_cells_are_true(store)
print(sum(store.cells.read(one.key).height for one in Assessment.objects.all()))
owner.close()
"""


@dataclass
class Seen:
    """What the callers saw."""

    statuses: Counter[int] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    received: int = 0
    faults: list[str] = field(default_factory=list)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with two cities, five stations, a person and a watched folder."""
    data = tmp_path / "data"
    fenhe("init", data=data)
    features = [
        {
            "type": "Feature",
            "properties": {"adcode": code, "name": name},
            "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
        }
        for code, name in PLACES
    ]
    shapes = tmp_path / "shapes.geojson"
    shapes.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    fenhe("import", "boundaries", str(shapes), data=data)
    regions = dict.fromkeys(LOADED, "140105") | dict.fromkeys((*FED, PUSHED), "140200")
    rows = [f"{key},站{key},{region},{key},yes,yes" for key, region in regions.items()]
    text = "\n".join(["site,name,region,code,public,published", *rows])
    (tmp_path / "stations.csv").write_text(text, encoding="utf-8")
    fenhe("import", "stations", str(tmp_path / "stations.csv"), data=data)
    (tmp_path / "in").mkdir()
    words = ("sources", "add", "watched", str(tmp_path / "in" / "*.csv"), "--interval", "1")
    fenhe(*words, "--feed", "tidy-hourly", data=data)
    words = ("user", "add", "otto", "--role", "analyst", "--region", "140000")
    told = fenhe(*words, data=data).stdout
    (tmp_path / "password").write_text(told.split("password: ")[1].split()[0])
    fenhe("user", "add", "sender", "--role", "analyst", data=data)
    words = ("token", "add", "logger", "--user", "sender", "--scope", "push")
    (tmp_path / "token").write_text(fenhe(*words, data=data).stdout.strip())
    return data


def day(number: int) -> str:
    return str(FIRST + timedelta(days=number))


def pages(server: Server, seen: Seen) -> Iterator[None]:
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=60) as client:
        while True:
            for path in PAGES:
                answer = client.get(path)
                seen.statuses[answer.status_code] += 1
                seen.done["page"] += 1
                if answer.status_code >= 400:
                    seen.faults.append(f"{path}: {answer.status_code}")
                yield


def imports(server: Server, seen: Seen) -> Iterator[None]:
    """Bring a day of every station, correct the day before, bring the same again."""
    for number in range(10_000):
        rows = [row for key in LOADED for row in hours(key, day(number))]
        former = [row for key in LOADED for row in hours(key, day(max(number - 1, 0)))]
        corrected = [(*row[:7], row[7] + 3) if row[1].endswith("07:00") else row for row in former]
        for name, told in (("a", rows), ("b", corrected), ("c", corrected[::-1])):
            path = tidy(server.data.parent / f"{name}{number}.csv", told)
            asked = {"path": str(path), "feed": "tidy-hourly"}
            done = wire.call(server.data, "import", asked)
            seen.received += done["received"]
            seen.done["import"] += 1
            if done["received"] != done["stored"] + done["duplicate"] + done["rejected"]:
                seen.faults.append(f"{path.name}: {done}")
            yield


def feed(server: Server, seen: Seen) -> Iterator[None]:
    """Put files into the watched folder, each under its name only when it is whole."""
    for number in range(10_000):
        rows = [row for key in FED for row in hours(key, day(number))]
        path = tidy(server.data.parent / "whole.tmp", rows)
        path.rename(server.data.parent / "in" / f"day{number:04d}.csv")
        seen.done["fed"] += 1
        time.sleep(1)
        yield


def pushes(server: Server, seen: Seen) -> Iterator[None]:
    """Push the next hour, then the same request again, which is answered and not stored twice."""
    token = (server.data.parent / "token").read_text()
    for number in range(10_000):
        label = f"{FIRST + timedelta(days=number // 23)} {number % 23 + 1:02d}:00"
        row = {"station": PUSHED, "item": "pm25", "time": label, "value": 30 + number % 9}
        body = json.dumps({"feed": "push-hourly", "observations": [row]}).encode()
        for _ in range(2):
            status, answer = push(server.port, token, f"hour-{number}", body)
            seen.statuses[status] += 1
            if status not in {200, 201}:
                seen.faults.append(f"push of {label}: {status} {answer}")
        seen.done["push"] += 1
        yield


def exports(server: Server, seen: Seen) -> Iterator[None]:
    """Take values and verdicts out by the socket and by the web."""
    base = f"http://127.0.0.1:{server.port}"
    while True:
        for what in ("observations", "cells"):
            path = server.data.parent / f"{what}.parquet"
            asked = {"what": what, "output": str(path), "assessment": KEY}
            rows = wire.call(server.data, "export", asked)["rows"]
            table = pl.read_parquet(path)
            seen.done["export"] += 1
            keys = (
                ["site", "item", "start_utc"] if what == "observations" else ["site", "start_utc"]
            )
            if table.height != rows or table.select(keys).is_duplicated().any():
                seen.faults.append(f"export of {what}: {rows} rows, {table.height} written")
            yield
        with httpx.Client(base_url=base, timeout=60, headers={"Referer": base}) as client:
            password = (server.data.parent / "password").read_text()
            _post(client, "/login/", {"username": "otto", "password": password})
            form = {"what": KEY, "from": day(0), "to": day(5), "format": "csv"}
            answer = _post(client, "/data/export/", form)
            seen.statuses[answer.status_code] += 1
            if answer.status_code != 200:
                seen.faults.append(f"web export: {answer.status_code} {answer.text[:500]}")
            else:
                pl.read_csv(io.BytesIO(answer.content))
                seen.done["web export"] += 1
        yield


def _post(client: httpx.Client, path: str, form: dict[str, str]) -> httpx.Response:
    if "csrftoken" not in client.cookies:
        client.get("/login/")
    return client.post(path, data={**form, "csrfmiddlewaretoken": client.cookies["csrftoken"]})


def backups(server: Server, seen: Seen) -> Iterator[None]:
    for number in range(10_000):
        target = server.data.parent / f"backup{number}"
        made = wire.call(server.data, "backup", {"target": str(target), "since": None})
        seen.done["backup"] += 1
        if made["damaged"]:
            seen.faults.append(f"backup: {made['damaged']}")
        time.sleep(3)
        yield


def commands(server: Server, seen: Seen) -> Iterator[None]:
    """Run the command line as a person does: a process of its own each time."""
    while True:
        for words in (["receipts"], ["sources", "status"], ["doctor"]):
            done = fenhe(*words, data=server.data, check=False)
            seen.done["command"] += 1
            if "Traceback" in done.stderr or done.returncode not in {0, 1}:
                seen.faults.append(f"{words}: {done.stderr}")
            yield


Part = Callable[[Server, Seen], Iterator[None]]
PARTS: tuple[Part, ...] = (pages, pages, imports, feed, pushes, exports, backups, commands)


def all_at_once(server: Server, seconds: float) -> Seen:
    """Run every part in a thread of its own until the time is over."""
    seen = Seen()
    until = time.monotonic() + seconds

    def run(part: Part) -> None:
        try:
            for _ in part(server, seen):
                if time.monotonic() > until:
                    return
        except Exception as error:
            seen.faults.append(f"{part.__name__}: {error!r}")

    threads = [threading.Thread(target=run, args=(part,)) for part in PARTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=seconds + 300)
        assert not thread.is_alive()
    return seen


def wait_for_the_feed(server: Server, files: int) -> None:
    """Wait until every file of the watched folder is loaded."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        loaded = wire.call(server.data, "receipts", {})
        if sum(row["name"].startswith("day") for row in loaded) >= files:
            return
        time.sleep(0.5)
    raise AssertionError("the watched folder was not emptied")


@pytest.mark.slow
def test_everything_at_once_keeps_every_value_and_every_verdict(data: Path, tmp_path: Path) -> None:
    log = tmp_path / "fenhe.log"
    with serving(data, "--log-file", str(log)) as server:
        seen = all_at_once(server, SECONDS)
        wait_for_the_feed(server, seen.done["fed"])
    told = dict(seen.done)
    assert seen.faults == [], told
    assert not [code for code in seen.statuses if code >= 500], seen.statuses
    names = {"page", "import", "fed", "push", "export", "web export", "backup", "command"}
    assert names <= set(told), told
    assert not (data / "owner.sock").exists()
    text = log.read_text(encoding="utf-8")
    assert "Traceback" not in text, text
    assert "objects judged" in text  # the worker took part
    _every_value_once(data, seen)
    done = subprocess.run(
        [sys.executable, "-c", CHECK.format(data=str(data))],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) > 0


def _every_value_once(data: Path, seen: Seen) -> None:
    """Hold what is stored against what was sent: each value once, the corrected ones corrected."""
    with Store.open(data) as store:
        receipts = store.receipts("import")
        parts = receipts.select(pl.sum_horizontal("stored", "duplicate", "rejected"))
        assert receipts["received"].to_list() == parts.to_series().to_list()
        assert store.unbalanced().is_empty()
        fed = seen.done["fed"] * len(FED) * 24 * 6
        pushed = seen.done["push"]
        assert receipts["received"].sum() == seen.received + fed + pushed
        values = store.observations()
        assert not values.select("site", "item", "start").is_duplicated().any()
        loaded = values.filter(pl.col("site").is_in(LOADED))
        days = -(-seen.done["import"] // 3)
        assert loaded.height == days * len(LOADED) * 24 * 6
        assert values.height - loaded.height == fed + pushed
        assert values.filter(pl.col("site") == PUSHED).height == pushed
        seventh = loaded.filter(pl.col("item") == "pm25", pl.col("end").dt.hour() == 23)
        corrected = seventh.filter(pl.col("value") == 40 + 7 + 3).height
        least = (seen.done["import"] - 2) // 3  # the day before, but the first corrects itself
        assert corrected >= max(least, 1) * len(LOADED)
