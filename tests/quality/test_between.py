"""Checks between items, between stations, and between calibrations."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.quality import checks, config, cross, drift, neighbours
from fenhe.quality.config import Config, Rule
from fenhe.quality.cross import Relation
from fenhe.standards import catalogue
from tests.quality.plain import START, frame

HOUR = timedelta(hours=1)


def places(**series: list[float | None]) -> pl.DataFrame:
    """Return hourly series named ``site_item``."""
    known = {}
    for name, values in series.items():
        site, _, item = name.partition("_")
        known[site, item] = [(START + n * HOUR, v) for n, v in enumerate(values) if v is not None]
    return frame(known, HOUR)


def found(relation: Relation, rows: pl.DataFrame) -> list[tuple[str, str, int, str]]:
    flags, _ = checks.run(rows, Config("T-1", (), 1.5, (relation,)))
    assert set(flags["limit"]) <= {relation.name}
    start = (pl.col("start") - START).dt.total_hours()
    return sorted(flags.select("site", "item", start, "reason").rows())


def test_an_order_is_kept_to() -> None:
    relation = Relation("part", "order", "pm25", "pm10", {})
    rows = places(a_pm25=[10, 30, None], a_pm10=[10, 20, 5], b_pm25=[50])
    assert found(relation, rows) == [
        ("a", "pm10", 1, "pm25 30, pm10 20"),
        ("a", "pm25", 1, "pm25 30, pm10 20"),
    ]


def test_a_condition_binds_only_while_it_holds() -> None:
    relation = Relation("oxygen", "while", "load", "a19001", {"above": 50, "high": 19})
    rows = places(a_load=[80, 40, 80, 50], a_a19001=[20.5, 20.5, 8, 20.5])
    assert [(item, hour) for _, item, hour, _ in found(relation, rows)] == [
        ("a19001", 0),
        ("load", 0),
    ]


def test_a_line_is_fitted_on_good_data_and_found_broken_elsewhere() -> None:
    rng = np.random.default_rng(1)
    load = rng.uniform(40, 100, 500)
    nox = 20 + 0.5 * load + rng.normal(0, 1, 500)
    numbers = cross.fit_line(pl.Series(load), pl.Series(nox), 0.001)
    assert numbers["slope"] == pytest.approx(0.5, abs=0.01)
    assert numbers["intercept"] == pytest.approx(20, abs=1)
    assert 2 < numbers["allowed"] < 5
    relation = Relation("nox", "line", "load", "nox", numbers)
    rows = places(a_load=[60, 80], a_nox=[50.5, 10])
    assert [hour for _, _, hour, _ in found(relation, rows)] == [1, 1]


def test_only_moments_with_both_values_are_covered() -> None:
    relation = Relation("part", "order", "pm25", "pm10", {})
    rows = places(a_pm25=[1, 1, None, 1, 1], a_pm10=[2, 2, 2, 2, None])
    _, seen = checks.run(rows, Config("T-1", (), 1.5, (relation,)))
    spans = seen.select(
        "item", *((pl.col(n) - START).dt.total_hours() for n in ("start", "end"))
    ).rows()
    assert spans == [("pm10", 0, 2), ("pm10", 3, 4), ("pm25", 0, 2), ("pm25", 3, 4)]


def test_void_values_are_not_compared() -> None:
    relation = Relation("part", "order", "pm25", "pm10", {})
    rows = places(a_pm25=[9], a_pm10=[2]).with_columns(quality=pl.Series([3, 0], dtype=pl.UInt8))
    assert found(relation, rows) == []


def test_relations_that_can_not_be_are_refused() -> None:
    with pytest.raises(BadInput, match="'odd' is none of order, while, line"):
        Relation("x", "odd", "a", "b", {})  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="lacks the number 'allowed'"):
        Relation("x", "line", "a", "b", {"slope": 1, "intercept": 0})
    with pytest.raises(BadInput, match="30 pairs"):
        cross.fit_line(pl.Series([1.0] * 40), pl.Series([2.0] * 40), 0.01)


def test_the_relations_of_sources_are_read_from_their_data() -> None:
    rules = config.of(catalogue().edition("SOURCEQC-2026"))
    rows = places(x_load=[90, 90, 30], x_a19001=[8, 20, 20], x_a21026=[30, 0, 0])
    flags, _ = checks.run(rows, rules, only=["cross"])
    assert sorted(
        set(flags.select("limit", (pl.col("start") - START).dt.total_hours()).rows())
    ) == [
        ("oxygen_at_load", 1),
        ("so2_at_load", 1),
    ]


NEAR = pl.DataFrame(
    [(a, b) for a in "abcd" for b in "abcd"], schema=["site", "neighbour"], orient="row"
)
APART = Config("T-1", (Rule("neighbour", {"above": 20, "least": 2}),), 1.5)


def test_a_station_unlike_its_neighbours() -> None:
    rows = places(a_no2=[40, 90], b_no2=[42, 44], c_no2=[38, 41], d_no2=[None, 45])
    flags, seen = neighbours.run(rows, NEAR, APART)
    assert flags.select("site", "limit", "reason").rows() == [("a", "20", "90, 3 × 44")]
    assert seen.filter(pl.col("site") == "d")["start"].to_list() == [START + HOUR]


def test_too_few_neighbours_are_no_neighbours() -> None:
    rows = places(a_no2=[40], b_no2=[90])
    flags, seen = neighbours.run(rows, NEAR, APART)
    assert flags.is_empty()
    assert seen.is_empty()
    nothing = neighbours.run(rows, NEAR, Config("T-1", (), 1.5))
    assert nothing.flags.is_empty()


def test_neighbours_by_distance() -> None:
    sites = pl.DataFrame(
        {
            "site": ["a", "b", "c", "e"],
            "lon": [112.5, 112.6, 116.4, None],
            "lat": [37.9, 37.9, 39.9, 1],
        }
    )
    near = neighbours.pairs(sites, 50)
    assert near.select("site", "neighbour").rows() == [("a", "b"), ("b", "a")]
    assert near["km"][0] == pytest.approx(8.77, abs=0.01)


def calibration(reading: str, gap: float | None, hours: int = 24) -> dict[str, object]:
    return {
        "site": "x",
        "item": "a21026",
        "statistic": "1h",
        "start": START,
        "end": START + hours * HOUR,
        "reading": reading,
        "gap": gap,
        "full_scale": 200.0,
    }


def test_drift_flags_the_whole_span_back_to_the_former_calibration() -> None:
    allowed = drift.bounds(catalogue().edition("SOURCEQC-2026"))
    rows = [
        calibration("zero", 5.0),
        calibration("zero", 5.1),
        calibration("span", -10.1),
        calibration("span", -20.1),
        calibration("zero", 10.1),
        calibration("odd", 90.0),
        calibration("zero", None),
    ]
    flags, seen = drift.between(pl.DataFrame(rows), allowed, "SOURCEQC-2026")
    assert flags.select("check", "limit", "reason").rows() == [
        ("drift", "zero ± 2.5 %", "2.55 %"),
        ("drift", "span ± 2.5 %", "-5.05 %"),
        ("out_of_control", "span ± 10.0 %", "-10.05 %"),
        ("out_of_control", "zero ± 5.0 %", "5.05 %"),
    ]
    assert set(flags["end"]) == {START + 24 * HOUR}
    assert seen.height == 5


def test_a_gap_that_grew_evenly_is_taken_out() -> None:
    rows = places(x_a21026=[10, 11, 12, 13, 14, 15])
    spans = pl.DataFrame([calibration("span", 4.0, 4)])
    proposed = drift.corrected(rows, spans)["proposed"].to_list()
    assert proposed == [10, 10, 10, 10, 14, 15]
