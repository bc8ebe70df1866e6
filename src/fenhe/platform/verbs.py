"""What the command line asks of the store, as functions from plain data to plain data.

They run inside the owner when one serves, else in the command's own process. Both ways it is
the same function, and the act behind it logs the same line.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform import clock, owner
from fenhe.platform.gateway import verbs as gateway
from fenhe.platform.monitoring import exports, imports, queries, sourceacts
from fenhe.platform.monitoring.acts import Export, ImportFile, Replay
from fenhe.platform.monitoring.frames import acts as frame_acts
from fenhe.platform.monitoring.models import Import
from fenhe.platform.notices import verbs as notice_verbs
from fenhe.platform.operations import inside, rawlogs
from fenhe.platform.operations.acts import Backup
from fenhe.platform.registry import homes, outletverbs
from fenhe.platform.registry.acts import (
    EnterNewcomers,
    ImportBoundaries,
    ImportDivisions,
    ImportStations,
    MoveSite,
    homes_of,
)
from fenhe.platform.registry.models import END_OF_TIME, Region, Site
from fenhe.platform.verdicts import engine, frozen, papers
from fenhe.platform.verdicts.models import FrozenRun
from fenhe.platform.workflow.acts import Actor, local_actor
from fenhe.protocols.tables import writer
from fenhe.protocols.tables.plausibility import Examination

Args = dict[str, Any]
Progress = Callable[[dict[str, Any]], None]
Verb = Callable[[Args, Actor, Progress], Any]


Seen = tuple[str, str, int, int, int]
_examined: dict[Seen, Examination] = {}  # the last preview, so that loading need not repeat it


def examine(args: Args, _actor: Actor, _progress: Progress) -> Any:
    """Preview a file: ``path``, ``feed``. See ``imports.summary``."""
    path = Path(args["path"])
    found = imports.look(path, args["feed"])
    _examined.clear()
    _examined[_seen(path, args["feed"])] = found
    return plain(imports.summary(found))


def _seen(path: Path, feed: str) -> Seen:
    """Return what tells whether a file is still the one that was looked at."""
    stat = path.stat()
    return (str(path), feed, stat.st_ino, stat.st_size, stat.st_mtime_ns)


def import_file(args: Args, actor: Actor, progress: Progress) -> Any:
    """Load a file: ``path``, ``feed``; returns the receipt.

    With ``new_stations``, the code of a region, stations nobody knows are entered there first.
    """
    path = Path(args["path"])
    known = _examined.pop(_seen(path, args["feed"]), None) if path.is_file() else None
    if args.get("new_stations"):
        known = known or imports.look(path, args["feed"])
        _enter_newcomers(known, _region(args["new_stations"]), actor)
    act = ImportFile(path, args["feed"], progress=progress, examination=known)
    return _receipt(act.run(actor))


def _region(code: str) -> Region:
    region = Region.objects.filter(pk=code).first()
    if region is None:
        raise BadInput(f"there is no region {code}; 'fenhe import regions FILE' enters some")
    return region


def _enter_newcomers(found: Examination, region: Region, actor: Actor) -> None:
    """Enter the stations nobody knows; a file that is refused anyway brings none."""
    if not found.ok:
        return
    strangers = imports.strangers(found)
    if strangers:
        commit = owner.store().last_commit
        EnterNewcomers(strangers, region, commit, found.file).run(actor)


def replay(args: Args, actor: Actor, progress: Progress) -> Any:
    """Load again what an import could not store: ``import`` (the store's number)."""
    store = owner.store()
    rows = store.receipts("import", import_id=int(args["import"]))
    if rows.is_empty():
        raise BadInput(f"there is no import {args['import']}")
    row = rows.row(0, named=True)
    origin = imports.Origin(row["feed"], row["raw_sha256"], row["name"])
    return _receipt(Replay(origin, progress).run(actor))


def _receipt(record: Import) -> Any:
    names = ("feed", "file_name", "sha256", "received", "stored", "duplicate", "rejected")
    return {**{name: getattr(record, name) for name in names}, "message": record.message}


def receipts(args: Args, _actor: Actor, _progress: Progress) -> Any:
    """Return receipts by ``by`` (import, batch or hour), of ``feed`` or of all."""
    return plain(queries.receipts(args.get("feed"), args.get("by") or "import"))


def quarantine(args: Args, _actor: Actor, _progress: Progress) -> Any:
    """Return refused cells of ``feed`` or ``import``, at most ``limit``."""
    found = queries.quarantine(args.get("feed"), args.get("import"), args.get("limit") or 200)
    return plain(found)


def export(args: Args, actor: Actor, _progress: Progress) -> Any:
    """Write observations or cells to ``output``, by its ending; returns the rows."""
    wanted = exports.Wanted(
        what=args["what"],
        sites=tuple(args.get("sites") or ()),
        first=_day(args.get("first")),
        last=_day(args.get("last")),
        assessment=args.get("assessment") or "",
        as_of=args.get("as_of"),
        statistic=args.get("statistic") or exports.HOURLY,
    )
    output = Path(args["output"])
    writer.check_path(output)
    frame = Export(wanted).run(actor)
    writer.write_table(frame, output, bom=True)
    return {"rows": frame.height, "output": str(output)}


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None


def boundaries(args: Args, actor: Actor, _progress: Progress) -> Any:
    """Take boundaries from ``path`` in ``datum``."""
    act = ImportBoundaries(Path(args["path"]), args.get("datum") or "wgs84", args.get("source", ""))
    return act.run(actor)


def divisions(args: Args, actor: Actor, _progress: Progress) -> Any:
    """Take administrative divisions, without shapes, from the table at ``path``."""
    return ImportDivisions(Path(args["path"])).run(actor)


def stations(args: Args, actor: Actor, _progress: Progress) -> Any:
    """Take stations from ``path``; the facts carry the store's commit number."""
    commit = owner.store().last_commit
    found = ImportStations(Path(args["path"]), commit, args.get("source", "")).run(actor)
    return {"rows": found.rows, **found.created}


def members(args: Args, _actor: Actor, _progress: Progress) -> Any:
    """Return the stations with the region they count for ``on`` a day (today without it)."""
    day = _day(args.get("on")) or beijing.day_of(clock.now())
    found = homes.stations_on(day)
    return [vars(one) for one in found]


def move_station(args: Args, actor: Actor, _progress: Progress) -> Any:
    """Say which ``region`` a ``site`` counted for ``since`` (and ``until``) a day.

    Returns the facts that stand then.
    """
    site = Site.objects.filter(pk=args["site"]).first()
    if site is None:
        raise BadInput(f"there is no station '{args['site']}'")
    act = MoveSite(
        site,
        _region(args["region"]),
        _needed_day(args["since"]),
        _needed_day(args["until"]) if args.get("until") else END_OF_TIME,
        counts_for_city=bool(args.get("counts", True)),
        commit=owner.store().last_commit,
        reason=args.get("reason") or "",
    )
    act.run(actor)
    return homes_of(site)


def _needed_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"'{text}' is not a day; write 2026-03-01") from None


