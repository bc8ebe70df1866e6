"""What the registry says of outlets that a verdict rests on: facts, permit limits, marks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.base.instants import naive_utc
from fenhe.methods.intake import day_number
from fenhe.methods.sources import limits
from fenhe.platform.monitoring.frames import quantities
from fenhe.platform.registry.dated import END_OF_TIME, StandingFact, known
from fenhe.platform.registry.models import Mark, Outlet, OutletFact, PermitLimit
from fenhe.platform.verdicts.outlets.keys import HOUR, hour_of
from fenhe.standards import units

# The words of the marks (quality table ``marks``) for the conditions of JUDGING's table of the
# same name; both give the Chinese words of the notices. A code of neither stands for itself.
CONDITIONS = {
    "startup": "start_up",
    "connecting": "start_up",
    "shutdown": "shut_down",
    "disconnecting": "shut_down",
    "warm_up": "dry_out",
}
STOPPED = "stopped"
TONNES = ("t", "t/h", "蒸吨")
_FAR = 10**7  # an hour later than any
Fact = TypeVar("Fact", bound=StandingFact)


@dataclass(frozen=True)
class Told:
    """One row the verdicts of an outlet rest on, over its hours: what changes is judged again."""

    site: str
    since: int
    until: int
    what: str


@dataclass(frozen=True)
class Facts:
    """What is known of the outlets asked for, now or at a commit."""

    outlets: dict[str, Outlet]
    facts: dict[str, list[OutletFact]]
    limits: dict[str, list[PermitLimit]]
    marks: dict[str, list[Mark]]

    def on(self, site: str, day: date) -> OutletFact | None:
        """Return what held of an outlet on a day: of several, what began last."""
        return max(_holding(self.facts.get(site, ()), day), key=_began, default=None)

    def permit(self, site: str, item: str, day: date) -> PermitLimit | None:
        """Return the strictest hourly limit of concentration a permit sets; None: there is none."""
        mine = [one for one in self.limits.get(site, ()) if one.item == item]
        return min(_holding(mine, day), key=lambda one: one.limit, default=None)

    def condition(self, site: str, item: str, hour: int) -> Mark | None:
        """Return the mark that says in what condition the plant was in an hour, for an item.

        Any mark of the facility that touches the hour counts, a stop only if it covers it whole;
        a stop goes before others, then what began first.
        """
        mine = [one for one in self.marks.get(site, ()) if not one.items or item in one.items]
        found = [one for one in mine if _is_condition(one, hour)]
        order = [(one.code != STOPPED, one.start, one.pk) for one in found]
        return min(zip(order, found, strict=True), key=lambda p: p[0])[1] if found else None

    def voiding(self, site: str) -> list[Mark]:
        """Return the marks of instruments of an outlet: what they cover is no measurement."""
        return [one for one in self.marks.get(site, ()) if one.kind == Mark.Kind.INSTRUMENT]


def read(sites: Iterable[str] | None = None, as_of: int | None = None) -> Facts:
    """Read what is known of outlets (None: all), now or at a commit of the store."""
    outlets = Outlet.objects.select_related("site")
    facts = OutletFact.objects.filter(known(as_of))
    permits = PermitLimit.objects.filter(
        known(as_of),
        quantity=PermitLimit.Quantity.CONCENTRATION,
        averaging=PermitLimit.Averaging.HOUR,
    )
    marks = Mark.objects.filter(known(as_of))
    if sites is not None:
        keys = sorted(set(sites))
        outlets, marks = outlets.filter(pk__in=keys), marks.filter(site__in=keys)
        facts, permits = facts.filter(outlet__in=keys), permits.filter(site__in=keys)
    found = Facts({one.pk: one for one in outlets}, {}, {}, {})
    for fact in facts:
        found.facts.setdefault(fact.outlet_id, []).append(fact)
    for limit in permits:
        found.limits.setdefault(limit.site_id, []).append(limit)
    for mark in marks:
        found.marks.setdefault(mark.site_id, []).append(mark)
    return found


def told(found: Facts) -> set[Told]:
    """Return everything verdicts rest on as rows that can be compared."""
    rows = {
        Told(key, 0, _FAR, f"outlet {one.medium} {one.site.region_id}")
        for key, one in found.outlets.items()
    }
    for site, facts in found.facts.items():
        rows |= {Told(site, *_days(one), f"fact {_said_of(one)}") for one in facts}
    for site, permits in found.limits.items():
        rows |= {Told(site, *_days(one), f"limit {_said_of_limit(one)}") for one in permits}
    for site, marks in found.marks.items():
        rows |= {Told(site, *span(one), f"mark {_said_of_mark(one)}") for one in marks}
    return rows


def span(mark: Mark) -> tuple[int, int]:
    """Return the hours a mark touches: the first, and the one after the last."""
    last = naive_utc(mark.end)
    return hour_of(naive_utc(mark.start)), -(-(last - datetime(1970, 1, 1)) // HOUR)


def condition_of(mark: Mark | None) -> str | None:
    """Return the word of the method for the condition a mark declares."""
    return None if mark is None else CONDITIONS.get(mark.code, mark.code)


def is_late(mark: Mark | None) -> bool:
    """Say whether a mark came too late to count: filed after noon of the day after its event."""
    return mark is not None and any(one.get("code") == "late" for one in mark.findings)


def permitted(limit: PermitLimit | None) -> Decimal | None:
    """Return a permit's limit in the unit the item is kept in.

    Raises ``BadInput`` for a unit that measures something else.
    """
    if limit is None:
        return None
    kept = quantities.unit_of(limit.item)
    if not limit.unit or kept in {"", units.ONE}:
        return Decimal(limit.limit)
    ratio = units.ratio(limit.unit, kept)
    return Decimal(limit.limit) * ratio.numerator / ratio.denominator


def reference(
    fact: OutletFact | None, limit: PermitLimit | None, item: str, day: date
) -> Decimal | None:
    """Return the reference oxygen of an item: of the outlet, of its permit, of its set of limits.

    In this order; None where none of them names one.
    """
    for known_one in (fact, limit):
        if known_one is not None and known_one.reference_o2 is not None:
            return Decimal(known_one.reference_o2)
    if fact is None or not fact.limit_set:
        return None
    number = day_number(day)
    mine = [
        p for p in _pieces(fact.limit_set) or () if p.factor == item and p.first <= number <= p.last
    ]
    return next((p.reference for p in mine if p.reference is not None), None)


def readable(limit_set: str) -> bool:
    """Say whether a text names sets of limits there are."""
    return _pieces(limit_set) is not None


@lru_cache(maxsize=256)
def _pieces(limit_set: str) -> tuple[limits.Piece, ...] | None:
    """Return the hourly limits of sets joined by ``;``; None for a text that names none."""
    try:
        return tuple(limits.pieces(limit_set, "1h"))
    except BadInput:
        return None


def _is_condition(mark: Mark, hour: int) -> bool:
    first, after = span(mark)
    if mark.kind != Mark.Kind.FACILITY or not first <= hour < after:
        return False
    if mark.code != STOPPED:
        return True
    start = datetime(1970, 1, 1) + hour * HOUR
    return naive_utc(mark.start) <= start and naive_utc(mark.end) >= start + HOUR


def _holding(facts: Sequence[Fact], day: date) -> list[Fact]:
    return [one for one in facts if one.holds_on(day)]


def _began(fact: OutletFact) -> tuple[date, int]:
    return fact.valid_from, fact.pk


def _days(fact: StandingFact) -> tuple[int, int]:
    first = hour_of(beijing.start_of(fact.valid_from))
    if fact.valid_to >= END_OF_TIME:
        return first, _FAR
    return first, hour_of(beijing.days(fact.valid_to, fact.valid_to)[1])


def _said_of(fact: OutletFact) -> str:
    names = ("sector", "limit_set", "reference_o2", "rated_load", "rated_unit")
    return "|".join(str(getattr(fact, name)) for name in names)


def _said_of_limit(limit: PermitLimit) -> str:
    return f"{limit.item}|{limit.limit}|{limit.unit}|{limit.reference_o2}"


def _said_of_mark(mark: Mark) -> str:
    late = "late" if is_late(mark) else ""
    span_of = f"{naive_utc(mark.start)}|{naive_utc(mark.end)}"
    return f"{mark.pk}|{mark.kind}|{mark.code}|{','.join(mark.items)}|{span_of}|{late}"
