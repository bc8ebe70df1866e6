"""Patterns of fraud and failed facilities in the data of outlets: leads, never proof.

Detectors are pure; their numbers are an edition of tuning data, chosen on one simulated fleet and
reported on others. They know nothing of how faults are planted for tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import polars as pl

from fenhe.base.errors import BadInput
from fenhe.quality.patterns import behaviour, physics, shape
from fenhe.quality.patterns.hits import Hit
from fenhe.quality.patterns.outlet import Facts, Line, Outlet, Place, outlets
from fenhe.standards.model import Edition

__all__ = ["FINDING", "PATTERNS", "Facts", "Numbers", "Place", "detect", "numbers"]

Numbers = Mapping[str, Mapping[str, float]]
OfLine = Callable[[Outlet, Line, Mapping[str, float]], Iterator[Hit]]
OfOutlet = Callable[[Outlet, Mapping[str, float]], Iterator[Hit]]

_LINES: dict[str, OfLine] = {
    "F01": shape.constant,
    "F02": shape.low_variance,
    "F03": shape.random_band,
    "F04": shape.cut_at_limit,
    "F10": behaviour.calibrating_at_peaks,
    "F11": behaviour.missing_at_peaks,
    "F12": shape.equal_extremes,
    "F15": behaviour.backdated,
    "F16": shape.copied,
    "F19": behaviour.flag_abuse,
    "F20": shape.zero_plateau,
    "F21": behaviour.office_hours,
    "F22": shape.pinned,
}
_OUTLETS: dict[str, OfOutlet] = {
    "F06": physics.oxygen_dilution,
    "F07": physics.gases_without_load,
    "F09": physics.diluted_water,
    "F13": physics.mean_mismatch,
    "F14": physics.conversion_mismatch,
}
_EVERY_ITEM = frozenset({"F16"})  # not of pollutants alone
PATTERNS = tuple(sorted({*_LINES, *_OUTLETS}))
FINDING = {
    **dict.fromkeys(("site", "item", "pattern"), pl.String()),
    **dict.fromkeys(("start", "end"), pl.Datetime("us")),
    "score": pl.Float64(),
    "reason": pl.String(),
}


def numbers(edition: Edition) -> dict[str, dict[str, float]]:
    """Return the numbers of each pattern from an edition's table ``numbers``."""
    found: dict[str, dict[str, float]] = {}
    for row in edition.table("numbers").rows:
        found.setdefault(row["pattern"], {})[row["name"]] = float(row["value"])
    return found


def detect(
    records: pl.DataFrame,
    places: Mapping[str, Place],
    tuning: Numbers,
    only: Iterable[str] | None = None,
    outages: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return where patterns show: site, item, pattern, start, end, score, reason.

    ``records``: site, item, statistic, start, end (naive UTC), value; optional flag (the
    logger's letter) and sent_at (arrival, naive UTC). ``places``: what is known of each outlet;
    patterns are looked for in the items that have a range or a limit there. ``outages``: site,
    start, end of times in which a logger is known not to have been connected. A greater score is a
    plainer case; scores of different patterns do not compare. Raises ``BadInput`` for an unknown
    pattern.
    """
    names = PATTERNS if only is None else tuple(only)
    unknown = [name for name in names if name not in PATTERNS]
    if unknown:
        raise BadInput(f"unknown pattern '{unknown[0]}'; known are {', '.join(PATTERNS)}")
    rows = [
        (outlet.site, hit.item, hit.pattern, *_times(outlet, hit), hit.score, hit.reason)
        for outlet in outlets(records, places, outages)
        for hit in _hits(outlet, names, tuning)
    ]
    found = pl.DataFrame(rows, schema={**FINDING, "start": pl.Int64, "end": pl.Int64}, orient="row")
    return found.with_columns(pl.col("start", "end").cast(pl.Datetime("us"))).sort(
        "site", "start", "pattern", "item"
    )


def _hits(outlet: Outlet, names: Iterable[str], tuning: Numbers) -> Iterator[Hit]:
    for name in names:
        if name in _OUTLETS:
            yield from _OUTLETS[name](outlet, tuning[name])
            continue
        wide = name in _EVERY_ITEM
        for line in outlet.lines.values() if wide else outlet.pollutants:
            yield from _LINES[name](outlet, line, tuning[name])


def _times(outlet: Outlet, hit: Hit) -> tuple[int, int]:
    return int(outlet.start[hit.begin]), int(outlet.start[hit.end - 1]) + outlet.step