def freeze_month(args: Args, actor: Actor, _progress: Progress) -> Any:
    """Freeze the bulletin of a ``month`` of a ``region``; see ``frozen.FreezeMonth``."""
    act = frozen.FreezeMonth(
        _region(args["region"]),
        args["month"],
        args.get("subject") or "city",
        args.get("limits") or "GB3095-2012",
        args.get("index"),
        reason=args.get("reason") or "",
    )
    return _told_run(act.run(actor))


def _told_run(run: FrozenRun) -> Any:
    names = ("key", "commit", "version", "recipe_sha256", "result_sha256", "created_at", "title")
    return plain({name: getattr(run, name) for name in names})


def frozen_runs(_args: Args, _actor: Actor, _progress: Progress) -> Any:
    """Return the frozen runs, newest first."""
    return [_told_run(run) for run in FrozenRun.objects.defer("result")]


def verify_run(args: Args, _actor: Actor, _progress: Progress) -> Any:
    """Compute a frozen run (``key``) again and say whether it is the same."""
    run = _frozen(args["key"])
    return {**vars(frozen.verify(run)), "commit": run.commit, "frozen_by": run.version}


def write_bulletin(args: Args, _actor: Actor, _progress: Progress) -> Any:
    """Write a frozen bulletin (``key``) to ``output`` by its ending, in ``lang``."""
    output = Path(args["output"])
    content = papers.paper(
        _frozen(args["key"]), output.suffix.lstrip(".").lower(), args.get("lang") == "en"
    )
    output.write_bytes(content)
    return {"output": str(output), "bytes": len(content)}


def _frozen(key: str) -> FrozenRun:
    found = FrozenRun.objects.filter(key=key).first()
    if found is None:
        raise BadInput(f"there is no frozen run '{key}'; 'fenhe bulletin list' shows them")
    return found


def judge(_args: Args, _actor: Actor, progress: Progress) -> Any:
    """Bring every cell up to date; returns what was done."""
    store, days, new, changed = owner.store(), 0, 0, 0
    while True:
        done = engine.step(store)
        days, new, changed = days + done.days, new + done.new, changed + done.changed
        progress({"rows": days, "of": days + done.left})
        if done.done == 0:
            return {"days": days, "new": new, "changed": changed}


def backup(args: Args, actor: Actor, progress: Progress) -> Any:
    """Back everything up to ``target``, linking what the backup ``since`` has."""
    since = Path(args["since"]) if args.get("since") else None
    return Backup(Path(args["target"]), since, progress).run(actor)


def doctor(args: Args, _actor: Actor, progress: Progress) -> Any:
    """Check the store and what rests on it; with ``all`` every raw file is read."""
    found = inside.look(owner.store(), every=bool(args.get("all")), progress=progress)
    return [finding.plain() for finding in found]


VERBS: dict[str, Verb] = {
    **sourceacts.VERBS,
    **outletverbs.VERBS,
    **frame_acts.VERBS,
    **rawlogs.VERBS,
    **gateway.VERBS,
    **notice_verbs.VERBS,
    "examine": examine,
    "import": import_file,
    "replay": replay,
    "receipts": receipts,
    "quarantine": quarantine,
    "export": export,
    "boundaries": boundaries,
    "regions": divisions,
    "stations": stations,
    "judge": judge,
    "backup": backup,
    "doctor": doctor,
    "members": members,
    "move_station": move_station,
    "freeze_month": freeze_month,
    "frozen_runs": frozen_runs,
    "verify_run": verify_run,
    "write_bulletin": write_bulletin,
}


def run(verb: str, args: Args, actor: Actor | None = None, progress: Progress | None = None) -> Any:
    """Run a verb in this process. Raises ``BadInput`` for one there is not."""
    if verb not in VERBS:
        raise BadInput(f"there is no verb '{verb}'; known: {', '.join(VERBS)}")
    return VERBS[verb](args, actor or local_actor(), progress or imports.silent)


def plain(value: Any) -> Any:
    """Return data as JSON can carry it; times as ISO text."""
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
