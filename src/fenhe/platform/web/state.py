"""The state of a page as its address says it: hour, item, edition. Refuses what it can not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform.web import words

HOUR = beijing.HOUR
ITEMS = ("aqi", "pm25", "pm10", "so2", "no2", "co", "o3")


@dataclass(frozen=True)
class MapState:
    """Which hour (naive UTC start), which item, which edition."""

    start: datetime
    item: str
    edition: str

    @property
    def end(self) -> datetime:
        """The end of the hour, naive UTC."""
        return self.start + HOUR

    @property
    def label(self) -> str:
        """The hour as a reader names it: Beijing time of its end, 24:00 for the day's last."""
        return beijing.hour_label(self.start, self.end)

    @property
    def label_param(self) -> str:
        """The label as the address carries it."""
        return self.label.replace(" ", "T")

    @property
    def day(self) -> date:
        """The Beijing day the hour belongs to."""
        return beijing.day_of(self.start)

    @property
    def hour(self) -> int:
        """The hour's number in its day, 1 to 24."""
        return beijing.to_beijing(self.start).hour + 1

    def at(self, start: datetime) -> MapState:
        """Return the same state at another hour."""
        return replace(self, start=start)

    def query(self) -> str:
        """Return the query string of this state."""
        pairs = {"t": self.label_param, "item": self.item, "edition": self.edition}
        return urlencode(pairs, safe=":")


def read(query: Mapping[str, str], latest: datetime, editions: Sequence[str]) -> MapState:
    """Return the state a query string asks for; ``latest`` and the last edition by default.

    Raises ``BadInput`` for a time, item or edition that can not be read.
    """
    item = query.get("item") or ITEMS[0]
    if item not in ITEMS:
        raise BadInput(f"'{item}' is not an item; known: {', '.join(ITEMS)}")
    edition = query.get("edition") or editions[-1]
    if edition not in editions:
        raise BadInput(f"'{edition}' is not an edition shown here; known: {', '.join(editions)}")
    return MapState(read_hour(query.get("t")) or latest, item, edition)


def read_hour(text: str | None) -> datetime | None:
    """Return the naive UTC start of the hour a label names (its Beijing end); None for nothing."""
    if not text:
        return None
    end = beijing.parse_label(text)
    if end.minute or end.second:
        raise BadInput(f"'{text}' is not a full hour")
    return beijing.to_utc(end - HOUR)


def read_day(text: str | None) -> date | None:
    """Return the day a query names; None for nothing. Raises ``BadInput``."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"'{text}' is not a day; write 2018-02-20") from None


def day_bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """Return the naive UTC span of whole Beijing days, end exclusive."""
    begin = datetime(first.year, first.month, first.day)
    end = datetime(last.year, last.month, last.day) + timedelta(days=1)
    return beijing.to_utc(begin), beijing.to_utc(end)


def item_choices() -> list[dict[str, str]]:
    """Return the items of the chooser in reading order."""
    return [{"code": code, "label": words.item_label(code)} for code in ITEMS]
