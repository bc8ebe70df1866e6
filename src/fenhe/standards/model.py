"""The typed, immutable objects an edition is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from fenhe.base.errors import BadInput, Place, UnknownValue
from fenhe.standards import reading

Mark = Literal["A", "B", "C", "unknown"]
Kind = Literal["law", "convention", "tuning"]
Scalar = Decimal | str | bool | tuple[str, ...]

MARKS = ("A", "B", "C")
KINDS = ("law", "convention", "tuning")
UNKNOWN_CLAUSE = "unknown"


@dataclass(frozen=True)
class Adoption:
    """The act by which an authority made an unproved value its own."""

    overlay: str
    authority: str
    document: str
    person: str
    date: date


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a value or a row comes from and how sure it is.

    ``id`` is stable; ``mark`` A firm, B one source, C unverified, ``unknown`` when no
    source gives the value; ``clause`` is ``"unknown"`` where the source names none.
    """

    id: str
    unit: str
    source: str
    mark: Mark
    kind: Kind | None = None
    clause: str = UNKNOWN_CLAUSE
    note: str = ""
    adopted: Adoption | None = None
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def firm(self) -> bool:
        """Whether a result may rest on it without being unverified."""
        reading.note(self.id)
        return self.mark in ("A", "B") or self.adopted is not None


@dataclass(frozen=True, kw_only=True)
class Value(Provenance):
    """One number, choice or list a rule uses.

    ``value`` raises ``UnknownValue`` when no source gives it. ``alternatives`` are the
    documented other readings of a convention.
    """

    raw: Scalar | None
    title_zh: str = ""
    title_en: str = ""
    alternatives: tuple[str, ...] = ()
    reason: str = ""
    configure: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a value at all."""
        return self.raw is not None

    @property
    def value(self) -> Any:
        """The value: Decimal with a unit; text, bool or tuple of texts without one."""
        reading.note(self.id)
        if self.raw is None:
            raise UnknownValue(self.id, f"{self.reason}; to set it: {self.configure}")
        return self.raw

    @property
    def number(self) -> Decimal:
        """The value as Decimal; ``BadInput`` when it is not a number."""
        value = self.value
        if not isinstance(value, Decimal):
            raise BadInput(f"{self.id} is not a number")
        return value

    @property
    def integer(self) -> int:
        """The value as int; ``BadInput`` when it is not a whole number."""
        number = self.number
        if number != int(number):
            raise BadInput(f"{self.id} is not a whole number")
        return int(number)

    @property
    def text(self) -> str:
        """The value as text; ``BadInput`` when it is something else."""
        value = self.value
        if not isinstance(value, str):
            raise BadInput(f"{self.id} is not a text")
        return value


@dataclass(frozen=True, kw_only=True)
class Limit(Value):
    """A limit value with what it applies to; ``base`` is the national one it tightens."""

    item: str
    averaging: str
    grade: str
    table: str
    binding: str
    reference_state: str = ""
    base: Limit | None = None
    applies_from: date | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Row(Provenance):
    """One row of a table; ``row["conc"]`` is Decimal, int, text, bool, date, tuple or None."""

    cells: Mapping[str, Any]

    def __getitem__(self, column: str) -> Any:
        """Return one cell; ``BadInput`` names the columns there are."""
        reading.note(self.id)
        return self.peek(column)

    def peek(self, column: str) -> Any:
        """Return one cell without counting as read: to look for a row among many."""
        try:
            return self.cells[column]
        except KeyError:
            known = ", ".join(self.cells)
            raise BadInput(f"{self.id} has no column '{column}'; it has: {known}") from None


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A table of an edition, rows in the order of the file."""

    name: str
    title_zh: str
    title_en: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Row]:
        """Iterate over the rows."""
        return iter(self.rows)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def where(self, **cells: Any) -> tuple[Row, ...]:
        """Return the rows whose cells equal those given, e.g. ``item="so2"``."""
        return tuple(r for r in self.rows if all(r.peek(c) == v for c, v in cells.items()))

    def one(self, **cells: Any) -> Row:
        """Return the only row whose cells equal those given; ``BadInput`` otherwise."""
        rows = self.where(**cells)
        if len(rows) != 1:
            raise BadInput(f"table {self.name} has {len(rows)} rows where one was asked: {cells}")
        return rows[0]


@dataclass(frozen=True)
class Amendment:
    """A dated change inside an edition that leaves its id as it is."""

    id: str
    title_zh: str
    title_en: str
    in_force_from: date
    source: str
    mark: Mark
    kind: Kind | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Edition:
    """One edition of a standard, or one stage of it, with everything it states."""

    id: str
    standard: str
    subject: str
    code: str
    title_zh: str
    title_en: str
    issuer_zh: str
    issuer_en: str
    issued: date | None
    in_force_from: date
    in_force_to: date | None
    stage: str | None
    stage_zh: str
    replaces: str
    replaced_by: str
    transition: str
    scope: str
    source: str
    amendments: tuple[Amendment, ...]
    tables: Mapping[str, Table]
    values: Mapping[str, Value]
    local_limits: tuple[Limit, ...] = ()
    place: Place | None = field(default=None, compare=False, repr=False)

    def in_force(self, day: date) -> bool:
        """Whether the edition judges values of this Beijing day."""
        return self.in_force_from <= day and (self.in_force_to is None or day <= self.in_force_to)

    def table(self, name: str) -> Table:
        """Return a table; ``BadInput`` lists the tables there are."""
        try:
            return self.tables[name]
        except KeyError:
            known = ", ".join(self.tables) or "none"
            raise BadInput(f"{self.id} has no table '{name}'; it has: {known}") from None

    def value(self, name: str) -> Value:
        """Return a single value; ``BadInput`` lists the values there are."""
        try:
            return self.values[name]
        except KeyError:
            known = ", ".join(self.values) or "none"
            raise BadInput(f"{self.id} has no value '{name}'; it has: {known}") from None

    def limit(self, item: str, averaging: str, grade: str, day: date | None = None) -> Limit:
        """Return the limit of an item; see ``fenhe.standards.limits.find``."""
        from fenhe.standards import limits

        return limits.find(self, item, averaging, grade, day)

    def provenances(self) -> Iterator[Value | Row]:
        """Iterate over every value, row and local limit of the edition."""
        yield from self.values.values()
        for table in self.tables.values():
            yield from table.rows
        yield from self.local_limits

    def changed(self, **parts: Any) -> Edition:
        """Return a copy with some parts replaced."""
        return replace(self, **parts)
