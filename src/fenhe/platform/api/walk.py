"""Pages of what the store holds: objects in order, a few at a time, never more than is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from django.http import HttpRequest

from fenhe.platform import owner
from fenhe.platform.api import cursors, reach, times, words
from fenhe.platform.api.errors import ApiError

LONGEST = timedelta(days=400)
ROWS_READ = 200_000  # about so many are read at a time
READS = 40  # after so many a page ends, even when it is short
Read = Callable[[list[str]], pl.DataFrame]


@dataclass(frozen=True)
class Walk:
    """What is walked: objects in order, about how many rows each has, how they are read.

    ``key`` begins with the object and ends with the start.
    """

    objects: Sequence[str]
    rows_each: int
    read: Read
    key: Sequence[str]


@dataclass(frozen=True)
class Span:
    """What is asked of: starts from and before (naive UTC), as of a commit."""

    start: datetime
    end: datetime
    as_of: int


def span(
    request: HttpRequest,
    start: str | None,
    end: str | None,
    as_of: int | None,
    longest: timedelta = LONGEST,
) -> Span:
    """Return the span of a request; a cursor holds to the commit its first page was of.

    Without ``start`` it is the 7 days before ``end``, without ``end`` the end of what there is.
    Raises 422 for a span that is empty or too long.
    """
    place = cursors.read(request)
    commit = reach.commit(as_of) if place is None else int(place[0])
    stop = times.read(end, "end", ends=True) if end else _newest(place)
    begin = times.read(start, "start") if start else stop - timedelta(days=7)
    if begin >= stop:
        raise ApiError(422, "the span ends before it starts", where="end")
    if stop - begin > longest:
        raise ApiError(422, f"at most {longest.days} days at a time", where="start")
    return Span(begin, stop, commit)


def _newest(place: list[Any] | None) -> datetime:
    """Return the end of the newest hour of air; while paging, that of the first page."""
    if place is not None:
        return datetime.fromisoformat(place[1])
    store = owner.store()
    extent = store.extent("1h", words.ITEMS) or store.extent("1h")
    return extent[1] if extent else datetime(2000, 1, 1)


def page(request: HttpRequest, walk: Walk, asked: Span, limit: int) -> dict[str, Any]:
    """Return ``data`` (a frame), ``next`` and ``as_of``: rows in the order of the key.

    A page may be short, or empty, before the end: what counts is ``next``.
    """
    place = cursors.read(request)
    after = place[2:] if place else []
    left = _left(walk.objects, after)
    at_once = max(1, ROWS_READ // max(walk.rows_each, 1))
    found: list[pl.DataFrame] = []
    height = done = 0
    while done < len(left) and height <= limit and len(found) < READS:
        rows = walk.read(list(left[done : done + at_once])).sort(walk.key)
        found.append(_after(rows, walk.key, after))
        height += found[-1].height
        done += at_once
    whole = pl.concat(found) if found else walk.read([])
    shown = whole.head(limit)
    last: list[Any] = []
    if whole.height > limit:
        last = _place(shown, walk.key)
    elif done < len(left):
        last = [left[done - 1], *([None] * (len(walk.key) - 1))]
    marked = [asked.as_of, asked.end.isoformat(), *last]
    return {
        "data": shown,
        "next": cursors.make(request, marked) if last else None,
        "as_of": asked.as_of,
    }


def _left(objects: Sequence[str], after: list[Any]) -> Sequence[str]:
    """Return the objects from a place on; one that is done with is not read again.

    Otherwise a page of a single read could end where it began, for ever.
    """
    if not after:
        return objects
    done = after[1] is None
    return [one for one in objects if one > after[0] or (one == after[0] and not done)]


def _place(shown: pl.DataFrame, key: Sequence[str]) -> list[Any]:
    row = shown.select(key).row(-1)
    return [part.isoformat() if isinstance(part, datetime) else part for part in row]


def _after(rows: pl.DataFrame, key: Sequence[str], after: list[Any]) -> pl.DataFrame:
    """Leave out the rows up to a place; None in a place: the object is done with."""
    if not after:
        return rows
    *names, time = key
    beyond = pl.col(key[0]) > after[0]
    if after[1] is None:
        return rows.filter(beyond)
    here = pl.col(key[0]) == after[0]
    for name, value in zip(names[1:], after[1:-1], strict=True):
        beyond |= here & (pl.col(name) > value)
        here &= pl.col(name) == value
    return rows.filter(beyond | (here & (pl.col(time) > datetime.fromisoformat(after[-1]))))
