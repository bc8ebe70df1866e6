"""Every worked case through the Python API and through ``fenhe judge``, one file a kind."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from click.testing import CliRunner

from fenhe.cli.main import cli
from fenhe.methods import frames, registry

FOLDER = Path(__file__).parents[2] / "worked" / "air" / "HJ633"
Case = dict[str, Any]


def groups() -> dict[tuple[str, str, str], list[Case]]:
    """Return the cases by edition, kind and method."""
    found: dict[tuple[str, str, str], list[Case]] = defaultdict(list)
    for path in sorted(FOLDER.glob("*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for case in content["cases"]:
            found[content["edition"], case["kind"], case["method"]].append(case)
    return found


GROUPS = groups()
EACH = pytest.mark.parametrize("key", GROUPS, ids="-".join)


def test_the_kinds_are_there() -> None:
    counts = {(edition, kind): len(cases) for (edition, kind, _), cases in GROUPS.items()}
    assert counts == {
        ("HJ633-2012", "iaqi"): 44,
        ("HJ633-2012", "aqi_realtime"): 206,
        ("HJ633-2012", "aqi_realtime_missing"): 70,
        ("HJ633-2012", "aqi_realtime_2014"): 2,
        ("HJ633-2012", "aqi_daily_dust"): 101,
        ("HJ633-2026", "iaqi"): 194,
        ("HJ633-2026", "iaqi_float_trap"): 8,
        ("HJ633-2026", "round_then_iaqi"): 10,
        ("HJ633-2026", "aqi_realtime"): 206,
        ("HJ633-2026", "aqi_realtime_missing"): 71,
        ("HJ633-2026", "aqi_daily_2026"): 5,
    }


def texts(cases: list[Case]) -> pl.DataFrame:
    return pl.DataFrame([case["input"] for case in cases], infer_schema_length=None)


def wrong(cases: list[Case], result: pl.DataFrame) -> list[str]:
    """Return the cases whose result is not the expected one."""
    found = []
    for case, row in zip(cases, result.iter_rows(named=True), strict=True):
        for column, expected in case["expect"].items():
            got = row[column]
            same = str(got) == expected if column == "rounded" else got == expected
            if not same:
                found.append(f"{case['id']} {column}: {got} instead of {expected}")
    return found


@EACH
def test_through_the_python_api(key: tuple[str, str, str]) -> None:
    edition, _, method_id = key
    method = registry.method(method_id)
    cases = GROUPS[key]
    given = texts(cases).with_columns(
        pl.col(c).cast(pl.Float64) for c in method.numbers if c in cases[0]["input"]
    )
    result = frames.apply(method, given, edition=edition, trace=True)
    if "rounded" in result.columns:
        units = zip(result["rounded"], result["scale"], strict=True)
        result = result.with_columns(
            rounded=pl.Series([f"{u / 10**s:.{s}f}" for u, s in units], dtype=pl.String)
        )
    assert wrong(cases, result) == []


@EACH
def test_through_the_command_line(key: tuple[str, str, str], tmp_path: Path) -> None:
    edition, kind, method_id = key
    source, target = tmp_path / f"{kind}.csv", tmp_path / "judged.csv"
    texts(GROUPS[key]).write_csv(source)
    command = ["judge", method_id, str(source), "-o", str(target), "--edition", edition, "--trace"]
    answer = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert answer.exit_code == 0
    read_as_text = {"primary": pl.String, "rounded": pl.String}
    result = pl.read_csv(target, schema_overrides=read_as_text, infer_schema_length=None)
    assert wrong(GROUPS[key], result) == []
