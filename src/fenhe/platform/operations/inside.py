"""Checks of the store and of what rests on it; they run where the store is open."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import polars as pl

from fenhe.base.instants import utc_now
from fenhe.platform.notices import wording
from fenhe.platform.notices.models import Episode, Route
from fenhe.platform.operations import backlog, lateness
from fenhe.platform.operations.findings import Finding, fail, ok, warn
from fenhe.platform.operations.outside import run
from fenhe.store import RawDamaged, Store

SAMPLE = 200  # raw files read when not all are asked for
BACK = timedelta(minutes=1)  # a clock behind the last commit by more is worth a word
BEHIND = 5_000  # site-days still to judge beyond which the doctor speaks
NAMED = 5  # alarms named by the doctor
Progress = Callable[[dict[str, Any]], None]


def look(store: Store, *, every: bool, progress: Progress) -> list[Finding]:
    """Return what is found; ``every``: read all raw files, not a sample."""
    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "clock": partial(clock, store),
        "files": partial(files, store),
        "receipts": partial(receipts, store),
        "raw files": partial(raws, store, every=every, progress=progress),
        "raw logs": partial(rawlogs, store, every=every),
        "verdicts": partial(verdicts, store),
        "feeds": feeds,
        "alarms": alarms,
    }
    return [finding for name, check in checks.items() for finding in run(name, check)]


def clock(store: Store) -> Iterator[Finding]:
    """Hold the clock against the moment of the last commit."""
    if store.last_commit == 0:
        yield ok("clock", "nothing is stored yet")
        return
    ahead = store.known_at - utc_now()
    if ahead > BACK:
        yield warn(
            "clock",
            f"the clock is {ahead} behind the last commit: it has been set back",
            "set the clock right (timedatectl set-ntp true); until then new commits carry the "
            "moment of that last one",
        )
    else:
        yield ok("clock", f"last commit {store.last_commit} at {store.known_at:%Y-%m-%d %H:%M} UTC")


def files(store: Store) -> Iterator[Finding]:
    """Hold the catalogue against the disk."""
    found = store.astray()
    broken = found.missing + found.other_size
    if broken:
        yield fail(
            "files",
            f"{len(broken)} files the catalogue names are missing or changed, first {broken[0]}",
            "stop the server and restore the last good backup",
        )
    elif found.orphaned:
        yield warn(
            "files",
            f"{len(found.orphaned)} files belong to nobody, first {found.orphaned[0]}",
            "nothing: upkeep removes what a crash left behind within a day",
        )
    else:
        yield ok("files", "every file the catalogue names is there, and no other")


def receipts(store: Store) -> Iterator[Finding]:
    """Look whether received = stored + duplicate + rejected on every receipt."""
    found = store.unbalanced()
    if found.height:
        first = found.row(0, named=True)
        yield fail(
            "receipts",
            f"{found.height} do not balance, first import {first['import']} batch {first['batch']}",
            "restore the last good backup, and report it: this must not happen",
        )
    else:
        yield ok("receipts", "received = stored + duplicate + rejected on every one")


def raws(store: Store, *, every: bool, progress: Progress) -> Iterator[Finding]:
    """Read raw files and compare their hashes."""
    files = store.kept().filter(~pl.col("name").str.starts_with("stream/"))
    known = files["sha256"].unique().to_list()
    chosen = known if every or len(known) <= SAMPLE else random.sample(known, SAMPLE)
    bad: list[str] = []
    for done, sha in enumerate(chosen, start=1):
        try:
            store.raw.verify(sha)
        except RawDamaged as error:
            bad.append(str(error))
        progress({"rows": done, "of": len(chosen)})
    if bad:
        yield fail(
            "raw files",
            f"{len(bad)} of {len(chosen)} read are not what they were; {bad[0]}",
            "copy the file from a backup, or import the original again: the same bytes mend it",
        )
    else:
        part = "" if len(chosen) == len(known) else f" of {len(known)} (--all reads every one)"
        yield ok("raw files", f"{len(chosen)}{part} read, each has its hash")


def rawlogs(store: Store, *, every: bool) -> Iterator[Finding]:
    """Look whether the raw logs of gateways hold together; ``every``: prove every entry."""
    found = [store.verify_stream(gateway, thorough=every) for gateway in store.gateways()]
    bad = [problem for one in found for problem in one.problems]
    refusing = [log for log in store.streams.opened() if log.failed is not None]
    entries = sum(one.entries for one in found)
    if refusing:
        yield fail(
            "raw logs",
            f"{refusing[0].failed}: nothing a device sends is kept or acknowledged",
            "make room on the disk, or mend it; the log goes on by itself",
        )
    if bad:
        yield fail(
            "raw logs",
            f"{len(bad)} things are not as they were written; {bad[0]}",
            "keep everything as it is, and hold it against a backup: fenhe rawlog verify "
            "names every one",
        )
    elif not refusing:
        part = "every entry proved" if every else "each segment follows the one before"
        yield ok("raw logs", f"{entries:,} entries, {part}" if found else "no gateway has one")


def verdicts(store: Store) -> Iterator[Finding]:
    """Look how far the verdicts are behind the data."""
    left = backlog.of(store)
    said = f"{left.days} site-days and {left.commits} commits still to judge"
    if left.days > BEHIND:
        yield warn("verdicts", said, "start the server, whose worker judges them, and wait")
    else:
        yield ok("verdicts", said if left.days or left.commits else "up to date with the data")


def feeds() -> Iterator[Finding]:
    """Look whether a running feed is late."""
    found = lateness.lags()
    late = [f"{lag.feed} ({lateness.said(lag.seconds)})" for lag in found if lag.is_late]
    failing = [f"{key} ({count} in a row)" for key, count in lateness.failing().items()]
    wrong = {"late": late, "failing": failing}
    if late or failing:
        yield warn(
            "feeds",
            "; ".join(f"{word}: {', '.join(names)}" for word, names in wrong.items() if names),
            "fenhe sources status, or the page of feeds, tells the last error of each",
        )
    else:
        yield ok("feeds", f"{len(found)} running, none late" if found else "none is running here")


def alarms() -> Iterator[Finding]:
    """Tell the alarms about the system itself that stand open, and whether anybody is told."""
    rows = list(Episode.objects.filter(topic="system", closed_at__isnull=True))
    if rows:
        named = dict.fromkeys(f"{wording.title(one.kind, wording.EN)} (#{one.pk})" for one in rows)
        grave = any(one.severity == "critical" for one in rows)
        said = f"{len(rows)} stand: {', '.join(list(named)[:NAMED])}"
        remedy = "fenhe alarms list, or the page of alarms, says what to do about each"
        yield fail("alarms", said, remedy) if grave else warn("alarms", said, remedy)
        return
    told = Route.objects.filter(topic="system", active=True).exists()
    yield ok("alarms", "none" if told else "none; nobody would be told (fenhe alarms routes add)")
