"""The places of a monthly report as plain data, and back: what a frozen run keeps and hashes.

Numbers are texts with exactly the decimals that are published, so that no float stands
between the verdict and the paper. Keys a former release did not write read as no value.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fenhe.platform.documents.monthly import Days, ItemMonth, Name, PlaceMonth

Plain = dict[str, Any]


def place(found: PlaceMonth, key: str) -> Plain:
    """Return a place as plain data; ``key`` is that of its cells."""
    days = found.days
    return {
        "key": key,
        "name": {"zh": found.name.zh, "en": found.name.en},
        "items": {code: _item(one) for code, one in found.items.items()},
        "index": text(found.index),
        "largest": list(found.largest),
        "rank": found.rank,
        "previous_index": text(found.previous_index),
        "change": text(found.change),
        "change_rank": found.change_rank,
        "days": list(days.of_level) if days else None,
        "n_missing": days.unjudged if days else None,
        "good_share": text(days.good_share) if days else None,
        "previous_good_share": text(found.previous_good_share),
        "reason": list(found.reason),
    }


def _item(one: ItemMonth) -> Plain:
    return {
        "value": text(one.value),
        "n_valid": one.valid_days,
        "n_due": one.due_days,
        "multiple": text(one.multiple),
        "complies": one.complies,
        "index": text(one.index),
        "days_above": one.days_above,
        "daily_limit": text(one.daily_limit),
    }


def text(value: Decimal | None) -> str | None:
    """Write a number with the decimals it has."""
    return None if value is None else format(value, "f")


def place_of(told: Mapping[str, Any]) -> PlaceMonth:
    """Return the place of plain data."""
    return PlaceMonth(
        name=name_of(told["name"]),
        items={code: _item_of(one) for code, one in told["items"].items()},
        index=number(told["index"]),
        largest=tuple(told["largest"]),
        rank=told["rank"],
        previous_index=number(told["previous_index"]),
        change=number(told["change"]),
        change_rank=told["change_rank"],
        days=_days_of(told),
        previous_good_share=number(told["previous_good_share"]),
        reason=tuple(told["reason"]),
    )


def _days_of(told: Mapping[str, Any]) -> Days | None:
    if told["days"] is None or None in told["days"]:
        return None
    one, two, three, four, five, six = told["days"]
    share = number(told["good_share"])
    return Days((one, two, three, four, five, six), told["n_missing"], share)


def _item_of(told: Mapping[str, Any]) -> ItemMonth:
    return ItemMonth(
        value=number(told["value"]),
        valid_days=told["n_valid"],
        due_days=told["n_due"],
        multiple=number(told["multiple"]),
        complies=told["complies"],
        index=number(told["index"]),
        days_above=told.get("days_above"),
        daily_limit=number(told.get("daily_limit")),
    )


def number(told: str | None) -> Decimal | None:
    """Return the number of a text."""
    return None if told is None else Decimal(told)


def name_of(told: Mapping[str, str]) -> Name:
    """Return a name of both languages."""
    return Name(told["zh"], told["en"])
