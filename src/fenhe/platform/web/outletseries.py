"""An outlet's values over a span: what the chart draws, what the table of hours says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

import polars as pl
from django.utils.translation import gettext as _

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.base.instants import naive_utc
from fenhe.platform import owner
from fenhe.platform.registry.marks import standing
from fenhe.platform.web import outletlist, outletverdicts, outletwords
from fenhe.platform.web.outletlist import Limit
from fenhe.platform.web.outletverdicts import Verdict
from fenhe.quality import flags as vocabulary
from fenhe.quality.flags import Quality

HOUR = timedelta(hours=1)
# step -> how far back it looks
SPANS = {"live": 3 * HOUR, "minute": 24 * HOUR, "hour": 7 * 24 * HOUR}
MOST_FLAGS = 400
_KEPT = ["item", "start", "end", "value", "decimals", "quality", "raw_sha256", "raw_row"]


@dataclass(frozen=True)
class Span:
    """The values of an outlet in a span (naive UTC), raw and converted, with flags and marks."""

    site: str
    step: str
    statistic: str
    start: datetime
    end: datetime
    raw: pl.DataFrame
    converted: pl.DataFrame
    flags: Sequence[Mapping[str, Any]]
    marks: Sequence[Any]

    @property
    def items(self) -> list[str]:
        """The items that have values."""
        both = pl.concat([self.raw["item"], self.converted["item"]])
        return sorted(both.unique().to_list())


def read(site: str, step: str, at: datetime) -> Span:
    """Return the values of ``live`` (the instants), ``minute`` or ``hour`` up to a moment."""
    if step not in SPANS:
        raise BadInput(f"'{step}' is none of {', '.join(SPANS)}")
    statistic = _statistic(site, step)
    end = at + timedelta(minutes=5)  # a logger's clock may be ahead a little
    start = at - SPANS[step]
    store = owner.store()
    raw, converted = (
        store.observations([site], None, one, start, end).select(_KEPT)
        for one in (statistic, f"{statistic}.zs")
    )
    found = store.flags([site], start, end, cleared=False)
    mine = found.filter(pl.col("statistic").is_in([statistic, f"{statistic}.zs", ""]))
    return Span(
        site, step, statistic, start, at, raw, converted,
        mine.tail(MOST_FLAGS).to_dicts(), standing(site, start, end),
    )  # fmt: skip


def _statistic(site: str, step: str) -> str:
    """Return the statistic a step shows: of minutes, the one with the newest value."""
    if step != "minute":
        return {"live": "rtd", "hour": "1h"}[step]
    store = owner.store()
    known = store.series().filter(pl.col("site") == site)["statistic"].unique().to_list()
    minutes = [one for one in known if outletlist.is_minutes(one)]

    def newest(one: str) -> str:
        found = store.latest(one).filter(pl.col("site") == site)["start"].max()
        return found.isoformat() if isinstance(found, datetime) else ""

    return max(minutes, key=newest, default="10min")


def chart(span: Span, limits: Mapping[str, Limit], name: str, simulated: bool) -> dict[str, Any]:
    """Return what the chart draws: moments in ms on Beijing's clock, gaps as null."""
    told = {
        "name": name,
        "step": span.step,
        "from": _ms(_first(span)),
        "to": _ms(span.end),
        "items": [_item(span, item, limits.get(item)) for item in _ordered(span, limits)],
        "flags": [_flag(one, span) for one in span.flags],
        "marks": [_mark(one) for one in span.marks],
        "words": {
            "none": _("no data"),
            "converted": _("converted"),
            "flags": _("Flags"),
            "marks": _("Marks"),
            "simulated": _("simulated") if simulated else "",
        },
    }
    moving = {**told, "from": 0, "to": 0}  # time alone is no news
    digest = hashlib.sha256(json.dumps(moving, sort_keys=True).encode()).hexdigest()
    return {**told, "version": digest[:16]}


def _first(span: Span) -> datetime:
    """Return where the chart begins: with the span, later where the data begin late in it."""
    told = [one["start"].min() for one in (span.raw, span.converted) if one.height]
    first = min((one for one in told if isinstance(one, datetime)), default=span.start)
    return max(span.start, first - (span.end - first) / 20)


