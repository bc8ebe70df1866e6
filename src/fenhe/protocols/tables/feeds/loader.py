"""Read feed descriptions; what a description may say is checked key by key."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import polars as pl

from fenhe.base.errors import BadInput, Place
from fenhe.protocols.tables.decimals import read_cells
from fenhe.protocols.tables.feeds.model import (
    HOURS,
    UNITS,
    WEATHER,
    Feed,
    ItemColumn,
    PairRule,
    Station,
    Threshold,
    Time,
    converts,
)

ITEMS = ("so2", "no2", "co", "o3", "pm10", "pm25", "o3_8h", "o3_1h", *WEATHER)
_CHECKS = (
    "pm25_above_pm10_share",
    "aqi_below_pm25_share",
    "aqi_differs_share",
    "rejected_share",
    "beyond_share",
    "enough_values",
)
_CHOICES = {
    "layout": ("wide", "long", "by_station"),
    "form": ("label", "date", "parts", "day+hour"),
    "label": ("start", "end"),
    "zone": ("Beijing", "UTC"),
    "kind": ("code", "name", "name+city", "area"),
    "mark": ("A", "B", "C"),
}


class _Part:
    """One table of a description, read key by key; ``done`` refuses what was not asked for."""

    def __init__(self, data: Any, where: str, file: str) -> None:
        if not isinstance(data, dict):
            raise BadInput(f"'{where}' must be a table", place=Place(file))
        self.data, self.where, self.file = dict(data), where, file

    def fail(self, message: str) -> BadInput:
        return BadInput(f"{self.where}: {message}", place=Place(self.file))

    def take(self, key: str, kind: type, default: Any = ...) -> Any:
        if key not in self.data:
            if default is ...:
                raise self.fail(f"'{key}' is missing")
            return default
        value = self.data.pop(key)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise self.fail(f"'{key}' must be {kind.__name__}, not {value!r}")
        if key in _CHOICES and value not in _CHOICES[key]:
            raise self.fail(f"'{key}' must be one of {', '.join(_CHOICES[key])}, not {value!r}")
        return value

    def texts(self, key: str, default: Any = ...) -> tuple[str, ...]:
        values = self.take(key, list, default)
        if not all(isinstance(value, str) for value in values):
            raise self.fail(f"'{key}' must be a list of texts")
        return tuple(values)

    def span(self, key: str) -> tuple[float, float]:
        values = self.take(key, list)
        if len(values) != 2 or not all(type(v) in (int, float) for v in values):
            raise self.fail(f"'{key}' must be [from, to]")
        low, high = float(values[0]), float(values[1])
        if low >= high:
            raise self.fail(f"'{key}' must rise")
        return low, high

    def done(self) -> None:
        if self.data:
            raise self.fail(f"unknown key '{next(iter(self.data))}'")


def read(path: Path) -> Feed:
    """Read one description file; unknown keys, units and choices are refused by name."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"not a TOML file: {error}", place=Place(path.name)) from None
    part = _Part(data, "feed", path.name)
    statistic = _statistic(part, part.take("statistic", str))
    layout = part.take("layout", str)
    feed = Feed(
        id=part.take("id", str),
        title_zh=part.take("title_zh", str),
        title_en=part.take("title_en", str),
        layout=layout,
        statistic=statistic,
        licence=part.take("licence", str),
        licence_zh=part.take("licence_zh", str),
        source=part.take("source", str),
        public=part.take("public", bool),
        simulated=part.take("simulated", bool),
        notes=part.take("notes", str),
        times=_times(part),
        station=_station(_Part(part.take("station", dict), "station", path.name), layout),
        items=_items(part, statistic),
        checks=_checks(part),
        sentinels=part.texts("sentinels", []),
        missing=part.texts("missing", []),
        ignored=part.texts("ignored", []),
        item_column=part.take("item_column", str, None),
        value_column=part.take("value_column", str, None),
        unit_column=part.take("unit_column", str, None),
        published_aqi=part.take("published_aqi", str, None),
        check_edition=part.take("check_edition", str, None),
        pairs=_pairs(part),
    )
    part.done()
    if path.stem != feed.id:
        raise part.fail(f"the id '{feed.id}' must be the file's name")
    _check_layout(part, feed)
    return feed


def _check_layout(part: _Part, feed: Feed) -> None:
    given = (feed.item_column is not None, feed.value_column is not None)
    needed = {"long": (True, True), "by_station": (True, False)}.get(feed.layout, (False, False))
    if given == needed:
        return
    if feed.by_station:
        raise part.fail("the layout by_station needs item_column and no value_column")
    raise part.fail("item_column and value_column belong to the long layout, and only there")


def _statistic(part: _Part, value: str) -> str:
    if value not in HOURS:
        raise part.fail(f"'statistic' must be one of {', '.join(HOURS)}, not {value!r}")
    return value


