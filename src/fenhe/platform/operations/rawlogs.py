"""The raw logs of gateways: list, prove, export for a court, remove by the rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from fenhe import __version__, standards
from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.base.instants import utc_now
from fenhe.platform import owner
from fenhe.platform.workflow.acts import Act, Actor
from fenhe.store import Store
from fenhe.store.rawlog import Segment, court, retention
from fenhe.store.rawlog.court import Exported, Origin, Wanted
from fenhe.store.rawlog.retention import Rule

Args = dict[str, Any]
Progress = Callable[[dict[str, Any]], None]


def gateways(store: Store, named: str | None) -> list[str]:
    """Return the gateways meant: the named one, which must have a log, or all."""
    if named is None:
        return store.streams.names()
    return [store.streams.shelf(named).gateway]


def listed(args: Args, _actor: Actor, _progress: Progress) -> Any:
    """Return the segments of ``gateway`` (all), oldest first, removed ones too."""
    store = owner.store()
    found: list[dict[str, Any]] = []
    for gateway in gateways(store, args.get("gateway")):
        shelf = store.streams.shelf(gateway)
        there = shelf.segments()
        rows = [_plain(segment) for segment in there]
        numbers = {segment.number for segment in there}
        gone = [vars(left) for left in shelf.removed() if left.number not in numbers]
        found += sorted([*rows, *gone], key=lambda row: int(row["number"]))
    return found


def _plain(segment: Segment) -> dict[str, Any]:
    names = ("id", "gateway", "number", "former", "head", "sealed", "entries", "bytes")
    moments = {name: _iso(getattr(segment, name)) for name in ("first_at", "last_at")}
    return {name: getattr(segment, name) for name in names} | moments | {"removed_at": None}


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def verified(args: Args, _actor: Actor, progress: Progress) -> Any:
    """Prove the log of ``gateway`` (all); returns ``Verified.plain`` of each."""
    store, named = owner.store(), args.get("gateway")
    chosen = store.gateways() if named is None else [named]
    there = store.streams.names()
    shelves = [store.streams.shelf(name) for name in chosen if name in there]
    sizes = (segment.bytes for shelf in shelves for segment in shelf.segments())
    done, whole = 0, sum(sizes)

    def told(count: int) -> None:
        nonlocal done
        done += count
        progress({"rows": done, "of": max(whole, done)})

    return [store.verify_stream(gateway, told).plain() for gateway in chosen]


@dataclass
class ExportRawLog(Act[Exported]):
    """Write bytes and proof of a raw log for a court; passwords of devices are in the bytes."""

    event = "operations.rawlog_export"
    atomic = False
    gateway: str
    folder: Path
    wanted: Wanted
    reason: str = ""

    def do(self, actor: Actor) -> Exported:
        """Return what was written; see ``court.export``."""
        store = owner.store()
        store.note_streams()
        noted = store.noted_streams(self.gateway)
        rows = noted.select("number", "id", "head", "sha256", "commit", "known_at")
        plain = [row | {"known_at": row["known_at"].isoformat()} for row in rows.to_dicts()]
        origin = Origin(actor.name, utc_now(), __version__, self.reason, plain)
        return court.export(store.streams.shelf(self.gateway), self.folder, self.wanted, origin)

    def after(self, result: Exported) -> Any:
        """Which segments went where."""
        return {
            "gateway": self.gateway,
            "target": str(result.target),
            "segments": [segment.number for segment in result.segments],
            "entries": result.entries,
            "problems": len(result.problems),
        }


def exported(args: Args, actor: Actor, _progress: Progress) -> Any:
    """Export ``gateway`` to ``target``: ``segments`` (numbers), or ``first`` to ``last`` day."""
    first, last = (_day_start(args.get(name)) for name in ("first", "last"))
    until = None if last is None else last + beijing.DAY
    wanted = Wanted(first, until, frozenset(args.get("segments") or ()))
    target = Path(args["target"])
    act = ExportRawLog(_one(args.get("gateway")), target, wanted, args.get("reason") or "")
    made = act.run(actor)
    problems = [str(problem) for problem in made.problems]
    return act.after(made) | {"bytes": made.bytes, "problems": problems}


def _one(named: str | None) -> str:
    found = gateways(owner.store(), named)
    if len(found) != 1:
        known = ", ".join(found) or "there is none"
        raise BadInput(f"say which gateway's log; there are: {known}")
    return found[0]


def _day_start(text: Any) -> datetime | None:
    """Return the start (UTC) of a Beijing day, as ``2026-03-01``."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(f"{text}T00:00:00") - beijing.OFFSET
    except ValueError:
        raise BadInput(f"'{text}' is not a day; write 2026-03-01") from None


def rule(years: int | None) -> Rule:
    """Return the rule of so many years, or the one of the settings.

    Raises ``BadInput`` when nobody says how many, or for fewer than the regulation asks.
    """
    value = standards.catalogue().edition("DECREE820-2026").value("record_years")
    source = f"{value.source} {value.clause}"
    wanted = settings.FENHE_RAWLOG_YEARS if years is None else years
    if wanted is None:
        raise BadInput("no rule says how long raw logs are kept: --years, or FENHE_RAWLOG_YEARS")
    return retention.rule(wanted, value.integer, source)


def due(store: Store, chosen: Iterable[str], wanted: Rule) -> list[Segment]:
    """Return the segments the rule lets go now."""
    closed = store.receipts("import").filter("closed")["raw_sha256"].to_list()
    segments = (store.streams.shelf(gateway).segments() for gateway in chosen)
    found = (retention.due(each, wanted, utc_now(), set(closed)) for each in segments)
    return [segment for each in found for segment in each]


@dataclass
class RetainRawLogs(Act[list[dict[str, Any]]]):
    """Remove the segments a rule lets go; their heads stay, and the log tells of it."""

    event = "operations.rawlog_retain"
    atomic = False
    gateways: tuple[str, ...]
    rule: Rule

    def do(self, actor: Actor) -> list[dict[str, Any]]:
        """Return the heads of what was removed."""
        store = owner.store()
        store.note_streams()
        with store.streams.kept():
            return [
                vars(
                    retention.remove(
                        store.stream(segment.gateway), segment, self.rule, utc_now(), actor.name
                    )
                )
                for segment in due(store, self.gateways, self.rule)
            ]

    def after(self, result: list[dict[str, Any]]) -> Any:
        """What is gone, and by which rule."""
        names = ("gateway", "number", "id", "head", "last_at")
        gone = [{name: row[name] for name in names} for row in result]
        return {"rule": self.rule.text(), "removed": gone}


def retained(args: Args, actor: Actor, _progress: Progress) -> Any:
    """Say what the rule of ``years`` lets go of ``gateway`` (all); with ``remove`` it goes."""
    store, wanted = owner.store(), rule(args.get("years"))
    chosen = gateways(store, args.get("gateway"))
    if args.get("remove"):
        rows = RetainRawLogs(tuple(chosen), wanted).run(actor)
    else:
        rows = [_plain(segment) for segment in due(store, chosen, wanted)]
    return {"rule": wanted.text(), "removed": bool(args.get("remove")), "segments": rows}


VERBS = {
    "rawlog_list": listed,
    "rawlog_verify": verified,
    "rawlog_export": exported,
    "rawlog_retain": retained,
}
