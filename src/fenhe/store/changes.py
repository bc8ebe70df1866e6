"""What changed after a commit: the site-days whose values or flags are not what they were."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from fenhe.store.lake import Lake

# A day is the Beijing day of start: UTC + 8 h. A flag touches every day it covers.
_TOUCHED = """
WITH touched AS (
    SELECT series, start AS since, start AS until FROM observation
    WHERE commit > ? AND commit <= ?
    UNION ALL
    SELECT series, start, "end" - INTERVAL 1 MICROSECOND FROM flag
    WHERE commit > ? AND commit <= ?
    UNION ALL
    SELECT f.series, f.start, f."end" - INTERVAL 1 MICROSECOND
    FROM flag f JOIN flag_clear c ON c.flag = f.flag
    WHERE c.cleared_commit > ? AND c.cleared_commit <= ?
), """
_CHANGED = (
    _TOUCHED
    + """spans AS (
    SELECT DISTINCT series, (since + INTERVAL 8 HOUR)::DATE AS first,
           (until + INTERVAL 8 HOUR)::DATE AS last
    FROM touched
)
SELECT DISTINCT s.site, s.statistic, unnest(
    generate_series(p.first::TIMESTAMP, p.last::TIMESTAMP, INTERVAL 1 DAY))::DATE AS day
FROM spans p JOIN series s ON s.series = p.series
WHERE NOT list_contains(?::VARCHAR[], s.item)
ORDER BY site, statistic, day
"""
)
_HOURS = (
    _TOUCHED
    + """spans AS (
    SELECT DISTINCT s.site, date_trunc('hour', t.since) AS first, t.until AS last
    FROM touched t JOIN series s ON s.series = t.series
    WHERE starts_with(s.site, ?) AND regexp_matches(s.statistic, ?)
)
SELECT DISTINCT site, unnest(generate_series(first, last, INTERVAL 1 HOUR)) AS hour
FROM spans ORDER BY site, hour
"""
)


def changed(lake: Lake, after: int, until: int, without: Sequence[str] = ()) -> pl.DataFrame:
    """Return site, statistic, Beijing day touched by the commits ``after < n <= until``.

    New, late and corrected values, new flags and lifted flags; each day once.
    ``without``: items whose changes do not count.
    """
    return lake.read(_CHANGED, [*[after, until] * 3, list(without)])


def hours(lake: Lake, after: int, until: int, prefix: str, statistic: str) -> pl.DataFrame:
    """Return site, hour (its start, naive UTC) touched by the commits ``after < n <= until``.

    Only sites whose key begins with ``prefix`` and statistics that match the pattern.
    """
    return lake.read(_HOURS, [*[after, until] * 3, prefix, statistic])
