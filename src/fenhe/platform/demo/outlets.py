"""Simulated outlets in the demonstration: entered like any, and marked as made up.

What they are comes from whoever calls, as lists and rows: the platform knows no simulator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from fenhe.platform import owner
from fenhe.platform.registry.marks import SubmitMark
from fenhe.platform.registry.models import OUTLET_PREFIX, Mark, Site
from fenhe.platform.registry.outletacts import ImportOutlets
from fenhe.platform.workflow.acts import system_actor

SOURCE = "Fenhe demonstration, simulated · 汾河演示，模拟数据"
Say = Callable[[str], None]


def enter(lists: Path, marks: Iterable[Mapping[str, Any]], say: Say) -> None:
    """Enter the lists and file the marks; what stands already is left as it is.

    ``lists`` is a workbook as ``fenhe outlets import`` takes it. A mark has site (without the
    prefix), kind, code, start, end, reason, planned, submitted_at (naive UTC).
    """
    actor = system_actor()
    commit = owner.store().last_commit
    found = ImportOutlets(lists, commit, SOURCE).run(actor)
    if sum(found.changed.values()):
        say(f"simulated outlets: {found.rows['outlets']:,}, loggers: {found.rows['devices']:,}")
    filed = 0
    for one in marks:
        filed += _file(one, commit)
    if filed:
        say(f"marks of simulated operators: {filed:,}")


def _file(one: Mapping[str, Any], commit: int) -> bool:
    site = Site.objects.get(pk=f"{OUTLET_PREFIX}{one['site']}")
    start = one["start"]
    same = Mark.objects.filter(site=site, code=one["code"])
    if any(mark.start.replace(tzinfo=None) == start for mark in same):
        return False
    SubmitMark(
        site=site,
        kind=one["kind"],
        code=one["code"],
        start=start,
        end=one["end"],
        reason=one["reason"],
        planned=one["planned"],
        submitted_at=one["submitted_at"],
        commit=commit,
    ).run(system_actor())
    return True
