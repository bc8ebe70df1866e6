"""What every file becomes: named columns of text cells, in batches with row numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

from fenhe.base.errors import BadInput, Place
from fenhe.protocols.tables.decimals import read_cells

ROWS = 100_000
CELLS = 2_500_000  # of a batch: a table of a thousand columns comes in fewer rows at a time
_MB = 1024 * 1024
_AGAIN = re.compile(r" \(column \d+\)$")
_TIME = re.compile(r"\d{4}[-/.年]\d{1,2}([-/.月]\d{1,2}日?)?([T ]\d{1,2}(:\d{2}){0,2})?$")


@dataclass(frozen=True)
class Limits:
    """How much a file may hold; None is no limit. A zip bomb is refused under any limits."""

    file_bytes: int | None = None
    unpacked_bytes: int | None = None
    cells: int | None = None


NO_LIMITS = Limits()
WEB = Limits(file_bytes=50 * _MB, unpacked_bytes=200 * _MB, cells=20_000_000)


@dataclass(frozen=True)
class TextBatch:
    """Some records: every column String, null = empty cell; ``rows`` are their file rows."""

    frame: pl.DataFrame
    rows: pl.Series


@dataclass(frozen=True)
class TextTable:
    """A readable table: its columns, how its bytes were understood, and its records."""

    name: str
    kind: str
    columns: tuple[str, ...]
    source: Callable[[int], Iterator[TextBatch]] = field(repr=False)
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None

    def batches(self, rows: int | None = None) -> Iterator[TextBatch]:
        """Yield the records in file order, at most ``rows`` at a time; may be called again.

        Without a number a batch holds at most ``ROWS`` rows and about ``CELLS`` cells.

        Row numbers count records with the header as row 1 (JSON has no header: there
        the first record is 1; JSON lines count lines). Blank rows are left out and
        keep their number. Raises ``BadInput`` naming file, row and column.
        """
        rows = rows or max(1, min(ROWS, CELLS // len(self.columns)))
        for batch in self.source(rows):
            for start in range(0, batch.frame.height, rows):
                yield TextBatch(batch.frame.slice(start, rows), batch.rows.slice(start, rows))

    def read(self) -> TextBatch:
        """Return the whole table as one batch."""
        parts = list(self.batches())
        if not parts:
            schema = dict.fromkeys(self.columns, pl.String())
            return TextBatch(pl.DataFrame(schema=schema), pl.Series("row", [], dtype=pl.Int64))
        return joined(parts)


def joined(parts: Sequence[TextBatch]) -> TextBatch:
    """Return consecutive batches, at least one, as one."""
    if len(parts) == 1:
        return parts[0]
    frame = pl.concat([part.frame for part in parts], rechunk=True)
    return TextBatch(frame, pl.concat([part.rows for part in parts], rechunk=True))


def batch_of(frame: pl.DataFrame, first_row: int) -> TextBatch:
    """Number consecutive records from ``first_row`` and drop those without any cell."""
    rows = pl.int_range(first_row, first_row + frame.height, dtype=pl.Int64, eager=True)
    return without_blank(TextBatch(frame, rows.alias("row")))


def without_blank(batch: TextBatch) -> TextBatch:
    """Leave out records whose every cell is empty; the others keep their row numbers."""
    if batch.frame.height == 0 or batch.frame.to_series(0).null_count() == 0:
        return batch
    kept = batch.frame.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    if kept.all():
        return batch
    return TextBatch(batch.frame.filter(kept), batch.rows.filter(kept))


def spelled(column: str) -> str:
    """Return a column's name as the header spells it, without the mark of a repeated one."""
    return _AGAIN.sub("", column)


def _told_apart(names: Sequence[str]) -> list[str]:
    """Number what repeats: ``1441A`` a second time, as column 440, is ``1441A (column 440)``."""
    seen: set[str] = set()
    apart = []
    for number, name in enumerate(names, start=1):
        apart.append(f"{name} (column {number})" if name in seen else name)
        seen.add(name)
    return apart


def check_header(
    names: Sequence[str | None], file: str, *, repeated: bool = False
) -> tuple[str, ...]:
    """Return the column names, or say why row 1 does not name the columns.

    A name that occurs again is refused, or with ``repeated`` told apart by its column number.
    """
    clean = [(name or "").strip() for name in names]
    filled = [name for name in clean if name]
    if not filled:
        raise BadInput("row 1 is empty; it must name the columns", place=Place(file, 1))
    cells = read_cells(pl.Series(filled, dtype=pl.String))
    numbers = cells.mantissa.is_not_null().to_list()
    data = sum(n or bool(_TIME.match(name)) for n, name in zip(numbers, filled, strict=True))
    if data * 2 >= len(filled):
        raise BadInput(
            f"there is no header: row 1 holds values ({', '.join(filled[:4])}), not column names",
            place=Place(file, 1),
        )
    for number, name in enumerate(clean, start=1):
        if not name:
            raise BadInput(f"column {number} has no name", place=Place(file, 1))
    if repeated:
        return tuple(_told_apart(clean))
    counts = Counter(clean)
    for name in clean:
        if counts[name] > 1:
            where = ", ".join(str(i) for i, other in enumerate(clean, start=1) if other == name)
            raise BadInput(
                f"the name occurs more than once (columns {where})", place=Place(file, 1, name)
            )
    return tuple(clean)
