"""Several facts about a row as one text: ``missing:co;missing:pm10``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from fenhe.methods import exact

#: A condition and the code that stands for it.
Piece = tuple[nw.Expr, str]

#: The most codes a mask is made of; more are joined as texts.
_MOST_BITS = 16


def mask(conditions: Sequence[nw.Expr]) -> nw.Expr:
    """Return one integer whose bit n tells whether condition n holds (null: it does not)."""
    bits = [
        nw.when(condition).then(nw.lit(1 << n, nw.Int32)).otherwise(nw.lit(0, nw.Int32))
        for n, condition in enumerate(conditions)
    ]
    result = bits[0]
    for bit in bits[1:]:
        result = result + bit
    return exact.small(result)


def with_pieces(frame: nw.LazyFrame[Any], made: Mapping[str, Sequence[Piece]]) -> nw.LazyFrame[Any]:
    """Add text columns: the codes whose condition holds, joined by ``;`` in order; else null."""
    tabled = {
        name: (mask([condition for condition, _ in found]), [code for _, code in found])
        for name, found in made.items()
        if frame.implementation.is_polars() and 0 < len(found) <= _MOST_BITS
    }
    rest = [_pieces(found).alias(name) for name, found in made.items() if name not in tabled]
    frame = frame.with_columns(rest) if rest else frame
    return with_texts(frame, tabled) if tabled else frame


def _pieces(found: Sequence[Piece]) -> nw.Expr:
    if not found:
        return nw.lit(None, nw.String)
    texts = [nw.when(condition).then(nw.lit(code)) for condition, code in found]
    if len(texts) == 1:
        return texts[0]
    text = nw.concat_str(texts, separator=";", ignore_nulls=True)
    return nw.when(text != "").then(text)


def with_texts(
    frame: nw.LazyFrame[Any], made: Mapping[str, tuple[nw.Expr, Sequence[str]]]
) -> nw.LazyFrame[Any]:
    """Add text columns to a Polars frame: the codes of the bits of a mask, null for none.

    Each set of codes that occurs is written out once; joining texts row by row costs
    several times as much.
    """
    frame = frame.with_columns(bits.alias(name) for name, (bits, _) in made.items())
    native: pl.LazyFrame = frame.to_native()
    texts = [
        pl.col(name).map_batches(partial(_spelled, codes), pl.String(), is_elementwise=True)
        for name, (_, codes) in made.items()
    ]
    return nw.from_native(native.with_columns(texts))


def _spelled(codes: Sequence[str], masks: pl.Series) -> pl.Series:
    bits = masks.to_numpy()
    sets = np.flatnonzero(np.bincount(bits, minlength=1 << len(codes)))
    place = np.zeros(1 << len(codes), dtype=np.uint32)
    place[sets] = np.arange(len(sets))
    texts = [";".join(_chosen(int(one), codes)) or None for one in sets]
    return pl.Series(masks.name, texts, dtype=pl.String).gather(place[bits])


def _chosen(chosen: int, codes: Sequence[str]) -> Iterator[str]:
    return (code for n, code in enumerate(codes) if chosen >> n & 1)
