"""A computation on Polars frames that is planned once and run again with other rows.

A method's expressions cost more to build than to compute for a few rows: what judges every
new hour keeps its plans. The key must name everything the plan depends on but the columns.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source

from fenhe import standards
from fenhe.methods import frames
from fenhe.methods.contract import Method

Make = Callable[..., pl.LazyFrame]

_KEPT = 256  # plans; the one used longest ago goes first
_MANY = 20_000  # rows from which the streaming engine is the quicker one
_plans: OrderedDict[Hashable, _Plan] = OrderedDict()
_guard = threading.Lock()


def run(key: Hashable, make: Make, *given: pl.DataFrame) -> pl.DataFrame:
    """Return what ``make`` returns of the frames, as lazy ones, computed.

    ``make`` must not look at the rows: ``RuntimeError`` if it does. It is called once for a
    key and the columns of the frames, and anew when the catalogue of standards is another.
    """
    schemas = tuple(tuple(frame.schema.items()) for frame in given)
    whole = (key, schemas, id(standards.catalogue()))
    with _guard:
        plan = _plans.get(whole)
    if plan is None:
        plan = _Plan(make, given)
    with _guard:
        _plans[whole] = plan
        _plans.move_to_end(whole)
        if len(_plans) > _KEPT:
            _plans.popitem(last=False)
    return plan(given)


def apply(
    method: Method,
    frame: pl.DataFrame,
    *,
    edition: str | None,
    decimals: Mapping[str, int],
    params: Mapping[str, str] | None = None,
    trace: bool = False,
) -> pl.DataFrame:
    """Return what ``frames.apply`` returns of the same; rows that choose their edition are read.

    ``decimals``: of every float column the method reads.
    """
    how: dict[str, Any] = {"edition": edition, "params": params, "trace": trace}
    how["decimals"] = decimals
    if edition is None:
        return frames.apply(method, frame, **how)
    told = tuple(sorted((params or {}).items())), tuple(sorted(decimals.items()))
    key = ("apply", method.id, edition, trace, *told)
    return run(key, lambda rows: frames.apply(method, rows, **how), frame)


class _Plan:
    """A lazy frame whose sources are filled when it is computed; one computation at a time."""

    def __init__(self, make: Make, given: tuple[pl.DataFrame, ...]) -> None:
        self._turn = threading.Lock()
        self._rows: tuple[pl.DataFrame, ...] = ()
        self._made = make(*(self._source(n, frame.schema) for n, frame in enumerate(given)))

    def __call__(self, given: tuple[pl.DataFrame, ...]) -> pl.DataFrame:
        many = max(frame.height for frame in given) >= _MANY
        with self._turn:
            self._rows = given
            try:
                return self._made.collect(engine="streaming" if many else "in-memory")
            finally:
                self._rows = ()

    def _source(self, number: int, schema: pl.Schema) -> pl.LazyFrame:
        def rows(
            columns: list[str] | None, where: pl.Expr | None, most: int | None, _size: int | None
        ) -> Iterator[pl.DataFrame]:
            if not self._rows:
                raise RuntimeError("a plan that is kept must not look at its rows")
            found = self._rows[number]
            found = found if where is None else found.filter(where)
            found = found if columns is None else found.select(columns)
            yield found if most is None else found.head(most)

        return register_io_source(rows, schema=schema)
