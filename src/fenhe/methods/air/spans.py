"""Which edition of GB 3095 judges a day, month, quarter or year when none is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from fenhe import standards
from fenhe.base.errors import BadInput
from fenhe.methods import calendar
from fenhe.methods.air.evaluation import EVALUATION, LIMITS
from fenhe.standards import Edition

#: What is unknown when a period lies in two editions.
UNKNOWN = "year_2026"

STRADDLES = ("", "first", "last")

#: An edition of HJ 663 named for a period means the limits that began beside it.
ALIASES = {"HJ663-2013": "GB3095-2012", "HJ663-2026": "GB3095-2026:transitional"}


@dataclass(frozen=True)
class Span:
    """Whole periods and the edition whose rules they follow; ``reason``: they are not judged."""

    first: date
    last: date
    edition: Edition
    told: str  # what the result names as edition
    reason: str | None = None


def spans(period: str, straddle: str = "") -> Iterator[Span]:
    """Yield, in order of time, which periods are judged by which edition of GB 3095.

    A period that lies in two editions is judged by the first or last of them if ``straddle``
    says so. Else it follows the rules of the last, whose figures are finer, and is not
    judged. Days before the first edition belong to no span.
    """
    if straddle not in STRADDLES:
        raise BadInput(f"straddle: '{straddle}' is not first or last")
    known = standards.catalogue().editions(LIMITS)
    starts = [known[0].in_force_from]
    for before, after in pairwise(known):
        first, last = calendar.period_of(after.in_force_from, period)
        if first == after.in_force_from:
            starts.append(first)
            yield Span(starts[-2], calendar.before(first), before, before.id)
            continue
        yield Span(starts[-1], calendar.before(first), before, before.id)
        yield _across(before, after, first, last, straddle)
        starts.append(last + timedelta(days=1))
    yield Span(starts[-1], known[-1].in_force_to or date.max, known[-1], known[-1].id)


def _across(before: Edition, after: Edition, first: date, last: date, straddle: str) -> Span:
    if straddle:
        chosen = before if straddle == "first" else after
        return Span(first, last, chosen, chosen.id)
    names = f"{before.id};{after.id}"
    value = after.values.get(UNKNOWN)
    reason = f"unknown_value:{value.id}" if value is not None else "several_editions"
    return Span(first, last, after, names, reason)


def edition_of(first: date, last: date, straddle: str = "") -> tuple[str | None, bool, str | None]:
    """Return the edition whose rules a period follows, whether it is judged, and why not.

    ``first`` and ``last`` are the period's days. (None, False, "no_edition") before the
    first edition.
    """
    catalogue = standards.catalogue()
    known = [e for e in catalogue.editions(LIMITS) if e.in_force(first) or e.in_force(last)]
    if not known or not known[0].in_force(first):
        return None, False, "no_edition"
    if len(known) == 1 or straddle == "first":
        return known[0].id, True, None
    if straddle:
        return known[-1].id, True, None
    span = _across(known[0], known[-1], first, last, "")
    return span.edition.id, False, span.reason


def beside(edition: Edition) -> Edition:
    """Return the HJ 663 that was in force when an edition of GB 3095 began."""
    return standards.catalogue().on(EVALUATION, edition.in_force_from)
