"""The address says which hour, item and edition; what it can not say is refused in words."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from fenhe.base.errors import BadInput
from fenhe.platform.web import state

LATEST = datetime(2020, 4, 5, 18)
EDITIONS = ["HJ633-2012", "HJ633-2026"]


def test_nothing_said_is_the_latest_hour_and_the_last_edition() -> None:
    found = state.read({}, LATEST, EDITIONS)
    assert found == state.MapState(LATEST, "aqi", "HJ633-2026")
    assert found.label == "2020-04-06 03:00"


def test_last_hour_of_a_day_is_hour_24_of_that_day() -> None:
    found = state.read({"t": "2026-02-28T24:00"}, LATEST, EDITIONS)
    assert (found.day, found.hour, found.label_param) == (date(2026, 2, 28), 24, "2026-02-28T24:00")
    assert found == state.read({"t": "2026-03-01T00:00"}, LATEST, EDITIONS)


def test_query_says_the_same_again() -> None:
    said = {"t": "2018-02-20T07:00", "item": "pm25", "edition": "HJ633-2012"}
    found = state.read(said, LATEST, EDITIONS)
    assert found.query() == "t=2018-02-20T07:00&item=pm25&edition=HJ633-2012"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"t": "yesterday"}, "is not a time"),
        ({"t": "2020-04-05T07:30"}, "not a full hour"),
        ({"item": "pm1"}, "not an item"),
        ({"edition": "HJ633-1996"}, "not an edition shown here"),
    ],
)
def test_what_can_not_be_read_is_refused(said: dict[str, str], why: str) -> None:
    with pytest.raises(BadInput, match=why):
        state.read(said, LATEST, EDITIONS)


def test_days_are_whole_beijing_days() -> None:
    begin, end = state.day_bounds(date(2026, 3, 1), date(2026, 3, 2))
    assert begin == datetime(2026, 2, 28, 16)
    assert end == datetime(2026, 3, 2, 16)
    assert state.read_day("2026-03-01") == date(2026, 3, 1)
    assert state.read_day("") is None
    with pytest.raises(BadInput, match="is not a day"):
        state.read_day("1.3.2026")
