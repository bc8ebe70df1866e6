"""The demonstration's boundaries: complete, in WGS-84, fitting together, small."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
import shapely

from fenhe.platform.demo import boundaries

COUNTIES_OF_CITY = {
    "太原市": 10, "大同市": 10, "阳泉市": 5, "长治市": 12, "晋城市": 6, "朔州市": 6, "晋中市": 11,
    "运城市": 13, "忻州市": 14, "临汾市": 17, "吕梁市": 13,
}  # fmt: skip


@pytest.fixture(scope="module")
def features() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = boundaries.shanxi()["features"]
    return found


@pytest.fixture(scope="module")
def shapes(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {f["properties"]["code"]: shapely.geometry.shape(f["geometry"]) for f in features}


def test_eleven_cities_and_117_counties(features: list[dict[str, Any]]) -> None:
    levels = Counter(f["properties"]["level"] for f in features)
    assert levels == {"province": 1, "city": 11, "county": 117}


def test_counties_of_each_city(features: list[dict[str, Any]]) -> None:
    names = {f["properties"]["code"]: f["properties"]["name_zh"] for f in features}
    counted = Counter(
        names[f["properties"]["parent"]] for f in features if f["properties"]["level"] == "county"
    )
    assert dict(counted) == COUNTIES_OF_CITY


def test_every_division_has_both_names_and_a_code(features: list[dict[str, Any]]) -> None:
    for feature in features:
        known = feature["properties"]
        assert known["name_zh"]
        assert known["name_en"]
        assert len(known["code"]) == 6
        assert feature["id"] == int(known["code"])


def test_shapes_are_valid_and_neighbours_do_not_overlap(shapes: dict[str, Any]) -> None:
    assert all(shape.is_valid and not shape.is_empty for shape in shapes.values())
    counties = [shape for code, shape in shapes.items() if not code.endswith("00")]
    assert shapely.coverage_is_valid(counties)


def test_cities_are_the_union_of_their_counties(shapes: dict[str, Any]) -> None:
    for row in boundaries.divisions():
        children = [r["code"] for r in boundaries.divisions() if r["parent"] == row["code"]]
        if children:
            union = shapely.union_all([shapes[child] for child in children])
            assert union.symmetric_difference(shapes[row["code"]]).area < 1e-9


def test_it_is_wgs84_and_not_gcj02(shapes: dict[str, Any]) -> None:
    raw = boundaries._installed("140000").bounds
    west, south, _, north = shapes["140000"].bounds
    # GCJ-02 lies some 500 m to the east here; the thinning moves an extreme corner less.
    assert 0.003 < raw[0] - west < 0.009
    assert abs(raw[1] - south) < 0.004
    assert abs(raw[3] - north) < 0.004


def test_the_whole_is_small_enough_for_a_page(features: list[dict[str, Any]]) -> None:
    assert len(json.dumps(features, ensure_ascii=False, separators=(",", ":"))) < 600_000
