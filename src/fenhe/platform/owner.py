"""The store of this process: opened once, by whoever owns the data folder."""

from __future__ import annotations

import threading
from pathlib import Path

from django.conf import settings

from fenhe.store import Store

_guard = threading.Lock()
_open: dict[Path, Store] = {}


def store() -> Store:
    """Return the store of the data folder in the settings, opening it at the first call.

    Raises ``StoreOwned`` naming the pid when another process owns the folder.
    """
    folder = Path(settings.FENHE_DATA)
    with _guard:
        if folder not in _open:
            _open[folder] = Store.open(folder)
        return _open[folder]


def close() -> None:
    """Close every store this process holds; safe to call twice."""
    with _guard:
        while _open:
            _open.popitem()[1].close()
