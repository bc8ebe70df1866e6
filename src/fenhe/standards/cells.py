"""Cell types of a table, and how their text is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from fenhe.base.errors import BadInput
from fenhe.standards import glossary

_NUMBER = re.compile(r"-?\d+(\.\d+)?$")


def decimal(value: Any) -> Decimal:
    """Return an exact number from an int or decimal text; floats are refused."""
    if isinstance(value, float):
        raise BadInput(f"{value} is a float; write the number as text: '{value}'")
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise BadInput(f"{value!r} is not a number")
    if isinstance(value, str) and not _NUMBER.match(value):
        raise BadInput(f"'{value}' is not a decimal number")
    return Decimal(value)


def integer(value: Any) -> int:
    """Return a whole number."""
    number = decimal(value)
    if number != int(number):
        raise BadInput(f"{value} is not a whole number")
    return int(number)


def text(value: Any) -> str:
    """Return a text as it is."""
    if not isinstance(value, str):
        raise BadInput(f"{value!r} is not a text")
    return value


def flag(value: Any) -> bool:
    """Return yes or no."""
    if value in ("yes", "no"):
        return bool(value == "yes")
    if isinstance(value, bool):
        return value
    raise BadInput(f"{value!r} is neither yes nor no")


def day(value: Any) -> date:
    """Return a calendar day."""
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(text(value))
    except ValueError:
        raise BadInput(f"'{value}' is not a date; write 2026-03-01") from None


def names(value: Any) -> tuple[str, ...]:
    """Return a list of texts; in CSV they are joined by ``|``."""
    if isinstance(value, list | tuple):
        return tuple(text(part) for part in value)
    return tuple(part for part in text(value).split("|") if part)


def item(value: Any) -> str:
    """Return an item code; only the code itself is accepted in a standards file."""
    return _code("item", text(value))


def items(value: Any) -> tuple[str, ...]:
    """Return a list of item codes."""
    return tuple(item(part) for part in names(value))


def averaging(value: Any) -> str:
    """Return an averaging period code."""
    return _code("averaging", text(value))


def grade(value: Any) -> str:
    """Return a grade code."""
    return _code("grade", text(value))


def _code(section: str, value: str) -> str:
    if value not in {term.code for term in glossary.load().section(section)}:
        raise BadInput(f"unknown {section} '{value}'")
    return value


# type name -> reader; a trailing ? in a file allows an empty cell
READERS: dict[str, Callable[[Any], Any]] = {
    "decimal": decimal,
    "integer": integer,
    "text": text,
    "flag": flag,
    "date": day,
    "list": names,
    "item": item,
    "items": items,
    "averaging": averaging,
    "grade": grade,
}


def read(kind: str, value: Any) -> Any:
    """Return a cell read as its declared type; an empty cell is None."""
    if value is None or value == "":
        return None
    return READERS[kind.removesuffix("?")](value)
