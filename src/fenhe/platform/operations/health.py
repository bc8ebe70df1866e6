"""Whether this process can do its work: what a load balancer or a watchdog asks."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable

from django.conf import settings

from fenhe.platform import owner
from fenhe.platform.notices import queries as alarms_of
from fenhe.platform.operations import running

WATCHED_WITHIN = 120.0  # seconds within which the watcher must have looked


def readiness() -> dict[str, str]:
    """Return ``ok`` or what is wrong, in a few words without details, for each part."""
    parts: dict[str, Callable[[], str]] = {"store": store, "worker": worker, "watcher": watcher}
    parts["disk"] = disk
    return {name: said(part) for name, part in parts.items()}


def said(part: Callable[[], str]) -> str:
    """Return what a part says, ``unreadable`` when it can not."""
    try:
        return part()
    except Exception:  # whatever it is, the part does not answer
        return "unreadable"


def store() -> str:
    """Say whether the store is open and answers."""
    owner.store().live_files()
    return "ok"


def worker() -> str:
    """Say whether the worker lives and the verdicts are not behind by ``FENHE_BEHIND`` seconds."""
    thread = running.now.worker
    if thread is None or not thread.is_alive():
        return "not running"
    behind = time.monotonic() - thread.level_at
    return "ok" if behind <= settings.FENHE_BEHIND else "behind"


def watcher() -> str:
    """Say whether the watcher lives and looks: it can not tell of itself."""
    thread = running.now.watcher
    if thread is None or not thread.is_alive():
        return "not running"
    behind = time.monotonic() - thread.looked_at
    return "ok" if behind <= WATCHED_WITHIN else "behind"


def alarms() -> str:
    """Say ``none``, ``open`` or ``critical``: how it is with alarms about the system itself."""
    grave = alarms_of.standing_severities()
    return "critical" if "critical" in grave else "open" if grave else "none"


def disk() -> str:
    """Say whether more than ``FENHE_DISK_LOW`` bytes are free."""
    free = shutil.disk_usage(settings.FENHE_DATA).free
    return "ok" if free > settings.FENHE_DISK_LOW else "low"
