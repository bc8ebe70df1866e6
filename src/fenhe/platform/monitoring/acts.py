"""Acts on data: import, replay, void, annotate, clear a flag, export."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from django.utils import timezone

from fenhe.base import beijing
from fenhe.base.errors import BadInput, FenheError
from fenhe.platform import owner
from fenhe.platform.monitoring import exports, imports
from fenhe.platform.monitoring.models import Import, Note
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Site
from fenhe.platform.workflow.acts import Act, Actor, append
from fenhe.protocols.tables.plausibility import Examination
from fenhe.protocols.tables.reader import NO_LIMITS, Limits

ITEMS = ("so2", "no2", "co", "o3", "pm10", "pm25")


@dataclass
class ImportFile(Act[Import]):
    """Examine a file and load it; a refused one is recorded with its reasons.

    ``examination`` may be given when the file was previewed in this very process.
    """

    event = "monitoring.import"
    atomic = False
    path: Path
    feed: str
    name: str = ""
    limits: Limits = NO_LIMITS
    progress: imports.Progress = imports.silent
    examination: Examination | None = None

    def do(self, actor: Actor) -> Import:
        """Return the record of the import. Raises ``ImportRefused`` with the reasons."""
        record = Import.objects.create(
            feed=self.feed, file_name=(self.name or self.path.name)[:255], actor=actor.name
        )
        try:
            found = self.examination or imports.look(self.path, self.feed, self.limits, self.name)
            record.examination = _plain(imports.summary(found))
            loaded = imports.load(owner.store(), self.path, found, actor.name, self.progress)
        except FenheError as error:
            ended(record, actor, error)
            raise
        return finished(record, loaded)

    def after(self, result: Import) -> Any:
        """File, hash and receipt."""
        return _receipt(result)


def ended(record: Import, actor: Actor, error: FenheError) -> None:
    """Write into the record and the log why a file was not loaded."""
    refused = isinstance(error, imports.ImportRefused)
    record.state = Import.State.REFUSED if refused else Import.State.FAILED
    record.message, record.ended_at = str(error), timezone.now()
    record.save()
    append(
        f"monitoring.import_{record.state}",
        actor,
        after={"file": record.file_name, "feed": record.feed},
        reason=record.message,
    )


def finished(record: Import, loaded: imports.Loaded) -> Import:
    """Write what became of a file into its record."""
    record.sha256, record.size = loaded.raw.sha256, loaded.raw.size
    for name in ("received", "stored", "duplicate", "rejected"):
        setattr(record, name, getattr(loaded.receipt, name))
    if loaded.unresolved:
        names = sorted(loaded.unresolved.items(), key=lambda pair: -pair[1])
        record.message = "; ".join(f"{reason} ({count})" for reason, count in names[:20])
    record.state, record.ended_at = Import.State.LOADED, timezone.now()
    record.save()
    return record


def _receipt(record: Import) -> dict[str, Any]:
    kept = ("feed", "file_name", "sha256", "received", "stored", "duplicate", "rejected")
    return {name: getattr(record, name) for name in kept}


@dataclass
class Replay(Act[Import]):
    """Parse a kept file anew, after a station was entered or a parser mended."""

    event = "monitoring.replay"
    atomic = False
    origin: imports.Origin
    progress: imports.Progress = imports.silent

    def do(self, actor: Actor) -> Import:
        """Load what could not be stored before."""
        record = Import.objects.create(
            feed=self.origin.feed,
            file_name=self.origin.name[:255],
            sha256=self.origin.sha256,
            actor=actor.name,
        )
        try:
            loaded = imports.replay(owner.store(), self.origin, actor.name, self.progress)
        except FenheError as error:
            ended(record, actor, error)
            raise
        return finished(record, loaded)

    def after(self, result: Import) -> Any:
        """File, hash and receipt."""
        return _receipt(result)


@dataclass
class Span:
    """Hours of one site, of one item or of all (``item`` empty); naive UTC, end exclusive."""

    site: Site
    item: str
    start: datetime
    end: datetime

    def check(self) -> None:
        """Raise ``BadInput`` for a span that can not be."""
        if self.item and self.item not in ITEMS:
            raise BadInput(f"'{self.item}' is not an item; known: {', '.join(ITEMS)}")
        if self.end <= self.start:
            raise BadInput("the span must end after it starts")

    def items(self) -> tuple[str, ...]:
        """The items it covers."""
        return (self.item,) if self.item else ITEMS

    def plain(self) -> dict[str, Any]:
        """The span for the audit log, in Beijing time."""
        return {
            "item": self.item or "all",
            "from": f"{beijing.to_beijing(self.start):%Y-%m-%d %H:%M}",
            "to": f"{beijing.to_beijing(self.end):%Y-%m-%d %H:%M}",
        }


@dataclass
class VoidSpan(Act[list[int]]):
    """Declare hours void: they stay readable and count nowhere. A reason is needed."""

    event = "monitoring.void"
    atomic = False
    span: Span
    reason: str = field(default="")

    def target(self) -> door.Target:
        """The site."""
        return self.span.site

    def before(self) -> Any:
        """The values that will no longer count."""
        self.span.check()
        if not self.reason.strip():
            raise BadInput("say why the data is void")
        rows = owner.store().observations(
            [self.span.site.key], self.span.items(), start=self.span.start, end=self.span.end
        )
        if rows.is_empty():
            raise BadInput("there is no value in this span")
        return {"values": rows.height, "quality": dict(rows["quality"].value_counts().iter_rows())}

    def do(self, actor: Actor) -> list[int]:
        """Write one flag per item; return their numbers."""
        return owner.store().add_flags(_flags(self.span, "void", self.reason), actor.name)

    def after(self, result: list[int]) -> Any:
        """The span and the flags."""
        return {**self.span.plain(), "flags": result}


def _flags(span: Span, check: str, reason: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "site": span.site.key,
            "item": list(span.items()),
            "statistic": "1h",
            "start": span.start,
            "end": span.end,
            "check": check,
            "reason": reason,
        }
    )


@dataclass
class Annotate(Act[Note]):
    """Write a note about a span; the values count as before and carry the mark."""

    event = "monitoring.annotate"
    span: Span
    text: str

    def target(self) -> door.Target:
        """The site."""
        return self.span.site

    def do(self, actor: Actor) -> Note:
        """Keep the note, and flag the values it is about."""
        self.span.check()
        if not self.text.strip():
            raise BadInput("a note needs a text")
        note = Note.objects.create(
            site=self.span.site,
            item=self.span.item,
            start=self.span.start.replace(tzinfo=UTC),
            end=self.span.end.replace(tzinfo=UTC),
            text=self.text.strip(),
            actor=actor.name,
        )
        owner.store().add_flags(_flags(self.span, "note", self.text.strip()), actor.name)
        return note

    def after(self, result: Note) -> Any:
        """The span and the text."""
        return {**self.span.plain(), "text": result.text}


@dataclass
class ClearFlag(Act[int]):
    """Lift a flag: the values count again as their other flags say. A reason is needed."""

    event = "monitoring.clear_flag"
    atomic = False
    site: Site
    flag: int
    reason: str = field(default="")

    def target(self) -> door.Target:
        """The site the flag is on."""
        return self.site

    def before(self) -> Any:
        """The flag as it stood. Raises ``BadInput`` when it is not a flag of this site."""
        if not self.reason.strip():
            raise BadInput("say why the flag is lifted")
        found = owner.store().flags([self.site.key]).filter(pl.col("flag") == self.flag)
        if found.is_empty():
            raise BadInput(f"site {self.site.key} has no flag {self.flag}")
        row = found.row(0, named=True)
        return {name: str(row[name]) for name in ("item", "start", "end", "check", "reason", "who")}

    def do(self, actor: Actor) -> int:
        """Lift it; return the commit."""
        return owner.store().clear_flag(self.flag, actor.name, self.reason)

    def after(self, result: int) -> Any:
        """The flag and the commit."""
        return {"flag": self.flag, "commit": result}


@dataclass
class Export(Act[pl.DataFrame]):
    """Take data out: observations or cells of the sites the person may export."""

    event = "monitoring.export"
    atomic = False
    wanted: exports.Wanted

    def check(self, actor: Actor) -> None:
        """Ask the door for anywhere; ``do`` keeps only the sites within reach."""
        decision = door.may_anywhere(actor.user, self.event)
        if not decision:
            raise door.Denied(decision.why)

    def do(self, actor: Actor) -> pl.DataFrame:
        """Return the rows."""
        within = door.visible_sites(actor.user, self.event, kind=None)
        return exports.read(owner.store(), self.wanted, within)

    def after(self, result: pl.DataFrame) -> Any:
        """What was asked and how many rows left."""
        return {**self.wanted.plain(), "rows": result.height}


def _plain(value: Any) -> Any:
    """Return data as JSON can keep it: no NaN, no dates."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
