"""A method on anybody's data frame: in by its own kind, out by the same kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar, cast

import narwhals as nw
import polars as pl

from fenhe.base.errors import BadInput
from fenhe.methods import across, days, hours, intake, moments
from fenhe.methods.contract import Call, DayKind, Method
from fenhe.methods.names import read_as
from fenhe.methods.run import editions, run

F = TypeVar("F")

#: An integer column with the day as yyyymmdd may stand in for the time or date column.
DAY = "day"


def apply(
    method: Method,
    frame: F,
    *,
    edition: str | None = None,
    on: date | None = None,
    params: Mapping[str, str] | None = None,
    decimals: Mapping[str, int] | None = None,
    trace: bool = False,
) -> F:
    """Return the frame with the method's columns, as the kind of frame that was given.

    pandas and PyArrow are computed in Polars, lazy frames and relations where they are.
    Raises ``BadInput`` when a column the method needs is not there, or holds text where
    numbers are needed.
    """
    given: Any = nw.from_native(cast("Any", frame))
    lazy = as_lazy(given)
    chosen, known = editions(method, read_as(method, [edition] if edition else []), on)
    day = across.day_read(method, by_day=chosen is None)
    _check(method, lazy, day)
    if day is not None:
        lazy = _with_day(day, lazy, eager=isinstance(given, nw.DataFrame))
    lazy, found = intake.numbers(lazy, method.numbers, decimals, method.signed)
    read = method.read_params(params or {})
    chosen, read = across.editions_given(method, read, chosen, known)
    result = run(method, lazy, Call(found, read, trace), chosen, known)
    return cast("F", like(given, result, same_rows=method.adds_columns))


def as_lazy(given: Any) -> nw.LazyFrame[Any]:
    """Return a Narwhals frame as a lazy one; pandas and PyArrow are computed in Polars."""
    if isinstance(given, nw.LazyFrame):
        return given
    if not given.implementation.is_polars():
        given = nw.from_native(given.to_polars(), eager_only=True)
    lazy: nw.LazyFrame[Any] = given.lazy()
    return lazy


def like(given: Any, result: nw.LazyFrame[Any], *, same_rows: bool) -> Any:
    """Return a result as the kind of native frame that was given."""
    if isinstance(given, nw.LazyFrame):
        return result.to_native()
    table: pl.DataFrame = result.to_native().collect(engine="streaming")
    if given.implementation.is_polars():
        return table
    if given.implementation.is_pyarrow():
        return table.to_arrow()
    made = table.to_pandas()
    if same_rows:
        made.index = given.to_native().index
    return made


def _check(method: Method, frame: nw.LazyFrame[Any], day: tuple[str, DayKind] | None) -> None:
    names = frame.collect_schema().names()
    every = across.all_rows(method)
    needed = [
        c.name for c in method.inputs if not c.optional and (every or c.kind in ("number", "code"))
    ]
    if day and day[0] not in needed:
        needed.append(day[0])
    missing = [name for name in needed if name not in names]
    if day and day[1] != "hour" and DAY in names and day[0] in missing:
        missing.remove(day[0])
    if method.day is None and hours.START_HOUR in names:
        times = {c.name for c in method.inputs if c.kind == "time"}
        missing = [name for name in missing if name not in times]
    if moments.START_UNIX in names:
        starts = {c.name for c in method.inputs if c.kind == "start"}
        missing = [name for name in missing if name not in starts]
    if missing:
        have = ", ".join(names)
        raise BadInput(f"{method.id} needs the columns {', '.join(missing)}; there are: {have}")


def _with_day(
    day: tuple[str, DayKind], frame: nw.LazyFrame[Any], *, eager: bool
) -> nw.LazyFrame[Any]:
    """Add the Beijing day of each row's start."""
    column, kind = day
    schema = frame.collect_schema()
    if kind == "hour":
        return frame.with_columns(nw.col(column).alias(intake.DAY))
    if DAY in schema and schema[DAY].is_integer():
        return frame.with_columns(nw.col(DAY).alias(intake.DAY))
    dtype = schema[column]
    if dtype == nw.String and eager:
        return _with_text_day(frame, column, kind)
    start = nw.col(column)
    if dtype == nw.Datetime and kind == "time":
        start = start.dt.offset_by("-1h")
    elif dtype not in (nw.Datetime, nw.Date) or (kind == "time" and dtype == nw.Date):
        raise BadInput(
            f"column '{column}' holds {dtype}, not timestamps; an integer column '{DAY}' "
            "(yyyymmdd) may stand in for it"
        )
    return frame.with_columns(days.of_timestamps(start).alias(intake.DAY))


def _with_text_day(frame: nw.LazyFrame[Any], column: str, kind: str) -> nw.LazyFrame[Any]:
    table: pl.DataFrame = frame.to_native().collect()
    read = days.of_end_labels if kind == "time" else days.of_dates
    day = read(table[column])
    bad = table[column].filter(day.is_null() & table[column].is_not_null())
    if len(bad):
        raise BadInput(f"column '{column}': '{bad[0]}' is not a {kind}")
    return nw.from_native(table.with_columns(day.alias(intake.DAY)).lazy())
