"""Make a small data folder with the installed version, packed for the tests of upgrades.

    python tools/build_old_folder.py tests/data/folders/NAME.tar.xz

Made once with each released version and never again: what an upgrade meets in the field.
Two stations, five days of invented values, one correction, one refused cell, verdicts.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

SQUARE = [[112, 37], [113, 37], [113, 38], [112, 38], [112, 37]]
NAMES = (("140000", "山西省"), ("140100", "太原市"), ("140105", "小店区"))
STATIONS = "site,name,region,code,public,published\nin,晋源,140105,C1,yes,yes\n"
LEFT_OUT = {"owner.lock", "owner.sock", "uploads"}


def fenhe(*words: str, data: Path) -> None:
    """Run the command line."""
    command = [sys.executable, "-c", "from fenhe.cli.main import main; main()", *words]
    subprocess.run(command, env={**os.environ, "FENHE_DATA": str(data)}, check=True)


def hours(more: int) -> str:
    """Return five days of one station, labels 01:00 to 24:00."""
    rows = ["station,time,so2,no2,co,o3,pm10,pm25"]
    rows += [
        f"C1,2026-02-{day} {hour:02d}:00,12,{40 + hour + more},0.8,90,{80 + hour},{40 + hour}"
        for day in range(24, 29)
        for hour in range(1, 25)
    ]
    return "\n".join(rows) + "\n"


def fill(work: Path, data: Path) -> None:
    """Prepare a folder and load it."""
    fenhe("init", data=data)
    features = [
        {
            "type": "Feature",
            "properties": {"adcode": code, "name": name},
            "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
        }
        for code, name in NAMES
    ]
    (work / "shapes.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8"
    )
    (work / "stations.csv").write_text(STATIONS, encoding="utf-8")
    (work / "hours.csv").write_text(hours(0), encoding="utf-8")
    (work / "corrected.csv").write_text(hours(1) + "C1,2026-03-01 01:00,-999,1,1,1,1,1\n", "utf-8")
    fenhe("import", "boundaries", str(work / "shapes.geojson"), data=data)
    fenhe("import", "stations", str(work / "stations.csv"), data=data)
    for name in ("hours.csv", "corrected.csv"):
        fenhe("import", str(work / name), "--feed", "tidy-hourly", "--yes", data=data)


def main(target: Path) -> None:
    """Make the folder and pack it."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        data = work / "data"
        fill(work, data)
        for left in LEFT_OUT:
            shutil.rmtree(data / left) if (data / left).is_dir() else (data / left).unlink(
                missing_ok=True
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(target, "w:xz") as archive:
            archive.add(data, "data")
    print(f"{target}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
