"""The owner: one real process holds the store, the command line works through it."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import stat
import threading
import time
from pathlib import Path

import pytest

from fenhe.platform import wire
from fenhe.store import Store
from tests.platform.conftest import HEADER, hours, tidy
from tests.platform.server import fenhe, serving, start

SQUARE = [[112, 37], [113, 37], [113, 38], [112, 38], [112, 37]]
STATIONS = "site,name,region,code,public,published\nin,晋源,140105,C1,yes,yes\n"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder made by the command line alone: regions, a station, no data yet."""
    folder = tmp_path_factory.mktemp("prepared")
    data = folder / "data"
    assert "is ready" in fenhe("init", data=data).stdout
    features = [
        {
            "type": "Feature",
            "properties": {"adcode": code, "name": name},
            "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
        }
        for code, name in (("140000", "山西省"), ("140100", "太原市"), ("140105", "小店区"))
    ]
    shapes = folder / "shapes.geojson"
    shapes.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    fenhe("import", "boundaries", str(shapes), data=data)
    (folder / "stations.csv").write_text(STATIONS, encoding="utf-8")
    fenhe("import", "stations", str(folder / "stations.csv"), data=data)
    return data


@pytest.fixture
def data(prepared: Path, tmp_path: Path) -> Path:
    """A copy of the prepared folder."""
    return shutil.copytree(prepared, tmp_path / "data")


def test_files_of_the_folder_are_for_its_owner(prepared: Path) -> None:
    assert stat.S_IMODE((prepared / "secret.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(prepared.stat().st_mode) == 0o700


def test_without_a_server_the_command_line_does_it_itself(data: Path, tmp_path: Path) -> None:
    path = tidy(tmp_path / "a.csv", hours("C1"))
    done = fenhe("import", str(path), "--feed", "tidy-hourly", "--yes", data=data)
    assert "from 2026-03-02 00:00 to 2026-03-03 00:00" in done.stdout
    assert "received 144 = stored 144 + duplicate 0 + rejected 0" in done.stdout
    out = tmp_path / "cells.csv"
    words = ("export", "cells", "--assessment", "aqi-hourly-site-HJ633-2026", "-o", str(out))
    assert "24 rows" in fenhe(*words, data=data).stdout
    assert "tidy-hourly" in fenhe("receipts", data=data).stdout
    assert not (data / "owner.sock").exists()


def test_a_refused_file_ends_with_code_2_and_its_reasons(data: Path) -> None:
    trap = Path(__file__).parents[1] / "data/feeds/trap_taiyuan_daily_2025_mislabelled.csv"
    done = fenhe("import", str(trap), "--feed", "taiyuan-daily", "--yes", data=data, check=False)
    assert done.returncode == 2
    assert done.stderr.count("refused:") >= 2
    assert "nothing was stored" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["import", "nothing.csv", "--feed", "tidy-hourly"], "there is no file"),
        (["import", __file__], "--feed"),
        (["import", __file__, "--feed", "nothing"], "nothing"),
        (["export", "observations", "-o", "a.pdf"], "known are .csv, .parquet"),
        (["export", "cells", "-o", "a.csv"], "is not an assessment"),
        (["receipts", "--replay", "9"], "there is no import 9"),
        (["user", "add", "x", "--role", "county", "--region", "999999"], "no region 999999"),
    ],
)
def test_errors_are_one_line_for_a_person(data: Path, words: list[str], says: str) -> None:
    done = fenhe(*words, data=data, check=False)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_was_never_prepared_is_named(tmp_path: Path) -> None:
    done = fenhe("receipts", data=tmp_path / "nothing", check=False)
    assert done.returncode == 2
    assert "fenhe init" in done.stderr


def test_people_are_added_with_a_role_and_a_place(data: Path) -> None:
    done = fenhe("user", "add", "wang", "--role", "county", "--region", "140105", data=data)
    assert "password: " in done.stdout
    assert "小店区" in fenhe("user", "list", data=data).stdout


def test_the_command_line_works_through_the_server(data: Path, tmp_path: Path) -> None:
    path = tidy(tmp_path / "a.csv", hours("C1"))
    with serving(data) as server:
        assert stat.S_IMODE((data / "owner.sock").stat().st_mode) == 0o600
        done = fenhe("import", str(path), "--feed", "tidy-hourly", "--yes", data=data)
        assert "stored 144" in done.stdout
        assert "tidy-hourly" in fenhe("receipts", data=data).stdout
        status, page = server.get("/stations/in/?from=2026-03-02&to=2026-03-02")
        assert status == 200
        assert "晋源" in page
        second = fenhe("serve", "--port", "1", data=data, check=False)
        assert second.returncode == 2
        assert f"process {server.process.pid}" in second.stderr
    assert not (data / "owner.sock").exists()
    with Store.open(data) as store:
        assert store.observations().height == 144


