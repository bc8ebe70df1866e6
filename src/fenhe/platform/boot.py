"""Start Django for a data folder; the command line calls this before anything of the platform."""

from __future__ import annotations

import os
from pathlib import Path

from fenhe.base.errors import BadInput, MissingExtra
from fenhe.platform import paths


def find(data: Path | None = None) -> Path:
    """Return the prepared data folder meant, without starting Django.

    Raises ``BadInput`` when the folder was never prepared.
    """
    folder = (data or paths.data_folder()).absolute()
    if not paths.is_prepared(folder):
        raise BadInput(f"{folder} is not a data folder of Fenhe; prepare it with: fenhe init")
    return folder


def start(data: Path | None = None) -> Path:
    """Set Django up for a prepared data folder and return the folder.

    Raises ``BadInput`` when the folder was never prepared, ``MissingExtra`` without Django.
    """
    folder = find(data)
    _setup(folder)
    _migrate()
    return folder


def prepare(data: Path | None = None) -> Path:
    """Make the data folder, its key and its tables; what is there already stays."""
    folder = (data or paths.data_folder()).absolute()
    paths.prepare(folder)
    _setup(folder)
    _migrate()
    return folder


def _setup(folder: Path) -> None:
    try:
        import django
        from django.utils import translation
    except ModuleNotFoundError:
        raise MissingExtra("server", "the platform") from None
    os.environ["FENHE_DATA"] = str(folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fenhe.platform.settings")
    django.setup()
    translation.activate("en")  # of this thread, the command line; pages choose their own


def _migrate() -> None:
    """Bring the tables up to date; does nothing when they are."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)
