"""A year of daily indices as a calendar and as a list: the level of each day by colour and number.

A day without a cell is missing and shown as missing; a day that has not come is not shown.
"""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from fenhe.platform.web import addresses, levels, words

#: Columns of a day's cell that a calendar reads.
READ = ["aqi", "category", "primary", "status", "reason", "unverified", "in_force"]


@dataclass(frozen=True)
class Series:
    """The daily indices of one place under one edition: day -> cell."""

    assessment: str
    key: str
    edition: str
    cells: Mapping[date, Mapping[str, Any]]

    @property
    def years(self) -> list[int]:
        """The years that have any cell, newest first."""
        return sorted({day.year for day in self.cells}, reverse=True)

    def days(self, year: int, until: date) -> list[dict[str, Any]]:
        """Return every day of a year up to the last that has come, missing ones too."""
        last = min(date(year, 12, 31), max(until, max(self.cells, default=until)))
        first = date(year, 1, 1)
        return [self.day(first + timedelta(n)) for n in range((last - first).days + 1)]

    def day(self, day: date) -> dict[str, Any]:
        """Return one day: level, name, index, primary pollutant, address of its evidence."""
        cell = self.cells.get(day)
        if cell is None:
            return {"day": day, "level": None, "aqi": None, "name": _("no data"), "primary": "",
                    "codes": None, "reason": _("no data"), "unverified": "", "url": "",
                    "title": f"{day} · {_('no data')}"}  # fmt: skip
        level = levels.level_named(cell["category"], self.edition)
        primary = words.items_text(cell["primary"])
        reason = ""
        if cell["aqi"] is None:
            reason = words.reason_text(cell["reason"]) or _("no data")
        name = level.name if level else ""
        index = f"AQI {cell['aqi']}" if cell["aqi"] is not None else ""
        told = (day.isoformat(), index, name, primary, reason)
        return {
            "day": day,
            "level": level.number if level else None,
            "aqi": cell["aqi"],
            "name": name,
            "primary": primary,
            "codes": cell["primary"],
            "reason": reason,
            "unverified": cell["unverified"] or "",
            "url": addresses.evidence(self.assessment, self.key, day.isoformat()),
            "title": " · ".join(part for part in told if part),
        }


def series(assessment: str, key: str, edition: str, cells: pl.DataFrame) -> Series:
    """Return the series of day cells that have their Beijing ``day``."""
    found = {row["day"]: row for row in cells.iter_rows(named=True)}
    return Series(assessment, key, edition, found)


def months(days: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the months of a year of days, each as weeks of seven days from Monday."""
    by_day = {one["day"]: one for one in days}
    if not by_day:
        return []
    year = next(iter(by_day)).year
    found = []
    for month in range(1, 13):
        weeks = [
            [by_day.get(day) if day.month == month else None for day in week]
            for week in Calendar().monthdatescalendar(year, month)
        ]
        if any(day for week in weeks for day in week):
            name = date_format(date(year, month, 1), pgettext("date format", "M"))
            found.append({"name": name, "number": month, "weeks": weeks})
    return found


def counted(days: Iterable[Mapping[str, Any]], edition: str) -> dict[str, Any]:
    """Return how many days each level has, how many are without an index, and the words for it."""
    numbers = [one["level"] for one in days]
    told = [(numbers.count(x.number), x.name) for x in levels.levels(edition)]
    none = sum(n is None for n in numbers)
    return {
        "levels": [
            {"number": x.number, "name": x.name, "range": x.range, "n": numbers.count(x.number)}
            for x in levels.levels(edition)
        ],
        "none": none,
        "said": words.counted([*told, (none, _("without an index"))]),
    }


def frame(key: str, days: Iterable[Mapping[str, Any]], edition: str) -> pl.DataFrame:
    """Return the days as a table: exactly what calendar and list show."""
    rows = [
        {
            "place": key,
            "day": one["day"].isoformat(),
            "aqi": one["aqi"],
            "level": one["level"],
            "category": one["name"] if one["level"] else None,
            "primary": one["codes"],
            "reason": one["reason"] or None,
            "unverified": one["unverified"] or None,
            "edition": edition,
        }
        for one in days
    ]
    schema = {"aqi": pl.Int64, "level": pl.Int64, "category": pl.String, "primary": pl.String,
              "reason": pl.String, "unverified": pl.String}  # fmt: skip
    return pl.DataFrame(rows, schema_overrides=schema, infer_schema_length=None)
