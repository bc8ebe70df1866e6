"""Daily tables of cities: what a day is, what is not read, and traps."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.protocols.tables import feeds
from fenhe.protocols.tables.parse import parse
from fenhe.protocols.tables.plausibility import examine
from fenhe.protocols.tables.reader import open_table
from fenhe.protocols.tables.stations import ALIASES, CITIES, Directory

DATA = Path(__file__).parents[1] / "data" / "feeds"
TABLE = DATA / "city_daily_2016-11.parquet"


def changed(tmp_path: Path, names: dict[str, str]) -> Path:
    """Write the excerpt with other headers."""
    path = tmp_path / "a.csv"
    pl.read_parquet(TABLE).rename(names).write_csv(path, datetime_format="%Y-%m-%d")
    return path


def test_a_value_is_of_a_whole_beijing_day() -> None:
    parsed = parse(feeds.load("city-daily"), open_table(TABLE).read())
    assert parsed.rejected.is_empty()
    first = parsed.observations.sort("start").row(0, named=True)
    assert (first["start"], first["end"]) == (datetime(2016, 10, 31, 16), datetime(2016, 11, 1, 16))
    kinds = parsed.observations.select("item", "statistic").unique().sort("item").rows()
    daily = [(item, "24h") for item in ("co", "no2", "pm10", "pm25", "so2")]
    assert kinds == sorted([*daily, ("o3", "mda8")])


def test_the_mean_of_indices_checks_nothing() -> None:
    def never(hours: pl.DataFrame) -> pl.Series:
        raise AssertionError(hours)

    assert examine(feeds.load("city-daily"), TABLE, recompute=never).ok
    for feed in ("city-daily", "taiyuan-daily-history"):
        assert feeds.load(feed).published_aqi is None


def test_a_daily_mean_of_ozone_is_not_taken_for_the_largest_eight_hours() -> None:
    path = DATA / "taiyuan_daily_2013-10_12.csv"
    parsed = parse(feeds.load("taiyuan-daily-history"), open_table(path).read())
    assert set(parsed.observations["statistic"]) == {"24h"}
    assert set(parsed.observations["station"]) == {"太原"}
    with pytest.raises(BadInput, match="needs columns city, o3_8h"):
        examine(feeds.load("city-daily"), path)


TRAPS = [
    ({"pm25": "pm10", "pm10": "pm25"}, {"pm25_above_pm10_mostly"}),
    ({"co": "o3_8h", "o3_8h": "co"}, {"not_like_item"}),
    ({"co": "rank_source", "rank_source": "co"}, {"not_like_item"}),
]


@pytest.mark.parametrize(("names", "codes"), TRAPS)
def test_swapped_headers_are_refused(
    tmp_path: Path, names: dict[str, str], codes: set[str]
) -> None:
    seen = examine(feeds.load("city-daily"), changed(tmp_path, names))
    assert codes <= {reason.code for reason in seen.reasons}


def test_a_table_of_months_is_no_table_of_days(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="reads the time from date"):
        examine(feeds.load("city-daily"), changed(tmp_path, {"date": "month"}))
    path = tmp_path / "months.csv"
    path.write_text("city,date,pm25,pm10,so2,no2,co,o3_8h\n太原,2016-11,1,2,3,4,5,6\n", "utf-8")
    seen = examine(feeds.load("city-daily"), path)
    assert not seen.ok
    assert seen.rejected == {"time_unreadable": 6}


def test_a_city_is_looked_for_among_cities_only() -> None:
    rows = [
        ("city:140100", "city", "太原市", "太原市", None, None),
        ("1081A", "name", "太原市", "太原", None, None),
        ("x", "city", "某州", "某某自治州", None, None),
    ]
    directory = Directory(pl.DataFrame(rows, schema=ALIASES, orient="row"))
    wanted = pl.DataFrame(
        {"station": ["太原", "太原市", "某某", "city:140100", "1081A"], "city": [None] * 5},
        schema={"station": pl.String, "city": pl.String},
    ).with_columns(day=pl.lit(datetime(2016, 11, 1).date()))
    found = directory.resolve(wanted, CITIES)
    assert found["site"].to_list() == ["city:140100", "city:140100", "x", None, None]
    assert directory.resolve(wanted)["site"].to_list() == ["1081A", None, None, None, None]
