"""Run a method over a frame: choose the edition of each row by its day, keep the order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import narwhals as nw

from fenhe import standards
from fenhe.base.errors import BadInput
from fenhe.methods import exact, intake
from fenhe.methods.contract import Call, Method
from fenhe.standards import Edition

NOT_JUDGED, NO_EDITION, NO_DAY = "not_judged", "no_edition", "no_day"

_ROW = f"{intake.PRIVATE}row"


def editions(
    method: Method, named: Sequence[str] = (), on: date | None = None
) -> tuple[Edition | None, tuple[Edition, ...]]:
    """Return the one edition all rows are judged by, or None, and those a day may choose from.

    ``named`` holds edition ids, of any standard: a method's aliases say which edition a
    named one stands for, and those of standards it does not use are the caller's to report.
    An edition of the method's own standard goes before one of ``also``. Raises ``BadInput``
    when the method's rows have no day, several editions exist and none is chosen;
    ``NoEdition`` when none was in force ``on`` that day.
    """
    catalogue = standards.catalogue()
    known = catalogue.editions(method.standard)
    chosen = _chosen(method, named)
    if chosen is not None:
        return chosen, known
    if on is not None:
        return catalogue.on(method.standard, on), known
    if method.day is None and method.default_edition:
        return catalogue.edition(method.default_edition), known
    if method.day is None and len(known) > 1:
        ids = ", ".join(edition.id for edition in known)
        raise BadInput(
            f"{method.id} has no day column and {method.standard} has several editions: "
            f"choose one with --edition ({ids}) or a day with --on; in Python: edition=, on="
        )
    return (known[0] if method.day is None else None), known


def meant(method: Method, name: str) -> Edition:
    """Return the edition a name stands for under a method; ``BadInput`` lists the known ones."""
    catalogue = standards.catalogue()
    found = catalogue.edition(name)
    alias = method.aliases.get(found.id)
    return found if alias is None else catalogue.edition(alias)


def _chosen(method: Method, named: Sequence[str]) -> Edition | None:
    usable = {e.id: e for e in (meant(method, name) for name in named) if method.uses(e.standard)}
    own = [e for e in usable.values() if e.standard == method.standard]
    chosen = own or list(usable.values())
    if len(chosen) > 1:
        codes = " or ".join(dict.fromkeys(e.standard for e in chosen))
        raise BadInput(f"name one edition of {codes}, not {len(chosen)}")
    return chosen[0] if chosen else None


def run(
    method: Method,
    frame: nw.LazyFrame[Any],
    call: Call,
    edition: Edition | None,
    known: Sequence[Edition],
) -> nw.LazyFrame[Any]:
    """Return the frame with the method's columns, each row judged by the edition of its day.

    ``frame`` carries the columns of ``intake``; with ``edition`` given, all rows are
    judged by it. Rows keep their order where the engine has one (Polars). A row whose
    day no edition covers is ``not_judged`` with the reason ``no_edition``; one without a
    day ``no_day``.
    """
    if edition is not None:
        return _aligned(method.evaluate(frame, edition, call), frame, method, [edition], call)
    low, high, gaps = _span(frame)
    bounds = {e.id: _bounds(method, e) for e in known}
    used = [e for e in known if bounds[e.id][0] <= high and low <= bounds[e.id][1]]
    for e in used:
        if bounds[e.id][0] <= low and high <= bounds[e.id][1] and not gaps:
            return _aligned(method.evaluate(frame, e, call), frame, method, known, call)
    return _mixed(method, frame, call, used, known)


def _mixed(
    method: Method,
    frame: nw.LazyFrame[Any],
    call: Call,
    used: Sequence[Edition],
    known: Sequence[Edition],
) -> nw.LazyFrame[Any]:
    """Judge the rows of each edition on their own and put them back together."""
    ordered = frame.implementation.is_polars() and method.adds_columns
    if ordered:
        frame = nw.from_native(frame.to_native().with_row_index(_ROW))
    day = nw.col(intake.DAY)
    covered: nw.Expr = nw.lit(value=False)
    parts = []
    for edition in used:
        first, last = _bounds(method, edition)
        mine = (day >= first) & (day <= last)
        covered = covered | mine
        part = method.evaluate(frame.filter(mine), edition, call)
        parts.append(_aligned(part, frame, method, known, call))
    left = _unjudged(frame.filter(day.is_null() | ~covered), day)
    if not method.adds_columns:
        left = left.drop(method.numbers)
    parts.append(_aligned(left, frame, method, known, call))
    result = nw.concat(parts, how="vertical")
    return result.sort(_ROW).drop(_ROW) if ordered else result


def _unjudged(frame: nw.LazyFrame[Any], day: nw.Expr) -> nw.LazyFrame[Any]:
    why = nw.when(day.is_null()).then(nw.lit(NO_DAY)).otherwise(nw.lit(NO_EDITION))
    return frame.with_columns(status=nw.lit(NOT_JUDGED), reason=why)


def _bounds(method: Method, edition: Edition) -> tuple[int, int]:
    """Return the first and last day of an edition in the unit of the day column."""
    first, last = edition.in_force_from, edition.in_force_to or date.max
    if method.day is not None and method.day[1] == "hour":
        return intake.first_hour(first), intake.first_hour(last) + 23
    return intake.day_number(first), intake.day_number(last)


def _span(frame: nw.LazyFrame[Any]) -> tuple[int, int, bool]:
    """Return the first and last day of a frame and whether some row has none."""
    day = nw.col(intake.DAY)
    gap = nw.when(day.is_null()).then(1).otherwise(0)
    found = frame.select(low=day.min(), high=day.max(), gaps=gap.max()).collect()
    low, high, gaps = (found[c].to_list()[0] for c in ("low", "high", "gaps"))
    return (0, 0, True) if low is None else (int(low), int(high), bool(gaps))


_AS = {"integer": exact.integer, "number": exact.real}


def _aligned(
    part: nw.LazyFrame[Any],
    frame: nw.LazyFrame[Any],
    method: Method,
    known: Sequence[Edition],
    call: Call,
) -> nw.LazyFrame[Any]:
    """Give every part the same columns in the same order, and drop the private ones."""
    names = frame.collect_schema().names() if method.adds_columns else []
    kept = [n for n in names if n == _ROW or not n.startswith(intake.PRIVATE)]
    have = set(part.collect_schema().names())
    wanted = [nw.col(name) for name in kept]
    for column in method.outputs(known, call.trace):
        made = nw.col(column.name) if column.name in have else nw.lit(None)
        wanted.append(_AS.get(column.kind, exact.text)(made).alias(column.name))
    return part.select(wanted)
