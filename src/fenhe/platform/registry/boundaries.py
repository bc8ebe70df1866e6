"""Read an agency's own boundaries (GeoJSON) into regions with shapes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import shapely
from django.db import transaction

from fenhe.base.errors import BadInput, Place
from fenhe.platform.registry.models import Region
from fenhe.protocols.geo import gcj02_to_wgs84

CODE_NAMES = ("code", "adcode", "gb", "区划代码")
NAME_NAMES = ("name_zh", "name", "名称")
TOLERANCE = 0.002  # degrees, about 200 m: finer than a province map shows
_CODE = re.compile(r"\d{6}$")
SIZE_LIMIT = 200 * 1024 * 1024


@dataclass(frozen=True)
class Boundary:
    """One region of a file; ``geometry`` is empty where the file gives no shape."""

    code: str
    level: str
    parent: str | None
    name_zh: str
    name_en: str
    geometry: dict[str, Any]


def read_boundaries(path: Path, stated: str = "wgs84") -> list[Boundary]:
    """Return the features of a GeoJSON file, in WGS-84, simplified with shared borders kept.

    ``stated`` is the datum of the file: ``wgs84``, ``cgcs2000`` or ``gcj02``. A feature needs a
    six-digit code of GB/T 2260 (``code``, ``adcode``, ``gb``) and a name; ``level`` and
    ``parent`` follow from the code unless given. Raises ``BadInput`` naming the feature.
    """
    if stated not in {"wgs84", "cgcs2000", "gcj02"}:
        raise BadInput(f"datum '{stated}' is not one of wgs84, cgcs2000, gcj02")
    found = [_boundary(path, *pair) for pair in enumerate(_features(path), start=1)]
    if stated == "gcj02":
        found = [_shifted(boundary) for boundary in found]
    by_level: dict[str, list[Boundary]] = {}
    for boundary in found:
        by_level.setdefault(boundary.level, []).append(boundary)
    levels = (Region.Level.PROVINCE, Region.Level.CITY, Region.Level.COUNTY)
    return [b for level in levels for b in _simplified(path, by_level.get(level, []))]


def enter(boundaries: list[Boundary], source: str) -> dict[str, int]:
    """Create or reshape the regions; return how many were created and reshaped."""
    counts = {"created": 0, "reshaped": 0}
    with transaction.atomic():
        for boundary in boundaries:
            parent = Region.objects.filter(pk=boundary.parent).first() if boundary.parent else None
            region = Region.objects.filter(pk=boundary.code).first()
            counts["created" if region is None else "reshaped"] += 1
            region = region or Region(code=boundary.code)
            region.level, region.parent = boundary.level, parent or region.parent
            region.name_zh = boundary.name_zh
            region.name_en = boundary.name_en or region.name_en
            if boundary.geometry:
                region.shape, region.shape_source = boundary.geometry, source
            region.save()
        _repath()
    return counts


def _repath() -> None:
    """Write every path anew from the root: a parent may have come after its children."""
    waiting = list(Region.objects.filter(parent=None))
    while waiting:
        region = waiting.pop()
        region.save()
        waiting += list(Region.objects.filter(parent=region).select_related("parent"))


def _features(path: Path) -> Iterator[dict[str, Any]]:
    if path.stat().st_size > SIZE_LIMIT:
        raise BadInput("is larger than 200 MB; simplify it first", place=Place(str(path)))
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadInput(f"is not GeoJSON: {error}", place=Place(str(path))) from None
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise BadInput("is not a GeoJSON FeatureCollection", place=Place(str(path)))
    yield from document.get("features", [])


def _boundary(path: Path, number: int, feature: dict[str, Any]) -> Boundary:
    place = Place(f"{path}, feature {number}")
    found = division(feature.get("properties") or {}, place)
    geometry = feature.get("geometry") or {}
    if geometry.get("type") not in {"Polygon", "MultiPolygon"}:
        raise BadInput(f"{found.code} has a {geometry.get('type')} for its shape", place=place)
    return replace(found, geometry=geometry)


def division(properties: Mapping[str, Any], place: Place) -> Boundary:
    """Return a region by its code and name, without a shape; ``place`` is named in errors."""
    code = next((str(properties[n]) for n in CODE_NAMES if properties.get(n)), "")
    name = next((str(properties[n]) for n in NAME_NAMES if properties.get(n)), "")
    if not _CODE.match(code):
        raise BadInput(f"has no six-digit code (one of {', '.join(CODE_NAMES)})", place=place)
    if not name:
        raise BadInput(f"{code} has no name (one of {', '.join(NAME_NAMES)})", place=place)
    level = str(properties.get("level") or _level(code))
    if level not in Region.Level.values:
        level = _level(code)
    parent = properties.get("parent")
    if isinstance(parent, dict):  # the DataV layout: {"adcode": 140000}
        parent = parent.get("adcode")
    parent = str(parent) if parent and str(parent) != code else _parent(code, level)
    return Boundary(code, level, parent, name, str(properties.get("name_en") or ""), {})


def _level(code: str) -> str:
    if code.endswith("0000"):
        return Region.Level.PROVINCE.value
    return Region.Level.CITY.value if code.endswith("00") else Region.Level.COUNTY.value


def _parent(code: str, level: str) -> str | None:
    if level == Region.Level.PROVINCE:
        return None
    return f"{code[:2]}0000" if level == Region.Level.CITY else f"{code[:4]}00"


def _shifted(boundary: Boundary) -> Boundary:
    shape = shapely.geometry.shape(boundary.geometry)
    moved = shapely.transform(shape, gcj02_to_wgs84, interleaved=False)
    return replace(boundary, geometry=shapely.geometry.mapping(moved))


def _simplified(path: Path, boundaries: list[Boundary]) -> list[Boundary]:
    """Simplify one level as one coverage, so that neighbours keep one common border."""
    if not boundaries:
        return []
    try:
        shapes = [shapely.make_valid(shapely.geometry.shape(b.geometry)) for b in boundaries]
        thinned = shapely.coverage_simplify(shapes, TOLERANCE)
    except (shapely.errors.ShapelyError, ValueError, TypeError) as error:
        raise BadInput(f"a shape can not be read: {error}", place=Place(str(path))) from None
    rounded = shapely.set_precision(thinned, 1e-5)
    return [
        replace(boundary, geometry=_polygons(shape, boundary.code, path))
        for boundary, shape in zip(boundaries, rounded, strict=True)
    ]


def _polygons(shape: Any, code: str, path: Path) -> dict[str, Any]:
    parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"]
    if not parts:
        raise BadInput(f"{code} has an empty shape", place=Place(str(path)))
    mapping: dict[str, Any] = shapely.geometry.mapping(shapely.MultiPolygon(parts))
    return json.loads(json.dumps(mapping))  # type: ignore[no-any-return]
