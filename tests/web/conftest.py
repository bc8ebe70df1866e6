"""The small province of the platform tests, with two days of data judged, and a client."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from fenhe.platform.registry.models import SitePlace
from fenhe.platform.verdicts import engine
from fenhe.store import Store
from tests.platform.conftest import (  # noqa: F401  fixtures are found by being here
    World,
    data,
    english,
    hours,
    load,
    quick_passwords,
    store,
    tidy,
    world,
)

DAY = "2026-03-02"


@pytest.fixture
def judged(store: Store, world: World, tmp_path: Path) -> World:  # noqa: F811
    """Two stations, one of them published, with a day of hours under both editions."""
    world.inside.published = True
    world.inside.save()
    SitePlace.objects.create(site=world.inside, lon=112.5, lat=37.8)
    SitePlace.objects.create(site=world.outside, lon=113.3, lat=40.1)
    load(tidy(tmp_path / "hours.csv", hours("in") + hours("out", count=20)))
    engine.catch_up(store)
    return world


@pytest.fixture
def visitor() -> Client:
    """Someone who is not logged in."""
    return Client(HTTP_HOST="localhost")


@pytest.fixture
def analyst(judged: World) -> Client:
    """The analyst of the first city."""
    client = Client(HTTP_HOST="localhost")
    client.force_login(judged.people["analyst"])
    return client


@pytest.fixture
def admin(judged: World) -> Client:
    """The administrator of the first city."""
    client = Client(HTTP_HOST="localhost")
    client.force_login(judged.people["admin"])
    return client
