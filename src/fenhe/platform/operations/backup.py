"""A backup: records, catalogue, values and raw log at one commit, made while people work.

The moment is held for a few milliseconds under the store's writer lock; what it names is
immutable and is copied beside the writers. The folder appears under its name when it is whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from fenhe import __version__
from fenhe.base.errors import BadInput, FenheError
from fenhe.platform import paths
from fenhe.platform.operations import copying, manifest, records
from fenhe.platform.operations.manifest import Entry, Manifest
from fenhe.store.backups import Pinned
from fenhe.store.rawlog.examine import examine

Progress = Callable[[dict[str, Any]], None]
CATALOGUE = "lake/catalogue.ducklake"
_SPARE = 64 << 20  # bytes left free besides what is copied


class Pinnable(Protocol):
    """A store whose present commit can be pinned: the open one, or one about to be upgraded."""

    folder: Path

    @property
    def layout(self) -> int:
        """The number of its layout."""

    def pinned(self, catalogue: Path, also: Callable[[], None]) -> AbstractContextManager[Pinned]:
        """Copy the catalogue and keep its files until left."""


def backup(store: Pinnable, target: Path, since: Path | None, progress: Progress) -> dict[str, Any]:
    """Write a backup of the store's data folder to ``target``, which must not exist.

    ``since``: an earlier backup on the same disk, whose unchanged files are linked instead of
    copied. Returns folder, commit, files, bytes, copied (bytes) and damaged (raw files).
    Raises ``BadInput`` when the target can not be used, ``FenheError`` when a file of the
    catalogue is missing; then nothing is left behind.
    """
    earlier = _earlier(since)
    work = _prepare(store.folder, target)
    try:
        made, copied = _Copying(store, work, earlier, since, progress).run()
        manifest.write(made, work)
        for name in (manifest.FILE, manifest.SUM):
            copying.sync_file(work / name)
        copying.sync_folders(work)
        work.rename(target)
        copying.sync_file(target.parent)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return {
        "folder": str(target),
        "commit": made.commit,
        "files": len(made.files),
        "bytes": made.size,
        "copied": copied,
        "damaged": list(made.damaged),
    }


def _earlier(since: Path | None) -> dict[str, Entry]:
    if since is None:
        return {}
    return {entry.path: entry for entry in manifest.read(since).files}


def _prepare(data: Path, target: Path) -> Path:
    """Return the empty folder to work in: beside the target, under a name nobody mistakes."""
    if target.exists():
        raise BadInput(f"{target} exists already; give each backup a name of its own")
    if target.resolve().is_relative_to(data.resolve()):
        raise BadInput(f"{target} lies in the data folder; a backup belongs elsewhere")
    work = target.with_name(f".{target.name}.unfinished")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(work, ignore_errors=True)  # of a backup that was killed
        work.mkdir(mode=0o700)
        (work / "lake").mkdir(mode=0o700)
    except OSError as error:
        raise BadInput(f"{target.parent} can not be written: {error.strerror}") from None
    return work


class _Copying:
    """One backup under way."""

    def __init__(
        self,
        store: Pinnable,
        work: Path,
        earlier: dict[str, Entry],
        since: Path | None,
        progress: Progress,
    ) -> None:
        self._store, self._data, self._work = store, store.folder, work
        self._earlier, self._since = earlier, since
        self._progress = progress
        self._done = self._of = self._copied = 0
        self._damaged: list[str] = []

    def run(self) -> tuple[Manifest, int]:
        """Copy everything; return the manifest and the bytes that were copied, not linked."""
        source = self._data / paths.RECORDS
        with (
            records.PinnedRecords(source) as held,
            self._store.pinned(self._work / CATALOGUE, held.pin) as pinned,
        ):
            held.copy(self._work / paths.RECORDS)
            self._of = sum(pinned.files.values())
            self._check_space(pinned)
            entries = [self._made(paths.RECORDS), self._made(CATALOGUE)]
            entries += [self._plain(name) for name in self._others()]
            kept = (self._kept(path, size, pinned) for path, size in sorted(pinned.files.items()))
            entries += [entry for entry in kept if entry is not None]
        applied = records.migrations(self._work / paths.RECORDS)
        made = Manifest(
            commit=pinned.commit,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            fenhe=__version__,
            layout=self._store.layout,
            migrations={app: max(names) for app, names in sorted(applied.items())},
            files=tuple(entries),
            damaged=tuple(self._damaged),
        )
        return made, self._copied

    def _check_space(self, pinned: Pinned) -> None:
        needed = _SPARE + sum(
            size for path, size in pinned.files.items() if not self._is_there(path, size)
        )
        free = shutil.disk_usage(self._work).free
        if needed > free:
            raise BadInput(
                f"{self._work.parent} has {free >> 20} MB free and the backup needs "
                f"{needed >> 20} MB; free some, or link to an earlier backup with --since"
            )

    def _made(self, name: str) -> Entry:
        """Return the entry of a file already written into the work folder."""
        path = self._work / name
        path.chmod(0o600)
        copying.sync_file(path)
        size = path.stat().st_size
        self._copied += size
        return Entry(name, size, copying.sha256(path))

    def _others(self) -> Iterator[str]:
        """Yield what else lies in the data folder and is worth keeping, such as the key."""
        for top in sorted(self._data.iterdir()):
            if top.name in paths.NOT_KEPT or top.name.startswith((".", paths.RECORDS)):
                continue
            found = [top] if top.is_file() else sorted(p for p in top.rglob("*") if p.is_file())
            yield from (str(path.relative_to(self._data)) for path in found)

    def _plain(self, name: str) -> Entry:
        size, sha = copying.copy(self._data / name, self._work / name, 0o600)
        self._copied += size
        return Entry(name, size, sha)

    def _kept(self, path: str, size: int, pinned: Pinned) -> Entry | None:
        """Link or copy an immutable file. A raw file that is not what it was is noted."""
        if self._is_there(path, size):
            linked = self._link(path)
            if linked is not None:
                self._tell(size)
                return linked
        raw = path.startswith("raw/")
        try:
            source, target = self._data / path, self._work / path
            most = size if path in pinned.segments else None
            found, sha = copying.copy(source, target, 0o444 if raw else 0o600, self._tell, most)
        except FileNotFoundError:
            if not raw:
                raise FenheError(
                    f"{self._data / path} is missing, though the catalogue names it; "
                    "nothing was backed up: run fenhe doctor"
                ) from None
            (self._work / path).unlink(missing_ok=True)
            self._damaged.append(path)
            return None
        self._copied += found
        if not self._is_sound(path, found, sha, pinned):
            self._damaged.append(path)
        return Entry(path, found, sha)

    def _is_sound(self, path: str, size: int, sha: str, pinned: Pinned) -> bool:
        """Say whether raw bytes are those that were kept; a segment not yet noted is proved."""
        if path in pinned.raws:
            return sha == Path(path).name
        if path not in pinned.segments:
            return True
        noted = pinned.segments[path]
        if noted:
            return sha == noted
        return size == pinned.files[path] and not examine(self._work / path, path).problems

    def _is_there(self, path: str, size: int) -> bool:
        known = self._earlier.get(path)
        return known is not None and known.size == size

    def _link(self, path: str) -> Entry | None:
        """Link a file of the earlier backup; None where it is gone or on another disk."""
        assert self._since is not None  # noqa: S101
        source, target = self._since / path, self._work / path
        entry = self._earlier[path]
        try:
            if source.stat().st_size != entry.size:
                return None
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.link(source, target)
        except OSError:
            return None
        return entry

    def _tell(self, size: int) -> None:
        self._done += size
        self._progress({"rows": self._done, "of": max(self._of, self._done)})
