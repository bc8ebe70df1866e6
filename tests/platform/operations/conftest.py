"""A data folder made by the command line alone, with a month of two stations in it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.platform.conftest import hours, tidy
from tests.platform.server import fenhe

SQUARE = [[112, 37], [113, 37], [113, 38], [112, 38], [112, 37]]
STATIONS = (
    "site,name,region,code,public,published\nin,晋源,140105,C1,yes,yes\nby,小店,140105,C2,yes,yes\n"
)
NAMES = (("140000", "山西省"), ("140100", "太原市"), ("140105", "小店区"))


def month(path: Path, number: int, days: int = 28) -> Path:
    """Write a file of both stations for one month of 2025."""
    rows = [
        row
        for day in range(1, days + 1)
        for code in ("C1", "C2")
        for row in hours(code, f"2025-{number:02d}-{day:02d}")
    ]
    return tidy(path, rows)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Regions, two stations, five days of data, judged."""
    folder = tmp_path_factory.mktemp("made")
    data = folder / "data"
    fenhe("init", data=data)
    features = [
        {
            "type": "Feature",
            "properties": {"adcode": code, "name": name},
            "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
        }
        for code, name in NAMES
    ]
    shapes = folder / "shapes.geojson"
    shapes.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    fenhe("import", "boundaries", str(shapes), data=data)
    (folder / "stations.csv").write_text(STATIONS, encoding="utf-8")
    fenhe("import", "stations", str(folder / "stations.csv"), data=data)
    path = month(folder / "january.csv", 1, days=5)
    fenhe("import", str(path), "--feed", "tidy-hourly", "--yes", data=data)
    return data


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """A copy of the folder to work on."""
    return shutil.copytree(made, tmp_path / "data")
