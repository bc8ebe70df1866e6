"""Outlets as lists show them: what stands now, how fresh it is; few queries for any number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fenhe.base import beijing
from fenhe.base.errors import FenheError
from fenhe.platform import owner
from fenhe.platform.monitoring.frames import quantities
from fenhe.platform.registry.dated import holding_on, known
from fenhe.platform.registry.models import Channel, Mark, PermitLimit, Site, SiteName
from fenhe.platform.registry.queries import holding, in_english
from fenhe.platform.web import numbers, outletwords
from fenhe.platform.web.words import joined
from fenhe.standards import units

HOUR = timedelta(hours=1)
SILENT_AFTER = 2 * HOUR  # by then an hourly record is missing
STATISTICS = ("rtd", "1h", "1h.zs")
DAY = 24  # hours that arrived are counted of so many
ORDER = {"over": 0, "silent": 1, "never": 2, "ok": 3, "unlimited": 4}
Latest = Mapping[tuple[str, str], Mapping[str, Any]]  # item, statistic -> newest value


@dataclass(frozen=True)
class Limit:
    """A limit for hourly means in the unit the item is kept in, with the digits it was set in."""

    item: str
    low: Decimal | None
    top: Decimal
    unit: str
    document: str

    def passed(self, value: float) -> bool:
        """Say whether a value, written with the digits of the limit, lies beyond it."""
        places = max(-int(self.top.as_tuple().exponent), 0)
        shown = numbers.exact(value, places)
        assert shown is not None  # noqa: S101  a value is a number
        return shown > self.top or (self.low is not None and shown < self.low)


@dataclass
class Outlet:
    """What a list knows of an outlet."""

    site: Site
    name: str
    latest: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    limits: dict[str, Limit] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    hours: int = 0

    @property
    def simulated(self) -> bool:
        """Its values are made up."""
        return bool(self.site.outlet.simulated)

    @property
    def newest(self) -> datetime | None:
        """The end of its newest value, of whatever kind."""
        return max((one["end"] for one in self.latest.values()), default=None)

    def judged(self) -> dict[str, tuple[Mapping[str, Any], Limit, bool]]:
        """Return item -> its last hour, its limit, whether that is passed; what has no limit not.

        For gas the converted value where the logger sends one. This is the logger's own value
        beside the permit's limit, without exemptions: a verdict is the engine's.
        """
        found = {}
        for item, limit in self.limits.items():
            value = last_hour(self.latest, item)
            if value is not None and value["quality"] < VOID:
                found[item] = (value, limit, limit.passed(value["value"]))
        return found

    def state(self, at: datetime, verdicts: Mapping[Any, Any] | None = None) -> str:
        """Return over, silent, never, ok or unlimited; a verdict goes before the comparison."""
        if self.newest is None:
            return "never"
        if at - self.newest > SILENT_AFTER:
            return "silent"
        judged = self.judged()
        states = [
            hour_state(value, passed, verdicts or {}) for value, _limit, passed in judged.values()
        ]
        return "over" if "over" in states else "ok" if judged else "unlimited"


def hour_state(value: Mapping[str, Any], passed: bool, verdicts: Mapping[Any, Any]) -> str:
    """Return the verdict of a value's hour, else over or within as the value lies to its limit."""
    found = verdicts.get((value["item"], value["start"]))
    if found is not None and found.state != "none":
        return str(found.state)
    return "over" if passed else "within"


VOID = 3


def last_hour(latest: Latest, item: str) -> Mapping[str, Any] | None:
    """Return the newest hour of an item, converted where there is such a value."""
    return latest.get((item, "1h.zs")) or latest.get((item, "1h"))


