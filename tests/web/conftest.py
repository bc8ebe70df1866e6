"""The small province of the platform tests, with two days of data judged, and a client."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.test import Client

from fenhe.platform import owner
from fenhe.platform.registry.models import SitePlace
from fenhe.platform.verdicts import dirty, engine, standing
from fenhe.platform.verdicts.models import DirtyDay
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


@pytest.fixture
def judged(
    data: Path,  # noqa: F811
    world: World,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> World:
    """Two stations, one of them published, with a day of hours under both editions.

    The first test imports and judges; the others begin with a copy of its data folder.
    """
    world.inside.published = True
    world.inside.save()
    SitePlace.objects.create(site=world.inside, lon=112.5, lat=37.8)
    SitePlace.objects.create(site=world.outside, lon=113.3, lat=40.1)
    standing.create()
    kept = tmp_path_factory.getbasetemp() / "judged"
    if kept.exists():
        shutil.copytree(kept, data, dirs_exist_ok=True)
        dirty.mark(owner.store())
        DirtyDay.objects.all().delete()
        return world
    load(tidy(data.parent / "hours.csv", hours("in") + hours("out", count=20)))
    engine.catch_up(owner.store())
    owner.close()
    shutil.copytree(data, kept)
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
