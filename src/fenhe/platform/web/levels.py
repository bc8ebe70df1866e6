"""The levels of an AQI edition in the reader's language: number, name, bounds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from django.utils.translation import get_language

from fenhe import standards
from fenhe.standards import Edition


@dataclass(frozen=True)
class Level:
    """One level of HJ 633: its number, name and the index values it spans."""

    number: int
    name: str
    lower: int
    upper: int | None  # None: no upper bound

    @property
    def range(self) -> str:
        """The bounds as a reader writes them: ``51–100``, ``> 300``."""
        return f"> {self.lower - 1}" if self.upper is None else f"{self.lower}–{self.upper}"


def english() -> bool:
    """Say whether the reader reads English."""
    return (get_language() or "").startswith("en")


@cache
def _levels(edition_id: str, in_english: bool) -> tuple[Level, ...]:
    rows = standards.catalogue().edition(edition_id).table("categories")
    name = "en" if in_english else "zh"
    found = (Level(r["level"], r[name], r["lower"], r["upper"]) for r in rows)
    return tuple(sorted(found, key=lambda level: level.number))


def levels(edition_id: str) -> tuple[Level, ...]:
    """Return the levels of an edition, best first."""
    return _levels(edition_id, english())


def level_of(index: int | None, edition_id: str) -> Level | None:
    """Return the level an index value lies in; None when there is no value.

    A value below the first bound (0 under an edition that begins at 1) is of the first level.
    """
    if index is None:
        return None
    found = levels(edition_id)
    return next((x for x in found if x.upper is None or index <= x.upper), found[-1])


def level_named(number: int | None, edition_id: str) -> Level | None:
    """Return a level by its number."""
    return next((x for x in levels(edition_id) if x.number == number), None)


def title(edition: Edition) -> str:
    """Return the code of an edition with its title in the reader's language."""
    return f"{edition.code} {edition.title_en if english() else edition.title_zh}"
