"""A small province, with people of every role, and a data folder of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.utils import translation

from fenhe.platform import owner, paths
from fenhe.platform.monitoring.acts import ImportFile
from fenhe.platform.monitoring.models import Import
from fenhe.platform.registry.models import Membership, Organisation, Region, Site, SiteName
from fenhe.platform.verdicts import standing
from fenhe.platform.workflow.acts import local_actor
from fenhe.store import Store


@dataclass
class World:
    """Two cities with a county each, a site in each county, a firm in the first."""

    province: Region
    city: Region
    county: Region
    other_city: Region
    other_county: Region
    inside: Site
    outside: Site
    firm: Organisation
    people: dict[str, Any]


def region(code: str, level: str, name: str, parent: Region | None = None) -> Region:
    return Region.objects.create(code=code, level=level, name_zh=name, parent=parent)


@pytest.fixture
def world(db: None) -> World:
    province = region("140000", "province", "山西省")
    city = region("140100", "city", "太原市", province)
    county = region("140105", "county", "小店区", city)
    other_city = region("140200", "city", "大同市", province)
    other_county = region("140213", "county", "平城区", other_city)
    firm = Organisation.objects.create(code="F1", name_zh="某厂", region=county)
    inside = Site.objects.create(key="in", region=county, organisation=firm, published=False)
    outside = Site.objects.create(key="out", region=other_county, published=False)
    for site, name in ((inside, "晋源"), (outside, "平城")):
        SiteName.objects.create(site=site, name_zh=name)
    people: dict[str, Any] = {"public": AnonymousUser()}
    places: dict[str, dict[str, Any]] = {
        "admin": {"region": city},
        "analyst": {"region": city},
        "county": {"region": county},
        "firm": {"organisation": firm},
    }
    for role, place in places.items():
        people[role] = User.objects.create_user(role, password="a-long-password-1")  # noqa: S106
        Membership.objects.create(user=people[role], role=role, **place)
    return World(province, city, county, other_city, other_county, inside, outside, firm, people)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Sentences are compared in English."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Hash cheaply: the real hasher takes a second per account."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def data(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """An empty data folder that the settings point to, with its store closed at the end."""
    folder = tmp_path / "data"
    paths.prepare(folder)
    settings.FENHE_DATA = folder
    yield folder
    owner.close()


@pytest.fixture
def store(data: Path, world: World) -> Store:
    """The real store of the data folder, the small province known, assessments standing."""
    standing.create()
    return owner.store()


HEADER = "station,time,so2,no2,co,o3,pm10,pm25"
GOOD = (12, 40, "0.8", 90, 80, 40)


def tidy(path: Path, rows: list[tuple[Any, ...]]) -> Path:
    """Write a file of the feed ``tidy-hourly``: station, time, then six values a row."""
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


def hours(station: str, day: str = "2026-03-02", count: int = 24) -> list[tuple[Any, ...]]:
    """Return plausible rows of one station and day, labels 01:00 to 24:00."""
    return [
        (station, f"{day} {hour:02d}:00", 12, 40 + hour, "0.8", 90, 80 + hour, 40 + hour)
        for hour in range(1, count + 1)
    ]


def load(path: Path, feed: str = "tidy-hourly") -> Import:
    """Import a file as the local operator."""
    return ImportFile(path, feed).run(local_actor())
