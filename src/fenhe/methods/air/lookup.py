"""IAQI by table on Polars: the formula is worked out once for every whole concentration.

HJ 633 rounds concentrations to few digits, so that an item has some hundred to some
thousand of them up to its last break point. Other engines compute the formula row by row.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, TypeAlias

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from fenhe.methods.air import index
from fenhe.methods.air.rules import ItemRule

Numbers: TypeAlias = NDArray[np.int32]

#: Tables up to this last break point; a rule with more decimals is computed row by row.
_LARGEST = 200_000

#: Stands in a table for no index.
_NONE = -1


def with_iaqi(
    frame: nw.LazyFrame[Any], made: Mapping[str, tuple[str, ItemRule]]
) -> nw.LazyFrame[Any]:
    """Add columns ``name`` = ``index.iaqi`` of a column of integers >= 0, by an item's rule."""
    tabled = {
        name: (column, rule)
        for name, (column, rule) in made.items()
        if frame.implementation.is_polars() and rule.top <= _LARGEST
    }
    rest = [
        index.iaqi(nw.col(column), rule).alias(name)
        for name, (column, rule) in made.items()
        if name not in tabled
    ]
    frame = frame.with_columns(rest) if rest else frame
    if not tabled:
        return frame
    native: pl.LazyFrame = frame.to_native()
    taken = [
        pl.col(column)
        .map_batches(partial(_taken, table(rule)), pl.Int32(), is_elementwise=True)
        .alias(name)
        for name, (column, rule) in tabled.items()
    ]
    return nw.from_native(native.with_columns(taken))


@lru_cache(maxsize=64)
def table(rule: ItemRule) -> Numbers:
    """Return the IAQI of null, 0, 1, … and the first number beyond the last break point.

    It is what ``index.iaqi`` says of each; -1 stands for no index.
    """
    every = pl.LazyFrame({"c": [None, *range(rule.top + 2)]}, schema={"c": pl.Int64})
    frame = nw.from_native(every).select(index.iaqi(nw.col("c"), rule).fill_null(_NONE).alias("i"))
    return frame.to_native().collect()["i"].to_numpy()


def _taken(numbers: Numbers, concentrations: pl.Series) -> pl.Series:
    place = concentrations.fill_null(-1).to_numpy() + 1
    found = pl.Series(concentrations.name, np.take(numbers, place, mode="clip"))
    if concentrations.has_nulls() or numbers[-1] == _NONE:
        found = found.set(found == _NONE, None)
    return found