def _times(part: _Part) -> tuple[Time, ...]:
    times = tuple(
        _time(_Part(entry, f"time {i}", part.file))
        for i, entry in enumerate(part.take("time", list), start=1)
    )
    if not times:
        raise part.fail("'time' is empty")
    if len({time.label for time in times}) > 1:
        raise part.fail("all spellings of the time must label the same end")
    return times


def _time(part: _Part) -> Time:
    time = Time(
        columns=part.texts("columns"),
        form=part.take("form", str),
        label=part.take("label", str),
        zone=part.take("zone", str),
        mark=part.take("mark", str),
        reason=part.take("reason", str),
        suffix=part.take("suffix", str, ""),
    )
    part.done()
    if len(time.columns) != {"parts": 4, "day+hour": 2}.get(time.form, 1):
        raise part.fail(
            "'columns' must name one column, or year, month, day and hour for parts, "
            "or day and hour for day+hour"
        )
    return time


def _station(part: _Part, layout: str) -> Station:
    across = layout == "by_station"
    fixed = part.take("fixed", str, None)
    station = Station(
        column=None if across or fixed else part.take("column", str),
        kind=part.take("kind", str),
        city=part.take("city", str, None),
        columns=_pattern(part, "columns") if across else None,
        fixed=fixed,
    )
    part.done()
    if station.kind == "name+city" and station.city is None:
        raise part.fail("'city' is missing: names repeat between cities")
    return station


def _pattern(part: _Part, key: str) -> str:
    text: str = part.take(key, str)
    try:
        re.compile(text)
    except re.error as error:
        raise part.fail(f"'{key}' is no pattern: {error}") from None
    return text


def _items(part: _Part, statistic: str) -> tuple[ItemColumn, ...]:
    items = tuple(
        _item(_Part(entry, f"item {i}", part.file), statistic)
        for i, entry in enumerate(part.take("item", list), start=1)
    )
    keys = [(item.item, item.statistic) for item in items]
    if len(set(keys)) != len(keys):
        raise part.fail("an item is described twice")
    return items


def _item(part: _Part, statistic: str) -> ItemColumn:
    item = ItemColumn(
        item=part.take("item", str),
        names=part.texts("names"),
        unit=part.take("unit", str),
        statistic=_statistic(part, part.take("statistic", str, statistic)),
        decimals=part.take("decimals", int),
        hard=part.span("hard"),
        median=part.span("median"),
        reason=part.take("reason", str),
        words=_words(part),
        optional=part.take("optional", bool, False),
    )
    part.done()
    if item.item not in ITEMS:
        raise part.fail(f"unknown item '{item.item}'; known are {', '.join(ITEMS)}")
    if item.unit not in UNITS:
        raise part.fail(f"unknown unit '{item.unit}'; known are {', '.join(UNITS)}")
    if not converts(item.unit, item.item):
        raise part.fail(f"'{item.unit}' is no unit of {item.item}")
    if not item.names:
        raise part.fail("'names' is empty")
    return item


def _words(part: _Part) -> dict[str, str]:
    """Return which number each word of a column stands for, as decimal text."""
    words: dict[str, Any] = part.take("words", dict, {})
    for word, number in words.items():
        if not isinstance(number, str) or read_cells(pl.Series([number])).bad.any():
            raise part.fail(f"'words': '{word}' must be a number written as text")
    return words


def _checks(part: _Part) -> dict[str, Threshold]:
    checks = _Part(part.take("checks", dict), "checks", part.file)
    found = {
        name: _threshold(_Part(checks.take(name, dict), f"checks.{name}", part.file))
        for name in _CHECKS
        if name in checks.data
    }
    checks.done()
    return found


def _threshold(part: _Part) -> Threshold:
    threshold = Threshold(value=part.take("value", float), reason=part.take("reason", str))
    part.done()
    return threshold


def _pairs(part: _Part) -> PairRule | None:
    data = part.take("pairs", dict, None)
    if data is None:
        return None
    pairs = _Part(data, "pairs", part.file)
    columns = pairs.take("columns", list)
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in columns):
        raise pairs.fail("'columns' must be a list of [current, largest]")
    rule = PairRule(
        pairs=tuple((str(current), str(largest)) for current, largest in columns),
        share=_threshold(_Part(pairs.take("share", dict), "pairs.share", part.file)),
    )
    pairs.done()
    return rule


@cache
def known() -> tuple[Feed, ...]:
    """Return the feeds that come with Fenhe, by id."""
    folder = resources.files("fenhe.protocols.tables.feeds")
    with resources.as_file(folder) as path:
        return tuple(read(file) for file in sorted(Path(path).glob("*.toml"), key=_id))


def _id(file: Path) -> str:
    return file.stem


def load(feed_id: str) -> Feed:
    """Return a feed by id; ``BadInput`` lists the known ones."""
    for feed in known():
        if feed.id == feed_id:
            return feed
    raise BadInput(f"unknown feed '{feed_id}'; known are {', '.join(f.id for f in known())}")
