"""Numbers of any engine as exact integers: the door every method's input comes through."""

from __future__ import annotations

_NUMBER = "_number_"


def number(column: str) -> str:
    """Return the name of the exact integer column that stands for an input column."""
    return f"{_NUMBER}{column}"
