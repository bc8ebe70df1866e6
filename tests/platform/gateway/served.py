"""A data folder with registered devices, for gateways that run as processes."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

_ADD = """
import json, sys
from pathlib import Path
from fenhe.platform import boot
boot.prepare(Path(sys.argv[1]))
from fenhe.platform.registry.models import Device
from fenhe.platform.registry.secrets import Secret
for mn, password, edition in json.loads(sys.argv[2]):
    Device.objects.create(mn=mn, password=Secret(password), edition=edition)
"""


def prepare(data: Path, *devices: tuple[str, str, int | None]) -> Path:
    """Make a data folder that knows devices: MN, password, edition."""
    command = [sys.executable, "-c", _ADD, str(data), json.dumps(devices)]
    subprocess.run(command, check=True, timeout=300)
    return data


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
