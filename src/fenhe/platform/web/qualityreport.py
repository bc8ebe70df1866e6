"""What a month's hours are worth, by place: due, received, passed, suspect, void, missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import polars as pl
from django.urls import reverse
from django.utils.translation import gettext as _

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.base.instants import utc_now
from fenhe.platform import clock, owner
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Outlet, Site
from fenhe.platform.web import outletlist, outletwords, reviewwords
from fenhe.quality.flags import Quality
from fenhe.store import Store

STATISTIC = "1h"
COUNTS = ("due", "received", "passed", "suspect", "void", "missing", "not_checked")
KEY = ["site", "item"]


@dataclass(frozen=True)
class Month:
    """A month of Beijing, and until when its hours are due (naive UTC)."""

    first: date
    kind: str
    now: datetime

    @property
    def span(self) -> tuple[datetime, datetime]:
        """Its start and its end, or the last whole hour while it runs."""
        start = beijing.start_of(self.first)
        end = beijing.start_of(following(self.first))
        return start, max(start, min(end, self.now.replace(minute=0, second=0, microsecond=0)))

    @property
    def last(self) -> date:
        """Its last day."""
        return following(self.first) - timedelta(days=1)

    @property
    def label(self) -> str:
        """The month as addresses carry it."""
        return f"{self.first:%Y-%m}"


def following(first: date) -> date:
    """Return the first day of the next month."""
    return (first.replace(day=1) + timedelta(days=32)).replace(day=1)


def read(query: Mapping[str, str]) -> Month:
    """Return the month and the kind of place an address asks for. Raises ``BadInput``."""
    kind = query.get("kind") or Site.Kind.OUTLET
    if kind not in (Site.Kind.AIR, Site.Kind.OUTLET):
        raise BadInput(_("this choice is not known"))
    now = utc_now() if kind == Site.Kind.OUTLET else clock.now()
    text = query.get("month") or f"{beijing.day_of(now - beijing.HOUR):%Y-%m}"
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise BadInput(_("'%(text)s' is not a month; write 2026-11") % {"text": text}) from None
    return Month(first, str(kind), now)


def series(month: Month, user: Any) -> pl.DataFrame:
    """Return the counts of every series of the places a person has; see ``counted``."""
    places = door.visible_sites(user, "monitoring.annotate", kind=month.kind)
    keys = frozenset(places.values_list("key", flat=True))
    store = owner.store()
    return _counted(store, keys, *month.span, store.last_commit)


@lru_cache(maxsize=32)
def _counted(
    store: Store, keys: frozenset[str], start: datetime, end: datetime, _commit: int
) -> pl.DataFrame:
    values = store.observations(keys, None, STATISTIC, start, end).select(*KEY, "start", "quality")
    seen = store.coverage(keys, start, end).filter(pl.col("statistic") == STATISTIC)
    return counted(values, seen, int((end - start) / beijing.HOUR))


def counted(values: pl.DataFrame, seen: pl.DataFrame, hours: int) -> pl.DataFrame:
    """Count the hours of series: site, item and the columns of ``COUNTS``.

    ``values``: site, item, start, quality; ``seen``: site, item, start, end of what was checked.
    A value without a flag passed where a check looked, else it was not checked. ``hours`` are
    due of each series that has a value.
    """
    stretches = seen.select(*KEY, pl.col("start").alias("from"), pl.col("end").alias("to"))
    known = (
        stretches.sort(*KEY, "from")
        .with_columns(pl.col("to").cum_max().over(KEY))  # the furthest end so far
        .sort("from")
    )
    rows = values.sort("start").join_asof(
        known, left_on="start", right_on="from", by=KEY, check_sortedness=False
    )
    looked = (pl.col("to") > pl.col("start")).fill_null(value=False)
    quality = pl.col("quality")
    plain = quality == int(Quality.NOT_CHECKED)
    return (
        rows.group_by(KEY)
        .agg(
            pl.lit(hours).first().alias("due"),
            pl.len().alias("received"),
            ((quality == int(Quality.PASS)) | (plain & looked)).sum().alias("passed"),
            (quality == int(Quality.ANNOTATED)).sum().alias("suspect"),
            (quality == int(Quality.VOID)).sum().alias("void"),
            (quality == int(Quality.MISSING)).sum().alias("coded"),
            (plain & ~looked).sum().alias("not_checked"),
        )
        .with_columns(pl.col(name).cast(pl.Int64) for name in ("due", "received", "coded"))
        .with_columns(
            missing=(pl.col("due") - pl.col("received")).clip(lower_bound=0) + pl.col("coded"),
            valid=pl.col("received") - pl.col("void") - pl.col("coded"),
        )
        .select(*KEY, *(pl.col(name).cast(pl.Int64) for name in (*COUNTS, "valid")))
        .sort(KEY)
    )


def flags_by_check(month: Month, sites: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
    """Return site -> how many standing flags each check has on the hours of a month."""
    found = owner.store().flags(sites, *month.span, cleared=False)
    mine = found.filter(pl.col("statistic") == STATISTIC)
    told: dict[str, list[tuple[str, int]]] = {}
    counts = mine.group_by("site", "check").len().sort("len", "check", descending=[True, False])
    for site, check, count in counts.iter_rows():
        told.setdefault(site, []).append((check, count))
    return told


def rows(month: Month, counts: pl.DataFrame) -> list[dict[str, Any]]:
    """Return one row a place, the one with the smallest share of valid hours first."""
    whole = counts.group_by("site").agg(pl.col(name).sum() for name in (*COUNTS, "valid"))
    least = counts.sort(pl.col("valid") / pl.col("due"), "item")
    worst = least.unique("site", keep="first", maintain_order=True)
    items = {row["site"]: row for row in worst.iter_rows(named=True)}
    keys = whole["site"].to_list()
    names, checks = outletlist.called(keys), flags_by_check(month, keys)
    simulated = Outlet.objects.filter(site__in=keys, simulated=True)
    made_up = set(simulated.values_list("site", flat=True))
    told = [
        {
            **row,
            **_links(month, row["site"], items[row["site"]]["item"]),
            "name": names.get(row["site"], row["site"]),
            "share": share(row["valid"], row["due"]),
            "of": row["valid"] / row["due"] if row["due"] else 0.0,
            "worst": reviewwords.item_label(row["site"], items[row["site"]]["item"]),
            "worst_item": items[row["site"]]["item"],
            "worst_share": share(items[row["site"]]["valid"], items[row["site"]]["due"]),
            "checks": [(outletwords.flag_name(c), n) for c, n in checks.get(row["site"], [])],
            "codes": checks.get(row["site"], []),
            "simulated": row["site"] in made_up,
        }
        for row in whole.iter_rows(named=True)
    ]
    return sorted(told, key=lambda row: (row["of"], row["name"]))


def _links(month: Month, site: str, worst: str) -> dict[str, str]:
    days = {"from": month.first, "to": month.last, "q": site, "state": "all"}
    start, end = (reviewwords.field_text(moment) for moment in month.span)
    span = {"item": worst, "stat": STATISTIC, "start": start, "end": end}
    bench = reverse("web:review_bench", args=[site])
    return {
        "url": f"{reverse('web:review_queue')}?{urlencode(days)}",
        "worst_url": f"{bench}?{urlencode(span, safe=':')}",
    }


def share(part: int, whole: int) -> str:
    """Return a share in per cent; a dash of nothing."""
    return f"{part / whole:.1%}" if whole else "—"


def frame(told: Sequence[Mapping[str, Any]], month: Month) -> pl.DataFrame:
    """Return the rows as a table."""
    columns = [
        {
            "month": month.label,
            "site": row["site"],
            "name": row["name"],
            **{name: row[name] for name in (*COUNTS, "valid")},
            "valid_share": row["of"],
            "worst_item": row["worst_item"],
            "checks": ";".join(f"{code}={count}" for code, count in row["codes"]),
            "simulated": outletlist.simulated_text(row["simulated"]),
        }
        for row in told
    ]
    kinds = {
        **dict.fromkeys(("month", "site", "name"), pl.String),
        **dict.fromkeys((*COUNTS, "valid"), pl.Int64),
        "valid_share": pl.Float64,
        **dict.fromkeys(("worst_item", "checks", "simulated"), pl.String),
    }
    return pl.DataFrame(columns, schema=kinds)


def sentence(told: Sequence[Mapping[str, Any]], month: Month) -> str:
    """Say how much of what was due is valid, and where it is least."""
    if not told:
        return _("No hourly values in %(month)s.") % {"month": month.label}
    due, valid = (sum(row[name] for row in told) for name in ("due", "valid"))
    said = _("%(month)s: %(share)s of the hours due are valid; the least at %(name)s (%(least)s).")
    return said % {
        "month": month.label,
        "share": share(valid, due),
        "name": told[0]["name"],
        "least": told[0]["share"],
    }
