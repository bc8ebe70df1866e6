"""A data folder of an older version becomes one of this version; a backup comes first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from fenhe.base.errors import BadInput, FenheError
from fenhe.platform import boot, wire
from fenhe.platform.operations import versions
from fenhe.platform.operations.backup import Progress, backup
from fenhe.store import migrations

Say = Callable[[str], None]


def upgrade(data: Path, target: Path | None, progress: Progress, say: Say) -> bool:
    """Upgrade a prepared data folder; return whether there was anything to do.

    ``target``: where the backup goes; None makes none. The store's steps are one transaction,
    each change of the records is one: after a failure the same command goes on where it
    stopped. Raises ``FolderTooNew`` for a folder of a newer version, ``BadInput`` while a
    server runs, ``StoreOwned`` while another process has the store.
    """
    folder = boot.find(data)
    if wire.is_served(folder):
        raise BadInput(f"{folder} is being served; stop the server, upgrade, start it again")
    strange = versions.unknown(boot.applied(folder))
    if strange:
        raise versions.FolderTooNew(strange[-1])
    boot.setup(folder)
    due = boot.due()
    with migrations.opened(folder) as old:
        if not due and not old.steps:
            return False
        if target is not None:
            made = backup(old, target, None, progress)
            say(f"backup of commit {made['commit']}: {made['folder']}")
        for step in old.migrate():
            say(f"store: {step.title}")
    _migrate()
    for name in due:
        say(f"records: {name}")
    _stand()
    return True


def _migrate() -> None:
    from django.db import DatabaseError

    try:
        boot.migrate()
    except DatabaseError as error:
        raise FenheError(
            f"a change of the records failed and was taken back: {error}; mend what it names and "
            "run it again, or restore the backup"
        ) from error


def _stand() -> None:
    """Create the standing assessments this version has and the folder has not."""
    from fenhe.platform import owner
    from fenhe.platform.verdicts import standing

    try:
        standing.create()
    finally:
        owner.close()


def backup_name(data: Path) -> Path:
    """Return where the backup before an upgrade goes when nobody says: beside the folder."""
    folder = data.absolute()
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return folder.with_name(f"{folder.name}-before-upgrade-{moment}")
