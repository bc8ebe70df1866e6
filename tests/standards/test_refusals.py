"""A standards file or overlay that is not right is refused, naming file and line."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenhe.base.errors import BadInput
from fenhe.standards import Edition, catalogue, collection, load_folder

BROKEN = Path(__file__).parents[1] / "broken_standards"
EDITIONS = sorted(p for p in BROKEN.iterdir() if (p / "expected.txt").exists())
OVERLAYS = sorted(p for p in (BROKEN / "overlays").iterdir())


def _expected(folder: Path) -> str:
    return (folder / "expected.txt").read_text(encoding="utf-8").strip()


@pytest.mark.parametrize("folder", EDITIONS, ids=lambda p: p.name)
def test_broken_edition_is_refused(folder: Path) -> None:
    with pytest.raises(BadInput) as error:
        load_folder(folder)
    assert str(error.value) == _expected(folder)


@pytest.mark.parametrize("folder", OVERLAYS, ids=lambda p: p.name)
def test_broken_overlay_is_refused(folder: Path) -> None:
    with pytest.raises(BadInput) as error:
        catalogue().with_overlay(folder)
    assert str(error.value) == _expected(folder)


def test_every_refusal_names_a_file_and_a_line() -> None:
    for folder in EDITIONS + OVERLAYS:
        assert ".toml, row " in _expected(folder) or ".csv, row " in _expected(folder), folder.name


def _packaged() -> list[Path]:
    return sorted(collection.ROOT.glob("*/*/*.toml"))


LINES = [(path, n) for path in _packaged() for n in range(len(path.read_text().splitlines()))]


@given(
    where=st.sampled_from(LINES),
    what=st.sampled_from(
        [
            "delete",
            "1.5",
            "true",
            '"x"',
            "[]",
            "{}",
            "12",
            "2026-13-01",
            "2026-03-01",
            '""',
            "[[1]]",
        ]
    ),
)
@settings(max_examples=120, deadline=None)
def test_any_changed_line_loads_or_is_refused_for_people(
    tmp_path_factory: pytest.TempPathFactory, where: tuple[Path, int], what: str
) -> None:
    path, number = where
    lines = path.read_text(encoding="utf-8").splitlines()
    if what == "delete":
        del lines[number]
    else:
        lines[number] = lines[number].split("=")[0] + f"= {what}"
    folder = tmp_path_factory.mktemp("standards") / "air" / "one"
    folder.mkdir(parents=True)
    for table in path.parent.glob("*.csv"):
        shutil.copy(table, folder)
    (folder / path.name).write_text("\n".join(lines), encoding="utf-8")
    refusal, editions = _load(folder.parents[1])
    if refusal is not None:
        assert refusal.place is not None
        assert refusal.place.file is not None
        assert refusal.place.row is not None
    for edition in editions:
        assert all(part.source and part.unit for part in edition.provenances())


def _load(root: Path) -> tuple[BadInput | None, tuple[Edition, ...]]:
    try:
        return None, load_folder(root).all_editions
    except BadInput as error:
        return error, ()


def test_every_packaged_table_file_belongs_to_an_edition() -> None:
    named = {path.with_name(t["file"]) for path in _packaged() for t in _tables(path)}
    assert set(collection.ROOT.rglob("*.csv")) == named


def _tables(path: Path) -> list[dict[str, str]]:
    tables = tomllib.loads(path.read_text(encoding="utf-8")).get("table", {})
    return [table for table in tables.values() if "file" in table]


def _numbers(content: Any) -> list[float]:
    if isinstance(content, dict):
        return [n for part in content.values() for n in _numbers(part)]
    if isinstance(content, list):
        return [n for part in content for n in _numbers(part)]
    return [content] if isinstance(content, float) else []


@pytest.mark.parametrize("path", _packaged(), ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_packaged_files_hold_no_float(path: Path) -> None:
    assert _numbers(tomllib.loads(path.read_text(encoding="utf-8"))) == []
