"""From the store's commits to dirty days: what has to be looked at again, and why no more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import polars as pl
from django.db import transaction
from django.dispatch import receiver

from fenhe.platform.verdicts.models import Begin, Cursor, DataDay, DirtyDay
from fenhe.platform.workflow.acts import Act
from fenhe.platform.workflow.signals import act_done
from fenhe.store import Store

CURSOR = "changed"
STATISTIC = "1h"
Pair = tuple[str, date]


def mark(store: Store) -> int:
    """Turn the commits since the last call into dirty days; return how many were read."""
    until = store.last_commit
    cursor, _ = Cursor.objects.get_or_create(name=CURSOR)
    if until <= cursor.commit:
        return 0
    found = store.changed(cursor.commit, until).filter(pl.col("statistic") == STATISTIC)
    with transaction.atomic():
        days = found["day"].unique().to_list()
        DataDay.objects.bulk_create((DataDay(day) for day in days), ignore_conflicts=True)
        _enter(found.select("site", "day").iter_rows())
        _enter(_newly_due(found))
        cursor.commit = until
        cursor.save()
    return found.height


def mark_everything() -> None:
    """Have every day looked at again, because the registry or the assessments changed."""
    Cursor.objects.filter(name=CURSOR).update(commit=0)


CHANGES_MEMBERS = {"registry.import_stations", "registry.import_boundaries"}


@receiver(act_done)
def registry_changed(act: Act[Any], **_: Any) -> None:
    """Look at everything again after an act that may move stations between cities."""
    if act.event in CHANGES_MEMBERS:
        mark_everything()


def _enter(pairs: Iterable[Pair]) -> None:
    rows = (DirtyDay(site=site, day=day) for site, day in pairs)
    DirtyDay.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1_000)


def _newly_due(found: pl.DataFrame) -> Iterable[Pair]:
    """Keep the first day of each site, and return the days on which that makes it due.

    A station whose opening day is not known counts for its city from its first value on: an
    earlier first value changes the city's share of valid stations on the days in between,
    on those without a value of this station too.
    """
    known = dict(Begin.objects.values_list("site", "day"))
    firsts = found.group_by("site").agg(pl.col("day").min()).iter_rows()
    earlier = [(site, day) for site, day in firsts if site not in known or day < known[site]]
    if not earlier:
        return
    held = sorted(DataDay.objects.values_list("day", flat=True))
    for site, day in earlier:
        Begin.objects.update_or_create(site=site, defaults={"day": day})
        until = known.get(site, date.max)
        yield from ((site, other) for other in held if day <= other < until)
