"""Tables of one row a time and type and one column a station."""

from __future__ import annotations

import csv
import gzip
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenhe.base.errors import BadInput
from fenhe.methods import registry as methods
from fenhe.methods.frames import apply
from fenhe.protocols.tables import csv_text, feeds, table
from fenhe.protocols.tables.parse import parse
from fenhe.protocols.tables.plausibility import examine
from fenhe.protocols.tables.reader import TextBatch, open_table

DATA = Path(__file__).parents[1] / "data" / "feeds"
EXCERPT = DATA / "china_sites_20140604_excerpt.csv.gz"
FEED = feeds.load("china-sites")
FIRST = datetime(2014, 6, 3, 15)  # the hour labelled 0 begins an hour before Beijing's midnight
STORED = {"SO2", "NO2", "CO", "O3", "PM10", "PM2.5", "O3_8h"}


def cells() -> list[tuple[int, str, str, str, str]]:
    """Return row, hour, type, column as the header spells it, text of every filled cell."""
    with gzip.open(EXCERPT, "rt", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file))
    return [
        (number, row[1], row[2], name, text)
        for number, row in enumerate(rows, start=2)
        for name, text in zip(header[3:], row[3:], strict=True)
        if text
    ]


def recomputed(hours: pl.DataFrame) -> pl.Series:
    return apply(methods.method("air.aqi_hourly"), hours, edition="HJ633-2012")["aqi"]


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_excerpt_is_read_cell_by_cell() -> None:
    expected = [cell for cell in cells() if cell[2] in STORED]
    seen = examine(FEED, EXCERPT)
    assert seen.ok
    assert seen.rejected == {}
    assert seen.received == seen.accepted == len(expected)
    assert (seen.first, seen.last) == (datetime(2014, 6, 3, 8), datetime(2014, 6, 4, 15))
    pm25 = next(found for found in seen.ranges if found.item == "pm25")
    n = sum(cell[2] == "PM2.5" for cell in expected)
    assert (pm25.n, pm25.column) == (n, "PM2.5")
    assert pm25.missing_share == pytest.approx(1 - n / (24 * 38))


def test_every_published_index_is_recomputed() -> None:
    published = [cell for cell in cells() if cell[2] == "AQI"]
    compared: list[pl.DataFrame] = []

    def look(hours: pl.DataFrame) -> pl.Series:
        aqi = recomputed(hours)
        compared.append(hours.with_columns(aqi=aqi))
        return aqi

    assert examine(FEED, EXCERPT, recompute=look).ok
    got = pl.concat(compared)
    rows = got.select("station", "start", "aqi").iter_rows()
    index = {(station, start): aqi for station, start, aqi in rows}
    assert len(published) == 887
    for _, hour, _, station, text in published:
        start = FIRST + timedelta(hours=int(hour))
        assert index[station, start] == int(text), (station, hour)


def test_a_repeated_column_is_read_twice_and_named_apart() -> None:
    found = open_table(EXCERPT, repeated=True)
    again = [name for name in found.columns if table.spelled(name) == "1441A"]
    assert again == ["1441A", "1441A (column 16)"]
    seen = parse(FEED, found.read()).observations.filter(pl.col("station") == "1441A")
    assert set(seen["raw_column"]) == set(again)
    both = seen.partition_by("raw_column")
    plain = ["item", "start", "value"]
    assert both[0].select(plain).sort(plain).equals(both[1].select(plain).sort(plain))
    with pytest.raises(BadInput, match="1441A: the name occurs more than once"):
        open_table(EXCERPT)


def test_ozone_is_the_hour_and_the_eight_hours() -> None:
    seen = parse(FEED, open_table(EXCERPT, repeated=True).read()).observations
    one = seen.filter(station="1081A", raw_row=11).row(0, named=True)
    assert (one["item"], one["statistic"]) == ("o3", "1h")
    eight = seen.filter(station="1081A", item="o3_8h").row(0, named=True)
    assert (eight["end"] - eight["start"]).total_seconds() == 8 * 3600
    assert eight["end"] == datetime(2014, 6, 3, 16)


