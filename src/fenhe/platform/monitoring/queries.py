"""What the pages ask of the data: hours, series, flags, feeds, receipts, quarantine.

Times are naive UTC starts and ends; values are floats with the decimals the source wrote.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import polars as pl
from django.db.models import Max
from django.db.models.fields.json import KT

from fenhe.base import beijing
from fenhe.base.beijing import HOUR as _HOUR
from fenhe.base.instants import naive_utc
from fenhe.platform import clock, owner
from fenhe.platform.monitoring.models import Import, Note
from fenhe.platform.registry.models import Site
from fenhe.protocols.tables import feeds as descriptions
from fenhe.quality.flags import Quality, word
from fenhe.store import Store

ITEMS = ("so2", "no2", "co", "o3", "pm10", "pm25")
VALUE_COLUMNS = ["site", "item", "value", "decimals", "quality"]


def hours_available() -> dict[str, datetime] | None:
    """Return ``first`` and ``last``: the starts of the first and last hour of air data.

    None for an empty store.
    """
    extent = owner.store().extent("1h", ITEMS)
    if extent is None:
        return None
    first, end = extent
    return {"first": first, "last": end - (end - first) % _HOUR - _HOUR}


def hour_values(start: datetime, item: str | None = None) -> pl.DataFrame:
    """Return site, item, value, decimals, quality of one hour, of one item or of all.

    Void values are given with their quality (``Quality.VOID``); what was not measured is
    not there. The newest hour is answered from memory.
    """
    store = owner.store()
    latest = store.latest("1h").filter(pl.col("item").is_in([item] if item else ITEMS))
    here = latest.filter(pl.col("start") == start).select(VALUE_COLUMNS)
    passed = latest.filter(pl.col("start") > start)
    if passed.is_empty():
        return here
    older = _older(store, start, store.last_commit)
    if item is not None:
        older = older.filter(pl.col("item") == item)
    return pl.concat([here, older.join(here, on=["site", "item"], how="anti")])


@lru_cache(maxsize=32)
def _older(store: Store, start: datetime, _commit: int) -> pl.DataFrame:
    """Read an hour from the files once per commit."""
    found = store.observations(items=ITEMS, start=start, end=start + _HOUR)
    return found.select(VALUE_COLUMNS)


def series(site: str, start: datetime, end: datetime, as_of: int | None = None) -> pl.DataFrame:
    """Return the hourly values of a site with ``start <= t < end``, by item and time.

    Columns: site, item, start, end, value, decimals, quality, commit, raw_sha256, raw_row.
    """
    return owner.store().observations(
        sites=[site], items=list(ITEMS), start=start, end=end, as_of=as_of
    )


def flags(site: str, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Return the flags of a site that touch a period, oldest first, lifted ones too.

    Keys: ``flag`` (its number), ``item``, ``start``, ``end``, ``check``, ``check_zh``,
    ``check_en``, ``limit``, ``reason``, ``quality``, ``voids`` (bool), ``who``, ``commit``,
    ``cleared`` (bool), ``cleared_commit``, ``cleared_by``, ``cleared_reason``.
    """
    found = owner.store().flags([site], start, end)
    return [_flag(row) for row in found.iter_rows(named=True)]


def _flag(row: dict[str, Any]) -> dict[str, Any]:
    named = word(row["check"])
    kept = ("flag", "item", "start", "end", "check", "limit", "reason", "quality", "who", "commit")
    cleared = ("cleared_commit", "cleared_by", "cleared_reason")
    return {
        **{key: row[key] for key in (*kept, *cleared)},
        "check_zh": named.zh,
        "check_en": named.en,
        "voids": row["quality"] >= Quality.VOID,
        "cleared": row["cleared_commit"] is not None,
    }


