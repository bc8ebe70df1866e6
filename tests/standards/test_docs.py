"""What the pages about standards say is what the program does."""

from __future__ import annotations

import re
from pathlib import Path

from fenhe.cli.standards import command
from fenhe.standards import catalogue, load_folder

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference" / "standards.md").read_text(encoding="utf-8")
HOW_TO = (DOCS / "how-to" / "add-a-standard.md").read_text(encoding="utf-8")
TOML = re.findall(r"```toml\n(.*?)```", HOW_TO, flags=re.DOTALL)


def test_every_edition_and_every_verb_is_in_the_reference() -> None:
    for edition in catalogue().all_editions:
        assert f"`{edition.id}` | " in REFERENCE
        assert str(edition.in_force_from) in REFERENCE
    for verb in command.commands:
        assert f"fenhe standards {verb}" in REFERENCE


def test_the_ids_of_the_reference_exist() -> None:
    ids = re.findall(r"`([A-Z0-9]+-\d{4}[^`@]*/[^`@]+)`", REFERENCE)
    assert len(ids) >= 3
    assert [catalogue().find(value_id).id for value_id in ids] == ids


def test_the_python_example_runs() -> None:
    code = re.findall(r"```python\n(.*?)```", REFERENCE, flags=re.DOTALL)[0]
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102
    assert str(names["limit"]).startswith("Limit(id='GB3095-2026:transitional/limits/pm25.24h.II'")


def test_the_edition_of_the_how_to_loads(tmp_path: Path) -> None:
    folder = tmp_path / "air" / "demo1"
    folder.mkdir(parents=True)
    (folder / "2020.toml").write_text(TOML[0], encoding="utf-8")
    edition = load_folder(tmp_path).edition("DEMO1-2020")
    assert str(edition.limit("so2", "24h", "II").number) == "150.5"
    (folder / "2020.toml").write_text(TOML[0] + TOML[1], encoding="utf-8")
    stages = load_folder(tmp_path).editions("DEMO1")
    assert [edition.stage for edition in stages] == ["transitional", "final"]


def test_the_overlay_of_the_how_to_loads(tmp_path: Path) -> None:
    (tmp_path / "city.toml").write_text(TOML[2], encoding="utf-8")
    changed = catalogue().with_overlay(tmp_path)
    assert changed.edition("HJ633-2012").value("cap").firm
    assert changed.edition("GB3095-2026:transitional").limit("pm25", "24h", "II").number == 50
