"""What every standing feed does with kept bytes: find the description, import, count."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

from fenhe.base.errors import BadInput, FenheError
from fenhe.platform import owner
from fenhe.platform.monitoring import imports
from fenhe.platform.monitoring.intake import Receive
from fenhe.platform.monitoring.models import Source
from fenhe.platform.workflow.acts import Actor
from fenhe.protocols.tables.reader import WEB
from fenhe.store import RawFile

COUNTS = ("received", "stored", "duplicate", "rejected")
_importing = threading.Lock()


class Refused(FenheError):
    """The bytes are not what the source's descriptions say, and will not be next time either."""


class NotNow(FenheError):
    """The bytes are good; they could not be stored this time."""


class Stopped(FenheError):
    """The process is about to end; what is stored so far stays, the rest follows."""


@dataclass
class Tally:
    """What one run has found so far; ``soon``: the next look should not wait for its time."""

    files: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    soon: bool = False


@dataclass(frozen=True)
class Trying:
    """One run: the source, what it found, who acts, and whether the process is to end."""

    source: Source
    tally: Tally
    actor: Actor
    stop: threading.Event

    def take(self, raw: RawFile) -> str:
        """Import kept bytes and count them; return why they are refused, empty if they are not.

        The same bytes as the last ones of this source are no news; the same as some earlier ones
        are: the source says again what it had corrected meanwhile. Raises ``NotNow`` when the
        import could not be done, ``Stopped`` when the process is to end.
        """
        if self.source.remembered.get("sha256") == raw.sha256:
            return ""
        try:
            feed = _description(self.source, raw)
            if not self._is_done(raw, feed):
                self._import(raw, feed)
        except Refused as error:
            self.tally.refused.append(str(error))
            return str(error)
        left = {k: v for k, v in self.source.remembered.items() if k != "taking"}
        self.source.remembered = {**left, "sha256": raw.sha256}
        self.source.save(update_fields=["remembered", "last_data"])
        return ""

    def _is_done(self, raw: RawFile, feed: str) -> bool:
        """Say whether these bytes are in though a crash forgot it; else note that they come in."""
        receipts = owner.store().receipts("import", feed)
        same = receipts.filter((pl.col("raw_sha256") == raw.sha256) & pl.col("closed"))
        noted = self.source.remembered.get("taking", {})
        if noted.get("sha256") == raw.sha256:
            return bool((same["import"] > noted["after"]).any())
        after = receipts["import"].max() or 0
        taking = {"sha256": raw.sha256, "after": after, "anew": not same.is_empty()}
        self.source.remembered = {**self.source.remembered, "taking": taking}
        self.source.save(update_fields=["remembered"])
        return False

    def _import(self, raw: RawFile, feed: str) -> None:
        anew = self.source.remembered["taking"]["anew"]
        act = Receive(raw, feed, progress=until(self.stop), anew=anew)
        try:
            with _importing:  # two sources with the same bytes at once: one after the other
                loaded = act.run(self.actor)
        except BadInput as error:
            raise (NotNow if act.accepted else Refused)(str(error)) from error
        self.tally.files += 1
        for name in COUNTS:
            self.tally.counts[name] += getattr(loaded.receipt, name)
        if act.newest is not None:
            # an hour that is still to come must not hide that the source falls silent
            newest = min(act.newest.replace(tzinfo=UTC), datetime.now(UTC))
            self.source.last_data = max(self.source.last_data or newest, newest)


def until(stop: threading.Event) -> Callable[[dict[str, Any]], None]:
    """Return a progress that ends an import between two batches once ``stop`` is set."""

    def look(_: dict[str, Any]) -> None:
        if stop.is_set():
            raise Stopped("the process ended; the import goes on when it starts again")

    return look


def _description(source: Source, raw: RawFile) -> str:
    if len(source.feeds) == 1:
        return str(source.feeds[0])
    fits = [feed for feed in source.feeds if _fits(feed, raw)]
    if len(fits) != 1:
        said = f"{len(fits)} of the descriptions {', '.join(source.feeds)} fit"
        raise Refused(f"{raw.name}: {said}; one must")
    return str(fits[0])


def _fits(feed: str, raw: RawFile) -> bool:
    try:
        return imports.look(raw.path, feed, WEB, raw.name).ok
    except BadInput:
        return False
