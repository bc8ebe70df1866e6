"""Errors a person can act on: what happened, where, and what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where in a file something is wrong; parts that are not known stay None."""

    file: str | None = None
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        """Return ``file:row:column`` in words, leaving out what is unknown."""
        parts = [
            self.file,
            None if self.row is None else f"row {self.row}",
            None if self.column is None else f"column {self.column}",
        ]
        return ", ".join(part for part in parts if part)


class FenheError(Exception):
    """Base of every error Fenhe raises on purpose; its text is meant for the person."""

    def __init__(self, message: str, *, place: Place | None = None) -> None:
        self.message = message
        self.place = place
        super().__init__(f"{place}: {message}" if place and str(place) else message)


class BadInput(FenheError):
    """The given file, column, row or parameter can not be used; nothing was changed."""


class UnknownValue(FenheError):
    """A rule needs a value its sources do not give; ``value_id`` says which one."""

    def __init__(self, value_id: str, reason: str) -> None:
        self.value_id = value_id
        super().__init__(f"unknown value {value_id}: {reason}")


class MissingExtra(FenheError):
    """An optional part of Fenhe is not installed."""

    def __init__(self, extra: str, needed_for: str) -> None:
        super().__init__(f"{needed_for} needs the extra '{extra}': pip install 'fenhe[{extra}]'")
