"""What waits for a reviewer: flags of checks, grouped into stretches of one series."""

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
from django.utils.translation import ngettext

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.base.instants import utc_now
from fenhe.platform import clock, owner
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Outlet, Site
from fenhe.platform.web import outletlist, outletwords, reviewwords, state
from fenhe.platform.web.words import joined
from fenhe.quality import flags as vocabulary
from fenhe.quality.review import PERSON
from fenhe.store import Store

DAYS = 30
MOST_DAYS = 400
ROWS_SHOWN = 100
APART = timedelta(hours=1)  # flags no further apart are one stretch
MISSING = ("gap", "negative", "sentinel")  # no value to decide on: only when asked for
STATES = ("open", "decided", "all")
ORDERS = ("newest", "gravest")
KEY = ["site", "item", "statistic"]
ORDER = {word.code: place for place, word in enumerate(vocabulary.VOCABULARY)}


@dataclass(frozen=True)
class Wanted:
    """Which stretches: the filters of the page."""

    first: date
    last: date
    kind: str = ""
    check: str = ""
    statistic: str = ""
    text: str = ""
    state: str = "open"
    order: str = "newest"

    def query(self, **other: Any) -> str:
        """Return these filters as a query string, some of them replaced."""
        pairs = {
            "from": self.first, "to": self.last, "kind": self.kind, "check": self.check,
            "stat": self.statistic, "q": self.text, "state": self.state, "order": self.order,
            **other,
        }  # fmt: skip
        return urlencode({name: value for name, value in pairs.items() if value != ""})


def read(query: Mapping[str, str]) -> Wanted:
    """Return the filters of an address; the last 30 days by default. Raises ``BadInput``."""
    today = beijing.day_of(max(clock.now(), utc_now()))
    last = state.read_day(query.get("to")) or today
    first = state.read_day(query.get("from")) or last - timedelta(days=DAYS - 1)
    if not timedelta(0) <= last - first <= timedelta(days=MOST_DAYS):
        raise BadInput(_("choose at most %(n)d days, the first before the last")
                       % {"n": MOST_DAYS})  # fmt: skip
    wanted = Wanted(
        first, last, query.get("kind", ""), query.get("check", ""), query.get("stat", ""),
        query.get("q", "").strip(), query.get("state") or "open", query.get("order") or "newest",
    )  # fmt: skip
    if wanted.state not in STATES or wanted.order not in ORDERS:
        raise BadInput(_("this choice is not known"))
    if wanted.check:
        vocabulary.word(wanted.check)
    return wanted


def of_checks(code: str) -> bool:
    """Say whether a flag is one a check raised: not a person's, a mark's or the logger's own."""
    told = code.startswith(("mark_", "logger_")) and code != "logger_disagrees"
    return code not in PERSON and not told


def stretches(flags: pl.DataFrame) -> pl.DataFrame:
    """Group the flags of checks into stretches of a series, decided ones apart.

    ``flags``: as ``store.flags`` gives them, the standing ones. Columns of the result: site,
    item, statistic, start, end, checks (list), count, reason (of the first), decided (a person
    declared all of it void or right).
    """
    codes = [code for code in flags["check"].unique() if of_checks(code)]
    mine = flags.filter(pl.col("check").is_in(codes))
    mine = mine.join(_decided(mine, flags), on="flag", how="left", maintain_order="left")
    mine = mine.with_columns(pl.col("decided").fill_null(value=False))
    mine = mine.sort(*KEY, "decided", "start", "end")
    before = pl.col("end").cum_max().shift(1).over(*KEY, "decided")
    new = before.is_null() | (pl.col("start") > before + APART)
    return (
        mine.with_columns(stretch=new.cum_sum())
        .group_by("stretch", maintain_order=True)
        .agg(
            *(pl.col(name).first() for name in KEY),
            pl.col("start").min(),
            pl.col("end").max(),
            pl.col("check").unique(maintain_order=True).alias("checks"),
            pl.len().alias("count"),
            pl.col("reason").first(),
            pl.col("decided").first(),
        )
        .drop("stretch")
    )


def _decided(mine: pl.DataFrame, flags: pl.DataFrame) -> pl.DataFrame:
    """Return the flags a person's decision covers whole: flag, decided."""
    people = flags.filter(pl.col("check").is_in(["void", "accepted"])).select(
        *KEY, pl.col("start").alias("from"), pl.col("end").alias("to")
    )
    covered = mine.join(people, on=KEY).filter(
        pl.col("from") <= pl.col("start"), pl.col("to") >= pl.col("end")
    )
    return covered.select("flag").unique().with_columns(decided=pl.lit(value=True))


@lru_cache(maxsize=8)
def _all(store: Store, start: datetime, end: datetime, missing: bool, _commit: int) -> pl.DataFrame:
    flags = store.flags(None, start, end, cleared=False)
    flags = flags if missing else flags.filter(~pl.col("check").is_in(MISSING))
    return stretches(flags)


def found(wanted: Wanted, user: Any) -> tuple[pl.DataFrame, dict[str, str]]:
    """Return the stretches a person may look into, in the order asked for, and site -> name."""
    places = door.visible_sites(user, "monitoring.annotate", kind=None)
    keys = dict(places.exclude(kind=Site.Kind.CITY).values_list("key", "kind"))
    start, end = beijing.days(wanted.first, wanted.last)
    store = owner.store()
    rows = _all(store, start, end, wanted.check in MISSING, store.last_commit)
    names = outletlist.called(keys)
    return _ordered(rows.filter(_fits(wanted, keys, names)), wanted), names


