"""Acts on standing feeds, and what the command line asks of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fenhe.base.errors import BadInput
from fenhe.platform import clock
from fenhe.platform.monitoring import fetching, standing
from fenhe.platform.monitoring.models import Source, SourceRun
from fenhe.platform.workflow.acts import Act, Actor
from fenhe.protocols.tables import feeds

LATE = 2  # times its own rhythm after which a source is late
_SHOWN = ("key", "title_zh", "kind", "feeds", "location", "interval", "expected_every", "active")


def find(key: str) -> Source:
    """Return a source. Raises ``BadInput`` when there is none."""
    source = Source.objects.filter(pk=key).first()
    if source is None:
        raise BadInput(f"there is no source '{key}'; 'fenhe sources' lists them")
    return source


@dataclass
class AddSource(Act[Source]):
    """Add a standing feed; it is tried at once."""

    event = "monitoring.add_source"
    source: Source

    def do(self, actor: Actor) -> Source:
        """Check and keep it. Raises ``BadInput`` saying what is wrong."""
        one = self.source
        if Source.objects.filter(pk=one.key).exists():
            raise BadInput(f"there is a source '{one.key}' already")
        if not one.feeds:
            raise BadInput("a source needs the id of at least one feed description")
        for feed in one.feeds:
            feeds.load(feed)
        if one.kind == Source.Kind.HTTP:
            fetching.check(one.location)
        elif not Path(one.location).is_absolute():
            raise BadInput("write the folder in full, with a pattern: /data/in/*.csv")
        if one.interval < 1 or one.expected_every < 1 or Path(one.headers).name != one.headers:
            raise BadInput("seconds are at least 1; headers are the name of a file in 'secrets'")
        one.save(force_insert=True)
        return one

    def after(self, result: Source) -> Any:
        """How it stands; the name of the headers' file, never what it holds."""
        return {name: getattr(result, name) for name in (*_SHOWN, "headers")}


@dataclass
class PauseSource(Act[Source]):
    """Pause a source, or let it go on."""

    event = "monitoring.pause_source"
    source: Source
    active: bool = False

    def do(self, actor: Actor) -> Source:
        """Mark it; one that goes on is tried at once."""
        self.source.active, self.source.next_due = self.active, None
        self.source.save(update_fields=["active", "next_due"])
        return self.source

    def after(self, result: Source) -> Any:
        """The source and whether it runs."""
        return {"key": result.key, "active": result.active}


def status(_args: dict[str, Any], _actor: Actor, _progress: Any) -> Any:
    """Return every source: how it stands, its lag in seconds (None without data), its last run."""
    return [_status(source) for source in Source.objects.all()]


def _status(source: Source) -> dict[str, Any]:
    lag = None
    if source.last_data is not None:
        lag = (clock.now() - source.last_data.replace(tzinfo=None)).total_seconds()
    late = lag is None or lag > LATE * source.expected_every
    state = "failing" if source.failures else "late" if late else "ok"
    return {
        **{name: getattr(source, name) for name in _SHOWN},
        "state": state if source.active else "paused",
        "lag": lag,
        "failures": source.failures,
        "message": source.last_message,
        "alarm": source.alarm,
        "run": _run(source.runs.first()),
    }


def _run(run: SourceRun | None) -> dict[str, Any] | None:
    if run is None:
        return None
    names = ("outcome", "files", *standing.COUNTS, "message")
    return {"started": run.started.isoformat(), **{name: getattr(run, name) for name in names}}


def add(args: dict[str, Any], actor: Actor, _progress: Any) -> Any:
    """Add a source from its fields."""
    return _status(AddSource(Source(**args)).run(actor))


def pause(args: dict[str, Any], actor: Actor, _progress: Any) -> Any:
    """Pause the source ``key``, or with ``active`` let it go on."""
    return _status(PauseSource(find(args["key"]), bool(args.get("active"))).run(actor))


@dataclass
class RunSource(Act[SourceRun]):
    """Try a source now, whether it is due or not."""

    event = "monitoring.run_source"
    atomic = False
    source: Source

    def do(self, actor: Actor) -> SourceRun:
        """Try it and return the run."""
        return standing.try_source(self.source, threading.Event(), actor)

    def after(self, result: SourceRun) -> Any:
        """The source and its receipt."""
        return {"key": self.source.key, **(_run(result) or {})}


def run_now(args: dict[str, Any], actor: Actor, _progress: Any) -> Any:
    """Try the source ``key`` and return its run."""
    return _run(RunSource(find(args["key"])).run(actor))


VERBS: dict[str, Callable[[dict[str, Any], Actor, Any], Any]] = {
    "sources": status,
    "add_source": add,
    "pause_source": pause,
    "run_source": run_now,
}
