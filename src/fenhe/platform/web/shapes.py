"""The shapes under the map, as GeoJSON: whatever boundaries are registered, and rivers if any."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any

import shapely
import shapely.geometry
from django.db.models import Count, Max, Sum
from django.db.models.functions import Length

from fenhe.platform.registry.models import Region, Setting
from fenhe.platform.web.levels import english

LEVELS = ("province", "city", "county")


def document() -> tuple[bytes, str]:
    """Return the shapes as JSON text, and a tag that changes when they do.

    ``province``, ``city``, ``county``: FeatureCollections (WGS-84 degrees; properties ``id``,
    ``name`` and, for cities, ``label``, a point inside). ``rivers`` as registered.
    ``source``: who made them. Levels without a shape are left out: the map draws without.
    """
    return _document(_signature(), english())


def _signature() -> tuple[Any, ...]:
    """What changes when the shapes do; one cheap query instead of reading them."""
    regions = Region.objects.filter(shape__isnull=False)
    facts = regions.aggregate(n=Count("pk"), last=Max("pk"), size=Sum(Length("shape")))
    rivers = Setting.objects.filter(pk="rivers").aggregate(size=Sum(Length("value")))
    return facts["n"], facts["last"], facts["size"], rivers["size"]


@lru_cache(maxsize=4)
def _document(signature: tuple[Any, ...], in_english: bool) -> tuple[bytes, str]:
    regions = list(Region.objects.filter(shape__isnull=False))
    found: dict[str, Any] = {}
    for level in LEVELS:
        features = [_feature(region) for region in regions if region.level == level]
        if features:
            found[level] = {"type": "FeatureCollection", "features": features}
    rivers = Setting.objects.filter(pk="rivers").first()
    if rivers is not None:
        found["rivers"] = rivers.value
    sources = sorted({region.shape_source for region in regions if region.shape_source})
    if sources:
        found["source"] = " · ".join(sources)
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()
    return text, hashlib.sha256(text).hexdigest()[:20]


def _feature(region: Region) -> dict[str, Any]:
    properties: dict[str, Any] = {"id": region.code, "name": short_name(region)}
    if region.level == Region.Level.CITY:
        point = shapely.geometry.shape(region.shape).representative_point()
        properties["label"] = [round(point.x, 4), round(point.y, 4)]
    return {"type": "Feature", "properties": properties, "geometry": region.shape}


def short_name(region: Region) -> str:
    """Return a region's name without the word for city, which a map does not need."""
    return region.name.removesuffix("市") if region.level == Region.Level.CITY else region.name
