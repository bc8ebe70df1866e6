"""The process that the kill test kills: it takes a raw log into the store in small batches."""

from __future__ import annotations

import os
from pathlib import Path

BATCH = 25  # entries


def take(folder: str, log: str) -> None:
    """Take what the log holds; the file ``log`` tells of every batch and of the end."""
    from fenhe.platform import boot

    boot.start(Path(folder))
    from fenhe.platform import owner
    from fenhe.platform.monitoring.frames import following

    following.MOST = BATCH
    store = owner.store()
    with open(log, "a", encoding="ascii", buffering=1) as notes:
        notes.write(f"open {os.getpid()}\n")
        follow = following.Follow(store, "main")
        while follow.step() is not None:
            notes.write("batch\n")
        follow.release()
        owner.close()
        notes.write("end\n")