def _ordered(span: Span, limits: Mapping[str, Limit]) -> list[str]:
    """Return the items with a limit first, then those that are converted, then the rest."""
    changed = set(span.converted["item"].to_list())
    return sorted(span.items, key=lambda item: (item not in limits, item not in changed, item))


def _item(span: Span, item: str, limit: Limit | None) -> dict[str, Any]:
    rows = span.raw.filter(pl.col("item") == item)
    changed = span.converted.filter(pl.col("item") == item)
    lines = []
    if limit is not None and span.step == "hour":
        told = _("limit %(limit)s") % {"limit": outletlist.limit_text(limit)}
        lines.append({"value": float(limit.top), "text": told})
        if limit.low is not None:
            lines.append({"value": float(limit.low), "text": ""})
    elif limit is not None:
        told = _("limit of hourly means %(limit)s") % {"limit": outletlist.limit_text(limit)}
        lines.append({"value": float(limit.top), "text": told})
    return {
        "code": item,
        "label": outletwords.item_label(item),
        "unit": outletwords.unit_of(item),
        "decimals": max((*rows["decimals"].to_list(), *changed["decimals"].to_list()), default=0),
        "values": _points(rows, span.step),
        "converted": _points(changed, span.step),
        "limits": lines,
    }


def _points(rows: pl.DataFrame, step: str) -> list[list[float | None]]:
    """Return ``[ms, value]`` in order; null where something is missing between two."""
    starts, values = rows["start"].to_list(), rows["value"].to_list()
    apart = [(b - a).total_seconds() for a, b in pairwise(starts)]
    usual = median(apart) if apart else 3600.0
    if step == "hour":
        usual = 3600.0
    found: list[list[float | None]] = []
    for n, (start, value) in enumerate(zip(starts, values, strict=True)):
        if n and apart[n - 1] > 1.5 * usual:
            found.append([_ms(starts[n - 1]) + usual * 1000, None])
        found.append([_ms(start), value])
    return found


def _ms(moment: datetime) -> int:
    """Return a naive UTC moment as ms of Beijing's clock, which the chart reads as UTC."""
    return int(beijing.to_beijing(moment).replace(tzinfo=UTC).timestamp() * 1000)


def _flag(flag: Mapping[str, Any], span: Span) -> dict[str, Any]:
    label = outletwords.item_label(flag["item"]) if flag["item"] else ""
    name = outletwords.flag_name(flag["check"])
    end = max(flag["end"], flag["start"] + timedelta(seconds=1))
    return {
        "from": _ms(max(flag["start"], span.start)),
        "to": _ms(min(end, span.end)),
        "item": flag["item"],
        "text": " · ".join(part for part in (label, name, flag["reason"]) if part),
        "voids": flag["quality"] >= Quality.VOID,
    }


def _mark(mark: Any) -> dict[str, Any]:
    return {
        "from": _ms(naive_utc(mark.start)),
        "to": _ms(naive_utc(mark.end)),
        "kind": mark.kind,
        "text": " · ".join(
            part for part in (outletwords.mark_name(mark.kind, mark.code), mark.reason) if part
        ),
    }


@dataclass(frozen=True)
class Cell:
    """One item of one hour."""

    value: Mapping[str, Any] | None
    converted: Mapping[str, Any] | None
    flags: Sequence[Mapping[str, Any]]
    verdict: Verdict | None

    @property
    def told(self) -> Mapping[str, Any] | None:
        """What stands against the limit: the converted value where there is one."""
        return self.converted or self.value


def hours(span: Span, verdicts: Mapping[tuple[str, datetime], Verdict]) -> dict[Any, Cell]:
    """Return (item, start) -> cell of the hours of a span."""
    raw = {(row["item"], row["start"]): row for row in span.raw.iter_rows(named=True)}
    changed = {(row["item"], row["start"]): row for row in span.converted.iter_rows(named=True)}
    keys = dict.fromkeys((*raw, *changed, *verdicts))
    return {
        key: Cell(raw.get(key), changed.get(key), _covering(span.flags, key), verdicts.get(key))
        for key in keys
    }


