"""One process writes a log: a lock that dies with the process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from fenhe.store.rawlog.errors import StreamOwned

FILE = "writer.lock"


class WriterLock:
    """The lock on the folder of a gateway; the file holds the pid of the writer as text."""

    def __init__(self, folder: Path) -> None:
        """Take it at once, or raise ``StreamOwned`` naming the writer's pid."""
        self._handle = os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(self._handle, 20, 0).decode(errors="replace").strip()
            os.close(self._handle)
            raise StreamOwned(folder.name, int(pid) if pid.isdigit() else None) from None
        try:
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)
        except OSError:  # a full disk must not keep the log from opening
            os.ftruncate(self._handle, 0)

    def release(self) -> None:
        """Give it up; safe to call twice."""
        if self._handle >= 0:
            handle, self._handle = self._handle, -1
            os.close(handle)
