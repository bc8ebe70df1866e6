"""Read a table of administrative divisions into regions without shapes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fenhe.base.errors import BadInput, Place
from fenhe.platform.registry.boundaries import Boundary, division
from fenhe.protocols.tables import reader

REQUIRED = ("code", "name")
OPTIONAL = ("name_en", "level", "parent")


def read_divisions(path: Path) -> list[Boundary]:
    """Return the divisions of a table: code of GB/T 2260, name, and what else is given.

    ``level`` and ``parent`` follow from the code unless given. Parents come first. Raises
    ``BadInput`` naming the row.
    """
    table = reader.open_table(path)
    if missing := [name for name in REQUIRED if name not in table.columns]:
        raise BadInput(
            f"has no column {', '.join(missing)}; known besides: {', '.join(OPTIONAL)}",
            place=Place(path.name),
        )
    order = {"province": 0, "city": 1, "county": 2}
    return sorted(_rows(path, table), key=lambda row: order[row.level])


def _rows(path: Path, table: reader.TextTable) -> Iterator[Boundary]:
    for batch in table.batches():
        for number, cells in zip(batch.rows, batch.frame.iter_rows(named=True), strict=True):
            yield division({**cells, "name_zh": cells["name"]}, Place(path.name, int(number)))
