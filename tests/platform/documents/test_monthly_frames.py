"""From real city days through the methods to the places of a report."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from fenhe import air, standards
from fenhe.methods import frames
from fenhe.methods.air.evaluate import PERIOD
from fenhe.platform.documents import monthly_frames
from fenhe.platform.documents.monthly import Name, PlaceMonth
from fenhe.platform.documents.monthly_frames import Frames, Rules
from tests.platform.documents.reports import shanxi

DAYS = Path(__file__).parents[2] / "data" / "air" / "city_daily_2016-11.parquet"
ITEMS = {"so2": "so2", "no2": "no2", "co": "co", "o3": "o3_8h", "pm10": "pm10", "pm25": "pm25"}


def rules() -> Rules:
    catalogue = standards.catalogue()
    return Rules(*map(catalogue.edition, ("GB3095-2012", "HJ663-2013", "RANK-2018")))


def evaluated(days: pl.DataFrame, period: str) -> pl.DataFrame:
    return frames.apply(
        PERIOD, days, edition="HJ663-2013", on=None, params={"period": period}, decimals=None
    )


@pytest.fixture(scope="module")
def made() -> Frames:
    """Judge the days of the eleven cities as a monthly run does."""
    raw = pl.read_parquet(DAYS).with_columns(pl.col("date").cast(pl.Date))
    names = [place.name.zh.removesuffix("市") for place in shanxi().places]
    days = raw.filter(pl.col("city").is_in(names)).select(
        pl.col("city").alias("area"),
        "date",
        # the source has more digits than a report; half-even from what it wrote
        *(
            pl.col(column)
            .map_elements(lambda x, k=int(item == "co"): half_even(x, k), return_dtype=pl.Float64)
            .alias(item)
            for item, column in ITEMS.items()
        ),
    )
    month = evaluated(days, "month")
    means = month.select("area", **monthly_frames.STATISTICS)
    index = air.composite_index(means, edition="RANK-2018")
    judged = air.aqi_daily(days.rename({"o3": "o3_8h"}), edition="HJ633-2012")
    counted = air.days_by_category(
        judged.select("area", "date", "category"), edition="HJ633-2012", period="month"
    )
    former = pl.DataFrame(
        {
            "area": [p.name.zh.removesuffix("市") for p in shanxi().places],
            "i_prev": [float(p.previous_index or 0) for p in shanxi().places],
        }
    )
    now = index.select("area", pl.col("i_sum").alias("i_now")).join(former, on="area")
    return Frames(month, index, evaluated(days, "day"), counted, change=air.change_rank(now))


def half_even(value: float, decimals: int) -> float:
    return float(monthly_frames.decimal(round(value, 3), decimals) or 0)


def names() -> dict[str, Name]:
    return {place.name.zh.removesuffix("市"): place.name for place in shanxi().places}


def without_year_before(place: PlaceMonth) -> PlaceMonth:
    return replace(place, previous_good_share=None)


def test_places_are_those_of_the_bulletin(made: Frames) -> None:
    found = monthly_frames.places(made, names(), rules())
    assert list(found) == [without_year_before(place) for place in shanxi().places]


def test_indices_are_those_known_for_that_month(made: Frames) -> None:
    found = {p.name.zh: p for p in monthly_frames.places(made, names(), rules())}
    assert found["大同市"].index == Decimal("6.62")
    assert found["临汾市"].index == Decimal("16.05")
    assert found["临汾市"].largest == ("pm25",)
    assert str(found["太原市"].items["co"].value) == "3.5"


def test_an_area_without_rows_has_no_values_and_a_reason(made: Frames) -> None:
    (place,) = monthly_frames.places(made, {"无": Name("无")}, rules())
    assert place.index is place.rank is place.days is place.change is None
    assert place.reason == ("no_data",)
    assert all(item.value is None and item.days_above is None for item in place.items.values())


def test_a_statistic_below_its_minimum_is_no_value(made: Frames) -> None:
    invalid = made.period.with_columns(pm25_valid=pl.lit("false"))
    frames_ = Frames(invalid, made.index)
    (place,) = monthly_frames.places(frames_, {"太原": Name("太原市")}, rules())
    assert place.items["pm25"].value is None
    assert place.items["pm25"].valid_days == 30
    assert place.items["pm10"].value is not None


def test_days_without_any_valid_value_are_not_zero_days_above(made: Frames) -> None:
    assert made.daily is not None
    none = made.daily.with_columns(pm25_compliant=pl.lit(None, dtype=pl.String))
    frames_ = Frames(made.period, made.index, none)
    (place,) = monthly_frames.places(frames_, {"太原": Name("太原市")}, rules())
    assert place.items["pm25"].days_above is None
    assert place.items["pm10"].days_above == 24


def test_unverified_ids_of_all_frames_are_gathered(made: Frames) -> None:
    period = made.period.with_columns(unverified=pl.lit("b/two;a/one"))
    index = made.index.with_columns(unverified=pl.lit("a/one"))
    assert monthly_frames.unverified_ids(Frames(period, index)) == ("a/one", "b/two")
