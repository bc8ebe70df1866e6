"""Backup and restore in a process that kills itself at the n-th sync to disk, or counts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import os, signal, sys
from pathlib import Path
from fenhe.platform.operations.backup import backup
from fenhe.platform.operations.restore import restore
from fenhe.store import Store

work, source, target, at = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
seen, real = 0, os.fsync

def fsync(handle):
    global seen
    seen += 1
    if seen == at:
        os.kill(os.getpid(), signal.SIGKILL)
    real(handle)

os.fsync = fsync
if work == "backup":
    with Store.open(source) as store:
        backup(store, target, None, lambda _: None)
else:
    restore(source, target, lambda _: None)
print(seen)
"""


def run(work: str, source: Path, target: Path, at: int = 0) -> int:
    """Return how many syncs there were; with ``at``, the process must have died there."""
    command = [sys.executable, "-c", PROGRAM, work, str(source), str(target), str(at)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ, timeout=300
    )
    if at:
        assert done.returncode == -signal.SIGKILL, done.stderr
        return at
    assert done.returncode == 0, done.stderr
    return int(done.stdout)
