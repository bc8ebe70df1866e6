"""One process owns a data folder: an exclusive file lock that dies with the process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from fenhe.store.errors import StoreOwned

FILE = "owner.lock"


class OwnerLock:
    """The lock on ``owner.lock``; the file holds the pid of the owner as text.

    The kernel drops the lock when the process ends, however it ends, so a file
    left behind never blocks anyone.
    """

    def __init__(self, folder: Path) -> None:
        """Take the lock at once, or raise ``StoreOwned`` naming the owner's pid."""
        self._fd = os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = owner_pid(folder)
            os.close(self._fd)
            raise StoreOwned(folder, pid) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the folder up; safe to call twice."""
        if self._fd >= 0:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = -1


def owner_pid(folder: Path) -> int | None:
    """Return the pid written in ``owner.lock``, or None when the file is empty or absent."""
    try:
        text = (folder / FILE).read_text().strip()
    except FileNotFoundError:
        return None
    return int(text) if text.isdigit() else None


def holder(folder: Path) -> int | None:
    """Return the pid of the process that holds the folder now, None when nobody does.

    The lock is tried and let go at once.
    """
    try:
        handle = os.open(folder / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return owner_pid(folder)
    finally:
        os.close(handle)
    return None
