"""Months, quarters, years and statistics in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from fenhe import standards
from fenhe.platform.verdicts import daily, ranking
from fenhe.platform.web import words


@dataclass(frozen=True)
class Head:
    """A statistic of an item as the head of a column: what of the item, unit, decimals."""

    code: str
    label: str
    what: str  # mean, P95, P90 of the daily largest 8-hour mean
    unit: str
    places: int


def period(first: date, grain: str) -> str:
    """Return a period in words: ``November 2016``, ``Q4 2016``, ``2016``."""
    if grain == "day":
        return first.isoformat()
    if grain == "month":
        return str(date_format(first, pgettext("date format", "F Y")))
    if grain == "quarter":
        quarter = (first.month + 2) // 3
        return _("Q%(quarter)d %(year)d") % {"quarter": quarter, "year": first.year}
    return pgettext("a year", "%(year)d") % {"year": first.year}


def grain(code: str) -> str:
    """Return a kind of period in words."""
    return {
        "day": pgettext("kind of period", "day"),
        "month": pgettext("kind of period", "month"),
        "quarter": pgettext("kind of period", "quarter"),
        "year": pgettext("kind of period", "year"),
    }[code]


def source(subject: str) -> str:
    """Return where the values of a city come from."""
    if subject == "published":
        return _("published daily values")
    return _("means of the stations")


def heads(limits: str, grain: str) -> list[Head]:
    """Return the six statistics a period is ranked by, as HJ 663 has them told."""
    told = {s.name: s.told for s in daily.rules_of(limits).statistics[grain]}
    found = []
    for item in words.HOURLY_ITEMS:
        name = ranking.OF_PERCENTILE.get(item, item)
        found.append(
            Head(item, words.item_label(item), what(name), words.unit_of(item), told[name])
        )
    return found


def what(statistic: str) -> str:
    """Return which figure of an item a statistic is: ``mean``, ``P95``, ``8 h P90``."""
    item, _sep, percentile = statistic.partition("_p")
    if not percentile:
        return _("8 h mean") if item == "o3" else _("mean")
    return f"8 h P{percentile}" if item == "o3" else f"P{percentile}"


def edition_code(edition_id: str) -> str:
    """Return the code of an edition with its stage."""
    from fenhe.platform.web import standardsview

    return standardsview.code(standards.catalogue().edition(edition_id))


def value_title(value_id: str) -> str:
    """Return the title of a value of a standard; its id where it has none."""
    from fenhe.platform.web import standardsview

    found = standards.catalogue().find(value_id)
    return standardsview.title(found) if isinstance(found, standards.Value) else ""
