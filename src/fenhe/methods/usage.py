"""What a method reads of the standards, found by running it on nothing and noting what it asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import narwhals as nw
import polars as pl

from fenhe import standards
from fenhe.base.errors import FenheError
from fenhe.methods import intake, registry
from fenhe.methods.contract import Call, Column, Method
from fenhe.standards import Edition, reading

_TYPES: dict[str, type[pl.DataType]] = {
    "number": pl.Float64,
    "integer": pl.Int64,
    "hour": pl.Int64,
    "time": pl.Datetime,
    "start": pl.Datetime,
    "date": pl.Date,
}


@dataclass(frozen=True)
class Usage:
    """One method judging by one edition: the ids it read, of other standards too.

    ``refused`` says why the method can not judge by the edition; then nothing counts as read.
    """

    method: str
    edition: str
    ids: frozenset[str]
    refused: str = ""


@cache
def usages() -> tuple[Usage, ...]:
    """Return what every method reads under every edition it may judge by, of all registered.

    Parameters are those a call without any has: what only another parameter makes a method
    read is not seen.
    """
    return tuple(usage(m, e) for m in registry.methods() for e in judged_by(m))


def judged_by(method: Method) -> Iterator[Edition]:
    """Yield the editions a method may judge by: of its standard, and of those it also takes."""
    for standard in (method.standard, *method.also):
        yield from standards.catalogue().editions(standard)


def readers(value_id: str) -> tuple[str, ...]:
    """Return the ids of the methods that read a value or row under any edition."""
    return _readers().get(value_id, ())


@cache
def _readers() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for one in usages():
        for value_id in one.ids:
            known = found.setdefault(value_id, [])
            if one.method not in known:
                known.append(one.method)
    return {value_id: tuple(known) for value_id, known in found.items()}


def usage(method: Method, edition: Edition) -> Usage:
    """Return what a method reads when it judges no rows at all by an edition."""
    fresh = edition.changed()  # another object: rules kept in memory for the edition do not answer
    call = Call(dict.fromkeys(method.numbers, 0), method.read_params({}), trace=True)
    with reading.recorded() as seen:
        try:
            method.evaluate(_nothing(method), fresh, call).collect()
            if method.named is not None:
                method.named()
        except FenheError as error:
            return Usage(method.id, edition.id, frozenset(), str(error))
    return Usage(method.id, edition.id, frozenset(seen))


def _nothing(method: Method) -> nw.LazyFrame[pl.LazyFrame]:
    """Return a frame with every column a method may read, and no row."""
    schema = {column.name: _type(column) for column in method.inputs}
    lazy, _ = intake.numbers(
        nw.from_native(pl.LazyFrame(schema=schema)),
        method.numbers,
        dict.fromkeys(method.numbers, 0),
        method.signed,
    )
    return lazy.with_columns(nw.lit(None, nw.Int64).alias(intake.DAY))


def _type(column: Column) -> type[pl.DataType]:
    return _TYPES.get(column.kind, pl.String)
