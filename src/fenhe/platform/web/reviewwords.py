"""What is reviewed, in the reader's words: kinds of value, items of any place, decisions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform.registry.models import OUTLET_PREFIX
from fenhe.platform.web import levels, outletlist, outletwords, words
from fenhe.quality import flags
from fenhe.quality.flags import Quality
from fenhe.quality.review import Kind


def is_outlet(key: str) -> bool:
    """Say whether a key is that of an outlet."""
    return key.startswith(OUTLET_PREFIX)


def item_label(key: str, item: str) -> str:
    """Return how an item of a place is written."""
    return outletwords.item_label(item) if is_outlet(key) else words.item_label(item)


def unit_of(key: str, item: str, statistic: str) -> str:
    """Return the unit of an item of a place."""
    return outletwords.unit_of(item, statistic) if is_outlet(key) else words.unit_of(item)


def base_of(statistic: str) -> str:
    """Return the period of a kind of value: ``1h`` of ``1h.zs``."""
    return statistic.partition(".")[0]


def statistic_text(statistic: str) -> str:
    """Return a kind of value in words: ``hour, converted`` for ``1h.zs``."""
    base, _dot, form = statistic.partition(".")
    periods = {
        "rtd": _("real-time"),
        "1h": _("hour"),
        "1d": _("day"),
        "24h": _("day"),
        "mda8": _("largest 8 hours of a day"),
    }
    forms = {
        "min": _("smallest"),
        "max": _("largest"),
        "sum": _("sum"),
        "zs": _("converted"),
        "zs_min": _("converted, smallest"),
        "zs_max": _("converted, largest"),
    }
    period = periods.get(base, base)
    if outletlist.is_minutes(base):
        period = _("%(n)s minutes") % {"n": base[:-3]}
    return period if not form else words.joined([period, forms.get(form, form)])


def quality_text(code: int) -> str:
    """Return a quality code in words."""
    return flags.name(code, "en" if levels.english() else "zh")


def kind_text(kind: str) -> str:
    """Return a decision in words."""
    return {
        Kind.ACCEPT: pgettext("review", "accepted"),
        Kind.VOID: pgettext("review", "declared void"),
        Kind.RESTORE: pgettext("review", "restored"),
        Kind.ANNOTATE: pgettext("review", "annotated"),
    }[Kind(kind)]


def length_text(start: datetime, end: datetime) -> str:
    """Return how long a span is: minutes below two hours, hours below two days, else days."""
    minutes = int((end - start).total_seconds() // 60)
    if minutes < 120:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    if minutes < 2 * 1440:
        return ngettext("%(n)d hour", "%(n)d hours", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)d day", "%(n)d days", minutes // 1440) % {"n": minutes // 1440}


def read_moment(text: str | None) -> datetime | None:
    """Return the naive UTC moment a field on Beijing's clock names; None for nothing."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise BadInput(_("'%(text)s' is not a time; write 2026-11-25T07:00") % {"text": text})
    return beijing.to_utc(moment)


def field_text(moment: datetime | None) -> str:
    """Return a moment (naive UTC) as a field of a form holds it; empty for None."""
    return "" if moment is None else f"{beijing.to_beijing(moment):%Y-%m-%dT%H:%M:%S}"


def flag_row(key: str, flag: Mapping[str, Any]) -> dict[str, Any]:
    """Return a flag as a table shows it."""
    return {
        "flag": flag["flag"],
        "name": outletwords.flag_name(flag["check"]),
        "check": flag["check"],
        "item": item_label(key, flag["item"]),
        "statistic": statistic_text(flag["statistic"]),
        "span": outletwords.span_text(flag["start"], flag["end"]),
        "reason": flag["reason"],
        "limit": flag["limit"] or "",
        "version": flag["version"] or "",
        "who": flag["who"],
        "commit": flag["commit"],
        "voids": flag["quality"] == Quality.VOID,
        "cleared": flag["cleared_commit"] is not None,
        "cleared_by": flag["cleared_by"] or "",
        "cleared_reason": flag["cleared_reason"] or "",
        "cleared_commit": flag["cleared_commit"],
    }
