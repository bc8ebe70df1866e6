"""How wide the columns of a table must be, the same in PDF and Word."""

from __future__ import annotations

from fenhe.platform.documents.fonts import shown
from fenhe.platform.documents.linebreak import clusters
from fenhe.platform.documents.model import Table
from fenhe.platform.documents.typeface import PLAIN, STRONG, width

CELL = 8.0
HEAD = 7.5
UNIT = 7.0
PADDING = 2.5
# A name longer than this many points may be cut into lines anywhere.
MOST = 90.0
SHORT_WORD = 5


def column_widths(table: Table, total: float) -> list[float]:
    """Return the widths of the columns in points, ``total`` together.

    No header, number or word is cut where the page is wide enough for all of them; what
    is left over goes to the columns by their shares.
    """
    needed = [_needed(table, number) for number in range(len(table.columns))]
    spare = total - sum(needed)
    if spare < 0:
        return [total * one / sum(needed) for one in needed]
    shares = [column.share for column in table.columns]
    wanted = [total * share / sum(shares) for share in shares]
    missing = [max(want - need, 0.0) for want, need in zip(wanted, needed, strict=True)]
    if sum(missing) == 0:
        return [total * one / sum(needed) for one in needed]
    return [need + spare * more / sum(missing) for need, more in zip(needed, missing, strict=True)]


def _needed(table: Table, number: int) -> float:
    """Return the width below which something in a column would be cut in a word."""
    column = table.columns[number]
    widest = max(_whole(column.header, HEAD, STRONG), _whole(column.unit, UNIT, PLAIN))
    for index, row in enumerate(table.rows):
        face = STRONG if index in table.strong else PLAIN
        cell = row[number] or ""
        widest = max(widest, _widest(cell, CELL, face))
    return min(widest, MOST) + 2 * PADDING + 0.5


def _whole(text: str, size: float, face: str) -> float:
    """Return what a header needs: a short Chinese one is a word and stays in one line."""
    if len(text) <= SHORT_WORD and " " not in text:
        return width(shown(text), size, face)
    return _widest(text, size, face)


def _widest(text: str, size: float, face: str) -> float:
    return max((width(piece.rstrip(), size, face) for piece in clusters(shown(text))), default=0.0)
