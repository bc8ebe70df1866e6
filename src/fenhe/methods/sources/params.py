"""Parameters several methods of pollution sources share."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO

import polars as pl

from fenhe.base.errors import BadInput
from fenhe.methods import moments

#: More marks than these make a plan no engine likes: put them into the column ``mark``.
MOST_MARKS = 500


def one_of(name: str, choices: Sequence[str]) -> Callable[[str], str]:
    """Return the reader of a parameter that is one of some words; empty if that is among them."""

    def read(text: str) -> str:
        if text.strip() not in choices:
            known = ", ".join(choice for choice in choices if choice)
            raise BadInput(f"{name}: '{text}' is none of {known}")
        return text.strip()

    return read


def whole(name: str, most: int) -> Callable[[str], int | None]:
    """Return the reader of a parameter that is a whole number from 1 on, or empty."""

    def read(text: str) -> int | None:
        if not text.strip():
            return None
        if not text.strip().isdecimal() or not 0 < int(text) <= most:
            raise BadInput(f"{name}: '{text}' is no whole number from 1 to {most}")
        return int(text)

    return read


@dataclass(frozen=True)
class Mark:
    """A span of time in which an outlet's data, or those of one item, are void."""

    outlet: str
    first: int  # seconds of Beijing time
    end: int  # exclusive
    item: str | None


def marks(text: str) -> tuple[Mark, ...]:
    """Return the marks of lines ``outlet,from,to,code,item``; code and item may be left out.

    Raises ``BadInput`` naming the line of one that can not be read.
    """
    found: list[Mark] = []
    for number, row in enumerate(csv.reader(StringIO(text)), start=1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and cells[0].lower() == "outlet"):
            continue
        found.append(_mark(cells, number))
    if len(found) > MOST_MARKS:
        raise BadInput(f"marks: {len(found)} of them; more than {MOST_MARKS} go into a column")
    return tuple(found)


def _mark(cells: list[str], number: int) -> Mark:
    if len(cells) < 3:
        raise BadInput(f"marks, line {number}: write outlet,from,to,code,item")
    first, end = moments.of_start_labels(pl.Series(cells[1:3])).to_list()
    if first is None or end is None:
        raise BadInput(f"marks, line {number}: write times as 2026-03-01 07:00")
    if end <= first:
        raise BadInput(f"marks, line {number}: {cells[2]} lies not after {cells[1]}")
    item = cells[4].lower() if len(cells) > 4 and cells[4] else None
    return Mark(cells[0], first, end, item)
