"""The province map with 2,000 stations through the whole HTTP stack, beside plain JSON.

A data folder with 2,000 stations and a day of six items each is made and served by a real
process. Asked are the map's JSON (values and verdicts of the newest hour), its page, the same
of an older hour, and an address of the same server that only turns a ready list into JSON of
the map's size: the yardstick. Run: ``python benchmarks/map.py [--stations 2000]``.
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import Report

HOURS = 24
ROUNDS = 25
BAR_SECONDS = 0.1
HEADER = "station,time,so2,no2,co,o3,pm10,pm25"


def prepare(data: Path, stations: int) -> None:
    """Make a data folder: one province of 11 cities, stations, a day of values, verdicts."""
    from fenhe.platform import boot

    boot.prepare(data)
    from fenhe.platform import owner
    from fenhe.platform.monitoring.acts import ImportFile
    from fenhe.platform.registry.models import Region, Site, SiteCode, SiteName, SitePlace
    from fenhe.platform.verdicts import engine, standing
    from fenhe.platform.workflow.acts import local_actor

    province = Region.objects.create(code="140000", level="province", name_zh="山西省")
    for n in range(1, 12):
        city = Region(code=f"14{n:02d}00", level="city", name_zh=f"城市{n}", parent=province)
        city.save()
    keys = [f"S{n:04d}" for n in range(stations)]
    Site.objects.bulk_create(
        Site(key=key, region_id=f"14{n % 11 + 1:02d}00", published=True)
        for n, key in enumerate(keys)
    )
    SiteName.objects.bulk_create(SiteName(site_id=key, name_zh=f"站点{key}") for key in keys)
    SiteCode.objects.bulk_create(SiteCode(site_id=key, code=key) for key in keys)
    SitePlace.objects.bulk_create(
        SitePlace(site_id=key, lon=110 + n % 45 / 10, lat=34.6 + n // 45 / 10)
        for n, key in enumerate(keys)
    )
    standing.create()
    rows = [
        f"{key},2026-03-02 {hour:02d}:00,{n % 30 + 1},{n % 90 + 5},{n % 20 / 10 + 0.2:.1f},"
        f"{n % 200 + 10},{n % 250 + 60},{n % 120 + 10}"
        for hour in range(1, HOURS + 1)
        for n, key in enumerate(keys)
    ]
    path = data / "day.csv"
    path.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    ImportFile(path, "tidy-hourly").run(local_actor())
    engine.catch_up(owner.store())
    owner.close()


def ask(port: int, path: str) -> tuple[float, int]:
    """Return seconds and bytes of one answer on a fresh connection."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    begun = time.perf_counter()
    link.request("GET", path)
    answer = link.getresponse()
    body = answer.read()
    took = time.perf_counter() - begun
    link.close()
    assert answer.status == 200, (path, answer.status, body[:300])
    return took, len(body)


def measure(port: int, paths: dict[str, str]) -> dict[str, dict[str, float]]:
    """Ask every address in turn, so that each sees the same machine."""
    for path in paths.values():
        for _ in range(3):
            ask(port, path)
    times: dict[str, list[float]] = {name: [] for name in paths}
    sizes = dict.fromkeys(paths, 0)
    for _ in range(ROUNDS):
        for name, path in paths.items():
            took, sizes[name] = ask(port, path)
            times[name].append(took)
    return {
        name: {
            "p50": statistics.median(found),
            "p95": sorted(found)[int(len(found) * 0.95)],
            "bytes": sizes[name],
        }
        for name, found in times.items()
    }


def busy(pid: int, port: int, path: str) -> float:
    """Return the processor seconds the server spends on one answer: steady on a busy machine."""

    def spent() -> int:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before = spent()
    for _ in range(ROUNDS):
        ask(port, path)
    return (spent() - before) / os.sysconf("SC_CLK_TCK") / ROUNDS


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=2_000)
    stations = parser.parse_args().stations
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        prepare(data, stations)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        json_path = "/?item=pm25&format=json"
        script = Path(__file__).with_name("_map_server.py")
        words = [str(script), str(data), str(port), str(300 * stations)]
        server = subprocess.Popen([sys.executable, *words])
        try:
            wait(port)
            paths = {
                "map json, newest hour": json_path,
                "map json, older hour": f"{json_path}&t=2026-03-02T10:00",
                "map page": "/?item=pm25",
                "plain json of the same size": "/yardstick/",
            }
            found = measure(port, paths)
            for name, path in paths.items():
                found[name]["cpu"] = busy(server.pid, port, path)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
    report(stations, found)


def wait(port: int) -> None:
    """Wait until the server answers."""
    for _ in range(300):
        try:
            ask(port, "/yardstick/")
            return
        except OSError:
            time.sleep(0.3)
    raise SystemExit("the server did not answer")


def report(stations: int, found: dict[str, dict[str, float]]) -> None:
    """Print and save the figures, and the ratio of the map to the yardstick."""
    out = Report("map")
    for name, row in found.items():
        kilobytes = row["bytes"] / 1024
        for part in ("p50", "p95", "cpu"):
            out.time(f"{name}, {stations:,} stations, {kilobytes:,.0f} kB, {part}", row[part])
    newest, yard = found["map json, newest hour"], found["plain json of the same size"]
    out.ratio("map json to plain json, p50", newest["p50"] / yard["p50"])
    out.ratio(
        "100 ms to map json, p50", BAR_SECONDS / newest["p50"], ">= 1", newest["p50"] < BAR_SECONDS
    )
    cpu = newest["cpu"]
    out.ratio("100 ms to map json, processor", BAR_SECONDS / cpu, ">= 1", cpu < BAR_SECONDS)
    out.save()


main()
