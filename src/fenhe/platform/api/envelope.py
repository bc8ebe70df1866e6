"""The JSON body of a push: ``{"feed": …, "observations": […]}``, checked before it is imported."""

from __future__ import annotations

import json
from typing import Any

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform.api import times
from fenhe.platform.api.errors import ApiError
from fenhe.protocols.tables import feeds
from fenhe.protocols.tables.feeds.model import HOURS, Feed

OBSERVATIONS = "observations"
MEMBERS = frozenset(
    {"station", "city", "item", "statistic", "time", "start", "end", "value", "unit"}
)
_TEXT = {"type": "string", "minLength": 1, "maxLength": 120}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Push",
    "required": [OBSERVATIONS],
    "additionalProperties": False,
    "properties": {
        "feed": {"type": "string", "examples": ["push-hourly"]},
        OBSERVATIONS: {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "title": "PushedValue",
                "required": ["station", "item", "value"],
                "additionalProperties": False,
                "properties": {
                    "station": {**_TEXT, "description": "code, name or site key"},
                    "city": {**_TEXT, "description": "where a name needs it"},
                    "item": {**_TEXT, "examples": ["pm25"]},
                    "statistic": {"type": "string", "examples": ["1h"]},
                    "time": {
                        "type": "string",
                        "description": "Beijing label of the end: 2026-03-01 08:00, 24:00 for "
                        "midnight; or give end",
                        "examples": ["2026-03-01 08:00"],
                    },
                    "start": {"type": "string", "description": "UTC; only beside end"},
                    "end": {"type": "string", "description": "UTC: 2026-03-01T00:00:00Z"},
                    "value": {"type": ["number", "string", "null"]},
                    "unit": {"type": "string", "examples": ["ug/m3"]},
                },
            },
        },
    },
}


def feed_named(content: bytes) -> str:
    """Return the feed a JSON body names; empty for another kind of body.

    Raises 400 for a body that is no JSON text.
    """
    whole = _read(content)
    named = whole.get("feed", "") if isinstance(whole, dict) else ""
    if not isinstance(named, str):
        raise ApiError(400, "feed must be a text", where="feed")
    return named


def _read(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ApiError(400, f"the body is no JSON text: {error}", where="body") from None


def check(content: bytes, feed_id: str, ending: str, most: int) -> None:
    """Raise for too many rows, or an observation that says what the feed would not read.

    A start or a statistic that contradicts what the feed makes of a value is refused with the
    whole body: the sender means something else.
    """
    if ending != ".json":
        rows = content.count(b"\n")
    else:
        whole = _read(content)
        if isinstance(whole, dict):
            _check_members(whole, feeds.load(feed_id))
        rows = len(whole[OBSERVATIONS] if isinstance(whole, dict) else whole)
    if rows > most:
        raise ApiError(413, f"at most {most} rows at a time", code="too_many_rows")


def _check_members(whole: dict[str, Any], feed: Feed) -> None:
    unknown = sorted(set(whole) - {"feed", OBSERVATIONS})
    if unknown:
        raise ApiError(422, f"there is no member '{unknown[0]}'", where=unknown[0])
    rows = whole.get(OBSERVATIONS)
    if not isinstance(rows, list):
        raise ApiError(422, "observations must be an array", where=OBSERVATIONS)
    statistics = {name: item.statistic for item in feed.items for name in item.names}
    for number, row in enumerate(rows):
        where = f"{OBSERVATIONS}[{number}]"
        if not isinstance(row, dict):
            raise ApiError(422, "an observation is an object", where=where)
        _check_one(row, statistics, where)


def _check_one(row: dict[str, Any], statistics: dict[str, str], where: str) -> None:
    for name in row:
        if name not in MEMBERS:
            raise ApiError(422, f"there is no member '{name}'", where=where)
    due = statistics.get(str(row.get("item")))
    told = row.get("statistic")
    if due is not None and told not in (None, due):
        said = f"the feed reads {row.get('item')} as {due}, not as {told}"
        raise ApiError(422, said, where=f"{where}.statistic")
    if row.get("start") is not None and due is not None:
        _check_start(row, HOURS[due], where)


def _check_start(row: dict[str, Any], hours: int, where: str) -> None:
    try:
        start = times.read(str(row["start"]), "start")
        end = times.read(str(row.get("end")), "end")
    except (ApiError, BadInput) as error:
        raise ApiError(422, error.message, where=where) from None
    if end - start != hours * beijing.HOUR:
        raise ApiError(422, f"from start to end is not {hours} h", where=f"{where}.start")
