"""One try of a standing feed: what is new is kept, imported and counted in one run."""

from __future__ import annotations

import logging
import random
import tempfile
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Sum

from fenhe.base.errors import BadInput, FenheError
from fenhe.platform import owner
from fenhe.platform.monitoring import fetching, imports
from fenhe.platform.monitoring.intake import Receive
from fenhe.platform.monitoring.models import Source, SourceFile, SourceRun
from fenhe.platform.workflow.acts import Actor, system_actor
from fenhe.protocols.tables.reader import WEB
from fenhe.store import RawFile

log = logging.getLogger("fenhe.feeder")
LONGEST = 3600.0  # seconds between tries of a source that keeps failing
SOON = 5.0  # seconds to the second look at a file just seen
CATCH_UP = 48  # addresses of one run
KEPT_RUNS = 1000
COUNTS = ("received", "stored", "duplicate", "rejected")
HOUR = timedelta(hours=1)
_importing = threading.Lock()


@dataclass
class Tally:
    """What one run has found so far."""

    files: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    soon: bool = False


def try_source(source: Source, stop: threading.Event, actor: Actor | None = None) -> SourceRun:
    """Try a source once and write its run; no error of a source leaves this function."""
    now = datetime.now(UTC)
    run = SourceRun.objects.create(source=source, started=now)
    tally, failure = Tally(), ""
    try:
        work = _look if source.kind == Source.Kind.FOLDER else _poll
        work(source, tally, actor or system_actor(), stop)
    except (FenheError, OSError) as error:
        failure = str(error)
    except Exception as error:
        log.exception("source %s", source.key)
        failure = f"{type(error).__name__}: {error}"
    _close(source, run, tally, failure)
    return run


def cut_short() -> int:
    """Close the runs that a stop of the process left open; return how many."""
    left = SourceRun.objects.filter(outcome=SourceRun.Outcome.RUNNING)
    said = "cut short: the process ended; the next run goes on"
    return left.update(outcome="failed", ended=datetime.now(UTC), message=said)


def pause_after(interval: float, failures: int) -> float:
    """Return seconds to the next try: doubling per failure up to an hour, with jitter."""
    if not failures:
        return interval
    grown = min(max(interval, 1.0) * 2.0 ** min(failures - 1, 20), max(LONGEST, interval))
    return grown * random.uniform(0.75, 1.0)  # noqa: S311 (spreads tries, guards nothing)


def is_due(source: Source, now: datetime) -> bool:
    """Say whether a source should be tried; a clock set back does not put it off for long."""
    if source.next_due is None or source.next_due <= now:
        return True
    longest = timedelta(seconds=max(LONGEST, source.interval))
    return bool(source.next_due - now > longest)


def _close(source: Source, run: SourceRun, tally: Tally, failure: str) -> None:
    now = datetime.now(UTC)
    run.ended, run.files = now, tally.files
    for name in COUNTS:
        setattr(run, name, tally.counts[name])
    run.message = "\n".join([*([failure] if failure else []), *tally.refused, *tally.notes])
    run.outcome = (
        "failed"
        if failure
        else "refused"
        if tally.refused
        else "ok"
        if tally.files
        else "unchanged"
    )
    run.save()
    source.failures = source.failures + 1 if failure else 0
    source.last_tried, source.last_message = now, run.message
    if not failure:
        source.last_ok = now
    wait = SOON if tally.soon and not failure else pause_after(source.interval, source.failures)
    source.next_due = now + timedelta(seconds=min(wait, source.interval) if tally.soon else wait)
    names = ("failures", "last_tried", "last_ok", "last_message", "next_due", "last_data", "alarm")
    source.save(update_fields=[*names, "place", "remembered"])
    prune(source)


def prune(source: Source, keep: int = KEPT_RUNS) -> None:
    """Drop the oldest runs; their sums stay with the source."""
    ids = list(source.runs.values_list("pk", flat=True)[keep : keep + 500])
    if not ids:
        return
    old = source.runs.filter(pk__in=ids)
    sums = old.aggregate(**{name: Sum(name) for name in ("files", *COUNTS)}) | {"runs": len(ids)}
    kept = Source.objects.get(pk=source.pk).pruned
    source.pruned = {name: kept.get(name, 0) + (value or 0) for name, value in sums.items()}
    source.save(update_fields=["pruned"])
    old.delete()


def _take(source: Source, raw: RawFile, tally: Tally, actor: Actor) -> None:
    """Import kept bytes and count them. Raises ``ImportRefused`` or another ``FenheError``."""
    act = Receive(raw, _description(source, raw))
    with _importing:  # two sources with the same bytes at once: one after the other
        loaded = act.run(actor)
    tally.files += 1
    for name in COUNTS:
        tally.counts[name] += getattr(loaded.receipt, name)
    if act.newest is not None:
        newest = act.newest.replace(tzinfo=UTC)
        source.last_data = max(source.last_data or newest, newest)
    receipt = loaded.receipt
    if receipt.received != receipt.stored + receipt.duplicate + receipt.rejected:
        source.alarm = f"the receipt of import {receipt.import_id} does not balance"
        log.error("source %s: %s", source.key, source.alarm)


