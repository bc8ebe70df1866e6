"""A real server is ready, counts its cells, and logs to a file that is turned over."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path

from tests.platform.operations.conftest import month
from tests.platform.server import fenhe, serving
from tests.platform.test_health import figures


def test_a_real_server_is_ready_and_counts_cells(data: Path, tmp_path: Path) -> None:
    path = month(tmp_path / "a.csv", 2, days=2)
    with serving(data) as server:
        fenhe("import", str(path), "--feed", "tidy-hourly", "--yes", data=data)
        until = time.monotonic() + 90
        written = 0.0
        while written == 0 and time.monotonic() < until:
            time.sleep(0.5)
            address = f"http://127.0.0.1:{server.port}/metrics"
            with urllib.request.urlopen(address) as page:
                assert page.headers["Content-Type"].startswith("text/plain; version=")
                found = figures(page.read().decode())
            written = found.get('fenhe_cells_written_total{kind="new"}', 0)
        assert written > 0
        assert found['fenhe_observations_total{feed="tidy-hourly",outcome="stored"}'] == 576
        assert found["process_resident_memory_bytes"] > 0
        status, said = server.get("/health/ready/")
        assert (status, json.loads(said)["store"]) == (200, "ok")


def test_the_log_goes_to_a_file_by_size(data: Path, tmp_path: Path) -> None:
    log = tmp_path / "log" / "fenhe.log"
    with serving(data, "--log-file", str(log)) as server:
        assert server.get("/nowhere/")[0] == 404
    text = log.read_text(encoding="utf-8")
    assert "fenhe.serve serving" in text
    assert "Not Found: /nowhere/" in text
    refused = fenhe("serve", "--log-file", "/proc/no/fenhe.log", data=data, check=False)
    assert refused.returncode == 2
    assert "can not be written" in refused.stderr
