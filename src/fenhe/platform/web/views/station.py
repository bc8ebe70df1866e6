"""One station over a span of days: chart, both editions side by side, flags, facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fenhe import standards
from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform import clock, owner
from fenhe.platform.monitoring import wind
from fenhe.platform.registry import door
from fenhe.platform.registry.models import END_OF_TIME, Site, SitePlace
from fenhe.platform.registry.queries import sites_on
from fenhe.platform.verdicts import kept, standing
from fenhe.platform.verdicts import queries as verdicts
from fenhe.platform.web import (
    addresses,
    calendarview,
    editions,
    levels,
    page,
    state,
    stationview,
    words,
)
from fenhe.platform.web.stationview import HOUR, Hours, Verdicts

DAYS_SHOWN = 7
DAYS_AT_MOST = 92


@dataclass(frozen=True)
class Span:
    """Whole Beijing days from ``first`` to ``last``."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The naive UTC span, end exclusive."""
        return state.day_bounds(self.first, self.last)

    def moved(self, days: int) -> str:
        """Return the query of the span moved by some days."""
        step = timedelta(days=days)
        return f"?from={self.first + step}&to={self.last + step}"


@page.view("monitoring.view", target=page.site_of)
def show_station(request: HttpRequest, key: str) -> HttpResponse:
    """Answer the page of one station."""
    return station_page(request, page.site_of(request, key))


