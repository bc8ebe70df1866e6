"""Parameters several methods of pollution sources share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fenhe.base.errors import BadInput


def one_of(name: str, choices: Sequence[str]) -> Callable[[str], str]:
    """Return the reader of a parameter that is one of some words; empty if that is among them."""

    def read(text: str) -> str:
        if text.strip() not in choices:
            known = ", ".join(choice for choice in choices if choice)
            raise BadInput(f"{name}: '{text}' is none of {known}")
        return text.strip()

    return read


def whole(name: str, most: int) -> Callable[[str], int | None]:
    """Return the reader of a parameter that is a whole number from 1 on, or empty."""

    def read(text: str) -> int | None:
        if not text.strip():
            return None
        if not text.strip().isdecimal() or not 0 < int(text) <= most:
            raise BadInput(f"{name}: '{text}' is no whole number from 1 to {most}")
        return int(text)

    return read
