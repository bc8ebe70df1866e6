"""From text cells to observations."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenhe.base.beijing import day_of, hour_label
from fenhe.base.errors import BadInput
from fenhe.protocols.tables import feeds
from fenhe.protocols.tables.decimals import read_floats
from fenhe.protocols.tables.parse import OBSERVATIONS, REASONS, REJECTED, parse
from fenhe.protocols.tables.reader import open_table
from fenhe.protocols.tables.settle import settle
from fenhe.protocols.tables.table import TextBatch

DATA = Path(__file__).parents[1] / "data" / "feeds"
ITEMS = ("so2", "no2", "co", "o3", "pm10", "pm25")
VALUE = st.sampled_from(
    [
        None,
        "",
        " ",
        "5",
        "0.7",
        "-1",
        "-999",
        "9999.99",
        "x",
        "1,5",
        "７",
        "1e2",
        "1e9",
        "NA",
        "80*",
    ]
)
TIME = st.sampled_from(
    ["2020-04-02 08:00", "2020-04-02T24:00", "2020-04-02 8:00", None, "yesterday"]
)
STATION = st.sampled_from(["1081A", " ", None, "金胜(停运161122)"])


def batch_of(rows, columns=("station", "time", *ITEMS), first=2):
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String()), orient="row")
    return TextBatch(frame, pl.Series("row", range(first, first + len(rows)), dtype=pl.Int64))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(STATION, TIME, *[VALUE] * 6), min_size=1, max_size=12))
def test_every_non_empty_cell_is_observed_or_refused_once(rows):
    feed = feeds.load("tidy-hourly")
    parsed = parse(feed, batch_of(rows))
    filled = {
        (number, item)
        for number, row in enumerate(rows, start=2)
        for item, cell in zip(ITEMS, row[2:], strict=True)
        if cell and cell.strip() and cell not in feed.missing
    }
    places = [
        *parsed.observations.select("raw_row", "raw_column").iter_rows(),
        *parsed.rejected.select("raw_row", "raw_column").iter_rows(),
    ]
    assert sorted(places) == sorted(filled)
    assert parsed.received == len(filled)
    assert set(parsed.rejected["reason"]) <= set(REASONS)
    assert dict(parsed.observations.schema) == OBSERVATIONS | {
        "start": pl.Datetime("us"),
        "end": pl.Datetime("us"),
    }
    assert dict(parsed.rejected.schema) == REJECTED


def test_values_keep_the_decimals_written():
    parsed = parse(
        feeds.load("tidy-hourly"),
        batch_of([("1081A", "2020-04-02 08:00", "5", "20.10", "0.55", "1e1", "80.5", "1.5e-3")]),
    )
    rows = {row["item"]: row for row in parsed.observations.iter_rows(named=True)}
    assert {item: row["decimals"] for item, row in rows.items()} == {
        "so2": 0, "no2": 2, "co": 2, "o3": 0, "pm10": 1, "pm25": 4
    }  # fmt: skip
    assert rows["co"]["value"] == 0.55
    assert rows["so2"]["start"] == datetime(2020, 4, 1, 23)
    assert rows["so2"]["end"] == datetime(2020, 4, 2, 0)
    assert hour_label(rows["so2"]["start"], rows["so2"]["end"]) == "2020-04-02 08:00"


@given(
    st.lists(st.from_regex(r"[0-9]{1,9}(\.[0-9]{1,5})?", fullmatch=True), min_size=1),
    st.sampled_from([0, 3]),
)
def test_a_value_is_the_float_nearest_to_the_shifted_decimal(texts, shift):
    read = read_floats(pl.Series("v", texts), shift)
    for text, value, places in zip(texts, read.value, read.decimals, strict=True):
        exact = Fraction(text) / 10**shift
        assert value == float(exact)
        assert round(value * 10**places) == exact * 10**places


def test_micrograms_become_milligrams_exactly():
    table = open_table(DATA / "beijing_uci_2014-06-04_05.parquet")
    parsed = parse(feeds.load("uci-beijing"), table.read())
    co = parsed.observations.filter(pl.col("item") == "co")
    assert co.height > 150
    assert co["decimals"].min() == 3
    texts = dict(zip(table.read().rows, table.read().frame["co"], strict=True))
    assert all(
        Fraction(texts[r]) / 1000 == Fraction(str(v))
        for r, v in co.select("raw_row", "value").iter_rows()
    )


def test_the_beijing_labels_are_those_of_the_national_feed():
    """The reason given for the feed's label kind, checked: no other shift fits as well."""
    uci = open_table(DATA / "beijing_uci_2014-06-04_05.parquet").read().frame
    national = pl.read_csv(DATA / "beijing_no2_national_2014-06-04_05.csv", infer_schema=False)
    national = national.unpivot(index=["date", "hour"], variable_name="station", value_name="no2")
    national = national.with_columns(
        ts=pl.col("date").str.to_datetime("%Y%m%d")
        + pl.duration(hours=pl.col("hour").cast(pl.Int64))
    )
    equal = {}
    for shift in (-2, -1, 0, 1, 2):
        moved = national.with_columns(
            ts=(pl.col("ts") + timedelta(hours=shift)).dt.strftime("%Y-%m-%d %H:%M:%S")
        )
        both = uci.join(moved, on=["station", "ts"])
        equal[shift] = both.filter(pl.col("no2") == pl.col("no2_right")).height
    assert equal[0] > 5 * max(equal[shift] for shift in (-2, -1, 1, 2))
    assert feeds.load("uci-beijing").times[0].label == "end"


