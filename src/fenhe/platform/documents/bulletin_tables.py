"""The tables and charts of an air bulletin."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from django.utils.translation import gettext as _

from fenhe import standards
from fenhe.platform.documents import wording
from fenhe.platform.documents.model import Bar, BarChart, Block, Column, Key, Part, Table
from fenhe.platform.documents.monthly import (
    ITEMS,
    LEVELS,
    ItemMonth,
    MonthlyReport,
    PlaceMonth,
)
from fenhe.platform.documents.wording import count, number, said
from fenhe.platform.web import levels, words
from fenhe.standards import Row

# More bars than this do not fit a page beside their table.
MOST_BARS = 30
INDEX_COLOUR = "#3b6ea5"


def level_keys(edition_id: str) -> tuple[Key, ...]:
    """Return name and colour of the levels of an edition, best first."""
    rows = sorted(standards.catalogue().edition(edition_id).table("categories"), key=_level)
    names = [level.name for level in levels.levels(edition_id)]
    return tuple(
        Key(row["hex"].lower(), name[:1].upper() + name[1:])
        for row, name in zip(rows, names, strict=True)
    )


def _level(row: Row) -> int:
    return int(row["level"])


def in_order(report: MonthlyReport) -> list[PlaceMonth]:
    """Return the places by rank, those without one last, by name."""
    return sorted(report.places, key=lambda p: (p.rank is None, p.rank or 0, p.name.zh, p.name.en))


def _with_mean(report: MonthlyReport) -> tuple[list[PlaceMonth], frozenset[int]]:
    rows = in_order(report)
    if report.mean is None:
        return rows, frozenset()
    return [*rows, report.mean], frozenset({len(rows)})


def _valid_days(place: PlaceMonth) -> str | None:
    """Say the fewest valid days of the six items, of how many due; None when not known."""
    known = [i for i in place.items.values() if i.valid_days is not None]
    if not known:
        return None
    fewest = min(known, key=lambda i: i.valid_days or 0)
    if fewest.due_days is None:
        return str(fewest.valid_days)
    return f"{fewest.valid_days}/{fewest.due_days}"


def statistics(report: MonthlyReport) -> Table:
    """Return the table of the six statistics, composite index, rank and change."""
    columns = [
        Column(_("Rank"), align="center", share=0.75),
        Column(said(report.place_word), align="left", share=1.6),
        *(Column(words.item_label(i), words.unit_of(i)) for i in ITEMS),
        Column(_("Valid days"), _("least of six"), share=1.15),
        Column(_("Composite index"), share=1.15),
        Column(_("Largest item"), align="center", share=1.15),
        Column(_("Change"), "%", share=1.0),
    ]
    if ranked := any(place.change_rank is not None for place in report.places):
        columns.append(Column(_("Rank of change"), align="center", share=0.8))
    rows, strong = _with_mean(report)
    notes = [
        _(
            "SO₂, NO₂, PM10, PM2.5: mean of the daily means; CO: 95th percentile of the daily "
            "means; O₃: 90th percentile of the daily maximum 8-hour mean. Rank 1 is the cleanest; "
            "equal indices share a rank. Change: of the composite index against the same month "
            "of the year before; below zero is better. A dash means that there is no value."
        )
    ]
    if ranked:
        notes.append(_("Rank of change 1: the largest fall of the index."))
    if report.mean is not None and report.mean_rule is not None:
        parts = {"name": said(report.mean.name), "rule": said(report.mean_rule)}
        notes.append(_("%(name)s: %(rule)s") % parts)
    return Table(
        _("concentrations, composite index and rank"),
        tuple(columns),
        tuple(_statistics_row(place, ranked) for place in rows),
        tuple(notes),
        strong,
    )


def _statistics_row(place: PlaceMonth, ranked: bool) -> tuple[str | None, ...]:
    values = (place.items[i].value if i in place.items else None for i in ITEMS)
    return (
        count(place.rank),
        said(place.name),
        *(number(value) for value in values),
        _valid_days(place),
        number(place.index),
        wording.items(place.largest) or None,
        number(place.change, signed=True),
        *((count(place.change_rank),) if ranked else ()),
    )


def days(report: MonthlyReport, level_keys: Sequence[Key]) -> Table:
    """Return the table of days by level and the share of good days."""
    columns = (
        Column(said(report.place_word), align="left", share=1.6),
        *(Column(key.name, _("days")) for key in level_keys),
        Column(_("No AQI"), _("days")),
        Column(_("Good-day share"), "%", share=1.2),
        Column(_("Year before"), "%", share=1.2),
        Column(_("Difference"), _("points"), share=1.1),
    )
    rows, strong = _with_mean(report)
    if report.mean is not None and report.mean.days is None:
        rows, strong = in_order(report), frozenset()
    notes = (
        _(
            "Good days are days of level 1 or 2; their share is of the days that have an AQI. "
            "Days without an AQI are counted apart and are not good days."
        ),
    )
    return Table(
        _("days by AQI level"),
        columns,
        tuple(_days_row(place) for place in rows),
        notes,
        strong,
    )


def _days_row(place: PlaceMonth) -> tuple[str | None, ...]:
    found, before = place.days, place.previous_good_share
    share = found.good_share if found else None
    difference = share - before if share is not None and before is not None else None
    counts = found.of_level if found else (None,) * LEVELS
    return (
        said(place.name),
        *(count(n) for n in counts),
        count(found.unjudged) if found else None,
        number(share),
        number(before),
        number(difference, signed=True),
    )


def exceedances(report: MonthlyReport) -> Table:
    """Return the table of the limits and of how far each place is above them.

    A cell is the exceedance multiple, a word where the limit is met, a dash where the
    item was not judged.
    """
    columns = (
        Column(said(report.place_word), align="left", share=1.6),
        *(Column(words.item_label(i)) for i in ITEMS),
    )
    limits = tuple(_same(report, code, "limit") for code in ITEMS)
    rows = [(_("Limit"), *limits)] + [
        (said(place.name), *(_exceeded(place.items.get(code)) for code in ITEMS))
        for place in in_order(report)
    ]
    notes = [
        _("Exceedance multiple: (value − limit) / limit, told where the value is above the limit.")
    ]
    if report.limits_of:
        notes.append(said(report.limits_of))
    return Table(
        _("exceedance multiple by item"),
        columns,
        tuple(rows),
        tuple(notes),
        frozenset({0}),
    )


def days_above(report: MonthlyReport) -> Table:
    """Return the table of the days on which each item was above its daily limit."""
    columns = (
        Column(said(report.place_word), align="left", share=1.6),
        *(Column(words.item_label(i), _("days")) for i in ITEMS),
    )
    limits = tuple(_same(report, code, "daily_limit") for code in ITEMS)
    rows = [(_("Daily limit"), *limits)] + [
        (said(place.name), *(_days_above(place.items.get(code)) for code in ITEMS))
        for place in in_order(report)
    ]
    notes = (
        _(
            "Days whose daily mean, for O₃ the daily maximum 8-hour mean, is above the daily "
            "limit; days without a valid value are not counted."
        ),
    )
    return Table(
        _("days above the daily limit by item"), columns, tuple(rows), notes, frozenset({0})
    )


def _days_above(item: ItemMonth | None) -> str | None:
    return None if item is None else count(item.days_above)


def numbered(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield the blocks with tables and figures numbered in their captions."""
    tables, figures = itertools.count(1), itertools.count(1)
    for block in blocks:
        if isinstance(block, Table):
            parts = {"number": next(tables), "caption": block.caption}
            yield replace(block, caption=_("Table %(number)d: %(caption)s") % parts)
        elif isinstance(block, BarChart):
            parts = {"number": next(figures), "caption": block.caption}
            yield replace(block, caption=_("Figure %(number)d: %(caption)s") % parts)
        else:
            yield block


