"""The state of the ranking page as its address says it, and the periods it steps through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import urlencode

from fenhe import standards
from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.methods import calendar
from fenhe.methods.air.target import ITEMS as TARGET_ITEMS
from fenhe.platform import clock
from fenhe.platform.verdicts import kept, span_evidence
from fenhe.platform.verdicts.ranking import Wanted
from fenhe.platform.web.cityplaces import SOURCES

GRAINS = ("month", "quarter", "year")
LARGEST_TARGET = 1000  # µg/m³


@dataclass(frozen=True)
class Asked:
    """What the ranking page shows."""

    subject: str
    grain: str
    first: date
    limits: str
    place: str = ""
    shares: bool = False
    item: str = ""  # of the target; empty: no target
    target: str = ""
    as_of: int | None = None

    @property
    def label(self) -> str:
        """The period as an address carries it: ``2016-11``, ``2016-Q4``, ``2016``."""
        return label(self.first, self.grain)

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day of the period."""
        return calendar.period_of(self.first, self.grain)

    def wanted(self, targets: Sequence[str]) -> Wanted:
        """Return the question to the ranking, of some cities."""
        return Wanted(
            self.subject,
            self.grain,
            self.first,
            self.limits,
            targets=tuple(sorted(targets)),
            as_of=self.as_of,
        )

    def query(self, **changes: object) -> str:
        """Return the query string of this state, with some parts changed."""
        now = replace(self, **changes)  # type: ignore[arg-type]
        pairs: dict[str, object] = {
            "subject": now.subject, "grain": now.grain, "period": now.label, "limits": now.limits,
            "place": now.place, "shares": "1" if now.shares else "",
            "item": now.item if now.target else "", "target": now.target, "as_of": now.as_of,
        }  # fmt: skip
        return urlencode({k: v for k, v in pairs.items() if v not in ("", None)}, safe=":")


def label(first: date, grain: str) -> str:
    """Return how a period is written."""
    return span_evidence.label_of(beijing.start_of(first), grain)


def read(query: Mapping[str, str]) -> Asked:
    """Return the state an address asks for: the newest month published for cities by default.

    A period of another kind leads to the one it lies in, or that begins with it. Raises
    ``BadInput`` for what can not be read.
    """
    grain = _one_of(query.get("grain"), GRAINS, "kind of period")
    told = _told(query.get("period", ""), grain)
    subject = _subject(query, grain, told)
    limits = _limits(query, subject, grain, told)
    held = kept.periods_held(subject, grain, limits)
    first = told.first if told else _newest(held, grain)
    if told and not told.same_grain:
        first = nearest(held, told.first, grain) or first
    item, target = _target(query)
    return Asked(
        subject=subject,
        grain=grain,
        first=first,
        limits=limits,
        place=query.get("place", ""),
        shares=query.get("shares") == "1",
        item=item,
        target=target,
        as_of=_commit(query.get("as_of", "")),
    )


def _one_of(text: str | None, known: Sequence[str], what: str) -> str:
    chosen = text or (known[0] if known else "")
    if chosen not in known:
        raise BadInput(f"'{chosen}' is not a {what} shown here; known: {', '.join(known)}")
    return chosen


def _subject(query: Mapping[str, str], grain: str, told: Told | None) -> str:
    """Return the source asked for; without a wish the one with the most months.

    When a period is named, a source that has it comes first.
    """
    if query.get("subject"):
        return _one_of(query["subject"], SOURCES, "source")

    def worth(subject: str) -> tuple[bool, int]:
        here = told is not None and told.same_grain and told.first in _held(subject, grain)
        return here, len(_held(subject, GRAINS[0]))

    return max(SOURCES, key=worth)


def _held(subject: str, grain: str) -> set[date]:
    found: set[date] = set()
    for limits in kept.limits_held(subject, grain):
        found.update(kept.periods_held(subject, grain, limits))
    return found


@dataclass(frozen=True)
class Told:
    """The period an address names: its first day, and whether it is of the kind asked for."""

    first: date
    same_grain: bool


def _limits(query: Mapping[str, str], subject: str, grain: str, told: Told | None) -> str:
    """Return the limits asked for; without a wish those in force in the period shown."""
    known = kept.limits_held(subject, grain)
    if query.get("limits") or not known:
        return _one_of(query.get("limits"), known, "edition of limits")
    day = told.first if told else _newest(kept.periods_held(subject, grain, known[0]), grain)
    held = (name for name in known if standards.catalogue().edition(name).in_force(day))
    return next(held, known[0])


def _newest(held: Sequence[date], grain: str) -> date:
    """Return the newest period that is over, else the newest, else the one that runs."""
    today = beijing.day_of(clock.now())
    over = (first for first in held if last_day(first, grain) < today)
    return next(over, held[0] if held else today.replace(day=1))


def last_day(first: date, grain: str) -> date:
    """Return the last day of a period."""
    return calendar.period_of(first, grain)[1]


def _told(text: str, grain: str) -> Told | None:
    if not text:
        return None
    for kind in (grain, *GRAINS):
        start = span_evidence.start_of(text, kind)
        if start is not None:
            return Told(beijing.day_of(start), kind == grain)
    raise BadInput(f"'{text}' is not a period; write 2016-11, 2016-Q4 or 2016")


def nearest(held: Sequence[date], day: date, grain: str) -> date | None:
    """Return the period a day lies in, else the last one in its year, else the nearest held."""
    inside = [first for first in held if first <= day]
    if grain != "month" and inside:
        return inside[0]
    of_year = [first for first in held if first.year == day.year]
    return (of_year or list(held) or [None])[0]  # type: ignore[list-item]


def _target(query: Mapping[str, str]) -> tuple[str, str]:
    text = query.get("target", "").strip()
    item = query.get("item") or "pm25"
    if item not in TARGET_ITEMS:
        raise BadInput(f"'{item}' has no annual mean to aim at; known: {', '.join(TARGET_ITEMS)}")
    if not text:
        return item, ""
    number = _number(text)
    if number is None or not 0 < number <= LARGEST_TARGET:
        raise BadInput(f"'{text}' is not an annual target; write a number of µg/m³ such as 35")
    return item, text


def _number(text: str) -> float | None:
    digits = text.replace(".", "", 1)
    return float(text) if digits.isascii() and digits.isdecimal() else None


def _commit(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise BadInput(f"'{text}' is not a commit number")
    return int(text)


@dataclass(frozen=True)
class Steps:
    """Where the keys lead: the period before and after, and the same a year away."""

    back: str
    on: str
    year_back: str
    year_on: str
    newest: str


def steps(asked: Asked, held: Sequence[date]) -> Steps:
    """Return the addresses of the neighbouring periods that have cells; empty without one."""
    before = [first for first in held if first < asked.first]
    after = [first for first in held if first > asked.first]

    def to(first: date | None) -> str:
        return f"?{asked.query(first=first)}" if first else ""

    def year(away: int) -> date | None:
        there = asked.first.replace(year=asked.first.year + away, day=1)
        return there if there in held else None

    return Steps(
        back=to(before[0] if before else None),
        on=to(after[-1] if after else None),
        year_back=to(year(-1)),
        year_on=to(year(1)),
        newest=to(held[0]) if held and held[0] != asked.first else "",
    )
