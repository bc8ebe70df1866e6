"""Start Django for a data folder; the command line calls this before anything of the platform."""

from __future__ import annotations

import os
from pathlib import Path

from fenhe.base.errors import BadInput, MissingExtra
from fenhe.platform import paths


def find(data: Path | None = None) -> Path:
    """Return the prepared data folder meant, without starting Django.

    Raises ``BadInput`` when the folder was never prepared, or a restore into it was cut short.
    """
    folder = (data or paths.data_folder()).absolute()
    _refuse_unfinished(folder)
    if not paths.is_prepared(folder):
        raise BadInput(f"{folder} is not a data folder of Fenhe; prepare it with: fenhe init")
    return folder


def start(data: Path | None = None) -> Path:
    """Set Django up for a prepared data folder of this version and return the folder.

    Raises ``BadInput`` when the folder was never prepared, ``MissingExtra`` without Django,
    ``FolderOutdated`` or ``FolderTooNew`` when its records are of another version.
    """
    folder = find(data)
    setup(folder)
    _check(folder)
    return folder


def prepare(data: Path | None = None, *, upgrade: bool = False) -> Path:
    """Make the data folder, its key and its tables; what is there already stays.

    A folder of an older version is refused, unless ``upgrade``: then its records are upgraded
    without a backup, which suits data that can be loaded again.
    """
    folder = (data or paths.data_folder()).absolute()
    _refuse_unfinished(folder)
    paths.prepare(folder)
    setup(folder)
    if upgrade or not applied(folder):
        migrate()
    else:
        _check(folder)
    return folder


def _refuse_unfinished(folder: Path) -> None:
    if paths.is_unfinished(folder):
        raise BadInput(f"a restore into {folder} was cut short; begin it again with: fenhe restore")


def setup(folder: Path) -> None:
    """Set Django up for a folder, whatever version its records are of."""
    try:
        import django
        from django.utils import translation
    except ModuleNotFoundError:
        raise MissingExtra("server", "the platform") from None
    os.environ["FENHE_DATA"] = str(folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fenhe.platform.settings")
    django.setup()
    translation.activate("en")  # of this thread, the command line; pages choose their own


def applied(folder: Path) -> dict[str, set[str]]:
    """Return the migrations the records of a folder went through, by app."""
    from fenhe.platform.operations import records

    path = folder / paths.RECORDS
    return records.migrations(path) if path.is_file() else {}


def _check(folder: Path) -> None:
    from fenhe.platform.operations import versions

    versions.check(applied(folder))
    plan = due()
    if plan:
        raise versions.FolderOutdated(f"{len(plan)} changes of the records are due")


def due() -> list[str]:
    """Return the migrations the records still need, as ``app.name``; Django is set up."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def migrate() -> None:
    """Bring the records up to date; does nothing when they are."""
    from django.core.management import call_command

    if due():
        call_command("migrate", verbosity=0, interactive=False)
