"""Edition names as a method reads them."""

from __future__ import annotations

from collections.abc import Sequence

from fenhe.methods.contract import Method


def read_as(method: Method, names: Sequence[str]) -> list[str]:
    """Return the names with those a method has an alias for replaced by what they stand for.

    That may be a staged edition named as a whole (``GB3095-2026``), which is no edition
    by itself. Blanks and case are forgiven; every other name stays as it is.
    """
    aliases = {_folded(name): meant for name, meant in method.aliases.items()}
    return [aliases.get(_folded(name), name) for name in names]


def _folded(name: str) -> str:
    return "".join(name.split()).casefold()