def _fits(wanted: Wanted, kinds: Mapping[str, str], names: Mapping[str, str]) -> pl.Expr:
    text = wanted.text.lower()
    keys = [
        key for key, kind in kinds.items()
        if wanted.kind in ("", kind)
        and (not text or text in key.lower() or text in names.get(key, "").lower())
    ]  # fmt: skip
    condition = pl.col("site").is_in(keys)
    if wanted.check:
        condition &= pl.col("checks").list.contains(wanted.check)
    if wanted.statistic:
        condition &= pl.col("statistic") == wanted.statistic
    if wanted.state != "all":
        condition &= pl.col("decided") == (wanted.state == "decided")
    return condition


def _ordered(rows: pl.DataFrame, wanted: Wanted) -> pl.DataFrame:
    """Newest: by the day of the end, within it the gravest. Gravest: most checks, then longest."""
    told = rows.with_columns(
        day=(pl.col("end") + beijing.OFFSET).dt.date(),
        grave=pl.col("checks").list.len(),
        length=pl.col("end") - pl.col("start"),
    )
    first = ["day", "grave", "length"] if wanted.order == "newest" else ["grave", "length", "end"]
    return told.sort(*first, "site", descending=[True] * 3 + [False])


def shown(rows: pl.DataFrame, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return stretches as table rows."""
    keys = rows["site"].unique().to_list()
    made_up = set(
        Outlet.objects.filter(site__in=keys, simulated=True).values_list("site", flat=True)
    )
    return [_row(row, names, row["site"] in made_up) for row in rows.iter_rows(named=True)]


def _row(row: Mapping[str, Any], names: Mapping[str, str], simulated: bool) -> dict[str, Any]:
    key = row["site"]
    checks = sorted(row["checks"], key=ORDER.__getitem__)
    span = {
        "item": row["item"],
        "stat": row["statistic"],
        "start": reviewwords.field_text(row["start"]),
        "end": reviewwords.field_text(row["end"]),
    }
    return {
        "site": key,
        "name": names.get(key, key),
        "simulated": simulated,
        "item": row["item"],
        "label": reviewwords.item_label(key, row["item"]),
        "statistic": reviewwords.statistic_text(row["statistic"]),
        "kind": row["statistic"],
        "span": outletwords.span_text(row["start"], row["end"]),
        "start": outletwords.clock(row["start"]),
        "end": outletwords.clock(row["end"]),
        "length": reviewwords.length_text(row["start"], row["end"]),
        "checks": [outletwords.flag_name(code) for code in checks],
        "codes": checks,
        "count": row["count"],
        "reason": row["reason"],
        "decided": row["decided"],
        "url": f"{reverse('web:review_bench', args=[key])}?{urlencode(span, safe=':')}#bench",
    }


def frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return the rows as a table; times on Beijing's clock."""
    told = [
        {
            "site": row["site"],
            "name": row["name"],
            "item": row["item"],
            "statistic": row["kind"],
            "start": row["start"],
            "end": row["end"],
            "checks": ";".join(row["codes"]),
            "flags": row["count"],
            "reason": row["reason"],
            "decided": "yes" if row["decided"] else "no",
            "simulated": outletlist.simulated_text(row["simulated"]),
        }
        for row in rows
    ]
    kinds = {
        **dict.fromkeys(("site", "name", "item", "statistic", "start", "end", "checks"), pl.String),
        "flags": pl.Int64,
        **dict.fromkeys(("reason", "decided", "simulated"), pl.String),
    }
    return pl.DataFrame(told, schema=kinds)


def sentence(rows: pl.DataFrame, wanted: Wanted) -> str:
    """Say how much waits, and where most of it is from."""
    if rows.is_empty():
        return _("Nothing of this choice: the checks flagged nothing here.")
    places = rows["site"].n_unique()
    counts = rows.explode("checks")["checks"].value_counts(sort=True).head(3)
    most = joined(f"{outletwords.flag_name(code)} {n}" for code, n in counts.iter_rows())
    facts = {"n": rows.height, "places": places, "most": most}
    if wanted.state == "open":
        said = ngettext(
            "%(n)d stretch waits for a decision (places: %(places)d), most often: %(most)s.",
            "%(n)d stretches wait for a decision (places: %(places)d), most often: %(most)s.",
            rows.height,
        )
    else:
        said = ngettext(
            "%(n)d stretch (places: %(places)d), most often: %(most)s.",
            "%(n)d stretches (places: %(places)d), most often: %(most)s.",
            rows.height,
        )
    return said % facts


def choices() -> dict[str, list[tuple[str, str]]]:
    """Return what the filters offer: value and label."""
    kinds = sorted({*owner.store().series()["statistic"].unique().drop_nulls().to_list()})
    return {
        "kinds": [(Site.Kind.AIR, _("stations")), (Site.Kind.OUTLET, _("outlets"))],
        "checks": [(w.code, outletwords.flag_name(w.code)) for w in vocabulary.VOCABULARY
                   if of_checks(w.code)],
        "statistics": [(kind, reviewwords.statistic_text(kind)) for kind in kinds],
        "states": [("open", _("not decided")), ("decided", _("decided")), ("all", _("all"))],
        "orders": [("newest", _("newest first")), ("gravest", _("gravest first"))],
    }  # fmt: skip


def stations_newest(wanted: Wanted) -> str:
    """Return the filters for the last days of the stations, where those lie elsewhere in time."""
    end = clock.now()
    last = beijing.day_of(end - beijing.HOUR)
    if last >= wanted.first:
        return ""
    return wanted.query(**{"from": last - timedelta(days=DAYS - 1), "to": last})
