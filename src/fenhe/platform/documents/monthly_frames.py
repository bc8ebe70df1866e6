"""From the frames of the methods to the places of a monthly report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import polars as pl

from fenhe.platform.documents.monthly import ITEMS, LEVELS, Days, ItemMonth, Name, PlaceMonth
from fenhe.standards import Edition

# The statistic of each item that enters the composite index, as ``air.period`` names it.
STATISTICS = {
    "so2": "so2_mean",
    "no2": "no2_mean",
    "pm10": "pm10_mean",
    "pm25": "pm25_mean",
    "co": "co_p95",
    "o3": "o3_p90",
}
DAILY = {"o3": "mda8"}  # averaging of the daily limit; the other items: 24h
SHOWN_OF_CHANGE = 1

Row = Mapping[str, Any]
NOTHING: Row = {}


@dataclass(frozen=True)
class Frames:
    """What the methods gave, one row an area, each with a column ``area``.

    ``period``: ``air.period`` or ``air.evaluate`` of the month; ``index``:
    ``air.composite_index`` of its statistics; ``daily``: ``air.period`` with
    ``period=day``, a row an area and day; ``days`` and ``previous_days``:
    ``air.days_by_category``, of the latter ``good_share`` alone will do; ``indices``: the
    daily AQI the days were counted by; ``change``: ``air.change_rank`` against the same month
    of the year before.
    """

    period: pl.DataFrame
    index: pl.DataFrame
    daily: pl.DataFrame | None = None
    days: pl.DataFrame | None = None
    previous_days: pl.DataFrame | None = None
    change: pl.DataFrame | None = None
    indices: pl.DataFrame | None = None

    def each(self) -> Iterator[pl.DataFrame]:
        """Yield the frames there are."""
        for field in fields(self):
            frame = getattr(self, field.name)
            if frame is not None:
                yield frame


@dataclass(frozen=True)
class Rules:
    """Editions the frames were judged by: limits (GB 3095), decimals (HJ 663), index, grade."""

    limits: Edition
    evaluation: Edition
    index: Edition
    grade: str = "II"


def unverified_ids(frames: Frames) -> tuple[str, ...]:
    """Return the ids of the unverified values that any row rests on, sorted."""
    found: set[str] = set()
    for frame in frames.each():
        if "unverified" in frame.columns:
            for ids in frame["unverified"].drop_nulls().unique():
                found.update(part for part in ids.split(";") if part)
    return tuple(sorted(found))


def places(frames: Frames, names: Mapping[str, Name], rules: Rules) -> tuple[PlaceMonth, ...]:
    """Return one place for each area of ``names``; an area without a row has no values."""
    made = _Tables(frames)
    return tuple(_place(area, name, made, rules) for area, name in names.items())


class _Tables:
    """The frames as rows by area."""

    def __init__(self, frames: Frames) -> None:
        self.period = _by_area(frames.period)
        self.index = _by_area(frames.index)
        self.days = _by_area(frames.days)
        self.previous_days = _by_area(frames.previous_days)
        self.change = _by_area(frames.change)
        self.above = _above(frames.daily)


def _by_area(frame: pl.DataFrame | None) -> dict[str, Row]:
    return {} if frame is None else {row["area"]: row for row in frame.iter_rows(named=True)}


def _above(daily: pl.DataFrame | None) -> dict[str, Row]:
    """Count the days of each area whose value of an item is above the limit; None: none valid."""
    if daily is None:
        return {}
    counts = [
        pl.when((pl.col(f"{item}_compliant") != "").any())
        .then((pl.col(f"{item}_compliant") == "false").sum())
        .alias(item)
        for item in ITEMS
    ]
    texts = [pl.col(f"{i}_compliant").cast(pl.String).str.to_lowercase() for i in ITEMS]
    known = daily.with_columns(texts)
    return _by_area(known.group_by("area").agg(counts))


def _place(area: str, name: Name, tables: _Tables, rules: Rules) -> PlaceMonth:
    period, index = tables.period.get(area, NOTHING), tables.index.get(area, NOTHING)
    change, decimals = tables.change.get(area, NOTHING), rules.index.value("index_decimals").integer
    above, before = tables.above.get(area, NOTHING), tables.previous_days.get(area, NOTHING)
    return PlaceMonth(
        name=name,
        items={item: _item(item, period, index, above, rules) for item in ITEMS},
        index=decimal(index.get("i_sum"), decimals),
        largest=_codes(index.get("max_item")),
        rank=index.get("rank"),
        previous_index=decimal(change.get("i_prev"), decimals),
        change=decimal(change.get("rate"), SHOWN_OF_CHANGE),
        change_rank=change.get("rank_improved"),
        days=_days(tables.days.get(area)),
        previous_good_share=_plain(before.get("good_share")),
        reason=_codes(index.get("reason")) if index else ("no_data",),
    )


def _item(item: str, period: Row, index: Row, above: Row, rules: Rules) -> ItemMonth:
    column = STATISTICS[item]
    base = column.removesuffix("_mean")
    valid = _true(period.get(f"{item}_valid"))
    shown = rules.evaluation.table("statistic_decimals").one(item=item)["decimals"]
    limit = rules.limits.limit(item, DAILY.get(item, "24h"), rules.grade)
    complies = period.get(f"{base}_compliant")
    return ItemMonth(
        value=decimal(period.get(column), shown) if valid else None,
        valid_days=period.get(f"{item}_n_valid"),
        due_days=period.get(f"{item}_n_due"),
        multiple=_plain(period.get(f"{base}_multiple")),
        complies=None if complies in (None, "") else _true(complies),
        index=decimal(index.get(f"i_{item}"), rules.index.value("index_decimals").integer),
        days_above=above.get(item),
        daily_limit=limit.number,
    )


def _true(told: bool | str | None) -> bool:
    """Read a truth as a method gives it or as a file of its answers holds it."""
    return str(told).lower() == "true"


def _days(row: Row | None) -> Days | None:
    """Return the days of a row; None without one, or where none was counted."""
    if row is None or row["days_1"] is None:
        return None
    one, two, three, four, five, six = (row[f"days_{n + 1}"] for n in range(LEVELS))
    share = _plain(row["good_share"])
    return Days((one, two, three, four, five, six), row["n_missing"], share)


def decimal(value: float | None, decimals: int) -> Decimal | None:
    """Return a float as the decimal it stands for, half-even where it holds more decimals."""
    plain = _plain(value)
    return None if plain is None else plain.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)


def _plain(value: float | None) -> Decimal | None:
    """Return a float as it is written."""
    return None if value is None else Decimal(repr(float(value)))


def _codes(text: str | None) -> tuple[str, ...]:
    return tuple(part for part in (text or "").split(";") if part)
