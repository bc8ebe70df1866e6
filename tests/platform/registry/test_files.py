"""Stations and boundaries from files: dated facts, datum, errors that name the row."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from django.db import transaction

from fenhe.base.errors import BadInput
from fenhe.platform.registry import directory
from fenhe.platform.registry.acts import ImportBoundaries, ImportStations
from fenhe.platform.registry.models import Region, Site, SiteName, SitePlace
from fenhe.platform.registry.queries import city_codes, shown_on, site_facts, sites_on
from fenhe.platform.workflow.acts import local_actor
from fenhe.protocols.geo import wgs84_to_gcj02
from tests.platform.conftest import World

HEAD = "site,name,region,code,lon,lat,datum,valid_from,valid_to\n"


def _stations(path: Path, lines: str) -> Any:
    path.write_text(HEAD + lines, encoding="utf-8")
    return ImportStations(path, commit=7, source="list").run(local_actor())


def test_a_station_that_moved_keeps_its_facts_by_date(world: World, tmp_path: Path) -> None:
    lines = (
        "jinsheng,金胜,140105,1089A,112.48,37.78,,,2021-06-30\n"
        "jinsheng,金胜(搬迁),140105,3618A,112.47,37.77,wgs84,2021-07-01,\n"
    )
    done = _stations(tmp_path / "s.csv", lines)
    assert dict(done.created) == {"sites": 1, "names": 2, "codes": 2, "places": 2}
    again = _stations(tmp_path / "s.csv", lines)
    assert sum(again.created.values()) == 0
    facts = site_facts(Site.objects.get(pk="jinsheng"))
    assert [row["code"] for row in facts["codes"]] == ["1089A", "3618A"]
    assert facts["names"][1]["note"] == "搬迁"
    assert {row["commit"] for row in facts["codes"]} == {7}
    assert facts["places"][0]["datum"] == "unknown"
    mine = Site.objects.filter(pk="jinsheng")
    (then,), (now,) = sites_on(mine, date(2020, 1, 1)), sites_on(mine, date(2022, 1, 1))
    assert (then["code"], then["lon"], now["code"], now["lon"]) == (
        "1089A",
        112.48,
        "3618A",
        112.47,
    )
    assert (now["city"], now["city_name"]) == ("140100", "太原市")


def test_shifted_coordinates_are_put_right(world: World, tmp_path: Path) -> None:
    lon, lat = wgs84_to_gcj02(np.array([112.5]), np.array([37.8]))
    _stations(tmp_path / "s.csv", f"a,甲,140105,,{lon[0]:.7f},{lat[0]:.7f},GCJ-02,,\n")
    place = SitePlace.objects.get()
    assert (place.lon, place.lat) == (pytest.approx(112.5, abs=1e-6), pytest.approx(37.8, abs=1e-6))
    assert place.datum == "gcj02"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a,,140105,,,,,,", "row 3, column name: is empty"),
        ("a,甲,999999,,,,,,", "column region: '999999' is not a known region"),
        ("a,甲,140105,,x,37,,,", "column lon: 'x' is not a number"),
        ("a,甲,140105,,,37,,,", "column lon: is empty although"),
        ("a,甲,140105,,112,97,,,", "column lat: 97 is outside"),
        ("a,甲,140105,,112,37,bd09,,", "'bd09' is not one of"),
        ("a,甲,140105,,,,,2020/01/01,", "is not a date"),
        ("a,甲,140105,,,,,2020-01-01,2019-01-01", "lies before valid_from"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_entered(
    world: World, tmp_path: Path, line: str, says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        _stations(tmp_path / "s.csv", f"good,好,140105,,,,,,\n{line}\n")
    assert not Site.objects.filter(pk="good").exists()


def test_a_table_without_the_columns_is_refused(world: World, tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("code,name\n1,甲\n", encoding="utf-8")
    with pytest.raises(BadInput, match="has no column site, region"):
        ImportStations(path).run(local_actor())


def _feature(code: str, west: float, **more: Any) -> dict[str, Any]:
    east = west + 1
    ring = [[west, 37.0], [east, 37.0], [east, 38.0], [west, 38.0], [west, 37.0]]
    properties = {"adcode": int(code), "name": f"区{code}", **more}
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _write(path: Path, features: list[dict[str, Any]]) -> Path:
    document = {"type": "FeatureCollection", "features": features}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_boundaries_make_one_tree_whatever_their_order(db: None, tmp_path: Path) -> None:
    features = [_feature("140105", 112), _feature("140100", 112), _feature("140000", 111)]
    path = _write(tmp_path / "b.geojson", features)
    assert ImportBoundaries(path).run(local_actor()) == {"created": 3, "reshaped": 0}
    county = Region.objects.get(pk="140105")
    assert county.path == "140000/140100/140105/"
    assert Region.objects.get(pk="140000").covers(county)
    assert city_codes() == {"140000": "140000", "140100": "140100", "140105": "140100"}
    assert ImportBoundaries(path).run(local_actor()) == {"created": 0, "reshaped": 3}


def test_neighbours_keep_one_border_and_shifted_shapes_are_put_right(
    db: None, tmp_path: Path
) -> None:
    features = [_feature("140105", 112), _feature("140106", 113)]
    path = _write(tmp_path / "b.geojson", features)
    ImportBoundaries(path, datum="gcj02").run(local_actor())
    rings = {
        region.code: {tuple(p) for p in region.shape["coordinates"][0][0]}
        for region in Region.objects.all()
    }
    assert len(rings["140105"] & rings["140106"]) >= 2
    west = min(point[0] for point in rings["140105"])
    assert 111.98 < west < 112 - 0.004  # about 500 m west of the shifted one


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no json", "is not GeoJSON"),
        ("[]", "not a GeoJSON FeatureCollection"),
        ('{"type": "FeatureCollection", "features": []}', "holds no feature"),
        (
            '{"type": "FeatureCollection", "features": [{"properties": {"name": "x"}}]}',
            "feature 1: has no six-digit code",
        ),
    ],
)
def test_what_is_no_boundary_file_is_refused(
    db: None, tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "b.geojson"
    path.write_text(text)
    with pytest.raises(BadInput, match=says):
        ImportBoundaries(path).run(local_actor())
    assert not Region.objects.exists()


def test_the_directory_follows_what_was_known_at_a_commit(world: World, tmp_path: Path) -> None:
    _stations(tmp_path / "s.csv", "late,晚,140105,L1,,,,,\n")
    asked = pl.DataFrame(
        {"station": ["L1"], "city": [None], "day": [date(2020, 1, 1)]},
        schema={"station": pl.String, "city": pl.String, "day": pl.Date},
    )
    assert directory.load().resolve(asked)["site"].to_list() == ["late"]
    assert directory.load(as_of=6).resolve(asked)["reason"].to_list() == ["unknown_station:L1"]


def test_answers_kept_follow_every_change_of_the_registry(
    world: World, django_assert_num_queries: Any
) -> None:
    day, user = date(2026, 3, 2), world.people["county"]

    def names() -> list[str]:
        return [row["name"] for row in shown_on(user, "monitoring.view", day)]

    assert names() == ["晋源"]
    with django_assert_num_queries(1):
        assert names() == ["晋源"]
    SiteName.objects.filter(site="in").update(name_zh="晋源站")
    assert names() == ["晋源站"]
    with transaction.atomic():
        SiteName.objects.filter(site="in").update(name_zh="不算")
        assert names() == ["不算"]
        transaction.set_rollback(True)
    assert names() == ["晋源站"]
    Site.objects.filter(pk="out").update(published=True)
    assert names() == ["晋源站", "平城"]
