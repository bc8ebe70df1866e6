"""One series on the review bench: its values and flags, what stands beside it, what was decided."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any
from urllib.parse import urlencode

import polars as pl
from django.urls import reverse
from django.utils.translation import gettext as _

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.base.instants import utc_now
from fenhe.platform import owner
from fenhe.platform.monitoring.sessions import ReviewEdit, ReviewSession
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Outlet, Site, SitePlace
from fenhe.platform.registry.queries import holding
from fenhe.platform.web import outletlist, outletview, outletwords, reviewwords
from fenhe.quality.flags import Quality

# how much of a series is shown around a span, and at most, by the period of a value
AROUND = {"rtd": timedelta(hours=1), "1h": timedelta(days=3), "1d": timedelta(days=30)}
MOST = {"rtd": timedelta(days=1), "1h": timedelta(days=62), "1d": timedelta(days=800)}
MINUTES_AROUND, MINUTES_MOST = timedelta(hours=12), timedelta(days=7)
BESIDE, NEIGHBOURS, ROWS, EDITS = 5, 3, 200, 60
_KEPT = ["site", "item", "start", "end", "value", "decimals", "quality", "raw_sha256", "raw_row"]


@dataclass(frozen=True)
class Bench:
    """A series, the window shown (naive UTC) and the span chosen in it, if any."""

    site: Site
    name: str
    item: str
    statistic: str
    first: datetime
    last: datetime
    start: datetime | None
    end: datetime | None
    series: pl.DataFrame  # of the site: item, statistic

    @property
    def items(self) -> list[str]:
        """The items that have this kind of value, the chosen one first."""
        mine = self.series.filter(pl.col("statistic") == self.statistic)
        return sorted(mine["item"].to_list(), key=lambda item: (item != self.item, item))

    def forms(self, items: Iterable[str]) -> list[str]:
        """Return all kinds of value of the same period that some items have: 1h, 1h.zs …"""
        base = reviewwords.base_of(self.statistic)
        mine = self.series.filter(pl.col("item").is_in(list(items)))["statistic"].unique()
        return sorted(one for one in mine if reviewwords.base_of(one) == base)

    def url(self, **other: Any) -> str:
        """Return the address of this bench, some of its parameters replaced."""
        pairs = {
            "item": self.item, "stat": self.statistic,
            "start": reviewwords.field_text(self.start), "end": reviewwords.field_text(self.end),
            **other,
        }  # fmt: skip
        told = urlencode({name: text for name, text in pairs.items() if text}, safe=":")
        return f"{reverse('web:review_bench', args=[self.site.key])}?{told}"


def read(site: Site, query: Mapping[str, str]) -> Bench:
    """Return what an address asks for. Raises ``BadInput`` for what the site does not have."""
    series = owner.store().series().filter(pl.col("site") == site.key)
    if series.is_empty():
        raise BadInput(_("%(site)s has no values yet") % {"site": site.key})
    statistic = _chosen(query.get("stat"), series["statistic"].to_list(), "1h")
    having = series.filter(pl.col("statistic") == statistic)["item"].sort().to_list()
    item = _chosen(query.get("item"), having, having[0])
    start, end = (reviewwords.read_moment(query.get(name)) for name in ("start", "end"))
    if start is not None and end is not None and end <= start:
        raise BadInput(_("the span must end after it starts"))
    first, last = _window(site.key, item, statistic, start, end)
    name = outletlist.called([site.key]).get(site.key, site.key)
    return Bench(site, name, item, statistic, first, last, start, end, series)


def _chosen(asked: str | None, known: Sequence[str], usual: str) -> str:
    if not asked:
        return usual if usual in known else sorted(known)[0]
    if asked not in known:
        raise BadInput(_("there is no '%(asked)s' here; known: %(known)s")
                       % {"asked": asked, "known": ", ".join(sorted(set(known)))})  # fmt: skip
    return asked


def _window(
    key: str, item: str, statistic: str, start: datetime | None, end: datetime | None
) -> tuple[datetime, datetime]:
    base = reviewwords.base_of(statistic)
    around = AROUND.get(base, MINUTES_AROUND)
    if start is not None and end is not None:
        most = MOST.get(base, MINUTES_MOST)
        around = min(max(around, (end - start) / 4), most)
        return start - around, min(end + around, start - around + most)
    latest = owner.store().latest(statistic)
    newest = latest.filter(pl.col("site") == key, pl.col("item") == item)["end"].max()
    last = newest if isinstance(newest, datetime) else utc_now()
    return last - 2 * around, last + timedelta(seconds=1)


@dataclass(frozen=True)
class Shown:
    """The values of a window and the flags on them."""

    values: pl.DataFrame
    near: pl.DataFrame
    flags: pl.DataFrame


def shown(bench: Bench, user: Any) -> Shown:
    """Read what the bench shows: its series, items beside it, neighbours, standing flags."""
    store, key = owner.store(), bench.site.key
    span = (bench.first, bench.last)
    items = bench.items[: BESIDE + 1]
    values = store.observations([key], items, bench.statistic, *span).select(_KEPT)
    near = [] if reviewwords.is_outlet(key) else neighbours(bench, user)
    others = store.observations(near, [bench.item], bench.statistic, *span).select(_KEPT)
    flags = store.flags([key], *span, cleared=False)
    return Shown(values, others, flags.filter(pl.col("statistic") == bench.statistic))


def neighbours(bench: Bench, user: Any) -> list[str]:
    """Return the nearest stations of the same city that a person may see and that have the item."""
    city = bench.site.region.parent or bench.site.region
    seen = door.visible_sites(user, "monitoring.view").filter(region__path__startswith=city.path)
    known = owner.store().series()
    has = known.filter(pl.col("item") == bench.item, pl.col("statistic") == bench.statistic)
    keys = set(seen.values_list("key", flat=True)) & set(has["site"]) - {bench.site.key}
    day = beijing.day_of(bench.first)
    asked = SitePlace.objects.filter(site__in=[*keys, bench.site.key])
    places = holding(asked, day, "lon", "lat")
    here = places.pop(bench.site.key, None)
    if here is None:
        return sorted(keys)[:NEIGHBOURS]

    def away(key: str) -> float:
        lon, lat = places[key]
        east = (lon - here[0]) * math.cos(math.radians(here[1]))
        return float(math.hypot(east, lat - here[1]))

    return sorted(places, key=away)[:NEIGHBOURS]


def chart(bench: Bench, held: Shown) -> dict[str, Any]:
    """Return what the chart draws: moments in ms on Beijing's clock, gaps as null."""
    key = bench.site.key
    items = [item for item in bench.items if item in set(held.values["item"]) | {bench.item}]
    names = outletlist.called(held.near["site"].unique().to_list())
    near = [
        {"name": names.get(site, site), "values": _points(held.near.filter(pl.col("site") == site))}
        for site in held.near["site"].unique(maintain_order=True)
    ]
    return {
        "name": bench.name,
        "from": _ms(bench.first),
        "to": _ms(bench.last),
        "start": _ms(bench.start) if bench.start else None,
        "end": _ms(bench.end) if bench.end else None,
        "steps": bench.statistic.startswith("1h"),
        "items": [
            {
                "code": item,
                "label": reviewwords.item_label(key, item),
                "unit": reviewwords.unit_of(key, item, bench.statistic),
                "decimals": max(_of(held.values, item)["decimals"].to_list(), default=0),
                "values": _points(_of(held.values, item)),
                "near": near if item == bench.item else [],
            }
            for item in items[: BESIDE + 1]
        ],
        "flags": [_band(key, one) for one in held.flags.iter_rows(named=True)],
        "words": {"none": _("no data"), "chosen": _("chosen")},
    }