def station_page(
    request: HttpRequest, site: Site, review: Mapping[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """Answer the page of a station; ``review`` brings back a form that was refused."""
    extent = site_extent(site.key)
    span = read_span(request.GET, extent)
    found = verdicts.station(site, *span.bounds)
    hours = _hours(found, span)
    form = page.wanted_twin(request)
    calendar = _calendar(site.key, span.last)
    if form and request.GET.get("table") == "days" and calendar:
        days = calendarview.frame(site.key, calendar["days"], calendar["edition"])
        return page.twin(days, form, f"fenhe-{site.key}-{calendar['year']}")
    if form:
        return page.twin(table(site.key, hours), form, f"fenhe-{span.first}-{span.last}")
    may = rights(request.user, site)
    facts = sites_on(Site.objects.filter(pk=site.pk), span.last)[0]
    context = {
        **_texts(facts, hours, span),
        "station": _station(facts),
        "span": _span_controls(span, extent),
        "chart": stationview.chart(hours, facts["name"]),
        "rows": stationview.rows(
            hours, lambda key, start: addresses.evidence(key, site.key, stationview.label(start))
        ),
        "item_heads": [
            {"code": i, "label": words.item_label(i), "unit": words.unit_of(i)}
            for i in words.HOURLY_ITEMS
        ],
        "edition_heads": hours.verdicts,
        "flags": _flag_rows(hours, site, may["clear"]),
        "calendar": calendar,
        "calendar_twins": page.twin_links(request, f"to={span.last}&table=days"),
        "may": may,
        "review": _review(site, review),
        "facts": _facts(site, found["facts"], extent),
        "map_url": reverse("web:map"),
        "rose_url": reverse("web:rose", args=[site.key]) if wind.span(site.key) else "",
        "twins": page.twin_links(request, f"from={span.first}&to={span.last}"),
    }
    return page.show(request, "web/station.html", context, section="stations", status=status)


def _calendar(key: str, last: date) -> dict[str, Any] | None:
    """Return the daily levels of the year the span ends in; None for a year without any."""
    edition = editions.default(editions.choices(), last)
    assessment = standing.daily_key("site", edition)
    start, end = state.day_bounds(date(last.year, 1, 1), date(last.year, 12, 31))
    cells = kept.days(assessment, key, start, end, calendarview.READ)
    if cells.is_empty():
        return None
    series = calendarview.series(assessment, key, edition, cells)
    today = beijing.day_of(clock.now()) - timedelta(days=1)
    days = series.days(last.year, today)
    return {
        "year": last.year,
        "edition": edition,
        "days": days,
        "months": calendarview.months(days),
        "counted": calendarview.counted(days, edition),
    }


def rights(user: Any, site: Site) -> dict[str, bool]:
    """Return what a person may do with the data of a station."""
    return {
        "void": bool(door.may(user, "monitoring.void", site)),
        "annotate": bool(door.may(user, "monitoring.annotate", site)),
        "clear": bool(door.may(user, "monitoring.clear_flag", site)),
    }


def site_extent(key: str) -> tuple[datetime, datetime] | None:
    """Return the first and last start of a station's hours; None without any."""
    newest = owner.store().latest("1h").filter(pl.col("site") == key)["start"].max()
    extent = owner.store().extent("1h", words.HOURLY_ITEMS)
    if not isinstance(newest, datetime) or extent is None:
        return None
    return extent[0], newest


def read_span(query: Mapping[str, Any], extent: tuple[datetime, datetime] | None) -> Span:
    """Return the days an address asks for: a week up to the newest by default.

    Raises ``BadInput`` for days that can not be read, run backwards or are too many.
    """
    newest = beijing.day_of(extent[1] if extent else clock.now() - HOUR)
    last = state.read_day(query.get("to")) or newest
    first = state.read_day(query.get("from")) or last - timedelta(days=DAYS_SHOWN - 1)
    if first > last:
        raise BadInput(f"the span from {first} to {last} runs backwards")
    if (last - first).days >= DAYS_AT_MOST:
        raise BadInput(f"a page shows at most {DAYS_AT_MOST} days; ask for fewer, or export")
    return Span(first, last)


def _hours(found: Mapping[str, Any], span: Span) -> Hours:
    labels = {choice.id: choice.label for choice in editions.choices()}
    return Hours(
        starts=stationview.grid(span.bounds[0], _known_until(span.bounds)),
        values=stationview.by_item(found["values"]),
        verdicts=[
            Verdicts(v["assessment"], v["edition"], labels[v["edition"]],
                     stationview.by_start(v["cells"]))
            for v in sorted(found["verdicts"], key=lambda v: list(labels).index(v["edition"]))
        ],
        flags=[_flag(flag) for flag in found["flags"]],
    )  # fmt: skip


def _known_until(bounds: tuple[datetime, datetime]) -> datetime:
    """Return where the span ends, without the hours that have not come yet."""
    begin, end = bounds
    come = clock.now().replace(minute=0, second=0, microsecond=0)
    return min(end, come) if come > begin else end


def _flag(flag: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **flag,
        "item_label": words.item_label(flag["item"]),
        "name": flag["check_en"] if levels.english() else flag["check_zh"],
    }


def _flag_rows(hours: Hours, site: Site, may_clear: bool) -> list[dict[str, Any]]:
    """Return the flags for the table, newest first: those one act wrote on several items as one."""
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for flag in hours.flags:
        key = tuple(flag[name] for name in ("commit", "check", "start", "end", "reason"))
        groups.setdefault((*key, flag["cleared_commit"]), []).append(flag)
    rows = [_flag_row(flags, site, may_clear) for flags in groups.values()]
    return sorted(rows, key=lambda row: (row["start"], row["flag"]), reverse=True)


def _flag_row(flags: list[Mapping[str, Any]], site: Site, may_clear: bool) -> dict[str, Any]:
    first = flags[0]
    every = len(flags) == len(words.HOURLY_ITEMS)
    return {
        **first,
        "item_label": _("all six") if every else words.joined(f["item_label"] for f in flags),
        "span": _hours_text(first["start"], first["end"]),
        "numbers": ",".join(str(flag["flag"]) for flag in flags),
        "may_clear": may_clear and not first["cleared"],
        "clear_url": reverse("web:clear_flag", args=[site.key]),
    }


def _hours_text(start: datetime, end: datetime) -> str:
    first = beijing.hour_label(start, start + HOUR)
    last = beijing.hour_label(end - HOUR, end)
    if first == last:
        return first
    return f"{first} – {last[11:] if first[:10] == last[:10] else last}"


def _texts(facts: Mapping[str, Any], hours: Hours, span: Span) -> dict[str, str]:
    """Return the sentence on top, what it rests on, and the notes of chart and table."""
    differing = len(stationview.differing(hours))
    names = words.joined(verdict.label for verdict in hours.verdicts)
    said = words.sentences(_newest(facts["name"], hours), _difference(differing, span.days))
    rescored = [editions.rescoring(v.edition, span.first, span.last) for v in hours.verdicts]
    solid = hours.verdicts[0].label if hours.verdicts else ""
    dashed = hours.verdicts[-1].label if hours.verdicts else ""
    return {
        "sentence": said,
        "basis": words.sentences(_("Judged hour by hour under %s.") % names, *rescored),
        "chart_note": _(
            "AQI: solid line %(solid)s, dashed %(dashed)s; the hours in which they differ are "
            "shaded. A gap is a missing value. Dashed red: hourly limits where they are near."
        )
        % {"solid": solid, "dashed": dashed},
        "hours_note": _("newest first; small: IAQI, both where the editions differ"),
    }


def _newest(name: str, hours: Hours) -> str:
    """Say the newest verdict of the span under the edition in force, or that there is none."""
    for start in reversed(hours.starts):
        day = beijing.day_of(start)
        cells = [(v, v.cells[start]) for v in hours.verdicts if start in v.cells]
        scored = [(v, cell) for v, cell in cells if cell.get("aqi") is not None]
        if not scored:
            continue
        held = [p for p in scored if standards.catalogue().edition(p[0].edition).in_force(day)]
        verdict, cell = (held or scored)[0]
        level = levels.level_named(cell["category"], verdict.edition)
        facts = {
            "name": name,
            "time": beijing.hour_label(start, start + HOUR),
            "aqi": cell["aqi"],
            "category": level.name if level else "",
            "primary": words.items_text(cell["primary"]),
            "edition": verdict.label,
        }
        if facts["primary"]:
            return (
                _(
                    "%(name)s, %(time)s: AQI %(aqi)d, %(category)s, primary pollutant "
                    "%(primary)s (%(edition)s)."
                )
                % facts
            )
        return _("%(name)s, %(time)s: AQI %(aqi)d, %(category)s (%(edition)s).") % facts
    return _("%(name)s has no verdict in these days.") % {"name": name}


def _difference(hours: int, days: int) -> str:
    within = ngettext("In this %(days)d day", "In these %(days)d days", days) % {"days": days}
    if not hours:
        return _("%(within)s the editions agree.") % {"within": within}
    return ngettext(
        "%(within)s the editions differ in %(hours)d hour.",
        "%(within)s the editions differ in %(hours)d hours.",
        hours,
    ) % {"within": within, "hours": hours}


def _station(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "key": facts["site"],
        "name": facts["name"],
        "city": facts["city_name"],
        "city_url": addresses.city(facts["city"]),
        "region": facts["region_name"],
        "place": words.joined(dict.fromkeys((facts["city_name"], facts["region_name"]))),
        "url": reverse("web:station", args=[facts["site"]]),
    }


def _span_controls(span: Span, extent: tuple[datetime, datetime] | None) -> dict[str, Any]:
    return {
        "from": span.first.isoformat(),
        "to": span.last.isoformat(),
        "text": f"{span.first} – {span.last}",
        "back_url": span.moved(-span.days),
        "on_url": span.moved(span.days),
        "first_day": beijing.day_of(extent[0]).isoformat() if extent else "",
        "last_day": beijing.day_of(extent[1]).isoformat() if extent else "",
    }


def _review(site: Site, given: Mapping[str, Any] | None) -> dict[str, Any]:
    empty = {"error": "", "start": "", "end": "", "item": "", "reason": ""}
    return {**empty, **(given or {}), "url": reverse("web:review", args=[site.key])}


def _facts(
    site: Site, facts: Mapping[str, list[dict[str, Any]]], extent: tuple[datetime, datetime] | None
) -> dict[str, Any]:
    dated = [
        *(_fact(_("name"), row["name_zh"], row, row["note"]) for row in facts["names"]),
        *(_fact(_("code"), row["code"], row) for row in facts["codes"]),
        *(_fact(_("place"), f"{row['lon']:.4f}, {row['lat']:.4f}", row, _datum(row["datum"]))
          for row in facts["places"]),
    ]  # fmt: skip
    return {
        "counts": site.counts_for_city,
        "published": site.published,
        "yes_no": _("yes,no"),
        "newest": beijing.hour_label(extent[1], extent[1] + HOUR) if extent else "",
        "dated": dated,
    }


def _fact(kind: str, value: str, row: Mapping[str, Any], note: str = "") -> dict[str, Any]:
    return {
        "kind": kind,
        "value": value,
        "note": note,
        "from": "" if row["valid_from"].year <= 1900 else row["valid_from"].isoformat(),
        "to": "" if row["valid_to"] == END_OF_TIME else row["valid_to"].isoformat(),
        "source": row["source"],
    }


def _datum(datum: str) -> str:
    return _("datum: %(datum)s") % {"datum": SitePlace.Datum(datum).label}


def table(key: str, hours: Hours) -> pl.DataFrame:
    """Return the hours as a table, oldest first: values, qualities, IAQI and AQI per edition."""
    rows = [_table_row(key, hours, start) for start in hours.starts]
    return pl.DataFrame(rows, infer_schema_length=None)


def _table_row(key: str, hours: Hours, start: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {"station": key, "time": beijing.hour_label(start, start + HOUR)}
    for item in words.HOURLY_ITEMS:
        value = hours.values.get(item, {}).get(start)
        row[item] = value["value"] if value else None
        row[f"{item}_quality"] = value["quality"] if value else None
    columns: Sequence[str] = (
        *(f"iaqi_{item}" for item in words.HOURLY_ITEMS),
        "aqi", "category", "primary", "status", "reason", "unverified",
    )  # fmt: skip
    for verdict in hours.verdicts:
        cell = verdict.cells.get(start, {})
        row |= {f"{column} {verdict.edition}": cell.get(column) for column in columns}
    return row
