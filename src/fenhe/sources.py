"""Pollution sources in Python: the methods of ``fenhe judge`` on your own data frames.

Frames may be pandas, Polars (eager or lazy), PyArrow, DuckDB relations or Spark
Connect frames; the same kind comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from fenhe.methods import frames
from fenhe.methods.sources.convert import CONVERT
from fenhe.methods.sources.hourly import HOURLY

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
    ``edition``. ``step``: seconds a row stands for. Least numbers of valid data and rounding:
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
    }
    return frames.apply(
        HOURLY, frame, edition=edition, params=params, decimals=decimals, trace=trace
    )
