"""``fenhe demo`` as a person meets it."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("fenhe")), "demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_taken_port_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = demo("--data", str(tmp_path / "data"), "--port", str(port))
    assert done.returncode == 2
    assert f"can not listen on 127.0.0.1:{port}" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "data").exists()
