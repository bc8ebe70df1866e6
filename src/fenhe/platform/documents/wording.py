"""Numbers, months and names of a bulletin in the language that is active."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.utils.dates import MONTHS
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from fenhe.platform.documents.monthly import Name
from fenhe.platform.web import levels, words

MINUS = "−"


def language() -> str:
    """Return the language of the document being written, as its file names it."""
    return "en" if (get_language() or "").startswith("en") else "zh-CN"


def said(name: Name) -> str:
    """Return a text in the language that is active."""
    return name.of(language())


def number(value: Decimal | None, *, signed: bool = False) -> str | None:
    """Write a number with the decimals it has; None stays None."""
    if value is None:
        return None
    text = format(abs(value), "f")
    if value < 0:
        return MINUS + text
    return f"+{text}" if signed and value > 0 else text


def count(value: int | None) -> str | None:
    """Write a whole number; None stays None."""
    return None if value is None else str(value)


def month(year: int, number_of_month: int) -> str:
    """Write a month: ``2016年11月``, ``November 2016``."""
    if levels.english():
        return f"{MONTHS[number_of_month]} {year}"
    return _("%(year)d-%(month)d") % {"year": year, "month": number_of_month}


def items(codes: Iterable[str]) -> str:
    """List items as the language lists them."""
    return words.joined(words.item_label(code) for code in codes)


def places(names: Iterable[Name], most: int = 5) -> str:
    """List places; of more than ``most`` the first ones and how many there are."""
    told = [said(name) for name in names]
    if len(told) <= most:
        return words.joined(told)
    parts = {"first": words.joined(told[:most]), "count": len(told)}
    return _("%(first)s and others (%(count)d in all)") % parts


def sentences(*parts: str) -> str:
    """Put sentences after one another as the language spaces them."""
    return words.sentences(*parts)