def _description(source: Source, raw: RawFile) -> str:
    if len(source.feeds) == 1:
        return str(source.feeds[0])
    fits = [feed for feed in source.feeds if imports.look(raw.path, feed, WEB, raw.name).ok]
    if len(fits) != 1:
        said = f"{len(fits)} of the descriptions {', '.join(source.feeds)} fit"
        raise BadInput(f"{raw.name}: {said}; one must")
    return str(fits[0])


def _poll(source: Source, tally: Tally, actor: Actor, stop: threading.Event) -> None:
    fetching.check(source.location)
    headers = {}
    if source.headers:
        headers = fetching.headers_of(Path(settings.FENHE_DATA) / "secrets" / source.headers)
    now = datetime.now(UTC).replace(tzinfo=None)
    owed = _owed(source, now)
    for number, (url, moment) in enumerate(owed[:CATCH_UP]):
        current = number == len(owed) - 1
        try:
            _ask(source, url, headers, tally, actor, stop)
        except fetching.NotFetched as error:
            if current or not error.gone:
                raise
            tally.notes.append(str(error))
        source.place = moment.replace(tzinfo=UTC)
        source.save(update_fields=["place", "remembered", "last_data"])
    tally.soon = len(owed) > CATCH_UP


def _owed(source: Source, now: datetime) -> list[tuple[str, datetime]]:
    """Return the addresses since the place, each once, with the last hour it stands for."""
    if not fetching.has_dates(source.location):
        return [(source.location, now)]
    place = source.place.replace(tzinfo=None) if source.place else now
    hours = max(int((now - place) / HOUR), 0)
    moments = [*(place + HOUR * step for step in range(hours + 1)), now]
    return list({fetching.address(source.location, one): one for one in moments}.items())


def _ask(  # noqa: PLR0917 (one run's parts)
    source: Source,
    url: str,
    headers: dict[str, str],
    tally: Tally,
    actor: Actor,
    stop: threading.Event,
) -> None:
    with tempfile.TemporaryFile() as spool:
        answer = fetching.fetch(url, spool, headers, source.remembered, stop)
        if not answer.changed:
            return
        spool.seek(0)
        raw = owner.store().raw.keep(spool, answer.name)
    before = source.remembered
    if before.get("address") != url or before.get("sha256") != raw.sha256:
        try:
            _take(source, raw, tally, actor)
        except (imports.ImportRefused, BadInput) as error:
            tally.refused.append(str(error))
    source.remembered = {**answer.remembered, "sha256": raw.sha256}


def _look(source: Source, tally: Tally, actor: Actor, stop: threading.Event) -> None:
    folder, _, pattern = source.location.rpartition("/")
    if not Path(folder).is_dir():
        raise BadInput(f"there is no folder {folder}")
    known = {row.path: row for row in source.files.all()}
    for path in sorted(Path(folder).glob(pattern)):
        if stop.is_set():
            return
        if path.is_file() and not path.name.startswith("."):
            _one(source, path, known, tally, actor)


def _one(
    source: Source, path: Path, known: dict[str, SourceFile], tally: Tally, actor: Actor
) -> None:
    stat = path.stat()
    row = known.get(path.name) or SourceFile(source=source, path=path.name, size=-1, mtime_ns=-1)
    if (row.size, row.mtime_ns) != (stat.st_size, stat.st_mtime_ns):
        row.size, row.mtime_ns, row.state = stat.st_size, stat.st_mtime_ns, SourceFile.State.SEEN
        row.save()
        tally.soon = True
        return
    if row.state != SourceFile.State.SEEN:
        return
    raw = owner.store().raw.keep(path, path.name)
    after = path.stat()
    if (after.st_size, after.st_mtime_ns) != (row.size, row.mtime_ns) or raw.size != row.size:
        tally.soon = True
        return
    taken = source.files.filter(sha256=raw.sha256, state=SourceFile.State.TAKEN)
    same = row.sha256 == raw.sha256  # touched, not changed: what was refused stays refused
    row.state = SourceFile.State.REFUSED if same and row.message else SourceFile.State.TAKEN
    if not same and not taken.exclude(path=path.name).exists():
        row.message = ""
        try:
            _take(source, raw, tally, actor)
        except (imports.ImportRefused, BadInput) as error:
            row.state, row.message = SourceFile.State.REFUSED, str(error)
            tally.refused.append(str(error))
    row.sha256 = raw.sha256
    row.save()
