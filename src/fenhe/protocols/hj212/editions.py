"""Which edition a frame speaks: told by Flag and ST, never by the day."""

from __future__ import annotations

from functools import cache

from fenhe.protocols.hj212 import tables


def version_of(flag: int | None) -> str:
    """Return the plain reading of Flag: ``2005``, ``2017``, ``2025``, ``unknown``, or ``""``."""
    if flag is None:
        return ""
    return str(versions().get(flag >> 2, "unknown"))


def edition_of(flag_text: str | None, flag: int | None, st: str | None) -> int | None:
    """Return the edition of a frame; None when Flag and ST do not tell.

    A frame without Flag is of 2005. Version 2 means 2025 only for the systems that the
    edition names: stations of surface water have long sent it by a protocol of their own.
    """
    if flag_text is None:
        return 2005
    found = None if flag is None else versions().get(flag >> 2)
    if found == 2025 and st not in systems_of_2025():
        return None
    return found


@cache
def versions() -> dict[int, int]:
    """Return the edition of each version that Flag may tell."""
    return {tables.edition(n).value("flag_version").integer: n for n in tables.EDITIONS}


@cache
def systems_of_2025() -> frozenset[str]:
    """Return the systems (ST) whose version 2 means the edition of 2025."""
    return frozenset(tables.edition(2025).value("flag_version_systems").value)


@cache
def version_bits(edition: int) -> int:
    """Return the version an edition writes into Flag."""
    return tables.edition(edition).value("flag_version").integer
