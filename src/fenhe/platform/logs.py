"""Where the log goes: standard error, or a file that is turned over by size; no Django."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fenhe.base.errors import BadInput


def to_file(path: Path, megabytes: int, keep: int) -> None:
    """Have the settings of this process log to a file. Raises ``BadInput`` if it can not be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise BadInput(f"the log file {path} can not be written: {error.strerror}") from None
    os.environ["FENHE_LOG_FILE"] = str(path)
    os.environ["FENHE_LOG_SIZE"] = str(megabytes)
    os.environ["FENHE_LOG_KEEP"] = str(keep)


def settings(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return Django's LOGGING for ``FENHE_LOG_FILE``, ``_SIZE`` (MB) and ``_KEEP`` (files)."""
    handler: dict[str, Any] = {"class": "logging.StreamHandler", "formatter": "line"}
    if environment.get("FENHE_LOG_FILE"):
        handler = {
            "class": "logging.handlers.RotatingFileHandler",
            "formatter": "line",
            "filename": environment["FENHE_LOG_FILE"],
            "maxBytes": int(environment.get("FENHE_LOG_SIZE", "20")) * 1_000_000,
            "backupCount": int(environment.get("FENHE_LOG_KEEP", "10")),
            "encoding": "utf-8",
            "delay": True,
        }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
        "handlers": {"main": handler},
        "root": {"handlers": ["main"], "level": "WARNING"},
        "loggers": {"fenhe": {"level": "INFO"}},
    }
