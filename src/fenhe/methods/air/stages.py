"""The evaluation of air in stages, on anybody's frames: hours → site-days → city-days → periods.

What ``air.evaluate`` does in one go. The day frames are partials that can be kept: a
corrected hour touches one row of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any, TypeVar, cast

import narwhals as nw

from fenhe import standards
from fenhe.base.errors import BadInput
from fenhe.methods import calendar, frames, intake
from fenhe.methods import hours as hours_of
from fenhe.methods.air import compliance, dayvalues, spans
from fenhe.methods.air import periods as sums
from fenhe.methods.air.evaluation import ITEMS, PERIODS, EvaluationRules

F = TypeVar("F")

LEVELS = ("station", "city")


def rules(edition: str, grade: str = "II") -> EvaluationRules:
    """Return the rules of a GB 3095 edition, or of the one an HJ 663 edition stands for.

    ``grade``: I or II, also 1 or 2. Raises ``BadInput`` for what is not known.
    """
    found = standards.catalogue().edition(edition)
    return EvaluationRules.of(spans.ALIASES.get(found.id, found.id), grade)


def site_days(hours: F, rules: EvaluationRules, decimals: Mapping[str, int] | None = None) -> F:
    """Return the daily values of sites: one row per area and Beijing day that has a row.

    ``hours``: ``area``, ``start_hour`` (integer: hours since 1970-01-01 00:00 UTC), ``so2 …
    pm25`` (µg/m³, CO mg/m³; null, negative and sentinels are missing; a column that is not
    there is all missing). ``decimals`` declares those of float columns and saves the
    search. Returned: ``area``, ``day`` (yyyymmdd), and for each item ``_n`` (hours; ozone:
    8-hour means), ``_due`` (24; 17), ``_e6`` (mean · 10^6, null of nothing), ``_ok`` (meets
    the minimum of GB 3095, Table 4, and HJ 663, 6.1.2); ``repeated``: two rows for one hour,
    no values. Rounding: ``dayvalues.site_days``.
    """

    def made(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        frame, found = intake.numbers(frame, ITEMS, decimals)
        return dayvalues.site_days(hours_of.with_hour(frame, "time"), rules, found)

    return _on(hours, made)


def city_days(days: F, members: F, rules: EvaluationRules) -> F:
    """Return the daily values of cities: the mean of their valid sites (HJ 663, Table A.2).

    ``days``: as ``site_days`` returns it, ``area`` being the site. ``members``: ``area`` (city),
    ``site``, ``day``; one row for each city site that is due on a day. Returned: the same
    columns, ``_n`` and ``_due`` counting sites; one row per city and day of ``members``.
    """
    given = nw.from_native(cast("Any", members))
    return _on(days, lambda f: dayvalues.city_days(_marked(f), frames.as_lazy(given), rules))


def periods(
    days: F,
    rules: EvaluationRules,
    period: str,
    *,
    level: str = "station",
    judged: bool = True,
    reason: str | None = None,
    edition: str | None = None,
    finer: Collection[str] = (),
) -> F:
    """Return the evaluation of each day, month, quarter or year that has a row in ``days``.

    ``days``: as ``site_days`` or ``city_days`` returns it; a day that is not there has no
    data. ``level``: whether the days are a station's or a city's. ``judged`` False: figures
    and validity only, with ``reason``; ``edition`` then replaces the one told. ``finer``: items
    whose hours had more decimals than an hourly value has (``finer_than``). Columns: see
    ``fenhe methods show air.evaluate``; truth values are booleans here.
    """
    if period not in PERIODS:
        raise BadInput(f"'{period}' is no period; the periods are {', '.join(PERIODS)}")

    def made(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        how = {"judged": judged, "why": reason, "edition": edition, "finer": finer}
        return evaluated(_marked(frame), rules, period, level=level, **how)

    return _on(days, made)


def evaluated(
    days: nw.LazyFrame[Any], rules: EvaluationRules, period: str, **how: Any
) -> nw.LazyFrame[Any]:
    """Return the verdicts of a lazy day frame; see ``periods``."""
    if period == "day":
        figures = sums.single_days(days, rules)
    else:
        figures = sums.periods(days, rules, period)
    return compliance.judge(figures, rules, period, **how)


def finer_than(rules: EvaluationRules, decimals: Mapping[str, int]) -> tuple[str, ...]:
    """Return the items given with more decimals than an hourly value has."""
    return tuple(i for i in ITEMS if decimals.get(i, 0) > rules.hour_decimals[i])


def period_of(day: int, period: str) -> tuple[int, int]:
    """Return the first and last day of the period a day lies in, as yyyymmdd."""
    year, rest = divmod(day, 10_000)
    first, last = calendar.period_of(date(year, *divmod(rest, 100)), period)
    return intake.day_number(first), intake.day_number(last)


edition_of = spans.edition_of


def _marked(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    if dayvalues.REPEATED in frame.collect_schema():
        return frame
    return frame.with_columns(nw.lit(value=False).alias(dayvalues.REPEATED))


def _on(frame: F, function: Callable[[nw.LazyFrame[Any]], nw.LazyFrame[Any]]) -> F:
    given: Any = nw.from_native(cast("Any", frame))
    return cast("F", frames.like(given, function(frames.as_lazy(given)), same_rows=False))
