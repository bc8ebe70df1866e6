"""The numbers of an air bulletin of one month: plain data, whoever computed them.

Numbers are ``Decimal`` with exactly the decimals that are published; nothing here or
later rounds. None is "there is no such value" and is shown as a dash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

# Order in the bulletin's tables; o3 is the 90th percentile of the daily maximum 8-hour mean,
# co the 95th percentile of the daily means, the others are means of the daily means.
ITEMS = ("pm25", "pm10", "so2", "no2", "co", "o3")
LEVELS = 6


@dataclass(frozen=True)
class Name:
    """A text in both languages; without English the Chinese stands for both."""

    zh: str
    en: str = ""

    def of(self, language: str) -> str:
        """Return the text in ``zh-CN`` or ``en``."""
        return self.en if language == "en" and self.en else self.zh


@dataclass(frozen=True)
class ItemMonth:
    """One item in one place over the month.

    ``value`` is µg/m³, for co mg/m³; ``valid_days`` of ``due_days``; ``multiple`` how many
    times the limit is exceeded by (None: it is not); ``complies`` None: not judged;
    ``index`` the item's share of the composite index. Where no limit applies to a month
    (GB 3095 has none for the basic items) ``limit``, ``multiple``, ``complies`` stay None
    and ``days_above`` tells the days whose daily value is above ``daily_limit``.
    """

    value: Decimal | None
    valid_days: int | None = None
    due_days: int | None = None
    limit: Decimal | None = None
    multiple: Decimal | None = None
    complies: bool | None = None
    index: Decimal | None = None
    days_above: int | None = None
    daily_limit: Decimal | None = None


@dataclass(frozen=True)
class Days:
    """Days of the month by AQI level, ``of_level[0]`` the best; ``unjudged`` had no AQI.

    ``good_share`` is the share of level 1 and 2 among the judged days, in percent.
    """

    of_level: tuple[int, int, int, int, int, int]
    unjudged: int
    good_share: Decimal | None


@dataclass(frozen=True)
class PlaceMonth:
    """One place. ``largest`` are the items with the largest index (several when tied).

    ``rank`` 1 is the best; ties share it. ``change`` is percent against the composite index
    of the same month of the year before, signed, below zero is better; ``change_rank`` 1 is
    the largest fall. ``reason`` are the codes of why there is no verdict.
    """

    name: Name
    items: Mapping[str, ItemMonth]
    index: Decimal | None = None
    largest: tuple[str, ...] = ()
    rank: int | None = None
    previous_index: Decimal | None = None
    change: Decimal | None = None
    change_rank: int | None = None
    days: Days | None = None
    previous_good_share: Decimal | None = None
    reason: tuple[str, ...] = ()


@dataclass(frozen=True)
class EditionUse:
    """An edition the bulletin rests on: its id, code and title, and what it was used for."""

    id: str
    code: str
    title: Name
    used_for: Name


@dataclass(frozen=True)
class UnverifiedValue:
    """A value no source confirms and on which numbers of the bulletin rest."""

    id: str
    meaning: Name
    edition: str
    clause: str | None = None


@dataclass(frozen=True)
class DustDay:
    """A day with sand dust in a place, and whether its PM stayed in the statistics."""

    place: Name
    day: date
    kept: bool


@dataclass(frozen=True)
class Dust:
    """How sand dust was treated: ``list`` by the days given, ``none_supplied`` no list there."""

    treatment: Literal["list", "none_supplied"]
    days: tuple[DustDay, ...] = ()
    rule: Name | None = None


@dataclass(frozen=True)
class Origin:
    """Where the numbers come from: one frozen run, or a computation outside of one.

    ``commit`` and ``run_hash`` are None for a draft; ``frozen_at`` is naive UTC and is the
    date written into the file.
    """

    assessment: str
    frozen_at: datetime
    commit: int | None = None
    run_hash: str | None = None
    code_version: str = ""


@dataclass(frozen=True)
class MonthlyReport:
    """Everything an air bulletin of one region and month says.

    ``aqi_edition`` is the edition of HJ 633 whose levels the days are counted by; without
    it the bulletin tells no days. ``place_word`` heads the columns of places, ``places_word``
    calls several of them in a sentence.
    """

    region: Name
    year: int
    month: int
    places: tuple[PlaceMonth, ...]
    editions: tuple[EditionUse, ...]
    origin: Origin
    aqi_edition: str | None = None
    place_word: Name = Name("城市", "City")
    places_word: Name = Name("城市", "cities")
    mean: PlaceMonth | None = None
    mean_rule: Name | None = None
    source: Name | None = None
    validity: tuple[Name, ...] = ()
    dust: Dust = field(default_factory=lambda: Dust("none_supplied"))
    unverified: tuple[UnverifiedValue, ...] = ()
    method: tuple[Name, ...] = ()
    notes: tuple[Name, ...] = ()
    limits_of: Name | None = None
