"""Rules of the house that no linter of ours checks: sizes, docstrings, nothing unfinished."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for path in (ROOT / "src").rglob("*.py") if "migrations" not in path.parts)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MOST_LINES = 600
MOST_LINES_OF_A_FUNCTION = 80

# Written in pieces, so that this file does not break its own rule.
UNFINISHED = re.compile(
    "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "raise NotImplemented" + "Error"])
)
SKIPPED = re.compile(r"pytest\.(skip|xfail|importorskip)|mark\.(skip|skipif|xfail)|unittest\.skip")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(tree: ast.AST) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def test_there_is_something_to_check() -> None:
    assert len(SOURCES) > 20
    assert len(TESTS) > 10


def test_modules_and_functions_stay_small() -> None:
    long = []
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > MOST_LINES:
            long.append(f"{name_of(path)} ({text.count(chr(10))} lines)")
        for node in functions(ast.parse(text)):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MOST_LINES_OF_A_FUNCTION:
                long.append(f"{name_of(path)}:{node.lineno} {node.name} ({lines} lines)")
    assert long == []


def test_public_things_say_what_they_are() -> None:
    silent = []
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if tree.body and not ast.get_docstring(tree):
            silent.append(name_of(path))
        silent += [
            f"{name_of(path)}:{node.lineno} {node.name}"
            for node in tree.body
            if isinstance(node, Function | ast.ClassDef)
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ]
    assert silent == []


def test_nothing_is_left_unfinished() -> None:
    assert _matches(UNFINISHED, [*SOURCES, *TESTS]) == []


def test_no_test_is_skipped() -> None:
    assert _matches(SKIPPED, [path for path in TESTS if path != Path(__file__)]) == []


def _matches(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    found = []
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{name_of(path)}:{number} {line.strip()}")
    return found


def test_every_test_asserts_something() -> None:
    bare = []
    for path in TESTS:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        helpers = {
            node.name
            for node in tree.body
            if isinstance(node, Function | ast.ClassDef) and _asserts(node, set())
        }
        bare += [
            f"{name_of(path)}:{node.lineno} {node.name}"
            for node in functions(tree)
            if node.name.startswith("test") and not _asserts(node, helpers)
        ]
    assert bare == []


def _asserts(part: ast.AST, helpers: set[str]) -> bool:
    """Whether code asserts, expects an error, or uses a helper that does."""
    for node in ast.walk(part):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Name) and node.id in helpers:
            return True
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in {"raises", "expect"} or "assert" in name:
                return True
    return False
