"""All checks over all series at once: ``run`` gives flags and what was looked at.

A flag is an interval in which a check does not pass; a coverage row an interval in which it
was made. A value that is covered and not flagged passed; one that is not covered was not
checked.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from fenhe.base.errors import BadInput
from fenhe.quality import cross, single, windows
from fenhe.quality.config import Config, Numbers
from fenhe.quality.flags import Quality
from fenhe.quality.points import KEY, Points, as_polars, laid_out
from fenhe.quality.single import Found

PART = 400_000  # points looked at together: their arrays stay in the cache


@dataclass(frozen=True)
class Check:
    """A check: the numbers its rules give, and how its limit and its finding are told."""

    name: str
    find: Callable[[Points, Numbers], Found]
    numbers: tuple[str, ...]
    limit: str
    reason: str
    all_values: bool = False  # also those that count nowhere: a void value is no gap


CHECKS: dict[str, Check] = {
    check.name: check
    for check in (
        Check("range", single.beyond_range, ("low", "high"), "{low} .. {high}", "{worst}"),
        Check("rate", single.too_fast, ("per_hour",), "{per_hour} /h", "{worst} /h"),
        Check("spike", single.spikes, ("above", "mean"), "{above} {mean}", "{worst}"),
        Check(
            "flat",
            single.flat_lines,
            ("minutes", "tolerance", "floor"),
            "{minutes} min, ± {tolerance}",
            "{worst} × {count}",
        ),
        Check(
            "low_variance",
            windows.low_variance,
            ("minutes", "below"),
            "{below} in {minutes} min",
            "{worst}",
        ),
        Check(
            "repeat",
            windows.repeats,
            ("values", "distinct"),
            "{values} values, {distinct} different",
            "{worst} min before",
        ),
        Check("gap", single.gaps, ("steps",), "{steps} steps", "{count} missing", all_values=True),
    )
}


#: Checks of several series together: cross here, neighbours where the places are known.
APART = (cross.CHECK, "neighbour")


class Result(NamedTuple):
    """What ``run`` returns."""

    flags: pl.DataFrame
    coverage: pl.DataFrame


FLAG = {
    **dict.fromkeys(KEY, pl.String()),
    **dict.fromkeys(("start", "end"), pl.Datetime("us")),
    **dict.fromkeys(("check", "version", "limit", "reason"), pl.String()),
}
COVERAGE = {name: kind for name, kind in FLAG.items() if name not in {"limit", "reason"}}


def run(
    frame: Any, config: Config, only: Iterable[str] | None = None, *, threads: int | None = None
) -> Result:
    """Check every series of a frame by the rules that fit it.

    ``frame`` (of any kind Narwhals knows): site, item, statistic, start, end (naive UTC, equal
    for instants), value; optional quality (values from ``VOID`` up are neither judged nor used
    as neighbours) and method (of the instrument, for its rules). ``only``: these checks alone.
    Returns flags (site, item, statistic, start, end, check, version, limit, reason) and
    coverage (without limit and reason). Raises ``BadInput`` for a missing column or an unknown
    check.
    """
    names = list(config.checks if only is None else only)
    wanted = _wanted(names)
    given = as_polars(frame)
    also = ("method",) if "method" in given.columns else ()
    points, rows = laid_out(given, config.reach, also)
    counting = _counting(points, rows)
    numbers = ((check, config.numbers(check.name, check.numbers, points.keys)) for check in wanted)
    due = [(check, each) for check, each in numbers if each is not None]
    parts = list(_parts(points, counting))
    workers = min(threads or os.cpu_count() or 1, max(len(parts), 1))
    with ThreadPoolExecutor(workers, thread_name_prefix="checks") as pool:
        found = list(pool.map(lambda part: _part(part, due, config.version), parts))
    flags = [flags for one in found for flags, _ in one]
    coverage = [seen for one in found for _, seen in one]
    if cross.CHECK in names:
        crossed, seen = cross.run(rows, config.relations, config.version)
        flags, coverage = [*flags, crossed], [*coverage, seen]
    return Result(
        pl.concat([pl.DataFrame(schema=FLAG), *flags]),
        pl.concat([pl.DataFrame(schema=COVERAGE), *coverage]),
    )


def _wanted(names: list[str]) -> list[Check]:
    """Return the checks of single series among the names; those of several are made apart."""
    known = [*CHECKS, *APART]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise BadInput(f"unknown check '{unknown[0]}'; known are {', '.join(known)}")
    return [CHECKS[name] for name in names if name in CHECKS]


@dataclass(frozen=True)
class _Slice:
    """Some series: all their values, those that count, and where they stand among all."""

    every: Points
    counting: Points
    begin: int


def _counting(points: Points, rows: pl.DataFrame) -> Points:
    if "quality" not in rows.columns:
        return points
    good = (rows["quality"] < int(Quality.VOID)).to_numpy()
    return points if good.all() else points.where(good)


def _parts(points: Points, counting: Points) -> Iterator[_Slice]:
    begin = 0
    for part in points.parts(PART):
        end = begin + len(part.counts)
        yield _Slice(part, part if counting is points else counting.cut(begin, end), begin)
        begin = end


def _part(
    piece: _Slice, due: list[tuple[Check, Numbers]], version: str
) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    """Return flags and coverage of each check on one part."""
    told = []
    for check, numbers in due:
        points = piece.every if check.all_values else piece.counting
        mine = numbers.part(piece.begin, piece.begin + len(points.counts))
        found = check.find(points, mine)
        told.append(
            (_flags(points, check, mine, found, version), _seen(points, check, found, version))
        )
    return told


def _flags(
    points: Points, check: Check, numbers: Numbers, found: Found, version: str
) -> pl.DataFrame:
    if not len(found.series):
        return pl.DataFrame(schema=FLAG)
    told = {name: _text(numbers[name][found.series]) for name in check.numbers}
    told |= {"worst": _text(found.worst), "count": pl.Series(found.count).cast(pl.String)}
    rows = points.keys[found.series].select(KEY)
    return rows.with_columns(
        pl.Series("start", found.start).cast(pl.Datetime("us")),
        pl.Series("end", found.end).cast(pl.Datetime("us")),
        check=pl.lit(check.name),
        version=pl.lit(version),
        limit=_filled(check.limit, told),
        reason=_filled(check.reason, told),
    ).select(list(FLAG))


def _seen(points: Points, check: Check, found: Found, version: str) -> pl.DataFrame:
    series, start, end = found.ran
    return (
        points.keys[series]
        .select(KEY)
        .with_columns(
            pl.Series("start", start).cast(pl.Datetime("us")),
            pl.Series("end", end).cast(pl.Datetime("us")),
            check=pl.lit(check.name),
            version=pl.lit(version),
        )
        .select(list(COVERAGE))
    )


def _text(figures: np.ndarray[Any, Any]) -> pl.Series:
    """Return figures as people write them: at most six digits, no idle zeros, '' for NaN."""
    return pl.Series(
        [f"{figure:.6g}" if not math.isnan(figure) else "" for figure in figures.tolist()]
    )


def _filled(template: str, told: dict[str, pl.Series]) -> pl.Series:
    """Return the template with the texts put in, row by row."""
    rows = zip(*(each.to_list() for each in told.values()), strict=True)
    filled = [template.format(**dict(zip(told, row, strict=True))).strip() for row in rows]
    return pl.Series(filled, dtype=pl.String)
