"""Worked cases of pollution sources, through the Python frames and the command line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from click.testing import CliRunner

from fenhe.cli.main import cli
from fenhe.methods import frames, registry

WORKED = Path(__file__).parents[2] / "worked" / "sources"
Case = dict[str, Any]


def cases() -> list[Case]:
    found: list[Case] = []
    for path in sorted(WORKED.glob("*/*.yaml")):
        doc = yaml.safe_load(path.read_text(encoding="utf-8"))
        found += [case | {"edition": doc["edition"]} for case in doc["cases"]]
    return found


EACH = pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])


def texts(case: Case) -> pl.DataFrame:
    return pl.DataFrame(case["rows"]).with_columns(pl.col(pl.String).replace("", None))


def differs(got: Any, expected: Any) -> bool:
    if expected is None or got is None:
        return got is not expected
    try:
        return Decimal(str(got)) != Decimal(expected)
    except ArithmeticError:
        return str(got) != expected


def wrong(case: Case, result: pl.DataFrame) -> list[str]:
    rows = list(result.iter_rows(named=True))
    assert len(rows) == len(case["expect"]), rows
    return [
        f"row {n} {column}: {row[column]} instead of {expected}"
        for n, (row, wanted) in enumerate(zip(rows, case["expect"], strict=True))
        for column, expected in wanted.items()
        if differs(row[column], expected)
    ]


@EACH
def test_through_the_python_api(case: Case) -> None:
    method = registry.method(case["method"])
    given = texts(case)
    given = given.with_columns(
        pl.col(c).cast(pl.Float64) for c in method.numbers if c in given.columns
    )
    params = dict(pair.split("=", 1) for pair in case.get("params", []))
    result = frames.apply(method, given, params=params)
    assert wrong(case, result) == []
    assert set(result["edition"].to_list()) == {case["edition"]}


@EACH
def test_through_the_command_line(case: Case, tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    texts(case).write_csv(source)
    words = ["judge", case["method"], str(source), "-o", str(target)]
    for pair in case.get("params", []):
        words += ["--param", pair]
    assert CliRunner().invoke(cli, words, catch_exceptions=False).exit_code == 0
    assert wrong(case, pl.read_csv(target, infer_schema=False)) == []


def test_every_method_of_sources_has_a_case() -> None:
    known = {m.id for m in registry.methods() if m.id.startswith("sources.")}
    assert known - {case["method"] for case in cases()} <= {"sources.share"}
