"""What the page about sources says is what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from fenhe.methods import registry
from fenhe.methods.sources import limits
from fenhe.standards import catalogue

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "judge-a-source.md").read_text("utf-8")


def test_every_method_is_on_the_page() -> None:
    known = [m.id for m in registry.methods() if m.id.startswith("sources.")]
    assert [name for name in known if f"| `{name}` |" not in PAGE] == []


def test_editions_and_sets_exist() -> None:
    for edition in set(re.findall(r"`([A-Z0-9]+-20\d\d)`", PAGE)):
        assert catalogue().edition(edition).subject == "sources"
    sets = re.findall(r"limit_set=\"?([\w./-]+)", PAGE)
    assert len(sets) == 2
    assert [limits.find(name).name for name in sets] == ["coal_boiler.new", "coal_boiler.special"]


def test_the_python_example_runs() -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)[0]
    names: dict[str, pl.DataFrame] = {}
    exec(code, names)  # noqa: S102
    verdicts = names["verdicts"]
    assert verdicts["value"].to_list() == [60.0]
    assert verdicts["verdict"].to_list() == ["over"]
    assert verdicts["multiple"].to_list() == [0.2]
