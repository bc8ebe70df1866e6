"""What lies where in a data folder; no Django, so that settings may use it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

RECORDS = "records.sqlite3"
SECRET = "secret.key"  # noqa: S105
SOCKET = "owner.sock"
UPLOADS = "uploads"
LOCK = "owner.lock"
UNFINISHED = ".restoring"  # stands in a folder from the begin of a restore to its end
# What a backup leaves out besides names with a dot: what lives for a moment, and the store,
# of which it takes exactly the files of one commit.
NOT_KEPT = frozenset({SOCKET, LOCK, UPLOADS, "lake", "raw"})


def data_folder() -> Path:
    """Return the data folder: ``FENHE_DATA``, else ``./fenhe-data``."""
    return Path(os.environ.get("FENHE_DATA", "fenhe-data")).absolute()


def is_prepared(data: Path) -> bool:
    """Say whether ``fenhe init`` has prepared this folder."""
    return (data / RECORDS).is_file() and (data / SECRET).is_file() and not is_unfinished(data)


def is_unfinished(data: Path) -> bool:
    """Say whether a restore into this folder was begun and not ended."""
    return (data / UNFINISHED).exists()


def prepare(data: Path) -> None:
    """Make the folder, readable by its owner alone, with its secret key; keep what is there."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    (data / UPLOADS).mkdir(exist_ok=True, mode=0o700)
    key = data / SECRET
    if not key.exists():
        descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(50))


def secret_key(data: Path) -> str:
    """Return the folder's key; without a prepared folder, one for this process only.

    Importing the settings must not create files, so the key is written by ``prepare`` alone.
    """
    try:
        return (data / SECRET).read_text(encoding="ascii")
    except FileNotFoundError:
        return secrets.token_urlsafe(50)
