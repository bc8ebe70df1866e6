"""What a method declares about itself, and the call it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import narwhals as nw

from fenhe.base.errors import BadInput
from fenhe.standards import Edition

Kind = Literal["text", "number", "integer", "time", "date", "hour", "start", "code"]

#: How the day of a row is known: by which column, and what kind it is.
DayKind = Literal["time", "date", "hour"]


@dataclass(frozen=True)
class Column:
    """One column of a method's input or output."""

    name: str
    zh: str
    en: str
    kind: Kind = "text"
    unit: str = ""
    optional: bool = False
    codes: tuple[str, ...] = ()  # of a ``code`` column, in canonical spelling
    scale: str = ""  # name of the column that holds the decimals of these integers
    signed: bool = False  # a number that may lie below zero


@dataclass(frozen=True)
class Param:
    """A parameter given as ``--param name=value``; ``read`` turns its text into the value."""

    name: str
    zh: str
    en: str
    default: str
    read: Callable[[str], Any]


@dataclass(frozen=True)
class Call:
    """What a method is called with, besides the frame."""

    decimals: Mapping[str, int]
    params: Mapping[str, Any] = field(default_factory=dict)
    trace: bool = False


Evaluate = Callable[["nw.LazyFrame[Any]", Edition, Call], "nw.LazyFrame[Any]"]
Outputs = Callable[[Sequence[Edition], bool], tuple[Column, ...]]


@dataclass(frozen=True)
class Method:
    """A registered method: its contract, and the function that evaluates one edition.

    ``evaluate(frame, edition, call)`` takes a lazy frame with the exact integer columns
    of ``intake`` and returns it with the columns of ``outputs([edition], trace)`` added.
    """

    id: str
    zh: str
    en: str
    standard: str
    inputs: tuple[Column, ...]
    outputs: Outputs
    evaluate: Evaluate
    rounding: str
    missing: str
    day: tuple[str, DayKind] | None = None
    default_edition: str | None = None
    params: tuple[Param, ...] = ()
    adds_columns: bool = True  # False: the rows are new ones (an aggregation)
    also: tuple[str, ...] = ()  # further standards whose editions may be named
    aliases: Mapping[str, str] = field(default_factory=dict)  # edition named -> edition judged by
    named: Callable[[], None] | None = None  # reads all that a row may name: for "where used"

    def uses(self, standard: str) -> bool:
        """Say whether rows can be judged by an edition of this standard."""
        return standard == self.standard or standard in self.also

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names of the number columns, in order."""
        return tuple(c.name for c in self.inputs if c.kind == "number")

    @property
    def signed(self) -> tuple[str, ...]:
        """Names of the number columns that may lie below zero."""
        return tuple(c.name for c in self.inputs if c.signed)

    def read_params(self, given: Mapping[str, str]) -> dict[str, Any]:
        """Return the parameters as values; ``BadInput`` for one this method does not have."""
        known = {p.name: p for p in self.params}
        for name in given:
            if name not in known:
                names = ", ".join(known) or "none"
                raise BadInput(f"{self.id} has no parameter '{name}'; it has: {names}")
        return {name: p.read(given.get(name, p.default)) for name, p in known.items()}
