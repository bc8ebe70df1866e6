"""A real server process on a data folder, and the command line beside it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WAIT = 90.0  # seconds a loaded machine may take to start


def fenhe(*words: str, data: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command line on a data folder."""
    command = [sys.executable, "-c", "from fenhe.cli.main import main; main()", *words]
    done = subprocess.run(
        command, env=_env(data), capture_output=True, text=True, check=False, timeout=600
    )
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return done


def start(*words: str, data: Path) -> subprocess.Popen[str]:
    """Start the command line on a data folder without waiting for it."""
    command = [sys.executable, "-c", "from fenhe.cli.main import main; main()", *words]
    return subprocess.Popen(
        command, env=_env(data), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _env(data: Path) -> dict[str, str]:
    return {**os.environ, "FENHE_DATA": str(data), "PYTHONUNBUFFERED": "1"}


@dataclass
class Server:
    """A server that answers."""

    process: subprocess.Popen[str]
    port: int
    data: Path

    def get(self, path: str) -> tuple[int, str]:
        """Return status and text of a page."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as page:
                return page.status, page.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@contextlib.contextmanager
def serving(data: Path, *words: str) -> Iterator[Server]:
    """Serve a prepared data folder until left; the process is asked to end, not killed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = start("serve", "--port", str(port), *words, data=data)
    server = Server(process, port, data)
    try:
        _wait(server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=WAIT)
        assert process.returncode == 0, output


def _wait(server: Server) -> None:
    until = time.monotonic() + WAIT
    while time.monotonic() < until:
        assert server.process.poll() is None, server.process.communicate()[0]
        with contextlib.suppress(OSError):
            server.get("/login/")
            return
        time.sleep(0.2)
    raise AssertionError("the server did not answer")
