"""Series without holes: a row for each period that has none, made with a table of numbers."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from fenhe.base.errors import BadInput
from fenhe.methods import exact, intake

Frame = nw.LazyFrame[Any]

_P = f"{intake.PRIVATE}grid_"
_AFTER, _DIGIT = f"{_P}after", f"{_P}digit"
NUMBER = f"{_P}number"

#: The longest hole that is filled: more hours than a year has.
MOST = 9_999


def with_absent(
    frame: Frame, key: str, serial: str, empty: dict[str, nw.Expr], base: Frame
) -> Frame:
    """Return the frame with a row for each serial that lacks between the rows of a key.

    ``frame`` has ``key``, ``serial`` and the columns of ``empty``, which says what the rows
    added hold; ``base`` is any frame beside it that costs little to read. Raises
    ``BadInput`` for a hole of more than ``MOST`` rows.
    """
    next_one = nw.col(serial).shift(-1).over(key, order_by=serial)
    after = exact.integer(next_one - nw.col(serial) - 1)
    marked = frame.with_columns(after.alias(_AFTER))
    found = marked.select(nw.col(_AFTER).max()).collect()[_AFTER].to_list()[0]
    if found is None or int(found) <= 0:
        return frame
    if int(found) > MOST:
        raise BadInput(f"a series has no row for {found} periods; at most {MOST} are filled")
    holes = marked.filter(nw.col(_AFTER) > 0)
    holes = holes.join(numbers(base, int(found)), how="cross").filter(
        nw.col(NUMBER) < nw.col(_AFTER)
    )
    holes = holes.with_columns(
        exact.integer(nw.col(serial) + 1 + nw.col(NUMBER)).alias(serial),
        *(value.alias(name) for name, value in empty.items()),
    )
    columns = frame.collect_schema().names()
    return nw.concat([frame.select(columns), holes.select(columns)], how="vertical")


def numbers(frame: Frame, most: int) -> Frame:
    """Return a table of the numbers 0 … at least ``most`` - 1 where the frame is."""
    one = frame.with_columns(nw.lit(0, nw.Int64).alias(_DIGIT)).select(_DIGIT).head(1)
    digits = nw.concat(
        [one.with_columns(nw.lit(n, nw.Int64).alias(_DIGIT)) for n in range(10)], how="vertical"
    )
    table = digits.select(nw.col(_DIGIT).alias(NUMBER))
    size = 10
    while size < most:
        table = table.join(digits, how="cross")
        made = exact.integer(nw.col(NUMBER) * 10 + nw.col(_DIGIT))
        table = table.select(made.alias(NUMBER))
        size *= 10
    return table
