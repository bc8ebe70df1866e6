"""Substitution, mass, rates and verdicts of sources against plain fractions, on every engine."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import narwhals as nw
import polars as pl

from fenhe import sources
from tests.engines import sources_judging_oracle as oracle
from tests.engines.conftest import Compute
from tests.engines.sources_judging_oracle import Row

START = (20_454 + 20) * 24  # 2026-01-21 in hours of Beijing time


def table(rows: list[Row], *numbers: str) -> pl.DataFrame:
    columns = [c for c in rows[0] if c not in {*numbers, "hour", "late"}]
    made = pl.DataFrame(
        {c: [r[c] for r in rows] for c in columns}
        | {"start_unix": [r["hour"] * 3600 - 28_800 for r in rows], "n": range(len(rows))},
        schema_overrides=dict.fromkeys(columns, pl.String),
    )
    return made.with_columns(
        pl.Series(c, [None if r[c] is None else float(r[c]) for r in rows], dtype=pl.Float64)
        for c in numbers
    )


def keyed(method: Any, *keys: str) -> Any:
    def run(frame: Any) -> Any:
        result = nw.from_native(method(frame))
        names = result.collect_schema().names()
        result = result.drop("n") if "n" in names else result
        return result.with_columns(n=nw.concat_str(*(nw.col(k).cast(nw.String) for k in keys)))

    return run


def number(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def hours(item: str, count: int, bad: float, seed: int) -> list[Row]:
    """Hours of one series with gaps short and long, stops, holes and a repeated hour."""
    rng = random.Random(seed)
    rows: list[Row] = []
    hour = 0
    while hour < count:
        length = rng.choice([1, 3, 24, 25, 40]) if rng.random() < bad else 0
        kind = rng.choice(["no", "none", "hole", "stopped"])
        for _ in range(length):
            if kind != "hole":
                rows.append(row_of(item, hour, rng, kind))
            hour += 1
        rows.append(row_of(item, hour, rng, "good"))
        hour += 1
    rows.append(dict(rows[40]))
    return rows


def row_of(item: str, hour: int, rng: random.Random, kind: str) -> Row:
    value: Decimal | None = Decimal(rng.randrange(0, 90_000)) / 100
    value = {"none": None}.get(kind, value)
    return {
        "outlet": "a", "item": item, "hour": START + hour, "value": value,
        "valid": "no" if kind == "no" else None,
        "condition": "stopped" if kind == "stopped" else None,
    }  # fmt: skip


def series(result: pl.DataFrame, item: str, column: str) -> list[Any]:
    mine = result.filter(pl.col("item") == item).sort("start_unix")
    return mine[column].to_list()


def test_substitution_and_mass_of_gas(compute: Compute) -> None:
    items = {"a21026": 0.004, "a21002": 0.02, "a34013": 0.08}
    rows = [r for n, (i, bad) in enumerate(items.items()) for r in hours(i, 1900, bad, n)]
    given = table(rows, "value")
    method = keyed(lambda f: sources.substitute(f, decimals={"value": 2}), "item", "start_unix")
    result = compute(given, method)
    months = compute(
        given.rename({"value": "mass"}),
        keyed(lambda f: sources.mass(f, decimals={"mass": 2, "permit": 0}), "item", "start"),
    )
    seen: set[Any] = set()
    for item in items:
        wanted = oracle.gas([r for r in rows if r["item"] == item])
        assert series(result, item, "substituted") == [number(r["made"]) for r in wanted]
        assert series(result, item, "value") == [number(r["value"]) for r in wanted]
        seen |= set(series(result, item, "window"))
        told = {r["start"]: r for r in months.filter(pl.col("item") == item).to_dicts()}
        found = oracle.months(wanted)
        assert sorted(told) == sorted(found)
        for key, month in found.items():
            assert told[key]["mass_measured"] == float(month["measured"])
            assert told[key]["mass_substituted"] == float(month["substituted"])
            assert told[key]["year_total"] == float(month["so_far"])
            assert told[key]["share_substituted"] == number(month["share"])
            assert told[key]["n_left"] == month["left"]
    assert {180, 720, 2160, None} == seen


def test_substitution_of_water(compute: Compute) -> None:
    items = {"w01018": 0.05, "w01001": 0.08}
    rows = [r for n, (i, bad) in enumerate(items.items()) for r in hours(i, 400, bad, n)]
    method = keyed(
        lambda f: sources.substitute(f, medium="water", decimals={"value": 2}),
        "item",
        "start_unix",
    )
    result = compute(table(rows, "value"), method)
    for item in items:
        wanted = oracle.water([r for r in rows if r["item"] == item], item)
        assert series(result, item, "substituted") == [number(r["made"]) for r in wanted]
        assert sum(r["made"] is not None for r in wanted) > 20


def test_rates(compute: Compute) -> None:
    rng = random.Random(3)
    rows: list[Row] = []
    for item in ("w01018", "a21026"):
        for hour in range(240):
            if rng.random() < 0.05 and hour // 24 != 4:
                continue
            late = rng.choice([0, 0, 0, 0, 2, 3, 4])
            stopped = hour // 24 == 4 or rng.random() < 0.05
            row = {"outlet": "a", "item": item, "hour": START + hour, "late": late}
            row["value"] = None if rng.random() < 0.05 else Decimal(5)
            row["valid"] = rng.choice(["no", "yes", None, None, None])
            row["condition"] = "stopped" if stopped else rng.choice(["standard_check", *[None] * 9])
            rows.append(row)
            if rng.random() < 0.02:
                rows.append(dict(row))
    given = table(rows, "value")
    arrived = [(r["hour"] // 24 + r["late"]) * 86_400 + 86_399 - 28_800 for r in rows]
    given = given.with_columns(arrived_unix=pl.Series(arrived))
    method = keyed(lambda f: sources.transmission_rate(f, decimals={"value": 0}), "item", "start")
    result = compute(given, method)
    for item in ("w01018", "a21026"):
        wanted = oracle.rates([r for r in rows if r["item"] == item], item)
        mine = result.filter(pl.col("item") == item).sort("start")
        for column in ("n_due", "n_received", "n_due_valid", "n_valid"):
            assert mine[column].to_list() == [wanted[d][column] for d in sorted(wanted)], column
        effective = [number(wanted[d]["effective"]) for d in sorted(wanted)]
        assert mine["effective"].to_list() == effective
        assert None in effective


def test_verdicts_and_the_share_of_a_month(compute: Compute) -> None:
    rng = random.Random(6)
    sets = {
        "GB13271-2014/coal_boiler.new": {"a21026": Decimal(300), "a20057": Decimal("0.05")},
        "ULTRASTEEL-2019/sinter_head.general": {"a21026": Decimal(35), "a34013": Decimal(10)},
    }
    rows: list[Row] = []
    for outlet, (name, known) in zip("ab", sets.items(), strict=True):
        for item, limit in known.items():
            for hour in range(60):
                places = 4 if limit < 1 else 2
                near = rng.choice([0, 0, 1, 49, 50, 51, -1, -50, 3000]) * Decimal(1)
                value = limit + near.scaleb(-places)
                permit = rng.choice([None, None, limit - limit / 5, limit * 2])
                row = {"outlet": outlet, "item": item, "hour": START + hour, "value": value}
                row |= {"limit": permit, "limit_set": name}
                rows.append(row)
    scales = {"value": 4, "limit": 4, "rated_load": 0, "water_temperature": 0}
    given = table(rows, "value", "limit")
    result = compute(
        given,
        keyed(lambda f: sources.exceedance(f, decimals=scales), "outlet", "item", "start_unix"),
    )
    wanted: dict[tuple[str, str, int], tuple[bool, Fraction | None]] = {}
    for r in rows:
        limit = sets[r["limit_set"]][r["item"]]
        if r["limit"] is not None and r["limit"] < limit:
            limit = r["limit"].normalize()
        key = r["outlet"], r["item"], r["hour"] * 3600 - 28_800
        wanted[key] = oracle.verdict(r["value"], limit)
    for row in result.iter_rows(named=True):
        above, multiple = wanted[row["outlet"], row["item"], row["start_unix"]]
        assert row["verdict"] == ("over" if above else "within"), row
        assert row["multiple"] == number(multiple)
    episodes(result, wanted)
    months = compute(
        result.with_columns(n=pl.int_range(pl.len())), keyed(sources.share, "item", "outlet")
    )
    for row in months.iter_rows(named=True):
        mine = [a for (o, i, _), (a, _) in wanted.items() if (o, i) == (row["outlet"], row["item"])]
        assert (row["n_judged"], row["n_over"]) == (len(mine), sum(mine))
        share = oracle.to(Fraction(100 * (len(mine) - sum(mine)), len(mine)), 2)
        assert row["share"] == float(share)
        by_share = row["outlet"] == "b"
        assert row["meets"] == ("no" if by_share else None)
        assert (row["reason"] or "").startswith("incomplete" if by_share else "not_by_share")


def episodes(result: pl.DataFrame, wanted: dict[tuple[str, str, int], tuple[bool, Any]]) -> None:
    """Runs of rows above: how long each is, told on each of its rows."""
    for outlet, item in {(o, i) for o, i, _ in wanted}:
        mine = sorted((at, a) for (o, i, at), (a, _) in wanted.items() if (o, i) == (outlet, item))
        lengths: list[int | None] = []
        for n, (_, above) in enumerate(mine):
            first = last = n
            while above and first > 0 and mine[first - 1][1]:
                first -= 1
            while above and last + 1 < len(mine) and mine[last + 1][1]:
                last += 1
            lengths.append(last - first + 1 if above else None)
        rows = result.filter((pl.col("outlet") == outlet) & (pl.col("item") == item))
        assert rows.sort("start_unix")["episode_rows"].to_list() == lengths
