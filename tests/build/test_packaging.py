"""The bundle's installer refuses what it can not use; unit and guides name what there is."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

import pytest

from fenhe.cli.main import VERBS

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"


@pytest.fixture(scope="module")
def tool() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "bundle.py"))


@pytest.fixture
def bundle(tmp_path: Path, tool: dict[str, Any]) -> Path:
    """Everything of a bundle but its wheels, for this Python."""
    folder = tmp_path / "bundle"
    shutil.copytree(PACKAGING, folder)
    tool["describe"](folder, "0.1.0")
    (folder / "wheels").mkdir()
    tool["sums"](folder)
    return folder


def install(bundle: Path, target: Path, **told: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": "/usr/bin:/bin", "PYTHON": sys.executable} | told
    return subprocess.run(
        ["sh", str(bundle / "install.sh"), str(target)],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_another_python_is_refused(bundle: Path, tmp_path: Path) -> None:
    told = (bundle / "BUNDLE").read_text()
    other = re.sub("BUNDLE_PYTHON=.*", "BUNDLE_PYTHON=3.99", told)
    (bundle / "BUNDLE").write_text(other)
    done = install(bundle, tmp_path / "opt")
    assert done.returncode == 1
    assert "this bundle is for Python 3.99" in done.stderr
    assert "no python3.99 here" in install(bundle, tmp_path / "opt", PYTHON="python3.99").stderr
    assert not (tmp_path / "opt").exists()


def test_a_damaged_bundle_is_refused(bundle: Path, tmp_path: Path) -> None:
    (bundle / "fenhe.env").write_text("other")
    done = install(bundle, tmp_path / "opt")
    assert done.returncode == 1
    assert "the bundle is damaged" in done.stderr
    assert "fenhe.env" in done.stdout + done.stderr
    assert not (tmp_path / "opt").exists()


def test_a_folder_of_something_else_is_left_alone(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "opt").mkdir()
    (tmp_path / "opt" / "precious").touch()
    done = install(bundle, tmp_path / "opt")
    assert done.returncode == 1
    assert "choose another folder" in done.stderr
    assert (tmp_path / "opt" / "precious").exists()


def test_the_bundle_says_what_it_is_for(bundle: Path, tool: dict[str, Any]) -> None:
    told = dict(line.split("=") for line in (bundle / "BUNDLE").read_text().splitlines())
    assert told["BUNDLE_PYTHON"] == "{}.{}".format(*sys.version_info[:2])
    assert told["BUNDLE_PLATFORM"] == sysconfig.get_platform()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(told["BUNDLE_EXTRAS"].split(",")) <= set(project["optional-dependencies"])
    for name in tool["GUIDES"]:
        assert (
            (ROOT / "docs" / "how-to" / f"{name}.md").read_text(encoding="utf-8").startswith("# ")
        )
    for name in tool["NEEDED"]:
        assert name.partition("/")[0] == "platform"


def test_the_unit_starts_what_there_is() -> None:
    unit = (PACKAGING / "fenhe.service").read_text()
    command = re.search(r"^ExecStart=(\S+) (\w+) (.*)$", unit, re.MULTILINE)
    assert command is not None
    assert command[1] == "/opt/fenhe/bin/fenhe"
    assert command[2] in VERBS
    from fenhe.cli.serve import command as serve

    known = {name for one in serve.params for name in one.opts}
    assert set(re.findall(r"--[a-z-]+", command[3])) <= known
    assert "Restart=on-failure" in unit
    assert "FENHE_DATA=/var/lib/fenhe" in unit


def test_settings_of_the_environment_file_exist() -> None:
    told = set(re.findall(r"^#(FENHE_\w+)=", (PACKAGING / "fenhe.env").read_text(), re.MULTILINE))
    source = (ROOT / "src/fenhe/platform/settings.py").read_text(encoding="utf-8")
    unit = (PACKAGING / "fenhe.service").read_text()
    assert {name for name in told if f'"{name}"' not in source and f"{name}=" not in unit} == set()


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    unit = (PACKAGING / "fenhe.service").read_text()
    program = Path(sys.executable)
    (tmp_path / "fenhe.service").write_text(unit.replace("/opt/fenhe/bin/fenhe", str(program)))
    verify = shutil.which("systemd-analyze")
    if verify is None:  # a machine without systemd: hold the unit against the plain format
        lines = [line for line in unit.splitlines() if line and not line.startswith("#")]
        assert all(re.fullmatch(r"\[\w+\]|\w+=.*", line) for line in lines)
        return
    done = subprocess.run(
        [verify, "verify", str(tmp_path / "fenhe.service")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = [line for line in done.stderr.splitlines() if "fenhe" in line and "man " not in line]
    assert told == []
