"""Acts on standing feeds, and what the command line asks of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError

from fenhe.base.errors import BadInput
from fenhe.platform.monitoring import fetching, sources, standing, watching
from fenhe.platform.monitoring.models import Source, SourceRun
from fenhe.platform.monitoring.sources import find, plain_run, status_of
from fenhe.platform.workflow.acts import Act, Actor
from fenhe.protocols.tables import feeds

CHANGEABLE = (
    "title_zh", "title_en", "feeds", "location", "headers", "interval", "expected_every",
)  # fmt: skip
SECOND_LOOK = 1.5  # seconds a person waits for the second look at a file just seen


def _check(one: Source) -> None:
    """Raise ``BadInput`` saying what is wrong with a source."""
    if not one.feeds:
        raise BadInput("a source needs the id of at least one feed description")
    for feed in one.feeds:
        feeds.load(feed)
    if one.kind == Source.Kind.HTTP:
        fetching.check(one.location)
    else:
        watching.check(one.location)
    if one.interval < 1 or one.expected_every < 1 or Path(one.headers).name != one.headers:
        raise BadInput("seconds are at least 1; headers are the name of a file in 'secrets'")
    try:
        checked = {"key", "kind", *CHANGEABLE}
        one.clean_fields({part.name for part in one._meta.fields} - checked)
    except ValidationError as error:
        said = (f"{name}: {' '.join(why)}" for name, why in error.message_dict.items())
        raise BadInput("; ".join(said)) from None


@dataclass
class AddSource(Act[Source]):
    """Add a standing feed; it is tried at once."""

    event = "monitoring.add_source"
    source: Source

    def do(self, actor: Actor) -> Source:
        """Check and keep it. Raises ``BadInput`` saying what is wrong."""
        if Source.objects.filter(pk=self.source.key).exists():
            raise BadInput(f"there is a source '{self.source.key}' already")
        _check(self.source)
        self.source.place = datetime.now(UTC)
        self.source.save(force_insert=True)
        return self.source

    def after(self, result: Source) -> Any:
        """How it stands; the name of the headers' file, never what it holds."""
        return _kept(result)


@dataclass
class ChangeSource(Act[Source]):
    """Change what a source is, all but its key and kind; it is tried at once."""

    event = "monitoring.change_source"
    source: Source
    changes: dict[str, Any]

    def before(self) -> Any:
        """How it stood."""
        return _kept(self.source)

    def do(self, actor: Actor) -> Source:
        """Check and keep it; what was remembered of another place is forgotten."""
        unknown = sorted(self.changes.keys() - set(CHANGEABLE))
        if unknown or not self.changes:
            said = f"{', '.join(unknown)} can not be changed" if unknown else "nothing to change"
            raise BadInput(f"{said}; what can: {', '.join(CHANGEABLE)}")
        moved = self.changes.get("location", self.source.location) != self.source.location
        for name, value in self.changes.items():
            setattr(self.source, name, value)
        _check(self.source)
        self.source.next_due, names = None, [*self.changes, "next_due"]
        if moved:
            self.source.remembered, self.source.place = {}, datetime.now(UTC)
            self.source.files.all().delete()
            names += ["remembered", "place"]
        self.source.save(update_fields=names)
        return self.source

    def after(self, result: Source) -> Any:
        """How it stands now."""
        return _kept(result)


def _kept(source: Source) -> dict[str, Any]:
    names = ("key", "kind", "active", *CHANGEABLE)
    return {**{name: getattr(source, name) for name in names}, "location": sources.shown(source)}


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


@dataclass
class RunSource(Act[SourceRun | None]):
    """Try a source now, whether it is due or not.

    Without ``wait`` the feeder is asked to, and the run is None: a page does not wait for an
    address that may hang. A paused source is then refused.
    """

    event = "monitoring.run_source"
    atomic = False
    source: Source
    wait: bool = True

    def do(self, actor: Actor) -> SourceRun | None:
        """Try it and return the run; files just seen get their second look at once."""
        if not self.wait:
            self._ask()
            return None
        never = threading.Event()
        run = standing.try_source(self.source, never, actor)
        seen = self.source.files.filter(state="seen").exists()
        if seen and run.outcome in {"unchanged", "ok"}:
            never.wait(SECOND_LOOK)
            run = standing.try_source(self.source, never, actor)
        return run

    def _ask(self) -> None:
        if not self.source.active:
            raise BadInput(f"source '{self.source.key}' is paused; let it go on first")
        self.source.next_due = None
        self.source.save(update_fields=["next_due"])

    def after(self, result: SourceRun | None) -> Any:
        """The source and its receipt."""
        return {"key": self.source.key, **(plain_run(result) or {})}


def status(_args: dict[str, Any], _actor: Actor, _progress: Any) -> Any:
    """Return every source: how it stands, its lag in seconds (None without data), its last run."""
    return sources.status()


def add(args: dict[str, Any], actor: Actor, _progress: Any) -> Any:
    """Add a source from its fields."""
    return status_of(AddSource(Source(**args)).run(actor))


def change(args: dict[str, Any], actor: Actor, _progress: Any) -> Any:
    """Change the source ``key`` by the other fields given."""
    changes = {name: value for name, value in args.items() if name != "key"}
    return status_of(ChangeSource(find(args["key"]), changes).run(actor))


def pause(args: dict[str, Any], actor: Actor, _progress: Any) -> Any:
    """Pause the source ``key``, or with ``active`` let it go on."""
    return status_of(PauseSource(find(args["key"]), bool(args.get("active"))).run(actor))


def run_now(args: dict[str, Any], actor: Actor, _progress: Any) -> Any:
    """Try the source ``key`` and return its run."""
    return plain_run(RunSource(find(args["key"])).run(actor))


VERBS: dict[str, Callable[[dict[str, Any], Actor, Any], Any]] = {
    "sources": status,
    "add_source": add,
    "change_source": change,
    "pause_source": pause,
    "run_source": run_now,
}
