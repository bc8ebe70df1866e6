"""Which version of Fenhe a data folder is of, told from outside Django and the store."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module

from fenhe import __version__
from fenhe.base.errors import FenheError
from fenhe.platform.operations.manifest import Manifest
from fenhe.store import schema


class FolderOutdated(FenheError):
    """The data folder is of an older version."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"the data folder is of an older version of Fenhe ({what}); run: fenhe upgrade"
        )


class FolderTooNew(FenheError):
    """The data folder was made or upgraded by a newer version."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"the data folder is of a newer version of Fenhe ({what}); use that version, or "
            "restore a backup made before the upgrade"
        )


def known() -> dict[str, set[str]]:
    """Return the migrations of the records this version knows, by app of Fenhe's own."""
    from fenhe import platform

    found: dict[str, set[str]] = {}
    for app in pkgutil.iter_modules(platform.__path__):
        try:
            folder = import_module(f"fenhe.platform.{app.name}.migrations") if app.ispkg else None
        except ModuleNotFoundError:
            continue
        if folder is not None:
            names = {part.name for part in pkgutil.iter_modules(folder.__path__)}
            found[app.name] = {name for name in names if name[:4].isdigit()}
    return found


def missing(applied: dict[str, set[str]]) -> list[str]:
    """Return the migrations records still need, as ``app.name``."""
    return sorted(
        f"{app}.{name}"
        for app, names in known().items()
        for name in names - applied.get(app, set())
    )


def unknown(applied: dict[str, set[str]]) -> list[str]:
    """Return the migrations of Fenhe's apps that records went through and we do not know."""
    ours = known()
    return sorted(
        f"{app}.{name}"
        for app, names in applied.items()
        if app in ours
        for name in names - ours[app]
    )


def older_than_this(applied: dict[str, set[str]]) -> bool:
    """Say whether records need ``fenhe upgrade``."""
    return bool(missing(applied))


def check(applied: dict[str, set[str]]) -> None:
    """Raise ``FolderTooNew`` or ``FolderOutdated`` unless records are of this version."""
    strange, due = unknown(applied), missing(applied)
    if strange:
        raise FolderTooNew(strange[-1])
    if due:
        raise FolderOutdated(f"{len(due)} changes of the records are due, first {due[0]}")


def newer_than_this(made: Manifest) -> bool:
    """Say whether a backup needs a newer version of Fenhe than this one."""
    applied = {app: {name} for app, name in made.migrations.items()}
    newer = _numbers(made.fenhe) > _numbers(__version__)
    return newer or made.layout > schema.LAYOUT or bool(unknown(applied))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
