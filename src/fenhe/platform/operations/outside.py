"""Checks of a data folder and its machine that need neither the store nor Django."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from fenhe.base import beijing
from fenhe.base.instants import utc_now
from fenhe.platform import paths, wire
from fenhe.platform.operations import records, versions
from fenhe.platform.operations.findings import Finding, fail, ok, warn
from fenhe.store.lock import holder

LOW_DISK = 2 << 30  # bytes free below which the doctor warns
NO_DISK = 256 << 20  # … and below which writing is about to fail
WEB = Path(__file__).parents[1]


def look(data: Path) -> Iterator[Finding]:
    """Yield what is found; a check that breaks is a finding of its own."""
    for check in (permissions, disk, owner, sound_records, version, time_zone, assets):
        yield from run(check.__name__, lambda check=check: check(data))  # type: ignore[misc]


def run(name: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Yield the findings of a check, or that it could not be made."""
    try:
        yield from check()
    except Exception as error:
        yield fail(name, f"could not be checked: {error}", "mend what the message names")


def permissions(data: Path) -> Iterator[Finding]:
    """Look whether the folder and its key are for their owner alone, and can be written."""
    open_to_all = [
        str(path)
        for path in (data, data / paths.SECRET)
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if not os.access(data, os.W_OK | os.X_OK):
        yield fail("permissions", f"{data} can not be written", "run as the folder's owner")
    elif open_to_all:
        yield warn(
            "permissions",
            f"others may look into {', '.join(open_to_all)}",
            f"chmod 700 {data}; chmod 600 {data / paths.SECRET}",
        )
    else:
        yield ok("permissions", "the folder and its key are for their owner alone")


def disk(data: Path) -> Iterator[Finding]:
    """Look how much room there is."""
    free = shutil.disk_usage(data).free
    said = f"{free / 1e9:.1f} GB free"
    if free < NO_DISK:
        yield fail("disk", said, "free some room now: imports are about to fail")
    elif free < LOW_DISK:
        yield warn("disk", said, "free some room, or move the data folder to a larger disk")
    else:
        yield ok("disk", said)


def owner(data: Path) -> Iterator[Finding]:
    """Look who owns the folder."""
    pid = holder(data)
    if wire.is_served(data):
        yield ok("owner", f"served by process {pid}")
    elif pid is not None:
        yield warn(
            "owner",
            f"process {pid} holds the store and does not serve",
            "wait for it to end, or stop it; then run the doctor again",
        )
    elif (data / paths.SOCKET).exists():
        yield ok("owner", "nobody; a killed server left its socket, the next one replaces it")
    else:
        yield ok("owner", "nobody")


def sound_records(data: Path) -> Iterator[Finding]:
    """Have SQLite check the records."""
    found = records.damage(data / paths.RECORDS)
    if found:
        yield fail("records", f"damaged: {found[0]}", "restore the last good backup")
    else:
        yield ok("records", "SQLite finds nothing wrong")


def version(data: Path) -> Iterator[Finding]:
    """Look whether the records are of this version."""
    try:
        versions.check(records.migrations(data / paths.RECORDS))
    except (versions.FolderOutdated, versions.FolderTooNew) as error:
        yield fail("version", str(error), "fenhe upgrade, or the newer version of Fenhe")
    else:
        yield ok("version", "the records are of this version")


def time_zone(_data: Path) -> Iterator[Finding]:
    """Look whether Beijing time is eight hours ahead here, whatever zone the machine is in."""
    noon = datetime(2026, 3, 1, 4)
    if timedelta(hours=8) != beijing.OFFSET or beijing.day_of(noon).isoformat() != "2026-03-01":
        yield fail("time zone", "Beijing time is not UTC + 8 h here", "install Fenhe anew")
        return
    shift = datetime.now() - utc_now()  # noqa: DTZ005
    hours = round(shift.total_seconds() / 900) / 4
    yield ok("time zone", f"machine at UTC{hours:+g} h ({time.tzname[0]}); days are Beijing days")


def assets(_data: Path) -> Iterator[Finding]:
    """Look whether what the pages and documents need beside code is there."""
    wanted = {
        "browser libraries": WEB / "web" / "static" / "vendor" / "manifest.json",
        "Chinese words": WEB / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.mo",
        "fonts": next(iter(sorted((WEB / "documents" / "fonts").glob("*.[ot]t[fc]"))), None),
    }
    absent = [name for name, path in wanted.items() if path is None or not path.is_file()]
    if absent:
        yield fail(
            "assets",
            f"not there: {', '.join(absent)}",
            "in a checkout: make env; elsewhere: install Fenhe from its wheel or bundle again",
        )
    else:
        yield ok("assets", "browser libraries, messages and fonts are there")
