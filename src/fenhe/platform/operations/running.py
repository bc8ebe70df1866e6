"""What runs in this process besides the pages; health and metrics ask here."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fenhe.platform.notices.watcher import Watcher
    from fenhe.platform.worker import Worker


@dataclass
class Running:
    """The threads of the owner; None where this process does not serve.

    ``threads``: those that must live while it serves, by name; a dead one raises an alarm.
    """

    worker: Worker | None = None
    watcher: Watcher | None = None
    threads: dict[str, threading.Thread] = field(default_factory=dict)


now = Running()


def alive() -> dict[str, bool]:
    """Return whether each thread that must live does."""
    return {name: thread.is_alive() for name, thread in list(now.threads.items())}
