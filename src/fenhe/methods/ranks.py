"""Ranks among rows, equal values sharing the lowest: 1, 1, 3."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from fenhe.methods import exact, intake

#: An optional column: ranks are formed within each of its values.
PERIOD = "period"

_WITHIN = f"{intake.PRIVATE}ranked_within"


def with_rank(
    frame: nw.LazyFrame[Any], value: str, to: str, *, descending: bool = False
) -> nw.LazyFrame[Any]:
    """Add the rank of each integer within its period; null has none and counts for none.

    Without a column ``period`` all rows are ranked together.
    """
    names = frame.collect_schema().names()
    within = nw.col(PERIOD) if PERIOD in names else nw.lit(0)
    there = ~nw.col(value).is_null()
    # rows without a value form groups of their own: not every engine leaves nulls unranked
    frame = frame.with_columns(within.alias(_WITHIN), there.alias(f"{_WITHIN}_there"))
    rank = nw.col(value).rank("min", descending=descending).over(_WITHIN, f"{_WITHIN}_there")
    return frame.with_columns(exact.integer(nw.when(there).then(rank)).alias(to))
