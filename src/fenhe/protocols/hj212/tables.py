"""The code tables of the editions: commands, systems, fields, flags, factors, return codes.

They are data of ``fenhe.standards`` (``HJ212-2005``, ``HJ212-2017``, ``HJ212-2025``). What is
not known of 2025 can be supplied by an overlay; ``catalogue`` is the one to read, the packaged
one by default.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from fenhe.base.errors import BadInput
from fenhe.standards import Catalogue, Edition, Row, catalogue

EDITIONS = (2005, 2017, 2025)
#: First digits of ST of the quality classes: stations, which speak protocols of their own.
STATION_CLASSES = ("1", "2")


@dataclass(frozen=True)
class Command:
    """One command in one direction: ``H2S`` host to site, ``S2H`` site to host, or ``both``."""

    edition: int
    cn: str
    direction: str
    type: str
    zh: str
    en: str
    fields: tuple[str, ...]
    handshake: str
    mark: str


@dataclass(frozen=True)
class Flag:
    """One data flag; ``valid`` tells whether the value counts as a measurement."""

    edition: int
    flag: str
    scope: str
    zh: str
    en: str
    valid: bool
    mark: str


@dataclass(frozen=True)
class Factor:
    """One factor; ``code`` is that of 2017 (of 2005 when it has no successor)."""

    edition: int
    code: str
    legacy: str
    zh: str
    en: str
    medium: str
    unit: str
    unit_emission: str
    mark: str


@dataclass(frozen=True)
class Code:
    """A code with its names: a system, a return code, a field, a piece of site information."""

    edition: int
    kind: str
    code: str
    zh: str
    en: str
    mark: str


def edition(number: int, known: Catalogue | None = None) -> Edition:
    """Return an edition's data; ``BadInput`` for a year that is none."""
    return (known or catalogue()).edition(f"HJ212-{number}")


@cache
def commands(number: int, known: Catalogue | None = None) -> tuple[Command, ...]:
    """Return the commands of an edition."""
    return tuple(
        Command(
            number, row["cn"], row["direction"], row["type"], row["zh"], row["en"],
            row["fields"] or (), row["handshake"] or "", row.mark,
        )
        for row in edition(number, known).table("commands")
    )  # fmt: skip


@cache
def systems(number: int, known: Catalogue | None = None) -> tuple[Code, ...]:
    """Return the system codes (ST) of an edition."""
    rows = edition(number, known).table("systems")
    return tuple(Code(number, "ST", r["st"], r["zh"], r["en"], r.mark) for r in rows)


@cache
def return_codes(number: int, known: Catalogue | None = None) -> tuple[Code, ...]:
    """Return the values of QnRtn and ExeRtn; ``kind`` is the field."""
    found = _own_or(number, "return_codes", known)
    return tuple(Code(number, r["field"], r["code"], r["zh"], r["en"], m) for r, m in found)


@cache
def fields(number: int, known: Catalogue | None = None) -> tuple[Code, ...]:
    """Return the fields; ``kind`` is ``header``, ``cp`` or ``suffix``."""
    rows = edition(number, known).table("fields")
    return tuple(Code(number, r["scope"], r["field"], "", r["meaning"], r.mark) for r in rows)


@cache
def flags(number: int, known: Catalogue | None = None) -> tuple[Flag, ...]:
    """Return the data flags, those supplied by an overlay behind those of the table.

    A letter that is in no table is kept as it is and treated as not valid.
    """
    rows = tuple(
        Flag(number, r["flag"], r["scope"], r["zh"], r["en"], r["valid"], m)
        for r, m in _own_or(number, "data_flags", known)
    )
    more = (
        *_supplied(number, "data_flags", known, 4),
        *_supplied(number, "condition_marks", known, 4),
    )
    scopes = {"data_flags": "all", "condition_marks": "condition"}
    return rows + tuple(
        Flag(number, cells[0], scopes[name], cells[1], cells[2], cells[3] == "yes", mark)
        for name, mark, cells in more
    )