def of(sites: QuerySet[Site], at: datetime, *, counted: bool = True) -> list[Outlet]:
    """Return the outlets among some sites, by name. A fixed number of queries.

    ``counted``: with the hours of the last day that arrived.
    """
    asked = sites.filter(kind=Site.Kind.OUTLET).select_related("outlet", "organisation", "region")
    rows = list(asked)
    keys = [site.key for site in rows]
    day = beijing.day_of(at)
    names = called(keys)
    found = {site.key: Outlet(site, names.get(site.key, site.key)) for site in rows}
    _fill_latest(found)
    for key, limit in _limits(keys, day):
        found[key].limits.setdefault(limit.item, limit)
    for mark in marks_at(keys, at):
        found[mark.site_id].marks.append(mark)
    for key, mn in _devices(keys):
        found[key].devices.append(mn)
    if counted:
        for key, count in _hours(keys, at):
            found[key].hours = count
    return sorted(found.values(), key=lambda one: (one.name, one.site.key))


def called(keys: Iterable[str]) -> dict[str, str]:
    """Return site -> name in the reader's language, as it stands today."""
    english = in_english()
    facts = SiteName.objects.filter(site__in=list(keys))
    rows = holding(facts, date.max, "name_zh", "name_en")
    return {key: str(en if english and en else zh) for key, (zh, en) in rows.items()}


def _fill_latest(found: dict[str, Outlet]) -> None:
    store, keys = owner.store(), list(found)
    minutes = {one for one in store.series()["statistic"].unique() if is_minutes(one)}
    for statistic in (*STATISTICS, *sorted(minutes)):
        mine = store.latest(statistic).filter(pl.col("site").is_in(keys))
        for row in mine.iter_rows(named=True):
            found[row["site"]].latest[row["item"], statistic] = row


def is_minutes(statistic: str) -> bool:
    """Say whether a statistic is the mean of some minutes."""
    return statistic.endswith("min") and statistic[:-3].isdigit()


def _limits(keys: Sequence[str], day: date) -> Iterable[tuple[str, Limit]]:
    asked = PermitLimit.objects.filter(
        known(), holding_on(day), site__in=keys, averaging="hour", quantity="concentration"
    )
    for one in asked:
        limit = kept_limit(one)
        if limit is not None:
            yield one.site_id, limit


def kept_limit(one: PermitLimit) -> Limit | None:
    """Return a permit's limit in the unit its item is kept in; None where that can not be."""
    kept = quantities.unit_of(one.item)
    top, low = one.limit, one.low
    try:
        if one.unit and kept not in {"", "1"} and units.canonical(one.unit) != kept:
            ratio = units.ratio(one.unit, kept)
            times = Decimal(ratio.numerator) / Decimal(ratio.denominator)
            top, low = top * times, None if low is None else low * times
    except FenheError:
        return None
    return Limit(one.item, low, top, outletwords.unit_text(kept or one.unit), one.document)


def marks_at(keys: Sequence[str], at: datetime) -> QuerySet[Mark]:
    """Return the marks that stand at a moment, of some outlets."""
    moment = at.replace(tzinfo=UTC)
    return Mark.objects.filter(known(), site__in=keys, start__lte=moment, end__gt=moment)


def _devices(keys: Sequence[str]) -> Iterable[tuple[str, str]]:
    rows = Channel.objects.filter(known(), site__in=keys).order_by("device__mn")
    return rows.values_list("site_id", "device__mn").distinct()


def _hours(keys: Sequence[str], at: datetime) -> Iterable[tuple[str, int]]:
    """Return site -> how many of the last whole hours have any hourly value."""
    end = at.replace(minute=0, second=0, microsecond=0)
    if not keys:
        return []
    rows = owner.store().observations(sites=keys, start=end - DAY * HOUR, end=end)
    counts = rows.group_by("site").agg(pl.col("start").n_unique())
    return [(str(key), int(count)) for key, count in counts.iter_rows()]


