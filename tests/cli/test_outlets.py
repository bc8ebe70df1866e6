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
from tests.platform.server import fenhe

LISTS = {
    "regions": "code,name\n140000,山西省\n140100,太原市\n140105,小店区\n",
    "firms": "firm,firm_name,region\nF1,某厂,140105\n",
    "outlets": "outlet,name,medium,firm,region\nDA001,烟囱,gas,F1,140105\n",
    "wrong": "outlet,name,medium,firm,region\nDA002,烟囱,gas,F9,140105\n",
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
    for name, text in LISTS.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    fenhe("import", "regions", str(tmp_path / "regions.csv"), data=data)
    for name in ("firms", "outlets"):
        told = fenhe("outlets", "import", str(tmp_path / f"{name}.csv"), data=data).stdout
        assert "new or other than before:" in told
    refused = fenhe("outlets", "import", str(tmp_path / "wrong.csv"), data=data, check=False)
    assert refused.returncode == 2
    assert "wrong.csv, row 2, column firm: 'F9' is not a known firm" in refused.stderr

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
    listed = fenhe("outlets", "list", data=data).stdout
    assert f"channels 1, limits 0, devices {MN}" in listed
