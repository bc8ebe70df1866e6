"""Worked cases of HJ 663: rules on single rows through ``fenhe judge``, and in Python."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from click.testing import CliRunner

from fenhe.cli.main import cli
from fenhe.methods import frames, registry

FILE = Path(__file__).parents[2] / "worked" / "air" / "HJ663" / "2013.yaml"
CONTENT = yaml.safe_load(FILE.read_text(encoding="utf-8"))
CASES: list[dict[str, Any]] = CONTENT["cases"]
EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))


def test_the_kinds_are_there() -> None:
    counts = Counter(case["kind"] for case in CASES)
    published = ("percentile", "spearman", "mda8", "exceedance_multiple")
    assert [counts[kind] for kind in published] == [4, 3, 4, 3]
    assert sum(counts.values()) - 14 == sum(n for k, n in counts.items() if k.endswith("_edge"))


@EACH
def test_through_the_command_line(case: dict[str, Any], tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    pl.DataFrame(case["input"]).write_csv(source)
    command = ["judge", case["method"], str(source), "-o", str(target)]
    command += ["--edition", CONTENT["edition"]]
    for name, value in case.get("params", {}).items():
        command += ["--param", f"{name}={value}"]
    answer = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert answer.exit_code == 0
    row = pl.read_csv(target, infer_schema_length=0).row(0, named=True)
    assert {name: row[name] for name in case["expect"]} == case["expect"]


@EACH
def test_through_the_python_api(case: dict[str, Any]) -> None:
    method = registry.method(case["method"])
    given = pl.DataFrame(case["input"]).with_columns(
        pl.col(c).cast(pl.Float64, strict=False) for c in method.numbers if c in case["input"]
    )
    params = case.get("params", {})
    result = frames.apply(method, given, edition=CONTENT["edition"], params=params)
    row = result.row(0, named=True)
    got = {name: None if row[name] is None else str(row[name]) for name in case["expect"]}
    assert got == case["expect"]
