"""What comes in by itself, by a feed or a push: the bytes are kept first, then imported."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from fenhe.base.errors import BadInput, FenheError
from fenhe.platform import owner
from fenhe.platform.monitoring import imports
from fenhe.platform.monitoring.acts import ended, finished
from fenhe.platform.monitoring.models import Import
from fenhe.platform.workflow.acts import Act, Actor
from fenhe.protocols.tables.plausibility import Examination
from fenhe.protocols.tables.reader import WEB, Limits
from fenhe.store import RawFile


@dataclass
class Receive(Act[imports.Loaded]):
    """Import bytes that are kept already; a refusal is recorded with its reasons."""

    event = "monitoring.receive"
    atomic = False
    raw: RawFile
    feed: str
    limits: Limits = WEB
    progress: imports.Progress = imports.silent
    anew: bool = False  # see ``imports.run``
    tolerated: frozenset[str] = frozenset()  # codes of reasons that do not refuse the file
    newest: datetime | None = field(default=None, init=False)  # end of the last hour it holds
    accepted: bool = field(default=False, init=False)  # what follows is no fault of the bytes

    def do(self, actor: Actor) -> imports.Loaded:
        """Examine the kept file and load it. Raises ``ImportRefused`` with the reasons."""
        record = Import.objects.create(
            feed=self.feed,
            file_name=self.raw.name[:255],
            sha256=self.raw.sha256,
            size=self.raw.size,
            actor=actor.name,
        )
        store = owner.store()
        try:
            found = imports.look(self.raw.path, self.feed, self.limits, self.raw.name)
            if any(reason.code not in self.tolerated for reason in found.reasons):
                raise imports.ImportRefused(found)
            self.newest, self.accepted = found.last, True
            record.examination = {name: imports.label(at) for name, at in _span(found).items()}
            loaded = imports.run(
                store,
                self.raw,
                found.feed,
                actor.name,
                progress=self.progress,
                rows=found.rows,
                anew=self.anew,
            )
        except FenheError as error:
            ended(record, actor, error)
            raise
        finished(record, loaded)
        return loaded

    def after(self, result: imports.Loaded) -> Any:
        """File, hash and receipt."""
        names = ("received", "stored", "duplicate", "rejected")
        counts = {name: getattr(result.receipt, name) for name in names}
        return {"feed": self.feed, "file_name": self.raw.name, "sha256": self.raw.sha256, **counts}


def _span(found: Examination) -> dict[str, datetime | None]:
    return {"first": found.first, "last": found.last}


def receive(
    content: bytes | Path, feed_id: str, name: str, actor: Actor, limits: Limits = WEB
) -> imports.Loaded:
    """Keep bytes, or a file, verbatim and import them under a feed; return the receipt.

    ``name`` is what the bytes came by; its ending says how they are read. The act
    ``monitoring.receive`` asks the door and writes the log. The same bytes again are counted
    as duplicates; an import that was cut short goes on. Raises ``Denied``, ``ImportRefused``
    with its reasons or ``BadInput``; the bytes are kept then too, but for ``Denied``.
    """
    if not name:
        raise BadInput("what comes in needs a name, with the ending of its format")
    act = Receive(RawFile("", 0, Path(), name), feed_id, limits)
    act.check(actor)
    source = io.BytesIO(content) if isinstance(content, bytes) else content
    act.raw = owner.store().raw.keep(source, name)
    return act.run(actor)
