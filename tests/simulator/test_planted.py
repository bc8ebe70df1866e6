"""Every pattern that can be planted: dealt, labelled, and visible where the label says."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.simulator import fleet, records, series
from fenhe.simulator.fleet import Site
from fenhe.simulator.planted.plan import Planted, chosen, patterns
from fenhe.simulator.records import Batch, periods
from fenhe.simulator.simulation import Simulation

START = datetime(2026, 8, 2, 16)
FOUR_WEEKS = timedelta(days=28)
FIRST, LAST = series.seconds_of(START), series.seconds_of(START + 3 * FOUR_WEEKS)
HOUR, DAY = 3_600, 86_400
ALL = tuple(f"F{number:02d}" for number in range(1, 23))
N = ord("N")
Floats = npt.NDArray[np.float64]


@cache
def simulation() -> Simulation:
    return Simulation(fleet.make(seed=11), chosen("all"))


@cache
def planted(name: str) -> tuple[Planted, Site]:
    one = next(one for one in simulation().planted(FIRST, LAST) if one.pattern == name)
    return one, simulation().fleet.site(one.site)


@cache
def during(name: str, seconds: int = 600) -> Batch:
    """The records of whole hours inside of the first planted case of a pattern."""
    one, site = planted(name)
    start, end = -(-one.start // HOUR) * HOUR, one.end // HOUR * HOUR
    return periods(simulation(), site, start, end, seconds=seconds)


@cache
def honest(name: str) -> dict[str, Floats]:
    """What would have been read in the same time, by item."""
    one, site = planted(name)
    start, end = -(-one.start // HOUR) * HOUR, one.end // HOUR * HOUR
    seconds = np.arange(start, end, records.STEP)
    told = simulation().readings(site, seconds, honest=True).told
    return {code: each.values.reshape(-1, 20).mean(axis=1) for code, each in told.items()}


def means(name: str, item: str) -> Floats:
    return during(name).columns[item].fields["avg"]


def first_item(name: str) -> str:
    return planted(name)[0].items[0]


def normal(name: str, item: str) -> npt.NDArray[np.bool_]:
    return np.asarray(during(name).columns[item].letters == N)


def test_the_patterns_are_those_of_the_list() -> None:
    assert tuple(patterns()) == ALL


def test_twelve_weeks_show_every_pattern() -> None:
    assert {one.pattern for one in simulation().planted(FIRST, LAST)} == set(ALL)


def test_nothing_is_planted_at_the_controls() -> None:
    controls = {site.key for site in simulation().fleet.sites if site.outlet.clean}
    assert len(controls) == 3
    assert not controls & {one.site for one in simulation().planted(FIRST, LAST)}


def test_an_outlet_shows_one_pattern_at_a_time() -> None:
    by_site: dict[str, list[Planted]] = {}
    for one in simulation().planted(FIRST, LAST):
        by_site.setdefault(one.site, []).append(one)
    for told in by_site.values():
        ordered = sorted(told, key=lambda one: one.start)
        assert all(a.end <= b.start for a, b in pairwise(ordered))


def test_labels_name_outlet_item_pattern_and_span() -> None:
    told = series.labels(simulation(), START, START + FOUR_WEEKS)
    assert told.columns == ["site", "item", "pattern", "name", "start", "end", "strength"]
    assert told.height >= len(simulation().planted(FIRST, series.seconds_of(START + FOUR_WEEKS)))
    assert bool((told["end"] > told["start"]).all())
    assert told["start"].min() >= START  # type: ignore[operator]
    assert told["end"].max() <= START + FOUR_WEEKS  # type: ignore[operator]
    water = [site.key for site in simulation().fleet.sites if site.outlet.medium == "water"]
    gas_only = told.filter(pl.col("pattern").is_in(["F04", "F06", "F07", "F08", "F10", "F14"]))
    assert not set(gas_only["site"]) & set(water)


def test_labels_follow_the_seed() -> None:
    one = series.labels(simulation(), START, START + FOUR_WEEKS)
    again = Simulation(fleet.make(seed=11), chosen("all"))
    other = Simulation(fleet.make(seed=12), chosen("all"))
    assert one.equals(series.labels(again, START, START + FOUR_WEEKS))
    assert not one.equals(series.labels(other, START, START + FOUR_WEEKS))


def test_outside_of_the_labels_nothing_is_bent() -> None:
    sim = simulation()
    for site in sim.fleet.sites[:4]:
        spans = [(one.start, one.end) for one in sim.planted(FIRST, LAST) if one.site == site.key]
        hours = np.arange(FIRST, FIRST + 14 * DAY, HOUR)
        outside = np.array(
            [
                h
                for h in hours
                if all(h + 5 * HOUR < start or h >= end + 5 * HOUR for start, end in spans)
            ]
        )
        assert outside.size > 100
        bent, plain = sim.readings(site, outside), sim.readings(site, outside, honest=True)
        for code, told in bent.told.items():
            assert np.array_equal(told.values, plain.told[code].values)
            assert np.array_equal(told.letters, plain.told[code].letters)


def test_only_what_was_chosen_is_planted() -> None:
    sim = Simulation(fleet.make(seed=3), chosen("F01,f20"))
    assert {one.pattern for one in sim.planted(FIRST, LAST)} == {"F01", "F20"}
    assert Simulation(fleet.make(seed=3), chosen("none")).planted(FIRST, LAST) == ()
    with pytest.raises(BadInput, match="no pattern 'F99'"):
        chosen("F99")


# ---- each pattern is there --------------------------------------------------------------


def test_f01_constant() -> None:
    told = means("F01", first_item("F01"))
    assert np.ptp(told) == 0.0
    assert during("F01").readings.load.mean() > 10


def test_f02_quiet() -> None:
    item = first_item("F02")
    assert means("F02", item).std() < 0.2 * honest("F02")[item].std()


def test_f03_random_inside_a_band() -> None:
    one, site = planted("F03")
    step = site.minute * 60
    told = during("F03", step).columns[one.items[0]].fields["avg"]
    lag = np.corrcoef(told[:-1], told[1:])[0, 1]
    middle = np.median(told)
    assert abs(lag) < 0.3
    assert np.abs(told / middle - 1).max() < 2.2 * one.strength + 0.05


def test_f04_cut_below_the_ceiling() -> None:
    one, site = planted("F04")
    ceiling = next(p.ceiling for p in site.outlet.pollutants if p.item == one.items[0])
    hours = during("F04", HOUR).columns[one.items[0]]
    shown = hours.fields.get("zs", hours.fields["avg"])[hours.letters == N]
    shown = shown[np.isfinite(shown)]
    below = ((shown > 0.96 * ceiling) & (shown <= ceiling * 1.002)).mean()
    above = ((shown > ceiling * 1.002) & (shown <= 1.04 * ceiling)).mean()
    assert below > 0.15
    assert above < 0.02


def test_f05_the_ratio_to_the_truth_is_scaled() -> None:
    one, _ = planted("F05")
    item = one.items[0]
    ok = normal("F05", item) & (honest("F05")[item] > 1e-6)
    ratio = np.median(means("F05", item)[ok] / honest("F05")[item][ok])
    assert ratio == pytest.approx(one.strength, rel=0.02)


def test_f06_more_o2_less_of_all() -> None:
    ok = normal("F06", "a21026") if "a21026" in during("F06").columns else slice(None)
    assert np.median(means("F06", "a19001")[ok]) > np.median(honest("F06")["a19001"][ok]) + 1
    for item in planted("F06")[0].items:
        if item != "a19001":
            assert np.median(means("F06", item)[ok]) < 0.5 * np.median(honest("F06")[item][ok])
    assert means("F06", "a00000") == pytest.approx(honest("F06")["a00000"], rel=0.02)


def test_f07_both_gases_near_zero_under_load() -> None:
    for item in ("a21026", "a21002"):
        ok = normal("F07", item)
        assert np.median(means("F07", item)[ok]) < 0.1 * np.median(honest("F07")[item][ok])
    assert means("F07", "a00000") == pytest.approx(honest("F07")["a00000"], rel=0.02)


def test_f08_slow_gas_and_constant_moisture_before_the_same_fan() -> None:
    one, _ = planted("F08")
    ratio = means("F08", "a01011") / np.maximum(honest("F08")["a01011"], 1e-6)
    assert np.median(ratio) == pytest.approx(one.strength, rel=0.02)
    assert np.ptp(means("F08", "a01014")) < 1e-9
    assert means("F08", "g10201") == pytest.approx(honest("F08")["g10201"], rel=0.02)
    assert np.median(means("F08", "a00000") / honest("F08")["a00000"]) < 0.8


def test_f09_all_fall_together_and_the_flow_stays() -> None:
    one, site = planted("F09")
    assert site.outlet.water is not None
    for item in one.items:
        told, true = means("F09", item)[18:], honest("F09")[item][18:]
        ok = normal("F09", item)[18:]
        assert np.median(told[ok]) < 0.4 * np.median(true[ok])
    assert means("F09", "w00000") == pytest.approx(honest("F09")["w00000"])


def test_f10_calibrations_cluster_at_peaks() -> None:
    item = first_item("F10")
    hours = during("F10", HOUR).columns[item]
    true = honest("F10")[item].reshape(-1, 6).mean(axis=1)
    high = true >= np.quantile(true, 0.9)
    called = hours.letters == ord("C")
    assert called[high].mean() > 0.4
    assert called[~high].mean() < 0.1


def test_f11_missing_at_peaks() -> None:
    item = first_item("F11")
    hours = during("F11", HOUR).columns[item]
    gone = hours.letters == ord("~")
    true = honest("F11")[item].reshape(-1, 6).mean(axis=1)
    assert gone.mean() > 0.04
    assert true[gone].mean() > true[~gone].mean()
    assert all(
        bool((one.letters[gone] == ord("~")).all()) for one in during("F11", HOUR).columns.values()
    )


def test_f12_least_mean_and_largest_are_one() -> None:
    for item in planted("F12")[0].items:
        fields = during("F12").columns[item].fields
        assert np.array_equal(fields["min"], fields["avg"])
        assert np.array_equal(fields["max"], fields["avg"])


def test_f13_the_hour_is_not_the_mean_of_its_minutes() -> None:
    one, _ = planted("F13")
    item = one.items[0]
    minutes = means("F13", item).reshape(-1, 6).mean(axis=1)
    hours = during("F13", HOUR).columns[item].fields["avg"]
    ok = during("F13", HOUR).columns[item].letters == N
    assert np.median(hours[ok] / minutes[ok]) == pytest.approx(one.strength, rel=0.03)


def test_f14_another_reference() -> None:
    one, site = planted("F14")
    assert site.outlet.stack is not None
    assert site.outlet.stack.reference_o2 is not None
    reference = site.outlet.stack.reference_o2
    for item in one.items:
        fields = during("F14", HOUR).columns[item].fields
        honest_zs = (
            fields["avg"]
            * (21 - reference)
            / (21 - means("F14", "a19001").reshape(-1, 6).mean(axis=1))
        )
        told = np.nanmedian(fields["zs"] / honest_zs)
        assert told == pytest.approx((21 - reference - one.strength) / (21 - reference), rel=0.03)


def test_f15_sent_in_one_burst_later() -> None:
    one, site = planted("F15")
    ends = np.arange(one.start + 600, one.end, 600)
    sent_at, late, again = series.sent(simulation(), site, ends)
    assert set(sent_at) == {one.end} or set(sent_at) == {sent_at[0]}
    assert sent_at.min() >= one.end
    assert bool(late.all())
    assert sent_at[0] > one.end or not again.any()


def test_f16_days_are_copied() -> None:
    one, site = planted("F16")
    back = round(one.strength) * DAY
    item = one.items[0]
    before = periods(simulation(), site, one.start - back, one.end - back, seconds=600)
    now = periods(simulation(), site, one.start, one.end, seconds=600)
    assert np.array_equal(
        now.columns[item].fields["avg"], before.columns[item].fields["avg"], equal_nan=True
    )


def test_f17_treatment_stands_and_emission_stays_low() -> None:
    batch = during("F17")
    assert set(batch.readings.state) == {0}
    assert batch.readings.load.mean() > 10
    code = "g10401" if "g10401" in batch.columns else "e30201"
    assert np.nanmax(batch.columns[code].fields["avg"]) < 1.0
    item = planted("F17")[1].outlet.pollutants[0].item
    ok = normal("F17", item)
    assert means("F17", item)[ok] == pytest.approx(honest("F17")[item][ok])


def test_f18_removal_is_absent_or_impossible() -> None:
    one, site = planted("F18")
    item = one.items[0]
    inlet = next(p.inlet_item for p in site.outlet.pollutants if p.item == item)
    ok = normal("F18", item)
    removal = np.median(1 - means("F18", item)[ok][-12:] / means("F18", inlet)[ok][-12:])
    assert removal < 0.35 or removal > 0.995


def test_f19_letters_without_a_reason() -> None:
    one, _ = planted("F19")
    hours = during("F19", HOUR).columns[one.items[0]]
    assert 0.08 < np.isin(hours.letters, np.frombuffer(b"MCDF", np.uint8)).mean() < 0.6


def test_f20_zero_under_load() -> None:
    item = first_item("F20")
    top = next(p.top for p in planted("F20")[1].outlet.pollutants if p.item == item)
    assert means("F20", item).max() < 0.01 * top
    assert during("F20").readings.load.mean() > 10


def test_f21_low_in_office_hours() -> None:
    one, _ = planted("F21")
    batch = during("F21")
    hour = (batch.starts + 28_800) % DAY / HOUR
    ratio = means("F21", one.items[0]) / np.maximum(honest("F21")[one.items[0]], 1e-9)
    ok = normal("F21", one.items[0]) & (honest("F21")[one.items[0]] > 1e-3)
    office = ok & (hour >= 9) & (hour < 17)
    night = ok & ((hour >= 20) | (hour < 6))
    assert np.median(ratio[office]) == pytest.approx(one.strength, rel=0.02)
    assert np.median(ratio[night]) == pytest.approx(1.0, rel=0.02)


def test_f22_pinned_at_the_top() -> None:
    one, site = planted("F22")
    top = next(p.top for p in site.outlet.pollutants if p.item == one.items[0])
    assert set(np.round(means("F22", one.items[0]), 6)) == {top}