def test_the_original_beijing_files_spell_the_time_in_four_columns():
    header = "No,year,month,day,hour,PM2.5,PM10,SO2,NO2,CO,O3,TEMP,PRES,DEWP,RAIN,wd,WSPM,station"
    row = "1,2013,3,1,0,4,4,4,7,300,77,-0.7,1023,-18.8,0,NNW,4.4,Aotizhongxin"
    parsed = parse(feeds.load("uci-beijing"), batch_of([row.split(",")], header.split(",")))
    ends = parsed.observations["end"].unique().to_list()
    assert ends == [datetime(2013, 2, 28, 16)]
    assert day_of(parsed.observations["start"][0]).isoformat() == "2013-02-28"
    assert dict(parsed.observations.select("item", "value").iter_rows())["co"] == 0.3


def test_a_day_starts_at_beijing_midnight():
    columns = ("日期", "AQI", "PM2.5", "PM10", "SO2", "NO2", "CO", "O3", "城市")
    row = ("2025-01-01", "100", "75", "136", "29", "61", "1.39", "40", "太原")
    parsed = parse(feeds.load("taiyuan-daily"), batch_of([row], columns))
    first = parsed.observations.row(0, named=True)
    assert (first["start"], first["end"]) == (datetime(2024, 12, 31, 16), datetime(2025, 1, 1, 16))
    assert (first["statistic"], first["station"], first["city"]) == ("24h", "太原", "太原")


def test_the_raw_sample_is_read_with_its_ozone_columns_exchanged():
    table = open_table(DATA / "cnemc_2022-01-04T16_taiyuan_sample.csv")
    raw = feeds.load("cnemc-raw-2017-2022")
    with pytest.raises(BadInput, match="settle"):
        parse(raw, table.read())
    feed = settle(raw, table)
    assert feed.decision is not None
    assert "swapped" in feed.decision
    assert "100.0% with the names swapped" in feed.decision
    seen = parse(feed, table.read()).observations.filter(pl.col("raw_row") == 2)
    found = {
        (r["item"], r["statistic"]): (r["value"], r["raw_column"])
        for r in seen.iter_rows(named=True)
    }
    assert found["o3", "1h"] == (36.0, "o3_24h")
    assert found["o3_8h", "8h"] == (24.0, "o3_8h_24h")
    assert found["pm25", "1h"] == (81.0, "pm2_5")


def raw_sample(exchange):
    """The sample with other ozone numbers: exchange(o3, o3_24h) gives both."""
    table = open_table(DATA / "cnemc_2022-01-04T16_taiyuan_sample.csv")
    batch = table.read()
    pairs = [exchange(int(a), int(b)) for a, b in batch.frame.select("o3", "o3_24h").iter_rows()]
    frame = batch.frame.with_columns(
        o3=pl.Series([str(a) for a, _ in pairs]), o3_24h=pl.Series([str(b) for _, b in pairs])
    )
    return replace(table, source=lambda rows: iter([TextBatch(frame, batch.rows)]))


def test_columns_that_hold_as_named_are_left():
    feed = settle(feeds.load("cnemc-raw-2017-2022"), raw_sample(lambda a, b: (b, a)))
    assert feed.decision is not None
    assert feed.decision.startswith("ozone columns as named")
    assert feed.items == feeds.load("cnemc-raw-2017-2022").items


@pytest.mark.parametrize(
    "exchange",
    [lambda a, b: (b, b), lambda a, b: (a, b) if a % 2 else (b, a)],
    ids=["both fit", "neither fits"],
)
def test_an_undecided_ozone_question_is_refused(exchange):
    with pytest.raises(BadInput, match="can not be told which of o3/o3_24h"):
        settle(feeds.load("cnemc-raw-2017-2022"), raw_sample(exchange))


def test_all_rows_of_the_real_files_are_read():
    for feed, file, received in (
        ("pm25in-station-hour", "shanxi_station_hour_2020-04.parquet", 30321),
        ("cnemc-station-hour", "cnemc_station_hour_shanxi.parquet", None),
    ):
        table = open_table(DATA / file)
        batch = table.read()
        parsed = parse(feeds.load(feed), batch)
        columns = [*ITEMS, "o3_8h"]
        filled = sum(len(batch.frame) - batch.frame[c].null_count() for c in columns)
        assert parsed.received == parsed.observations.height == filled
        assert received in (None, filled)


@pytest.mark.parametrize(
    ("zone", "label", "start"),
    [
        ("Beijing", "end", datetime(2020, 4, 1, 23)),
        ("Beijing", "start", datetime(2020, 4, 2, 0)),
        ("UTC", "end", datetime(2020, 4, 2, 7)),
        ("UTC", "start", datetime(2020, 4, 2, 8)),
    ],
)
def test_the_zone_and_the_labelled_end_are_those_the_feed_declares(zone, label, start):
    feed = feeds.load("tidy-hourly")
    feed = replace(feed, times=(replace(feed.times[0], zone=zone, label=label),))
    rows = [("1081A", "2020-04-02 08:00", "5", *["1"] * 5)]
    seen = parse(feed, batch_of(rows)).observations
    assert seen["start"].unique().to_list() == [start]
    assert seen["end"].unique().to_list() == [start + timedelta(hours=1)]


def test_a_feed_whose_time_is_spelt_twice_or_not_at_all_is_refused():
    feed = feeds.load("uci-beijing")
    items = [name for item in feed.items for name in item.names[:1]]
    for columns, what in (
        (["year", "month", "day", "hour", "ts"], "more than one"),
        (["year", "month", "day"], "none"),
    ):
        with pytest.raises(BadInput, match=f"the file has {what} of them"):
            parse(feed, batch_of([], [*columns, *items, "station"]))