def test_pages_answer_while_a_file_is_loaded(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "year.csv"
    rows = [
        f"C1,2025-{month:02d}-{day:02d} {hour:02d}:00,12,{hour + day},0.8,90,{80 + day},{40 + hour}"
        for month in range(1, 13)
        for day in range(1, 29)
        for hour in range(1, 25)
    ]
    path.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    told: list[dict[str, int]] = []
    answers: list[int] = []
    result: dict[str, int] = {}

    def load() -> None:
        asked = {"path": str(path), "feed": "tidy-hourly"}
        result.update(wire.call(data, "import", asked, told.append))

    with serving(data) as server:
        loader = threading.Thread(target=load)
        loader.start()
        while loader.is_alive():
            answers.append(server.get("/stations/")[0])
        loader.join(timeout=300)
    assert result["stored"] == len(rows) * 6
    assert told
    assert told[-1]["rows"] == told[-1]["of"] == len(rows)
    assert len(answers) > 1
    assert set(answers) == {200}


def test_a_folder_with_a_long_name_is_served_all_the_same(prepared: Path, tmp_path: Path) -> None:
    data = shutil.copytree(prepared, tmp_path / ("long-" * 30) / "data")
    with serving(data):
        assert wire.is_served(data)
        assert wire.call(data, "receipts", {}) == []


def test_too_large_a_body_is_refused_before_it_is_kept(data: Path) -> None:
    import http.client

    with serving(data) as server:
        link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        link.putrequest("POST", "/data/examine/")
        link.putheader("Content-Length", str(60 * 2**20))
        link.endheaders()
        answer = link.getresponse()
        assert answer.status == 413
        assert "50 MB" in answer.read().decode()
        link.close()
        headers = dict(answer.getheaders())
        assert headers["connection"] == "close"


def test_pages_forbid_inline_scripts_and_frames(data: Path) -> None:
    import urllib.request

    with (
        serving(data) as server,
        urllib.request.urlopen(f"http://127.0.0.1:{server.port}/login/") as page,
    ):
        policy = page.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.slow
def test_an_import_killed_at_any_moment_loses_and_doubles_nothing(
    data: Path, tmp_path: Path
) -> None:
    chance = random.Random(7)
    path = tmp_path / "a.csv"
    days = [f"2026-03-{day:02d}" for day in range(1, 11)]
    tidy(path, [row for day in days for row in hours("C1", day)])
    words = ("import", str(path), "--feed", "tidy-hourly", "--yes")
    begun = time.monotonic()
    fenhe(*words, data=shutil.copytree(data, tmp_path / "timed"))
    lasts = time.monotonic() - begun
    for _ in range(20):
        process = start(*words, data=data)
        time.sleep(chance.uniform(0.3, 1.0) * lasts)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=300)
    fenhe(*words, data=data)
    with Store.open(data) as store:
        values = store.observations()
        assert values.height == values.select("site", "item", "start").unique().height == 1440
        assert store.history("in", "pm25", "1h", values["start"][0]).is_empty()
        for row in store.receipts("import").iter_rows(named=True):
            assert row["received"] == row["stored"] + row["duplicate"] + row["rejected"]
        assert store.receipts("import")["stored"].sum() == 1440
        cells = store.cells.read("aqi-hourly-site-HJ633-2026")
        assert cells.height == 240
        assert cells["aqi"].null_count() == 0


def test_unknown_stations_come_in_by_replay(data: Path, tmp_path: Path) -> None:
    path = tidy(tmp_path / "a.csv", hours("N9"))
    words = ("import", str(path), "--feed", "tidy-hourly", "--yes")
    assert "in quarantine: unknown_station:N9 (144)" in fenhe(*words, data=data).stdout
    assert "144 unknown_station" in fenhe("receipts", "--rejected", data=data).stdout
    stations = tmp_path / "s.csv"
    stations.write_text("site,name,region,code\nnew,新站,140105,N9\n", encoding="utf-8")
    fenhe("import", "stations", str(stations), data=data)
    assert "stored 144" in fenhe("receipts", "--replay", "1", data=data).stdout
    assert "0 refused cells" in fenhe("receipts", "--rejected", data=data).stdout
