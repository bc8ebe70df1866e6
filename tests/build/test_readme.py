"""What the documentation shows is what happens: its code blocks run, its links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = [
    ROOT / "README.md",
    ROOT / "README.zh-CN.md",
    ROOT / "docs" / "tutorial" / "first-verdict.md",
]
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.md")]
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_code_blocks_run_and_print_what_is_shown(page: Path, tmp_path: Path) -> None:
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    ran = 0
    for (language, code), following in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language not in {"sh", "python"} or code.lstrip().startswith("make "):
            continue
        printed = _run(language, code, tmp_path)
        if following[0] == "text":
            assert printed == following[1], code
        ran += 1
    assert ran >= 2


def _run(language: str, code: str, folder: Path) -> str:
    """Run a block in a shell or interpreter that finds the ``fenhe`` of this environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", "-euo", "pipefail", "-c", code]
    if language == "python":
        command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path, "FENHE_DATA": str(folder / "data")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{code}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files_that_exist(page: Path) -> None:
    links = [target for target, _ in LINK.findall(page.read_text(encoding="utf-8"))]
    local = [target for target in links if not re.match(r"[a-z]+:", target)]
    lost = [target for target in local if not (page.parent / target).exists()]
    assert lost == []


def test_both_readmes_have_the_same_parts() -> None:
    english, chinese = (
        (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
    )
    assert english.count("\n## ") == chinese.count("\n## ")
    assert [b for b in BLOCK.findall(english) if b[0] == "text"] == [
        b for b in BLOCK.findall(chinese) if b[0] == "text"
    ]


def test_every_page_is_found_from_the_index() -> None:
    docs = ROOT / "docs"
    linked = {target for target, _ in LINK.findall((docs / "index.md").read_text(encoding="utf-8"))}
    pages = {str(path.relative_to(docs)) for path in docs.rglob("*.md")} - {"index.md"}
    assert pages <= linked
