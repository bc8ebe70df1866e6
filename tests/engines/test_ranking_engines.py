"""Ranks, warnings, counts, targets and dust days against plain fractions, on every engine."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import narwhals as nw
import polars as pl
import pytest

from fenhe import air, standards
from tests.engines import ranking_oracle as oracle
from tests.engines.conftest import Compute
from tests.engines.ranking_oracle import ITEMS, Row

SCALES = {"so2": 1, "no2": 0, "co": 2, "o3": 1, "pm10": 0, "pm25": 3}
TOPS = {"so2": 90, "no2": 60, "co": 5, "o3": 220, "pm10": 130, "pm25": 70}
START = date(2026, 1, 1)


def floats(rows: list[Row], *columns: str) -> pl.DataFrame:
    made = {
        c: pl.Series([None if r[c] is None else float(r[c]) for r in rows], dtype=pl.Float64)
        for c in columns
    }
    rest = [c for c in rows[0] if c not in columns]
    texts = pl.DataFrame(
        {c: [r[c] for r in rows] for c in rest}, schema=dict.fromkeys(rest, pl.String)
    )
    return pl.DataFrame({"n": range(len(rows))}).hstack(texts).with_columns(**made)


def numbered(method: Callable[[Any], Any], *keys: str) -> Callable[[Any], Any]:
    """Return a method whose rows can be put in order: by keys it gives back."""

    def run(frame: Any) -> Any:
        result = nw.from_native(method(frame))
        return result.with_columns(n=nw.concat_str(*(nw.col(k).cast(nw.String) for k in keys)))

    return run


def same(result: pl.DataFrame, wanted: list[Row]) -> None:
    for column in wanted[0]:
        assert result[column].to_list() == [row[column] for row in wanted], column


def composite_rows(count: int, seed: int) -> list[Row]:
    rng = random.Random(seed)
    rows: list[Row] = []
    for n in range(count):
        row: Row = {"area": f"a{n}", "period": rng.choice(["x", "y", None])}
        for item in ITEMS:
            step = Decimal(1).scaleb(-SCALES[item])
            units = rng.randrange(0, int(TOPS[item] / step))
            # few values, so that sums tie; halves, so that roundings do
            coarse = Decimal(rng.choice([0, 15, 30, 45, 60]) * TOPS[item]) / 90
            value = rng.choice([units * step, coarse.quantize(step), coarse.quantize(step)])
            row[item] = rng.choice([None, Decimal(-999)]) if rng.random() < 0.03 else value
        rows.append(row)
    return rows


@pytest.mark.parametrize("edition_id", ["RANK-2018", "EQUAL-2026", "WEIGHTED-2026"])
def test_composite_index(compute: Compute, edition_id: str) -> None:
    rows = composite_rows(400, seed=len(edition_id))
    edition = standards.catalogue().edition(edition_id)
    given = floats(rows, *ITEMS)
    result = compute(given, lambda f: air.composite_index(f, edition=edition_id, decimals=SCALES))
    wanted = oracle.composite(rows, edition)
    same(result, wanted)
    assert len(wanted) > len({r["rank"] for r in wanted if r["rank"]})
    if edition_id != "RANK-2018":
        assert any("index_rounding" in (r["unverified"] or "") for r in wanted)


def test_change_rank(compute: Compute) -> None:
    rng = random.Random(5)
    rows: list[Row] = []
    for n in range(300):
        now, before = (
            Decimal(rng.choice([300, 450, rng.randrange(0, 99_999)])) / 100 for _ in "ab"
        )
        row = {"area": f"a{n}", "period": rng.choice(["x", "y"]), "i_now": now, "i_prev": before}
        row["compliant"] = rng.choice(["yes", "no", None])
        rows.append(row | rng.choice([{}] * 20 + [{"i_now": None}, {"i_prev": Decimal(0)}]))
    scales = {"i_now": 2, "i_prev": 2}
    given = floats(rows, "i_now", "i_prev")
    result = compute(given, lambda f: air.change_rank(f, decimals=scales))
    same(result, oracle.change(rows))


@pytest.mark.parametrize("edition_id", ["WARNING-2017", "WARNING-2019", "WARNING-2024"])
def test_warning_levels(compute: Compute, edition_id: str) -> None:
    rng = random.Random(int(edition_id[-4:]))
    edition = standards.catalogue().edition(edition_id)
    pool = [None, 90, 150, 151, 200, 201, 260, 300, 301, 320, 499, 500]
    rows: list[Row] = []
    wanted: list[Row] = []
    for area in range(25):
        days = [START + timedelta(days=n) for n in range(50) if rng.random() > 0.06]
        heavy = rng.random()
        series = {d: rng.choice(pool[4:] if rng.random() < heavy else pool) for d in days}
        answer = oracle.warnings(series, edition)
        shuffled = rng.sample(days, len(days))
        rows += [{"area": f"a{area}", "date": d, "aqi": series[d]} for d in shuffled]
        wanted += [answer[d] for d in shuffled]
    given = pl.DataFrame(rows, schema_overrides={"aqi": pl.Int64}).with_row_index("n")
    result = compute(given, lambda f: air.warning_level(f, edition=edition_id))
    same(result, wanted)
    seen = {row["level"] for row in wanted}
    assert {"yellow", "orange", "red", None} <= seen


def test_warning_levels_by_the_regime_of_each_day(compute: Compute) -> None:
    rng = random.Random(1)
    rows: list[Row] = []
    wanted: list[Row] = []
    known = standards.catalogue().editions("WARNING")
    for n, border in enumerate([date(2017, 1, 1), date(2019, 1, 1), date(2024, 1, 1)] * 5):
        days = [border + timedelta(days=d) for d in range(-8, 9)]
        series = {d: rng.choice([90, 160, 210, 220, 310, 320]) for d in days}
        places = {e.id: oracle.levels(series, e) for e in known}
        for day in days:
            edition = next((e.id for e in known if e.in_force(day)), None)
            place = places[edition].get(day) if edition else None
            rows.append({"area": f"a{n}", "date": day, "aqi": series[day]})
            level = (None, "blue", "yellow", "orange", "red")[place or 0]
            wanted.append({"level": level, "edition": edition})
    given = pl.DataFrame(rows).with_row_index("n")
    same(compute(given, air.warning_level), wanted)


def test_days_by_category(compute: Compute) -> None:
    rng = random.Random(8)
    rows: list[Row] = []
    for area in ("a", "b", "c"):
        for n in range(150):
            day = date(2025, 12, 1) + timedelta(days=n)
            if rng.random() > 0.1:
                aqi = rng.choice([None, -1, 0, 50, 51, 100, 101, 150, 151, 200, 201, 300, 301, 480])
                rows.append({"area": area, "date": day, "aqi": aqi})
    given = pl.DataFrame(rows).with_row_index("n")
    method = numbered(lambda f: air.days_by_category(f, period="month"), "area", "period_start")
    result = compute(given, method)
    wanted = []
    for area in ("a", "b", "c"):
        for year, month in ((2025, 12), (2026, 1), (2026, 2), (2026, 3), (2026, 4)):
            mine = [
                r["aqi"] for r in rows
                if (r["area"], r["date"].year, r["date"].month) == (area, year, month)
                and r["aqi"] is not None and r["aqi"] >= 0
            ]  # fmt: skip
            tops = (50, 100, 150, 200, 300)
            found = [1 + sum(a > top for top in tops) for a in mine]
            good = sum(level <= 2 for level in found)
            due = (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days
            row: Row = {f"days_{n}": found.count(n) for n in range(1, 7)}
            row |= {"n_valid": len(found), "n_due": due, "n_missing": due - len(found)}
            row["good_share"] = float(oracle.half_even(Fraction(100 * good, len(found)), 1))
            wanted.append(row)
    same(result, wanted)


def test_targets(compute: Compute) -> None:
    rng = random.Random(13)
    rows: list[Row] = []
    for n in range(400):
        whole = rng.choice([365, 366])
        done = rng.randrange(0, whole + 1)
        target = Decimal(rng.choice([300, 350, 355, rng.randrange(100, 900)])) / 10
        mean = Decimal(rng.randrange(0, 120_000)) / 1000
        row = {"area": f"a{n}", "item": rng.choice(["so2", "no2", "pm10", "PM2.5"])}
        rows.append(row | {"target": target, "mean_to_date": mean, "days_done": done})
        rows[-1]["days_in_year"] = whole
    scales = {"target": 1, "mean_to_date": 3, "days_done": 0, "days_in_year": 0}
    columns = tuple(scales)
    result = compute(floats(rows, *columns), lambda f: air.target(f, decimals=scales))
    wanted = []
    for row in rows:
        done, whole = row["days_done"], row["days_in_year"]
        total = Fraction(row["mean_to_date"]) * done
        rest = oracle.allowed(row["target"], total, done, whole)
        gap = Fraction(row["mean_to_date"] - row["target"])
        wanted.append({"gap": float(gap), "allowed_mean_rest": oracle.shown(rest)})
        if rest is not None:
            mean = (total + rest * (whole - done)) / whole
            assert round(mean) <= row["target"]
    same(result, wanted)
    assert {None} < {row["allowed_mean_rest"] for row in wanted}


def test_targets_from_daily_values(compute: Compute) -> None:
    rng = random.Random(14)
    rows: list[Row] = []
    wanted: list[Row] = []
    for area in ("a", "b", "c", "d"):
        for item, target in (("no2", Decimal(40)), ("pm25", Decimal(35))):
            values = {}
            for n in range(rng.randrange(5, 300)):
                units = rng.choice([None, rng.randrange(10_000, 60_000)])
                values[START + timedelta(days=n)] = None if units is None else Decimal(units) / 1000
            for day, value in values.items():
                rows.append({"area": area, "item": item, "date": day, "value": value})
                rows[-1]["target"] = target
            good = [Fraction(v) for v in values.values() if v is not None]
            rest = (date(2026, 12, 31) - max(values)).days
            found = oracle.allowed(target, sum(good, Fraction(0)), len(good), len(good) + rest)
            mean = oracle.half_even(sum(good, Fraction(0)) / len(good), 6)
            row: Row = {"area": area, "item": item, "days_done": len(good), "days_rest": rest}
            row |= {"mean_to_date": float(mean), "allowed_mean_rest": oracle.shown(found)}
            wanted.append(row)
    rng.shuffle(rows)
    given = pl.DataFrame(rows).with_columns(pl.col("value", "target").cast(pl.Float64))
    scales = {"value": 3, "target": 0}
    method = numbered(lambda f: air.target_daily(f, decimals=scales), "area", "item")
    same(compute(given.with_row_index("n"), method), wanted)


def test_dust_days(compute: Compute) -> None:
    rng = random.Random(3)
    listed = [("a", START, START + timedelta(days=4)), ("b", date(2026, 3, 1), date(2026, 3, 2))]
    rows: list[Row] = []
    wanted: list[Row] = []
    for area in ("a", "b", "c"):
        for n in range(80):
            day = START + timedelta(days=n)
            told = rng.choice(["yes", "no", None])
            on_list = any(a == area and f <= day <= t for a, f, t in listed)
            dust = on_list or told == "yes"
            pm10 = rng.choice([None, rng.randrange(0, 9999) / 10])
            rows.append({"area": area, "date": day, "pm10": pm10, "pm25": 7.5, "dust": told})
            late = "DUST-2016/carried_on/HJ663-2026" if dust and day >= date(2026, 3, 1) else None
            row: Row = {"pm10_kept": pm10, "pm10_removed": None if dust else pm10}
            row |= {"pm25_removed": None if dust else 7.5, "unverified": late}
            wanted.append(row | {"dust_day": "yes" if dust else "no"})
    given = pl.DataFrame(rows).with_row_index("n")
    result = compute(given, lambda f: air.dust_deduction(f, dust=listed))
    same(result, wanted)
    for area in ("a", "b", "c"):
        mine = result.filter(pl.col("area") == area)
        assert set(mine["dust_days"]) == {mine["dust_day"].to_list().count("yes")}
        assert set(mine["n_pm10_removed"]) == {mine["pm10_removed"].count()}


def test_reference_state(compute: Compute) -> None:
    rng = random.Random(2)
    rows: list[Row] = []
    for n in range(400):
        value = Decimal(rng.randrange(0, 10**6)) / 1000
        item = rng.choice(["so2", "no2", "co", "o3", "nox", "pm10", "pm25", "tsp"])
        rows.append({"area": f"a{n}", "item": item, "state": rng.choice(["273", "298"])})
        rows[-1]["value"] = value
    given = floats(rows, "value")
    for wanted_decimals in (None, 1):
        result = compute(
            given,
            lambda f, k=wanted_decimals: air.reference_state(
                f, result_decimals=k, decimals={"value": 3}
            ),
        )
        wanted = []
        for row in rows:
            moved = row["state"] == "273" and row["item"] in ("so2", "no2", "co", "o3", "nox")
            exactly = Fraction(row["value"]) * (Fraction("0.91615") if moved else 1)
            if moved and wanted_decimals is not None:
                exactly = oracle.half_even(exactly, wanted_decimals)
            wanted.append({"value_298": float(exactly), "factor": "0.91615" if moved else "1"})
        same(result, wanted)
