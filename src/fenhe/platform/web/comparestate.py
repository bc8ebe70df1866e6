"""What the address of the comparison of two editions says: source, place, months, rows shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import urlencode

from fenhe.base.errors import BadInput
from fenhe.platform.verdicts import editions_compare
from fenhe.platform.verdicts.editions_compare import Asked

MONTHS_AT_MOST = 36
ROWS = 50


@dataclass(frozen=True)
class State:
    """Which days are compared and which of the changed ones are listed.

    ``place`` is a region's code, empty for every city. ``pick`` is ``""`` (all that changed), a
    way such as ``worse`` or two levels such as ``2-3``, where 0 is no level; ``start`` the first
    row of the list.
    """

    subject: str
    place: str
    first: date
    last: date  # the last day
    pick: str = ""
    start: int = 0

    @property
    def asked(self) -> Asked:
        """The days as the comparison asks for them."""
        return Asked(self.subject, self.first, self.last)

    @property
    def year(self) -> int | None:
        """The calendar year that is shown, when it is exactly one."""
        whole = self.first == date(self.first.year, 1, 1)
        return self.first.year if whole and self.last == date(self.first.year, 12, 31) else None

    @property
    def label(self) -> str:
        """The months in short: ``2015``, ``2016-11``, ``2015-01 – 2015-06``."""
        if self.year:
            return str(self.year)
        first, last = f"{self.first:%Y-%m}", f"{self.last:%Y-%m}"
        return first if first == last else f"{first} – {last}"

    def query(self, **changes: object) -> str:
        """Return the query string of this state, or of one that differs."""
        now = replace(self, **changes)  # type: ignore[arg-type]
        pairs = {
            "subject": now.subject,
            "place": now.place,
            "from": f"{now.first:%Y-%m}",
            "to": f"{now.last:%Y-%m}",
            "pick": now.pick,
            "start": now.start,
        }
        return urlencode({name: value for name, value in pairs.items() if value})


def read(query: Mapping[str, str], subject: str, months: Sequence[date]) -> State:
    """Return the state of an address; ``months``: those with cells, oldest first.

    Without a wish the newest year that has all its months, else the newest year. Raises
    ``BadInput`` for months that can not be read, run backwards or are too many.
    """
    first, last = _default(months)
    wanted_first, wanted_last = _month(query.get("from")), _month(query.get("to"))
    if wanted_first or wanted_last:
        first = wanted_first or wanted_last or first
        last = _end_of(wanted_last or wanted_first or last)
    if first > last:
        raise BadInput(f"the months from {first:%Y-%m} to {last:%Y-%m} run backwards")
    if (last.year - first.year) * 12 + last.month - first.month >= MONTHS_AT_MOST:
        raise BadInput(f"at most {MONTHS_AT_MOST} months are compared at a time")
    place = query.get("place", "")
    return State(subject, place, first, last, _pick(query.get("pick", "")), _start(query))


def _default(months: Sequence[date]) -> tuple[date, date]:
    years = sorted({month.year for month in months}, reverse=True)
    whole = [y for y in years if sum(month.year == y for month in months) == 12]
    year = next(iter((*whole, *years)), date.max.year)
    return date(year, 1, 1), date(year, 12, 31)


def _month(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise BadInput(f"'{text}' is not a month; write 2016-11") from None


def _end_of(month: date) -> date:
    if month.year == date.max.year:
        raise BadInput(f"'{month:%Y-%m}' is too far ahead")
    after = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
    return after - timedelta(days=1)


def _pick(text: str) -> str:
    old, dash, new = text.partition("-")
    levels = dash and len(text) == 3 and old in "0123456" and new in "0123456"
    if text and not levels and text not in editions_compare.WAYS:
        raise BadInput(f"'{text}' names no days; write 2-3 or {', '.join(editions_compare.WAYS)}")
    return text


def _start(query: Mapping[str, str]) -> int:
    text = query.get("start", "")
    return int(text) // ROWS * ROWS if text.isascii() and text.isdigit() and len(text) < 9 else 0
