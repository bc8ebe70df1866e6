"""Where an edition is used: the methods that read it, the assessments that rest on it, cells."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fenhe.base.errors import FenheError
from fenhe.methods import registry, usage
from fenhe.methods.run import meant
from fenhe.platform import owner
from fenhe.platform.verdicts.models import Assessment
from fenhe.standards import Edition
from fenhe.store import Store

BY, DAY, PARAMETER, READ = "judged_by", "by_day", "parameter", "read"


def methods(edition: Edition) -> list[dict[str, Any]]:
    """Return the methods that read an edition, derived by running each on nothing.

    Keys: ``id``, ``zh``, ``en``, ``values`` (how many values and rows it reads), ``refused``
    (why it can not judge by this edition of its standard, else empty).
    """
    found = []
    for method in registry.methods():
        runs = [one for one in usage.usages() if one.method == method.id]
        ids = {i for one in runs for i in one.ids if i.partition("/")[0] == edition.id}
        refused = next((one.refused for one in runs if one.edition == edition.id), "")
        if ids or refused:
            facts = {"id": method.id, "zh": method.zh, "en": method.en}
            found.append({**facts, "values": len(ids), "refused": refused})
    return found


def assessments(edition: Edition) -> list[dict[str, Any]]:
    """Return the active assessments that rest on an edition, and how many cells stand under it.

    Keys: ``assessment``, ``how`` (``judged_by``, ``by_day``, ``parameter``, ``read``: its
    method reads values of the edition while it judges by another one), ``name`` (of the
    parameter), ``cells`` (those that name the edition, or all where it is not the judging one).
    """
    counted = _counts(owner.store(), owner.store().last_commit)
    found = []
    for assessment in Assessment.objects.filter(active=True).select_related("scope"):
        how, name = _how(assessment, edition)
        if not how:
            continue
        mine = counted.get(assessment.key, {})
        cells = mine.get(edition.id, 0) if how in (BY, DAY) else sum(mine.values())
        found.append({"assessment": assessment, "how": how, "name": name, "cells": cells})
    return found


def _how(assessment: Assessment, edition: Edition) -> tuple[str, str]:
    try:
        method = registry.method(assessment.method)
        fixed = assessment.fixed_edition
        judging = meant(method, fixed).id if fixed else None
    except FenheError:
        return "", ""
    if judging == edition.id:
        return BY, ""
    if judging is None and method.uses(edition.standard):
        return DAY, ""
    for name, value in assessment.parameters.items():
        if value == edition.id:
            return PARAMETER, name
    runs = (one for one in usage.usages() if one.method == method.id)
    mine = [one for one in runs if judging in (None, one.edition)]
    if any(i.partition("/")[0] == edition.id for one in mine for i in one.ids):
        return READ, ""
    return "", ""


@lru_cache(maxsize=4)
def _counts(store: Store, _commit: int) -> dict[str, dict[str, int]]:
    """Count once per commit: assessment -> edition -> cells."""
    found: dict[str, dict[str, int]] = {}
    for assessment, edition, cells in store.cells.counts().iter_rows():
        found.setdefault(assessment, {})[edition or ""] = cells
    return found
