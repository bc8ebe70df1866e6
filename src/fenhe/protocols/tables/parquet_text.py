"""Parquet as text cells: floats by their shortest text, decimals exact."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from fenhe.base.errors import BadInput, Place
from fenhe.protocols.tables.decimals import shortest
from fenhe.protocols.tables.table import Limits, TextBatch, TextTable, batch_of, check_header


def open_parquet(path: Path, name: str, limits: Limits) -> TextTable:
    """Open a Parquet file; the schema is checked now, the rows are read in batches."""
    try:
        lazy = pl.scan_parquet(path, glob=False)
        schema = lazy.collect_schema()
        height = int(lazy.select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _damaged(error, name) from None
    columns = check_header(list(schema), name)
    if columns != tuple(schema):
        raise BadInput("a column name starts or ends with a space", place=Place(name, 1))
    if limits.cells is not None and height * len(columns) > limits.cells:
        raise BadInput(
            f"the file has {height * len(columns)} cells, more than the {limits.cells} accepted "
            "here; use the command line for files of this size",
            place=Place(name),
        )
    for column, dtype in schema.items():
        _check_type(column, dtype, name)

    def source(rows: int) -> Iterator[TextBatch]:
        row = 2
        try:
            for frame in lazy.collect_batches(chunk_size=rows, maintain_order=True):
                yield batch_of(pl.DataFrame([_text(part) for part in frame]), row)
                row += frame.height
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _damaged(error, name) from None

    return TextTable(name, "parquet", columns, source)


def _damaged(error: Exception, name: str) -> BadInput:
    return BadInput(f"the Parquet file can not be read: {error}", place=Place(name))


def _check_type(column: str, dtype: pl.DataType, name: str) -> None:
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object, pl.Duration):
        raise BadInput(f"cells of type {dtype} are not read", place=Place(name, None, column))
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        raise BadInput(
            f"times with a zone ({dtype.time_zone}) are not read; write them without one",
            place=Place(name, None, column),
        )


def _text(series: pl.Series) -> pl.Series:
    """Write a column as text, exactly; an empty text is an empty cell."""
    dtype = series.dtype
    if dtype.is_float():
        return shortest(series)
    if isinstance(dtype, pl.Datetime):
        whole = (series.dt.epoch("us") % 1_000_000 == 0).all()
        return series.dt.strftime("%Y-%m-%d %H:%M:%S" if whole else "%Y-%m-%d %H:%M:%S%.6f")
    text = series.cast(pl.String)
    return text.to_frame().select(pl.when(text.str.len_bytes() > 0).then(text)).to_series()
