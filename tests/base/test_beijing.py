from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenhe.base import beijing
from fenhe.base.errors import BadInput

HOURS = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)).map(
    lambda moment: moment.replace(minute=0, second=0, microsecond=0)
)


def test_the_last_hour_of_february_belongs_to_february() -> None:
    end = beijing.to_utc(beijing.parse_label("2026-03-01 00:00"))
    start = end - beijing.HOUR
    assert beijing.day_of(start) == date(2026, 2, 28)
    assert beijing.hour_label(start, end) == "2026-02-28 24:00"


def test_hour_24_is_the_next_midnight() -> None:
    assert beijing.parse_label("2026-02-28 24:00") == beijing.parse_label("2026-03-01T00:00")


@pytest.mark.parametrize(
    "text",
    ["", "2026-02-30 01:00", "2026-02-01 24:30", "2026-2-1 1:00", "01/02/2026 01:00", "2026-02-01"],
)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match="is not a time"):
        beijing.parse_label(text)


@given(HOURS)
def test_label_and_instant_agree(start: datetime) -> None:
    end = start + beijing.HOUR
    label = beijing.hour_label(start, end)
    assert beijing.to_utc(beijing.parse_label(label)) == end
    assert label.startswith(beijing.day_of(start).isoformat())


@given(HOURS)
def test_a_day_holds_the_labels_01_to_24(start: datetime) -> None:
    label = beijing.hour_label(start, start + beijing.HOUR)
    assert label[11:] in {f"{hour:02d}:00" for hour in range(1, 25)}


def test_there_is_no_summer_time() -> None:
    summer_1988 = datetime(1988, 7, 1, 0, 0)
    zone = summer_1988.replace(tzinfo=UTC).astimezone(ZoneInfo("Asia/Shanghai"))
    assert zone.utcoffset() == timedelta(hours=9)
    assert beijing.to_beijing(summer_1988) == datetime(1988, 7, 1, 8, 0)


def test_days_begin_at_beijing_midnight_and_end_where_the_next_begins() -> None:
    first, last = date(2026, 2, 28), date(2026, 3, 1)
    assert beijing.start_of(first) == datetime(2026, 2, 27, 16)
    assert beijing.days(first, last) == (datetime(2026, 2, 27, 16), datetime(2026, 3, 1, 16))
    start, end = beijing.days(last, last)
    assert beijing.day_of(start) == beijing.day_of(end - beijing.HOUR) == last
    assert beijing.day_of(end) == date(2026, 3, 2)
