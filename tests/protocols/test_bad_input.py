"""Every kind of bad input: a clear error, a refusal by cell, a doubt or a flag."""

from __future__ import annotations

import tomllib
from pathlib import Path

import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.protocols.tables import feeds
from fenhe.protocols.tables.parse import parse
from fenhe.protocols.tables.plausibility import examine
from fenhe.protocols.tables.reader import open_table
from fenhe.quality.rows import pm25_above_pm10

BAD = Path(__file__).parents[1] / "data" / "feeds" / "bad"
CASES = tomllib.loads((BAD / "expected.toml").read_text(encoding="utf-8"))["case"]


def count_cells(frame: pl.DataFrame) -> int:
    """Count cells that are not blank, the plain way."""
    return sum(bool(cell and cell.strip()) for row in frame.iter_rows() for cell in row)


@pytest.mark.parametrize("case", CASES, ids=[case["file"] for case in CASES])
def test_each_bad_file_leads_to_what_is_written_beside_it(case):
    feed = feeds.load(case.get("feed", "tidy-hourly"))
    path = BAD / case["file"]
    if "error" in case:
        with pytest.raises(BadInput) as caught:
            examine(feed, path)
        assert str(caught.value).startswith(case["error"])
        return
    seen = examine(feed, path)
    assert seen.accepted == case["accepted"]
    assert seen.rejected == case.get("refused", {})
    assert seen.received == seen.accepted + sum(seen.rejected.values())
    assert [reason.code for reason in seen.reasons] == case.get("doubts", [])
    assert seen.ok == (not case.get("doubts"))
    flags = pm25_above_pm10(parse(feed, open_table(path).read()).observations)
    assert flags["check"].unique().to_list() == case.get("flags", [])


def test_every_file_of_the_folder_has_a_case():
    listed = {case["file"] for case in CASES if "/" not in case["file"]}
    assert listed == {path.name for path in BAD.glob("*.csv")}


def test_the_trap_is_refused_in_words_a_person_understands():
    seen = examine(
        feeds.load("taiyuan-daily"), BAD.parent / "trap_taiyuan_daily_2025_mislabelled.csv"
    )
    english, chinese = "\n".join(seen.reasons), "\n".join(reason.zh for reason in seen.reasons)
    assert (
        "column O3: values from 0.25 to 2.04 (median 0.66) are not those of O3; they look like CO"
        in english
    )
    assert "PM2.5 is above PM10 in 100% of rows" in english
    assert "PM2.5 has a mean of 228 against a published AQI of 78" in english
    assert "O3 列的值（0.25 至 2.04，中位数 0.66）不像 O3，而像 CO" in chinese
    assert "100% 的行 PM2.5 大于 PM10" in chinese


def test_hour_24_is_the_next_midnight_and_belongs_to_the_day_it_ends():
    parsed = parse(feeds.load("tidy-hourly"), open_table(BAD / "hour_24.csv").read())
    spans = parsed.observations.select("start", "end").unique().sort("start")
    assert [tuple(map(str, row)) for row in spans.iter_rows()] == [
        ("2020-04-02 15:00:00", "2020-04-02 16:00:00"),
        ("2020-04-03 15:00:00", "2020-04-03 16:00:00"),
    ]


def test_refused_cells_keep_their_text_and_place():
    parsed = parse(feeds.load("tidy-hourly"), open_table(BAD / "text_in_numbers.csv").read())
    assert set(parsed.rejected.iter_rows()) == {
        (2, "so2", "5 ug/m3", "unit_in_value"),
        (2, "no2", "二十", "not_a_number"),
        (2, "co", "<0.5", "unit_in_value"),
        (2, "o3", "1,060", "not_a_number"),
        (2, "pm10", "80*", "unit_in_value"),
    }


def test_both_values_of_a_repeated_hour_are_kept_in_file_order():
    parsed = parse(feeds.load("tidy-hourly"), open_table(BAD / "repeated_hour.csv").read())
    told = parsed.observations.filter(pl.col("item") == "pm25")
    assert told.select("value", "raw_row").rows() == [(40.0, 2), (41.0, 3)]


def test_a_gb18030_file_says_so():
    seen = examine(feeds.load("tidy-hourly"), BAD / "gb18030.csv")
    assert seen.encoding == "gb18030"
    assert seen.unused == ("备注",)
    parsed = parse(seen.feed, open_table(BAD / "gb18030.csv").read())
    assert parsed.observations["city"].unique().to_list() == ["太原"]


def test_full_width_numbers_are_read_exactly():
    parsed = parse(feeds.load("tidy-hourly"), open_table(BAD / "full_width.csv").read())
    values = dict(parsed.observations.select("item", "value").iter_rows())
    assert values == {"so2": 5.0, "no2": 20.5, "co": 0.5, "o3": 60.0, "pm10": 80.0, "pm25": 40.0}
    assert count_cells(open_table(BAD / "full_width.csv").read().frame) == 8