def _of(values: pl.DataFrame, item: str) -> pl.DataFrame:
    return values.filter(pl.col("item") == item)


def _points(rows: pl.DataFrame) -> list[list[Any]]:
    """Return ``[ms, value, quality]``; null where something is missing between two."""
    told = rows.select("start", "value", "quality").rows()
    apart = [(b[0] - a[0]).total_seconds() for a, b in pairwise(told)]
    usual = median(apart) if apart else 0.0
    found: list[list[Any]] = []
    for n, (start, value, quality) in enumerate(told):
        if n and apart[n - 1] > 1.5 * usual:
            found.append([_ms(told[n - 1][0]) + usual * 1000, None, None])
        found.append([_ms(start), value, quality])
    return found


def _ms(moment: datetime) -> int:
    return int(beijing.to_beijing(moment).replace(tzinfo=UTC).timestamp() * 1000)


def _band(key: str, flag: Mapping[str, Any]) -> dict[str, Any]:
    row = reviewwords.flag_row(key, flag)
    return {
        "from": _ms(flag["start"]),
        "to": _ms(flag["end"]),
        "item": flag["item"],
        "voids": row["voids"],
        "text": " · ".join(part for part in (row["item"], row["name"], row["reason"]) if part),
    }


def value_rows(bench: Bench, held: Shown) -> list[dict[str, Any]]:
    """Return the values of the span chosen, or of the window, newest first, with their flags."""
    start, end = bench.start or bench.first, bench.end or bench.last
    mine = _of(held.values, bench.item).filter(pl.col("start") >= start, pl.col("start") < end)
    flags = held.flags.filter(pl.col("item") == bench.item).to_dicts()
    return [
        _value(bench, row, flags)
        for row in mine.sort("start", descending=True).head(ROWS).iter_rows(named=True)
    ]


