"""One try of a standing feed: what is new is kept, imported and counted in one run."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from fenhe.base.errors import BadInput, FenheError
from fenhe.platform import owner
from fenhe.platform.monitoring import polling, watching
from fenhe.platform.monitoring.intake import Receive
from fenhe.platform.monitoring.models import Import, Source, SourceRun
from fenhe.platform.monitoring.pauses import LONGEST, pause_after
from fenhe.platform.monitoring.taking import COUNTS, Stopped, Tally, Trying, until
from fenhe.platform.workflow.acts import Actor, system_actor
from fenhe.store import RawFile

log = logging.getLogger("fenhe.feeder")
SOON = 5.0  # seconds to the second look at a file just seen
CUT_SHORT = "cut short: the process ended; the next run goes on"
_guard = threading.Lock()
_busy: set[str] = set()


def try_source(source: Source, stop: threading.Event, actor: Actor | None = None) -> SourceRun:
    """Try a source once and write its run; no error of a source leaves this function.

    Raises ``BadInput`` when it is being tried already.
    """
    with _guard:
        if source.key in _busy:
            raise BadInput(f"source '{source.key}' is being tried right now")
        _busy.add(source.key)
    try:
        source.refresh_from_db()  # another thread may have tried it since it was read
        return _try(source, stop, actor or system_actor())
    finally:
        with _guard:
            _busy.discard(source.key)


def _try(source: Source, stop: threading.Event, actor: Actor) -> SourceRun:
    run = SourceRun.objects.create(source=source, started=datetime.now(UTC))
    tally, failure, stopped = Tally(), "", False
    work = watching.look if source.kind == Source.Kind.FOLDER else polling.poll
    try:
        work(Trying(source, tally, actor, stop))
    except Stopped as error:
        failure, stopped = str(error), True
    except (FenheError, OSError) as error:
        failure, stopped = str(error), stop.is_set()
    except Exception as error:
        stopped = stop.is_set()  # the store may be closed already
        if not stopped:
            log.exception("source %s", source.key)
        failure = f"{type(error).__name__}: {error}"
    with transaction.atomic():
        _close(source, run, tally, failure, stopped=stopped)
        prune(source, settings.FENHE_SOURCE_RUNS)
    return run


def go_on(stop: threading.Event, before: datetime) -> int:
    """Put right what the death of a process left: runs, records, imports cut short.

    ``before``: what began later is alive. Returns how many imports were finished.
    """
    left = SourceRun.objects.filter(outcome=SourceRun.Outcome.RUNNING, started__lt=before)
    left.update(outcome="failed", ended=datetime.now(UTC), message=CUT_SHORT)
    records = Import.objects.filter(state=Import.State.RUNNING, begun_at__lt=before)
    records.update(state=Import.State.FAILED, ended_at=datetime.now(UTC), message=CUT_SHORT)
    actor, done = system_actor(), 0
    receipts = owner.store().receipts("import")
    # before the sources are tried: what they bring next may correct what is missing here
    for row in receipts.filter(~pl.col("closed") & (pl.col("actor") == actor.name)).to_dicts():
        try:
            _finish(row, stop, actor)
            done += 1
        except FenheError as error:
            log.warning("import %s is left unfinished: %s", row["import"], error)
    return done


def _finish(row: dict[str, Any], stop: threading.Event, actor: Actor) -> None:
    """Take up an import of kept bytes, as its source noted when it began."""
    sha256 = row["raw_sha256"]
    path = owner.store().raw.verify(sha256)
    noted = [source.remembered.get("taking", {}) for source in Source.objects.all()]
    anew = any(one.get("anew") for one in noted if one.get("sha256") == sha256)
    raw = RawFile(sha256, path.stat().st_size, path, row["name"])
    Receive(raw, row["feed"], progress=until(stop), anew=anew).run(actor)


def is_due(source: Source, now: datetime) -> bool:
    """Say whether a source should be tried; a clock set back does not put it off for long."""
    if source.next_due is None or source.next_due <= now:
        return True
    longest = timedelta(seconds=max(LONGEST, source.interval))
    return bool(source.next_due - now > longest)


def _close(
    source: Source, run: SourceRun, tally: Tally, failure: str, *, stopped: bool = False
) -> None:
    now = datetime.now(UTC)
    run.ended, run.files = now, tally.files
    for name in COUNTS:
        setattr(run, name, tally.counts[name])
    run.message = "\n".join([*([failure] if failure else []), *tally.refused, *tally.notes])
    run.outcome = _outcome(tally, failure)
    run.save()
    _fold(source, run)
    if not stopped:
        source.failures = source.failures + 1 if failure else 0
    source.last_tried, source.last_message = now, run.message
    if not failure:
        source.last_ok = now
    wait = pause_after(source.interval, source.failures)
    if tally.soon and not failure:
        wait = min(SOON, source.interval)
    source.next_due = None if stopped else now + timedelta(seconds=wait)
    names = ("failures", "last_tried", "last_ok", "last_message", "next_due", "last_data")
    source.save(update_fields=names)


def _fold(source: Source, run: SourceRun) -> None:
    """Of tries in a row that found nothing new, keep the last: they would hide the others."""
    before = source.runs.filter(pk__lt=run.pk).first()
    same = before is not None and before.outcome == run.outcome == SourceRun.Outcome.UNCHANGED
    if before is not None and same and before.message == run.message:
        before.delete()


def _outcome(tally: Tally, failure: str) -> str:
    if failure:
        return "failed"
    if tally.refused:
        return "refused"
    return "ok" if tally.files else "unchanged"


def prune(source: Source, keep: int) -> None:
    """Drop the oldest runs; their sums stay with the source."""
    ids = list(source.runs.values_list("pk", flat=True)[keep : keep + 500])
    if not ids:
        return
    old = source.runs.filter(pk__in=ids)
    sums = old.aggregate(**{name: Sum(name) for name in ("files", *COUNTS)}) | {"runs": len(ids)}
    kept = source.pruned
    source.pruned = {name: kept.get(name, 0) + (value or 0) for name, value in sums.items()}
    source.save(update_fields=["pruned"])
    old.delete()
