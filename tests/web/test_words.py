"""Codes become words, unknown codes stay visible, lists follow the language."""

from __future__ import annotations

import pytest
from django.utils import translation

from fenhe.platform.web import words


def test_primary_pollutants_are_listed_as_the_language_lists() -> None:
    with translation.override("en"):
        assert words.items_text("pm25;o3") == "PM2.5, O₃"
    with translation.override("zh-hans"):
        assert words.items_text("pm25;o3") == "PM2.5、O₃"
    assert words.items_text(None) == ""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("no_data", "no data"),
        ("missing:pm10;missing:co", "PM10 missing, CO missing"),
        (
            "below_minimum:so2;missing:o3;below_minimum:co",
            "O₃ missing, too few valid values of SO₂, CO",
        ),
        ("exempt:so2", "SO₂ not in the monitoring plan"),
        ("unknown_value:HJ663-2026/x", "the value HJ663-2026/x is unknown"),
        ("something_new:pm10", "something_new:pm10"),
        (None, ""),
    ],
)
def test_reasons_in_words(code: str | None, said: str) -> None:
    with translation.override("en"):
        assert words.reason_text(code) == said


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("not_a_number", "not a number"),
        ("unknown_station:某站", "station 某站 is not registered"),
        ("unknown_station", "station … is not registered"),
        (
            "station_outside_dates:南机场",
            "station 南机场 was closed, not yet open or named otherwise on that day",
        ),
        ("brand_new", "brand_new"),
    ],
)
def test_refusals_in_words(code: str, said: str) -> None:
    with translation.override("en"):
        assert words.refusal_text(code) == said


def test_counts_leave_zero_out() -> None:
    with translation.override("en"):
        assert words.counted([(12, "good"), (0, "bad"), (3, "fair")]) == "12 good, 3 fair"


def test_sentences_are_spaced_as_the_language_does() -> None:
    with translation.override("en"):
        assert words.sentences("One.", "", "Two.") == "One. Two."
    with translation.override("zh-hans"):
        assert words.sentences("一。", "二。") == "一。二。"


def test_units() -> None:
    assert words.unit_of("co") == "mg/m³"
    assert words.unit_of("pm25") == "µg/m³"