def row(one: Outlet, at: datetime, verdicts: Mapping[Any, Any] | None = None) -> dict[str, Any]:
    """Return an outlet as tables show it."""
    state = one.state(at, verdicts)
    firm = one.site.organisation
    return {
        "key": one.site.key,
        "name": one.name,
        "url": outlet_url(one.site.key),
        "firm": firm.name if firm else "",
        "firm_code": firm.code if firm else "",
        "firm_url": firm_url(firm.code) if firm else "",
        "region": one.site.region.name,
        "medium": outletwords.medium_text(one.site.outlet.medium),
        "simulated": one.simulated,
        "state": state,
        "sign": outletwords.SIGNS[state],
        "word": outletwords.state_text(state),
        "wrong": state in outletwords.WRONG,
        "condition": condition_text(one.marks),
        "newest_at": outletwords.clock(one.newest, seconds=False),
        "age": outletwords.ago(one.newest, at),
        "values": [_value(*parts) for parts in one.judged().values()],
        "hours": one.hours,
        "hours_of": DAY,
        "devices": [{"mn": mn, "url": device_url(mn)} for mn in one.devices],
        "order": (ORDER[state], one.name),
    }


def _value(value: Mapping[str, Any], limit: Limit, passed: bool) -> dict[str, Any]:
    return {
        "item": value["item"],
        "label": outletwords.item_label(value["item"]),
        "text": outletwords.number(value["value"], value["decimals"]),
        "value": value["value"],
        "limit": limit_text(limit),
        "unit": limit.unit,
        "passed": passed,
        "span": outletwords.span_text(value["start"], value["end"]),
    }


def limit_text(limit: Limit) -> str:
    """Return a limit as people write it: ``30``, or ``6–9`` with a lower bound."""
    return f"{limit.top:f}" if limit.low is None else f"{limit.low:f}–{limit.top:f}"


def condition_text(marks: Iterable[Mark]) -> str:
    """Return the conditions that are marked, or nothing."""
    names = dict.fromkeys(outletwords.mark_name(mark.kind, mark.code) for mark in marks)
    return joined(names)


def outlet_url(key: str) -> str:
    """Return the page of an outlet; empty for a key no address can carry."""
    return "" if "/" in key else reverse("web:outlet", args=[key])


def device_url(mn: str) -> str:
    """Return the page of a device; empty for a number no address can carry."""
    return "" if "/" in mn or not mn else reverse("web:device", args=[mn])


def firm_url(code: str) -> str:
    """Return the page of a firm; empty for a code no address can carry."""
    return "" if "/" in code or not code else reverse("web:firm", args=[code])


def sentence(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return how some outlets stand as one sentence."""
    if not rows:
        return _("No outlet is registered here.")
    counts: dict[str, int] = defaultdict(int)
    for one in rows:
        counts[one["state"]] += 1
    parts = [
        _("%(n)d %(state)s") % {"n": counts[state], "state": outletwords.state_text(state)}
        for state in sorted(counts, key=ORDER.__getitem__)
    ]
    said = ngettext("%(n)d outlet: %(parts)s.", "%(n)d outlets: %(parts)s.", len(rows))
    return said % {"n": len(rows), "parts": joined(parts)}


def frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return outlets as a table, a row an item with a limit; one without any keeps its row."""
    names = ("key", "name", "firm", "region", "medium", "state", "condition", "newest_at", "hours")
    told: list[dict[str, Any]] = []
    for one in rows:
        base = {name: one[name] for name in names} | {
            "devices": " ".join(device["mn"] for device in one["devices"]),
            "simulated": simulated_text(one["simulated"]),
        }
        for value in one["values"] or [dict.fromkeys(("item", "value", "limit", "unit", "passed"))]:
            given = {name: value[name] for name in ("item", "value", "limit", "unit", "passed")}
            told.append({**base, **given})
    return pl.DataFrame(told, infer_schema_length=None)


def simulated_text(simulated: bool) -> str:
    """Return what an export says of made-up values, in both languages: a file travels."""
    return "模拟 simulated" if simulated else ""


def firms_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return firms as a table."""
    names = ("code", "name", "region", "outlets")
    return pl.DataFrame(
        [{name: row[name] for name in names} for row in rows],
        schema=None if rows else dict.fromkeys(names, pl.String),
        infer_schema_length=None,
    )


def marked(frame: pl.DataFrame, simulated: bool) -> pl.DataFrame:
    """Return a table with a last column that says whether its rows are of a made-up outlet."""
    return frame.with_columns(simulated=pl.lit(simulated_text(simulated)))
