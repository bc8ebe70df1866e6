"""Pollution-source methods against plain fractions, on every engine."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import narwhals as nw
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


def records(items: dict[str, tuple[int, int]], step: int, hours: int, seed: int) -> list[Row]:
    """Rows of two outlets with gaps, flags, marks, sentinels and a repeated minute now and then."""
    rng = random.Random(seed)
    rows: list[Row] = []
    for outlet in ("a", "b"):
        dull = {(item, h) for item in items for h in range(hours) if rng.random() < 0.2}
        for item, (top, places) in items.items():
            for second in range(START, START + hours * 3600, step):
                if rng.random() < 0.02:
                    continue
                bad = (item, (second - START) // 3600) in dull and rng.random() < 0.3
                value: Decimal | None = Decimal(rng.randrange(0, top * 10**places)).scaleb(-places)
                if rng.random() < 0.03:
                    value = rng.choice([None, Decimal("-9999.99"), Decimal(-3)])
                row = {"outlet": outlet, "item": item, "second": second, "value": value}
                row |= {"flag": rng.choice("MDC") if bad else rng.choice(["N", "", None])}
                row |= {"mark": "x" if rng.random() < 0.03 else None, "o2_ref": None}
                rows.append(row)
                if rng.random() < 0.0005:
                    rows.append(dict(row))
    return rows


START = 20_513 * 86_400  # 2026-03-01 in seconds of Beijing time
GAS = {"a21026": (120, 2), "a21002": (300, 1), "a19001": (20, 2), "a00000": (90, 1)}
WATER = {"w01018": (90, 1), "w01001": (14, 2), "w00000": (30, 2)}


def table(rows: list[Row]) -> pl.DataFrame:
    made = pl.DataFrame(
        {
            "outlet": [r["outlet"] for r in rows],
            "item": [r["item"] for r in rows],
            "start_unix": [r["second"] - 8 * 3600 for r in rows],
            "flag": [r["flag"] for r in rows],
            "mark": [r["mark"] for r in rows],
        }
    )
    return made.with_columns(
        pl.Series(c, [None if r[c] is None else float(r[c]) for r in rows], dtype=pl.Float64)
        for c in ("value", "o2_ref")
    )


def numbered(method: Any) -> Any:
    def run(frame: Any) -> Any:
        result = nw.from_native(method(frame))
        keys = [nw.col(k).cast(nw.String) for k in ("outlet", "item", "start_unix")]
        return result.with_columns(n=nw.concat_str(*keys))

    return run


def told(
    result: pl.DataFrame, rows: list[Row], period: int, oracle_of: Any, columns: tuple[str, ...]
) -> None:
    wanted: dict[tuple[str, str, int], Row] = {}
    for outlet in ("a", "b"):
        found = oracle_of([r for r in rows if r["outlet"] == outlet])
        wanted |= {(outlet, item, at): row for (item, at), row in found.items()}
    assert result.height == len(wanted)
    for row in result.iter_rows(named=True):
        mine = wanted[row["outlet"], row["item"], (row["start_unix"] + 8 * 3600) // period]
        for column in columns:
            expected = mine[column]
            expected = float(expected) if isinstance(expected, Fraction) else expected
            assert row[column] == expected, (row, column)


def test_hours_of_gas(compute: Compute) -> None:
    rows = records(GAS, 60, 30, seed=4)
    for row in rows:
        if row["item"].startswith("a2"):
            row["o2_ref"] = Decimal(6)
    scales = {"value": 2, "o2_ref": 0}
    result = compute(table(rows), numbered(lambda f: sources.hourly(f, decimals=scales)))
    told(result, rows, 3600, lambda r: oracle.gas(r, 60, 2), ("value", "o2", "converted", "mass"))
    assert result["value"].null_count() > 10
    assert result["mass"].count() > 40
    day = compute(table(rows), numbered(lambda f: sources.hourly(f, period="day", decimals=scales)))
    of_day = lambda r: oracle.days(oracle.gas(r, 60, 2))  # noqa: E731
    told(day, rows, 86_400, of_day, ("value", "converted", "mass"))
    assert 0 < day["value"].null_count() < day.height


def test_hours_of_water(compute: Compute) -> None:
    rows = records(WATER, 600, 30, seed=5)
    rows += [r | {"outlet": "b", "item": "w21003"} for r in rows if r["item"] == "w01018"]
    rows = [r for r in rows if r["item"] != "w01018" or r["outlet"] == "a"]
    scales = {"value": 2, "o2_ref": 0}
    for period, seconds in (("hour", 3600), ("day", 86_400)):
        how = {"medium": "water", "period": period, "decimals": scales}
        result = compute(table(rows), numbered(partial(sources.hourly, **how)))
        said = partial(oracle.water, step=600, period=seconds)
        told(result, rows, seconds, said, ("value", "volume", "mass"))
    assert result["mass"].count() > 1