@cache
def factors(number: int, known: Catalogue | None = None) -> tuple[Factor, ...]:
    """Return the factors of an edition; 2005 by its own codes, 2025 with those supplied."""
    if number == 2005:
        rows = edition(number, known).table("factors")
        return tuple(
            Factor(
                number, r["successor"] or r["code"], r["code"], r["zh"], r["en"] or "",
                r["medium"], "", "", r.mark,
            )
            for r in rows
        )  # fmt: skip
    listed = tuple(
        Factor(
            number, r["code"], r["legacy"] or "", r["zh"], r["en"] or "", r["medium"],
            r["unit_conc"] or "", r["unit_emission"] or "", m,
        )
        for r, m in _own_or(number, "factors", known)
    )  # fmt: skip
    return listed + tuple(
        Factor(number, cells[0], "", cells[1], cells[2], cells[3], cells[4], "", mark)
        for _, mark, cells in _supplied(number, "factors_added", known, 5)
    )


@dataclass(frozen=True)
class Process:
    """A factor of a process; ``pattern`` ends in xx, the number of the device."""

    pattern: str
    zh: str
    unit: str
    process: str
    mark: str


@cache
def process_factors() -> tuple[Process, ...]:
    """Return the process factors of 2017, water and gas."""
    rows = edition(2017).table("process_factors")
    return tuple(
        Process(r["pattern"], r["zh"], r["unit_conc"] or "", r["process"], r.mark) for r in rows
    )


def process_of(code: str) -> tuple[Process, ...]:
    """Return what a process code may mean; two codes stand in the standard twice."""
    return tuple(
        one
        for one in process_factors()
        if len(code) == len(one.pattern) and code.startswith(one.pattern.removesuffix("xx"))
    )


@cache
def site_info(number: int, known: Catalogue | None = None) -> tuple[Code, ...]:
    """Return the codes of site information; 2025 those of 2017 and the added ones."""
    years = (2017, 2025) if number == 2025 else (2017,)
    return tuple(
        Code(year, "info", r["code"], r["zh"], "", r.mark)
        for year in years
        for r in edition(year, known).table("site_info")
    )


def is_enciphered(cn: str) -> bool:
    """Whether a site of 2025 encrypts the data area of this command where the net is public."""
    for text in edition(2025).value("cipher_commands").value:
        first, _, last = text.partition("-")
        if len(cn) == len(first) and first <= cn <= (last or first):
            return True
    return False


@cache
def limits(number: int) -> tuple[int, int]:
    """Return the longest data segment and data area of an edition, in bytes."""
    found = edition(number)
    return found.value("segment_bytes").integer, found.value("area_bytes").integer


@cache
def known_systems() -> frozenset[str]:
    """Return the system codes of any edition."""
    return frozenset(code.code for number in EDITIONS for code in systems(number))


@cache
def known_commands() -> frozenset[str]:
    """Return the command codes of any edition."""
    return frozenset(one.cn for number in EDITIONS for one in commands(number))


def _own_or(number: int, name: str, known: Catalogue | None) -> Iterator[tuple[Row, str]]:
    """Yield the rows of an edition's table, or of the edition it says goes on."""
    own = edition(number, known)
    if name in own.tables:
        for row in own.table(name):
            yield row, row.mark
        return
    follows = own.value(f"{name}_of")
    for row in (known or catalogue()).edition(follows.text).table(name):
        yield row, follows.mark


def _supplied(
    number: int, name: str, known: Catalogue | None, cells: int
) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the rows an authority supplied for a list that no source gives."""
    value: Any = edition(number, known).values.get(name)
    if value is None or not value.known:
        return
    given = value.value if isinstance(value.value, tuple) else (value.text,)
    for text in given:
        row = text.split("|")
        if len(row) != cells:
            raise BadInput(f"{value.id}: '{text}' has {len(row)} parts where {cells} are needed")
        yield name, "adopted", row
