"""Beijing time, the one place where instants become days.

Everything is stored as naive UTC. The day, month, year and edition of a value
are those of its *start* in Beijing time, a fixed UTC+8: a zone name would bring
back the summer time of 1986-1991, which no monitoring standard follows.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from fenhe.base.errors import BadInput

OFFSET = timedelta(hours=8)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

_LABEL = re.compile(r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2}))?$")


def to_beijing(utc: datetime) -> datetime:
    """Return the Beijing wall clock of a naive UTC instant."""
    return utc + OFFSET


def to_utc(beijing: datetime) -> datetime:
    """Return the naive UTC instant of a Beijing wall clock reading."""
    return beijing - OFFSET


def day_of(start_utc: datetime) -> date:
    """Return the Beijing day a value belongs to, from its naive UTC start."""
    return to_beijing(start_utc).date()


def days(first: date, last: date) -> tuple[datetime, datetime]:
    """Return the naive UTC span of whole Beijing days, both included; its end is exclusive."""
    return start_of(first), start_of(last) + timedelta(days=1)


def start_of(day: date) -> datetime:
    """Return the naive UTC instant at which a Beijing day begins."""
    return to_utc(datetime(day.year, day.month, day.day))


def parse_label(text: str) -> datetime:
    """Read a Beijing time label such as ``2018-02-20 07:00``; hour 24 is the next midnight.

    Raises ``BadInput`` for anything else; no other form is guessed.
    """
    match = _LABEL.match(text.strip())
    if match is None:
        raise BadInput(f"'{text}' is not a time; write 2018-02-20 07:00 or 2018-02-20T07:00")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        if hour == 24 and minute == second == 0:
            return datetime(year, month, day) + timedelta(days=1)
        return datetime(year, month, day, hour, minute, second)
    except ValueError as error:
        raise BadInput(f"'{text}' is not a time: {error}") from None


def hour_label(start_utc: datetime, end_utc: datetime) -> str:
    """Return the end-of-hour label a reader expects; a day's last hour is ``24:00``."""
    start, end = to_beijing(start_utc), to_beijing(end_utc)
    if end.hour == end.minute == 0 and end.date() > start.date():
        return f"{start:%Y-%m-%d} 24:00"
    return f"{end:%Y-%m-%d %H:%M}"
