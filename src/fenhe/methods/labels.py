"""Several facts about a row as one text: ``missing:co;missing:pm10``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import narwhals as nw

from fenhe.methods import exact

#: A condition and the code that stands for it.
Piece = tuple[nw.Expr, str]


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


def pieces(found: Sequence[Piece], engine: nw.Implementation) -> nw.Expr:
    """Return the codes whose condition holds, joined by ``;`` in their order; else null."""
    if not found:
        return nw.lit(None, nw.String)
    conditions, codes = [condition for condition, _ in found], [code for _, code in found]
    if engine.is_polars() and len(codes) <= _LARGEST_TABLE:
        return from_mask(mask(conditions), codes)
    texts = [nw.when(condition).then(nw.lit(code)) for condition, code in found]
    return joined(texts)


#: More sets than of so many codes are not tabled.
_LARGEST_TABLE = 8


def from_mask(bits: nw.Expr, codes: Sequence[str]) -> nw.Expr:
    """Return the codes of the set bits from a table of all sets (faster than joining texts)."""
    sets = list(range(1, 1 << len(codes)))
    texts = [";".join(_chosen(chosen, codes)) for chosen in sets]
    return bits.replace_strict(sets, texts, default=None, return_dtype=nw.String)


def _chosen(chosen: int, codes: Sequence[str]) -> Iterator[str]:
    return (code for n, code in enumerate(codes) if chosen >> n & 1)


def joined(texts: Sequence[nw.Expr]) -> nw.Expr:
    """Return texts joined by ``;`` leaving out nulls; null where all are null."""
    if len(texts) == 1:
        return texts[0]
    text = nw.concat_str(texts, separator=";", ignore_nulls=True)
    return nw.when(text != "").then(text)
