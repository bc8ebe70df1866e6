"""From the store's commits and the registry to the outlet-hours that are to be judged again."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet

from fenhe.base.instants import utc_now
from fenhe.platform.registry.devices import judging_version
from fenhe.platform.registry.models import OUTLET_PREFIX, Mark, Outlet, Setting
from fenhe.platform.verdicts.models import Cursor, OutletBasis, OutletHour
from fenhe.platform.verdicts.outlets import basis, inputs, keys
from fenhe.platform.verdicts.outlets.basis import Told
from fenhe.platform.verdicts.outlets.standing import HOURS_GAS, HOURS_WATER
from fenhe.store import Store

CURSOR = "outlets"
SEEN = "outlet_basis_version"
Pair = tuple[str, int]


def mark(store: Store) -> int:
    """Queue the hours the commits and registry changes since the last call touch.

    Returns how many hours the commits touched. Without an outlet nothing is looked at.
    """
    if not Outlet.objects.exists():
        return 0
    until = store.last_commit
    cursor, _ = Cursor.objects.get_or_create(name=CURSOR)
    moved = until > cursor.commit
    quiet = store.cells.settled(cursor.commit, until)
    found: list[Pair] = []
    if moved and not quiet:
        touched = store.changed_hours(cursor.commit, until, OUTLET_PREFIX, inputs.PATTERN)
        found = [(site, keys.hour_of(start)) for site, start in touched.iter_rows()]
    if not moved and not _registry_changed():
        return 0
    with transaction.atomic():
        enter(found)
        if moved:
            cursor.commit = until
            cursor.save()
        _enter_basis(store)
    return len(found)


def enter(pairs: Iterable[Pair]) -> None:
    """Queue outlet-hours."""
    rows = (OutletHour(site=site, hour=hour) for site, hour in pairs)
    OutletHour.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1_000)


def over() -> QuerySet[OutletHour]:
    """Return the queued hours that are over by the real clock, newest first.

    An hour that runs waits, so its minutes cost no verdict each.
    """
    now = keys.hour_of(utc_now())
    return OutletHour.objects.filter(hour__lt=now).order_by("-hour", "site")


def waiting() -> int:
    """Return how many outlet-hours can be judged now."""
    return over().count()


def _registry_changed() -> bool:
    seen = Setting.objects.filter(pk=SEEN).values_list("value", flat=True).first()
    return seen is None or seen != judging_version()


def _enter_basis(store: Store) -> None:
    """Queue the hours whose facts, limits or marks are not those their cells were made with.

    The former rows are kept, so that whatever changed the registry, by whatever way, is found by
    what it changed.
    """
    version = judging_version()
    if not _registry_changed():
        return
    now = basis.told(basis.read())
    was = {Told(*row) for row in OutletBasis.objects.values_list("site", "since", "until", "what")}
    changed = now ^ was
    if changed:
        enter(_with_cells(store, _reach(changed, now | was)))
        stale = was - now
        for one in stale:
            OutletBasis.objects.filter(**vars(one)).delete()
        OutletBasis.objects.bulk_create(
            (OutletBasis(**vars(one)) for one in now - was), batch_size=1_000
        )
    Setting.objects.update_or_create(pk=SEEN, defaults={"value": version})


def _reach(changed: set[Told], every: set[Told]) -> set[Told]:
    """Add the conditions that begin later: their windows may be counted from a changed one."""
    found = set(changed)
    for one in changed:
        if _is_condition(one):
            found |= {
                other
                for other in every
                if other.site == one.site and other.until >= one.since and _is_condition(other)
            }
    return found


def _is_condition(one: Told) -> bool:
    return one.what.startswith("mark ") and f"|{Mark.Kind.FACILITY}|" in one.what


def _with_cells(store: Store, spans: set[Told]) -> set[Pair]:
    """Return the hours of spans that have cells: those without have no data, or are queued."""
    found: set[Pair] = set()
    by_site: dict[str, list[Told]] = {}
    for one in spans:
        by_site.setdefault(one.site, []).append(one)
    items = store.series()
    for site, mine in by_site.items():
        objects = [
            keys.object_of(site, item)
            for item in items.filter(items["site"] == site)["item"].unique().to_list()
        ]
        for key in (HOURS_GAS, HOURS_WATER):
            starts = store.cells.read(key, objects, columns=()).get_column("start").unique()
            hours = [keys.hour_of(start) for start in starts.to_list()]
            found |= {
                (site, hour) for hour in hours if any(s.since <= hour < s.until for s in mine)
            }
    return found
