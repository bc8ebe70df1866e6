"""Air quality in Python: the methods of ``fenhe judge`` on your own data frames.

Frames may be pandas, Polars (eager or lazy), PyArrow, DuckDB relations or Spark
Connect frames; the same kind comes back, with the columns of the method added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TypeVar

from fenhe.methods import frames
from fenhe.methods.air.area import AREA_HOURLY
from fenhe.methods.air.iaqi import IAQI
from fenhe.methods.air.report import AQI_DAILY, AQI_HOURLY
from fenhe.methods.air.rose import ROSE

F = TypeVar("F")


def aqi_hourly(
    frame: F,
    *,
    edition: str | None = None,
    on: date | None = None,
    exempt: Sequence[str] = (),
    decimals: Mapping[str, int] | None = None,
    trace: bool = False,
) -> F:
    """Return the frame with the hourly AQI of each row under HJ 633.

    Columns read: ``so2 no2 co o3 pm10 pm25`` (1-hour means, µg/m³, ``co`` mg/m³) and,
    unless ``edition`` or ``on`` is given, ``time``: end of the hour in Beijing time, as
    a naive timestamp (or text such as ``2018-02-20 07:00`` in eager frames), or ``day``
    as the integer yyyymmdd of the hour's start.

    Columns added: ``iaqi_<item>``, ``aqi``, ``aqi_of_available``, ``primary`` (codes joined
    by ``;``), ``category`` 1-6, ``status``, ``reason``, ``unverified``, ``edition``.

    Floats are read as the decimals they were written with; ``decimals`` declares them
    (``{"co": 1}``) and saves the search. Missing values, rounding and ``exempt``
    (HJ633-2026, 5.3.2): see ``fenhe methods show air.aqi_hourly``. Raises ``BadInput``
    for missing columns or text where numbers are needed, ``NoEdition`` for an ``on``
    before the first edition; rows of such days are ``not_judged``, ``no_edition``.
    """
    params = {"exempt": ",".join(exempt)}
    return frames.apply(
        AQI_HOURLY, frame, edition=edition, on=on, params=params, decimals=decimals, trace=trace
    )


def aqi_daily(
    frame: F,
    *,
    edition: str | None = None,
    on: date | None = None,
    exempt: Sequence[str] = (),
    decimals: Mapping[str, int] | None = None,
    trace: bool = False,
) -> F:
    """Return the frame with the daily AQI of each row under HJ 633.

    Columns read: ``so2 no2 co pm10 pm25`` (24-hour means), ``o3_8h`` (largest 8-hour mean
    of the day), under HJ633-2012 also ``o3_1h`` (largest 1-hour mean) where there is
    one, and ``date`` (a date, ``2026-03-01`` in eager frames) or ``day`` (yyyymmdd) unless
    ``edition`` or ``on`` is given. Units, columns added, errors: as ``aqi_hourly``, with
    ``iaqi_o3_8h`` and, where HJ633-2012 may judge, ``iaqi_o3_1h``.
    """
    params = {"exempt": ",".join(exempt)}
    return frames.apply(
        AQI_DAILY, frame, edition=edition, on=on, params=params, decimals=decimals, trace=trace
    )


def iaqi(
    frame: F,
    *,
    edition: str | None = None,
    on: date | None = None,
    decimals: Mapping[str, int] | None = None,
    trace: bool = False,
) -> F:
    """Return the frame with the individual index of each row's concentration.

    Columns read: ``item`` (``PM25_24h``, ``CO_1h``, …) and ``conc`` (µg/m³, CO mg/m³).
    Columns added: ``iaqi``, ``status``, ``reason``, ``unverified``, ``edition``. The rows
    have no day: ``edition`` or ``on`` chooses the edition, else ``BadInput``.
    """
    return frames.apply(
        IAQI, frame, edition=edition, on=on, params={}, decimals=decimals, trace=trace
    )


def area_hourly(
    frame: F,
    *,
    edition: str | None = None,
    on: date | None = None,
    decimals: Mapping[str, int] | None = None,
) -> F:
    """Return the hourly values of cities from those of their sites under HJ 663.

    Columns read: ``area``, ``site``, ``start_hour`` (integer: hours since 1970-01-01 00:00
    UTC), ``item`` (``so2 no2 co o3 pm10 pm25``), ``value`` (µg/m³, CO mg/m³). Give city
    sites only, one row for each site that is due, with a null value where none is.
    Rows returned: one per area, hour and item, sorted, with ``value``, ``decimals``,
    ``mean`` (at 10^-6), ``n_valid``, ``n_due``, ``status``, ``reason``, ``unverified``,
    ``edition``. Rounding and the least share of sites: ``fenhe methods show
    air.area_hourly``. Errors: as ``aqi_hourly``.
    """
    return frames.apply(AREA_HOURLY, frame, edition=edition, on=on, decimals=decimals)


def rose(
    frame: F,
    *,
    calm: str = "",
    classes: str = "",
    decimals: Mapping[str, int] | None = None,
) -> F:
    """Return hours sorted by wind: one row per sector and class of speed that occurs.

    Columns read: ``ws`` (m/s), ``value`` of an item, and the direction as ``wd`` (degrees, 360
    is north) or ``wd_sector`` (N … NNW, C calm). ``calm`` and ``classes`` (``"2,4,6"``, ``"all"``)
    in m/s stand instead of the settings of ROSE-2026. Columns returned: ``sector``,
    ``direction``, ``class``, ``ws_from``, ``ws_to``, ``n``, ``n_valid``, ``share`` (per cent of
    the hours with known wind), ``mean``, ``status``, ``reason``, ``edition``. Hours without wind
    are rows of their own; see ``fenhe methods show air.rose``. Errors: as ``aqi_hourly``.
    """
    params = {"calm": calm, "classes": classes}
    return frames.apply(ROSE, frame, params=params, decimals=decimals)
