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


def from_mask(bits: nw.Expr, codes: Sequence[str], engine: nw.Implementation) -> nw.Expr:
    """Return the codes of the set bits joined by ``;`` in their order, null where none is set."""
    if engine.is_polars():  # a table of all sets is several times faster than joining texts
        sets = list(range(1, 1 << len(codes)))
        texts = [";".join(_chosen(chosen, codes)) for chosen in sets]
        return bits.replace_strict(sets, texts, default=None, return_dtype=nw.String)
    pieces = [
        nw.when(exact.floor_div(bits, 1 << n) - exact.floor_div(bits, 2 << n) * 2 == 1).then(
            nw.lit(code)
        )
        for n, code in enumerate(codes)
    ]
    joined = nw.concat_str(pieces, separator=";", ignore_nulls=True)
    return nw.when(bits > 0).then(joined)


def _chosen(chosen: int, codes: Sequence[str]) -> Iterator[str]:
    return (code for n, code in enumerate(codes) if chosen >> n & 1)


def joined(texts: Sequence[nw.Expr]) -> nw.Expr:
    """Return texts joined by ``;`` leaving out nulls; null where all are null."""
    if len(texts) == 1:
        return texts[0]
    some = nw.any_horizontal(*(~text.is_null() for text in texts), ignore_nulls=False)
    return nw.when(some).then(nw.concat_str(texts, separator=";", ignore_nulls=True))


def pieces(found: Sequence[Piece], engine: nw.Implementation) -> nw.Expr:
    """Return the codes whose condition holds, joined by ``;``; null where none does."""
    if not found:
        return nw.lit(None, nw.String)
    return from_mask(mask([condition for condition, _ in found]), [c for _, c in found], engine)
