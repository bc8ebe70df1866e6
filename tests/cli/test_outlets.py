"""``fenhe outlets``, ``fenhe devices``, ``fenhe rawlog replay`` on a data folder nobody serves."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from fenhe.store import Store
from fenhe.store.rawlog import NewEntry
from tests.platform.monitoring.frames.wire import MN, frame
from tests.platform.registry.test_outlet_lists import book
from tests.platform.server import fenhe

REGIONS = "code,name\n140000,山西省\n140100,太原市\n140105,小店区\n"
SHEETS = {
    "firms": ["firm,firm_name,region", "F1,某厂,140105"],
    "outlets": ["outlet,name,medium,firm,region", "DA001,烟囱,gas,F1,140105"],
}


def asked(data: Path, told: str, *words: str) -> str:
    """Run the command line with a line of standard input."""
    command = [sys.executable, "-c", "from fenhe.cli.main import main; main()", *words]
    done = subprocess.run(
        command, input=told, env={**os.environ, "FENHE_DATA": str(data)}, capture_output=True,
        text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_from_a_list_to_a_value_that_waited(tmp_path: Path) -> None:
    data = tmp_path / "data"
    fenhe("init", data=data)
    (tmp_path / "regions.csv").write_text(REGIONS, encoding="utf-8")
    fenhe("import", "regions", str(tmp_path / "regions.csv"), data=data)
    told = fenhe("outlets", "import", str(book(tmp_path / "lists.xlsx", SHEETS)), data=data)
    assert "new or other than before: firms 1, outlets 1, names 1" in told.stdout
    said = asked(data, "654321\n", "devices", "add", MN, "--firm", "F1", "--password")
    assert "password set" in said
    assert "654321" not in said
    with Store.open(data) as store:
        done = threading.Event()
        payload = frame("2061", [("a21026", "Avg", "30.5")])
        store.stream("main").append([NewEntry("in", 1, payload)], lambda _: done.set())
        assert done.wait(60)
    waiting = fenhe("rawlog", "replay", data=data).stdout
    assert waiting.startswith("1 cells were waiting; received 0")
    fenhe("devices", "map", MN, "a21026", "DA001", "--unit", "mg/m3", data=data)
    brought = fenhe("rawlog", "replay", "--device", MN, data=data).stdout
    assert "received 1 = stored 1 + duplicate 0 + rejected 0" in brought
    with Store.open(data) as store:
        found = store.observations(["outlet:DA001"], statistic="1h")
    assert found.select("item", "value").rows() == [("a21026", 30.5)]
