"""Station names as they are written in the field: plain name, and bracketed notes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import polars as pl

_OPENING, _CLOSING = "(（〔【［", ")）〕】］"
_CLOSED = re.compile(r"(?:停运|停用|撤销)\s*(\d{8}|\d{6})|(\d{8}|\d{6})\s*(?:停运|停用|撤销)")
_OPENED = re.compile(r"(?:启用|投用)\s*(\d{8}|\d{6})|(\d{8}|\d{6})\s*(?:启用|投用)")
_CITY_ENDING = r"(?:市|地区|自治州|盟)$"


class CleanName(NamedTuple):
    """A station's plain name and the note written after it, empty without one."""

    name: str
    note: str


@dataclass(frozen=True)
class Note:
    """The days a note gives; None where it gives none."""

    closed_on: date | None = None
    opened_on: date | None = None


def clean_name(text: str) -> CleanName:
    """Split a name from the brackets after it, full-width brackets and spaces included.

    >>> clean_name("金胜(停运161122)")
    CleanName(name='金胜', note='停运161122')
    >>> clean_name("环保局（停运161122）(145)")
    CleanName(name='环保局', note='停运161122; 145')
    """
    whole = plain = text.strip()
    notes: list[str] = []
    while (at := max(map(plain.rfind, _OPENING))) >= 0:
        note = plain[at + 1 :]
        if any(mark in note[:-1] for mark in _CLOSING):
            break  # the brackets stand inside the name
        notes.insert(0, note.rstrip(_CLOSING).strip())
        plain = plain[:at].rstrip()
    return CleanName(plain, "; ".join(filter(None, notes))) if plain else CleanName(whole, "")


def read_note(note: str) -> Note:
    """Read the days of closing and opening remarks; ``161122`` is 2016-11-22.

    Whatever else a note holds, an impossible date too, stays unread.
    """
    return Note(closed_on=_date(_CLOSED, note), opened_on=_date(_OPENED, note))


def _date(pattern: re.Pattern[str], note: str) -> date | None:
    match = pattern.search(note)
    if match is None:
        return None
    digits = match[1] or match[2]
    try:
        return date.fromisoformat(digits if len(digits) == 8 else f"20{digits}")
    except ValueError:
        return None


def plain_name(city: str) -> str:
    """Return one city's name without its rank, as ``plain_city`` does for a column."""
    return re.sub(_CITY_ENDING, "", city.strip())


def plain_city(column: pl.Expr) -> pl.Expr:
    """Return a city's name without its rank: 太原市 and 太原 are one; null where it is empty."""
    plain = column.str.strip_chars().str.replace(_CITY_ENDING, "")
    return pl.when(plain != "").then(plain)
