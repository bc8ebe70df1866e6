"""What a data logger says of its own values: letters of HJ 212 as flags of ours."""

from __future__ import annotations

from functools import cache

import polars as pl

from fenhe.standards import catalogue

EDITION = "SOURCEQC-2026"
UNKNOWN = "logger_unknown"
_SOURCE, _AMBIENT = "source", "ambient"


@cache
def _table() -> dict[tuple[str, str, str], str | None]:
    rows = catalogue().edition(EDITION).table("logger_flags").rows
    return {(row["edition"], row["scope"], row["letter"]): row["check"] for row in rows}


def check_of(
    letter: str | None, edition: int | None = 2017, *, ambient: bool = False
) -> str | None:
    """Return the flag a letter stands for; None for a normal value or no letter at all.

    ``edition`` of the frame: 2005 reads the letters of HJ/T 212-2005 (for an ambient station
    the digits 0 to 3), 2017 and any later or unknown one those of HJ 212-2017. Of the other
    edition only the letters this one lacks are understood. ``logger_unknown`` for a letter of
    no table: the value does not count.
    """
    said = (letter or "").strip().upper()
    if not said:
        return None
    scope = _AMBIENT if ambient else _SOURCE
    old, new = ("2005", scope, said), ("2017", "all", said)
    for place in (old, new) if edition == 2005 else (new, old):
        if place in _table():
            return _table()[place]
    return UNKNOWN


def checks_of(
    letters: pl.Series, editions: pl.Series | None = None, *, ambient: bool = False
) -> pl.Series:
    """Return the flag of each letter, null for a normal value; see ``check_of``."""
    years = pl.repeat(2017, len(letters), eager=True) if editions is None else editions
    pairs = pl.DataFrame({"letter": letters.cast(pl.String), "edition": years})
    kinds = pairs.unique()
    told = [check_of(letter, edition, ambient=ambient) for letter, edition in kinds.rows()]
    known = kinds.with_columns(pl.Series("check", told, dtype=pl.String))
    return pairs.join(
        known, on=["letter", "edition"], how="left", maintain_order="left", nulls_equal=True
    )["check"]
