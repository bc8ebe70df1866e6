"""Acts of running Fenhe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fenhe.platform import owner
from fenhe.platform.operations.backup import Progress, backup
from fenhe.platform.workflow.acts import Act, Actor


def silent(_: dict[str, Any]) -> None:
    """Tell nobody how far it is."""


@dataclass
class Backup(Act[dict[str, Any]]):
    """Write a backup of everything, the secret key and the passwords' hashes included."""

    event = "operations.backup"
    atomic = False
    folder: Path
    since: Path | None = None
    progress: Progress = silent

    def do(self, actor: Actor) -> dict[str, Any]:
        """Return what was written; see ``operations.backup``."""
        return backup(owner.store(), self.folder, self.since, self.progress)

    def after(self, result: dict[str, Any]) -> Any:
        """Where it is and what it holds."""
        return {name: result[name] for name in ("folder", "commit", "files", "bytes")}