@pytest.mark.parametrize("size", [2_000, 40_000])
def test_hours_that_two_batches_share_are_compared_whole(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    whole: list[pl.DataFrame] = []
    examine(FEED, EXCERPT, recompute=lambda hours: _kept(whole, hours))
    monkeypatch.setattr(csv_text, "BLOCK", size)
    monkeypatch.setattr(table, "CELLS", size // 4)
    cut: list[pl.DataFrame] = []
    seen = examine(FEED, EXCERPT, recompute=lambda hours: _kept(cut, hours))
    assert seen.ok
    keys = ["station", "start"]
    assert pl.concat(cut).unique().sort(keys).equals(pl.concat(whole).unique().sort(keys))


def _kept(into: list[pl.DataFrame], hours: pl.DataFrame) -> pl.Series:
    into.append(hours)
    return recomputed(hours)


def test_a_wide_table_comes_in_batches_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "CELLS", 41 * 50)
    heights = [batch.frame.height for batch in open_table(EXCERPT, repeated=True).batches()]
    assert max(heights) == 50
    assert sum(heights) == 360


TRAPS = [
    ("date,hour,type,taiyuan\n20140604,0,SO2,5\n", r"like \^\[0-9\]\{4\}\[A-Z\]\$"),
    ("date,hour,1081A\n20140604,0,5\n", "needs column type"),
    ("day,hour,type,1081A\n20140604,0,SO2,5\n", "reads the time from date \\+ hour"),
]


@pytest.mark.parametrize(("text", "says"), TRAPS)
def test_another_header_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        examine(FEED, written(tmp_path, text))


def test_what_can_not_be_read_is_kept_with_its_reason(tmp_path: Path) -> None:
    text = (
        "date,hour,type,1081A,1082A,note\n"
        "20140604,24,SO2,5,6,x\n"
        "20140604,25,SO2,5,6,x\n"
        "2014064,1,SO2,5,,x\n"
        "20140604,1,NOx,7,8,x\n"
        "20140604,1,,9,,x\n"
        "2014-06-04,1,SO2,-999,-3,x\n"
        "20140604,2,CO,1.1 mg,—,x\n"
        "20140604,2,PM2.5_24h,5,6,x\n"
    )
    path = written(tmp_path, text)
    parsed = parse(FEED, open_table(path, repeated=True).read())
    assert parsed.observations.select("station", "end", "value").rows() == [
        ("1081A", datetime(2014, 6, 4, 16), 5.0),
        ("1082A", datetime(2014, 6, 4, 16), 6.0),
    ]
    reasons = sorted(parsed.rejected.select("raw_row", "raw_column", "reason").rows())
    assert reasons == [
        (3, "1081A", "time_unreadable"),
        (3, "1082A", "time_unreadable"),
        (4, "1081A", "time_unreadable"),
        (5, "1081A", "item_unknown"),
        (5, "1082A", "item_unknown"),
        (6, "1081A", "item_unknown"),
        (7, "1081A", "sentinel"),
        (7, "1082A", "negative"),
        (8, "1081A", "unit_in_value"),
    ]
    seen = examine(FEED, path)
    assert seen.unused == ("note",)


def test_swapped_types_are_doubted(tmp_path: Path) -> None:
    with gzip.open(EXCERPT, "rt", encoding="utf-8") as file:
        text = file.read()
    swapped = text.replace(",PM2.5,", ",x,").replace(",PM10,", ",PM2.5,").replace(",x,", ",PM10,")
    seen = examine(FEED, written(tmp_path, swapped), recompute=recomputed)
    codes = {reason.code for reason in seen.reasons}
    assert {"pm25_above_pm10_mostly", "aqi_differs"} <= codes


def test_missing_hours_are_no_fault(tmp_path: Path) -> None:
    with gzip.open(EXCERPT, "rt", encoding="utf-8") as file:
        header, *rows = file.read().splitlines()
    kept = [row for row in rows if row.split(",")[1] in {"3", "17"}]
    seen = examine(FEED, written(tmp_path, "\n".join([header, *kept])), recompute=recomputed)
    assert seen.ok
    assert seen.rows == 30


TEXTS = st.sampled_from(["5", "0", "", " ", "x", "-1", "-999", "1e3", "99999", "—", "3.25", None])
TYPES = st.sampled_from(["SO2", "CO", "AQI", "PM2.5_24h", "NOx", "", None, " O3 "])
HOURS = st.sampled_from(["0", "7", "23", "24", "31", "", None])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(HOURS, TYPES, TEXTS, TEXTS, TEXTS), min_size=1, max_size=12))
def test_received_is_observed_and_refused(
    rows: list[tuple[str | None, str | None, str | None, str | None, str | None]],
) -> None:
    columns = ["date", "hour", "type", "1081A", "1441A", "1441A (column 6)"]
    frame = pl.DataFrame(
        [("20140604", *row) for row in rows], schema=dict.fromkeys(columns, pl.String), orient="row"
    )
    numbers = pl.int_range(2, len(rows) + 2, dtype=pl.Int64, eager=True)
    parsed = parse(FEED, TextBatch(frame, numbers))
    unread = {"AQI", *FEED.ignored}
    filled = sum(
        bool(text and text.strip() and text != "—")
        for _, kind, *texts in rows
        if (kind or "").strip() not in unread
        for text in texts
    )
    assert parsed.received == filled == parsed.observations.height + parsed.rejected.height
