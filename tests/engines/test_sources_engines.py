"""Pollution-source methods against plain fractions, on every engine."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import polars as pl

from fenhe import sources
from tests.engines import sources_oracle as oracle
from tests.engines.conftest import Compute
from tests.engines.sources_oracle import Row

SCALES = {
    "value": 3, "no": 2, "no2": 2, "temperature": 1, "static_pressure": 1, "ambient_pressure": 0,
    "moisture": 2, "o2": 2, "o2_ref": 1, "alpha_ref": 2, "flow": 1,
}  # fmt: skip
TOPS = {
    "value": 900, "no": 300, "no2": 60, "temperature": 300, "static_pressure": 3000,
    "ambient_pressure": 103000, "moisture": 30, "o2": 22, "o2_ref": 21, "alpha_ref": 3,
    "flow": 900000,
}  # fmt: skip


def frame_of(rows: list[Row], numbers: dict[str, int]) -> pl.DataFrame:
    made = {
        c: pl.Series([None if r[c] is None else float(r[c]) for r in rows], dtype=pl.Float64)
        for c in numbers
    }
    rest = [c for c in rows[0] if c not in numbers]
    texts = pl.DataFrame({c: [r[c] for r in rows] for c in rest})
    return pl.DataFrame({"n": range(len(rows))}).hstack(texts).with_columns(**made)


def same(result: pl.DataFrame, wanted: list[Row]) -> None:
    for column in wanted[0]:
        assert result[column].to_list() == [row[column] for row in wanted], column


def convert_rows(count: int, seed: int) -> list[Row]:
    rng = random.Random(seed)
    rows: list[Row] = []
    for _ in range(count):
        row: Row = {
            "item": rng.choice([*oracle.MASSES, "a21002", "a21002"]),
            "unit": rng.choice(["mg/m3", "ppm", "ug/m3", "ng/m3"]),
            "state": rng.choice(["actual", "standard"]),
            "basis": rng.choice(["wet", "dry"]),
            "o2_basis": rng.choice(["wet", "dry"]),
        }
        for name, places in SCALES.items():
            step = Decimal(1).scaleb(-places)
            units = rng.randrange(0, int(TOPS[name] / step))
            signed = name in ("temperature", "static_pressure") and rng.random() < 0.3
            sign = -1 if signed else 1
            row[name] = None if rng.random() < 0.05 else sign * units * step
        if row["ambient_pressure"] is not None:
            row["ambient_pressure"] = max(row["ambient_pressure"], Decimal(85000))
        if row["temperature"] is not None and row["temperature"] < -60:
            row["temperature"] = -row["temperature"]
        if rng.random() < 0.5:
            row["alpha_ref"] = None
        else:
            row["o2_ref"] = rng.choice([None, None, None, row["o2_ref"]])
        if row["item"] == "a21002" and rng.random() < 0.7:
            row["value"] = None
        rows.append(row)
    return rows


def test_convert(compute: Compute) -> None:
    rows = convert_rows(600, seed=1)
    wanted = [oracle.convert(row) for row in rows]

    def method(frame: Any) -> Any:
        return sources.convert(frame, decimals=SCALES)

    result = compute(frame_of(rows, SCALES), method)
    same(result, wanted)
    for column in wanted[0]:
        assert sum(row[column] is not None for row in wanted) > 60, column
    judged = [row["converted"] is not None for row in wanted]
    assert (result["status"] == "judged").to_list() == judged
    unjudged = result.filter(pl.col("status") == "not_judged")
    assert unjudged["reason"].null_count() == 0
