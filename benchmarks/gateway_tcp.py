"""HJ 212 over TCP: frames that are on disk and acknowledged, each second, and how late.

A gateway process of its own (``fenhe gateway``) owns a data folder with registered devices;
the loggers are another process. What is timed for each frame: the client's write, TCP, framing,
checksum, device and password, the append to the raw log with hash chain and fsync, the answer,
TCP, the client's read. In the same process meanwhile: decoding, mapping, the store's commits and
the checks, which are not waited for; how long after the last answer the store had everything is
told too. Beside it, the processor seconds of the whole process.
Run: ``python benchmarks/gateway_tcp.py [--frames 200000]``.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import Report

from fenhe.platform import wire

BAR = 10_000.0  # frames a second
MOST = 2_000  # connections
PLAN = ((1, 5_000), (100, 50), (MOST, 4))  # connections, frames each keeps unanswered


def prepare(data: Path) -> None:
    """Make a data folder with the devices, an outlet and channels for each."""
    from _gateway_client import CODES, PW, mn

    from fenhe.platform import boot

    boot.prepare(data)
    from fenhe.platform.registry.models import Channel, Device, Outlet, Region, Site, SiteName
    from fenhe.platform.registry.secrets import Secret

    county = Region.objects.create(code="140105", level="county", name_zh="小店区")
    keys = [f"outlet:{n}" for n in range(MOST)]
    Site.objects.bulk_create(Site(key=key, kind=Site.Kind.OUTLET, region=county) for key in keys)
    Outlet.objects.bulk_create(Outlet(site_id=key, medium="gas") for key in keys)
    SiteName.objects.bulk_create(SiteName(site_id=key, name_zh=key) for key in keys)
    Device.objects.bulk_create(Device(mn=mn(n), password=Secret(PW)) for n in range(MOST))
    numbers = {one.mn: one.pk for one in Device.objects.only("mn")}
    Channel.objects.bulk_create(
        Channel(device_id=numbers[mn(n)], site_id=key, code=code, item=code, unit=unit)
        for n, key in enumerate(keys)
        for code, unit in CODES.items()
    )


def start(data: Path, port: int) -> subprocess.Popen[bytes]:
    """Start the gateway and wait until it listens."""
    limits = {"FRAMES_PER_SECOND": 10**6, "BURST": 10**7, "PER_ADDRESS": 10**4}
    env = {**os.environ, **{f"FENHE_GATEWAY_{name}": str(n) for name, n in limits.items()}}
    words = ["gateway", "--listen", f"127.0.0.1:{port}", "--data", str(data)]
    command = [sys.executable, "-c", "from fenhe.cli.main import main; main()", *words]
    process = subprocess.Popen(command, env=env)
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return process
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the gateway did not start")


def spent(pid: int) -> float:
    """Return the processor seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    """Return the memory a process has resident, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def drained(data: Path) -> float:
    """Wait until the store has taken everything; return the seconds it took."""
    begun = time.monotonic()
    while time.monotonic() - begun < 600:
        behind = wire.call(data, "gateway_status", {})["behind"]["entries"]
        if behind == 0:
            break
        time.sleep(0.2)
    return time.monotonic() - begun


def client(port: int, devices: int, each: int, window: int, rate: float) -> dict[str, float]:
    """Run the loggers and return what they saw."""
    script = Path(__file__).with_name("_gateway_client.py")
    words = [str(one) for one in (port, devices, each, window, rate)]
    done = subprocess.run(
        [sys.executable, str(script), *words], capture_output=True, text=True, check=True,
        timeout=600,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure(out: Report, data: Path, pid: int, port: int, frames: int) -> None:
    """Measure every plan, first as much as goes through, then at the bar's rate."""
    idle = memory(pid)
    for devices, window in PLAN:
        each = max(frames // devices, 2)
        before = spent(pid)
        found = client(port, devices, each, window, 0)
        busy = spent(pid) - before
        name = f"{devices:,} connections, {found['bytes']:.0f} bytes"
        rate = out.rate(f"{name}, durable and acknowledged", int(found["frames"]), found["seconds"])
        out.ratio("  to the bar of 10,000 frames/s", rate / BAR, ">= 1", rate >= BAR)
        out.rate("  by the processor seconds of the gateway", int(found["frames"]), busy)
        out.time("  the store has everything, after the last answer", drained(data))
        found = client(port, devices, each, window, BAR)
        for part in ("p50", "p99", "most"):
            out.time(f"{name}, at 10,000 frames/s: {part} of the answer", found[part])
        out.time("  of which the loggers were late themselves, p99", found["late"])
        out.time("  the store has everything, after the last answer", drained(data))
        taken = wire.call(data, "gateway_status", {})["acknowledged_ms"]
        for part in ("p50", "p99"):
            out.time(f"  of which from the bytes' arrival to the disk, {part}", taken[part] / 1000)
    print(f"memory of the gateway: {idle:.0f} MB before, {memory(pid):.0f} MB after")
    out.figures.append({"what": "memory, MB", "before": idle, "after": memory(pid)})


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200_000)
    parser.add_argument("--no-save", action="store_true")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        prepare(data)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = start(data, port)
        out = Report("gateway_tcp")
        try:
            measure(out, data, process.pid, port, told.frames)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    if not told.no_save:
        out.save()


main()