def notes(site: Site, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Return what people wrote about a site in a period.

    Keys: ``item`` (empty: all), ``start``, ``end`` (naive UTC), ``text``, ``actor``, ``at``.
    """
    rows = Note.objects.filter(site=site, start__lt=_aware(end), end__gt=_aware(start))
    return [
        {
            "item": note.item,
            "start": naive_utc(note.start),
            "end": naive_utc(note.end),
            "text": note.text,
            "actor": note.actor,
            "at": note.at,
        }
        for note in rows
    ]


def feeds() -> list[dict[str, Any]]:
    """Return every feed description with the sums of its receipts.

    Keys: ``id, title_zh, title_en, source, licence, licence_zh, public, simulated, notes``,
    ``imports`` (how many), ``received, stored, corrected, duplicate, rejected``, ``last_at``
    (naive UTC of the last receipt, None without one), ``balanced`` (bool), ``newest`` (naive
    UTC end of the newest hour or day loaded, None without one) and ``lag``, seconds since then.
    """
    found = owner.store().receipts("import")
    sums = found.group_by("feed").agg(
        pl.len().alias("imports"), *(pl.col(c).sum() for c in COUNTS), pl.col("known_at").max()
    )
    by_feed = {row["feed"]: row for row in sums.iter_rows(named=True)}
    newest, now = _newest(), clock.now()
    return [
        _feed(feed, by_feed.get(feed.id), newest.get(feed.id), now) for feed in descriptions.known()
    ]


def _newest() -> dict[str, datetime]:
    """Return the end of the newest hour or day that was ever loaded under each feed."""
    loaded = Import.objects.filter(state=Import.State.LOADED).order_by()
    labels = loaded.values_list("feed").annotate(last=Max(KT("examination__last")))
    return {feed: _of_label(text) for feed, text in labels if text}


def _of_label(text: str) -> datetime:
    return beijing.to_utc(datetime.fromisoformat(text))


NAMES = ("id", "title_zh", "title_en", "source", "licence", "licence_zh")
TOLD = (*NAMES, "public", "simulated", "notes")
COUNTS = ("received", "stored", "corrected", "duplicate", "rejected")


def _feed(
    feed: Any, sums: dict[str, Any] | None, newest: datetime | None, now: datetime
) -> dict[str, Any]:
    counts = {name: sums[name] if sums else 0 for name in COUNTS}
    return {
        **{name: getattr(feed, name) for name in TOLD},
        "imports": sums["imports"] if sums else 0,
        **counts,
        "last_at": sums["known_at"] if sums else None,
        "balanced": _balances(counts),
        "newest": newest,
        "lag": None if newest is None else (now - newest).total_seconds(),
    }


def _balances(counts: dict[str, Any]) -> bool:
    return bool(counts["received"] == counts["stored"] + counts["duplicate"] + counts["rejected"])


def receipts(feed: str | None = None, by: str = "import") -> list[dict[str, Any]]:
    """Return receipts, newest first: by ``import``, by ``batch`` or by feed and ``hour``.

    By import the keys are ``import, feed, name, raw_sha256, actor, began_at, known_at,
    received, stored, corrected, duplicate, rejected, last_row, closed, balanced``; an import
    that was cut short is not ``closed`` and goes on when the file is imported again.
    """
    rows = owner.store().receipts(by, feed).reverse().iter_rows(named=True)
    return [{**row, "balanced": _balances(row)} for row in rows]


def imports(limit: int = 100) -> list[Import]:
    """Return what people tried to import, newest first, refused files too."""
    return list(Import.objects.all()[:limit])


def quarantine(
    feed: str | None = None, import_id: int | None = None, limit: int = 200, offset: int = 0
) -> dict[str, Any]:
    """Return refused cells: ``total``, ``reasons`` (code -> count) and ``rows``, newest first.

    Of a file imported more than once under a feed, only what its last import refused counts,
    of a stream what was not taken up since: what a replay has mended is no longer open (the
    store keeps it all the same).

    Row keys: ``import, feed, name, raw_sha256, raw_row, column, text, reason, commit``. A reason
    ``unknown_station:…`` can be mended: enter the station, then replay the import.
    """
    store = owner.store()
    reasons = store.quarantine_kinds(feed, import_id, standing=True)
    page = store.quarantine(feed, import_id, page=(limit, offset), standing=True)
    return {"total": sum(reasons.values()), "reasons": reasons, "rows": page.to_dicts()}


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
