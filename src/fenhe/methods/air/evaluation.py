"""The rules of an evaluation as typed values: limits of GB 3095, the rest of HJ 663."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fenhe import standards
from fenhe.base.errors import BadInput
from fenhe.methods import exact
from fenhe.standards import Edition, Row, Value, glossary

ITEMS = ("so2", "no2", "co", "o3", "pm10", "pm25")
PERIODS = ("day", "month", "quarter", "year")
LIMITS, EVALUATION = "GB3095", "HJ663"


@dataclass(frozen=True)
class Statistic:
    """One figure of a period: a mean or a percentile of one item, and what it is held against."""

    name: str  # pm25, pm25_p95
    item: str
    percentile: int | None
    told: int  # decimals it is told with
    compared: int  # decimals it is compared with
    limit: Decimal | None  # None: GB 3095 has no limit for it
    counted: bool = True  # in the narrower reading of a complying year
    unverified: str | None = None  # id of a limit that is not firm

    @property
    def scaled_limit(self) -> int:
        """The limit as an integer at the decimals of the comparison."""
        return exact.scaled(self.limit or Decimal(0), self.compared)


@dataclass(frozen=True)
class EvaluationRules:
    """What one edition of GB 3095 and the HJ 663 beside it say of the six basic items."""

    edition: str
    method: str
    grade: str
    hour_decimals: Mapping[str, int]
    day_hours: int  # least hours of a daily mean
    window_hours: int  # least hours of an 8-hour mean
    windows: int  # least 8-hour means of a daily maximum
    first_window: int
    last_window: int
    ozone: Statistic  # the daily maximum, whose exceedance counts also with fewer means
    share: int
    share_small: int
    small_below: int
    year_days: int
    month_days: int
    february_days: int
    month_days_alone: int  # of a month that is evaluated by itself
    february_days_alone: int
    quarter_days: int | None  # None: no source gives it
    multiple_decimals: int
    statistics: Mapping[str, tuple[Statistic, ...]]  # period -> figures, in the order of columns
    ids: Mapping[str, str]  # short name -> value id
    unverified: Mapping[str, str]  # short name -> id, of what is not firm

    @property
    def days(self) -> tuple[Statistic, ...]:
        """The six daily values."""
        return self.statistics["day"]

    @property
    def windows_due(self) -> int:
        """How many 8-hour means a day has."""
        return self.last_window - self.first_window + 1

    @classmethod
    def of(cls, edition: str | Edition, grade: str = "II") -> EvaluationRules:
        """Return the rules of a GB 3095 edition, with the HJ 663 in force when it began.

        Raises ``BadInput`` for an edition that asks for a rule these formulas do not know.
        """
        catalogue = standards.catalogue()
        limits = catalogue.edition(edition) if isinstance(edition, str) else edition
        if limits.standard != LIMITS:
            raise BadInput(f"{limits.id} is not an edition of {LIMITS}")
        how = catalogue.on(EVALUATION, limits.in_force_from)
        level = glossary.grade(grade)
        values = {name: how.value(name) for name in _NAMES}
        for name, known in _KNOWN.items():
            if values[name].text != known:
                raise BadInput(f"{values[name].id} is not '{known}', which this version computes")
        figures = {period: _statistics(limits, how, level, period) for period in PERIODS}
        return cls(
            edition=limits.id,
            method=how.id,
            grade=level,
            hour_decimals=_decimals(how, "hour_decimals"),
            ozone=next(s for s in figures["day"] if s.item == "o3"),
            statistics=figures,
            ids={name: value.id for name, value in values.items()},
            unverified={name: v.id for name, v in values.items() if v.known and not v.firm},
            **_minima(limits),
            **_numbers(values),
        )


_KNOWN = {
    "city_day": "mean_of_city_sites",
    "city_mda8": "mean_of_site_mda8",
    "hour_rounding": "half_even",
    "hour_rounding_order": "before_use",
    "day_value": "mean_of_hours",
    "period_mean": "mean_of_daily_means",
    "percentile_rule": "linear_between_ranks",
    "percentile_validity": "annual_days",
    "mda8_exceeding_counts": "valid",
    "statistic_rounding": "half_even",
    "compare": "rounded",
    "multiple_rule": "over_limit_by_limit",
    "multiple_value": "compared",
    "city_year_compliance": "all_statistics",
}
_INTEGERS = {
    "windows": "mda8_windows_min",
    "first_window": "mda8_first_window",
    "last_window": "mda8_last_window",
    "share": "city_share",
    "share_small": "city_share_small",
    "small_below": "city_small_below",
    "month_days_alone": "month_minimum",
    "february_days_alone": "month_minimum_february",
    "multiple_decimals": "multiple_decimals",
}
_NAMES = (*_KNOWN, *_INTEGERS.values(), "quarter_minimum")


def _numbers(values: Mapping[str, Value]) -> dict[str, Any]:
    found: dict[str, Any] = {k: values[name].integer for k, name in _INTEGERS.items()}
    quarter = values["quarter_minimum"]
    return {**found, "quarter_days": quarter.integer if quarter.known else None}


def _minima(limits: Edition) -> dict[str, int]:
    table = limits.table("validity")
    month = table.one(rule="annual_days_month")
    return {
        "day_hours": int(table.one(rule="daily_hours")["minimum"]),
        "window_hours": int(table.one(rule="eight_hour")["minimum"]),
        "year_days": int(table.one(rule="annual_days")["minimum"]),
        "month_days": int(month["minimum"]),
        "february_days": int(month["minimum_february"]),
    }


def _decimals(how: Edition, table: str) -> dict[str, int]:
    return {row["item"]: int(row["decimals"]) for row in how.table(table) if row["item"] in ITEMS}


def _statistics(limits: Edition, how: Edition, grade: str, period: str) -> tuple[Statistic, ...]:
    """Return mean and percentiles of a period; months and quarters have the year's, no limits."""
    told = _decimals(how, "day_decimals" if period == "day" else "statistic_decimals")
    compared = _decimals(how, "compliance_decimals")
    rows = {
        (row["item"], row["percentile"]): row
        for row in how.table("evaluation_items").where(period="day" if period == "day" else "year")
    }
    keys: list[tuple[str, int | None]] = [(item, None) for item in ITEMS]
    keys += sorted((k for k in rows if k[1] is not None), key=lambda k: ITEMS.index(k[0]))
    judged = period in ("day", "year")
    return tuple(
        Statistic(
            name=item if percentile is None else f"{item}_p{percentile}",
            item=item,
            percentile=percentile,
            told=told[item],
            compared=compared[item],
            counted=percentile is None or item in ("co", "o3"),
            **_limit(limits, rows.get((item, percentile)) if judged else None, item, grade),
        )
        for item, percentile in keys
    )


def _limit(limits: Edition, row: Row | None, item: str, grade: str) -> dict[str, Any]:
    if row is None:
        return {"limit": None}
    limit = limits.limit(item, row["limit"], grade)
    return {"limit": limit.number, "unverified": None if limit.firm else limit.id}
