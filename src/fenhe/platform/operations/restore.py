"""A data folder from a backup: every byte checked on the way, the whole checked at the end."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from fenhe import __version__
from fenhe.base.errors import BadInput
from fenhe.platform import paths
from fenhe.platform.operations import copying, manifest, records, versions
from fenhe.platform.operations.backup import CATALOGUE, Progress
from fenhe.platform.operations.manifest import Entry, Manifest
from fenhe.store import Store, StoreOutdated


def restore(backup: Path, data: Path, progress: Progress) -> dict[str, Any]:
    """Make ``data``, which must be empty or not exist, the data folder of a backup.

    Returns commit, files, bytes, upgrade (whether ``fenhe upgrade`` is needed) and damaged.
    Raises ``BadInput`` naming the file for a backup that lacks one or holds other bytes than it
    should, and for one of a newer version. Until the end the folder says it is unfinished; a
    restore that was killed is begun again by the same command.
    """
    made = manifest.read(backup)
    _refuse_newer(made)
    _make_way(data, made)
    _copy(made, backup, data, progress)
    upgrade = _check(made, data)
    (data / paths.UNFINISHED).unlink()
    copying.sync_file(data)
    return {
        "folder": str(data),
        "commit": made.commit,
        "files": len(made.files),
        "bytes": made.size,
        "upgrade": upgrade,
        "damaged": list(made.damaged),
    }


def verify(backup: Path, progress: Progress) -> Manifest:
    """Read a whole backup and return its manifest. Raises ``BadInput`` naming a bad file."""
    made, done = manifest.read(backup), 0
    for entry in made.files:
        path = backup / entry.path
        if not path.is_file():
            raise BadInput(f"{path} is missing; the backup is not whole")
        if path.stat().st_size != entry.size or copying.sha256(path) != entry.sha256:
            raise BadInput(f"{path} is damaged: its bytes are not those of the manifest")
        done += entry.size
        progress({"rows": done, "of": made.size})
    return made


def _refuse_newer(made: Manifest) -> None:
    if versions.newer_than_this(made):
        raise BadInput(
            f"the backup is of Fenhe {made.fenhe}, newer than this one ({__version__}); "
            "restore it with that version"
        )


def _make_way(data: Path, made: Manifest) -> None:
    """Make the folder and mark it unfinished; clear what a killed restore left."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if paths.is_unfinished(data):
        for top in {Path(entry.path).parts[0] for entry in made.files} | {paths.LOCK}:
            shutil.rmtree(data / top) if (data / top).is_dir() else (data / top).unlink(
                missing_ok=True
            )
    elif any(data.iterdir()):
        raise BadInput(f"{data} is not empty; restore into an empty folder")
    mark = data / paths.UNFINISHED
    mark.touch(mode=0o600)
    data.chmod(0o700)
    copying.sync_file(mark)
    copying.sync_file(data)


def _copy(made: Manifest, backup: Path, data: Path, progress: Progress) -> None:
    done = 0
    for entry in made.files:
        _refuse_path(entry)
        source, mode = backup / entry.path, 0o444 if entry.path.startswith("raw/") else 0o600
        try:
            size, sha = copying.copy(source, data / entry.path, mode)
        except FileNotFoundError:
            raise BadInput(f"{source} is missing; the backup is not whole") from None
        if (size, sha) != (entry.size, entry.sha256):
            raise BadInput(f"{source} is damaged: its bytes are not those of the manifest")
        done += size
        progress({"rows": done, "of": made.size})
    (data / paths.UPLOADS).mkdir(exist_ok=True, mode=0o700)
    copying.sync_folders(data)


def _refuse_path(entry: Entry) -> None:
    path = Path(entry.path)
    if path.is_absolute() or ".." in path.parts:
        raise BadInput(f"the manifest names a path outside the data folder: {entry.path}")


def _check(made: Manifest, data: Path) -> bool:
    """Open what was restored and hold it against the manifest; return whether it is older."""
    found = records.damage(data / paths.RECORDS)
    if found:
        raise BadInput(f"the restored records are damaged: {found[0]}")
    if not (data / CATALOGUE).is_file():
        raise BadInput("the backup has no catalogue")
    older = versions.older_than_this(records.migrations(data / paths.RECORDS))
    try:
        with Store.open(data) as store:
            if store.last_commit != made.commit:
                raise BadInput(
                    f"the restored store ends at commit {store.last_commit}, "
                    f"the backup says {made.commit}"
                )
            lost = store.astray()
            if lost.missing or lost.other_size:
                raise BadInput(f"the backup lacks {(lost.missing + lost.other_size)[0]}")
            if not store.unbalanced().is_empty():
                raise BadInput("the receipts of the restored store do not balance")
            _end_streams(store, made)
    except StoreOutdated:
        return True
    return older


def _end_streams(store: Store, made: Manifest) -> None:
    """End the open segments: what comes after a restore is not the log that was backed up."""
    said = {"note": "restored", "commit": made.commit, "backup_made_at": made.made_at}
    for gateway in store.streams.names():
        log = store.stream(gateway)
        if log.live is not None:
            log.note(said)
            log.seal()
