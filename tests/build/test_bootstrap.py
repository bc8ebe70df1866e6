"""The bootstrap speaks plainly on a machine that lacks what it needs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCKER = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name in ("pip", "ensurepip"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Blocker())
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "bootstrap.py", tmp_path / "tools")
    for name in ("pyproject.toml", "uv.lock", "Makefile"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "block").mkdir()
    (tmp_path / "block" / "sitecustomize.py").write_text(BLOCKER, encoding="utf-8")
    return tmp_path


def bootstrap(
    checkout: Path, *arguments: str, code: str = "", path: str = ""
) -> subprocess.CompletedProcess[str]:
    script = str(checkout / "tools" / "bootstrap.py")
    command = [sys.executable, "-c", code] if code else [sys.executable, script, *arguments]
    env = {"PATH": path or str(checkout), "PYTHONPATH": str(checkout / "block")}
    return subprocess.run(
        command, cwd=checkout, env=env, capture_output=True, text=True, check=False
    )


def test_neither_pip_nor_venv_says_what_to_install(checkout: Path) -> None:
    done = bootstrap(checkout, "env")
    assert done.returncode == 1
    assert done.stderr == (
        "fenhe: python3 has neither pip nor venv: apt-get install python3-venv\n"
    )


def test_an_old_python_is_told_so_in_one_line(checkout: Path) -> None:
    script = checkout / "tools" / "bootstrap.py"
    code = (
        "import runpy, sys; sys.version_info = (3, 9, 2); sys.argv = ['bootstrap.py', 'env']; "
        f"runpy.run_path({str(script)!r}, run_name='__main__')"
    )
    done = bootstrap(checkout, code=code)
    assert done.returncode == 1
    assert done.stderr.startswith("fenhe: python3 is 3.9, but 3.11 or newer is needed")
    assert done.stderr.count("\n") == 1


def test_misuse_is_one_line(checkout: Path) -> None:
    done = bootstrap(checkout, "nonsense")
    assert done.returncode == 1
    assert done.stderr == "fenhe: usage: python3 tools/bootstrap.py env|demo|test\n"


def test_an_unknown_target_is_one_clear_line(checkout: Path) -> None:
    done = subprocess.run(
        ["make", "demoo"], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "there is no target 'demoo'; 'make help' lists them" in done.stderr


def test_profiles_name_extras_and_groups_that_exist() -> None:
    import runpy

    profiles = runpy.run_path(str(ROOT / "tools" / "bootstrap.py"))["PROFILES"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    known = {"--extra": project["project"]["optional-dependencies"],
             "--group": project["dependency-groups"]}  # fmt: skip
    for words in profiles.values():
        for flag, name in zip(words[::2], words[1::2], strict=True):
            assert name in known[flag]