def _covering(
    flags: Iterable[Mapping[str, Any]], key: tuple[str, datetime]
) -> list[Mapping[str, Any]]:
    item, start = key
    return [
        flag for flag in flags
        if flag["item"] in ("", item) and flag["start"] < start + HOUR and flag["end"] > start
    ]  # fmt: skip


def hour_rows(
    span: Span,
    cells: Mapping[Any, Cell],
    items: Sequence[str],
    limits: Mapping[str, Limit],
    *,
    frame_url: Any,
    most: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the last whole hours as table rows, newest first; hours without data stay."""
    last = span.end.replace(minute=0, second=0, microsecond=0)
    newest = max((start for _item_, start in cells), default=last - HOUR)
    first = min(last - HOUR, newest) if newest < last else newest
    starts = [first - n * HOUR for n in range(most)]
    return [
        {
            "label": outletwords.span_text(start, start + HOUR),
            "cells": [
                cell_row(cells.get((item, start)), item, limits.get(item), frame_url)
                for item in items
            ],
        }
        for start in starts
    ]


def cell_row(
    cell: Cell | None, item: str, limit: Limit | None, frame_url: Any = None
) -> dict[str, Any]:
    """Return a cell as the page shows it."""
    label = outletwords.item_label(item)
    if cell is None or cell.told is None:
        return {"label": label, "text": "—", "raw": "", "flags": "", "state": "", "url": ""}
    told, raw = cell.told, cell.value
    names = dict.fromkeys(outletwords.flag_name(flag["check"]) for flag in cell.flags)
    leading = vocabulary.leading(
        flag["check"] for flag in cell.flags if outletwords.is_flag(flag["check"])
    )
    void = told["quality"] >= Quality.VOID
    state = _state(cell, limit, void)
    return {
        "label": label,
        "text": outletwords.number(told["value"], told["decimals"]),
        "raw": outletwords.number(raw["value"], raw["decimals"])
        if cell.converted is not None and raw is not None else "",
        "flags": outletwords.flag_name(leading) if leading else "",
        "flags_all": " · ".join(names),
        "void": void,
        "state": state,
        "word": outletwords.verdict_text(state) if state else "",
        "judged": cell.verdict is not None and cell.verdict.state != "none",
        "provisional": cell.verdict is not None and cell.verdict.provisional,
        "url": cell.verdict.evidence if cell.verdict is not None else "",
        "frame": frame_url(told["raw_sha256"], told["raw_row"]) if frame_url else "",
    }  # fmt: skip


def _state(cell: Cell, limit: Limit | None, void: bool) -> str:
    """Return the engine's verdict where there is one, else the value beside the limit."""
    if cell.verdict is not None and cell.verdict.state != "none":
        return cell.verdict.state
    if limit is None or void or cell.told is None:
        return ""
    return "over" if limit.passed(cell.told["value"]) else "within"


def verdicts_of(span: Span, items: Iterable[str]) -> dict[tuple[str, datetime], Verdict]:
    """Return the verdicts of the hours of a span."""
    return outletverdicts.hours(span.site, items, span.start, span.end)


def table(
    span: Span, cells: Mapping[Any, Cell], limits: Mapping[str, Limit], simulated: bool
) -> pl.DataFrame:
    """Return the values of a span, a row an item and moment, oldest first; times in Beijing."""
    rows = []
    for (item, start), cell in sorted(cells.items(), key=lambda one: (one[0][1], one[0][0])):
        raw, changed = cell.value or {}, cell.converted or {}
        limit, verdict = limits.get(item), cell.verdict
        rows.append(
            {
                "outlet": span.site,
                "statistic": span.statistic,
                "start": outletwords.clock(start),
                "item": item,
                "name": outletwords.item_name(item),
                "value": raw.get("value"),
                "converted": changed.get("value"),
                "unit": outletwords.unit_of(item),
                "quality": (changed or raw).get("quality"),
                "flags": ";".join(flag["check"] for flag in cell.flags),
                "hourly_limit": float(limit.top) if limit else None,
                "verdict": verdict.state if verdict else "",
                "simulated": outletlist.simulated_text(simulated),
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)