def _value(
    bench: Bench, row: Mapping[str, Any], flags: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    on = [flag for flag in flags if flag["start"] <= row["start"] < flag["end"]]
    link = {"item": bench.item, "stat": bench.statistic, "at": row["start"].isoformat()}
    address = reverse("web:review_value", args=[bench.site.key])
    return {
        "span": outletwords.span_text(row["start"], row["end"]),
        "start": outletwords.clock(row["start"]),
        "end": outletwords.clock(row["end"]),
        "text": outletwords.number(row["value"], row["decimals"]),
        "value": row["value"],
        "quality": row["quality"],
        "word": reviewwords.quality_text(row["quality"]),
        "void": row["quality"] == Quality.VOID,
        "flags": [outletwords.flag_name(flag["check"]) for flag in on],
        "codes": [flag["check"] for flag in on],
        "why": "; ".join(dict.fromkeys(flag["reason"] for flag in on)),
        "url": f"{address}?{urlencode(link, safe=':')}",
    }


def values_frame(bench: Bench, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return the rows as a table, oldest first; times on Beijing's clock."""
    kinds = {
        **dict.fromkeys(("site", "item", "statistic", "start", "end"), pl.String),
        "value": pl.Float64, "unit": pl.String, "quality": pl.Int64, "flags": pl.String,
        "simulated": pl.String,
    }  # fmt: skip
    told = [
        {
            "site": bench.site.key,
            "item": bench.item,
            "statistic": bench.statistic,
            **{name: row[name] for name in ("start", "end", "value", "quality")},
            "unit": reviewwords.unit_of(bench.site.key, bench.item, bench.statistic),
            "flags": ";".join(row["codes"]),
            "simulated": outletlist.simulated_text(simulated(bench.site)),
        }
        for row in reversed(rows)
    ]
    return pl.DataFrame(told, schema=kinds)


def simulated(site: Site) -> bool:
    """Say whether the values of a place are made up."""
    return Outlet.objects.filter(site=site, simulated=True).exists()


def sessions(site: Site) -> list[dict[str, Any]]:
    """Return the last edits on a place, newest first, each with its session."""
    edits = ReviewEdit.objects.filter(session__site=site).select_related("session")
    return [edit_row(one, site.key) for one in edits.order_by("-id")[:EDITS]]


def edit_row(edit: ReviewEdit, key: str) -> dict[str, Any]:
    """Return an edit as a table shows it."""
    start, end = (moment.replace(tzinfo=None) for moment in (edit.start, edit.end))
    where = {
        "item": edit.items[0], "stat": edit.statistics[0],
        "start": reviewwords.field_text(start), "end": reviewwords.field_text(end),
    }  # fmt: skip
    return {
        "edit": edit.pk,
        "session": edit.session_id,
        "title": edit.session.title,
        "closed": edit.session.closed_at is not None,
        "kind": reviewwords.kind_text(edit.kind),
        "items": [reviewwords.item_label(key, item) for item in edit.items],
        "statistics": [reviewwords.statistic_text(one) for one in edit.statistics],
        "span": outletwords.span_text(start, end),
        "reason": edit.reason,
        "actor": edit.actor,
        "at": outletwords.clock(edit.at),
        "commit": edit.commit,
        "undone": edit.undone_commit is not None,
        "undone_by": edit.undone_by,
        "undone_at": outletwords.clock(edit.undone_at),
        "undone_reason": edit.undone_reason,
        "url": f"{reverse('web:review_bench', args=[key])}?{urlencode(where, safe=':')}",
    }


def open_sessions(site: Site) -> list[dict[str, Any]]:
    """Return the sessions on a place that are not closed."""
    found = ReviewSession.objects.filter(site=site, closed_at=None)
    return [
        {"session": one.pk, "title": one.title, "by": one.opened_by,
         "at": outletwords.clock(one.opened_at)}
        for one in found
    ]  # fmt: skip


def edits_frame(rows: Sequence[Mapping[str, Any]], key: str) -> pl.DataFrame:
    """Return edits as a table, newest first; times on Beijing's clock."""
    names = ("edit", "session", "kind", "span", "reason", "actor", "at", "commit",
             "undone_by", "undone_at", "undone_reason")  # fmt: skip
    told = [
        {
            "site": key,
            **{name: row[name] for name in names},
            "items": ";".join(row["items"]),
            "statistics": ";".join(row["statistics"]),
        }
        for row in rows
    ]
    kinds = {
        name: pl.Int64 if name in ("edit", "session", "commit") else pl.String
        for name in ("site", *names, "items", "statistics")
    }
    return pl.DataFrame(told, schema=kinds)


def value_facts(bench: Bench, at: datetime) -> dict[str, Any]:
    """Return all that is known of one value: how it stands, former values, every flag, bytes."""
    store, key = owner.store(), bench.site.key
    moment = at + timedelta(microseconds=1)
    now = store.observations([key], [bench.item], bench.statistic, at, moment)
    former = store.history(key, bench.item, bench.statistic, at)
    flags = store.flags([key], at, moment).filter(
        pl.col("item") == bench.item, pl.col("statistic") == bench.statistic
    )
    link = outletview.frame_url(key) if reviewwords.is_outlet(key) else None
    rows = [
        *(_version(row, link) for row in now.iter_rows(named=True)),
        *(_version(row, link) for row in former.reverse().iter_rows(named=True)),
    ]
    return {
        "rows": rows,
        "flags": [reviewwords.flag_row(key, flag) for flag in flags.iter_rows(named=True)],
    }


def _version(row: Mapping[str, Any], link: Any) -> dict[str, Any]:
    return {
        "text": outletwords.number(row["value"], row["decimals"]),
        "word": reviewwords.quality_text(row["quality"]),
        "commit": row["commit"],
        "span": outletwords.span_text(row["start"], row["end"]),
        "superseded": outletwords.clock(row.get("superseded_at")),
        "actor": row.get("actor") or "",
        "sha256": row["raw_sha256"],
        "row": row["raw_row"],
        "frame": link(row["raw_sha256"], row["raw_row"]) if link else "",
    }
