"""What is asked about standing feeds: how each stands, its runs, what was refused and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fenhe.base.errors import BadInput
from fenhe.base.instants import naive_utc
from fenhe.platform import clock
from fenhe.platform.monitoring import fetching
from fenhe.platform.monitoring.models import Source, SourceRun
from fenhe.platform.monitoring.taking import COUNTS
from fenhe.platform.operations.lateness import LATE

SHOWN = (
    "key", "title_zh", "title_en", "kind", "feeds", "interval", "expected_every", "active",
    "failures", "alarm",
)  # fmt: skip


def find(key: str) -> Source:
    """Return a source. Raises ``BadInput`` when there is none."""
    source = Source.objects.filter(pk=key).first()
    if source is None:
        raise BadInput(f"there is no source '{key}'; 'fenhe sources status' lists them")
    return source


def shown(source: Source) -> str:
    """Return where it takes data from, without what may be a key."""
    return fetching.bare(source.location) if source.kind == Source.Kind.HTTP else source.location


def status() -> list[dict[str, Any]]:
    """Return how every source stands, by key; see ``status_of``."""
    return [status_of(source) for source in Source.objects.all()]


def status_of(source: Source) -> dict[str, Any]:
    """Return how a source stands, as plain data.

    Keys: ``SHOWN``, ``location``, ``state`` (``paused``, ``failing``, ``late``, ``waiting`` for
    its first data, or ``ok``), ``lag`` in seconds (None without data), ``late_after`` in seconds,
    ``newest``, ``tried``, ``next`` (ISO, UTC, or None), ``message``, ``refused`` (files and
    addresses), the last ``run`` and the last one with a ``receipt``.
    """
    lag = None
    if source.last_data is not None:
        lag = (clock.now() - naive_utc(source.last_data)).total_seconds()
    late_after = LATE * source.expected_every
    return {
        **{name: getattr(source, name) for name in SHOWN},
        "location": shown(source),
        "state": _state(source, lag is not None and lag > late_after),
        "lag": lag,
        "late_after": late_after,
        "newest": _iso(source.last_data),
        "tried": _iso(source.last_tried),
        "next": _iso(source.next_due) if source.active else None,
        "message": source.last_message,
        "refused": source.files.filter(state="refused").count() + len(_owed(source)),
        "run": plain_run(source.runs.exclude(outcome=SourceRun.Outcome.RUNNING).first()),
        "receipt": plain_run(source.runs.filter(files__gt=0).first()),
    }


def _state(source: Source, late: bool) -> str:
    if not source.active:
        return "paused"
    if source.failures:
        return "failing"
    if source.last_data is None:
        return "waiting"
    return "late" if late else "ok"


def plain_run(run: SourceRun | None) -> dict[str, Any] | None:
    """Return a run as plain data, times in ISO and UTC."""
    if run is None:
        return None
    counts = {name: getattr(run, name) for name in ("outcome", "files", *COUNTS, "message")}
    return {"started": _iso(run.started), "ended": _iso(run.ended), **counts}


def runs(source: Source, limit: int = 100) -> list[dict[str, Any]]:
    """Return the newest runs of a source."""
    return [plain_run(run) or {} for run in source.runs.all()[:limit]]


def refused(source: Source) -> list[dict[str, Any]]:
    """Return what is refused now: ``what`` (file or address), ``why``, ``at`` (ISO, UTC)."""
    files = source.files.filter(state="refused").order_by("-at")
    found = [{"what": row.path, "why": row.message, "at": _iso(row.at)} for row in files[:100]]
    return found + [
        {"what": fetching.bare(url), "why": one["why"], "at": one["moment"] + "+00:00"}
        for url, one in sorted(_owed(source).items())[-100:]
    ]


def _owed(source: Source) -> dict[str, Any]:
    return dict(source.remembered.get("owed", {}))


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
