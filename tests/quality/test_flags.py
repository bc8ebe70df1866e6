"""The flag vocabulary and its outside spellings."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.protocols.tables.parse import REASONS
from fenhe.quality.flags import VOCABULARY, Quality, from_qartod, name, quality_of, to_qartod, word
from fenhe.quality.rows import pm25_above_pm10

HOUR = datetime(2020, 4, 2, 0)


def test_codes_are_unique_and_named_in_both_languages():
    assert len({w.code for w in VOCABULARY}) == len(VOCABULARY)
    assert all(w.zh and w.en for w in VOCABULARY)
    assert any("\u4e00" <= char <= "\u9fff" for w in VOCABULARY for char in w.zh)


def test_the_worst_flag_decides_and_missing_beats_all():
    assert quality_of([]) is Quality.NOT_CHECKED
    assert quality_of(["note", "pm25_above_pm10"]) is Quality.ANNOTATED
    assert quality_of(["void", "note"]) is Quality.VOID
    assert quality_of(["void", "sentinel"]) is Quality.MISSING


def test_an_unknown_code_is_refused_by_name():
    with pytest.raises(BadInput, match="unknown flag 'odd'; known are void, note"):
        word("odd")


@pytest.mark.parametrize("quality", Quality)
def test_the_qartod_mapping_inverts(quality):
    assert from_qartod(to_qartod(quality)) is quality
    assert name(quality, "zh") != name(quality, "en")


def test_the_qartod_numbers():
    assert [to_qartod(q) for q in (0, 1, 2, 3, 9)] == [2, 1, 3, 4, 9]
    with pytest.raises(BadInput, match="7 is no QARTOD flag"):
        from_qartod(7)


def test_refusals_that_are_also_flags_have_one_meaning():
    shared = {w.code for w in VOCABULARY} & set(REASONS)
    assert shared == {"negative", "sentinel"}


def frame(*rows: tuple[str, str, int, float]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            (s, i, "1h", HOUR + timedelta(hours=h), HOUR + timedelta(hours=h + 1), v)
            for s, i, h, v in rows
        ],
        schema=["site", "item", "statistic", "start", "end", "value"],
        orient="row",
    )


def test_pm25_above_pm10_flags_both_values_of_that_hour_only():
    flags = pm25_above_pm10(
        frame(
            ("a", "pm25", 0, 30.0),
            ("a", "pm10", 0, 20.5),
            ("a", "pm25", 1, 9.0),
            ("a", "pm10", 1, 9.0),
        )
    )
    assert flags["item"].to_list() == ["pm25", "pm10"]
    assert flags["start"].unique().to_list() == [HOUR]
    assert flags["end"].unique().to_list() == [HOUR + timedelta(hours=1)]
    assert flags["check"].unique().to_list() == ["pm25_above_pm10"]
    assert flags["reason"][0] == "PM2.5 30 > PM10 20.5"


def test_a_missing_particle_and_another_station_raise_no_flag():
    flags = pm25_above_pm10(frame(("a", "pm25", 0, 30.0), ("b", "pm10", 0, 20.0)))
    assert flags.height == 0
    assert flags.columns[:2] == ["site", "item"]


def test_an_hour_told_twice_counts_with_its_last_row():
    rows = frame(("a", "pm25", 0, 30.0), ("a", "pm10", 0, 20.0), ("a", "pm10", 0, 40.0))
    assert pm25_above_pm10(rows).height == 0
