"""From the flags that stand to those that are due: what to raise and what to lift.

Flags are compared as sets of time, so that a stretch that grows raises its new part only, and
one that shrinks is lifted and raised where it still holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from fenhe.quality.checks import FLAG

Interval = tuple[datetime, datetime]
Key = tuple[str, str, str]  # site, item, statistic


@dataclass(frozen=True)
class Change:
    """Flags to raise, and the numbers of standing ones to lift."""

    raised: pl.DataFrame
    lifted: list[int]


def change(
    due: pl.DataFrame, standing: pl.DataFrame, settled: pl.DataFrame, looked: Mapping[Key, Interval]
) -> Change:
    """Return how the standing flags come to those that are due where was looked.

    ``due``: flags as ``checks.run`` gives them. ``standing``: the same with ``flag``, its number.
    ``settled``: site, item, statistic, start, end, check of flags a person has lifted, which are
    not raised again. ``looked``: the span of each series that ``due`` is complete for; outside
    it nothing changes.
    """
    wanted, have = _by_key(due), _by_key(standing)
    quiet = _by_key(settled)
    rows: list[dict[str, Any]] = []
    lifted: list[int] = []
    for key in sorted({*wanted, *have}):
        span = looked.get((key[0], key[1], key[2]))
        if span is not None:
            new, gone = _one(wanted[key], have[key], quiet[key], span)
            rows += new
            lifted += gone
    return Change(pl.DataFrame(rows, schema=FLAG), lifted)


def _by_key(flags: pl.DataFrame) -> defaultdict[tuple[str, ...], list[dict[str, Any]]]:
    found: defaultdict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in flags.iter_rows(named=True):
        found[row["site"], row["item"], row["statistic"], row["check"]].append(row)
    return found


def _one(
    due: list[dict[str, Any]],
    have: list[dict[str, Any]],
    quiet: list[dict[str, Any]],
    span: Interval,
) -> tuple[list[dict[str, Any]], list[int]]:
    """Return what to raise and to lift of one check on one series."""
    wanted = [{**row, "start": s, "end": e} for row in due for s, e in _common(_of(row), span)]
    union = _union(_of(row) for row in wanted)
    gone, rows, held = [], [], []
    for flag in have:
        inside = _common(_of(flag), span)
        if all(not _without(part, union) for part in inside):
            held.append(_of(flag))
            continue
        gone.append(int(flag["flag"]))
        rows += [_piece(flag, part) for part in _without(_of(flag), [span])]
    done = _union([*held, *(_of(row) for row in quiet)])
    for row in wanted:
        parts = _without(_of(row), done)
        rows += [_piece(row, part) for part in parts]
        done = _union([*done, *parts])
    return rows, gone


def _of(row: Mapping[str, Any]) -> Interval:
    return row["start"], row["end"]


def _piece(row: Mapping[str, Any], part: Interval) -> dict[str, Any]:
    return {name: row[name] for name in FLAG} | {"start": part[0], "end": part[1]}


def _common(one: Interval, other: Interval) -> list[Interval]:
    start, end = max(one[0], other[0]), min(one[1], other[1])
    return [(start, end)] if start < end else []


def _union(intervals: Iterable[Interval]) -> list[Interval]:
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _without(one: Interval, others: list[Interval]) -> list[Interval]:
    """Return the parts of an interval that lie in none of the others (in order, apart)."""
    parts, start = [], one[0]
    for begin, end in others:
        if end <= start or begin >= one[1]:
            continue
        if begin > start:
            parts.append((start, begin))
        start = max(start, end)
    return [*parts, (start, one[1])] if start < one[1] else parts
