"""Times of addresses and answers: naive UTC, told with the Beijing label beside it."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from fenhe.base import beijing
from fenhe.base.instants import naive_utc
from fenhe.platform.api.errors import ApiError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# a plus that was not written as %2B arrives as a blank
_BLANK_OFFSET = re.compile(r"(T\d{2}:\d{2}(?::\d{2})?) (\d{2}:\d{2})$")
FIRST, LAST = 1900, 2200  # years: what lies beyond is a slip


def read(text: str, name: str, *, ends: bool = False) -> datetime:
    """Return the naive UTC instant a parameter names.

    ``2026-03-01T08:00:00+08:00`` and ``…Z`` say their zone; without one it is UTC. A day
    alone is that Beijing day: its beginning, or with ``ends`` its end.
    """
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            _check(day.year)
            return beijing.days(day, day)[1] if ends else beijing.start_of(day)
        found = datetime.fromisoformat(_BLANK_OFFSET.sub(r"\1+\2", text))
        _check(found.year)
        return naive_utc(found) if found.tzinfo else found
    except (ValueError, OverflowError):
        said = f"'{text}' is not a time; write 2026-03-01T00:00:00Z, or a Beijing day 2026-03-01"
        raise ApiError(400, said, where=name) from None


def read_day(text: str, name: str) -> date:
    """Return the day a parameter names."""
    try:
        day = date.fromisoformat(text)
        _check(day.year)
    except ValueError:
        raise ApiError(400, f"'{text}' is not a day; write 2026-03-01", where=name) from None
    return day


def _check(year: int) -> None:
    if not FIRST <= year < LAST:
        raise ValueError(year)


def iso(moment: datetime | None) -> str | None:
    """Return a naive UTC instant as text, without a zone: the name of its field says UTC."""
    return None if moment is None else moment.isoformat(timespec="seconds")


def plain(value: Any) -> Any:
    """Return data as JSON can carry it: times as text, no number that JSON does not know."""
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part) for part in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float):
        return value if value - value == 0 else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)
