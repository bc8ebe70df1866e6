"""Air quality in Python: the methods of ``fenhe judge`` on your own data frames.

Frames may be pandas, Polars (eager or lazy), PyArrow, DuckDB relations or Spark
Connect frames; the same kind comes back, with the columns of the method added.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date
from io import StringIO
from typing import TypeVar

from fenhe.methods import frames
from fenhe.methods.air.area import AREA_HOURLY
from fenhe.methods.air.categories import DAYS_BY_CATEGORY
from fenhe.methods.air.change import CHANGE_RANK
from fenhe.methods.air.composite import COMPOSITE_INDEX
from fenhe.methods.air.dust import DUST_DEDUCTION
from fenhe.methods.air.evaluate import CITY_DAY, DAY_VALUES, EVALUATE, PERIOD
from fenhe.methods.air.exceedance import EXCEEDANCE
from fenhe.methods.air.iaqi import IAQI
from fenhe.methods.air.ozone_day import MDA8
from fenhe.methods.air.percentile import PERCENTILE
from fenhe.methods.air.reference_state import REFERENCE_STATE
from fenhe.methods.air.report import AQI_DAILY, AQI_HOURLY
from fenhe.methods.air.rose import ROSE
from fenhe.methods.air.target import TARGET, TARGET_DAILY
from fenhe.methods.air.trend import TREND
from fenhe.methods.air.warning import WARNING_LEVEL

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


def composite_index(
    frame: F,
    *,
    edition: str | None = None,
    decimals: Mapping[str, int] | None = None,
    trace: bool = False,
) -> F:
    """Return the frame with the composite index, load shares and rank of each area.

    Columns read: ``area``; ``so2 no2 pm10 pm25`` (means of the period) and ``co`` (95th
    percentile of daily means), ``o3`` (90th of the daily 8-hour maximum), µg/m³, ``co``
    mg/m³; ``period`` where ranks are formed within periods. ``edition``: ``RANK-2018``
    (default), ``EQUAL-2026`` or ``WEIGHTED-2026`` (unverified). Columns added:
    ``i_<item>``, ``i_sum``, ``i_max``, ``max_item``, ``share_<item>`` (%), ``rank``,
    ``status``, ``reason``, ``unverified``, ``edition``. An area that lacks an item is
    ``not_judged`` and unranked; equal indices share the lowest rank. Rounding: ``fenhe
    methods show air.composite_index``. Errors: as ``aqi_hourly``.
    """
    return frames.apply(COMPOSITE_INDEX, frame, edition=edition, decimals=decimals, trace=trace)


def change_rank(
    frame: F, *, edition: str | None = None, decimals: Mapping[str, int] | None = None
) -> F:
    """Return the frame with each area's rate of change and its ranks (排名方案 of 2017).

    Columns read: ``area``, ``i_now``, ``i_prev`` (composite indices), ``compliant`` (yes or
    no: the six items all meet Grade II) and ``period`` where there are such. Columns
    added: ``rate`` (%), ``rank_improved``, ``rank_worsened``, ``status``, ``reason``,
    ``unverified``, ``edition``. Errors: as ``aqi_hourly``.
    """
    return frames.apply(CHANGE_RANK, frame, edition=edition, decimals=decimals)


def warning_level(
    frame: F, *, edition: str | None = None, regime: str = "", trace: bool = False
) -> F:
    """Return the frame with the warning level of each day of a series of daily AQI.

    Columns read: ``area``, ``date`` (or ``day``, yyyymmdd), ``aqi``. Columns added:
    ``level`` (yellow, orange, red, before 2019 also blue; null for none): the highest whose
    start conditions the run of days around the day meets; ``episode``,
    ``episode_level`` and ``series_level``; ``status``, ``reason``, ``unverified``,
    ``edition``. Each day goes by the regime of its date unless ``edition``
    (``WARNING-2019``) or ``regime`` (``2019``, or by area ``太原:2019,大同:2024``) says
    otherwise. A missing day ends a run. Errors: as ``aqi_hourly``.
    """
    return frames.apply(
        WARNING_LEVEL, frame, edition=edition, params={"regime": regime}, trace=trace
    )


def days_by_category(frame: F, *, edition: str | None = None, period: str = "all") -> F:
    """Return the days of each category, the share of good days and the heavy days.

    Columns read: ``area``, ``date`` (or ``day``), ``category`` (1 to 6) or ``aqi``.
    ``period``: ``all`` (first to last day of an area), ``year``, ``quarter``, ``month``.
    One row an area and period: ``period_start``, ``period_end``, ``days_1`` … ``days_6``,
    ``n_valid``, ``n_due``, ``n_missing``, ``good_days``, ``good_share`` (% of valid days),
    ``heavy_days``, ``status``, ``reason``, ``unverified``, ``edition``. Errors: as
    ``aqi_hourly``.
    """
    return frames.apply(DAYS_BY_CATEGORY, frame, edition=edition, params={"period": period})


def target(frame: F, *, edition: str | None = None, decimals: Mapping[str, int] | None = None) -> F:
    """Return the frame with the distance to an annual target and the mean still allowed.

    Columns read: ``area``, ``item`` (``so2 no2 pm10 pm25``), ``target`` and
    ``mean_to_date`` (µg/m³), ``days_done``, ``days_in_year``. Columns added: ``gap``,
    ``meets``, ``days_rest``, ``allowed_mean_rest`` (null with a reason when no day is left
    or none would do), ``status``, ``reason``, ``unverified``, ``edition``. Rounding:
    ``fenhe methods show air.target``. Errors: as ``aqi_hourly``.
    """
    return frames.apply(TARGET, frame, edition=edition, decimals=decimals)


def target_daily(
    frame: F, *, edition: str | None = None, decimals: Mapping[str, int] | None = None
) -> F:
    """Return ``target`` from daily values: one row an area, item and year.

    Columns read: ``area``, ``item``, ``date`` (or ``day``), ``value`` and ``target``
    (µg/m³). Days to come are those after the last row; missing days before it are left
    out of the annual mean. Errors: as ``aqi_hourly``.
    """
    return frames.apply(TARGET_DAILY, frame, edition=edition, decimals=decimals)


def dust_deduction(
    frame: F,
    *,
    dust: Sequence[tuple[str, date, date]] = (),
    edition: str | None = None,
    decimals: Mapping[str, int] | None = None,
) -> F:
    """Return the frame with particles as they are and with dust days taken out.

    Columns read: ``area``, ``date`` (or ``day``), ``pm10``, ``pm25`` (µg/m³, daily).
    ``dust`` lists area, first and last day of each dust event; a column ``dust`` (yes or
    no) may say it too. Columns added: ``dust_day``, ``<item>_kept``, ``<item>_removed``
    with the number of their days in the area (``n_…``), ``dust_days``, ``status``,
    ``reason``, ``unverified``, ``edition``. Errors: as ``aqi_hourly``, and ``BadInput``
    when nothing tells the dust days.
    """
    listed = StringIO()
    csv.writer(listed).writerows(dust)
    params = {"dust": listed.getvalue()}
    return frames.apply(DUST_DEDUCTION, frame, edition=edition, params=params, decimals=decimals)


def reference_state(
    frame: F, *, result_decimals: int | None = None, decimals: Mapping[str, int] | None = None
) -> F:
    """Return the frame with gas concentrations declared at 273 K brought to 298 K.

    Columns read: ``item``, ``value`` (µg/m³, CO mg/m³), ``state`` (273 or 298, as
    declared). Columns added: ``value_298``, ``factor``, ``status``, ``reason``,
    ``unverified``, ``edition``. The product is exact, or rounded half-even to
    ``result_decimals``; particles and values at 298 K stay as they are. Errors: as
    ``aqi_hourly``.
    """
    params = {"decimals": "" if result_decimals is None else str(result_decimals)}
    return frames.apply(REFERENCE_STATE, frame, params=params, decimals=decimals)


def evaluate(
    frame: F,
    *,
    period: str = "year",
    level: str = "station",
    grade: str = "2",
    straddle: str = "",
    edition: str | None = None,
    on: date | None = None,
    decimals: Mapping[str, int] | None = None,
) -> F:
    """Return the evaluation of stations or cities by GB 3095 and HJ 663, from hourly values.

    Columns read: ``station``, ``time`` (end of the hour in Beijing time, naive; or the integer
    ``start_hour``: hours since 1970-01-01 00:00 UTC), ``so2 no2 co o3 pm10 pm25`` (1-hour means,
    µg/m³, ``co`` mg/m³); for ``level="city"`` ``city`` and, where there is one, ``city_site``.
    Rows returned: one per area and ``period`` (day, month, quarter, year), sorted, with the mean,
    count, validity, percentile, multiple and compliance of each item: ``fenhe methods show
    air.evaluate``; truth values are the texts true and false. A period that lies in two
    editions is judged only if ``straddle`` (first, last) says by which. Raises ``BadInput`` for
    missing columns, a label that is not a whole hour, or an unknown parameter.
    """
    params = {"period": period, "level": level, "grade": grade, "straddle": straddle}
    return frames.apply(EVALUATE, frame, edition=edition, on=on, params=params, decimals=decimals)


def days(
    frame: F,
    *,
    grade: str = "2",
    edition: str | None = None,
    decimals: Mapping[str, int] | None = None,
) -> F:
    """Return the daily values of stations from hourly values: the first stage of ``evaluate``.

    Columns read: those of ``evaluate``. Rows returned: one per ``area`` and ``date`` that has a
    row, with each item's valid daily value (ozone: daily maximum 8-hour mean) at 10^-6, its
    mean of what there is, counts and validity. Errors: as ``evaluate``.
    """
    return frames.apply(
        DAY_VALUES, frame, edition=edition, params={"grade": grade}, decimals=decimals
    )


def city_days(
    frame: F, *, edition: str | None = None, decimals: Mapping[str, int] | None = None
) -> F:
    """Return the daily values of cities from those of their sites (HJ 663, Table A.2).

    Columns read: ``area`` (city), ``site``, ``date``, the six items as valid daily values; one
    row for each site that is due on a day, empty where it has no valid value. Rows returned:
    as ``days``. Least share of sites: ``fenhe methods show air.city_day``.
    """
    return frames.apply(CITY_DAY, frame, edition=edition, decimals=decimals)


def periods(
    frame: F,
    *,
    period: str = "year",
    grade: str = "2",
    straddle: str = "",
    edition: str | None = None,
    on: date | None = None,
    decimals: Mapping[str, int] | None = None,
) -> F:
    """Return the evaluation of days, months, quarters or years from daily values.

    Columns read: ``area``, ``date``, the six items as daily values (``o3``: daily maximum 8-hour
    mean), µg/m³, ``co`` mg/m³; a value that is there counts as valid. Rows returned, parameters
    and errors: as ``evaluate``.
    """
    params = {"period": period, "grade": grade, "straddle": straddle}
    return frames.apply(PERIOD, frame, edition=edition, on=on, params=params, decimals=decimals)


def mda8(
    frame: F,
    *,
    grade: str = "2",
    edition: str | None = None,
    on: date | None = None,
    decimals: Mapping[str, int] | None = None,
    trace: bool = False,
) -> F:
    """Return the frame with the daily maximum 8-hour mean of ozone of each row (HJ 663, 6.1.2).

    Columns read: ``h01 … h24`` (hourly means by the hour they end at, µg/m³) and, unless
    ``edition`` or ``on`` is given, ``date``. Columns added: ``mda8`` (whole µg/m³),
    ``valid_windows``, ``valid`` (true, false), ``status``, ``reason``, ``unverified``, ``edition``.
    """
    params = {"grade": grade}
    return frames.apply(
        MDA8, frame, edition=edition, on=on, params=params, decimals=decimals, trace=trace
    )


def percentile(
    frame: F,
    *,
    p: str = "",
    edition: str | None = None,
    decimals: Mapping[str, int] | None = None,
    trace: bool = False,
) -> F:
    """Return a percentile of the values of each area, and item where there is one (A.6).

    Columns read: ``area``, ``value`` and, where there is one, ``item``. ``p`` as text (``"95"``);
    without it the one the edition evaluates the item by. Rows returned: ``area``, ``item``,
    ``p``, ``n``, ``value`` at 10^-6. Raises ``BadInput`` when there is neither ``p`` nor ``item``.
    """
    params = {"p": p}
    return frames.apply(
        PERCENTILE, frame, edition=edition, params=params, decimals=decimals, trace=trace
    )


def exceedance(
    frame: F,
    *,
    grade: str = "2",
    edition: str | None = None,
    on: date | None = None,
    decimals: Mapping[str, int] | None = None,
    trace: bool = False,
) -> F:
    """Return the frame with compliance and the multiple of the exceedance of each value.

    Columns read: ``value`` and either ``limit`` or ``item`` and ``averaging`` (1h, 24h, mda8,
    annual), for which ``edition`` or ``on`` finds the limit. Columns added: ``limit_used``,
    ``compliant`` (true, false), ``multiple`` (two decimals, null at or below the limit),
    ``status``, ``reason``, ``unverified``, ``edition``.
    """
    params = {"grade": grade}
    return frames.apply(
        EXCEEDANCE, frame, edition=edition, on=on, params=params, decimals=decimals, trace=trace
    )


def trend(
    frame: F,
    *,
    level: str = "0.05",
    edition: str | None = None,
    decimals: Mapping[str, int] | None = None,
) -> F:
    """Return the trend of each area's annual values by rank correlation (HJ 663, Annex B).

    Columns read: ``area``, ``year``, ``value``. Rows returned: one per area with ``n``, ``rs``,
    ``critical`` and ``trend`` (up, down, none); fewer than 5 years, a number of years the table
    lacks, or a coefficient equal to the critical value are ``not_judged``.
    """
    return frames.apply(TREND, frame, edition=edition, params={"level": level}, decimals=decimals)