def _same(report: MonthlyReport, code: str, limit: Literal["limit", "daily_limit"]) -> str | None:
    """Say a limit of an item with its unit; None unless it is the same in every place."""
    found = {getattr(p.items[code], limit) for p in report.places if code in p.items}
    found.discard(None)
    return f"{number(found.pop())} {words.unit_of(code)}" if len(found) == 1 else None


def _exceeded(item: ItemMonth | None) -> str | None:
    if item is None or item.complies is None:
        return None
    return _("met") if item.complies else number(item.multiple) or _("exceeded")


def index_chart(report: MonthlyReport) -> BarChart | None:
    """Return the chart of composite indices; None for more places than a chart holds."""
    places = in_order(report)
    if not places or len(places) > MOST_BARS or all(p.index is None for p in places):
        return None
    bars = tuple(
        Bar(said(p.name), (Part(_length(p.index)),) if p.index is not None else (), number(p.index))
        for p in places
    )
    caption = _("composite index, best place first")
    return BarChart(caption, bars, (Key(INDEX_COLOUR, ""),), _described(bars))


def days_chart(report: MonthlyReport, level_keys: Sequence[Key]) -> BarChart | None:
    """Return the chart of days by level; None for more places than a chart holds."""
    places = in_order(report)
    if not places or len(places) > MOST_BARS or all(p.days is None for p in places):
        return None
    bars = tuple(Bar(said(p.name), _pieces(p), _good_share(p)) for p in places)
    caption = _("days by AQI level; behind the bar the share of good days")
    return BarChart(caption, bars, tuple(level_keys), _described(bars))


def _good_share(place: PlaceMonth) -> str | None:
    share = number(place.days.good_share) if place.days else None
    return f"{share}%" if share is not None else None


def _pieces(place: PlaceMonth) -> tuple[Part, ...]:
    if place.days is None:
        return ()
    return tuple(Part(n, str(n), level) for level, n in enumerate(place.days.of_level) if n)


def _length(value: Decimal | None) -> float:
    return float(value or 0)


def _described(bars: Sequence[Bar]) -> str:
    return words.joined(f"{bar.name} {bar.total}" for bar in bars if bar.total)
