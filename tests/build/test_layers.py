"""The layers import downwards only, and the light verbs stay light."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("django", "duckdb", "pyspark", "fenhe.store", "fenhe.platform")
AFTER = """
import json, sys
from fenhe.cli.main import cli
try:
    cli.main({arguments!r}, standalone_mode=False)
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def test_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "4 kept, 0 broken" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["methods"],
        ["methods", "show", "air.aqi_hourly"],
        ["standards", "list"],
        ["standards", "limit", "GB3095", "--item", "PM25", "--averaging", "24h", "--grade", "II",
         "--on", "2026-07-01"],
        ["judge", "air.iaqi", "in.csv", "-o", "out.csv", "--edition", "HJ633-2026"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)  # fmt: skip
def test_light_verbs_load_neither_store_nor_django(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("item,conc\nPM25_24h,61\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", AFTER.format(arguments=arguments)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    loaded = json.loads(done.stderr.splitlines()[-1])
    heavy = [name for name in loaded if name in HEAVY or name.startswith(("django.", "duckdb."))]
    assert heavy == []
