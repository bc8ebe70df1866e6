"""Rows of tables a person gives the registry, read cell by cell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from fenhe.base.errors import BadInput, Place
from fenhe.platform.registry.dated import ALWAYS, END_OF_TIME


@dataclass(frozen=True)
class Row:
    """One row of a table, read with errors that name file, row and column."""

    path: Path
    number: int
    cells: dict[str, str | None]

    def text(self, column: str, default: str = "") -> str:
        """Return a cell without blanks around it, or the default for an empty one."""
        value = self.cells.get(column)
        return value.strip() if value and value.strip() else default

    def needed(self, column: str) -> str:
        """Return a cell that may not be empty."""
        value = self.text(column)
        if not value:
            raise self.wrong(column, "is empty")
        return value

    def day(self, column: str, default: date) -> date:
        """Return a date."""
        value = self.text(column)
        try:
            return date.fromisoformat(value[:10]) if value else default
        except ValueError:
            raise self.wrong(column, f"'{value}' is not a date; write 2019-07-01") from None

    def truth(self, column: str, default: bool) -> bool:
        """Return yes or no."""
        value = self.text(column).casefold()
        if not value:
            return default
        if value not in {"true", "false", "1", "0", "yes", "no", "y", "n", "是", "否"}:
            raise self.wrong(column, f"'{value}' is neither yes nor no")
        return value in {"true", "1", "yes", "y", "是"}

    def degrees(self, column: str, limit: float) -> float | None:
        """Return a coordinate, None for an empty cell."""
        value = self.text(column)
        try:
            number = float(value) if value else None
        except ValueError:
            raise self.wrong(column, f"'{value}' is not a number") from None
        if number is not None and not -limit <= number <= limit:
            raise self.wrong(column, f"{value} is outside ±{limit:g} degrees")
        return number

    def decimal(self, column: str) -> Decimal | None:
        """Return a decimal as it is written, None for an empty cell."""
        value = self.text(column)
        try:
            number = Decimal(value) if value else None
        except InvalidOperation:
            number = Decimal("NaN")
        if number is not None and not number.is_finite():
            raise self.wrong(column, f"'{value}' is not a number")
        return number

    def choice(self, column: str, known: Iterable[str], default: str = "") -> str:
        """Return a word out of a list."""
        value = self.text(column, default)
        words = list(known)
        if value not in words:
            raise self.wrong(column, f"'{value}' is not one of {', '.join(words)}")
        return value

    def span(self) -> dict[str, date]:
        """Return ``valid_from`` and ``valid_to``, open where a cell is empty."""
        first, last = self.day("valid_from", ALWAYS), self.day("valid_to", END_OF_TIME)
        if last < first:
            raise self.wrong("valid_to", "lies before valid_from")
        return {"valid_from": first, "valid_to": last}

    def wrong(self, column: str, message: str) -> BadInput:
        """Return the error to raise for a cell."""
        return BadInput(message, place=Place(str(self.path), self.number, column))
