"""A watched folder: what stands still is taken, by time of writing; nothing there is touched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from fenhe.base.errors import BadInput
from fenhe.platform import owner
from fenhe.platform.monitoring.models import Source, SourceFile
from fenhe.platform.monitoring.taking import Trying

_WILD = frozenset("*?[")


def split(location: str) -> tuple[Path, str]:
    """Return the fixed folder of a location and the pattern below it."""
    parts = Path(location).parts
    fixed = next((n for n, part in enumerate(parts) if _WILD & set(part)), len(parts) - 1)
    return Path(*parts[:fixed]), "/".join(parts[fixed:])


def check(location: str) -> None:
    """Raise ``BadInput`` for a location that is no folder with a pattern."""
    if not Path(location).is_absolute() or not split(location)[1]:
        raise BadInput("write the folder in full, with a pattern: /data/in/*.csv")


def look(trying: Trying) -> None:
    """Take what is new, oldest first, of one moment by name.

    Raises ``BadInput`` when the folder is not there.
    """
    source = trying.source
    folder, pattern = split(source.location)
    if not folder.is_dir():
        raise BadInput(f"there is no folder {folder}")
    known = {row.path: row for row in source.files.all()}
    found = sorted(_files(folder, pattern), key=lambda one: (one[1].st_mtime_ns, one[0]))
    for path, stat in found:
        if trying.stop.is_set():
            return
        name = str(path.relative_to(folder))
        row = known.get(name) or SourceFile(source=source, path=name, size=-1, mtime_ns=-1)
        _one(trying, path, stat, row)
    _forget(source, {str(path.relative_to(folder)) for path, _ in found}, known)


def _files(folder: Path, pattern: str) -> Iterator[tuple[Path, os.stat_result]]:
    for path in folder.glob(pattern):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        try:
            if path.is_file():
                yield path, path.stat()
        except FileNotFoundError:
            continue  # gone since it was listed


def _one(trying: Trying, path: Path, stat: os.stat_result, row: SourceFile) -> None:
    """Take a file that is as it was at the last look; one that is not is looked at again soon."""
    if (row.size, row.mtime_ns) != (stat.st_size, stat.st_mtime_ns):
        row.size, row.mtime_ns, row.state = stat.st_size, stat.st_mtime_ns, SourceFile.State.SEEN
        row.save()
        trying.tally.soon = True
        return
    if row.state != SourceFile.State.SEEN:
        return
    try:
        raw = owner.store().raw.keep(path, path.name)
        after = path.stat()
    except FileNotFoundError:
        return
    if (after.st_size, after.st_mtime_ns, raw.size) != (row.size, row.mtime_ns, row.size):
        trying.tally.soon = True
        return
    if row.sha256 != raw.sha256 or not row.message:  # touched, not changed: stays refused
        row.message = trying.take(raw)
    row.state = SourceFile.State.REFUSED if row.message else SourceFile.State.TAKEN
    row.sha256 = raw.sha256
    row.save()


def _forget(source: Source, present: set[str], known: dict[str, SourceFile]) -> None:
    """Keep only the newest rows of files that are gone."""
    gone = sorted((row for name, row in known.items() if name not in present), key=lambda r: r.at)
    old = gone[: max(len(gone) - settings.FENHE_SOURCE_RUNS, 0)]
    if old:
        source.files.filter(pk__in=[row.pk for row in old]).delete()
