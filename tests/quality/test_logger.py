"""Letters of loggers and marks of operators as flags."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from fenhe.base.errors import BadInput
from fenhe.protocols.hj212 import tables
from fenhe.quality import logger, marks
from fenhe.quality.flags import Quality, word

AT = datetime(2026, 4, 1)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("letter", "edition", "check"),
    [
        ("N", 2017, None),
        ("n", 2017, None),
        ("", 2017, None),
        (None, 2005, None),
        ("F", 2017, "logger_stopped"),
        ("M", 2017, "logger_maintenance"),
        ("S", 2017, "logger_set"),
        ("D", 2017, "logger_fault"),
        ("C", 2017, "logger_calibration"),
        ("T", 2017, "logger_over_range"),
        ("B", 2017, "logger_link"),
        ("P", 2005, "logger_power"),
        ("P", 2017, "logger_power"),
        ("B", 2005, "logger_link"),
        ("F", None, "logger_stopped"),
        ("D", 2025, "logger_fault"),
        ("A", 2017, "logger_unknown"),
        ("2", 2017, "logger_unknown"),
    ],
)
def test_letters(letter: str | None, edition: int | None, check: str | None) -> None:
    assert logger.check_of(letter, edition) == check


@pytest.mark.parametrize(
    ("digit", "check"),
    [("0", "logger_calibration"), ("1", None), ("2", "logger_abnormal"), ("3", None)],
)
def test_digits_of_an_ambient_station(digit: str, check: str | None) -> None:
    assert logger.check_of(digit, 2005, ambient=True) == check


def test_every_letter_of_the_protocol_is_translated_as_it_counts() -> None:
    for year in (2005, 2017):
        rows = tables.edition(year).table("data_flags").rows
        assert len(rows) >= 8
        for row in rows:
            ambient = "ambient" in row["scope"]
            check = logger.check_of(row["flag"], year, ambient=ambient)
            assert (check is None) == row["valid"]
            assert check is None or word(check).quality is Quality.VOID


def test_a_column_of_letters_is_read_at_once() -> None:
    letters = pl.Series(["N", "D", None, "P", "Q"])
    years = pl.Series([2017, 2017, 2005, 2005, None], dtype=pl.Int64)
    expected = [None, "logger_fault", None, "logger_power", "logger_unknown"]
    assert logger.checks_of(letters, years).to_list() == expected
    assert logger.checks_of(letters).to_list() == expected
    assert logger.checks_of(letters.clear()).to_list() == []


def mark(
    kind: str, code: str, first: int, last: int, channel: str = "manual", **more: object
) -> dict[str, object]:
    row = {"site": "outlet:1", "kind": kind, "code": code, "channel": channel, "reason": ""}
    return row | {"start": AT + first * HOUR, "end": AT + last * HOUR} | more


SERIES = pl.DataFrame({"site": "outlet:1", "item": ["a21026", "a21002"], "statistic": ["1h", "1h"]})


def test_marks_flag_the_series_they_are_about() -> None:
    rows = pl.DataFrame(
        [
            mark("facility", "stopped", 0, 5, reason="kiln relined", items=[], id=7),
            mark("instrument", "calibration", 6, 7, items=["a21026"], id=8),
        ]
    )
    found = marks.flags(rows, SERIES)
    assert found.select("item", "check", "version", "reason").rows() == [
        ("a21002", "mark_stopped", "7", "stopped: kiln relined"),
        ("a21026", "mark_stopped", "7", "stopped: kiln relined"),
        ("a21026", "mark_calibration", "8", "calibration"),
    ]
    assert found["end"].to_list() == [AT + 5 * HOUR, AT + 5 * HOUR, AT + 7 * HOUR]


def test_a_manual_mark_stands_for_the_automatic_one_it_covers_whole() -> None:
    rows = pl.DataFrame(
        [
            mark("facility", "fault", 0, 10),
            mark("instrument", "fault", 1, 2, "auto"),
            mark("instrument", "maintenance", 9, 11, "auto"),
            mark("instrument", "standard_check", 3, 4, "auto"),
        ]
    )
    kept = marks.standing(rows)
    assert kept["check"].to_list() == [
        "mark_process_fault",
        "mark_maintenance",
        "mark_standard_check",
    ]


def test_an_unknown_code_has_the_word_of_its_kind() -> None:
    assert marks.check_of("facility", "strange") == "mark_condition"
    assert marks.check_of("instrument", "strange") == "mark_maintenance"
    with pytest.raises(BadInput, match="not of 'weather'"):
        marks.check_of("weather", "rain")


def test_marks_of_the_instrument_void_and_those_of_the_plant_do_not() -> None:
    for row in marks.codes():
        voids = word(row["check"]).quality is Quality.VOID
        assert voids == (row["of"] == "instrument")
