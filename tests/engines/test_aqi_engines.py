"""The index of both editions against plain fractions, on every engine, every column."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from fenhe import air, standards
from tests.engines.conftest import Compute
from tests.engines.oracle import Oracle

DECIMALS = {"so2": 1, "no2": 0, "co": 2, "o3": 0, "o3_8h": 1, "o3_1h": 0, "pm10": 3, "pm25": 1}
EDITIONS = ("HJ633-2012", "HJ633-2026")


def values(oracle: Oracle, column: str, rng: random.Random) -> list[Decimal | None]:
    """Return break points, their neighbours, ties, beyond the table, sentinels, gaps, zero."""
    step = Decimal(1).scaleb(-DECIMALS[column])
    found: list[Decimal | None] = [None, None, Decimal(0), Decimal(-999), Decimal(9999)]
    tops = [Decimal(c.numerator) / c.denominator for c, _ in oracle.points(column)]
    for top in tops:
        found += [top, top + step, top - step, top + Decimal("0.5").quantize(step)]
    for _ in range(30):
        units = rng.randrange(0, int(tops[-1] * Decimal("1.1") / step))
        found.append(units * step)
    return [None if v is None else v.quantize(step) for v in found]


def rows(oracle: Oracle, count: int, seed: int) -> list[dict[str, Decimal | None]]:
    rng = random.Random(seed)
    pools = {c: values(oracle, c, rng) for c in oracle.columns}
    found = [{c: rng.choice(pool) for c, pool in pools.items()} for _ in range(count)]
    found += [dict.fromkeys(oracle.columns)]
    found += [dict.fromkeys(oracle.columns, Decimal(0))]
    for column, pool in pools.items():
        found += [dict.fromkeys(oracle.columns) | {column: value} for value in pool]
    return found


def table(found: list[dict[str, Decimal | None]]) -> pl.DataFrame:
    columns = {
        c: pl.Series([None if r[c] is None else float(r[c]) for r in found], dtype=pl.Float64)
        for c in found[0]
    }
    return pl.DataFrame({"n": range(len(found)), **columns})


@pytest.mark.parametrize("edition_id", EDITIONS)
@pytest.mark.parametrize(
    ("report", "method"), [("hourly", air.aqi_hourly), ("daily", air.aqi_daily)]
)
def test_every_column_equals_the_fractions(
    compute: Compute, edition_id: str, report: str, method: Any
) -> None:
    oracle = Oracle(standards.catalogue().edition(edition_id), report)
    found = rows(oracle, 1500, seed=len(report))
    result = compute(table(found), lambda f: method(f, edition=edition_id, decimals=DECIMALS))
    wanted = pl.DataFrame([oracle.judge(row) for row in found], infer_schema_length=None)
    for column in wanted.columns:
        assert result[column].to_list() == wanted[column].to_list(), column


def test_exempt_items_are_not_missed(compute: Compute) -> None:
    oracle = Oracle(standards.catalogue().edition("HJ633-2026"), "hourly")
    found = rows(oracle, 300, seed=5)
    exempt = ("co", "pm10")
    result = compute(
        table(found),
        lambda f: air.aqi_hourly(f, edition="HJ633-2026", exempt=exempt, decimals=DECIMALS),
    )
    wanted = [oracle.judge(row, exempt) for row in found]
    for column in ("aqi", "status", "reason", "primary"):
        assert result[column].to_list() == [row[column] for row in wanted], column


def test_each_row_by_the_edition_of_its_day(compute: Compute) -> None:
    days = [20151231, 20160101, 20260228, 20260301, 20301231, None]
    frame = pl.DataFrame(
        {"n": range(6), "day": days, "so2": 5.0, "no2": 10.0, "co": 0.5, "o3": 50.0}
        | {"pm10": 120.0, "pm25": 60.0}
    )
    result = compute(frame, air.aqi_hourly)
    old, new = "HJ633-2012", "HJ633-2026"
    assert result["edition"].to_list() == [None, old, old, new, new, None]
    assert result["aqi"].to_list() == [None, 85, 85, 100, 100, None]
    assert result["reason"].to_list() == ["no_edition", None, None, None, None, "no_day"]
    assert result["status"].to_list() == ["not_judged", *["judged"] * 4, "not_judged"]


def test_the_trace_adds_up_to_the_index(compute: Compute) -> None:
    oracle = Oracle(standards.catalogue().edition("HJ633-2026"), "hourly")
    found = rows(oracle, 300, seed=9)
    result = compute(
        table(found),
        lambda f: air.aqi_hourly(f, edition="HJ633-2026", trace=True, decimals=DECIMALS),
    )
    inside = 0
    for row in result.iter_rows(named=True):
        for c in oracle.columns:
            if row[f"low_{c}"] is None:
                continue
            inside += 1
            quotient = -(-row[f"numerator_{c}"] // row[f"denominator_{c}"])
            assert row[f"iaqi_low_{c}"] + quotient == row[f"iaqi_{c}"]
            assert row[f"low_{c}"] <= row[f"rounded_{c}"] <= row[f"high_{c}"]
            assert row[f"scale_{c}"] == (1 if c == "co" else 0)
    assert inside > 1000


def test_single_indices(compute: Compute) -> None:
    cases = [
        ("PM2.5_24h", 60.5, "HJ633-2026", 100, None),
        ("pm25_24H", 60.5, "HJ633-2012", 82, None),
        ("CO_1h", 1.1, "HJ633-2026", 11, None),
        ("SO2_1h", 801.0, "HJ633-2026", 200, None),
        ("O3_8h", 801.0, "HJ633-2026", 300, None),
        ("NO2_1h", 4000.0, "HJ633-2012", 500, "HJ633-2012/cap"),
    ]
    for edition in EDITIONS:
        chosen = [case for case in cases if case[2] == edition]
        frame = pl.DataFrame(
            {
                "n": range(len(chosen)),
                "item": [case[0] for case in chosen],
                "conc": [case[1] for case in chosen],
            }
        )
        result = compute(frame, lambda f, e=edition: air.iaqi(f, edition=e))
        assert result["iaqi"].to_list() == [case[3] for case in chosen]
        assert result["unverified"].to_list() == [case[4] for case in chosen]
        assert set(result["status"]) == {"judged"}


def test_single_indices_without_a_number(compute: Compute) -> None:
    frame = pl.DataFrame(
        {
            "n": range(5),
            "item": ["SO2_1h", "O3_8h", "CO_1h", "PM10_1h", "NO2_24h"],
            "conc": [801.0, 800.5, None, 5.0, -1.0],
        }
    )
    result = compute(frame, lambda f: air.iaqi(f, edition="HJ633-2012"))
    assert result["iaqi"].to_list() == [None, 300, None, None, None]
    reasons = ["beyond_table:so2_1h", None, "missing:conc", "unknown_item", "invalid:conc"]
    assert result["reason"].to_list() == reasons
    assert result["unverified"][1] == "HJ633-2012/concentration_rounding"
