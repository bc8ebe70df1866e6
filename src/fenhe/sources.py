"""Pollution sources in Python: the methods of ``fenhe judge`` on your own data frames.

Frames may be pandas, Polars (eager or lazy), PyArrow, DuckDB relations or Spark
Connect frames; the same kind comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from fenhe.methods import frames
from fenhe.methods.sources.convert import CONVERT
from fenhe.methods.sources.exceedance import EXCEEDANCE
from fenhe.methods.sources.furnace import FURNACE
from fenhe.methods.sources.hourly import HOURLY
from fenhe.methods.sources.mass import MASS
from fenhe.methods.sources.recomputed import RECOMPUTED
from fenhe.methods.sources.share import SHARE
from fenhe.methods.sources.substitute import SUBSTITUTE
from fenhe.methods.sources.transmission import TRANSMISSION_RATE

F = TypeVar("F")


def convert(
    frame: F,
    *,
    state: str = "",
    basis: str = "",
    flow_state: str = "actual",
    pressure_unit: str = "Pa",
    edition: str | None = None,
    decimals: Mapping[str, int] | None = None,
    trace: bool = False,
) -> F:
    """Return the frame with each row at the dry standard state and at the reference oxygen.

    Columns read, all optional: ``value`` (or ``no`` and ``no2``), ``unit`` (mg/m3, ug/m3, ng/m3,
    ppm), ``item``, ``state`` (actual, standard), ``basis`` (wet, dry), ``temperature`` (°C),
    ``static_pressure``, ``ambient_pressure`` (Pa), ``moisture``, ``o2`` (%), ``o2_basis``,
    ``o2_ref`` (%) or ``alpha_ref``, ``flow`` (m³/h) or ``velocity``, ``section`` and
    ``velocity_factor``. Columns added: ``value_std``, ``value_dry``, ``o2_dry``, ``alpha``,
    ``reference``, ``converted``, ``flow_actual``, ``flow_dry``, ``mass`` (kg/h), ``alarm``,
    ``status``, ``reason``, ``unverified``, ``clauses``, ``edition``. Rounding and missing data:
    ``fenhe methods show sources.convert`` (HJ 212-2017, Appendix D). Raises ``BadInput`` for text
    where numbers are needed or an unknown parameter.
    """
    params = {
        "state": state,
        "basis": basis,
        "flow_state": flow_state,
        "pressure_unit": pressure_unit,
    }
    return frames.apply(
        CONVERT, frame, edition=edition, params=params, decimals=decimals, trace=trace
    )


def hourly(
    frame: F,
    *,
    period: str = "hour",
    medium: str = "gas",
    step: int | None = None,
    flow_item: str = "",
    flow_unit: str = "m3/s",
    flow_state: str = "standard",
    ambient_pressure: str = "",
    marks: str = "",
    edition: str | None = None,
    decimals: Mapping[str, int] | None = None,
    trace: bool = False,
) -> F:
    """Return valid hours (or days, minutes, ten minutes) from the records of instruments.

    Columns read: ``outlet``, ``item`` (factor code of HJ 212), ``start`` (naive Beijing time, or
    ``start_unix``), ``value`` (gas: dry at the standard state, mg/m³; ``a00000`` in ``flow_unit``;
    water: mg/L, ``w00000`` in L/s), ``flag`` (letter of HJ 212), ``mark`` (any text voids the
    row), ``o2_ref`` (%). Rows returned: one per outlet, item and period that has a row, sorted,
    with ``n_valid``, ``n_rows``, ``n_due``, ``n_void``, ``chain_minutes``, ``valid``, ``value``,
    ``o2``, ``converted``, ``flow``, ``volume``, ``mass`` (kg), ``status``, ``reason``, ``clauses``,
    ``edition``. ``step``: seconds a row stands for. ``marks``: spans that void data, as lines
    ``outlet,from,to,code,item``. Least numbers of valid data and rounding:
    ``fenhe methods show sources.hourly`` (HJ 75, HJ 356; HJ 212-2017, Appendix D).
    """
    params = {
        "period": period,
        "medium": medium,
        "step": "" if step is None else str(step),
        "flow_item": flow_item,
        "flow_unit": flow_unit,
        "flow_state": flow_state,
        "ambient_pressure": ambient_pressure,
        "marks": marks,
    }
    return frames.apply(
        HOURLY, frame, edition=edition, params=params, decimals=decimals, trace=trace
    )


def exceedance(
    frame: F,
    *,
    limit_set: str = "",
    averaging: str = "1h",
    sector: str = "",
    area: str = "",
    edition: str | None = None,
    decimals: Mapping[str, int] | None = None,
    trace: bool = False,
) -> F:
    """Return the frame with a verdict on each value of an outlet.

    Columns read: ``outlet``, ``item``, ``start`` (or ``start_unix``), ``value`` (converted value of
    gas, mean of water) and, where there are such, ``valid``, ``condition``, ``mark_late``,
    ``limit`` (of the permit), ``limit_set`` (``GB13271-2014/coal_boiler.new``, several joined by
    ``;``), ``sector``, ``area``, ``rated_load``, ``water_temperature``. Columns added:
    ``limit_used``, ``at_least``, ``reference_o2``, ``limit_from``, ``above``, ``verdict``
    (over, within, exempt, invalid, stopped, none), ``decides``, ``multiple``, ``episode``,
    ``episode_rows``, ``episode_start``, ``status``, ``reason``, ``unverified``, ``provisional``,
    ``clauses``, ``edition``. More: ``fenhe methods show sources.exceedance``.
    Raises ``BadInput`` for an unknown set.
    """
    params = {"limit_set": limit_set, "averaging": averaging, "sector": sector, "area": area}
    return frames.apply(
        EXCEEDANCE, frame, edition=edition, params=params, decimals=decimals, trace=trace
    )


def share(frame: F, *, limit_set: str = "", edition: str | None = None) -> F:
    """Return the share of the hours of each month that comply, for sets judged by it.

    Columns read: ``outlet``, ``item``, ``start``, ``verdict`` (of ``exceedance``), ``limit_set``.
    Rows returned: one an outlet, item, set and month, with the counts, ``share``, ``needed`` (%),
    ``meets``, ``status``, ``reason``, ``unverified``, ``provisional``, ``clauses``, ``edition``.
    """
    return frames.apply(SHARE, frame, edition=edition, params={"limit_set": limit_set})


def furnace(
    frame: F, *, edition: str | None = None, decimals: Mapping[str, int] | None = None
) -> F:
    """Return how many five-minute means of a furnace lie below the limit of a day.

    Columns read: ``outlet``, ``start``, ``value`` (°C), ``mark``, ``condition``. Rows returned: one
    an outlet and day with ``n_judged``, ``n_marked``, ``n_due``, ``n_below``, ``at_least``,
    ``allowed``, ``violation``, ``status``, ``reason``, ``unverified``, ``provisional``,
    ``clauses``, ``edition``.
    """
    return frames.apply(FURNACE, frame, edition=edition, decimals=decimals)


def substitute(
    frame: F,
    *,
    medium: str = "gas",
    edition: str | None = None,
    decimals: Mapping[str, int] | None = None,
) -> F:
    """Return each hour with the value that stands in for a missing one, beside the measured.

    Columns read: ``outlet``, ``item``, ``start``, ``value`` (gas: mass of the hour, kg; water:
    mean), ``valid``, ``condition``. Rows returned: one an hour between the first and last row
    of an outlet and item: ``value``, ``valid``, ``gap_hours``, ``capture`` (%), ``window``,
    ``n_before``, ``substituted``, ``value_used``, ``status``, ``reason``, ``unverified``,
    ``clauses``, ``edition``. Rules: HJ 75 and HJ 356, ``fenhe methods show sources.substitute``.
    """
    params = {"medium": medium}
    return frames.apply(SUBSTITUTE, frame, edition=edition, params=params, decimals=decimals)


def mass(
    frame: F,
    *,
    period: str = "month",
    medium: str = "gas",
    edition: str | None = None,
    decimals: Mapping[str, int] | None = None,
) -> F:
    """Return the emission mass of each period, measured and with substitution.

    Columns read: ``outlet``, ``item``, ``start`` of hours, ``mass`` (gas, kg) or ``value`` (mg/L)
    and ``volume`` (m³) of water, ``valid``, ``condition``, ``permit`` (t a year). Rows returned:
    one an outlet, item and ``period`` (day, month, quarter, year) with counts of hours,
    ``mass_measured``, ``mass_substituted``, ``mass_total`` (kg), ``share_substituted`` (%),
    ``year_total``, ``permit_used`` (%), ``over_permit``, ``status``, ``reason``, ``unverified``,
    ``provisional``, ``clauses``, ``edition``. Rules: ``fenhe methods show sources.mass``.
    """
    params = {"period": period, "medium": medium}
    return frames.apply(MASS, frame, edition=edition, params=params, decimals=decimals)


def transmission_rate(
    frame: F,
    *,
    period: str = "day",
    step: int = 3600,
    by: str = "item",
    late_days: int | None = None,
    edition: str | None = None,
    decimals: Mapping[str, int] | None = None,
) -> F:
    """Return transmission, validity and effective rate of each period with their counts.

    Columns read: ``outlet``, ``item``, ``start``, ``value`` (empty: not received), ``valid``,
    ``flag``, ``condition`` (stopped, approved, standard_check), ``arrived`` (or
    ``arrived_unix``). Rows returned: one an outlet, item (``by="outlet"``: ``*``) and period
    (hour, day, month, quarter, year) with ``n_due``, ``n_received``, ``n_due_valid``, ``n_valid``,
    ``n_stopped``, ``n_checked``, ``n_late``, ``n_too_late``, ``transmission``, ``validity``,
    ``effective`` (%), ``meets_target``, ``status``, ``reason``, ``unverified``, ``provisional``,
    ``clauses``, ``edition``. Rules: ``fenhe methods show sources.transmission_rate``.
    """
    late = "" if late_days is None else str(late_days)
    params = {"period": period, "step": str(step), "by": by, "late_days": late}
    return frames.apply(TRANSMISSION_RATE, frame, edition=edition, params=params, decimals=decimals)


def recomputed(
    frame: F, *, edition: str | None = None, decimals: Mapping[str, int] | None = None
) -> F:
    """Return the frame with the difference of reported and recomputed values.

    Columns read, in pairs: ``value`` and ``reported_value``, ``converted`` and
    ``reported_converted``, ``mass`` and ``reported_mass``. Columns added: of each pair
    ``…_difference`` (% of the recomputed) and ``…_agrees``; ``status``, ``reason``
    (``differs:mass``), ``unverified``, ``clauses``, ``edition``. The tolerance is that of the
    edition of HJ 75.
    """
    return frames.apply(RECOMPUTED, frame, edition=edition, decimals=decimals)
