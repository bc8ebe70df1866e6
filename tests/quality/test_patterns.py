"""Each detector on a made-up outlet: silent on the honest series, heard on the bent one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.quality import patterns
from fenhe.quality.patterns import Facts, Place
from fenhe.standards import catalogue

START = datetime(2026, 8, 2, 16)  # a Monday in Beijing begins
STEP = timedelta(minutes=10)
DAYS = 28
SIZE = DAYS * 144
TUNING = patterns.numbers(catalogue().edition("PATTERNS-2026"))
GAS = {
    "stack": Place(
        reference_o2=9.0,
        items={"a21026": Facts(200, 35), "a21002": Facts(400, 120), "a34013": Facts(50, 10)},
    )
}
WATER = {"drain": Place(water=True, items={"w01018": Facts(200, 50), "w21003": Facts(20, 5)})}
Columns = dict[str, np.ndarray]
HOURS = np.arange(SIZE) / 6


def noise(seed: int, size: float) -> np.ndarray:
    """Return noise in which each value remembers the one before."""
    rng = np.random.default_rng(seed)
    found = np.empty(SIZE)
    found[0] = 0
    for n, push in enumerate(rng.normal(0, 1, SIZE - 1), start=1):
        found[n] = 0.85 * found[n - 1] + 0.5 * push
    return found * size


def gas() -> Columns:
    """Return an honest stack: load, oxygen, three pollutants, and the statistics of a record."""
    load = 75 + 12 * np.sin(HOURS * 2 * np.pi / 17) + noise(1, 2)
    columns = {"load": np.round(load, 1), "a19001": np.round(9 + noise(2, 0.15), 2)}
    for seed, (item, middle) in enumerate((("a21026", 18), ("a21002", 70), ("a34013", 4)), 3):
        columns[item] = np.round(middle * (load / 75) * np.exp(noise(seed, 0.08)), 2)
    return columns


def water() -> Columns:
    """Return an honest drain: flow and two analysers that measure every two hours."""
    flow = 400 + 80 * np.sin(HOURS * 2 * np.pi / 24) + noise(7, 8)
    cod = np.repeat(np.round(26 * np.exp(noise(8, 0.2)), 1)[::12], 12)
    ammonia = np.repeat(np.round(1.2 * np.exp(noise(9, 0.2)), 3)[::12], 12)
    return {"w00000": np.round(flow, 1), "w01018": cod, "w21003": ammonia}


def records(columns: Columns, site: str = "stack") -> pl.DataFrame:
    """Return the records of ten minutes and hours with all that goes with them."""
    start = [START + n * STEP for n in range(SIZE)]
    parts = []

    def add(item: str, statistic: str, values: np.ndarray, every: int = 1) -> None:
        known = ~np.isnan(values)
        times = pl.Series("start", start[::every], dtype=pl.Datetime("us")).filter(pl.Series(known))
        parts.append(
            pl.DataFrame(
                {"item": item, "statistic": statistic, "start": times, "value": values[known]}
            ).with_columns(end=pl.col("start") + every * STEP)
        )

    for item, values in columns.items():
        if item.startswith("."):
            continue
        add(item, "10min", values)
        spread = columns.get(".spread", np.full(SIZE, 0.05 * np.nanmean(np.abs(values))))
        add(item, "10min.min", values - spread)
        add(item, "10min.max", values + spread)
        hourly = np.round(np.nanmean(values.reshape(-1, 6), axis=1), 3)
        add(item, "1h", hourly * columns.get(f".edit {item}", np.ones(SIZE // 6)), 6)
        if site == "stack" and item.startswith(("a21", "a34")):
            converted = values * (21 - 9) / (21 - columns["a19001"])
            add(item, "10min.zs", np.round(converted * columns.get(".factor", np.ones(SIZE)), 3))
    rows = pl.concat(parts).with_columns(site=pl.lit(site))
    letters = pl.DataFrame({"start": start, "letter": columns.get(".letter", np.full(SIZE, "N"))})
    lags = pl.DataFrame({"start": start, "lag": columns.get(".lag", np.zeros(SIZE))})
    told = rows.join(
        letters.with_columns(pl.col("start").cast(pl.Datetime("us"))), on="start", how="left"
    )
    told = told.join(
        lags.with_columns(pl.col("start").cast(pl.Datetime("us"))), on="start", how="left"
    )
    polluting = pl.col("item").is_in(["a21026", "a21002", "a34013"])
    return told.with_columns(
        flag=pl.when(polluting).then("letter").otherwise(pl.lit("N")),
        sent_at=pl.col("end") + pl.duration(seconds=(pl.col("lag") * 3600).cast(pl.Int64)),
    )


def found(columns: Columns, site: str = "stack", only: str | None = None) -> pl.DataFrame:
    places = GAS if site == "stack" else WATER
    return patterns.detect(records(columns, site), places, TUNING, [only] if only else None)


def span(day: float, hours: float) -> slice:
    return slice(int(day * 144), int(day * 144 + hours * 6))


def keep(columns: Columns, item: str, where: slice, values: object) -> None:
    columns[item][where] = values


def _constant(c: Columns) -> None:
    keep(c, "a21026", span(10, 8), 17.3)


def _quiet(c: Columns) -> None:
    part = c["a21002"][span(10, 20)]
    keep(c, "a21002", span(10, 20), np.round(70 + (part - part.mean()) * 0.01, 2))


def _random(c: Columns) -> None:
    rng = np.random.default_rng(5)
    keep(c, "a21026", span(10, 20), np.round(rng.uniform(14, 22, 120), 2))


def _cut(c: Columns) -> None:
    rng = np.random.default_rng(6)
    where = span(6, 24 * 10)
    factor = (21 - 9) / (21 - c["a19001"][where])
    high = c["a21026"][where] * 1.9
    top = 35 * (1 - 0.015 * rng.random(len(high)))
    keep(c, "a21026", where, np.round(np.minimum(high * factor, top) / factor, 2))


def _air(c: Columns) -> None:
    where = span(10, 12)
    keep(c, "a19001", where, np.round(c["a19001"][where] + 7, 2))
    for item in ("a21026", "a21002", "a34013"):
        keep(c, item, where, np.round(c[item][where] * 0.4, 2))


def _nothing(c: Columns) -> None:
    for item in ("a21026", "a21002"):
        keep(c, item, span(10, 6), np.round(c[item][span(10, 6)] * 0.03, 2))


def _at_peaks(c: Columns) -> None:
    letters = np.full(SIZE, "N")
    peaks = np.flatnonzero(c["load"] > np.quantile(c["load"], 0.95))
    letters[peaks[np.diff(peaks, prepend=-99) > 1]] = "C"
    c[".letter"] = letters


def _lacking(c: Columns) -> None:
    high = c["load"] > np.quantile(c["load"], 0.95)
    c["a21026"][high] = np.nan


def _equal(c: Columns) -> None:
    spread = np.full(SIZE, 0.5)
    spread[span(10, 30)] = 0
    c[".spread"] = spread


def _edited(c: Columns) -> None:
    factor = np.ones(SIZE // 6)
    factor[240:270] = 0.7
    c[".edit a21026"] = factor


def _reference(c: Columns) -> None:
    factor = np.ones(SIZE)
    factor[span(10, 24)] = 0.8
    c[".factor"] = factor


def _late(c: Columns) -> None:
    lag = np.zeros(SIZE)
    lag[span(10, 9)] = (54 - np.arange(54)) / 6
    c[".lag"] = lag


def _copied(c: Columns) -> None:
    for item in ("a21026", "a21002", "a34013"):
        keep(c, item, slice(20 * 144, 21 * 144), c[item][18 * 144 : 19 * 144])


def _abused(c: Columns) -> None:
    letters = np.full(SIZE, "N")
    rng = np.random.default_rng(8)
    where = np.arange(SIZE)[span(8, 24 * 9)]
    letters[where[rng.random(len(where)) < 0.3]] = "M"
    c[".letter"] = letters


def _zero(c: Columns) -> None:
    keep(c, "a34013", span(10, 10), 0.0)


def _office(c: Columns) -> None:
    hour = HOURS % 24
    working = (HOURS // 24 % 7 < 5) & (hour >= 8) & (hour < 18)
    c["a21002"][working] = np.round(c["a21002"][working] * 0.5, 2)


def _pinned(c: Columns) -> None:
    keep(c, "a21026", span(10, 6), 200.0)


BENT: dict[str, tuple[Callable[[Columns], None], str]] = {
    "F01": (_constant, "a21026"),
    "F02": (_quiet, "a21002"),
    "F03": (_random, "a21026"),
    "F04": (_cut, "a21026"),
    "F06": (_air, "a19001"),
    "F07": (_nothing, "a21002"),
    "F10": (_at_peaks, "a21026"),
    "F11": (_lacking, "a21026"),
    "F12": (_equal, "a21026"),
    "F13": (_edited, "a21026"),
    "F14": (_reference, "a34013"),
    "F15": (_late, "a21026"),
    "F16": (_copied, "a21002"),
    "F19": (_abused, "a21026"),
    "F20": (_zero, "a34013"),
    "F21": (_office, "a21002"),
    "F22": (_pinned, "a21026"),
}


def test_honest_outlets_are_left_alone() -> None:
    assert found(gas()).is_empty()
    assert found(water(), "drain").is_empty()


@pytest.mark.parametrize("pattern", BENT)
def test_each_pattern_is_found_where_it_is(pattern: str) -> None:
    bend, item = BENT[pattern]
    columns = gas()
    bend(columns)
    hits = found(columns, only=pattern)
    assert set(hits["pattern"]) == {pattern}
    assert item in hits["item"].to_list()
    assert (hits["score"] > 0).all()
    if pattern not in {"F04", "F10", "F11", "F19", "F21"}:  # those show over days
        day = START + timedelta(days=20 if pattern == "F16" else 10)
        assert hits["start"].min() >= day - timedelta(hours=8)
        assert hits["end"].max() <= day + timedelta(hours=38)


def test_water_thinned_together_while_the_flow_stays() -> None:
    columns = water()
    for item in ("w01018", "w21003"):
        keep(columns, item, span(10, 8), np.round(columns[item][span(10, 8)] * 0.1, 3))
    hits = found(columns, "drain")
    assert set(hits.filter(pl.col("pattern") == "F09")["item"]) == {"w01018", "w21003"}
    assert hits["start"].min() == START + timedelta(days=10)


def test_rain_that_raises_the_flow_is_no_dilution() -> None:
    columns = water()
    for item in ("w01018", "w21003"):
        keep(columns, item, span(10, 8), np.round(columns[item][span(10, 8)] * 0.3, 3))
    keep(columns, "w00000", span(10, 8), columns["w00000"][span(10, 8)] * 3)
    assert found(columns, "drain", "F09").is_empty()


def test_a_known_outage_explains_late_records() -> None:
    columns = gas()
    _late(columns)
    away = pl.DataFrame(
        {
            "site": ["stack"],
            "start": [START + timedelta(days=10)],
            "end": [START + timedelta(days=10, hours=9)],
        }
    )
    hits = patterns.detect(records(columns), GAS, TUNING, ["F15"], away)
    assert hits.is_empty()


def test_a_daily_check_by_the_clock_is_no_pattern() -> None:
    columns = gas()
    letters = np.full(SIZE, "N")
    letters[6 * 9 :: 144] = "C"
    columns[".letter"] = letters
    assert found(columns, only="F10").is_empty()


def test_a_plant_at_rest_is_no_pattern() -> None:
    columns = gas()
    keep(columns, "load", span(12, 48), 0.0)
    for item in ("a21026", "a21002", "a34013"):
        keep(columns, item, span(12, 48), 0.0)
    keep(columns, "a19001", span(12, 48), 20.9)
    assert found(columns).is_empty()


def test_an_unknown_pattern_is_refused() -> None:
    with pytest.raises(BadInput, match="unknown pattern 'F99'; known are F01"):
        found(gas(), only="F99")


def test_every_number_has_a_source_and_is_used() -> None:
    edition = catalogue().edition("PATTERNS-2026")
    rows = edition.table("numbers").rows
    assert {row["pattern"] for row in rows} == set(patterns.PATTERNS)
    assert all(row.source and row.kind == "tuning" for row in rows)
