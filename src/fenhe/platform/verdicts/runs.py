"""Frozen runs as pages ask for them: who may see which, and what later data changed in one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db.models import Q, QuerySet

from fenhe.base.errors import BadInput
from fenhe.platform import owner
from fenhe.platform.documents.monthly import ITEMS
from fenhe.platform.registry import door
from fenhe.platform.verdicts import frozen
from fenhe.platform.verdicts.models import FrozenRun
from fenhe.store import Store

ACT = "verdicts.bulletin"
GONE, NEW, OTHER = "gone", "new", "other"
_one_at_a_time = threading.Lock()


def visible(user: Any) -> QuerySet[FrozenRun]:
    """Return the frozen runs a person may see: of their regions, and the published ones."""
    where = door.scope(user, ACT)
    runs = FrozenRun.objects.select_related("region")
    if where.everywhere:
        return runs
    condition = Q(published=True) if where.published else Q(pk__in=[])
    for region in where.regions:
        condition |= Q(region__path__startswith=region.path)
    return runs.filter(condition)


@dataclass(frozen=True)
class Change:
    """One number of a bulletin that would be another one today.

    ``what`` is a path in the kept result such as ``index`` or ``items.pm25.value``; for a whole
    place that came or went it is empty.
    """

    kind: str  # other, gone, new
    place: Mapping[str, str]  # zh, en
    what: str = ""
    then: str | None = None
    now: str | None = None

    @property
    def difference(self) -> Decimal | None:
        """By how much, where both are numbers."""
        if self.then is None or self.now is None:
            return None
        return Decimal(self.now) - Decimal(self.then)


@dataclass(frozen=True)
class Since:
    """What became of a bulletin's numbers since it was frozen."""

    commit: int  # as known at
    changes: tuple[Change, ...]
    nothing_now: bool = False  # today no city of the month is judged


def since(run: FrozenRun) -> Since:
    """Return what later data changed in a run, and by how much.

    Computed once per run and commit, and never twice at the same moment, so that visitors can
    not make it costly.
    """
    store = owner.store()
    with _one_at_a_time:
        return _since(store, run.pk, run.result_sha256, store.last_commit)


@lru_cache(maxsize=64)
def _since(store: Store, pk: int, _sha256: str, commit: int) -> Since:
    run = FrozenRun.objects.get(pk=pk)
    recipe = replace(frozen.recipe_of(run), commit=commit)
    try:
        again = json.loads(frozen.compute(store, recipe))
    except BadInput:
        return Since(commit, (), nothing_now=True)
    return Since(commit, tuple(differences(json.loads(run.result), again)))


#: The numbers of a place that are compared, as paths.
COMPARED = (
    "index",
    "rank",
    "change",
    "change_rank",
    "good_share",
    "n_missing",
    *(f"days.{n}" for n in range(6)),
    *(f"items.{item}.{part}" for item in ITEMS for part in ("value", "n_valid", "days_above")),
)


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    """Yield what differs between two results of the same month, place by place."""
    former = {place["key"]: place for place in then["places"]}
    later = {place["key"]: place for place in now["places"]}
    for key, place in former.items():
        if key not in later:
            yield Change(GONE, place["name"])
            continue
        for path in COMPARED:
            before, after = _at(place, path), _at(later[key], path)
            if before != after and _told(place, path):
                yield Change(OTHER, place["name"], path, before, after)
    yield from (Change(NEW, later[key]["name"]) for key in later if key not in former)


def _told(place: Mapping[str, Any], path: str) -> bool:
    """Say whether a result tells a number at all: an older release told fewer of them."""
    if not path.startswith("items."):
        return True
    _items, item, part = path.split(".")
    return part in place["items"].get(item, {})


def _at(place: Mapping[str, Any], path: str) -> str | None:
    found: Any = place
    for part in path.split("."):
        if found is None:
            return None
        found = found[int(part)] if isinstance(found, list) else found.get(part)
    return None if found is None else str(found)
