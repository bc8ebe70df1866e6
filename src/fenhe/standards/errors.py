"""Errors of the standards library."""

from __future__ import annotations

from datetime import date

from fenhe.base.errors import BadInput


class NoEdition(BadInput):
    """No edition of a standard was in force on the day asked for."""

    def __init__(self, standard: str, day: date, earliest: date, latest: date | None) -> None:
        self.standard = standard
        self.day = day
        span = f"the known editions of {standard} begin on {earliest}"
        if latest is not None and day > latest:
            span = f"the known editions of {standard} end on {latest}"
        elif day >= earliest:
            span = f"the known editions of {standard} leave a gap there"
        super().__init__(f"no edition of {standard} was in force on {day}: {span}")
