"""What simulated loggers tell: the same for a seed, and physically of one piece."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from fenhe.base.errors import BadInput
from fenhe.simulator import fleet, series
from fenhe.simulator.planted.plan import chosen
from fenhe.simulator.simulation import Simulation

START = datetime(2026, 8, 2, 16)
DAY = timedelta(days=1)
KINDS = ("10min", "1h", "1d")
GAS = ("a21026", "a21002", "a34013")


def simulation(seed: int = 5, planted: str = "all", plants: tuple[str, ...] = ()) -> Simulation:
    return Simulation(fleet.make(plants, seed=seed), chosen(planted))


@pytest.fixture(scope="module")
def honest() -> pl.DataFrame:
    return series.series(simulation(planted="none"), START, START + 3 * DAY, KINDS)


def wide(told: pl.DataFrame, site: str, statistic: str) -> pl.DataFrame:
    """One column an item and field, one row a period; normal records only."""
    rows = told.filter(
        (pl.col("site") == site)
        & pl.col("statistic").str.starts_with(statistic)
        & (pl.col("flag") == "N")
    ).with_columns(name=pl.col("item") + pl.col("statistic").str.strip_prefix(statistic))
    return rows.pivot("name", index="start", values="value").drop_nulls()


def test_the_same_seed_tells_the_same() -> None:
    plants = ("coking", "sewage")
    one = series.series(simulation(plants=plants), START, START + DAY, KINDS)
    two = series.series(simulation(plants=plants), START, START + DAY, KINDS)
    assert_frame_equal(one, two)


def test_another_seed_tells_something_else() -> None:
    one = series.series(simulation(5), START, START + DAY, ("1h",))
    two = series.series(simulation(6), START, START + DAY, ("1h",))
    assert not one["value"].equals(two["value"])


@pytest.mark.parametrize("planted", ["none", "all"])
def test_days_alone_equal_days_together(planted: str) -> None:
    plants = ("power", "sewage")
    begin = START + DAY
    one = simulation(planted=planted, plants=plants)
    together = series.series(one, begin, begin + 3 * DAY, KINDS)
    other = simulation(planted=planted, plants=plants)  # asked backwards: order does not matter
    alone = [series.series(other, begin + n * DAY, begin + (n + 1) * DAY, KINDS) for n in (2, 1, 0)]
    key = ["site", "item", "statistic", "start"]
    assert_frame_equal(pl.concat(alone).sort(key), together.sort(key))


@pytest.mark.parametrize(
    ("site", "reference"),
    [("sim-power-1", 6.0), ("sim-sinter-head", 16.0), ("sim-coking-stack", 8.0)],
)
@pytest.mark.parametrize("statistic", ["10min", "1h"])
def test_converted_values_follow_from_o2(
    honest: pl.DataFrame, site: str, reference: float, statistic: str
) -> None:
    # at the O2 of air the digits told decide; a plant at work is what is asked
    told = wide(honest, site, statistic).filter(pl.col("load") > 20)
    assert told.height > 40
    for item in GAS:
        made = told[item] * (21 - reference) / (21 - told["a19001"])
        off = (made - told[f"{item}.zs"]).abs() / told[f"{item}.zs"].clip(0.1)
        assert off.max() < 0.02, item  # the digits that are told


def test_mass_of_gas_is_concentration_times_flow(honest: pl.DataFrame) -> None:
    told = wide(honest, "sim-power-2", "1h")
    volume = told["a00000"] * 3_600
    assert ((volume - told["a00000.sum"]).abs() / volume).max() < 0.001
    for item in GAS:
        made = told[item] * told["a00000.sum"] * 1e-6
        assert ((made - told[f"{item}.sum"]).abs() / made).max() < 0.01, item


def test_mass_of_water_is_concentration_times_volume(honest: pl.DataFrame) -> None:
    told = wide(honest, "sim-sewage-out", "10min")
    volume = told["w00000"] * 600 * 1e-3
    assert ((volume - told["w00000.sum"]).abs() / volume).max() < 0.001
    for item in ("w01018", "w21003", "w21011", "w21001"):
        made = told[item] * told["w00000.sum"] * 1e-3
        assert ((made - told[f"{item}.sum"]).abs() / made).max() < 0.02, item


def test_the_mean_of_a_day_of_water_is_weighted_by_flow(honest: pl.DataFrame) -> None:
    told = wide(honest, "sim-sewage-second", "1d")
    hours = wide(honest, "sim-sewage-second", "1h")
    compared = 0
    for item in ("w01018", "w21003", "w21001"):
        for row in told.iter_rows(named=True):
            one = hours.filter(
                (pl.col("start") >= row["start"]) & (pl.col("start") < row["start"] + DAY)
            )
            if one.height == 24:
                made = (one[item] * one["w00000.sum"]).sum() / one["w00000.sum"].sum()
                assert row[item] == pytest.approx(made, rel=0.002)
                assert row[f"{item}.min"] <= row[item] <= row[f"{item}.max"]
                compared += 1
    assert compared > 0


def test_totals_of_hours_make_the_day(honest: pl.DataFrame) -> None:
    hours = honest.filter((pl.col("statistic") == "1h.sum") & (pl.col("flag") == "N")).with_columns(
        day=(pl.col("start") + timedelta(hours=8)).dt.date()
    )
    days = honest.filter(pl.col("statistic") == "1d.sum").with_columns(
        day=(pl.col("start") + timedelta(hours=8)).dt.date()
    )
    key = ["site", "item", "day"]
    both = days.join(hours.group_by(key).agg(pl.col("value").sum().alias("made")), on=key)
    normal = both.filter(pl.col("flag") == "N")
    assert normal.height > 50
    assert ((normal["made"] - normal["value"]).abs() / normal["value"].clip(1)).max() < 0.002


def test_the_mean_lies_between_least_and_largest(honest: pl.DataFrame) -> None:
    for statistic in KINDS:
        for middle, low, high in (("", ".min", ".max"), (".zs", ".zs_min", ".zs_max")):
            parts = [
                honest.filter(pl.col("statistic") == statistic + end).select(
                    "site", "item", "start", pl.col("value").alias(end or "mean")
                )
                for end in (middle, low, high)
            ]
            key = ["site", "item", "start"]
            both = parts[0].join(parts[1], on=key).join(parts[2], on=key)
            mean = both[middle or "mean"]
            assert both.height > 0
            assert bool((both[low] <= mean).all())
            assert bool((mean <= both[high]).all())


def test_less_load_means_more_o2_and_less_flow(honest: pl.DataFrame) -> None:
    told = honest.filter(
        (pl.col("site") == "sim-power-1") & (pl.col("statistic") == "10min")
    ).pivot("item", index="start", values="value")
    assert told.select(pl.corr("load", "a19001")).item() < -0.8
    assert told.select(pl.corr("load", "a00000")).item() > 0.9


def test_a_stop_shows_true_zeros_and_air() -> None:
    sim = simulation(planted="none", plants=("park",))
    site = sim.fleet.site("sim-park-heat")
    stop = next(
        one
        for one in sim.happenings(
            site, series.seconds_of(START), series.seconds_of(START + 28 * DAY)
        )
        if one.kind == "stopped"
    )
    day = series.seconds_of(START)
    first = day + (stop.start - day) // 86_400 * 86_400
    told = series.series(
        sim, series.moment_of(first), series.moment_of(first) + 2 * DAY, ("10min",), sites=[site]
    ).filter(
        (pl.col("start") > series.moment_of(stop.start + 600))
        & (pl.col("end") < series.moment_of(min(stop.end, first + 2 * 86_400)))
        & (pl.col("statistic") == "10min")
        & pl.col("flag").is_in(["N", "F"])
    )
    values = {
        item: told.filter(pl.col("item") == item)["value"] for item in (*GAS, "a19001", "load")
    }
    assert values["load"].max() == 0.0
    assert values["a19001"].min() > 20.3  # type: ignore[operator]
    assert all(values[item].median() < 0.5 for item in GAS)  # type: ignore[operator]
    filed = series.marks(sim, START, START + 28 * DAY).filter(
        (pl.col("site") == site.key) & (pl.col("code") == "stopped")
    )
    assert series.moment_of(stop.start) in filed["start"].to_list()


def test_water_analysers_repeat_their_value_for_a_cycle(honest: pl.DataFrame) -> None:
    told = honest.filter(
        (pl.col("site") == "sim-sewage-out")
        & (pl.col("item") == "w01018")
        & (pl.col("statistic") == "10min")
    ).sort("start")
    runs = told["value"].round(1).rle().struct.field("len")
    assert runs.median() == 12  # two hours of ten minutes


def test_calibration_and_maintenance_carry_letters() -> None:
    sim = simulation(planted="none", plants=("coking", "power"))
    told = series.series(sim, START, START + 7 * DAY, ("1min",), step=60).filter(
        (pl.col("statistic") == "1min") & (pl.col("item") == "a21026")
    )
    beijing = (pl.col("start") + timedelta(hours=8)).dt.hour()
    checks = told.filter((pl.col("site") == "sim-coking-stack") & (pl.col("flag") == "C"))
    assert checks.select(beijing.unique()).to_series().to_list() == [2]
    by_day = checks.group_by((pl.col("start") + timedelta(hours=8)).dt.date()).len()
    assert by_day.height >= 5  # a day with a fault over its check has none
    assert set(by_day["len"]) == {24}
    visits = series.events(sim, START, START + 7 * DAY).filter(pl.col("kind") == "maintenance")
    one = visits.row(0, named=True)
    inside = told.filter(
        (pl.col("site") == one["site"])
        & (pl.col("start") >= one["start"] + timedelta(minutes=1))
        & (pl.col("end") <= one["end"])
    )
    assert inside.height > 20
    assert set(inside["flag"]) == {"M"}


def test_records_of_a_lost_line_are_sent_after_it() -> None:
    sim = simulation(planted="none")
    drops = series.events(sim, START, START + 7 * DAY).filter(
        (pl.col("kind") == "drop_out")
        & (pl.col("end") - pl.col("start") > timedelta(minutes=30))
        & (pl.col("end") < START + 7 * DAY)
    )
    site = sim.fleet.site(drops["site"][0])
    told = series.series(sim, START, START + 7 * DAY, ("rtd", "10min"), sites=[site])
    late = told.filter("late")
    assert late.height > 0
    assert set(late["statistic"].str.split(".").list.first()) == {"10min"}  # live values are lost
    assert set(late["sent_at"]) <= set(drops["end"])
    assert bool((late["sent_at"] >= late["end"]).all())


def test_spans_are_whole_days() -> None:
    with pytest.raises(BadInput, match="whole Beijing days"):
        series.series(simulation(), datetime(2026, 8, 3), datetime(2026, 8, 4))


@pytest.mark.parametrize("statistic", ["7min", "2h", "min", "0min"])
def test_unknown_statistics_are_refused(statistic: str) -> None:
    with pytest.raises(BadInput, match="is none of"):
        series.series(simulation(), START, START + DAY, (statistic,))
