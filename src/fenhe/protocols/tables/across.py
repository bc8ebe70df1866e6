"""Tables of one row a time and type and one column a station, turned to one cell a row."""

from __future__ import annotations

import polars as pl

from fenhe.protocols.tables.feeds.model import Feed
from fenhe.protocols.tables.table import spelled

KEYS = ("raw_row", "city", "time", "row_reason")


def cells_of(
    feed: Feed, frame: pl.DataFrame, names: tuple[str, ...], *, other: bool = False
) -> pl.DataFrame:
    """Return the filled cells of the rows whose type is one of ``names``.

    ``frame`` holds the row's keys (``KEYS``) beside the text columns of the file. Adds
    ``station``, the column's name as the header spells it, ``text`` and ``column``; a station
    whose column occurs twice has two cells. ``other``: of the rows of any other type.
    """
    assert feed.item_column is not None  # noqa: S101 - the loader asks for it
    mine = pl.col(feed.item_column).str.strip_chars().is_in(names).fill_null(value=False)
    stations = feed.stations_in(frame.columns)
    cells = (
        frame.filter(~mine if other else mine)
        .unpivot(stations, index=list(KEYS), variable_name="column", value_name="text")
        .filter(pl.col("text").is_not_null())
    )
    named = {column: spelled(column) for column in stations if spelled(column) != column}
    station = pl.col("column").replace(named) if named else pl.col("column")
    return cells.with_columns(station.alias("station"))
